"""Coverage and user metadata of a key."""

import datetime
import pathlib

import polars as pl
import pytest
from conftest import make_bars

import varve
from varve import CoverageChange, TimeRange

DAY = 86_400_000_000_000
NEW_YEAR = 1_704_067_200_000_000_000  # 2024-01-01


def days(first: int, last: int) -> TimeRange:
    """Days of January 2024, both inside."""
    return TimeRange(NEW_YEAR + (first - 1) * DAY, NEW_YEAR + last * DAY)


@pytest.fixture
def key(lake: varve.Lake, bars: pl.DataFrame) -> str:
    lake.upsert("fx/EUR", bars)
    return "fx/EUR"


def test_what_is_neither_received_nor_empty_is_missing(lake: varve.Lake, key: str) -> None:
    received = [("2024-01-01", "2024-01-05"), ("2024-01-08", "2024-01-10")]
    lake.record_coverage(key, CoverageChange(received=received, empty=[("2024-01-06", "2024-01-07")]))
    known = lake.coverage(key)
    assert known.requested == [days(1, 10)]
    assert known.received == [days(1, 5), days(8, 10)]
    assert known.empty == [days(6, 7)]
    assert lake.missing(key, "2024-01-04", "2024-01-12") == [days(11, 12)]
    assert lake.missing(key) == []


def test_a_key_that_is_not_there_was_never_fetched(lake: varve.Lake) -> None:
    assert lake.missing("new", "2024-01-01", "2024-01-02") == [days(1, 2)]
    with pytest.raises(varve.DataNotFoundError):
        lake.missing("new")
    with pytest.raises(varve.DataNotFoundError):
        lake.coverage("new")


def test_ranges_are_times_of_any_sort(lake: varve.Lake, key: str) -> None:
    start = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    for begin, end in (
        (start, start + datetime.timedelta(days=1)),
        (datetime.date(2024, 1, 1), datetime.date(2024, 1, 1)),
        (NEW_YEAR, NEW_YEAR + DAY),
        ("2024-01-01T00:00Z", "2024-01-02T00:00Z"),
    ):
        lake.record_coverage(key, CoverageChange(forgotten=[(None, None)], requested=[(begin, end)]))
        assert lake.coverage(key).requested == [days(1, 1)]
    assert lake.coverage(key, start + datetime.timedelta(hours=12)).requested[0].start == NEW_YEAR + DAY // 2
    found = lake.coverage(key)
    lake.record_coverage(key, CoverageChange(received=found.requested))
    assert lake.coverage(key).received == found.requested


def test_days_have_a_zone_and_naive_times_need_one(lake: varve.Lake, key: str, tmp_path: pathlib.Path) -> None:
    lake.record_coverage(key, CoverageChange(requested=[("2024-01-02", "2024-01-02")]), zone="+01:00")
    assert lake.coverage(key).requested[0].start == NEW_YEAR + DAY - DAY // 24
    with pytest.raises(varve.InvalidArgumentError, match="zone"):
        lake.missing(key, "2024-01-01 10:00", "2024-01-02 10:00")
    with varve.open(tmp_path / "lake", naive="utc") as careless:
        assert careless.missing(key, datetime.datetime(2024, 1, 10), "2024-01-10 12:00")[0].start == days(10, 10).start


def test_a_write_says_what_it_covers(lake: varve.Lake, key: str, bars: pl.DataFrame) -> None:
    change = CoverageChange(received=[("2024-01-01", "2024-01-01")])
    assert lake.upsert(key, bars, coverage=change, metadata={"source": "oanda"}).id == ""
    assert lake.coverage(key).received == [days(1, 1)]
    assert lake.metadata(key) == {"source": "oanda"}
    lake.append(key, make_bars(2_000, 10), coverage=CoverageChange(received=[("2024-01-02", "2024-01-02")]))
    assert lake.coverage(key).received == [days(1, 2)]
    lake.write(key, bars, coverage=change)
    assert lake.coverage(key).received == [days(1, 1)]


@pytest.mark.parametrize("day", [1, 5])
def test_nothing_is_known_of_what_was_deleted_with_rows_or_without(lake: varve.Lake, key: str, day: int) -> None:
    lake.record_coverage(key, CoverageChange(received=[("2024-01-01", "2024-01-05")]))
    date = datetime.date(2024, 1, day)
    assert bool(lake.delete(key, date, date).rows_removed) == (day == 1)
    assert lake.missing(key, "2024-01-01", "2024-01-05") == [days(day, day)]


@pytest.mark.parametrize(
    "change",
    [
        CoverageChange(received=[("2024-01-02", "2024-01-01")]),
        CoverageChange(received=[("2024-01-01", "2024-01-03")], empty=[("2024-01-02", "2024-01-02")]),
        CoverageChange(received=[("soon", "later")]),
        CoverageChange(received=["2024-01-01"]),
        CoverageChange(received=[(1.5, 2.5)]),
        {"received": [("2024-01-01", "2024-01-02")]},
    ],
)
def test_what_makes_no_sense_changes_nothing(lake: varve.Lake, key: str, change: CoverageChange) -> None:
    with pytest.raises(varve.InvalidArgumentError):
        lake.record_coverage(key, change)
    with pytest.raises(varve.InvalidArgumentError):
        lake.upsert(key, make_bars(5_000, 10), coverage=change)
    assert lake.coverage(key).requested == []
    assert lake.info(key).version == 1


def test_metadata_is_any_json_object(lake: varve.Lake, key: str) -> None:
    assert lake.metadata(key) == {}
    whole = {"venue": "XNAS", "tick": 0.01, "large": 2**60, "nested": [{"a": None}, True], "ü": "€\x00"}
    lake.set_metadata(key, whole)
    assert lake.metadata(key) == lake.info(key).metadata == lake.info_all()[0].metadata == whole
    assert lake.info(key).version == 1
    lake.remove_metadata(key)
    assert lake.metadata(key) == {}


@pytest.mark.parametrize("metadata", [{"a": float("nan")}, {"a": b"x"}, {"a": "\ud800"}, {"a": "x" * 2**20}, 7, "x"])
def test_metadata_that_is_no_json_object_is_refused(lake: varve.Lake, key: str, metadata: object) -> None:
    with pytest.raises(varve.InvalidArgumentError, match="metadata"):
        lake.set_metadata(key, metadata)
    assert lake.metadata(key) == {}


def test_both_end_with_the_series(lake: varve.Lake, key: str, bars: pl.DataFrame) -> None:
    lake.record_coverage(key, CoverageChange(received=[("2024-01-01", "2024-01-01")]))
    lake.set_metadata(key, {"x": 1})
    lake.delete(key)
    lake.upsert(key, bars)
    assert lake.coverage(key).requested == []
    assert lake.metadata(key) == {}
