"""Ranges, keys, files and many series at once, through the package."""

import datetime

import polars as pl
import pytest
from conftest import make_bars

import varve

UTC = datetime.UTC
MIDNIGHT = datetime.datetime(2024, 1, 1, tzinfo=UTC)


def read(lake: varve.Lake, key: str) -> pl.DataFrame:
    return lake.read(key).to_polars()


def test_a_range_gets_other_rows(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    new = make_bars(10, 5, close=9.0)
    start = MIDNIGHT + datetime.timedelta(minutes=10)
    commit = lake.replace("k", new, start, start + datetime.timedelta(minutes=9))
    assert (commit.rows_replaced, commit.rows_removed) == (5, 5)
    assert read(lake, "k").equals(pl.concat([bars[:10], new, bars[20:]]))


def test_a_day_is_emptied(lake: varve.Lake) -> None:
    lake.write("k", make_bars(0, 3 * 1440))
    assert lake.replace("k", make_bars(0, 0), "2024-01-02", "2024-01-02").rows_removed == 1440
    assert lake.delete("k", "2024-01-03").rows_removed == 1440
    assert read(lake, "k").equals(make_bars(0, 1440))


def test_rows_outside_the_range_are_refused(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    with pytest.raises(varve.InvalidArgumentError, match="outside the range"):
        lake.replace("k", make_bars(0, 10), MIDNIGHT, MIDNIGHT + datetime.timedelta(minutes=5))
    with pytest.raises(varve.InvalidArgumentError, match="names no zone"):
        lake.delete("k", datetime.datetime(2024, 1, 1))


def test_a_series_gets_another_key(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("old", bars)
    assert lake.rename("old", "a/new").key == "a/new"
    assert lake.list_keys() == ["a/new"]
    assert read(lake, "a/new").equals(bars)
    with pytest.raises(varve.DataNotFoundError):
        lake.rename("old", "b")


def test_small_files_become_one(lake: varve.Lake) -> None:
    for part in reversed(range(10)):
        lake.append("k", make_bars(part * 100, 10), target_rows_per_file=1_000)
    before = read(lake, "k")
    told: list[tuple[int, int]] = []
    lake.compact("k", progress=lambda done, total: told.append((done, total)))
    assert len(told) == 10
    assert told[-1][0] == told[-1][1]
    assert lake.info("k").files == 1
    assert read(lake, "k").equals(before)


def test_many_series_change_in_one_commit(lake: varve.Lake, bars: pl.DataFrame) -> None:
    commits = lake.append_many({f"s/{name}": bars[:10] for name in "cab"})
    assert [commit.key for commit in commits] == ["s/a", "s/b", "s/c"]
    assert len({commit.id for commit in commits}) == 1
    lake.upsert_many({"s/a": bars[5:20]})
    assert read(lake, "s/a").equals(bars[:20])
    lake.replace_many({"s/b": bars[:1], "s/c": bars[:2]}, "2024-01-01", "2024-01-01")
    assert [lake.info(key).rows for key in ("s/b", "s/c")] == [1, 2]
    lake.write_many({"s/b": bars[:3]})
    assert [commit.rows_removed for commit in lake.delete_many(["s/b", "s/c"])] == [3, 2]
    assert lake.list_keys() == ["s/a"]


def test_ranges_change_in_transactions(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write_many({"a": bars, "b": bars})
    with lake.transaction() as changes:
        changes.replace("a", bars[:1], "2024-01-01", "2024-01-01")
        changes.delete("b", MIDNIGHT, MIDNIGHT + datetime.timedelta(minutes=1), closed="left")
    assert [lake.info(key).rows for key in ("a", "b")] == [1, 999]
