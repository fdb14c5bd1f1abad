"""Where else one keeps series: ArcticDB on LMDB, DuckDB's own file, Parquet files by Polars and PyArrow."""

import json
import os
import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from turns import Measured

ROOT = Path(__file__).resolve().parent.parent
ARCTICDB_PYTHON = ROOT / ".deps/arcticdb/bin/python"  # tools/bench makes it


class ArcticDB:
    """In a process of its own; calls give the seconds that they took there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tables = 0
        command = [str(ARCTICDB_PYTHON), str(ROOT / "bench/arcticdb_peer.py"), str(folder / "arcticdb")]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def change(self, verb: str, key: str, table: pa.Table) -> Measured:
        """`verb` is write, write_and_sync, append or update."""
        self._tables += 1
        path = self._folder / f"arcticdb-{self._tables}.arrow"
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        seconds = self._call(verb, key, str(path))
        path.unlink()
        return seconds

    def read_day(self, key: str, day: date) -> Measured:
        return self.read_days(key, day, day)

    def read_days(self, key: str, first_day: date, last_day: date) -> Measured:
        first, last = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (first_day, last_day))
        last += timedelta(days=1) - timedelta(microseconds=1)
        return self._call("read", key, first.isoformat(), last.isoformat())

    def tail(self, key: str, rows: int) -> Measured:
        return self._call("tail", key, str(rows))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _call(self, *words: str) -> Measured:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(words), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"ArcticDB ended in {words}")
        seconds, rows = json.loads(answer)
        measured = Measured(seconds)
        measured.num_rows = rows
        return measured


class DuckDB:
    """A table in DuckDB's own file. `CHECKPOINT` brings all of it to the disk."""

    def __init__(self, folder: Path) -> None:
        self._session = duckdb.connect(str(folder / "duckdb.db"))
        self._session.execute("SET TimeZone = 'UTC'")

    def write(self, key: str, rows: pa.Table) -> None:
        self._session.execute(f"CREATE OR REPLACE TABLE {key} AS SELECT * FROM rows; CHECKPOINT")

    def read_day(self, key: str, day: date) -> pa.Table:
        first, end = (f"CAST('{moment}' AS TIMESTAMPTZ_NS)" for moment in (day, day + timedelta(days=1)))
        return self._ask(f"SELECT * FROM {key} WHERE timestamp >= {first} AND timestamp < {end}")

    def tail(self, key: str, rows: int) -> pa.Table:
        return self._ask(f"SELECT * FROM (SELECT * FROM {key} ORDER BY timestamp DESC LIMIT {rows}) ORDER BY timestamp")

    def _ask(self, query: str) -> pa.Table:
        return self._session.sql(query).to_arrow_table()


def polars_day(files: str | list[str], day: date) -> pl.DataFrame:
    first = datetime(day.year, day.month, day.day, tzinfo=UTC)
    column = pl.col("timestamp")
    bounds = [pl.lit(moment).dt.cast_time_unit("ns") for moment in (first, first + timedelta(days=1))]
    return pl.scan_parquet(files).filter((column >= bounds[0]) & (column < bounds[1])).collect()


def polars_tail(files: str | list[str], rows: int) -> pl.DataFrame:
    return pl.scan_parquet(files).tail(rows).collect()


def sync(path: Path) -> None:
    file = os.open(path, os.O_RDWR)
    os.fsync(file)
    os.close(file)


def parquet_writers(table: pa.Table, folder: Path) -> dict[str, tuple[Path, Callable[[], None]]]:
    """Ways to write the table as one file and bring it to the disk, and where the file is."""
    frame = pl.DataFrame(table)
    writers: dict[str, tuple[Path, Callable[[], None]]] = {}

    def add(name: str, write: Callable[[Path], object]) -> None:
        path = folder / f"{name}.parquet".replace(" ", "-")

        def write_and_sync() -> None:
            write(path)
            sync(path)

        writers[name] = (path, write_and_sync)

    add("Polars", lambda path: frame.write_parquet(path))
    for compression in ("lz4", "snappy", "uncompressed"):
        add(f"Polars {compression}", lambda path, way=compression: frame.write_parquet(path, compression=way))
    add("PyArrow", lambda path: pq.write_table(table, path))
    add("PyArrow lz4", lambda path: pq.write_table(table, path, compression="lz4"))
    return writers
