"""Columns as NumPy arrays: types, nulls, and whose memory they are."""

import datetime
import decimal
import gc
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import varve

UTC = datetime.UTC


def address(array: "np.ndarray[Any, Any]") -> int:
    return int(array.__array_interface__["data"][0])


def arrow_address(column: Any) -> int:
    return int(column.chunk(0).buffers()[1].address)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (pa.array([1, 2, 3], pa.int8()), "int8"),
        (pa.array([1, 2, 3], pa.uint64()), "uint64"),
        (pa.array([0.5, 1.5, float("nan")]), "float64"),
        (pa.array([0.5, 1.5, 2.5], pa.float32()), "float32"),
        (pa.array(np.array([0.5, 1.5, 2.5], "float16")), "float16"),
        (pa.array([1, 2, 3], pa.timestamp("ns", "UTC")), "datetime64[ns]"),
        (pa.array([1, 2, 3], pa.timestamp("us", "America/New_York")), "datetime64[us]"),
        (pa.array([1, 2, 3], pa.duration("ms")), "timedelta64[ms]"),
        (pa.array([1, 2, 3], pa.time64("ns")), "timedelta64[ns]"),
    ],
    ids=str,
)
def test_numbers_and_times_share_the_tables_memory(values: pa.Array, dtype: str) -> None:
    table = varve.Table(pa.table({"a": values, "b": values}))
    arrays = table.to_numpy()
    assert arrays["b"].dtype == dtype and arrays["b"].shape == (3,)
    assert address(arrays["b"]) == arrow_address(table.to_arrow()["b"])
    np.testing.assert_array_equal(arrays["a"].view(f"u{values.type.bit_width // 8}"), raw(values))
    part = table[1:]["a"]
    assert len(part) == 2 and address(part) == address(table["a"]) + values.type.bit_width // 8


def raw(values: pa.Array) -> Any:
    return np.frombuffer(values.buffers()[1], f"u{values.type.bit_width // 8}")[: len(values)]


def test_arrays_cannot_be_changed_and_outlive_the_table() -> None:
    array = varve.Table({"a": np.arange(100_000, dtype="float64")})["a"]
    gc.collect()
    assert not array.flags.writeable and array[-1] == 99_999
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


def test_memory_goes_with_the_last_array_over_it() -> None:
    before = pa.total_allocated_bytes()
    table = varve.Table(pa.table({"a": pa.array(range(100_000))}))
    array = table["a"][10:]
    del table
    gc.collect()
    assert pa.total_allocated_bytes() >= before + 800_000 and array[0] == 10
    del array
    gc.collect()
    assert pa.total_allocated_bytes() == before


def test_what_numpy_has_no_room_for_is_widened() -> None:
    table = varve.Table(
        pa.table(
            {
                "day": pa.array([datetime.date(2024, 2, 29), datetime.date(1969, 12, 31)]),
                "clock": pa.array([1, 86_399_999], pa.time32("ms")),
                "flag": pa.array([True, False]),
            }
        )
    )
    arrays = table.to_numpy()
    assert arrays["day"].tolist() == [datetime.date(2024, 2, 29), datetime.date(1969, 12, 31)]
    assert arrays["clock"].dtype == "timedelta64[ms]" and arrays["clock"].view("int64").tolist() == [1, 86_399_999]
    assert arrays["flag"].dtype == bool and arrays["flag"].tolist() == [True, False]


def test_nulls_are_nan_not_a_time_or_masked() -> None:
    table = varve.Table(
        {
            "number": [0.5, None],
            "when": [datetime.datetime(2024, 1, 1, tzinfo=UTC), None],
            "day": [datetime.date(2024, 1, 1), None],
            "whole": [2**62 + 1, None],
            "flag": [None, True],
        }
    )
    arrays = table.to_numpy()
    assert np.isnan(arrays["number"][1]) and np.isnat(arrays["when"][1]) and np.isnat(arrays["day"][1])
    assert isinstance(arrays["whole"], np.ma.MaskedArray) and arrays["whole"].tolist() == [2**62 + 1, None]
    assert arrays["flag"].tolist() == [None, True]
    assert table[:1]["whole"].tolist() == [2**62 + 1]


def test_other_values_are_objects() -> None:
    table = varve.Table(
        pa.table(
            {
                "text": ["żółć", None, ""],
                "raw": [b"\xff", None, b""],
                "fixed": pa.array([b"ab", None, b"cd"], pa.binary(2)),
                "price": pa.array([decimal.Decimal("-1.25"), None, decimal.Decimal(10**20)], pa.decimal128(30, 2)),
                "side": pa.array(["B", None, "S"]).dictionary_encode(),
                "nothing": pa.nulls(3),
            }
        )
    )
    arrays = table.to_numpy()
    assert {array.dtype.kind for array in arrays.values()} == {"O"}
    assert {name: array.tolist() for name, array in arrays.items()} == table.to_arrow().to_pydict()
    assert {name: array.tolist() for name, array in table[2:].to_numpy().items()} == table[2:].to_arrow().to_pydict()
    assert str(arrays["price"][0]) == "-1.25"


