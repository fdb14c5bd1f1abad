"""Single Parquet files, without a lake."""

import os
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from varve import _varve
from varve._columns import to_native
from varve._options import to_columns, to_count, to_names
from varve._predicates import Condition, to_native_predicate
from varve._stream import Stream
from varve._table import Table
from varve._times import Naive, TimeLike, to_bound


class ParquetFile:
    """A flat Parquet file, whoever wrote it, opened once and read as often as wanted, from any thread.

    >>> with varve.ParquetFile("bars.parquet") as file:
    ...     file.read(["timestamp", "close"], where=varve.col("volume") > 0)

    Raises DataNotFoundError for a missing file, DataCorruptionError for what is no whole Parquet file. After ``close``
    every call raises InvalidArgumentError; batches made before go on.
    """

    __slots__ = ("_naive", "_native", "_path")

    def __init__(self, path: str | os.PathLike[str], *, naive: Naive = "error") -> None:
        """``naive="utc"`` takes times without a zone in ranges as UTC; else they are an error."""
        self._path = os.fspath(path)
        self._naive: Naive = naive
        self._native = _varve.ParquetFile(self._path)

    @property
    def schema(self) -> dict[str, str]:
        """Type by name of the flat columns, as Varve writes types: ``{"close": "float64"}``."""
        return dict(self._native.fields())

    @property
    def columns(self) -> list[str]:
        """The names of the flat columns."""
        return [name for name, _ in self._native.fields()]

    @property
    def nested_columns(self) -> list[str]:
        """The names of the columns that cannot be read."""
        return self._native.nested()

    @property
    def metadata(self) -> dict[str, str]:
        """The file's own key-value pairs."""
        return dict(self._native.metadata())

    @property
    def created_by(self) -> str | None:
        """The program that wrote the file, if it says so."""
        return self._native.created_by()

    @property
    def num_rows(self) -> int:
        return self._native.num_rows()

    @property
    def num_row_groups(self) -> int:
        return self._native.num_row_groups()

    def read(
        self,
        columns: Sequence[str] | None = None,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        *,
        where: Condition | None = None,
        index: str = "",
        zone: str = "",
    ) -> Table:
        """The rows, as ``read_parquet`` gives them."""
        low, high = to_bound(start, self._naive), to_bound(end, self._naive)
        return Table(self._native.read(to_columns(columns), low, high, zone, index, self._condition(where)))

    def batches(
        self,
        columns: Sequence[str] | None = None,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        *,
        where: Condition | None = None,
        index: str = "",
        zone: str = "",
        rows_max: int = 1 << 20,
    ) -> Stream:
        """The same rows as tables, each of one row group or of ``rows_max`` rows of a larger one; no table is empty.

        Only the table at hand is in memory, so that files of any size can be gone through.
        """
        low, high = to_bound(start, self._naive), to_bound(end, self._naive)
        condition = self._condition(where)
        rows = to_count("rows_max", rows_max)
        return Stream(self._native.batches(to_columns(columns), low, high, zone, index, condition, rows))

    def _condition(self, where: Condition | None) -> _varve.Predicate | None:
        def columns() -> _varve.Table:
            flat = [(name, _varve.column_of_nulls(kind, 0)) for name, kind in self._native.fields()]
            return _varve.table_from_columns(flat)

        return to_native_predicate(where, columns)

    def explain(self, *, by_row_group: bool = True) -> Table:
        """How the file stores each column of each row group (or each column, over all of them).

        Columns: row_group (or row_groups), column, type, physical, encodings, codec, bytes_per_value, stored_bytes,
        uncompressed_bytes, pages, compressed_pages, values, nulls, dictionary_values, min, max. Reads page headers,
        no pages. Raises DataCorruptionError.
        """
        return Table(self._native.explain(by_row_group))

    def close(self) -> None:
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ParquetFile({self._path!r})"


