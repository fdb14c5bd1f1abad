"""Directories of other programs' Parquet files that become series."""

import os
import pathlib

import polars as pl
import pyarrow.parquet as pq
import pytest

import varve

TEMPLATE = "{exchange}/{symbol}/{yyyy}/{mm}/data.parquet"


@pytest.fixture
def hours() -> pl.DataFrame:
    times = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 2, 28), "1h", time_zone="UTC", eager=True)
    return pl.DataFrame({"timestamp": times, "close": range(len(times))})


def put(lake: varve.Lake, path: str, rows: pl.DataFrame) -> pathlib.Path:
    whole = pathlib.Path(lake.root, path)
    whole.parent.mkdir(parents=True, exist_ok=True)
    rows.write_parquet(whole)
    return whole


def test_files_of_polars_and_pyarrow_become_a_series_in_place(lake: varve.Lake, hours: pl.DataFrame) -> None:
    first = put(lake, "k/2024.parquet", hours.head(100))
    second = first.parent / "rest.parquet"
    pq.write_table(hours.tail(-100).to_arrow(), second)
    before = [(path.stat().st_ino, path.read_bytes()) for path in (first, second)]
    told: list[tuple[int, int]] = []
    report = lake.adopt("k", identity=["timestamp"], progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] == report.series[0].bytes
    assert [(path.stat().st_ino, path.read_bytes()) for path in (first, second)] == before
    assert report.series[0].rows == len(hours)
    assert lake.read("k").to_polars()["close"].to_list() == hours["close"].to_list()
    assert lake.files("k") == [str(first), str(second)]
    lake.upsert("k", hours.head(1).with_columns(close=pl.lit(-1)))
    assert lake.read("k", as_of=1).to_polars()["close"][0] == 0
    assert lake.verify().clean


def test_a_template_finds_keys_and_a_dry_run_tells_what_is_wrong(lake: varve.Lake, hours: pl.DataFrame) -> None:
    january = hours.filter(pl.col("timestamp").dt.month() == 1)
    put(lake, "nyse/AAPL/2024/01/data.parquet", january)
    bad = put(lake, "nyse/MSFT/2024/01/data.parquet", january.reverse())
    report = lake.adopt(layout=TEMPLATE, dry_run=True)
    assert [series.key for series in report.series] == ["nyse/AAPL"]
    assert "not in order" in report.left["nyse/MSFT"]
    with pytest.raises(varve.InvalidArgumentError, match="MSFT/2024/01/data.parquet: its rows are not in order"):
        lake.adopt(layout=TEMPLATE)
    assert lake.list_keys() == []
    bad.unlink()
    assert lake.adopt(layout=TEMPLATE).series[0].files == 1
    assert lake.list_keys() == ["nyse/AAPL"]


def test_a_file_that_is_changed_later_is_not_trusted(lake: varve.Lake, hours: pl.DataFrame) -> None:
    path = put(lake, "k/a.parquet", hours)
    lake.adopt("k")
    times = path.stat()
    with open(path, "r+b") as file:
        file.seek(100)
        file.write(b"changed")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 1))
    with pytest.raises(varve.DataCorruptionError, match="changed from outside"):
        lake.read("k")


def test_loose_files_without_a_zone_are_rewritten(lake: varve.Lake, hours: pl.DataFrame) -> None:
    naive = hours.with_columns(pl.col("timestamp").dt.replace_time_zone(None)).sample(fraction=1, shuffle=True, seed=1)
    path = put(lake, "k/some/where.parquet", naive.head(700))
    put(lake, "k/rest.parquet", naive.tail(-700))
    with pytest.raises(varve.InvalidArgumentError, match="say which zone"):
        lake.adopt("k", rewrite=True)
    report = lake.adopt("k", rewrite=True, zone="UTC", layout="month", prices="decimal")
    assert (report.series[0].files, report.series[0].rows) == (2, len(hours))
    kept = pathlib.Path(lake.root, report.series[0].originals, "k/some/where.parquet.original")
    assert pl.read_parquet(kept).equals(naive.head(700))
    assert not path.exists()
    assert pl.read_parquet(f"{lake.root}/k/*/*/*.parquet")["timestamp"].to_list() == hours["timestamp"].to_list()
    assert lake.read("k").to_polars()["close"].to_list() == hours["close"].to_list()
    assert lake.verify().clean


def test_options_are_checked(lake: varve.Lake) -> None:
    with pytest.raises(varve.InvalidArgumentError, match="no Parquet file"):
        lake.adopt("k")
    with pytest.raises(varve.InvalidArgumentError, match="name a key"):
        lake.adopt(layout="month")
