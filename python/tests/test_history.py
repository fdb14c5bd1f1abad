"""The past through Python: versions, times, snapshots, restoring, vacuum, files that stay, and transactions."""

import datetime
import pathlib
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import make_bars

import varve

UTC = datetime.UTC


@pytest.fixture
def grown(lake: varve.Lake) -> varve.Lake:
    """A lake whose series `k` has one row at version 1, two at version 2, three at version 3."""
    for row in range(3):
        lake.append("k", make_bars(row, 1))
    return lake


def moment_of(lake: varve.Lake, version: int) -> pd.Timestamp:
    return pd.Timestamp(lake.versions("k")[version - 1].time, unit="ns", tz="UTC")


def test_moments_beyond_64_bits_are_the_last_ones(grown: varve.Lake) -> None:
    for year, rows in ((2900, 3), (9999, 3)):
        later = datetime.datetime(year, 1, 1, tzinfo=UTC)
        assert grown.read("k", as_of=later).num_rows == rows
        assert grown.read("k", start=later).num_rows == 0
        assert grown.read("k", end=later).num_rows == grown.read("k", end="9999-12-31").num_rows == rows
    assert grown.read("k", start=datetime.datetime(1, 1, 1, tzinfo=UTC)).num_rows == 3
    with pytest.raises(varve.DataNotFoundError, match="no version of 1677"):
        grown.read("k", as_of=datetime.datetime(1, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("nothing", [pd.NaT, np.datetime64("NaT")])
def test_no_moment_is_none(tmp_path: pathlib.Path, nothing: Any) -> None:
    for naive in ("error", "utc"):
        with varve.open(tmp_path / "lake", naive=naive) as lake:
            lake.upsert("k", make_bars(0, 1))
            for ask in (
                lambda: lake.read("k", start=nothing),
                lambda: lake.read("k", as_of=nothing),
                lambda: lake.delete("k", nothing),
            ):
                with pytest.raises(varve.InvalidArgumentError, match="NaT is no moment"):
                    ask()


def test_versions_tell_what_each_commit_did(grown: varve.Lake) -> None:
    grown.delete("k")
    versions = grown.versions("k")
    assert [version.version for version in versions] == [1, 2, 3, 4]
    assert [version.rows for version in versions] == [1, 2, 3, 0]
    assert versions[1].operation == "append" and versions[1].rows_added == 1 and versions[1].files == 2
    assert versions[0].first == versions[1].first == 1_704_067_200_000_000_000
    assert versions[3].deleted and versions[3].rows_removed == 3
    with pytest.raises(varve.DataNotFoundError):
        grown.versions("other")


def test_as_of_takes_versions_snapshots_and_moments(grown: varve.Lake) -> None:
    grown.make_snapshot("three")
    grown.write("k", make_bars(5, 7))
    assert grown.read("k", as_of=2).num_rows == 2
    assert grown.read("k", as_of="three").num_rows == 3
    assert grown.head("k", as_of="three").num_rows == grown.tail("k", as_of="three").num_rows == 3
    assert grown.read("k", as_of=moment_of(grown, 2)).num_rows == 2
    assert grown.read("k", as_of=datetime.datetime(2100, 1, 1, tzinfo=UTC)).num_rows == 7
    with pytest.raises(varve.DataNotFoundError, match="no version of"):
        grown.read("k", as_of=datetime.datetime(2000, 1, 1, tzinfo=UTC))


def test_text_is_a_snapshot_and_never_a_time(grown: varve.Lake) -> None:
    with pytest.raises(varve.DataNotFoundError, match='no snapshot "2100-01-01"'):
        grown.read("k", as_of="2100-01-01")


@pytest.mark.parametrize(
    "naive", [datetime.datetime(2100, 1, 1), pd.Timestamp("2100-01-01"), np.datetime64("2100-01-01")]
)
def test_naive_moments_are_refused_unless_they_are_utc(grown: varve.Lake, naive: Any) -> None:
    with pytest.raises(varve.InvalidArgumentError, match="names no zone"):
        grown.read("k", as_of=naive)
    with varve.open(grown.root, naive="utc") as lake:
        assert lake.read("k", as_of=naive).num_rows == 3


@pytest.mark.parametrize("as_of", [1.5, True, datetime.date(2024, 1, 1), 2**70, b"x", (1,)])
def test_what_is_no_state_is_refused_by_name(grown: varve.Lake, as_of: Any) -> None:
    with pytest.raises(varve.InvalidArgumentError, match="as_of"):
        grown.read("k", as_of=as_of)
    with pytest.raises(varve.InvalidArgumentError, match="as_of"):
        grown.restore("k", as_of)


def test_restore_makes_the_series_what_it_was(grown: varve.Lake) -> None:
    assert grown.restore("k", 1).version == 4
    assert grown.read("k").num_rows == 1
    grown.delete("k")
    assert grown.restore("k", 3).rows_added == 3
    with pytest.raises(varve.DataNotFoundError):
        grown.restore("k", "no such snapshot")


def test_diff_tells_what_changed(grown: varve.Lake) -> None:
    grown.make_snapshot("three")
    grown.upsert("k", make_bars(2, 2, close=9.0))
    diff = grown.diff("k", "three")
    assert (diff.from_version, diff.to_version) == (3, 4)
    assert (diff.rows_added, diff.rows_removed, diff.rows_changed) == (1, 0, 1)
    assert diff.added.to_polars().equals(make_bars(3, 1, close=9.0).with_columns(volume=pl.lit(1, pl.Int64)))
    assert diff.before.to_polars()["close"].to_list() == [1.5]
    assert diff.after.to_polars()["close"].to_list() == [9.0]
    assert grown.diff("k", 1, moment_of(grown, 3)).rows_added == 2
    assert grown.diff("k", 3, 1).rows_removed == 2
    assert grown.diff("k", 1, 3, limit=1).added.num_rows == 1
    assert grown.diff("k", 4).empty and not diff.empty


def test_diff_gives_tables_as_the_lake_does_and_tells_columns(grown: varve.Lake) -> None:
    grown.write("k", make_bars(0, 3).drop("volume").with_columns(vwap=pl.lit(1.0)))
    with varve.open(grown.root, output="polars") as lake:
        diff = lake.diff("k", 3, 4)
    assert (diff.columns_added, diff.columns_dropped, diff.columns_retyped) == (["vwap"], ["volume"], [])
    assert diff.rows_changed == 3 and diff.before["vwap"].to_list() == [None] * 3
    assert isinstance(diff.after, pl.DataFrame) and diff.after["vwap"].to_list() == [1.0] * 3


@pytest.mark.parametrize(("older", "newer", "name"), [(None, 1, "older"), (1.5, 1, "older"), (1, True, "newer")])
def test_diff_names_the_state_it_refuses(grown: varve.Lake, older: Any, newer: Any, name: str) -> None:
    with pytest.raises(varve.InvalidArgumentError, match=name):
        grown.diff("k", older, newer)
    with pytest.raises(varve.InvalidArgumentError, match="limit"):
        grown.diff("k", 1, limit=-1)


def test_snapshots_are_made_listed_shown_and_removed(grown: varve.Lake) -> None:
    grown.write("other", make_bars(0, 1))
    assert grown.make_snapshot("all") == 2
    assert grown.make_snapshot("one", ["k"]) == 1
    assert [(snapshot.name, snapshot.keys) for snapshot in grown.snapshots()] == [("all", 2), ("one", 1)]
    assert grown.snapshot("all") == {"k": 3, "other": 1}
    with pytest.raises(varve.AlreadyExistsError):
        grown.make_snapshot("one")
    with pytest.raises(varve.InvalidArgumentError, match="keys 'k' of type str"):
        grown.make_snapshot("two", "k")
    grown.remove_snapshot("one")
    assert [snapshot.name for snapshot in grown.snapshots()] == ["all"]
    with pytest.raises(varve.DataNotFoundError):
        grown.remove_snapshot("one")


@pytest.mark.parametrize("nothing", [0, 0.0, datetime.timedelta()])
def test_vacuum_keeps_the_newest_and_snapshots(grown: varve.Lake, nothing: Any) -> None:
    grown.make_snapshot("three")
    grown.append("k", make_bars(3, 1))
    assert grown.vacuum() == (0, 0, 0)
    assert grown.vacuum("k", all_for=datetime.timedelta.max, hourly_for=float("inf")).versions == 0
    assert grown.vacuum("k", all_for=nothing, hourly_for=nothing).versions == 2
    assert [version.version for version in grown.versions("k")] == [3, 4]
    assert grown.verify().clean


def test_vacuum_keeps_as_many_versions_as_it_is_told(grown: varve.Lake) -> None:
    assert grown.vacuum(hourly_for=0, versions_max=2).versions == 1
    assert [version.version for version in grown.versions("k")] == [2, 3]


@pytest.mark.parametrize("bad", [-1, "1h", True, float("nan")])
def test_vacuum_refuses_what_is_no_length_of_time(grown: varve.Lake, bad: Any) -> None:
    with pytest.raises(varve.InvalidArgumentError, match="all_for"):
        grown.vacuum(all_for=bad)


def test_files_of_a_version_can_be_opened_by_others_and_stay(grown: varve.Lake) -> None:
    files = grown.files("k", 2)
    grown.write("k", make_bars(9, 1))
    assert grown.files("k", 2) == files and all(pathlib.Path(file).is_file() for file in files)
    assert duckdb.read_parquet(files).aggregate("count(*), max(close)").fetchall() == [(2, 1.5)]
    assert pl.read_parquet(files).height == 2
    assert grown.files("k")[0].endswith(".parquet")


def test_expected_versions_are_checked(lake: varve.Lake) -> None:
    lake.append("k", make_bars(0, 1), expects_version=0)
    for verb in ("write", "append", "upsert"):
        with pytest.raises(varve.ConcurrentWriteError, match="has version 1 and should have 0"):
            getattr(lake, verb)("k", make_bars(1, 1), expects_version=0)
    assert lake.upsert("k", make_bars(1, 1), expects_version=1).version == 2


def test_a_commit_is_published_late_at_once_or_when_asked(tmp_path: pathlib.Path) -> None:
    with varve.open(tmp_path / "late", publish_delay_seconds=1_000) as lake:
        assert not lake.append("k", make_bars(0, 1)).published
        assert not pathlib.Path(lake.files("k")[0]).exists()
        assert lake.append("k", make_bars(1, 1), published=True).published
        assert pathlib.Path(lake.files("k")[0]).exists()
    with varve.open(tmp_path / "at once", publish_delay_seconds=0) as lake:
        assert lake.append("k", make_bars(0, 1)).published
    with pytest.raises(varve.InvalidArgumentError, match="publish_delay_seconds -1"):
        varve.open(tmp_path / "at once", publish_delay_seconds=-1)


def test_a_transaction_is_one_commit(grown: varve.Lake) -> None:
    with grown.transaction() as t:
        t.write("b", make_bars(0, 2)).append("a", make_bars(0, 1), metadata={"source": "x"})
        t.delete("k")
        assert t.commits == [] and not grown.exists("a")
    assert [(commit.key, commit.rows_added) for commit in t.commits] == [("a", 1), ("b", 2), ("k", 0)]
    assert len({commit.id for commit in t.commits}) == 1
    assert grown.list_keys() == ["a", "b"] and grown.metadata("a") == {"source": "x"}
    assert grown.versions("b")[0].operation == "transaction"


def test_a_transaction_whose_block_raises_does_nothing(grown: varve.Lake) -> None:
    t = grown.transaction()
    with pytest.raises(ZeroDivisionError), t.upsert("k", make_bars(5, 1)):
        t.upsert("j", make_bars(5, 1 // len(t.commits)))
    assert t.commits == [] and grown.info("k").version == 3


def test_a_transaction_is_refused_whole(grown: varve.Lake) -> None:
    with pytest.raises(varve.AlreadyExistsError), grown.transaction() as t:
        t.append("a", make_bars(0, 1)).append("k", make_bars(0, 1))
    assert grown.list_keys() == ["k"]
    with pytest.raises(varve.ConcurrentWriteError), grown.transaction() as t:
        t.append("a", make_bars(0, 1)).append("k", make_bars(7, 1), expects_version=2)
    assert grown.list_keys() == ["k"]


def test_a_transaction_can_be_committed_by_hand_once(lake: varve.Lake) -> None:
    with lake.transaction() as t:
        t.append("a", make_bars(0, 1))
        assert [commit.published for commit in t.commit(published=True)] == [True]
        with pytest.raises(varve.InvalidArgumentError, match="committed already"):
            t.commit()
        with pytest.raises(varve.InvalidArgumentError, match="committed already"):
            t.append("b", make_bars(0, 1))
    with lake.transaction(published=True) as t:
        t.append("b", make_bars(0, 1))
    assert t.commits[0].published and lake.info("a").version == 1


def test_a_transaction_of_nothing_is_no_commit(lake: varve.Lake) -> None:
    with lake.transaction() as t:
        pass
    assert t.commits == []


def test_a_transaction_checks_keys_and_options_at_once(lake: varve.Lake) -> None:
    t = lake.transaction()
    with pytest.raises(varve.PathTraversalError):
        t.append("../a", make_bars(0, 1))
    with pytest.raises(TypeError, match="'colour'"):
        t.append("a", make_bars(0, 1), colour="red")  # type: ignore[call-arg]
    t.append("a", make_bars(0, 1))
    with pytest.raises(varve.InvalidArgumentError, match="twice"):
        t.delete("a")


def test_a_transaction_outlives_the_name_of_its_lake(tmp_path: pathlib.Path) -> None:
    t = varve.open(tmp_path / "lake").transaction()
    t.append("a", make_bars(0, 1))
    assert t.commit()[0].version == 1
    lake = varve.open(tmp_path / "lake")
    t = lake.transaction().append("b", make_bars(0, 1))
    lake.close()
    with pytest.raises(varve.InvalidArgumentError, match="closed"):
        t.commit()
