"""Directories that a store of plain files has left, which become the lake's."""

import contextlib
import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from storage_manager.frames import bars, features, query, saved_form
from varve.storage_manager import StorageManager
from varve.storage_manager._registry_file import _SCHEMA

FIRST, LAST = datetime(2000, 1, 1), datetime(2100, 1, 1)
CREATED = "2022-03-01 10:00:00"


def put(root: Path, path: str, frame: pd.DataFrame) -> None:
    whole = root / path
    whole.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(whole, compression="snappy", index=False)


def bars_file(root: Path, month: int, frame: pd.DataFrame) -> str:
    path = f"raw/ohlcv/EUR_USD/year=2022/month={month:02d}/eur_usd_2022{month:02d}.parquet"
    put(root, path, saved_form(frame, "EUR_USD").astype({"volume": np.int64}))
    return path


def plain_registry(root: Path) -> sqlite3.Connection:
    path = root / "raw/metadata/data_registry.db"
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(_SCHEMA)
    return connection


def enter_file(registry: sqlite3.Connection, id: int, path: str) -> None:
    statement = "INSERT INTO data_files VALUES (?, ?, 'EUR_USD', 'ohlcv', '', '', 1, 1, '', ?, NULL)"
    registry.execute(statement, (id, path, CREATED))


def test_files_become_series_in_place(tmp_path: Path) -> None:
    january = bars_file(tmp_path, 1, bars("2022-01-03"))
    bars_file(tmp_path, 2, bars("2022-02-03"))
    for data_type in ("features", "normalized"):
        put(tmp_path, f"processed/{data_type}/year=2022/month=01/{data_type}_202201.parquet", saved_form(features()))
    before = (tmp_path / january).read_bytes()
    storage = StorageManager(tmp_path)
    assert (tmp_path / january).read_bytes() == before
    both = pd.concat([bars("2022-01-03"), bars("2022-02-03")])
    found = storage.load_data_by_date_range("ohlcv", FIRST, LAST, "EUR_USD")
    assert_frame_equal(found, saved_form(both, "EUR_USD"))
    assert_frame_equal(storage.load_data_by_date_range("normalized", FIRST, LAST), saved_form(features()))
    rows = query(storage, "SELECT data_type, instrument, count(*) FROM data_files GROUP BY 1, 2 ORDER BY 1")
    assert rows == [("features", "ALL", 1), ("normalized", "ALL", 1), ("ohlcv", "EUR_USD", 2)]
    storage.save_ohlcv_data(bars("2022-02-04", close=4.0), "EUR_USD")
    assert len(storage.load_data_by_date_range("ohlcv", FIRST, LAST)) == 120
    assert all(storage.verify_data_integrity().values())


def test_rows_in_the_file_of_a_wrong_month_go_to_theirs(tmp_path: Path) -> None:
    bars_file(tmp_path, 1, bars("2022-01-30", 24 * 4).iloc[::-1])
    storage = StorageManager(tmp_path)
    found = storage.load_data_by_date_range("ohlcv", FIRST, LAST, "EUR_USD")
    assert_frame_equal(found, saved_form(bars("2022-01-30", 24 * 4), "EUR_USD"))
    assert len(query(storage, "SELECT * FROM data_files")) == 2


def test_of_rows_in_several_files_the_last_written_stays(tmp_path: Path) -> None:
    """Bars of several months in the file of the first one, and then a month by itself."""
    january = bars_file(tmp_path, 1, bars("2022-01-30", 24 * 4, close=1.0))
    february = bars_file(tmp_path, 2, bars("2022-02-01", 24, close=2.0))
    before = {path: (tmp_path / path).read_bytes() for path in (january, february)}
    os.utime(tmp_path / january, (1, 1))
    storage = StorageManager(tmp_path)
    found = storage.load_data_by_date_range("ohlcv", FIRST, LAST, "EUR_USD")
    first, last = bars("2022-01-30", 24 * 4, close=1.0), bars("2022-02-01", 24, close=2.0)
    expected = pd.concat([first, last]).drop_duplicates("timestamp", keep="last")
    assert_frame_equal(found, saved_form(expected, "EUR_USD"))
    assert {path: (tmp_path / f"{path}.before").read_bytes() for path in before} == before
    assert all(storage.verify_data_integrity().values())


def test_times_of_other_units_are_loaded_as_nanoseconds(tmp_path: Path) -> None:
    frame = bars("2022-01-03")
    bars_file(tmp_path, 1, frame.assign(timestamp=frame["timestamp"].dt.as_unit("us")))
    storage = StorageManager(tmp_path)
    storage.save_ohlcv_data(bars("2022-01-05", 1), "EUR_USD")
    expected = pd.concat([frame, bars("2022-01-05", 1)])
    assert_frame_equal(
        storage.load_data_by_date_range("ohlcv", FIRST, LAST, "EUR_USD"), saved_form(expected, "EUR_USD")
    )


