"""What tables are made of: frames with an index, relations, record batches one after the other."""

import datetime
import pathlib
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import make_bars

import varve

UTC = datetime.UTC
TIMES = pd.date_range("2024-01-01", periods=3, freq="min", tz="UTC").as_unit("ns")


@pytest.mark.parametrize("name", ["timestamp", None])
def test_an_index_of_times_is_the_column_timestamp(lake: varve.Lake, name: str | None) -> None:
    frame = pd.DataFrame({"close": [1.0, 2.0, 3.0]}, index=TIMES.rename(name))
    lake.write("k", frame)
    assert lake.info("k").index == "timestamp"
    assert lake.read("k").schema == {"timestamp": "timestamp[ns, UTC]", "close": "float64"}
    assert lake.read("k").to_pandas(index="timestamp").index.tolist() == TIMES.tolist()


def test_a_named_index_is_a_column_and_one_of_numbers_is_none() -> None:
    assert varve.Table(pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name="symbol"))).column_names == ["symbol", "a"]
    levels = pd.MultiIndex.from_tuples([("x", 1)], names=["symbol", "level"])
    assert varve.Table(pd.DataFrame({"a": [1]}, index=levels)).column_names == ["symbol", "level", "a"]
    filtered = pd.DataFrame({"a": [1, 2, 3]}).query("a > 1")
    assert varve.Table(filtered).schema == {"a": "int64"} and varve.Table(filtered)["a"].tolist() == [2, 3]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"timestamp": [1, 2, 3]}, index=TIMES), "timestamp"),
        (pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_tuples([("x", 1)], names=["symbol", None])), "levels"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "column a is there more than once"),
        (pd.DataFrame({"a": [1, "x"]}), "a"),
        (pd.DataFrame({"a": [2**70]}), "too large"),
        (pd.DataFrame({"a": pd.period_range("2024", periods=2, freq="D")}), "column a: no column type for period"),
    ],
    ids=["taken", "half named", "twice", "mixed", "beyond 64 bits", "periods"],
)
def test_frames_that_are_no_table_are_refused(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(varve.InvalidArgumentError, match=message):
        varve.Table(frame)


def test_nothing_of_pandas_is_kept_with_the_rows(lake: varve.Lake) -> None:
    lake.write("k", pd.DataFrame({"close": [1.0, 2.0, 3.0]}, index=TIMES))
    assert b"pandas" not in (pa.table(lake.read("k")).schema.metadata or {})


def test_a_naive_index_of_pandas_is_refused_unless_said_to_be_utc(tmp_path: Any) -> None:
    frame = pd.DataFrame({"close": [1.0, 2.0, 3.0]}, index=TIMES.tz_localize(None))
    with varve.open(tmp_path / "lake") as lake, pytest.raises(varve.InvalidArgumentError, match="zone"):
        lake.write("k", frame)
    with varve.open(tmp_path / "lake", naive="utc") as lake:
        lake.write("k", frame)
        assert lake.read("k")["timestamp"].tolist() == [moment.value for moment in TIMES]


WITHOUT_PYARROW = """
import sys
sys.modules["pyarrow"] = None
import numpy as np
import pandas as pd
import varve

times = pd.date_range("2024-01-01", periods=3, freq="min", tz="America/New_York").as_unit("us")
frame = pd.DataFrame(
    {
        "n": np.array([1, 2, 3], "int16"),
        "x": np.array([0.5, float("nan"), 2.5], "float32"),
        "text": ["a", None, "c"],
        "flag": [True, False, True],
        "nullable": pd.array([1, None, 3], dtype="Int64"),
        "naive": times.tz_localize(None),
    },
    index=times,
)
table = varve.Table(frame)
print(table.schema)
print({name: array.tolist() for name, array in table[["n", "x", "text", "flag", "nullable"]].to_numpy().items()})
"""


def test_pandas_goes_in_without_pyarrow() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT_PYARROW], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    schema, rows = run.stdout.splitlines()
    assert schema == str(
        {
            "timestamp": "timestamp[us, America/New_York]",
            "n": "int16",
            "x": "float32",
            "text": "string",
            "flag": "boolean",
            "nullable": "int64",
            "naive": "timestamp[us]",
        }
    )
    assert rows == str(
        {
            "n": [1, 2, 3],
            "x": [0.5, float("nan"), 2.5],
            "text": ["a", None, "c"],
            "flag": [True, False, True],
            "nullable": [1, None, 3],
        }
    )


def test_duckdb_relations_go_in(lake: varve.Lake) -> None:
    rows = (
        "select timestamptz '2024-01-01 00:00:00Z' + to_minutes(i::int) as timestamp, i / 2 as close from range(5) t(i)"
    )
    lake.write("k", duckdb.sql(rows))
    assert lake.read("k")["close"].tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert lake.read("k").schema["timestamp"].startswith("timestamp[us, ")


def test_structured_arrays_go_in() -> None:
    records = np.array([(1, 0.5), (2, 1.5)], dtype=[("n", "int32"), ("x", "float64")])
    assert varve.Table(records) == varve.Table({"n": np.array([1, 2], "int32"), "x": [0.5, 1.5]})


