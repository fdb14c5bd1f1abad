"""Columns of a series dropped and renamed, as other programs see it."""

import duckdb
import polars as pl
import pytest

import varve


@pytest.fixture
def bars() -> pl.DataFrame:
    times = pl.datetime_range(pl.datetime(2024, 1, 30), pl.datetime(2024, 2, 3), "1h", time_zone="UTC", eager=True)
    return pl.DataFrame({"timestamp": times, "close": range(len(times)), "Vol": range(len(times))})


@pytest.mark.parametrize(("layout", "pattern"), [("range", "*.parquet"), ("month", "*/*/*.parquet")])
def test_the_visible_files_have_the_new_columns(
    lake: varve.Lake, bars: pl.DataFrame, layout: str, pattern: str
) -> None:
    lake.append("k", bars.head(30), layout=layout, identity=["timestamp"])
    lake.upsert("k", bars.tail(80).with_columns(note=pl.lit("x")))
    lake.rename_columns("k", {"Vol": "volume"})
    commit = lake.drop_columns("k", ["close"])
    lake.upsert("k", bars.head(1).rename({"Vol": "volume"}).drop("close"))
    assert commit.version == 4
    lake.close()
    glob = f"{lake.root}/k/{pattern}"
    expected = bars.rename({"Vol": "volume"}).drop("close")
    assert pl.read_parquet(glob).select(expected.columns).equals(expected)
    rows = duckdb.sql(f"SELECT volume FROM read_parquet('{glob}') ORDER BY timestamp").fetchall()
    assert [row[0] for row in rows] == bars["Vol"].to_list()


def test_old_versions_keep_their_columns(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.append("k", bars)
    lake.drop_columns("k", ["close"])
    assert lake.read("k").column_names == ["timestamp", "Vol"]
    assert lake.read("k", as_of=1).column_names == ["timestamp", "close", "Vol"]
    history = lake.schema_history("k")
    assert [one.version for one in history] == [1, 2]
    assert [one.operation for one in history] == ["append", "drop_columns"]
    assert list(history[1].schema) == ["timestamp", "Vol"]


def test_columns_that_rows_need_stay(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.append("k", bars)
    with pytest.raises(varve.InvalidArgumentError, match="is the index"):
        lake.drop_columns("k", ["timestamp"])
    with pytest.raises(varve.AlreadyExistsError):
        lake.rename_columns("k", {"close": "Vol"})
    with pytest.raises(varve.DataNotFoundError):
        lake.drop_columns("k", ["x"])
    with pytest.raises(varve.InvalidArgumentError, match="columns"):
        lake.rename_columns("k", [("a", "b")])  # type: ignore[arg-type]
    with pytest.raises(varve.InvalidArgumentError, match="columns"):
        lake.drop_columns("k", "close")
    assert lake.info("k").version == 1