def test_times_of_other_zones_are_loaded_as_utc(tmp_path: Path) -> None:
    here, there = bars("2022-01-03"), bars("2022-01-03", close=2.0)
    there["timestamp"] = there["timestamp"].dt.tz_convert("Asia/Tokyo")
    for instrument, frame in (("EUR_USD", here), ("USD_JPY", there)):
        path = f"raw/ohlcv/{instrument}/year=2022/month=01/{instrument.lower()}_202201.parquet"
        put(tmp_path, path, saved_form(frame, instrument))
    storage = StorageManager(tmp_path)
    for instrument in (None, "USD_JPY"):
        found = storage.load_data_by_date_range("ohlcv", FIRST, LAST, instrument)
        assert str(found["timestamp"].dtype) == "datetime64[ns, UTC]"
        assert found["close"].iloc[-1] == there["close"].iloc[-1]


@pytest.mark.parametrize("instrument", ["EURUSD=X", "BINANCE:BTCUSDT", ".VIX", "_TEST", "É", "100%"])
def test_instruments_that_the_lake_writes_in_another_way_are_saved_again(tmp_path: Path, instrument: str) -> None:
    months = {1: bars("2022-01-03"), 2: bars("2022-02-03", close=2.0)}
    paths = [
        f"raw/ohlcv/{instrument}/year=2022/month={month:02d}/{instrument.lower()}_2022{month:02d}.parquet"
        for month in months
    ]
    for path, frame in zip(paths, months.values(), strict=True):
        put(tmp_path, path, saved_form(frame, instrument))
    for _ in range(2):  # the second time as if the first one had been cut off
        storage = StorageManager(tmp_path)
        found = storage.load_data_by_date_range("ohlcv", FIRST, LAST, instrument)
        assert_frame_equal(found, saved_form(pd.concat(months.values()), instrument))
        storage.db_path.unlink()
    assert all((tmp_path / f"{path}.before").is_file() for path in paths)
    assert all(storage.verify_data_integrity().values())
    storage.save_ohlcv_data(bars("2022-01-04", close=4.0), instrument)
    assert len(storage.load_data_by_date_range("ohlcv", FIRST, LAST)) == 120


def test_features_of_several_instruments_lose_no_rows(tmp_path: Path) -> None:
    both = pd.concat([features().assign(instrument=name) for name in ("EUR_USD", "GBP_USD")])
    frame = saved_form(both)
    put(tmp_path, "processed/features/year=2022/month=01/features_202201.parquet", frame)
    put(tmp_path, "processed/features/year=2022/month=02/features_202202.parquet", frame[:10])
    storage = StorageManager(tmp_path)
    found = storage.load_data_by_date_range("features", FIRST, LAST)
    order = ["timestamp", "instrument"]
    assert_frame_equal(found, frame.sort_values(order, ignore_index=True))
    storage.save_features(both[:5])
    assert len(storage.load_data_by_date_range("features", FIRST, LAST, "GBP_USD")) == 48


def test_what_cannot_be_taken_over_stays_and_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    january = bars_file(tmp_path, 1, bars("2022-01-03"))
    (tmp_path / january).write_bytes(b"no Parquet")
    put(tmp_path, "processed/latents/year=2022/month=01/latents_202201.parquet", saved_form(features()))
    with caplog.at_level(logging.WARNING, "varve.storage_manager"):
        storage = StorageManager(tmp_path)
    assert "raw/ohlcv/EUR_USD: its files stay as they are" in caplog.text
    assert (tmp_path / january).read_bytes() == b"no Parquet"
    assert len(storage.load_data_by_date_range("latents", FIRST, LAST)) == 48