STOCK = pathlib.Path(__file__).parents[2] / "examples" / "data" / "stocks" / "AAPL.csv.gz"


def read_stock(library: str) -> Any:
    """Bars of a stock as a user of the library reads them, with the day as a moment UTC."""
    if library == "pandas":
        frame = pd.read_csv(STOCK, index_col="Date", parse_dates=True)
        return frame.tz_localize("UTC").rename_axis("timestamp").rename(columns=str.lower)
    if library == "duckdb":
        return duckdb.sql(f"select date::timestamptz as timestamp, columns(* exclude Date) from read_csv('{STOCK}')")
    frame = pl.read_csv(STOCK, try_parse_dates=True).rename(str.lower)
    moments = pl.col("date").cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias("timestamp")
    polars = frame.select(moments, pl.exclude("date"))
    batches = polars.to_arrow().to_batches(max_chunksize=100)
    forms = {"polars": polars, "pyarrow": polars.to_arrow(), "batches": iter(batches), "dict": polars.to_dict()}
    return forms[library]


@pytest.mark.parametrize("library", ["polars", "pyarrow", "batches", "dict", "pandas", "duckdb"])
def test_real_bars_are_the_same_by_every_library(lake: varve.Lake, library: str) -> None:
    duckdb.sql("set timezone = 'UTC'")
    lake.write("stock", read_stock(library), kind="ohlcv")
    read = lake.read("stock").to_polars().rename(str.lower)
    expected: pl.DataFrame = read_stock("polars")
    read = read.with_columns(pl.col("timestamp").dt.cast_time_unit("us"))
    assert read.equals(expected.select(read.columns)) and set(read.columns) == set(expected.columns)
    assert read.height == 3_270


def test_batches_become_one_table() -> None:
    whole = pa.table({"a": range(10), "text": [str(n) for n in range(10)]})
    assert varve.Table(iter(whole.to_batches(max_chunksize=3))) == varve.Table(whole)
    assert varve.Table([whole.slice(0, 4), whole.slice(4)]) == varve.Table(whole)
    assert varve.Table(whole.to_reader(max_chunksize=3)) == varve.Table(whole)
    assert varve.Table([whole]) == varve.Table(whole)


def test_batches_of_every_sort_are_written(lake: varve.Lake) -> None:
    def pieces() -> Iterator[object]:
        yield make_bars(0, 3)
        yield make_bars(3, 1).head(0)
        yield make_bars(3, 2).to_arrow()
        yield varve.Table(make_bars(5, 4))

    assert lake.write("k", pieces()).rows_added == 9
    assert lake.read("k").to_polars().equals(make_bars(0, 9).with_columns(lake.read("k").to_polars()["volume"]))
    lake.write("copy", lake.read_batches("k", batch_rows=2))
    assert lake.read("copy") == lake.read("k")


def test_many_batches_are_joined_in_order() -> None:
    pieces = [pl.DataFrame({"a": range(at, at + 10)}) for at in range(0, 5_000, 10)]
    assert varve.Table(piece for piece in pieces)["a"].tolist() == list(range(5_000))


def test_what_batches_were_made_of_is_let_go() -> None:
    before = pa.total_allocated_bytes()
    table = varve.Table(pa.table({"a": pa.array(range(10_000))}) for _ in range(10))
    assert len(table) == 100_000 and pa.total_allocated_bytes() == before


def test_batches_of_other_columns_are_refused() -> None:
    with pytest.raises(varve.SchemaCompatibilityError, match="table 1 has the columns {'b': 'int64'}"):
        varve.Table([{"a": [1]}, {"b": [1]}])
    with pytest.raises(varve.InvalidArgumentError, match="found none"):
        varve.Table(iter([]))
    with pytest.raises(varve.InvalidArgumentError, match="__arrow_c_stream__"):
        varve.Table([1, 2])


def test_what_an_iterator_raises_comes_out() -> None:
    def pieces() -> Iterator[object]:
        yield {"a": [1]}
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError, match="the source broke"):
        varve.Table(pieces())


def test_a_plan_is_to_be_collected_first() -> None:
    with pytest.raises(varve.InvalidArgumentError, match="collect"):
        varve.Table(pl.LazyFrame({"a": [1]}))


def test_masked_values_are_null() -> None:
    times = np.ma.MaskedArray(np.array(["2024-01-01", "NaT", "2024-01-03"], "datetime64[ms]"), [True, False, False])
    table = varve.Table({"n": np.ma.MaskedArray([1, 2, 3], [False, True, False]), "when": times})
    assert table.schema == {"n": "int64", "when": "timestamp[ms]"}
    assert table.to_arrow().to_pydict() == {"n": [1, None, 3], "when": [None, None, datetime.datetime(2024, 1, 3)]}


@pytest.mark.parametrize("source", ["text", b"bytes", {"a"}, 5, None])
def test_what_is_no_table_says_what_one_is(source: object) -> None:
    with pytest.raises(varve.InvalidArgumentError, match="__arrow_c_stream__"):
        varve.Table(source)
