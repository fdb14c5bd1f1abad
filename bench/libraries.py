"""Varve and its peers, as a user calls them: Arrow data in memory to a Parquet file and back.

Each ends with the table of Arrow data that it gives by itself: Varve's, PyArrow's or Polars' own, PyArrow's of DuckDB.
"""

import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from tables import Workload

import varve


class Library(ABC):
    """What is timed of one library. `settings` are its ways to write, the default first."""

    name: ClassVar[str]
    settings: ClassVar[tuple[str, ...]]

    @abstractmethod
    def prepare(self, workload: Workload) -> Any:
        """The table in the form that the library writes from. Not timed."""

    @abstractmethod
    def write(self, prepared: Any, path: Path, setting: str) -> None:
        """Writes the file anew."""

    @abstractmethod
    def read(self, path: Path, columns: tuple[str, ...] | None = None) -> Any:
        """Opens and reads it."""

    @abstractmethod
    def open(self, path: Path) -> Any:
        """What can be kept of an open file. Not timed."""

    @abstractmethod
    def read_day(self, opened: Any, day: tuple[str, str]) -> Any:
        """Rows whose timestamp lies in the days from the first to before the second."""

    @abstractmethod
    def read_where(self, opened: Any, condition: tuple[str, str, float | str]) -> Any:
        """Rows that meet the condition."""

    @abstractmethod
    def rows(self, result: Any) -> int:
        """How many rows a result has."""


class Varve(Library):
    name = "Varve"
    settings = ("default",)

    def prepare(self, workload: Workload) -> Any:
        return workload.table

    def write(self, prepared: Any, path: Path, setting: str) -> None:
        varve.write_parquet(prepared, path, sorted_by=["timestamp"])

    def read(self, path: Path, columns: tuple[str, ...] | None = None) -> Any:
        return varve.read_parquet(path, columns)

    def open(self, path: Path) -> Any:
        return varve.ParquetFile(path)

    def read_day(self, opened: Any, day: tuple[str, str]) -> Any:
        return opened.read(start=day[0], end=day[0])

    def read_where(self, opened: Any, condition: tuple[str, str, float | str]) -> Any:
        name, comparison, value = condition
        where = varve.col(name) > value if comparison == ">" else varve.col(name) == value
        return opened.read(where=where)

    def rows(self, result: Any) -> int:
        return result.num_rows


class PyArrow(Library):
    name = "PyArrow"
    settings = ("default", "zstd", "lz4", "zstd, encodings by hand", "uncompressed")

    def prepare(self, workload: Workload) -> Any:
        return workload.table

    def write(self, prepared: Any, path: Path, setting: str) -> None:
        pq.write_table(prepared, path, **self._options(prepared, setting))

    def _options(self, table: pa.Table, setting: str) -> dict[str, Any]:
        if setting == "default":
            return {}
        if setting == "uncompressed":
            return {"compression": "none"}
        if setting in ("zstd", "lz4"):
            return {"compression": setting}
        steps = [
            field.name
            for field in table.schema
            if not (pa.types.is_floating(field.type) or pa.types.is_string(field.type))
        ]
        return {
            "compression": "zstd",
            "compression_level": 1,
            "data_page_version": "2.0",
            "use_dictionary": [name for name in table.column_names if name not in steps],
            "column_encoding": dict.fromkeys(steps, "DELTA_BINARY_PACKED"),
        }

    def read(self, path: Path, columns: tuple[str, ...] | None = None) -> Any:
        return pq.read_table(path, columns=None if columns is None else list(columns))

    def open(self, path: Path) -> Any:
        return ds.dataset(path)

    def read_day(self, opened: Any, day: tuple[str, str]) -> Any:
        first, end = (
            pa.scalar(text, pa.string()).cast(pa.timestamp("ns")).cast(pa.timestamp("ns", "UTC")) for text in day
        )
        return opened.to_table(filter=(pc.field("timestamp") >= first) & (pc.field("timestamp") < end))

    def read_where(self, opened: Any, condition: tuple[str, str, float | str]) -> Any:
        name, comparison, value = condition
        return opened.to_table(filter=pc.field(name) > value if comparison == ">" else pc.field(name) == value)

    def rows(self, result: Any) -> int:
        return result.num_rows


class Polars(Library):
    name = "Polars"
    settings = ("default", "zstd:1", "lz4", "snappy", "uncompressed")

    def prepare(self, workload: Workload) -> Any:
        return pl.DataFrame(workload.table)

    def write(self, prepared: Any, path: Path, setting: str) -> None:
        if setting == "default":
            prepared.write_parquet(path)
        elif setting == "zstd:1":
            prepared.write_parquet(path, compression="zstd", compression_level=1)
        else:
            prepared.write_parquet(path, compression=setting)

    def read(self, path: Path, columns: tuple[str, ...] | None = None) -> Any:
        return pl.read_parquet(path, columns=None if columns is None else list(columns))

    def open(self, path: Path) -> Any:
        return pl.scan_parquet(path)

    def read_day(self, opened: Any, day: tuple[str, str]) -> Any:
        first, end = (pl.lit(text).str.to_datetime("%Y-%m-%d", time_unit="ns", time_zone="UTC") for text in day)
        return opened.filter((pl.col("timestamp") >= first) & (pl.col("timestamp") < end)).collect()

    def read_where(self, opened: Any, condition: tuple[str, str, float | str]) -> Any:
        name, comparison, value = condition
        return opened.filter(pl.col(name) > value if comparison == ">" else pl.col(name) == value).collect()

    def rows(self, result: Any) -> int:
        return result.height


class DuckDB(Library):
    name = "DuckDB"
    settings = ("default", "zstd", "lz4", "version 2, zstd", "version 2, snappy", "uncompressed")

    def __init__(self) -> None:
        self._session = duckdb.connect()
        self._session.execute("SET parquet_metadata_cache = true; SET TimeZone = 'UTC'")

    def prepare(self, workload: Workload) -> Any:
        return workload.table

    def write(self, prepared: Any, path: Path, setting: str) -> None:
        options = ["FORMAT parquet"]
        if setting.startswith("version 2"):
            options.append("PARQUET_VERSION v2")
        if setting != "default":
            options.append(f"COMPRESSION {setting.split()[-1]}")
        self._session.execute(f"COPY (SELECT * FROM prepared) TO '{path}' ({', '.join(options)})")

    def read(self, path: Path, columns: tuple[str, ...] | None = None) -> Any:
        return self._session.sql(f"SELECT {', '.join(columns or '*')} FROM '{path}'").to_arrow_table()

    def open(self, path: Path) -> Any:
        return path

    def read_day(self, opened: Any, day: tuple[str, str]) -> Any:
        return self._where(
            opened,
            f"timestamp >= CAST('{day[0]}' AS TIMESTAMPTZ_NS) AND timestamp < CAST('{day[1]}' AS TIMESTAMPTZ_NS)",
        )

    def read_where(self, opened: Any, condition: tuple[str, str, float | str]) -> Any:
        name, comparison, value = condition
        return self._where(opened, f"{name} {comparison} {value!r}")

    def _where(self, path: Path, condition: str) -> Any:
        return self._session.sql(f"SELECT * FROM '{path}' WHERE {condition}").to_arrow_table()

    def rows(self, result: Any) -> int:
        return result.num_rows


def thread_counts() -> str:
    return f"{os.cpu_count()} cores; Polars {pl.thread_pool_size()} threads, PyArrow {pa.cpu_count()}"


def versions() -> str:
    return f"PyArrow {pa.__version__}, Polars {pl.__version__}, DuckDB {duckdb.__version__}, Varve {varve.__version__}"
