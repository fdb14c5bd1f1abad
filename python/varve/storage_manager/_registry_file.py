"""raw/metadata/data_registry.db: what the catalog knows of files, runs and models, as tables for any tool."""

import contextlib
import dataclasses
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import varve
from varve.storage_manager._file_ids import keep_ids
from varve.storage_manager._names import free_name
from varve.storage_manager._registry_rows import Row, to_artifact_row, to_fetch_row, to_file_row, to_processing_row
from varve.storage_manager._series import FrameLake

APPLICATION_ID = 0x56727672
"""In the header of the file: it is made from a catalog."""

_APPLICATION_ID_AT = 68

_log = logging.getLogger("varve.storage_manager")

_WAIT_SECONDS = 30.0
_POLL_SECONDS = 0.01
_NO_IDS: Mapping[str, int] = {}
_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS data_files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    file_path TEXT UNIQUE NOT NULL,
    instrument TEXT NOT NULL,
    data_type TEXT NOT NULL,
    start_date TEXT NOT NULL,
    end_date TEXT NOT NULL,
    record_count INTEGER NOT NULL,
    file_size INTEGER NOT NULL,
    checksum TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    last_verified TIMESTAMP
);
CREATE TABLE IF NOT EXISTS fetch_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    instrument TEXT NOT NULL,
    granularity TEXT NOT NULL,
    start_date TEXT NOT NULL,
    end_date TEXT NOT NULL,
    records_fetched INTEGER NOT NULL,
    api_calls_used INTEGER NOT NULL,
    duration_seconds REAL NOT NULL,
    status TEXT NOT NULL,
    error_message TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS processing_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run_type TEXT NOT NULL,
    config_hash TEXT NOT NULL,
    input_files TEXT NOT NULL,
    output_files TEXT NOT NULL,
    status TEXT NOT NULL,
    duration_seconds REAL,
    log_file TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS model_artifacts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    model_type TEXT NOT NULL,
    version TEXT NOT NULL,
    file_path TEXT NOT NULL,
    config_hash TEXT NOT NULL,
    training_run_id INTEGER,
    metrics TEXT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (training_run_id) REFERENCES processing_runs(id)
);
CREATE INDEX IF NOT EXISTS idx_data_files_instrument ON data_files(instrument);
CREATE INDEX IF NOT EXISTS idx_data_files_type ON data_files(data_type);
CREATE INDEX IF NOT EXISTS idx_data_files_date ON data_files(start_date, end_date);
CREATE INDEX IF NOT EXISTS idx_fetch_runs_instrument ON fetch_runs(instrument);
CREATE INDEX IF NOT EXISTS idx_processing_runs_type ON processing_runs(run_type);
"""

_COLUMNS = {
    "data_files": "id, file_path, instrument, data_type, start_date, end_date, record_count, file_size, checksum, "
    "created_at, last_verified",
    "fetch_runs": "id, instrument, granularity, start_date, end_date, records_fetched, api_calls_used, "
    "duration_seconds, status, error_message, created_at",
    "processing_runs": "id, run_type, config_hash, input_files, output_files, status, duration_seconds, log_file, "
    "created_at",
    "model_artifacts": "id, model_type, version, file_path, config_hash, training_run_id, metrics, created_at",
}


TakeIn = Callable[[FrameLake, sqlite3.Connection], None]
"""Takes over what another program has left, in the transaction that makes its tables ours."""


class RegistryFile:
    """The tables at ``path``. They are read from the catalog under the lock that writes them, so they never go back.

    Each call is one transaction and raises sqlite3.Error, OSError, or what the registry raises; nothing has changed
    then. A file that is missing or that another program has made is first made ours, by ``take_in`` and from the
    catalog. One that is damaged is put aside as ``data_registry.db.damaged``, and all of it is made anew.
    """

    def __init__(self, path: Path, take_in: TakeIn) -> None:
        self.path = path
        self._take_in = take_in

    def is_ours(self) -> bool:
        """By the header alone, for which no lock is needed. Raises OSError."""
        try:
            with self.path.open("rb") as file:
                header = file.read(_APPLICATION_ID_AT + 4)
        except FileNotFoundError:
            return False
        return header[_APPLICATION_ID_AT:] == APPLICATION_ID.to_bytes(4, "big")

    def disown(self, lake: FrameLake) -> None:
        """Makes a file that records something another program's, for the next change to take in, if the catalog knows
        nothing at all: the one that it was made from was lost, or left behind by who copied the directory."""
        if not self.path.exists() or not _knows_nothing(lake):
            return
        with contextlib.closing(connect(self.path)) as connection:
            try:
                tables = tables_of(connection) if _is_ours(connection) else ()
                if any(connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in tables):
                    connection.execute("BEGIN IMMEDIATE")
                    if _knows_nothing(lake):  # somebody else may have taken it in meanwhile
                        connection.execute("PRAGMA application_id = 0")
                    connection.execute("COMMIT")
            except sqlite3.DatabaseError as error:
                if not _is_broken(error):
                    raise

    def follow(self, lake: FrameLake) -> None:
        """Makes all tables what the catalog knows."""
        self._change(lake, lambda connection: _follow(connection, lake))

    def follow_files(self, lake: FrameLake, key: str, ids: Mapping[str, int]) -> None:
        """Enters the files of a series that has lost none. ``ids`` has those of files that were there before, by path,
        in case they are not registered."""

        def change(connection: sqlite3.Connection) -> None:
            _enter(connection, "data_files", _file_rows(connection, lake, lake.registry.data_files(key), ids))

        self._change(lake, change, ids)

    def file_ids(self) -> dict[str, int]:
        """By path, of all files."""
        with contextlib.closing(connect(self.path)) as connection:
            return dict(connection.execute("SELECT file_path, id FROM data_files"))

    def enter_fetch_run(self, lake: FrameLake, id: int) -> None:
        row = to_fetch_row(lake.registry.fetch_run(id))
        self._change(lake, lambda connection: _enter(connection, "fetch_runs", [row]))

    def enter_processing_run(self, lake: FrameLake, id: int) -> None:
        row = to_processing_row(lake.registry.processing_run(id))
        self._change(lake, lambda connection: _enter(connection, "processing_runs", [row]))

    def enter_model_artifact(self, lake: FrameLake, id: int) -> None:
        row = to_artifact_row(lake.registry.model_artifact(id))
        self._change(lake, lambda connection: _enter(connection, "model_artifacts", [row]))

    def _change(
        self, lake: FrameLake, change: Callable[[sqlite3.Connection], None], ids: Mapping[str, int] = _NO_IDS
    ) -> None:
        try:
            self._commit(lake, change, ids)
        except sqlite3.DatabaseError as error:
            if not _is_broken(error):
                raise
            aside = free_name(self.path, "damaged")
            _log.warning("%s is damaged (%s): it is %s now, and made anew", self.path, error, aside.name)
            for ending in ("", "-journal", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    os.replace(f"{self.path}{ending}", f"{aside}{ending}")
            self._commit(lake, change, ids)

    def _commit(self, lake: FrameLake, change: Callable[[sqlite3.Connection], None], ids: Mapping[str, int]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(connect(self.path)) as connection:
            _use_log(connection)
            connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may take what can be made anew
            connection.execute("BEGIN IMMEDIATE")
            if not _is_ours(connection):
                self._take_in(lake, connection)
                _follow(connection, lake, ids)
            change(connection)
            connection.execute("COMMIT")


def connect(path: Path) -> sqlite3.Connection:
    """Begins no transactions by itself; what is not committed when it is closed has not happened."""
    return sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)


def tables_of(connection: sqlite3.Connection) -> set[str]:
    """Those of the registry's tables that are there."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in names} & _COLUMNS.keys()


