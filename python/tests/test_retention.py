"""Rows that go by their age, and the policy by which versions go, through Python."""

import contextlib
import dataclasses
import datetime
import sqlite3
import subprocess
import sys
from typing import Any

import polars as pl
import pytest

import varve

UTC = datetime.UTC
DAY = datetime.timedelta(days=1)


def make_days(days: int) -> pl.DataFrame:
    """A row a day, the newest one an hour ago; `age` counts days."""
    newest = datetime.datetime.now(UTC) - datetime.timedelta(hours=1)
    times = [newest - DAY * age for age in range(days)]
    return pl.DataFrame({"timestamp": times, "age": range(days)}).with_columns(
        pl.col("timestamp").cast(pl.Datetime("us", "UTC"))
    )


@pytest.fixture
def aged(lake: varve.Lake) -> varve.Lake:
    lake.write_many({"a": make_days(10), "b": make_days(2), "c": make_days(5)})
    return lake


def ages(lake: varve.Lake, key: str) -> list[int]:
    return sorted(lake.read(key).to_polars()["age"].to_list())


@pytest.mark.parametrize(
    "age",
    [
        DAY * 3,
        "3d",
        "2d24h",
        "0w3d",
        datetime.datetime.now(UTC) - DAY * 3,
        (datetime.datetime.now(UTC) - DAY * 3).isoformat(),
    ],
)
def test_an_age_is_a_length_or_a_moment(aged: varve.Lake, age: Any) -> None:
    done = aged.retain("a", age)
    assert done.rows_removed == 7 and done.version == 2
    assert ages(aged, "a") == [0, 1, 2]
    assert aged.versions("a")[-1].operation == "retain"
    assert aged.retain("a", age).id == ""


