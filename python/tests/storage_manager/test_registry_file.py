"""raw/metadata/data_registry.db: a projection of the catalog that any tool may open."""

import contextlib
import hashlib
import logging
import re
import sqlite3
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

import varve
from storage_manager.frames import bars, features, query, saved_form
from varve.storage_manager import StorageIoError, StorageManager

SCHEMA = "SELECT type, name, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name"


def shape(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Tables with their columns and keys, indices with theirs."""
    found = {}
    for kind, name, table in connection.execute(SCHEMA).fetchall():
        pragma = "table_info" if kind == "table" else "index_info"
        found[f"{kind} {name} of {table}"] = connection.execute(f"PRAGMA {pragma}({name})").fetchall()
        if kind == "table":
            found[f"keys of {name}"] = connection.execute(f"PRAGMA foreign_key_list({name})").fetchall()
            found[f"indices of {name}"] = sorted(connection.execute(f"PRAGMA index_list({name})").fetchall())
    return found


def test_the_tables_and_indices_are_the_documents(storage: StorageManager, shared_reference: Path) -> None:
    page = (shared_reference / "2-storage-manager.md").read_text()
    (statements,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    with contextlib.closing(sqlite3.connect(":memory:")) as document:
        document.executescript(statements)
        with contextlib.closing(sqlite3.connect(storage.db_path)) as ours:
            assert shape(ours) == shape(document)


def test_a_file_is_registered_whole(storage: StorageManager) -> None:
    path = storage.save_ohlcv_data(bars("2022-01-03 00:00", 24), "EUR_USD")
    assert isinstance(path, str)
    (row,) = query(storage, "SELECT * FROM data_files")
    content = Path(path).read_bytes()
    assert row[:9] == (
        *(1, "raw/ohlcv/EUR_USD/year=2022/month=01/eur_usd_202201.parquet", "EUR_USD", "ohlcv"),
        *("2022-01-03T00:00:00+00:00", "2022-01-03T23:00:00+00:00", 24),
        *(len(content), hashlib.sha256(content).hexdigest()),
    )
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row[9]) and row[10] is None


def test_fractions_of_seconds_are_written_as_pandas_does(storage: StorageManager) -> None:
    frame = bars("2022-01-03 00:00:00.000001500", 2, frequency="1500ms")
    storage.save_ohlcv_data(frame, "EUR_USD")
    expected = tuple(moment.isoformat() for moment in frame["timestamp"])
    assert query(storage, "SELECT start_date, end_date FROM data_files") == [expected]


def test_features_are_registered_for_all_instruments(storage: StorageManager) -> None:
    for data_type in ("features", "normalized", "latents"):
        storage.save_features(features("2022-01-31", 48), data_type)
    rows = query(storage, "SELECT data_type, instrument, count(*) FROM data_files GROUP BY 1, 2 ORDER BY 1")
    assert rows == [("features", "ALL", 2), ("latents", "ALL", 2), ("normalized", "ALL", 2)]


def test_files_keep_their_ids_across_saves_and_where_it_is_made_anew(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars("2022-01-20", 24 * 30), "EUR_USD")
    before = dict(query(storage, "SELECT file_path, id FROM data_files"))
    storage.save_ohlcv_data(bars("2022-01-25", 24 * 40, close=2.0), "EUR_USD")
    after = dict(query(storage, "SELECT file_path, id FROM data_files"))
    assert len(after) == 3 and before.items() <= after.items()
    storage.db_path.unlink()
    assert dict(query(StorageManager(storage.data_root), "SELECT file_path, id FROM data_files")) == after


@pytest.mark.parametrize("change", ["remove", "empty", "break", "forget", "behind"])
def test_it_is_made_anew_where_it_is_missing_or_behind(storage: StorageManager, change: str) -> None:
    storage.save_ohlcv_data(bars(), "EUR_USD")
    storage.log_fetch_run("EUR_USD", records_fetched=48)
    tables = ("data_files", "fetch_runs")
    before = [query(storage, f"SELECT * FROM {table}") for table in tables]
    if change == "remove":
        storage.db_path.unlink()
    elif change == "empty":
        storage.db_path.write_bytes(b"")
    elif change == "break":
        storage.db_path.write_bytes(b"no database" * 100)
    elif change == "forget":
        with contextlib.closing(sqlite3.connect(storage.db_path)) as connection:
            connection.executescript("DELETE FROM data_files; DROP TABLE fetch_runs; DROP INDEX idx_data_files_date")
    else:
        with varve.open(storage.data_root) as lake:
            lake.upsert("raw/ohlcv/EUR_USD", saved_form(bars(count=1, close=9.0), "EUR_USD"))
    again = StorageManager(storage.data_root)
    after = [query(again, f"SELECT * FROM {table}") for table in tables]
    if change == "behind":
        with varve.open(storage.data_root) as lake:
            (file,) = lake.registry.data_files()
        assert [(row[0], row[8]) for row in after[0]] == [(before[0][0][0], file.sha256)]
    else:
        assert after == before
    assert ("idx_data_files_date",) in query(again, "SELECT name FROM sqlite_master")


def test_a_file_that_goes_while_the_store_is_open_is_made_anew_by_the_next_save(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars(), "EUR_USD")
    storage.log_fetch_run("EUR_USD")
    storage.db_path.unlink()
    storage.save_ohlcv_data(bars(), "GBP_USD")
    assert query(storage, "SELECT instrument FROM data_files ORDER BY 1") == [("EUR_USD",), ("GBP_USD",)]
    assert len(query(storage, "SELECT * FROM fetch_runs")) == 1


def test_what_is_removed_from_the_lake_goes_from_the_registry(storage: StorageManager) -> None:
    for instrument in ("EUR_USD", "GBP_USD"):
        storage.save_ohlcv_data(bars(), instrument)
    with varve.open(storage.data_root) as lake:
        lake.delete("raw/ohlcv/EUR_USD")
    assert query(StorageManager(storage.data_root), "SELECT instrument FROM data_files") == [("GBP_USD",)]


def test_nothing_is_written_where_nothing_has_changed(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars(), "EUR_USD")
    before = storage.db_path.stat().st_mtime_ns, storage.db_path.read_bytes()
    storage.save_ohlcv_data(bars(), "EUR_USD")
    StorageManager(storage.data_root)
    assert (storage.db_path.stat().st_mtime_ns, storage.db_path.read_bytes()) == before


def test_a_tool_that_is_reading_stops_no_save_and_sees_one_state(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars("2022-01-31", 48), "EUR_USD")
    with contextlib.closing(sqlite3.connect(storage.db_path)) as reader:
        rows = reader.execute("SELECT file_path FROM data_files")
        rows.fetchone()
        storage.save_ohlcv_data(bars("2022-03-01"), "EUR_USD")
        assert len(rows.fetchall()) == 1
        assert reader.execute("SELECT count(*) FROM data_files").fetchall() == [(3,)]


def test_its_paths_lead_to_files_that_other_tools_read(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars("2022-01-31", 48), "EUR_USD")
    paths = [str(storage.data_root / path) for (path,) in query(storage, "SELECT file_path FROM data_files")]
    assert duckdb.read_parquet(paths).count("*").fetchall() == [(48,)]


def test_an_id_is_kept_though_the_file_was_lost_before_it_had_to_be(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars(), "EUR_USD")
    before = query(storage, "SELECT id, file_path FROM data_files")
    storage.db_path.unlink()
    storage.save_ohlcv_data(bars(close=3.0), "EUR_USD")
    assert query(storage, "SELECT id, file_path FROM data_files") == before


@pytest.mark.parametrize("content", [b"no database" * 100, b"SQLite format 3\0" + b"x" * 5_000])
def test_a_damaged_file_is_put_aside(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """It may be the only one that had the runs of another program."""
    path = tmp_path / "raw/metadata/data_registry.db"
    path.parent.mkdir(parents=True)
    for name in ("data_registry.db.damaged", "data_registry.db.damaged-2"):
        path.write_bytes(content)
        with caplog.at_level(logging.WARNING, "varve.storage_manager"):
            assert query(StorageManager(tmp_path), "SELECT * FROM data_files") == []
        assert path.with_name(name).read_bytes() == content and name in caplog.text


def test_another_program_that_writes_is_waited_for(
    storage: StorageManager, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the file has been given a journal, which SQLite changes at once or not at all."""
    with contextlib.closing(sqlite3.connect(storage.db_path, isolation_level=None)) as other:
        assert other.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr("varve.storage_manager._registry_file.time.sleep", lambda _: other.execute("ROLLBACK"))
        with caplog.at_level(logging.WARNING, "varve.storage_manager"):
            storage.save_ohlcv_data(bars(), "EUR_USD")
    assert not caplog.records and query(storage, "SELECT instrument FROM data_files") == [("EUR_USD",)]


def connect_to_read(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)


def test_a_read_only_registry_stops_neither_opening_nor_saving(
    storage: StorageManager, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("varve.storage_manager._registry_file.connect", connect_to_read)
    with caplog.at_level(logging.WARNING, "varve.storage_manager"):
        again = StorageManager(storage.data_root)
        again.save_ohlcv_data(bars(), "EUR_USD")
        again.log_fetch_run("EUR_USD")
    assert "readonly" in caplog.text
    assert len(again.load_data_by_date_range("ohlcv", datetime(2022, 1, 1), datetime(2023, 1, 1))) == 48
    monkeypatch.undo()
    StorageManager(storage.data_root)
    assert (
        query(storage, "SELECT count(*) FROM fetch_runs") == query(storage, "SELECT count(*) FROM data_files") == [(1,)]
    )


def test_a_locked_registry_stops_opening_only_where_it_is_another_programs(
    storage: StorageManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("varve.storage_manager._registry_file._WAIT_SECONDS", 0.01)
    with contextlib.closing(sqlite3.connect(storage.db_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        again = StorageManager(storage.data_root)
        again.save_ohlcv_data(bars(), "EUR_USD")
        other.execute("ROLLBACK")
        other.executescript("PRAGMA journal_mode = DELETE; PRAGMA application_id = 7; BEGIN IMMEDIATE")
        with pytest.raises(StorageIoError, match="cannot open the store .*data_registry.db: database is locked"):
            StorageManager(storage.data_root)


def test_files_that_cannot_be_looked_up_are_not_cited(storage: StorageManager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("varve.storage_manager._registry_file._WAIT_SECONDS", 0.01)
    path = storage.save_ohlcv_data(bars(), "EUR_USD")
    with contextlib.closing(sqlite3.connect(storage.db_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageIoError, match="cannot look up files in .*data_registry.db: database is locked"):
            storage.log_processing_run("training", input_files=path)
    with varve.open(storage.data_root) as lake:
        assert lake.registry.processing_runs() == []


def test_a_registry_that_cannot_be_written_does_not_stop_a_save(
    storage: StorageManager, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("varve.storage_manager._registry_file._WAIT_SECONDS", 0.01)
    with contextlib.closing(sqlite3.connect(storage.db_path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with caplog.at_level(logging.WARNING, "varve.storage_manager"):
            storage.save_ohlcv_data(bars(), "EUR_USD")
        assert "is behind" in caplog.text and "locked" in caplog.text
        other.execute("ROLLBACK")
    assert len(storage.load_data_by_date_range("ohlcv", datetime(2022, 1, 1), datetime(2023, 1, 1))) == 48
    storage.log_fetch_run("EUR_USD")
    assert query(storage, "SELECT instrument FROM data_files") == [("EUR_USD",)]
