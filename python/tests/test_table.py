"""Tables in and out: every library that speaks Arrow, and dicts of columns."""

import datetime
import decimal
import sys

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import varve

UTC = datetime.UTC
EVERY_TYPE = pa.table(
    {
        "bool": pa.array([True, None, False]),
        "int8": pa.array([1, None, -3], pa.int8()),
        "uint16": pa.array([1, None, 3], pa.uint16()),
        "int64": pa.array([1, None, 2**62], pa.int64()),
        "uint64": pa.array([1, None, 2**64 - 1], pa.uint64()),
        "half": pa.array([np.float16(1.5), None, np.float16(-2)], pa.float16()),
        "float": pa.array([1.5, None, -2.5], pa.float32()),
        "double": pa.array([0.1, None, float("nan")], pa.float64()),
        "decimal": pa.array([decimal.Decimal("1.25"), None, decimal.Decimal("-3.50")], pa.decimal128(20, 2)),
        "date": pa.array([datetime.date(2024, 2, 29), None, datetime.date(1969, 12, 31)]),
        "time_ms": pa.array([1, None, 86_399_999], pa.time32("ms")),
        "time_ns": pa.array([1, None, 86_399_999_999_999], pa.time64("ns")),
        "s": pa.array([1, None, -5], pa.timestamp("s")),
        "ms": pa.array([1, None, -5], pa.timestamp("ms", "UTC")),
        "us": pa.array([1, None, -5], pa.timestamp("us", "America/New_York")),
        "ns": pa.array([1, None, -5], pa.timestamp("ns", "+02:00")),
        "duration": pa.array([1, None, -5], pa.duration("us")),
        "string": pa.array(["a", None, "żółć"]),
        "large_string": pa.array(["a", None, ""], pa.large_string()),
        "binary": pa.array([b"a\0", None, b""]),
        "fixed": pa.array([b"ab", None, b"cd"], pa.binary(2)),
        "dictionary": pa.array(["x", None, "y"]).dictionary_encode(),
    }
)


def test_every_flat_type_goes_in_and_out() -> None:
    back = varve.Table(EVERY_TYPE).to_arrow()
    back.validate(full=True)
    with_64_bit_offsets = {
        "string": pa.large_string(),
        "binary": pa.large_binary(),
        "dictionary": pa.dictionary(pa.int32(), pa.large_string()),
    }
    for name in EVERY_TYPE.column_names:
        expected = EVERY_TYPE[name]
        assert back[name].type == with_64_bit_offsets.get(name, expected.type), name
        assert back[name].combine_chunks().to_pylist().__repr__() == expected.combine_chunks().to_pylist().__repr__()


def test_slices_of_foreign_tables_keep_their_rows() -> None:
    chunked = pa.concat_tables([EVERY_TYPE.slice(1, 2), EVERY_TYPE, EVERY_TYPE.slice(2, 1)])
    back = varve.Table(chunked).to_arrow()
    assert back["string"].to_pylist() == [None, "żółć", "a", None, "żółć", "żółć"]
    assert back["bool"].to_pylist() == [None, False, True, None, False, False]


def test_polars_frames_go_in_and_out() -> None:
    frame = pl.DataFrame(
        {
            "text": ["a", None, "a longer text than twelve bytes"],
            "category": pl.Series(["x", "y", "x"], dtype=pl.Categorical),
            "when": pl.Series([1, 2, None], dtype=pl.Int64).cast(pl.Datetime("us", "UTC")),
            "price": pl.Series(["1.5", "2.25", None], dtype=pl.String).cast(pl.Decimal(10, 2)),
        }
    )
    assert varve.Table(frame).to_polars().equals(frame)


def test_pandas_and_duckdb_go_in_and_out() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, None], "c": ["x", "y"]})
    assert varve.Table(frame).to_pandas().equals(frame)
    relation = duckdb.sql("select 1::bigint as one, 'x' as letter")
    letters = varve.Table(relation)
    assert letters.schema == {"one": "int64", "letter": "string"}
    assert duckdb.sql("select letter from letters").fetchall() == [("x",)]