class ParquetWriter:
    """A Parquet file in the making, fed table by table. It appears under its name, whole, when it is closed.

    >>> with varve.ParquetWriter("bars.parquet") as writer:
    ...     for table in tables:
    ...         writer.write(table)

    Row groups are written as they fill, so that about one of them is in memory. After an exception, in the ``with``
    block or from ``write``, nothing is left behind, and a file that was there before stays as it was.
    """

    __slots__ = ("_naive", "_native")

    def __init__(
        self,
        path: str | os.PathLike[str],
        schema: object = None,
        *,
        compression: str = "auto",
        sorted_by: Sequence[str] = (),
        rows_per_group: int | None = None,
        durable: bool = False,
        naive: Naive = "error",
    ) -> None:
        """``schema`` (a table, or types by name as ``{"close": "float64"}``) fixes the columns, else the first table
        does. The options are those of ``write_parquet``. Raises InvalidArgumentError, StorageIoError.
        """
        self._naive: Naive = naive
        first = None if schema is None else _without_rows(schema, naive)
        order, group = to_names("sorted_by", sorted_by), _to_rows_per_group(rows_per_group)
        self._native = _varve.ParquetWriter(os.fspath(path), compression, order, group, durable)
        if first is not None:
            self._native.write(first)

    def write(self, table: object) -> None:
        """Adds rows. Raises InvalidArgumentError for other columns than those of the file, or once it is closed."""
        self._native.write(to_native(table, self._naive))

    def close(self) -> int:
        """Ends the file and gives it its name; gives its bytes. Raises InvalidArgumentError if it is closed, or without
        columns because nothing was written.
        """
        return self._native.close()

    @property
    def closed(self) -> bool:
        return self._native.closed()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._native.abandon()
        elif not self.closed:
            self.close()


def _without_rows(schema: object, naive: Naive) -> _varve.Table:
    if isinstance(schema, Mapping) and all(isinstance(kind, str) for kind in schema.values()):
        return _varve.table_from_columns(
            [(str(name), _varve.column_of_nulls(kind, 0)) for name, kind in schema.items()]
        )
    return to_native(schema, naive).slice(0, 0)


def read_parquet(
    path: str | os.PathLike[str],
    columns: Sequence[str] | None = None,
    start: TimeLike | None = None,
    end: TimeLike | None = None,
    *,
    where: Condition | None = None,
    index: str = "",
    zone: str = "",
    naive: Naive = "error",
) -> Table:
    """Reads a flat Parquet file, whoever wrote it.

    ``columns`` are given in the order named. With ``start`` or ``end``, only rows whose ``index`` (found by name and
    type if not said) lies within them, both ends inside; a day means all of it, in ``zone`` (UTC if empty). With
    ``where``, only rows for which it is true; its columns need not be among ``columns``.

    Raises DataNotFoundError for a missing file or column, DataCorruptionError for what is no whole Parquet file,
    NotSupportedError for a nested column among those to read, InvalidArgumentError for a condition whose values cannot
    be compared with their columns.
    """
    with ParquetFile(path, naive=naive) as file:
        return file.read(columns, start, end, where=where, index=index, zone=zone)


def write_parquet(
    table: object,
    path: str | os.PathLike[str],
    *,
    compression: str = "auto",
    sorted_by: Sequence[str] = (),
    rows_per_group: int | None = None,
    durable: bool = False,
    naive: Naive = "error",
) -> int:
    """Writes a table (anything with ``__arrow_c_stream__``, or a dict of columns) as one Parquet file; gives its bytes.

    The file appears whole or not at all; with ``durable`` it is on the disk when the call returns. ``compression`` is
    "auto" (zstd where it pays), "zstd", "zstd:9", "snappy", "lz4", "gzip" or "none"; ``sorted_by`` names the columns by
    which the rows are sorted, ascending, which readers then may use. A row group has at most ``rows_per_group`` rows;
    without it 2^20, and fewer of wide rows, so that its values take about 64 MiB.
    """
    native = to_native(table, naive)
    order, group = to_names("sorted_by", sorted_by), _to_rows_per_group(rows_per_group)
    writer = _varve.ParquetWriter(os.fspath(path), compression, order, group, durable)
    writer.write(native)
    return writer.close()


def _to_rows_per_group(value: int | None) -> int | None:
    return None if value is None else to_count("rows_per_group", value)
