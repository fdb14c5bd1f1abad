"""Single Parquet files, without a lake."""

import os
from collections.abc import Sequence

from varve import _varve
from varve._columns import to_native
from varve._table import Table
from varve._times import Naive, TimeLike, to_bound


def read_parquet(
    path: str | os.PathLike[str],
    columns: Sequence[str] | None = None,
    start: TimeLike | None = None,
    end: TimeLike | None = None,
    *,
    index: str = "",
    zone: str = "",
    naive: Naive = "error",
) -> Table:
    """Reads a flat Parquet file, whoever wrote it.

    ``columns`` are given in the order named. With ``start`` or ``end``, only rows whose ``index`` (found by name and
    type if not said) lies within them, both ends inside; a day means all of it, in ``zone`` (UTC if empty).

    Raises DataNotFoundError for a missing file or column, DataCorruptionError for what is no whole Parquet file,
    NotSupportedError for a nested column asked for by name.
    """
    wanted = None if columns is None else list(columns)
    return Table(
        _varve.read_parquet(os.fspath(path), wanted, to_bound(start, naive), to_bound(end, naive), zone, index)
    )


def write_parquet(
    table: object,
    path: str | os.PathLike[str],
    *,
    compression: str = "auto",
    sorted_by: Sequence[str] = (),
    rows_per_group: int = 1 << 20,
    durable: bool = False,
    naive: Naive = "error",
) -> int:
    """Writes a table (anything with ``__arrow_c_stream__``, or a dict of columns) as one Parquet file; gives its bytes.

    The file appears whole or not at all; with ``durable`` it is on the disk when the call returns. ``compression`` is
    "auto" (zstd where it pays), "zstd", "zstd:9", "snappy", "lz4", "gzip" or "none"; ``sorted_by`` names the columns by
    which the rows are sorted, ascending, which readers then may use.
    """
    return _varve.write_parquet(
        to_native(table, naive), os.fspath(path), compression, list(sorted_by), rows_per_group, durable
    )