def test_a_dict_of_lists_gets_types_from_its_values() -> None:
    moment = datetime.datetime(2024, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
    table = varve.Table(
        {
            "when": [moment, None],
            "day": [datetime.date(2024, 1, 1), None],
            "flag": [True, None],
            "whole": [1, None],
            "huge": [2**64 - 1, 0],
            "number": [1, 2.5],
            "text": ["a", None],
            "bytes": [b"a", None],
            "exact": [decimal.Decimal("1.25"), decimal.Decimal("-3")],
            "nothing": [None, None],
        }
    )
    assert list(table.schema.values()) == [
        "timestamp[ns, UTC]",
        "date",
        "boolean",
        "int64",
        "uint64",
        "float64",
        "string",
        "binary",
        "decimal(38, 2)",
        "null",
    ]
    row = table.to_arrow().to_pylist()[0]
    assert row["when"] == pd.Timestamp(moment) and row["exact"] == decimal.Decimal("1.25") and row["number"] == 1.0


def test_a_dict_of_arrays_keeps_their_types() -> None:
    table = varve.Table(
        {
            "f4": np.array([1.5, 2.5], dtype="float32"),
            "big_endian": np.array([1, 2], dtype=">i4"),
            "strided": np.arange(4, dtype="uint8")[::2],
            "when": np.array(["2024-01-01", "NaT"], dtype="datetime64[ms]"),
            "series": pl.Series([1, 2], dtype=pl.Int16),
            "arrow": pa.array(["a", "b"]),
            "pandas": pd.Series([1.0, 2.0]),
        }
    )
    assert list(table.schema.values()) == [
        "float32",
        "int32",
        "uint8",
        "timestamp[ms]",
        "int16",
        "string",
        "float64",
    ]
    columns = table.to_arrow().to_pydict()
    assert columns["big_endian"] == [1, 2] and columns["strided"] == [0, 2] and columns["when"][1] is None


def test_lists_of_numpy_scalars_keep_their_type() -> None:
    table = varve.Table(
        {
            "f4": [np.float32(1.5), None],
            "f8": [np.float64(0.1), None],
            "i1": [np.int8(-3), None],
            "u8": [np.uint64(2**64 - 1), None],
            "flag": [None, np.bool_(True)],
            "when": [np.datetime64("2024-01-01", "ms"), None],
            "long": [np.timedelta64(5, "us"), None],
            "mixed": [np.int8(1), 2],
            "number": [np.float32(1.5), 2],
        }
    )
    types = ["float32", "float64", "int8", "uint64", "boolean", "timestamp[ms]", "duration[us]", "int64", "float64"]
    assert list(table.schema.values()) == types
    columns = table.to_arrow().to_pydict()
    assert columns["i1"] == [-3, None] and columns["u8"] == [2**64 - 1, None] and columns["flag"] == [None, True]
    assert columns["when"] == [datetime.datetime(2024, 1, 1), None] and columns["number"] == [1.5, 2.0]


@pytest.mark.parametrize(
    ("values", "kind"),
    [(pd.array([1, None], dtype="Int64"), "int64"), (pd.array([True, None], dtype="boolean"), "boolean")],
)
def test_pandas_arrays_with_nulls_are_taken(values: object, kind: str) -> None:
    table = varve.Table({"a": values})
    assert table.schema == {"a": kind} and table.to_arrow()["a"].to_pylist() == [1, None]


def test_not_a_time_is_null() -> None:
    moment = pd.Timestamp("2024-01-01T00:00:00.000000001Z")
    table = varve.Table({"when": [moment, pd.NaT], "nothing": [pd.NaT, None], "whole": [1, pd.NA]})
    assert table.schema == {"when": "timestamp[ns, UTC]", "nothing": "null", "whole": "int64"}
    assert table.to_arrow().to_pydict() == {"when": [moment, None], "nothing": [None, None], "whole": [1, None]}


def test_whole_numbers_among_others_stay_exact() -> None:
    assert varve.Table({"x": [2**53, -1, 1.5]}).to_arrow()["x"].to_pylist() == [2.0**53, -1.0, 1.5]
    with pytest.raises(varve.InvalidArgumentError, match="column x: 9007199254740993 is no float64"):
        varve.Table({"x": [2**53 + 1, 1.5]})


def test_decimals_of_any_exponent_are_taken_or_refused() -> None:
    values = [decimal.Decimal("0E+999999999"), decimal.Decimal("1E+30"), decimal.Decimal("-1.5")]
    assert varve.Table({"x": values}).to_arrow()["x"].to_pylist() == [0, values[1], values[2]]
    with pytest.raises(varve.InvalidArgumentError, match="column x: decimal 1E-50 has more than 38 places"):
        varve.Table({"x": [decimal.Decimal("1E-50")]})
    with pytest.raises(varve.InvalidArgumentError, match="column x: decimal 1E.999999999 has more than 38 digits"):
        varve.Table({"x": [decimal.Decimal("1E+999999999")]})


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [1], "b": [1, 2]}, "rows|length"),
        ({"a": [1, "x"]}, "column a"),
        ({"a": [2**64]}, "64 bits"),
        ({"a": "text"}, "column a"),
        ({"a": 5}, "column a"),
        ({"a": [object()]}, "column a"),
        ({"a": np.zeros((2, 2))}, "one dimension"),
        ({"a": [datetime.datetime(2024, 1, 1)]}, "column a: .* zone"),
        ({"a": [decimal.Decimal("NaN")]}, "column a: .* finite"),
        ({"a": [np.longdouble(1)]}, "column a: no column type"),
        ({"a": np.zeros(2, dtype="complex64")}, "column a: no column type for complex64"),
        ({"a": [np.datetime64("2024-01-01"), datetime.date(2024, 1, 1)]}, "column a: no column type"),
    ],
)
def test_bad_columns_are_refused(columns: dict[str, object], message: str) -> None:
    with pytest.raises(varve.InvalidArgumentError, match=message):
        varve.Table(columns)