def test_a_day_means_its_first_instant(lake: varve.Lake) -> None:
    times = [datetime.datetime(2024, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
    lake.write("k", {"timestamp": times, "x": [1, 2, 3]})
    assert lake.retain("k", datetime.date(2024, 1, 2)).rows_removed == 1
    assert lake.retain("k", "2024-01-03").rows_removed == 1


@pytest.mark.parametrize("age", [None, 1.5, True, "soon", DAY * 0, -DAY, "-3d", datetime.datetime(2024, 1, 1)])
def test_what_is_no_age_is_refused(aged: varve.Lake, age: Any) -> None:
    with pytest.raises(varve.InvalidArgumentError):
        aged.retain("a", age)
    assert len(ages(aged, "a")) == 10


def test_many_series_are_one_commit(aged: varve.Lake) -> None:
    first, second, third = aged.retain_many(["c", "a", "b"], DAY * 3)
    assert (first.key, first.rows_removed) == ("a", 7) and second.id == "" and third.id == first.id
    with pytest.raises(varve.DataNotFoundError):
        aged.retain_many(["a", "other"], DAY)
    with pytest.raises(varve.InvalidArgumentError, match="keys"):
        aged.retain_many("a", DAY)


def test_a_dry_run_changes_nothing(aged: varve.Lake) -> None:
    would = aged.retain("a", "3d", dry_run=True)
    assert (would.id, would.version, would.rows_removed) == ("", 1, 7)
    assert len(ages(aged, "a")) == 10


def test_delete_and_restore_have_dry_runs(aged: varve.Lake) -> None:
    would = aged.delete("b", dry_run=True)
    assert (would.id, would.rows_removed) == ("", 2)
    would = aged.delete("a", datetime.datetime.now(UTC) - DAY * 3, dry_run=True)
    assert (would.id, would.rows_removed) == ("", 3)
    aged.retain("a", "3d")
    would = aged.restore("a", 1, dry_run=True)
    assert (would.id, would.rows_added) == ("", 10)
    assert [aged.info(key).version for key in "ab"] == [2, 1] and ages(aged, "a") == [0, 1, 2]


def test_it_is_part_of_a_transaction(aged: varve.Lake) -> None:
    with aged.transaction() as changes:
        changes.retain("a", "3d").delete("b", expects_version=1)
    assert [commit.rows_removed for commit in changes.commits] == [7, 2]


def test_an_expected_version_is_checked(aged: varve.Lake) -> None:
    with pytest.raises(varve.ConcurrentWriteError):
        aged.retain("a", "1d", expects_version=2)
    with pytest.raises(varve.ConcurrentWriteError):
        aged.delete("a", expects_version=2)
    with pytest.raises(varve.ConcurrentWriteError):
        aged.delete("a", datetime.date(2000, 1, 1), expects_version=2)
    with pytest.raises(varve.ConcurrentWriteError):
        aged.restore("a", 1, expects_version=0)
    assert aged.retain("a", "1d", expects_version=1).version == 2
    assert aged.restore("a", 1, expects_version=2).version == 3


def test_the_policy_of_a_lake_is_what_vacuum_keeps(aged: varve.Lake) -> None:
    assert aged.retention_policy == varve.RetentionPolicy()
    policy = varve.RetentionPolicy(all_for=DAY, hourly_for=datetime.timedelta(0), versions_max=2)
    aged.set_retention_policy(policy)
    assert aged.retention_policy == aged.stats().retention == policy
    for days in (4, 3, 2):
        aged.retain("a", DAY * days)
    assert aged.vacuum("a", versions_max=3).versions == 1
    assert aged.vacuum("a").versions == 1


def test_one_that_is_not_understood_lets_nothing_go_and_is_replaced(aged: varve.Lake) -> None:
    for days in (4, 3):
        aged.retain("a", DAY * days)
    aged.close()
    with contextlib.closing(sqlite3.connect(f"{aged.root}/.varve/catalog.sqlite")) as catalog, catalog:
        catalog.execute("INSERT INTO properties VALUES ('retention', '{}')")
    with varve.open(aged.root) as lake:
        assert lake.stats().retention is None and lake.stats().free_files == 0 and lake.stats().old_files > 0
        with pytest.raises(varve.DataCorruptionError, match="varve policy --default"):
            lake.vacuum("a", all_for=0, hourly_for=0)
        assert lake.vacuum("a", all_for=0, hourly_for=0, versions_max=2).versions == 2
        lake.set_retention_policy(varve.RetentionPolicy())
        assert lake.stats().retention == varve.RetentionPolicy()


def test_another_process_goes_by_the_policy(aged: varve.Lake) -> None:
    aged.retain("a", "4d")
    aged.set_retention_policy(dataclasses.replace(aged.retention_policy, all_for=0 * DAY, hourly_for=0 * DAY))
    program = f"import varve; print(varve.open({aged.root!r}).vacuum().versions)"
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout == b"1\n"
    assert [version.version for version in aged.versions("a")] == [2]


def test_a_policy_that_keeps_all_for_ever_is_one(aged: varve.Lake) -> None:
    aged.set_retention_policy(varve.RetentionPolicy(all_for=datetime.timedelta.max, versions_max=2**63 - 1))
    assert aged.retention_policy.all_for > 100_000 * DAY


@pytest.mark.parametrize("bad", [{"all_for": -DAY}, {"hourly_for": None}, {"versions_max": -1}, {"versions_max": 1.5}])
def test_a_bad_policy_is_refused(aged: varve.Lake, bad: dict[str, Any]) -> None:
    (name,) = bad
    with pytest.raises(varve.InvalidArgumentError, match=name):
        aged.set_retention_policy(dataclasses.replace(varve.RetentionPolicy(), **bad))
    assert aged.retention_policy == varve.RetentionPolicy()


def test_a_policy_is_not_set_by_one_who_may_only_read(aged: varve.Lake) -> None:
    with varve.open(aged.root, read_only=True) as reader, pytest.raises(varve.ReadOnlyError):
        reader.set_retention_policy(varve.RetentionPolicy(versions_max=1))