def _use_log(connection: sqlite3.Connection) -> None:
    """Makes SQLite write ahead into a log, so that whoever reads stops nobody. It does not wait for that by itself."""
    end = time.monotonic() + _WAIT_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                raise
            time.sleep(_POLL_SECONDS)


def _follow(connection: sqlite3.Connection, lake: FrameLake, ids: Mapping[str, int] = _NO_IDS) -> None:
    """Makes all tables what the catalog knows."""
    _make_tables(connection)
    if not _is_ours(connection):
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    _replace(connection, "data_files", _file_rows(connection, lake, lake.registry.data_files(), ids))
    _replace(connection, "fetch_runs", [to_fetch_row(run) for run in lake.registry.fetch_runs()])
    _replace(connection, "processing_runs", [to_processing_row(run) for run in lake.registry.processing_runs()])
    _replace(connection, "model_artifacts", [to_artifact_row(artifact) for artifact in lake.registry.model_artifacts()])


def _is_ours(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,))


def _knows_nothing(lake: FrameLake) -> bool:
    registry = lake.registry
    return not (lake.list_keys() or registry.fetch_runs() or registry.processing_runs() or registry.model_artifacts())


def _is_broken(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN


def _make_tables(connection: sqlite3.Connection) -> None:
    """Those that are missing, and those that have other columns."""
    for table, columns in _COLUMNS.items():
        there = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        if there and there != columns.split(", "):
            connection.execute(f"DROP TABLE {table}")
    for statement in _SCHEMA.split(";"):
        connection.execute(statement)


def _file_rows(
    connection: sqlite3.Connection, lake: FrameLake, files: list[varve.DataFile], ids: Mapping[str, int]
) -> list[Row]:
    registered = dict(ids)
    for file in files:
        registered.update(connection.execute("SELECT file_path, id FROM data_files WHERE file_path = ?", (file.path,)))
    kept = keep_ids(lake, files, registered)
    return [to_file_row(dataclasses.replace(file, id=kept[file.path])) for file in files]


def _replace(connection: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    """Makes these the rows of the table."""
    kept = {row[0] for row in rows}
    gone = [row for row in connection.execute(f"SELECT id FROM {table}") if row[0] not in kept]
    connection.executemany(f"DELETE FROM {table} WHERE id = ?", gone)
    _enter(connection, table, rows)


def _enter(connection: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    """Puts rows in the place of those with their ids, or their paths; writes only those that differ."""
    columns = _COLUMNS[table]
    select = f"SELECT {columns} FROM {table} WHERE id = ?"
    new = [row for row in rows if connection.execute(select, row[:1]).fetchone() != row]
    marks = ", ".join("?" * len(columns.split(", ")))
    connection.executemany(f"INSERT OR REPLACE INTO {table} ({columns}) VALUES ({marks})", new)