@pytest.mark.parametrize("name", ["a\0b", "", "\ud800"])
def test_names_that_not_every_reader_can_hold_are_refused(name: str) -> None:
    with pytest.raises(varve.InvalidArgumentError, match="name"):
        varve.Table({"good": [1], name: [1]})


@pytest.mark.parametrize("source", [5, None])
def test_what_is_no_table_is_refused(source: object) -> None:
    with pytest.raises(varve.InvalidArgumentError, match="__arrow_c_stream__"):
        varve.Table(source)


def test_nested_columns_are_refused_by_name() -> None:
    with pytest.raises(varve.NotSupportedError, match="levels"):
        varve.Table(pa.table({"levels": [[1, 2]]}))


def test_tables_can_be_sliced_and_read_again() -> None:
    table = varve.Table({"a": list(range(10))})
    assert [len(table), len(table[:3]), len(table[-2:]), len(table[20:])] == [10, 3, 2, 0]
    assert table[7:].to_arrow() == table[7:].to_arrow() == pa.table({"a": [7, 8, 9]})
    with pytest.raises(TypeError):
        table[0]  # type: ignore[index]
    with pytest.raises(ValueError, match="step"):
        table[::2]


def test_tables_compare_by_content() -> None:
    assert varve.Table({"a": [1.0, float("nan")]}) == varve.Table({"a": [1.0, float("nan")]})
    assert varve.Table({"a": [1]}) != varve.Table({"a": [2]})
    assert varve.Table({"a": [1]}) != varve.Table({"b": [1]})


def test_tables_show_themselves() -> None:
    table = varve.Table({"name": ["<b>"] * 30, "value": [1.5] * 30})
    assert "name" in repr(table) and "30 rows" in repr(table)
    page = table._repr_html_()
    assert "&lt;b&gt;" in page and "<b>" not in page and page.count("<tr>") == 12


def test_memory_is_shared_where_layouts_agree() -> None:
    values = pa.array(np.arange(1_000, dtype="float64"))
    back = varve.Table(pa.table({"a": values})).to_arrow()
    assert back["a"].chunk(0).buffers()[1].address == values.buffers()[1].address  # type: ignore[union-attr]


def test_exported_memory_outlives_the_table() -> None:
    arrow = varve.Table({"a": list(range(100_000))}).to_arrow()
    assert arrow["a"].to_pylist()[-1] == 99_999


def test_streams_are_released() -> None:
    values = pa.array(np.arange(1_000, dtype="float64"))
    before = sys.getrefcount(values)
    for _ in range(100):
        table = varve.Table(pa.table({"a": values}))
        table.__arrow_c_stream__()
    del table
    assert sys.getrefcount(values) == before


def test_optional_packages_are_named_when_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match="to_polars needs polars"):
        varve.Table({"a": [1]}).to_polars()
