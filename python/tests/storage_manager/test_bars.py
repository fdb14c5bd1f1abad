"""Bars: where they lie, what their files hold, how saves merge."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

import varve
from storage_manager.frames import bars, query, saved_form
from varve.storage_manager import (
    InvalidArgumentError,
    PathTraversalError,
    SchemaCompatibilityError,
    StorageError,
    StorageManager,
)

FIRST, LAST = datetime(2000, 1, 1), datetime(2100, 1, 1)


def load(storage: StorageManager, instrument: str | None = "EUR_USD") -> pd.DataFrame:
    return storage.load_data_by_date_range("ohlcv", FIRST, LAST, instrument)


def test_the_directories_are_made(storage: StorageManager) -> None:
    for directory in ("raw/ohlcv", "raw/metadata", "splits/train", "splits/validation", "cache"):
        assert (storage.data_root / directory).is_dir()
    for data_type in ("features", "normalized", "latents"):
        assert (storage.data_root / "processed" / data_type).is_dir()
    assert storage.db_path == storage.data_root / "raw/metadata/data_registry.db" and storage.db_path.is_file()


def test_a_month_is_one_file_with_the_documents_name(storage: StorageManager) -> None:
    path = storage.save_ohlcv_data(bars("2022-02-03"), "EUR_USD")
    assert path == str(storage.data_root / "raw/ohlcv/EUR_USD/year=2022/month=02/eur_usd_202202.parquet")
    assert_frame_equal(load(storage), saved_form(bars("2022-02-03"), "EUR_USD"))


def test_the_file_has_the_documents_schema(storage: StorageManager) -> None:
    path = storage.save_ohlcv_data(bars(), "EUR_USD")
    assert isinstance(path, str)
    prices = [(name, pa.float64()) for name in ("open", "high", "low", "close")]
    fields = [("timestamp", pa.timestamp("ns", "UTC")), *prices, ("volume", pa.int64())]
    fields += [("instrument", pa.string()), ("year", pa.int32()), ("month", pa.int32())]
    assert pq.ParquetFile(path).schema_arrow.remove_metadata() == pa.schema(fields)
    assert pq.ParquetFile(path).metadata.row_group(0).column(1).compression in ("SNAPPY", "UNCOMPRESSED")


def test_months_go_to_their_files(storage: StorageManager) -> None:
    frame = bars("2021-12-30", 24 * 40)
    paths = storage.save_ohlcv_data(frame, "EUR_USD")
    assert isinstance(paths, list)
    names = [str(Path(path).relative_to(storage.data_root / "raw/ohlcv/EUR_USD")) for path in paths]
    assert names == [
        "year=2021/month=12/eur_usd_202112.parquet",
        "year=2022/month=01/eur_usd_202201.parquet",
        "year=2022/month=02/eur_usd_202202.parquet",
    ]
    for path, month in zip(paths, (12, 1, 2), strict=True):
        assert set(pq.ParquetFile(path).read(["month"])["month"].to_pylist()) == {month}
    assert_frame_equal(load(storage), saved_form(frame, "EUR_USD"))


def test_only_the_months_of_the_frame_are_returned(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars("2022-01-01", 24 * 80), "EUR_USD")
    path = storage.save_ohlcv_data(bars("2022-02-01", 3), "EUR_USD")
    assert isinstance(path, str) and path.endswith("eur_usd_202202.parquet")


def test_saving_again_merges_by_timestamp(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars("2022-01-03", 48, close=1.0), "EUR_USD")
    storage.save_ohlcv_data(bars("2022-01-04", 48, close=2.0), "EUR_USD")
    expected = pd.concat([bars("2022-01-03", 24, close=1.0), bars("2022-01-04", 48, close=2.0)])
    assert_frame_equal(load(storage), saved_form(expected, "EUR_USD"))


def test_the_last_row_of_a_timestamp_wins_also_in_one_frame(storage: StorageManager) -> None:
    frame = pd.concat([bars(count=2, close=1.0), bars(count=1, close=9.0)])
    storage.save_ohlcv_data(frame, "EUR_USD")
    assert load(storage)["close"].tolist() == [9.0, 1.001]


def test_rows_may_come_in_any_order_and_with_any_index(storage: StorageManager) -> None:
    shuffled = bars().sample(frac=1, random_state=7).set_index("timestamp", drop=False)
    storage.save_ohlcv_data(shuffled, "EUR_USD")
    assert_frame_equal(load(storage), saved_form(bars(), "EUR_USD"))


def test_an_index_of_times_is_the_timestamp(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars().set_index("timestamp"), "EUR_USD")
    assert_frame_equal(load(storage), saved_form(bars(), "EUR_USD"))


def test_the_callers_frame_is_left_alone(storage: StorageManager) -> None:
    frame = bars()
    storage.save_ohlcv_data(frame, "EUR_USD")
    assert_frame_equal(frame, bars())


@pytest.mark.parametrize("zone", [None, "America/New_York"])
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_become_nanoseconds_utc(storage: StorageManager, zone: str | None, unit: str) -> None:
    frame = bars()
    frame["timestamp"] = frame["timestamp"].dt.tz_convert(zone).dt.as_unit(unit)
    storage.save_ohlcv_data(frame, "EUR_USD")
    assert_frame_equal(load(storage), saved_form(bars(), "EUR_USD"))


def test_the_month_is_that_of_utc(storage: StorageManager) -> None:
    frame = bars("2022-01-31 22:00", 1)
    frame["timestamp"] = pd.to_datetime(["2022-01-31 22:00-05:00"])
    path = storage.save_ohlcv_data(frame, "EUR_USD")
    assert isinstance(path, str) and path.endswith("year=2022/month=02/eur_usd_202202.parquet")


def test_volume_with_fractions_stays_float(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars(count=24), "EUR_USD")
    assert load(storage)["volume"].dtype == np.int64
    storage.save_ohlcv_data(bars("2022-02-01", 1).assign(volume=0.5), "EUR_USD")
    storage.save_ohlcv_data(bars("2022-03-01", 1), "EUR_USD")
    assert load(storage)["volume"].tolist() == [*map(float, range(24)), 0.5, 0.0]


def test_missing_values_stay_missing(storage: StorageManager) -> None:
    frame = bars(count=3)
    frame.loc[1, ["close", "volume"]] = np.nan
    storage.save_ohlcv_data(frame, "EUR_USD")
    found = load(storage)
    assert found[["close", "volume"]].isna().to_numpy().tolist() == [[False] * 2, [True] * 2, [False] * 2]


def test_columns_may_be_missing_and_others_are_kept(storage: StorageManager) -> None:
    frame = bars().drop(columns="volume").assign(spread=7, note="x")
    storage.save_ohlcv_data(frame, "EUR_USD")
    found = load(storage)
    assert list(found.columns[5:]) == ["spread", "note", "instrument", "year", "month"]
    assert found["spread"].tolist() == [7] * 48 and set(found["note"]) == {"x"}


def test_own_columns_of_instrument_and_month_are_replaced(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars().assign(instrument="eurusd", year=1, month=1), "EUR_USD")
    assert_frame_equal(load(storage), saved_form(bars(), "EUR_USD"))


def test_bars_of_two_providers_at_one_time_are_two(storage: StorageManager) -> None:
    storage.save_ohlcv_data(pd.concat([bars(count=2).assign(provider=name) for name in ("a", "b")]), "EUR_USD")
    assert load(storage)["provider"].tolist() == ["a", "b", "a", "b"]


def test_an_empty_frame_changes_nothing(storage: StorageManager) -> None:
    assert storage.save_ohlcv_data(bars(count=0), "EUR_USD") == []
    assert storage.save_ohlcv_data(pd.DataFrame(), "EUR_USD") == []
    assert query(storage, "SELECT * FROM data_files") == []
    assert load(storage).empty


def test_what_is_saved_twice_makes_no_version(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars(), "EUR_USD")
    assert isinstance(storage.save_ohlcv_data(bars(), "EUR_USD"), str)
    with varve.open(storage.data_root) as lake:
        assert lake.info("raw/ohlcv/EUR_USD").version == 1


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (bars().drop(columns="timestamp"), "no column 'timestamp'"),
        (bars().assign(timestamp="2022-01-01"), "expected timestamps"),
        (bars().assign(timestamp=pd.NaT), "timestamp"),
        (bars().assign(close="high"), "'close'"),
        (bars().assign(volume="much"), "'volume'"),
        (bars().assign(instrument=["A", "B"] * 24), "several values"),
        (bars().assign(timestamp=datetime(1, 1, 1, tzinfo=UTC)), "timestamp"),
        (bars().assign(volume=[2**70] * 48), "too large"),
        (bars().assign(volume=np.full(48, 2**63 + 1, dtype=np.uint64)), "'volume'"),
        (bars().assign(close=2**60 + 1), "'close'"),
        (bars().assign(close=pd.arrays.SparseArray(np.ones(48))), "Sparse"),
        (pd.concat([bars(), bars()[["close"]]], axis=1), "close is there more than once"),
        ({"timestamp": [1]}, "no pandas.DataFrame"),
    ],
)
def test_frames_that_are_no_bars_are_refused(storage: StorageManager, frame: pd.DataFrame, said: str) -> None:
    with pytest.raises(InvalidArgumentError, match=said):
        storage.save_ohlcv_data(frame, "EUR_USD")
    assert load(storage).empty


@pytest.mark.parametrize("instrument", ["", "EUR/USD", ".", "..", "../x", "a\nb", "\ud800", None, 7])
def test_what_names_no_instrument_is_refused(storage: StorageManager, instrument: str) -> None:
    with pytest.raises(InvalidArgumentError, match="instrument"):
        storage.save_ohlcv_data(bars(), instrument)
    with pytest.raises(InvalidArgumentError, match="instrument"):
        storage.save_splits(bars(), bars(), instrument)


def test_an_instrument_that_no_file_can_be_named_after_is_refused(storage: StorageManager) -> None:
    for instrument in ("x" * 300, "a\\b"):
        with pytest.raises(PathTraversalError):
            storage.save_ohlcv_data(bars(), instrument)


def test_names_that_other_readers_pass_over_are_escaped(storage: StorageManager) -> None:
    path = storage.save_ohlcv_data(bars(), "_A=B")
    assert isinstance(path, str) and Path(path).name == "%5Fa%3Db_202201.parquet" and Path(path).is_file()
    assert len(load(storage, "_A=B")) == 48


def test_a_file_of_somebody_else_in_the_way_is_left_alone(storage: StorageManager) -> None:
    path = storage.data_root / "raw/ohlcv/EUR_USD/year=2022/month=01/eur_usd_202201.parquet"
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(StorageError, match="eur_usd_202201.parquet is there already"):
        storage.save_ohlcv_data(bars(), "EUR_USD")
    assert path.read_text() == "mine" and query(storage, "SELECT * FROM data_files") == []


def test_columns_of_lists_are_refused(storage: StorageManager) -> None:
    with pytest.raises(StorageError, match="column levels is nested"):
        storage.save_ohlcv_data(bars(count=1).assign(levels=[[1.0, 2.0]]), "EUR_USD")
    assert load(storage).empty


def test_types_that_do_not_go_together_are_refused(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars().assign(note="x"), "EUR_USD")
    with pytest.raises(SchemaCompatibilityError, match="note"):
        storage.save_ohlcv_data(bars("2022-03-01").assign(note=1.5), "EUR_USD")
    assert len(load(storage)) == 48


@pytest.mark.parametrize("word", ["zstd", "lz4", "gzip", "uncompressed", None])
def test_a_new_instrument_has_the_compression_that_is_said(storage: StorageManager, word: str | None) -> None:
    storage.save_ohlcv_data(bars(), "EUR_USD", compression=word)
    expected = {None: "none", "uncompressed": "none"}.get(word, word)
    with varve.open(storage.data_root) as lake:
        assert lake.info("raw/ohlcv/EUR_USD").compression.partition(":")[0] == expected
    storage.save_ohlcv_data(bars("2022-02-01"), "EUR_USD")
    assert len(load(storage)) == 96


@pytest.mark.parametrize("word", ["brotli", "", 7, ["snappy"]])
def test_an_unknown_compression_is_refused(storage: StorageManager, word: Any) -> None:
    for _ in range(2):
        with pytest.raises(InvalidArgumentError, match="compression .*: expected one of snappy, zstd"):
            storage.save_ohlcv_data(bars(), "EUR_USD", compression=word)
        storage.save_ohlcv_data(bars(), "EUR_USD")


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        StorageManager(tmp_path / "file")


def test_a_relative_root_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    storage = StorageManager("data")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    storage.save_ohlcv_data(bars(), "EUR_USD")
    assert len(load(storage)) == 48
    assert not list((tmp_path / "elsewhere").iterdir())