@pytest.mark.parametrize("broken", ["empty", "torn", "zeros inside"])
def test_a_file_that_cannot_be_read_does_not_cost_the_other_months(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    january = tmp_path / bars_file(tmp_path, 1, bars("2022-01-03"))
    february = bars_file(tmp_path, 2, bars("2022-02-03"))
    whole = january.read_bytes()
    bad = {"empty": b"", "torn": whole[:-100], "zeros inside": whole[:4] + bytes(200) + whole[204:]}[broken]
    january.write_bytes(bad)
    with caplog.at_level(logging.WARNING, "varve.storage_manager"):
        storage = StorageManager(tmp_path)
    assert f"{january} cannot be read" in caplog.text
    assert january.with_suffix(".parquet.damaged").read_bytes() == bad
    assert query(storage, "SELECT file_path, record_count FROM data_files") == [(february, 48)]
    storage.save_ohlcv_data(bars("2022-01-03"), "EUR_USD")
    assert len(storage.load_data_by_date_range("ohlcv", FIRST, LAST)) == 96


def test_runs_and_models_go_into_the_registry(tmp_path: Path) -> None:
    path = bars_file(tmp_path, 1, bars("2022-01-03"))
    (tmp_path / "model.bin").write_bytes(b"trained")
    fetch = (5, "EUR_USD", "H1", "2022-01-01T00:00:00+00:00", "2022-02-01", 48, 2, 1.5, "success", None, CREATED)
    with contextlib.closing(plain_registry(tmp_path)) as registry:
        enter_file(registry, 40, path)
        registry.execute(f"INSERT INTO fetch_runs VALUES ({', '.join('?' * 11)})", fetch)
        registry.execute(
            "INSERT INTO processing_runs VALUES (7, 'training', 'c0ffee', '[40, 3]', '[]', 'success', 2.5, NULL, ?)",
            (CREATED,),
        )
        registry.execute(
            "INSERT INTO model_artifacts VALUES (9, 'gbdt', '1', 'model.bin', 'c0ffee', 7, '{\"sharpe\": 1}', ?)",
            (CREATED,),
        )
        before = {
            table: registry.execute(f"SELECT * FROM {table}").fetchall()
            for table in ("data_files", "fetch_runs", "processing_runs", "model_artifacts")
        }
    for _ in range(2):
        storage = StorageManager(tmp_path)
        (file,) = query(storage, "SELECT id FROM data_files WHERE file_path = ?", path)
        (run,) = query(storage, "SELECT * FROM fetch_runs")
        assert run[1:] == (*fetch[1:4], "2022-02-01T00:00:00+00:00", *fetch[5:])
        (training,) = query(storage, "SELECT * FROM processing_runs")
        assert training[1:3] == ("training", "c0ffee") and training[-1] == CREATED
        assert json.loads(training[3]) == [file[0], "former 3"]
        (model,) = query(storage, "SELECT * FROM model_artifacts")
        assert model[1:] == ("gbdt", "1", "model.bin", "c0ffee", training[0], '{"sharpe": 1}', CREATED)
        assert storage.verify_data_integrity() == {path: True, "model.bin": True}
    with contextlib.closing(sqlite3.connect(f"{storage.db_path}.before")) as kept:
        for table, rows in before.items():
            assert kept.execute(f"SELECT * FROM {table}").fetchall() == rows


def test_a_takeover_that_was_cut_off_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bars_file(tmp_path, 1, bars("2022-01-03"))
    with contextlib.closing(plain_registry(tmp_path)) as registry:
        registry.execute(
            "INSERT INTO fetch_runs VALUES (1, 'EUR_USD', 'H1', '', '', 48, 2, 1.5, 'success', NULL, ?)", (CREATED,)
        )

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("varve.storage_manager._former_registry._enter_artifacts", fail)
        with pytest.raises(KeyboardInterrupt):
            StorageManager(tmp_path)
    storage = StorageManager(tmp_path)
    assert len(query(storage, "SELECT * FROM fetch_runs")) == 1
    assert len(storage.load_data_by_date_range("ohlcv", FIRST, LAST)) == 48


def test_an_adoption_that_was_cut_off_is_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bars_file(tmp_path, 1, bars("2022-01-03"))

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("varve.storage_manager._takeover._adopt", fail)
        with pytest.raises(KeyboardInterrupt):
            StorageManager(tmp_path)
    assert len(StorageManager(tmp_path).load_data_by_date_range("ohlcv", FIRST, LAST)) == 48


OPEN = """
import sys
from varve.storage_manager import StorageManager
print(len(StorageManager(sys.argv[1]).load_data_by_date_range("ohlcv", "2000-01-01", "2100-01-01")))
"""


def test_of_processes_that_open_it_at_once_one_takes_over(tmp_path: Path) -> None:
    before = {}
    for month, first in ((1, "2022-01-30"), (2, "2022-02-01")):
        path = bars_file(tmp_path, month, bars(first, 24 * 4))
        before[path] = (tmp_path / path).read_bytes()
    with contextlib.closing(plain_registry(tmp_path)) as registry:
        for _ in range(2):
            registry.execute(
                "INSERT INTO fetch_runs VALUES (NULL, 'EUR_USD', 'H1', '', '', 48, 2, 1.5, 'success', NULL, ?)",
                (CREATED,),
            )
    command = [sys.executable, "-c", OPEN, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate(timeout=60)[0] for process in processes] == ["144\n"] * 3
    assert {path: (tmp_path / f"{path}.before").read_bytes() for path in before} == before
    storage = StorageManager(tmp_path)
    assert query(storage, "SELECT count(*) FROM fetch_runs") == [(2,)]
    assert all(storage.verify_data_integrity().values())


def test_a_registry_that_another_program_makes_while_the_store_is_open_is_taken_over_too(tmp_path: Path) -> None:
    """Each registry that was there stays beside."""
    path = bars_file(tmp_path, 1, bars("2022-01-03"))
    with contextlib.closing(plain_registry(tmp_path)) as registry:
        enter_file(registry, 40, path)
    storage = StorageManager(tmp_path)
    storage.db_path.unlink()
    bars_file(tmp_path / "other", 2, bars("2022-02-03"))
    february = "raw/ohlcv/GBP_USD/year=2022/month=02/gbp_usd_202202.parquet"
    put(tmp_path, february, saved_form(bars("2022-02-03"), "GBP_USD"))
    with contextlib.closing(sqlite3.connect(storage.db_path, isolation_level=None)) as registry:
        registry.executescript(_SCHEMA)
        registry.execute(
            "INSERT INTO fetch_runs VALUES (3, 'GBP_USD', 'H1', '', '', 48, 2, 1.5, 'success', NULL, ?)", (CREATED,)
        )
    storage.save_ohlcv_data(bars("2022-01-04", close=4.0), "EUR_USD")
    assert query(storage, "SELECT instrument, created_at FROM fetch_runs") == [("GBP_USD", CREATED)]
    assert query(storage, "SELECT record_count FROM data_files ORDER BY instrument") == [(72,), (48,)]
    kept = sorted(path.name for path in storage.db_path.parent.glob("*.before*"))
    assert kept == ["data_registry.db.before", "data_registry.db.before-2"]


def test_a_registry_of_other_columns_is_taken_over_as_far_as_they_go(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "raw/metadata/data_registry.db"
    path.parent.mkdir(parents=True)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as registry:
        registry.execute("CREATE TABLE fetch_runs (id INTEGER, instrument TEXT, records_fetched INTEGER)")
        registry.execute("INSERT INTO fetch_runs VALUES (1, 'EUR_USD', 48)")
        registry.execute("CREATE TABLE notes (text TEXT)")
        registry.execute("INSERT INTO notes VALUES ('mine')")
    with caplog.at_level(logging.WARNING, "varve.storage_manager"):
        storage = StorageManager(tmp_path)
    assert "fetch run 1 of the former registry is not registered" in caplog.text
    assert query(storage, "SELECT * FROM fetch_runs") == []
    assert query(storage, "SELECT * FROM notes") == [("mine",)]


def test_splits_become_series_with_all_their_rows(tmp_path: Path) -> None:
    twice = pd.concat([bars(count=2), bars(count=2)])
    put(tmp_path, "splits/train/EUR_USD.parquet", twice)
    storage = StorageManager(tmp_path)
    assert query(storage, "SELECT data_type, record_count FROM data_files") == [("train", 4)]
    storage.save_splits(twice.assign(close=2.0), bars(), "EUR_USD")
    assert pd.read_parquet(tmp_path / "splits/train/EUR_USD.parquet")["close"].tolist() == [2.0] * 4


def test_a_directory_that_was_copied_without_its_catalog_loses_nothing(tmp_path: Path) -> None:
    """As commands do that pass over names with a dot in front."""
    storage = StorageManager(tmp_path / "data")
    paths = storage.save_ohlcv_data(bars("2022-01-31"), "EUR_USD")
    storage.save_features(features())
    storage.save_splits(bars(), bars(), "EUR_USD")
    storage.walk_forward_splits(train_months=1, validation_months=1)
    storage.log_fetch_run("EUR_USD", records_fetched=48)
    storage.log_processing_run("training", input_files=paths)
    shutil.copytree(storage.data_root, tmp_path / "copy", ignore=shutil.ignore_patterns(".varve"))
    copy = StorageManager(tmp_path / "copy")
    for data_type in ("ohlcv", "features"):
        found, saved = (store.load_data_by_date_range(data_type, FIRST, LAST) for store in (copy, storage))
        assert_frame_equal(found, saved)
    for columns in ("file_path, record_count, checksum FROM data_files", "* FROM fetch_runs"):
        assert query(copy, f"SELECT {columns} ORDER BY 1") == query(storage, f"SELECT {columns} ORDER BY 1")
    ((cited,),) = query(copy, "SELECT input_files FROM processing_runs")
    ids = dict(query(copy, "SELECT file_path, id FROM data_files"))
    assert json.loads(cited) == [ids[str(Path(path).relative_to(storage.data_root))] for path in paths]
    assert all(copy.verify_data_integrity().values())
    assert copy.walk_forward_splits(train_months=1, validation_months=1)
