"""Types that only one program has a name for, Varve reads as what Parquet makes of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from canonical import first_difference, universal_varve_values, varve_values
from reading_test import expect_columns
from sample_tables import cached_table
from varve_tool import dump

Counter = Callable[[str, int], None]
ROWS = 700

# Of an Arrow type: the column whose values it holds here, and the type that Varve gives it.
ARROW_TYPES: dict[str, tuple[pa.DataType, str, pa.DataType]] = {
    "string_view": (pa.string_view(), "string", pa.string()),
    "binary_view": (pa.binary_view(), "binary", pa.binary()),
    "large_binary": (pa.large_binary(), "binary", pa.binary()),
    "uuid": (pa.uuid(), "uuid_bytes", pa.binary(16)),
    "json": (pa.json_(), "string", pa.string()),
    "decimal32": (pa.decimal32(5, 2), "decimal_5_2", pa.decimal128(5, 2)),
    "decimal64": (pa.decimal64(18, 5), "decimal_18_5", pa.decimal128(18, 5)),
    "decimal256": (pa.decimal256(38, 10), "decimal_38_10", pa.decimal128(38, 10)),
    "dictionary_of_integers": (pa.dictionary(pa.int16(), pa.int64()), "int16", pa.int64()),
    "dictionary_of_floats": (pa.dictionary(pa.int32(), pa.float64()), "price_on_grid", pa.float64()),
    "dictionary_of_bytes": (
        pa.dictionary(pa.int32(), pa.binary()), "binary", pa.dictionary(pa.int32(), pa.binary()),
    ),
}  # fmt: skip


@pytest.mark.parametrize("nulls", ["none", "some"])
@pytest.mark.parametrize("options", [{}, {"store_decimal_as_integer": True, "use_dictionary": False}], ids=str)
@pytest.mark.parametrize("name", ARROW_TYPES)
def test_reads_arrow_types(
    tmp_path: Path, name: str, options: dict[str, Any], nulls: str, count_cells: Counter
) -> None:
    kind, like, read_as = ARROW_TYPES[name]
    column = cached_table(nulls, ROWS, (like,))[like]
    plain = column.dictionary_encode() if pa.types.is_dictionary(read_as) else column.cast(read_as)
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type).dictionary_encode().cast(kind)
    elif isinstance(kind, pa.BaseExtensionType):
        column = kind.wrap_array(column.combine_chunks())
    else:
        column = column.cast(kind)
    path = tmp_path / "file.parquet"
    pq.write_table(pa.table({name: column}), path, row_group_size=300, **options)
    count_cells("written by PyArrow, read by Varve", expect_columns(dump(path), pa.table({name: plain})))


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize("codec", ["zstd", "uncompressed"])
def test_reads_polars_types(tmp_path: Path, codec: Any, nulls: bool, count_cells: Counter) -> None:
    letters = [None if nulls and row % 3 == 0 else "ABC"[row % 3] for row in range(ROWS)]
    numbers = [None if nulls and row % 5 == 0 else row for row in range(ROWS)]
    frame = pl.DataFrame({
        "categorical": pl.Series(letters, dtype=pl.Categorical),
        "enum": pl.Series(letters, dtype=pl.Enum(["A", "B", "C"])),
        "decimal": pl.Series(numbers).cast(pl.Decimal(12, 3)),
        "time": pl.Series(numbers).cast(pl.Time),
        "duration": pl.Series(numbers).cast(pl.Duration("ms")),
    })  # fmt: skip
    path = tmp_path / "file.parquet"
    frame.write_parquet(path, compression=codec, row_group_size=200)
    found = dump(path)
    for name in ("categorical", "enum"):
        assert first_difference(letters, found[name]["values"]) is None, name
    assert varve_values(found["decimal"]["type"], found["decimal"]["values"]) == frame["decimal"].to_list()
    assert universal_varve_values(found["time"]["type"], found["time"]["values"]) == numbers
    assert universal_varve_values(found["duration"]["type"], found["duration"]["values"]) == [
        None if number is None else number * 10**6 for number in numbers
    ]
    count_cells("written by Polars, read by Varve", frame.width)


# Of a DuckDB type: an expression over the integer i, the type that Varve gives it, and what Varve shows for i.
DUCKDB_TYPES: dict[str, tuple[str, str, Callable[[int], Any]]] = {
    "tinyint": ("(i % 100)::tinyint", "int8", lambda i: i % 100),
    "utinyint": ("(i % 256)::utinyint", "uint8", lambda i: i % 256),
    "smallint": ("(-i)::smallint", "int16", lambda i: -i),
    "usmallint": ("(i + 60000)::usmallint", "uint16", lambda i: i + 60000),
    "integer": ("(i * 100000)::integer", "int32", lambda i: i * 100000),
    "uinteger": ("(i + 4000000000)::uinteger", "uint32", lambda i: i + 4000000000),
    "bigint": ("i * 1000000000000", "int64", lambda i: i * 10**12),
    "ubigint": ("(i + 18000000000000000000)::ubigint", "uint64", lambda i: i + 18 * 10**18),
    "hugeint": ("i::hugeint", "float64", lambda i: str(i)),
    "boolean": ("i % 3 = 0", "boolean", lambda i: i % 3 == 0),
    "decimal_4_1": ("(i % 100)::decimal(4, 1)", "decimal(4, 1)", lambda i: f"{i % 100}.0"),
    "decimal_9_2": ("i::decimal(9, 2)", "decimal(9, 2)", lambda i: f"{i}.00"),
    "decimal_18_3": ("i::decimal(18, 3)", "decimal(18, 3)", lambda i: f"{i}.000"),
    "decimal_38_1": ("-i::decimal(38, 1)", "decimal(38, 1)", lambda i: f"{-i}.0" if i else "0.0"),
    "date": ("date '1970-01-01' + i::integer", "date", lambda i: i),
    "time": ("time '00:00:00' + to_seconds(i)", "time[us]", lambda i: i * 10**6),
    "timestamp_s": ("epoch_ms(i * 1000)::timestamp_s", "timestamp[us]", lambda i: i * 10**6),
    "timestamp_ms": ("epoch_ms(i)::timestamp_ms", "timestamp[ms]", lambda i: i),
    "timestamp": ("make_timestamp(i)", "timestamp[us]", lambda i: i),
    "timestamp_ns": ("make_timestamp_ns(i)", "timestamp[ns]", lambda i: i),
    "timestamptz": ("to_timestamp(i)", "timestamp[us, UTC]", lambda i: i * 10**6),
    "blob": ("i::varchar::blob", "binary", lambda i: str(i).encode().hex()),
    "json": ("('[' || i || ']')::json", "string", lambda i: f"[{i}]"),
    "enum": ("('x' || i % 3)::enum('x0', 'x1', 'x2')", "string", lambda i: f"x{i % 3}"),
    "interval": ("to_days((i % 9)::integer)", "binary(12)", lambda i: f"00000000{i % 9:02x}00000000000000"),
}


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize("version", ["V1", "V2"])
@pytest.mark.parametrize("options", ["codec 'zstd'", "codec 'lz4'", "codec 'uncompressed', dictionary_size_limit 1"])
def test_reads_duckdb_types(tmp_path: Path, options: str, version: str, nulls: bool, count_cells: Counter) -> None:
    path = tmp_path / "file.parquet"
    source = "if(i % 7 = 3, null, i)" if nulls else "i"
    columns = ", ".join(f"{expression} as {name}" for name, (expression, _, _) in DUCKDB_TYPES.items())
    duckdb.connect().execute(
        f"copy (select {columns} from (select {source} as i from range(5000) t(i))) to '{path}' "
        f"(format parquet, parquet_version '{version}', row_group_size 2048, {options})"
    )
    found = dump(path)
    for name, (_, kind, value) in DUCKDB_TYPES.items():
        expected = [None if nulls and i % 7 == 3 else value(i) for i in range(5000)]
        assert found[name]["type"] == kind, name
        difference = first_difference(expected, found[name]["values"])
        assert difference is None, f"{name}: {difference}"
    count_cells("written by DuckDB, read by Varve", len(found))
