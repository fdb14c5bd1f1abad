"""What Varve writes, PyArrow, Polars and DuckDB read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
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


def test_varve_writes_every_encoding_of_its_own(rewritten: tuple[pa.Table, Path]) -> None:
    table, path = rewritten
    metadata = pq.read_metadata(path)
    found = {
        encoding
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
        for encoding in metadata.row_group(group).column(column).encodings
    }
    if table.num_rows > 0 and table["int64"].null_count < table.num_rows:
        assert found >= {"DELTA_BINARY_PACKED", "RLE_DICTIONARY", "PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "RLE"}


# A peer that trusts a wrong bound, count of nulls or page index loses rows here.
FILTERED = ("int8", "uint64", "walk_int64", "price_on_grid", "decimal_18_5", "decimal_38_10", "string",
            "prefixed_string", "date", "timestamp_us_utc", "timestamp_ms", "uint32")  # fmt: skip


@pytest.fixture(scope="module", params=["none", "some", "required"])
def pruned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[pa.Table, Path]:
    """A table of many small pages and groups, and the file that Varve made of it."""
    folder = tmp_path_factory.mktemp("pruned")
    table = make_table(request.param, 3000, FILTERED)
    pq.write_table(table, folder / "first.parquet")
    rewrite(folder / "first.parquet", folder / "second.parquet")
    return table, folder / "second.parquet"


def bounds(column: pa.ChunkedArray) -> list[Any]:
    """The least and the greatest value, and some between."""
    present = column.drop_null()
    ordered = present.take(pc.sort_indices(present))
    return [ordered[at] for at in (0, len(ordered) // 3, len(ordered) // 2, len(ordered) - 1)]


@pytest.mark.parametrize("name", FILTERED)
def test_peers_find_the_same_rows_by_statistics(pruned: tuple[pa.Table, Path], name: str, count_cells: Counter) -> None:
    table, path = pruned
    column = table[name]
    lazy = pl.scan_parquet(path)
    session = duckdb.connect()
    session.execute("set timezone = 'UTC'")
    for bound in bounds(column):
        literal = pl.from_arrow(pa.array([bound.as_py()], column.type))[0]
        for compare, sql in (("equal", "="), ("less_equal", "<="), ("greater", ">")):
            mask = getattr(pc, compare)(column, bound)
            count = pc.sum(mask).as_py()
            field = pc.field(name)
            expression = {"=": field == bound, "<=": field <= bound, ">": field > bound}[sql]
            assert pq.read_table(path, columns=[name], filters=expression).num_rows == count
            test = {"=": pl.col(name) == literal, "<=": pl.col(name) <= literal, ">": pl.col(name) > literal}[sql]
            assert lazy.filter(test).select(pl.len()).collect().item() == count
            query = f"select count(*) from read_parquet('{path}') where {name} {sql} $bound"
            assert session.execute(query, {"bound": bound.as_py()}).fetchall() == [(count,)]
    count_cells("written by Varve, filtered by its peers", 3 * 12)
