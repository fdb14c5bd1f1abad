"""Many series at once, and rows piece by piece."""

import operator
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

import varve


def seconds(first: int, count: int) -> pl.DataFrame:
    """Rows at seconds first, first + 1, …, whose values are their seconds."""
    numbers = pl.Series("close", range(first, first + count))
    times = (numbers * 10**9).cast(pl.Datetime("ns", "UTC")).alias("timestamp")
    return pl.DataFrame([times, numbers])


@pytest.fixture
def pair(lake: varve.Lake) -> varve.Lake:
    lake.write("a", seconds(0, 10), target_rows_per_file=3)
    lake.write("b", seconds(5, 10), target_rows_per_file=4)
    return lake


def test_a_condition_is_an_expression_or_its_text(pair: varve.Lake) -> None:
    expected = pair.read("a").to_polars().filter(pl.col("close") > 6)
    assert pair.read("a", where=varve.col("close") > 6).to_polars().equals(expected)
    assert pair.read("a", where="close > 6").to_polars().equals(expected)
    assert pair.tail("a", 1, where="close < 3", columns=["close"]).to_polars()["close"].to_list() == [2]
    assert pair.head("a", 2, where="close > 3", columns=["close"]).to_polars()["close"].to_list() == [4, 5]
    with pytest.raises(varve.InvalidArgumentError, match="expected a value"):
        pair.read("a", where="close >")
    with pytest.raises(varve.InvalidArgumentError, match="condition"):
        pair.read("a", where=5)  # type: ignore[arg-type]


def test_batches_are_tables_and_a_stream(pair: varve.Lake) -> None:
    stream = pair.read_batches("a", batch_rows=4)
    assert isinstance(stream, varve.Stream)
    assert list(stream.schema) == ["timestamp", "close"]
    assert [len(table) for table in stream] == [4, 4, 2]
    whole = pair.read("a").to_polars()
    assert pl.DataFrame(pair.read_batches("a", batch_rows=4)).equals(whole)
    arrow = pa.RecordBatchReader.from_stream(pair.read_batches("a", batch_rows=3, where="close >= 5"))
    assert arrow.read_all()["close"].to_pylist() == [5, 6, 7, 8, 9]
    with pytest.raises(varve.InvalidArgumentError):
        pair.read_batches("a", batch_rows=0)


def test_what_is_gathered_raises_as_what_is_iterated(tmp_path: Path) -> None:
    with varve.open(tmp_path / "lake") as lake:
        lake.write("a", seconds(0, 100_000))
        file = tmp_path / "lake" / lake.files("a", as_of=1)[0]
        with file.open("r+b") as opened:
            opened.seek(file.stat().st_size // 2)
            byte = opened.read(1)[0]
            opened.seek(-1, 1)
            opened.write(bytes([byte ^ 0x55]))
        gathered = ["read_all", "to_arrow", "to_polars", "to_pandas", "to_numpy"]
        for gather in [list, *(operator.methodcaller(name) for name in gathered)]:
            with pytest.raises(varve.DataCorruptionError, match="was changed from outside"):
                gather(lake.read_batches("a"))


def test_batches_stay_at_their_version(pair: varve.Lake) -> None:
    stream = pair.read_batches("a", batch_rows=4)
    pair.write("a", seconds(100, 3))
    assert sum(len(table) for table in stream) == 10


def test_many_series_are_one_table(pair: varve.Lake) -> None:
    table = pair.read_many(["b", "a"]).to_polars()
    assert table.columns == ["key", "timestamp", "close"]
    assert table["key"].cast(pl.String).to_list() == ["b"] * 10 + ["a"] * 10
    assert table["close"].to_list() == [*range(5, 15), *range(10)]
    limited = pair.read_many(["b", "a"], limit=1, columns=["close"], key_column="symbol").to_polars()
    assert limited.columns == ["symbol", "close"] and limited["close"].to_list() == [5, 0]
    with pytest.raises(varve.DataNotFoundError):
        pair.read_many(["a", "c"])
    with pytest.raises(varve.InvalidArgumentError):
        pair.read_many("a")


def test_a_pivot_is_wide(pair: varve.Lake) -> None:
    wide = pair.read_many(["a", "b"], pivot="close").to_polars()
    joined = pair.read("a").to_polars().join(pair.read("b").to_polars(), on="timestamp", how="full", coalesce=True)
    assert wide.rows() == joined.sort("timestamp").rows()
    assert wide.columns == ["timestamp", "a", "b"]


def test_a_replay_is_in_order_of_time(pair: varve.Lake) -> None:
    rows = pl.DataFrame(pair.replay(["b", "a"], batch_rows=3)).with_columns(pl.col("key").cast(pl.String))
    expected = pl.concat(
        [pair.read(key).to_polars().select(pl.lit(key).alias("key"), "timestamp", "close") for key in ("b", "a")]
    ).sort("timestamp", maintain_order=True)
    assert rows.equals(expected)
    assert sum(len(table) for table in pair.replay(["b", "a"], limit=7)) == 7


def test_what_is_left_of_a_stream_is_one_table(pair: varve.Lake) -> None:
    def rest() -> varve.Stream:
        stream = pair.read_batches("a", batch_rows=4)
        next(stream)
        return stream

    assert repr(rest()) == "varve.Stream(timestamp: timestamp[ns, UTC], close: int64)"
    assert rest().read_all() == pair.read("a")[4:]
    assert rest().to_polars()["close"].to_list() == rest().to_arrow()["close"].to_pylist() == [4, 5, 6, 7, 8, 9]
    assert rest().to_pandas(index="timestamp")["close"].tolist() == rest().to_numpy()["close"].tolist()
    stream = rest()
    assert len(stream.read_all()) == 6
    assert len(stream.read_all()) == 0 and stream.read_all().column_names == ["timestamp", "close"]
