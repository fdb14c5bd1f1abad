"""The lake through Python: writes, reads, ranges, questions, and what is refused."""

import datetime
import multiprocessing
import pathlib
import threading

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from conftest import make_bars

import varve

UTC = datetime.UTC


def same(table: varve.Table, frame: pl.DataFrame) -> bool:
    return table.to_polars().equals(frame)


def test_reads_what_was_written(lake: varve.Lake, bars: pl.DataFrame) -> None:
    commit = lake.write("forex/EUR_USD", bars)
    assert (commit.version, commit.rows_added) == (1, 1_000)
    assert same(lake.read("forex/EUR_USD"), bars)


def test_append_adds_and_refuses_rows_that_are_there(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    assert lake.append("k", make_bars(1_000, 5)).rows_added == 5
    with pytest.raises(varve.AlreadyExistsError, match="2024-01-01T16:40"):
        lake.append("k", make_bars(1_000, 10))
    assert lake.info("k").rows == 1_005


def test_append_ignores_where_asked(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    commit = lake.append("k", make_bars(999, 3, close=9.0), on_conflict="ignore")
    assert (commit.rows_added, commit.rows_ignored) == (2, 1)
    assert lake.read("k").to_polars()["close"][999] == 1.5


def test_upsert_replaces_and_counts(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    changed = make_bars(990, 20).with_columns(volume=pl.int_range(990, 1_010))
    commit = lake.upsert("k", changed)
    assert (commit.rows_added, commit.rows_replaced, commit.rows_unchanged) == (10, 0, 10)
    commit = lake.upsert("k", changed.with_columns(close=pl.lit(7.0)))
    assert (commit.rows_added, commit.rows_replaced, commit.version) == (0, 20, 3)


def test_upsert_of_what_is_there_makes_no_version(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    commit = lake.upsert("k", bars)
    assert (commit.id, commit.version, commit.rows_unchanged) == ("", 1, 1_000)


def test_upsert_without_identity_is_refused(lake: varve.Lake) -> None:
    trades = {"timestamp": [datetime.datetime(2024, 1, 1, tzinfo=UTC)], "price": [1.0], "size": [2.0]}
    lake.write("trades", trades)
    with pytest.raises(varve.InvalidArgumentError, match="identity"):
        lake.upsert("trades", trades)


@pytest.mark.parametrize(("closed", "rows"), [("both", 11), ("left", 10), ("right", 10), ("none", 9)])
def test_ranges_take_their_ends_as_said(
    lake: varve.Lake, bars: pl.DataFrame, closed: varve._lake.Closed, rows: int
) -> None:
    lake.write("k", bars)
    table = lake.read("k", "2024-01-01T01:00Z", "2024-01-01T01:10Z", closed=closed)
    assert table.num_rows == rows


@pytest.mark.parametrize(
    "end",
    [
        "2024-01-01T00:09:00Z",
        "2024-01-01T01:09:00+01:00",
        datetime.datetime(2024, 1, 1, 0, 9, tzinfo=UTC),
        datetime.datetime(2024, 1, 1, 5, 39, tzinfo=datetime.timezone(datetime.timedelta(hours=5, minutes=30))),
        pd.Timestamp("2024-01-01T00:09Z"),
        1_704_067_740_000_000_000,
    ],
)
def test_moments_come_in_many_forms(lake: varve.Lake, bars: pl.DataFrame, end: varve._times.TimeLike) -> None:
    lake.write("k", bars)
    assert lake.read("k", end=end).num_rows == 10


def test_a_day_as_end_means_all_of_it(lake: varve.Lake) -> None:
    lake.write("k", make_bars(0, 3 * 1_440))
    day = datetime.date(2024, 1, 2)
    assert lake.read("k", day, day).num_rows == 1_440
    assert lake.read("k", "2024-01-02", "2024-01-02").num_rows == 1_440
    assert lake.read("k", day, day, zone="America/New_York").num_rows == 1_440


@pytest.mark.parametrize("time", [pa.date32(), pa.timestamp("s", "UTC"), pa.timestamp("ns", "UTC")])
@pytest.mark.parametrize(("closed", "first", "last"), [("both", 2, 4), ("left", 2, 3), ("right", 3, 4), ("none", 3, 3)])
def test_a_day_that_is_left_out_is_left_out_as_a_whole(
    lake: varve.Lake, time: pa.DataType, closed: varve._lake.Closed, first: int, last: int
) -> None:
    step = "1d" if time == pa.date32() else "6h"
    ends = datetime.datetime(2024, 1, 1, tzinfo=UTC), datetime.datetime(2024, 1, 6, tzinfo=UTC)
    moments = pl.datetime_range(*ends, step, closed="left", eager=True).to_list()
    lake.write("k", pa.table({"timestamp": pa.array(moments, time), "value": range(len(moments))}))
    for day in (datetime.date(2024, 1, 1).replace, "2024-01-{day:02}".format):
        days = lake.read("k", day(day=2), day(day=4), closed=closed).to_polars()["timestamp"].dt.day()
        assert days.unique().sort().to_list() == list(range(first, last + 1))
    lake.delete("k", datetime.date(2024, 1, 2), datetime.date(2024, 1, 4), closed=closed)
    left = lake.read("k").to_polars()["timestamp"].dt.day().unique().sort().to_list()
    assert left == [day for day in range(1, 6) if not first <= day <= last]


@pytest.mark.parametrize(
    "naive",
    [
        datetime.datetime(2024, 1, 1),
        "2024-01-01T00:00:00",
        pd.Timestamp("2024-01-01"),
        np.datetime64("2024-01-01", "s"),
    ],
)
def test_naive_times_are_refused(lake: varve.Lake, bars: pl.DataFrame, naive: varve._times.TimeLike) -> None:
    lake.write("k", bars)
    with pytest.raises(varve.InvalidArgumentError, match="zone"):
        lake.read("k", start=naive)


def test_a_naive_index_is_refused_unless_it_is_said_to_be_utc(tmp_path: pathlib.Path, bars: pl.DataFrame) -> None:
    naive = bars.with_columns(pl.col("timestamp").dt.replace_time_zone(None))
    with varve.open(tmp_path / "lake") as lake, pytest.raises(varve.InvalidArgumentError, match="without a zone"):
        lake.upsert("k", naive)
    with varve.open(tmp_path / "lake", naive="utc") as lake:
        lake.upsert("k", naive)
        assert lake.read("k").to_polars().equals(bars)


def test_naive_times_are_utc_where_said(tmp_path: pathlib.Path, bars: pl.DataFrame) -> None:
    with varve.open(tmp_path / "lake", naive="utc") as lake:
        lake.write("k", bars)
        assert lake.read("k", end=datetime.datetime(2024, 1, 1, 0, 9)).num_rows == 10
        assert lake.read("k", end="2024-01-01T00:09").num_rows == 10
        assert lake.read("k", end=np.datetime64("2024-01-01T00:09")).num_rows == 10


def test_columns_come_in_the_order_named(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    assert lake.read("k", columns=["close", "open"]).column_names == ["close", "open"]
    with pytest.raises(varve.DataNotFoundError, match="vwap"):
        lake.read("k", columns=["vwap"])


def test_head_tail_and_limit(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    assert same(lake.head("k", 3), bars.head(3))
    assert same(lake.tail("k", 3), bars.tail(3))
    assert same(lake.read("k", "2024-01-01T01:00Z", limit=2), bars.slice(60, 2))


def test_old_versions_can_be_read(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    lake.write("k", make_bars(0, 3))
    assert lake.read("k", as_of=1).num_rows == 1_000
    assert lake.read("k", as_of=2).num_rows == 3
    with pytest.raises(varve.DataNotFoundError, match="3"):
        lake.read("k", as_of=3)


def test_questions_are_answered(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("forex/EUR_USD", bars)
    lake.write("forex/GBP_USD", bars)
    assert lake.list_keys() == ["forex/EUR_USD", "forex/GBP_USD"]
    assert lake.list_keys("forex/GBP_USD") == ["forex/GBP_USD"]
    assert lake.exists("forex/EUR_USD") and not lake.exists("forex/JPY_USD")
    expected = (datetime.datetime(2024, 1, 1, tzinfo=UTC), datetime.datetime(2024, 1, 1, 16, 39, tzinfo=UTC))
    assert lake.time_range("forex/EUR_USD") == expected
    info = lake.info("forex/EUR_USD")
    assert (info.kind, info.index, info.identity, info.rows) == ("ohlcv", "timestamp", [], 1_000)
    assert info.schema["timestamp"] == "timestamp[ns, UTC]"
    assert [one.key for one in lake.info_all()] == lake.list_keys()


def test_delete_removes_the_series_and_its_files(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    paths = lake.files("k")
    assert lake.delete("k").rows_removed == 1_000
    assert not lake.exists("k") and not any(pathlib.Path(path).exists() for path in paths)
    with pytest.raises(varve.DataNotFoundError, match="k"):
        lake.delete("k")
    assert lake.write("k", bars).version == 3


def test_every_reader_of_the_directory_sees_the_series(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("forex/EUR_USD", bars)
    lake.append("forex/EUR_USD", make_bars(1_000, 500))
    expected = lake.read("forex/EUR_USD").to_polars()
    folder = pathlib.Path(lake.root) / "forex" / "EUR_USD"
    assert pl.read_parquet(folder / "*.parquet").sort("timestamp").equals(expected)
    assert pl.from_arrow(ds.dataset(folder).to_table()).sort("timestamp").equals(expected)  # type: ignore[union-attr]
    rows = duckdb.sql(f"select count(*), sum(volume) from '{folder}/*.parquet'").fetchall()
    assert rows == [(1_500, int(expected["volume"].sum()))]


def test_verify_is_clean_and_finds_damage(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    report = lake.verify()
    assert report.clean and (report.keys, report.rows) == (1, 1_000)
    path = pathlib.Path(lake.files("k")[0])
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[100] ^= 0xFF
    path.write_bytes(content)
    damaged = lake.verify("k")
    assert not damaged.clean and path.name in " ".join(finding.file + finding.what for finding in damaged.findings)


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", ".", "..", "a/../b", "../a", "a\\b", "a\0b", "a\nb", ".varve/x", "x" * 2_000]
)
def test_hostile_keys_are_refused(lake: varve.Lake, bars: pl.DataFrame, key: str) -> None:
    before = sorted(pathlib.Path(lake.root).rglob("*"))
    with pytest.raises(varve.PathTraversalError):
        lake.write(key, bars)
    assert lake.list_keys() == [] and len(sorted(pathlib.Path(lake.root).rglob("*"))) == len(before)


def test_null_timestamps_are_refused(lake: varve.Lake) -> None:
    rows = {"timestamp": [datetime.datetime(2024, 1, 1, tzinfo=UTC), None], "price": [1.0, 2.0]}
    with pytest.raises(varve.InvalidArgumentError, match="null"):
        lake.write("k", rows)
    assert not lake.exists("k")


def test_types_that_do_not_go_together_are_refused(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    with pytest.raises(varve.SchemaCompatibilityError, match="close"):
        lake.append("k", make_bars(1_000, 1).with_columns(close=pl.lit("dear")))
    assert same(lake.read("k"), bars)


def test_a_missing_series_is_not_found(lake: varve.Lake) -> None:
    for call in (lake.read, lake.info, lake.time_range, lake.head, lake.tail, lake.delete, lake.files):
        with pytest.raises(varve.DataNotFoundError, match="nothing/here"):
            call("nothing/here")
    with pytest.raises(varve.DataNotFoundError, match="nothing/here"):
        lake.verify("nothing/here")


def test_a_lake_that_is_a_file_is_refused(tmp_path: pathlib.Path) -> None:
    (tmp_path / "lake").write_text("no lake")
    with pytest.raises(varve.StorageError, match="lake"):
        varve.open(tmp_path / "lake")
    assert (tmp_path / "lake").read_text() == "no lake"


def test_create_false_makes_nothing(tmp_path: pathlib.Path) -> None:
    with pytest.raises(varve.DataNotFoundError):
        varve.open(tmp_path / "lake", create=False)
    assert not (tmp_path / "lake").exists()


def test_a_read_only_lake_reads_and_refuses(tmp_path: pathlib.Path, bars: pl.DataFrame) -> None:
    with varve.open(tmp_path / "lake") as lake:
        lake.write("k", bars)
    with varve.open(tmp_path / "lake", read_only=True) as lake:
        assert lake.read_only and same(lake.read("k"), bars)
        with pytest.raises(varve.ReadOnlyError):
            lake.append("k", make_bars(1_000, 1))


def test_a_closed_lake_says_so(lake: varve.Lake) -> None:
    lake.close()
    lake.close()
    with pytest.raises(varve.InvalidArgumentError, match="closed"):
        lake.list_keys()


@pytest.mark.parametrize(
    ("output", "kind"),
    [("polars", pl.DataFrame), ("pandas", pd.DataFrame), ("arrow", pa.Table), ("table", varve.Table)],
)
def test_output_is_what_was_asked_for(
    tmp_path: pathlib.Path, bars: pl.DataFrame, output: varve._lake.Output, kind: type
) -> None:
    with varve.open(tmp_path / "lake", output=output) as lake:
        lake.write("k", bars)
        assert isinstance(lake.read("k"), kind)


def test_threads_write_side_by_side(lake: varve.Lake) -> None:
    def grow(key: str) -> None:
        for step in range(10):
            lake.append(key, make_bars(step * 10, 10))

    threads = [threading.Thread(target=grow, args=(f"key{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [lake.info(key).rows for key in lake.list_keys()] == [100] * 4
    assert lake.verify().clean


def _append_in_child(root: str, first: int) -> None:
    with varve.open(root) as lake:
        for step in range(5):
            lake.append("k", make_bars(first + step, 1))


def test_processes_write_one_key_without_losing_rows(tmp_path: pathlib.Path) -> None:
    root = str(tmp_path / "lake")
    with varve.open(root):
        pass
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=_append_in_child, args=(root, 100 * number)) for number in range(3)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    with varve.open(root) as lake:
        assert lake.info("k").rows == 15 and lake.verify().clean


def test_a_forked_child_may_not_use_the_handle(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.SimpleQueue[str] = context.SimpleQueue()

    def use() -> None:
        try:
            lake.info("k")
            answers.put("no error")
        except varve.ForkedHandleError:
            answers.put("ForkedHandleError")

    child = context.Process(target=use)
    child.start()
    child.join()
    assert answers.get() == "ForkedHandleError"
    assert lake.info("k").rows == 1_000