def test_no_rows_are_arrays_of_their_types() -> None:
    schema = {"a": pa.int64(), "b": pa.string(), "c": pa.timestamp("ns", "UTC"), "d": pa.bool_(), "e": pa.date32()}
    arrays = varve.Table(pa.schema(schema).empty_table()).to_numpy()
    assert [array.dtype.str for array in arrays.values()] == ["<i8", "|O", "<M8[ns]", "|b1", "<M8[D]"]
    assert all(len(array) == 0 for array in arrays.values())


def test_tables_are_made_of_their_arrays_again() -> None:
    table = varve.Table({"a": [1, 2], "b": [0.5, float("nan")], "c": ["x", None], "d": [True, False]})
    assert varve.Table(table.to_numpy()) == table  # type: ignore[arg-type]
    masked = varve.Table({"a": [1, None], "b": [None, True]})
    assert varve.Table(masked.to_numpy()) == masked


def test_columns_are_taken_by_name() -> None:
    table = varve.Table({"open": [1.0, 2.0], "close": [1.5, 2.5], "volume": [1, 2]})
    assert table["close"].mean() == 2.0
    assert table[["volume", "open"]].column_names == ["volume", "open"]
    matrix = np.column_stack(list(table[["open", "close"]].to_numpy().values()))
    assert matrix.tolist() == [[1.0, 1.5], [2.0, 2.5]]
    with pytest.raises(varve.DataNotFoundError, match="vwap"):
        table["vwap"]
    with pytest.raises(TypeError, match="int"):
        table[0]  # type: ignore[call-overload]


def test_polars_shares_the_tables_memory() -> None:
    table = varve.Table({"a": np.arange(1_000, dtype="float64")})
    assert address(table.to_polars()["a"].to_numpy(allow_copy=False)) == address(table["a"])


def test_frames_of_pandas_own_their_memory_and_may_be_changed() -> None:
    table = varve.Table({"a": [1.5, 2.5], "when": [datetime.datetime(2024, 1, 1, tzinfo=UTC)] * 2, "text": ["x", None]})
    frame = table.to_pandas()
    assert str(frame["when"].dtype) == "datetime64[ns, UTC]"
    assert frame["text"].dtype == ("str" if pd.__version__ >= "3" else "object") and frame["text"].isna()[1]
    frame.loc[0, "a"] = 9.0
    frame["a"] += 1
    assert frame["a"].tolist() == [10.0, 3.5] and table["a"].tolist() == [1.5, 2.5]


def test_a_column_becomes_the_index_of_a_pandas_frame() -> None:
    table = varve.Table({"timestamp": [datetime.datetime(2024, 1, 1, tzinfo=UTC)], "close": [1.5]})
    frame = table.to_pandas(index="timestamp")
    assert isinstance(frame.index, pd.DatetimeIndex) and frame.index.name == "timestamp"
    assert list(frame.columns) == ["close"] and varve.Table(frame) == table
    with pytest.raises(varve.DataNotFoundError, match="time"):
        table.to_pandas(index="time")


@pytest.mark.parametrize("rows", [0, 1_000])
def test_an_asked_for_schema_chooses_among_representations(rows: int) -> None:
    table = varve.Table(pa.table({"text": ["a", "b"] * (rows // 2), "n": pa.array(range(rows), pa.int64())}))
    wanted = pa.schema({"text": pa.string_view(), "n": pa.int64()})
    capsule = table.__arrow_c_stream__(wanted.__arrow_c_schema__())
    arrow = pa.RecordBatchReader._import_from_c_capsule(capsule).read_all()
    assert arrow.schema == wanted and arrow["n"].to_pylist() == list(range(rows))
    assert pa.table(table, schema=wanted).schema == wanted


def test_an_asked_for_schema_of_other_columns_or_values_is_refused() -> None:
    table = varve.Table({"text": ["a"], "n": [300]})
    for other, message in (
        (pa.schema({"text": pa.string()}), "requested"),
        (pa.schema({"text": pa.string(), "m": pa.int64()}), "'m'"),
        (pa.schema({"text": pa.string(), "n": pa.int8()}), "300"),
    ):
        with pytest.raises(varve.InvalidArgumentError, match=message):
            pa.RecordBatchReader._import_from_c_capsule(table.__arrow_c_stream__(other.__arrow_c_schema__())).read_all()


def test_streams_are_asked_for_a_schema_too(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    stream = lake.read_batches("k", columns=["volume"], batch_rows=400)
    capsule = stream.__arrow_c_stream__(pa.schema({"volume": pa.float64()}).__arrow_c_schema__())
    batches = list(pa.RecordBatchReader._import_from_c_capsule(capsule))
    assert [len(batch) for batch in batches] == [400, 400, 200] and batches[0].schema.field(0).type == pa.float64()
    assert list(stream) == []
