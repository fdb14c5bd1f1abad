"""What PyArrow, Polars and DuckDB write, Varve reads."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from canonical import (
    NANOSECONDS,
    arrow_values,
    first_difference,
    type_name,
    universal_values,
    universal_varve_values,
    varve_values,
)
from sample_tables import NULLS, make_table, types
from varve_tool import dump

Counter = Callable[[str, int], None]
ROWS = 700
CODECS = ("zstd", "snappy", "lz4", "gzip", "brotli", "none")
INTEGERS = [name for name, (kind, _) in types().items() if pa.types.is_integer(kind)]
TEXTS = ["string", "prefixed_string", "large_string", "binary"]
DICTIONARIES = ["dictionary", "ordered_dictionary"]
FIXED = ["fixed_binary", "uuid_bytes", "float16", "decimal_38_10"]
DECIMALS = ["decimal_5_2", "decimal_9_0", "decimal_18_5"]  # as bytes, or as INT32 and INT64
TIMES = [name for name in types() if name.startswith(("time_", "timestamp_", "duration_", "date"))]

# Name of an encoding to the columns that can have it and the writer's options; None: all columns.
ENCODINGS: dict[str, tuple[list[str] | None, dict[str, Any]]] = {
    "default": (None, {}),
    "dictionary_that_falls_back": (None, {"dictionary_pagesize_limit": 256, "data_page_size": 512}),
    "PLAIN": (None, {"use_dictionary": False}),
    "DELTA_BINARY_PACKED": (INTEGERS + TIMES + DECIMALS, {"store_decimal_as_integer": True}),
    "DELTA_LENGTH_BYTE_ARRAY": (TEXTS + DICTIONARIES, {}),
    "DELTA_BYTE_ARRAY": (TEXTS + DICTIONARIES + FIXED + DECIMALS, {}),
    "BYTE_STREAM_SPLIT": (["float32", "float64", "price_on_grid", *INTEGERS, *TIMES, *FIXED, *DECIMALS], {}),
    "BYTE_STREAM_SPLIT of integers": (DECIMALS, {"store_decimal_as_integer": True}),
    "RLE": (["boolean", "boolean_runs"], {}),
}


def expect_columns(found: dict[str, dict[str, Any]], expected: pa.Table, *, check_types: bool = True) -> int:
    """Compares all columns by type and value, and says how many they were."""
    assert list(found) == expected.column_names
    for name in expected.column_names:
        column = expected[name]
        shown = found[name]
        if check_types:
            assert shown["type"] == type_name(column.type), name
            assert shown["nullable"] == expected.schema.field(name).nullable, name
            difference = first_difference(arrow_values(column), varve_values(shown["type"], shown["values"]))
        else:  # programs take other units for the same moments
            difference = first_difference(
                universal_values(column, column.type), universal_varve_values(shown["type"], shown["values"])
            )
        assert difference is None, f"{name}: {difference}"
    return expected.num_columns


@pytest.mark.parametrize("nulls", NULLS)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_reads_what_pyarrow_writes(
    tmp_path: Path, encoding: str, codec: str, version: str, nulls: str, count_cells: Counter
) -> None:
    names, options = ENCODINGS[encoding]
    table = make_table(nulls, ROWS, names)
    if encoding[0].isupper() and encoding != "PLAIN":
        column_encoding = dict.fromkeys(table.column_names, encoding.split()[0])
        options = {"use_dictionary": False, "column_encoding": column_encoding, **options}
    path = tmp_path / "file.parquet"
    pq.write_table(
        table, path, compression=codec, data_page_version=version, row_group_size=300, write_batch_size=64,
        **{"data_page_size": 1024, **options},
    )  # fmt: skip
    count_cells("written by PyArrow, read by Varve", expect_columns(dump(path), table))


WRITER_OPTIONS: dict[str, dict[str, Any]] = {
    "page_index_and_checksums": {"write_page_index": True, "write_page_checksum": True, "data_page_size": 700},
    "no_statistics": {"write_statistics": False},
    "decimals_as_integers": {"store_decimal_as_integer": True},
    "one_row_group": {"row_group_size": 10**6},
    "pages_of_few_rows": {"max_rows_per_page": 7, "write_batch_size": 7},
    "pages_cut_by_content": {"use_content_defined_chunking": True},
    "bloom_filters": {"bloom_filter_options": {"int64": {"ndv": 100}, "string": {"ndv": 100}}},
    "sorted": {"sorting_columns": [pq.SortingColumn(0, descending=True)]},
    "a_codec_for_each_column": {"compression": {"int64": "gzip", "string": "brotli", "float64": "none"}},
    "dictionaries_for_some": {"use_dictionary": ["string", "int16"], "dictionary_pagesize_limit": 100},
    "times_of_day_in_utc": {"write_time_adjusted_to_utc": True},
    "format_1_0": {"version": "1.0"},
    "format_2_4": {"version": "2.4"},
}


@pytest.mark.parametrize("nulls", NULLS)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("option", WRITER_OPTIONS)
def test_reads_pyarrow_files_of_other_shapes(
    tmp_path: Path, option: str, version: str, nulls: str, count_cells: Counter
) -> None:
    table = make_table(nulls, ROWS)
    if option.startswith("format"):  # these formats cannot hold nanoseconds, or halves
        table = table.drop_columns([name for name in table.column_names if "_ns" in name])
    path = tmp_path / "file.parquet"
    pq.write_table(table, path, data_page_version=version, **{"row_group_size": 250, **WRITER_OPTIONS[option]})
    if option == "format_1_0":  # which keeps them as signed integers of 64 bits
        position = table.column_names.index("uint32")
        field = table.schema.field(position).with_type(pa.int64())
        table = table.set_column(position, field, table["uint32"].cast(pa.int64()))
    count_cells("written by PyArrow, read by Varve", expect_columns(dump(path), table))


@pytest.mark.parametrize("nulls", NULLS)
@pytest.mark.parametrize("dictionary", [True, False])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("codec", CODECS)
def test_reads_int96(
    tmp_path: Path, codec: str, version: str, dictionary: bool, nulls: str, count_cells: Counter
) -> None:
    table = make_table(nulls, ROWS, [name for name in types() if name.startswith("timestamp_")])
    path = tmp_path / "file.parquet"
    pq.write_table(table, path, use_deprecated_int96_timestamps=True, store_schema=False, use_dictionary=dictionary,
                   data_page_version=version, compression=codec, data_page_size=1024, write_batch_size=64)  # fmt: skip
    naive = pa.table({name: table[name].cast(pa.timestamp("ns", table[name].type.tz)).cast(pa.timestamp("ns"))
                      for name in table.column_names})  # fmt: skip
    # PyArrow shifts nothing when a zone goes: the column keeps the moments, which is what INT96 holds.
    found = dump(path)
    for name in table.column_names:
        column = table[name]
        expected = [None if value is None else value * NANOSECONDS[column.type.unit] for value in arrow_values(column)]
        assert found[name]["type"] == type_name(naive[name].type)
        assert first_difference(expected, found[name]["values"]) is None
    count_cells("written by PyArrow, read by Varve", table.num_columns)


@pytest.mark.parametrize("nulls", NULLS)
def test_reads_files_without_arrow_schema(tmp_path: Path, nulls: str, count_cells: Counter) -> None:
    path = tmp_path / "file.parquet"
    pq.write_table(make_table(nulls, ROWS), path, store_schema=False)
    # What Parquet alone says is read as PyArrow reads it, which is told nothing more either.
    count_cells("written by PyArrow, read by Varve", expect_columns(dump(path), pq.read_table(path)))


POLARS_CODECS = ("zstd", "snappy", "lz4", "gzip", "brotli", "uncompressed")
# Polars has no columns of these types, or not all of their values.
NOT_IN_POLARS = ("null", "float16")


def polars_frame(nulls: str, rows: int) -> pl.DataFrame:
    table = make_table(nulls, rows)
    table = table.drop_columns([name for name in NOT_IN_POLARS if name in table.column_names])
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


@pytest.mark.parametrize("nulls", NULLS)
@pytest.mark.parametrize(("row_group_size", "data_page_size"), [(None, None), (200, 1024), (333, 512)])
@pytest.mark.parametrize("statistics", [False, "full"])
@pytest.mark.parametrize("codec", POLARS_CODECS)
def test_reads_what_polars_writes(
    tmp_path: Path,
    codec: Any,
    statistics: Any,
    row_group_size: int | None,
    data_page_size: int | None,
    nulls: str,
    count_cells: Counter,
) -> None:
    path = tmp_path / "file.parquet"
    frame = polars_frame(nulls, ROWS)
    frame.write_parquet(
        path, compression=codec, statistics=statistics, row_group_size=row_group_size, data_page_size=data_page_size
    )
    expected = pq.read_table(path)
    found = dump(path)
    count_cells("written by Polars, read by Varve", expect_columns(found, expected, check_types=False))
    for name in expected.column_names:
        if pa.types.is_timestamp(expected[name].type):
            assert found[name]["type"] == type_name(expected[name].type)


@pytest.mark.parametrize("nulls", NULLS)
@pytest.mark.parametrize("version", ["V1", "V2"])
@pytest.mark.parametrize("codec", ["zstd", "snappy", "lz4_raw", "gzip", "brotli", "uncompressed"])
def test_reads_what_duckdb_writes(tmp_path: Path, codec: str, version: str, nulls: str, count_cells: Counter) -> None:
    path = tmp_path / "file.parquet"
    table = make_table(nulls, 5000)
    # It has no halves and no durations; what it writes for an interval of its own is no flat type.
    table = table.drop_columns(
        [name for name in table.column_names if name.startswith(("float16", "null", "duration"))]
    )
    session = duckdb.connect()
    session.register("source", table)
    session.execute(
        f"copy (select *, row_number() over ()::hugeint as big, uuid() as id from source) to '{path}' "
        f"(format parquet, codec '{codec}', parquet_version '{version}', row_group_size 2048)"
    )
    # PyArrow cannot read DuckDB's delta pages of no values, so the expectation comes from DuckDB.
    expected = session.sql(f"select * exclude (id) from read_parquet('{path}')").to_arrow_table()
    found = dump(path)
    uuid = found.pop("id")
    assert uuid["type"] == "binary(16)"
    session.execute(f"select id from read_parquet('{path}')")
    assert [bytes.fromhex(value) for value in uuid["values"]] == [row[0].bytes for row in session.fetchall()]
    count_cells("written by DuckDB, read by Varve", 1 + expect_columns(found, expected, check_types=False))


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("shape", ["sorted", "unsorted", "with_nulls"])
@pytest.mark.parametrize("column", ["timestamp_ns_utc", "timestamp_s", "date", "timestamp_us_zone"])
def test_reads_a_range(
    tmp_path: Path, column: str, shape: str, version: str, index: bool, count_cells: Counter
) -> None:
    table = make_table("some" if shape == "with_nulls" else "none", 3000)
    if shape == "sorted":
        table = table.sort_by(column)
    path = tmp_path / "file.parquet"
    pq.write_table(table, path, row_group_size=900, data_page_size=600, write_batch_size=50, write_page_index=index,
                   data_page_version=version)  # fmt: skip
    moments = table[column].cast(pa.int32() if column == "date" else pa.int64())
    unit = 86_400 * 10**9 if column == "date" else NANOSECONDS[table[column].type.unit]
    ordered = sorted(value for value in moments.to_pylist() if value is not None)
    cells = 0
    for low, high in [(0, 5), (100, 101), (850, 1900), (2100, 2100), (0, len(ordered) - 1), (700, 600)]:
        start, end = ordered[low], ordered[high]
        mask = pc.and_kleene(pc.greater_equal(moments, start), pc.less_equal(moments, end))
        mode = "sorted-range" if shape == "sorted" else "range"
        # One nanosecond less at either end of a coarser unit leaves its values outside.
        found = dump(path, mode, column, start * unit, end * unit)
        cells += expect_columns(found, table.filter(mask))
        if unit > 1:
            inner = pc.and_kleene(pc.greater(moments, start), pc.less(moments, end))
            cells += expect_columns(dump(path, mode, column, start * unit + 1, end * unit - 1), table.filter(inner))
    count_cells("ranges read by Varve", cells)


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize("nulls", ["none", "some"])
def test_reads_rows_by_number(tmp_path: Path, nulls: str, index: bool, count_cells: Counter) -> None:
    table = make_table(nulls, 2000)
    path = tmp_path / "file.parquet"
    pq.write_table(table, path, row_group_size=900, data_page_size=600, write_batch_size=50, write_page_index=index)
    cells = 0
    for first, count in [(0, 1), (899, 2), (450, 1200), (1999, 5), (2000, 1), (0, 2000), (77, 0)]:
        cells += expect_columns(dump(path, "rows", first, count), table.slice(first, count))
    count_cells("ranges read by Varve", cells)


def test_reads_flat_columns_beside_nested_ones(tmp_path: Path) -> None:
    table = make_table("some", ROWS, ["int64", "string", "float64"])
    lists = pa.array([[1, 2], None, []] * ROWS).slice(0, ROWS)
    structs = pa.array([{"x": 1, "y": "a"}] * ROWS)
    mixed = pa.table({"lists": lists, "int64": table["int64"], "structs": structs, "string": table["string"],
                      "float64": table["float64"]})  # fmt: skip
    path = tmp_path / "file.parquet"
    pq.write_table(mixed, path)
    with pytest.raises(RuntimeError, match=r"NotSupported.*lists"):
        dump(path)
    expect_columns(dump(path, "columns", "float64,int64"), table.select(["float64", "int64"]))
    with pytest.raises(RuntimeError, match=r"NotSupported.*lists"):
        dump(path, "columns", "lists")
    with pytest.raises(RuntimeError, match=r"NotFound.*nowhere"):
        dump(path, "columns", "nowhere")


def test_reads_a_foreign_file_of_trades() -> None:
    shared = Path(os.environ.get("VARVE_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    path = shared / "ticks" / "btcusdt-trades.parquet"
    if not path.exists():
        pytest.skip(f"{path} is not on this machine; VARVE_SHARED_DATA names the folder that holds it")
    expected = pq.read_table(path)
    assert expected.num_rows == 2001
    expect_columns(dump(path), expected)
