"""What Varve writes, PyArrow, Polars and DuckDB read."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from canonical import first_difference, type_name, universal_values
from reading_test import expect_columns
from sample_tables import NULLS, make_table
from varve_tool import dump, rewrite

Counter = Callable[[str, int], None]
ROWS = 700
COMPRESSIONS = ("auto", "zstd", "zstd:9", "snappy", "lz4", "gzip", "none")


@pytest.fixture(scope="session", params=[(nulls, codec) for nulls in NULLS for codec in COMPRESSIONS], ids=str)
def rewritten(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[pa.Table, Path]:
    """A table, and the file that Varve made of it."""
    nulls, codec = request.param
    folder = tmp_path_factory.mktemp("rewritten")
    table = make_table(nulls, ROWS)
    pq.write_table(table, folder / "first.parquet", row_group_size=300)
    rewrite(folder / "first.parquet", folder / "second.parquet", codec)
    return table, folder / "second.parquet"


def expect_same_values(found: pa.Table, expected: pa.Table) -> int:
    assert found.column_names == expected.column_names
    for name in expected.column_names:
        kind = expected[name].type
        left = universal_values(expected[name], kind)
        right = universal_values(found[name], kind)
        # Where a program has no zone or unit of its own for a column, the moment is what counts.
        difference = first_difference(left, right)
        assert difference is None, f"{name}: {difference}"
    return expected.num_columns


def stored_type(kind: pa.DataType) -> pa.DataType:
    """The type that PyArrow gives back of a column: Parquet has no seconds, and indices have one width."""
    if pa.types.is_timestamp(kind) and kind.unit == "s":
        return pa.timestamp("ms", kind.tz)
    if kind == pa.time32("s"):
        return pa.time32("ms")
    return kind


def test_varve_reads_its_own_file(rewritten: tuple[pa.Table, Path], count_cells: Counter) -> None:
    table, path = rewritten
    count_cells("written by Varve, read by Varve", expect_columns(dump(path), table))


def test_pyarrow_reads_values_and_types(rewritten: tuple[pa.Table, Path], count_cells: Counter) -> None:
    table, path = rewritten
    found = pq.read_table(path, page_checksum_verification=True)
    for name in table.column_names:
        assert type_name(found[name].type) == type_name(stored_type(table[name].type)), name
    count_cells("written by Varve, read by PyArrow", expect_same_values(found, table))


def test_polars_reads_values(rewritten: tuple[pa.Table, Path], count_cells: Counter) -> None:
    table, path = rewritten
    found = pl.read_parquet(path).to_arrow()
    count_cells("written by Varve, read by Polars", expect_same_values(found, table))


def test_duckdb_reads_values(rewritten: tuple[pa.Table, Path], count_cells: Counter) -> None:
    table, path = rewritten
    session = duckdb.connect()
    session.execute("set timezone = 'UTC'")
    found = session.sql(f"from read_parquet('{path}')").to_arrow_table()
    count_cells("written by Varve, read by DuckDB", expect_same_values(found, table))
