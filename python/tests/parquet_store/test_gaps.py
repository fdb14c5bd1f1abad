"""Gaps: where they begin and end, and what is none."""

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import polars as pl
import pytest

from parquet_store.frames import at, rows
from varve.parquet_store import ParquetStore, StorageError

MINUTE = timedelta(minutes=1)
Gaps = list[tuple[datetime, datetime]]


def gaps(store: ParquetStore, minutes: list[float], end: float = 10) -> Gaps:
    if minutes:
        store.write("k", rows(minutes), mode="overwrite")
    return store.get_gaps("k", at(0), at(end), MINUTE)


def test_a_whole_series_has_no_gaps(store: ParquetStore) -> None:
    assert gaps(store, [*range(11)]) == []


def test_a_gap_is_from_the_first_missing_row_to_the_last(store: ParquetStore) -> None:
    assert gaps(store, [0, 1, 4, 5, 6, 7, 9, 10]) == [(at(2), at(3)), (at(8), at(8))]


def test_a_step_of_little_more_than_an_interval_is_no_gap(store: ParquetStore) -> None:
    assert gaps(store, [0, 1.1, 2.2], end=3) == []
    assert gaps(store, [0, 1.2], end=2) == [(at(1), at(0.2))]


def test_what_is_missing_at_both_ends_is_a_gap(store: ParquetStore) -> None:
    assert gaps(store, [3, 4, 5]) == [(at(0), at(2)), (at(6), at(10))]


def test_without_data_all_of_it_is_a_gap(store: ParquetStore) -> None:
    assert gaps(store, []) == [(at(0), at(10))]
    assert gaps(store, [100]) == [(at(0), at(10))]


def test_rows_outside_the_stretch_say_nothing(store: ParquetStore) -> None:
    store.write("k", rows([-5, -4, *range(11), 20]))
    assert store.get_gaps("k", at(0), at(10), MINUTE) == []


def test_rows_of_several_symbols_fill_each_others_gaps(store: ParquetStore) -> None:
    store.write("k", rows([0, 2, 1, 1], symbol=["a", "a", "b", "c"]))
    assert store.get_gaps("k", at(0), at(2), MINUTE) == []


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_gaps_do_not_depend_on_the_unit(store: ParquetStore, unit: Literal["ms", "us", "ns"]) -> None:
    frame = rows([0, 1, 5]).with_columns(pl.col("timestamp").cast(pl.Datetime(unit, "UTC")))
    store.write("k", frame)
    assert store.get_gaps("k", at(0), at(5), MINUTE) == [(at(2), at(4))]


def test_gaps_of_days(store: ParquetStore) -> None:
    store.write("k", pl.DataFrame({"timestamp": [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 5)]}))
    first, last = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 5, tzinfo=UTC)
    found = store.get_gaps("k", first, last, timedelta(days=1))
    assert found == [(datetime(2024, 1, 3, tzinfo=UTC), datetime(2024, 1, 4, tzinfo=UTC))]


def test_times_without_a_zone_are_utc(store: ParquetStore) -> None:
    store.write("k", rows([0, 1, 4]))
    naive = [at(minute).replace(tzinfo=None) for minute in (0, 4)]
    assert store.get_gaps("k", naive[0], naive[1], MINUTE) == [(at(2), at(3))]


def test_gaps_are_those_of_a_plain_loop(store: ParquetStore) -> None:
    minutes = [minute for minute in range(3_000) if minute * 7919 % 13 > 2 and not 1_000 < minute < 1_500]
    expected = []
    for before, after in itertools.pairwise(minutes):
        if after - before > 1.1:
            expected.append((at(before + 1), at(after - 1)))
    first, last = minutes[0], minutes[-1]
    store.write("k", rows(minutes))
    assert store.get_gaps("k", at(first), at(last), MINUTE) == expected


def test_an_interval_that_is_not_positive_is_an_error(store: ParquetStore) -> None:
    for wrong in (timedelta(0), -MINUTE):
        with pytest.raises(StorageError, match="expected_interval"):
            store.get_gaps("k", at(0), at(1), wrong)


def test_gaps_need_timestamps_with_a_zone(store: ParquetStore) -> None:
    store.write("untimed", pl.DataFrame({"a": [1]}))
    store.write("numbers", pl.DataFrame({"timestamp": [1, 2]}))
    store.write("naive", rows([0]).with_columns(pl.col("timestamp").dt.replace_time_zone(None)))
    for key in ("untimed", "numbers", "naive"):
        with pytest.raises(StorageError):
            store.get_gaps(key, at(0), at(1), MINUTE)
