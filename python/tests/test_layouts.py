"""Layouts: other programs find the files of a series where its layout says."""

import pathlib

import duckdb
import polars as pl
import pytest

import varve

TEMPLATE = "{exchange}/{symbol}/{yyyy}/{mm}/{dd}/data.parquet"


@pytest.fixture
def hours() -> pl.DataFrame:
    times = pl.datetime_range(pl.datetime(2023, 12, 30), pl.datetime(2024, 2, 2), "1h", time_zone="UTC", eager=True)
    return pl.DataFrame({"timestamp": times, "close": range(len(times))})


@pytest.mark.parametrize(
    ("layout", "pattern", "files"),
    [("month", "*/*/*.parquet", 3), ("day", "*/*/*/*.parquet", 35), (TEMPLATE, "*/*/*/data.parquet", 35)],
)
def test_a_plain_glob_is_the_series(
    lake: varve.Lake, hours: pl.DataFrame, layout: str, pattern: str, files: int
) -> None:
    lake.append("ex/BTC", hours.head(500), layout=layout, identity=["timestamp"])
    lake.upsert("ex/BTC", hours.tail(600))
    found = sorted(pathlib.Path(lake.root, "ex/BTC").glob(pattern))
    assert [str(path) for path in found] == lake.files("ex/BTC")
    assert len(found) == files
    assert lake.info("ex/BTC").layout == layout
    everything = f"{lake.root}/ex/BTC/{pattern}"
    assert pl.read_parquet(everything)["close"].to_list() == hours["close"].to_list()
    rows = duckdb.sql(f"SELECT close FROM read_parquet('{everything}') ORDER BY close").fetchall()
    assert [row[0] for row in rows] == hours["close"].to_list()
    assert not lake.verify().findings


def test_a_layout_is_fixed_by_the_first_write(lake: varve.Lake, hours: pl.DataFrame) -> None:
    lake.write("k", hours, layout="month")
    lake.write("k", hours.head(3), layout="month")
    with pytest.raises(varve.InvalidArgumentError, match="layout of series"):
        lake.append("k", hours.tail(3), layout="day")


@pytest.mark.parametrize("layout", ["week", "{a}/{dd}/x.parquet", "{a}/../x.parquet", "{a}/{b}/x.parquet"])
def test_bad_layouts_are_refused(lake: varve.Lake, hours: pl.DataFrame, layout: str) -> None:
    with pytest.raises(varve.InvalidArgumentError):
        lake.write("k", hours, layout=layout)
    assert lake.list_keys() == []
