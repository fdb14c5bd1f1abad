"""What a store reads: ranges, columns, batches, what is not there."""

import logging
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Literal

import polars as pl
import pytest

from parquet_store.frames import at, days, rows
from varve.parquet_store import ParquetStore, ParquetStoreConfig, StorageError


def day_numbers(frame: object) -> list[int]:
    assert isinstance(frame, pl.DataFrame)
    return frame["day"].to_list()


def test_frames_come_back_as_they_were_written(store: ParquetStore) -> None:
    frame = pl.DataFrame(
        {
            "timestamp": [at(0), at(1)],
            "symbol": ["EUR_USD", None],
            "close": [1.5, None],
            "volume": pl.Series([1, 2], dtype=pl.Int32),
            "flag": [True, None],
            "day": [date(2024, 1, 1), None],
            "venue": pl.Series(["a", "b"], dtype=pl.Categorical),
            "raw": [b"\x00", None],
            "settled": pl.Series([at(5), None], dtype=pl.Datetime("ms", "UTC")),
            "local": pl.Series([datetime(2024, 1, 1), None], dtype=pl.Datetime("us")),
            "nothing": pl.Series([None, None], dtype=pl.Null),
        }
    )
    store.write("k", frame)
    assert store.read("k").equals(frame) and store.read("k").schema == frame.schema


def test_less_common_types_come_back(store: ParquetStore) -> None:
    frame = rows(
        [0, 1],
        price=pl.Series(["1.25", None]).cast(pl.Decimal(18, 4)),
        open_time=[time(9, 30), None],
        held=[timedelta(seconds=90), None],
        small=pl.Series([1, None], dtype=pl.Float32),
        tiny=pl.Series([1, None], dtype=pl.UInt8),
    )
    store.write("k", frame)
    assert store.read("k").equals(frame) and store.read("k").schema == frame.schema


def test_an_enumeration_comes_back_as_categories(store: ParquetStore) -> None:
    sides = rows([0, 1], side=pl.Series(["buy", "sell"], dtype=pl.Enum(["buy", "sell"])))
    store.write("k", sides)
    store.write("k", sides)
    read = store.read("k")["side"]
    assert read.cast(pl.String).to_list() == ["buy", "sell"] and read.dtype == pl.Categorical


def test_python_objects_are_refused(store: ParquetStore) -> None:
    objects = rows([0]).with_columns(pl.Series("o", [object()], dtype=pl.Object))
    store.write("k", rows([0]))
    for key, mode in (("new", "append"), ("k", "append"), ("k", "overwrite")):
        with pytest.raises(StorageError, match="column 'o' holds Python objects"):
            store.write(key, objects, mode=mode)
    assert store.list_keys() == ["k"] and store.read("k").equals(rows([0]))


@pytest.mark.parametrize("nested", [[[1, 2]], [{"a": 1}]])
def test_nested_columns_are_refused(store: ParquetStore, nested: list[object]) -> None:
    with pytest.raises(StorageError, match="nested"):
        store.write("k", rows([0], nested=nested))
    assert not store.exists("k")


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_timestamps_keep_unit_and_zone(store: ParquetStore, unit: Literal["ms", "us", "ns"], zone: str | None) -> None:
    frame = rows([1, 0]).with_columns(pl.col("timestamp").dt.convert_time_zone(zone or "UTC").dt.cast_time_unit(unit))
    frame = frame if zone else frame.with_columns(pl.col("timestamp").dt.replace_time_zone(None))
    store.write("k", frame)
    for read in (store.read("k"), store.read("k", streaming=True), *store.read("k", batch_size=5)):
        assert read.equals(frame.sort("timestamp")) and read.schema == frame.schema
    assert store.read_latest("k").schema == frame.schema
    assert store.get_date_range("k") == (date(2024, 1, 1), date(2024, 1, 1))


def test_reads_are_sorted_by_timestamp(store: ParquetStore) -> None:
    store.write("k", rows([5, 1, 3]))
    store.write("k", rows([4, 0]))
    assert store.read("k")["timestamp"].to_list() == [at(0), at(1), at(3), at(4), at(5)]


def test_start_and_end_are_whole_days_and_included(store: ParquetStore) -> None:
    store.write("k", days(6))
    assert day_numbers(store.read("k", date(2024, 1, 2), date(2024, 1, 4))) == [1, 2, 3]
    assert day_numbers(store.read("k", start=date(2024, 1, 5))) == [4, 5]
    assert day_numbers(store.read("k", end=date(2024, 1, 2))) == [0, 1]


def test_the_last_instant_of_the_end_is_included(store: ParquetStore) -> None:
    edges = [datetime(2024, 1, 2, tzinfo=UTC) - timedelta(microseconds=1), datetime(2024, 1, 2, tzinfo=UTC)]
    store.write("k", pl.DataFrame({"timestamp": edges, "day": [0, 1]}))
    assert day_numbers(store.read("k", end=date(2024, 1, 1))) == [0]
    assert day_numbers(store.read("k", start=date(2024, 1, 2))) == [1]


def test_a_datetime_counts_as_its_day(store: ParquetStore) -> None:
    store.write("k", days(4))
    late, early = datetime(2024, 1, 2, 23, 59, tzinfo=UTC), datetime(2024, 1, 3, 0, 0, tzinfo=UTC)
    assert day_numbers(store.read("k", late, early)) == [1, 2]
    in_new_york = datetime(2024, 1, 2, 22, 0, tzinfo=timezone(timedelta(hours=-5)))
    assert day_numbers(store.read("k", in_new_york, in_new_york)) == [2]


def test_bounds_are_days_of_utc_whatever_the_zone_of_the_data(store: ParquetStore) -> None:
    frame = days(3).with_columns(pl.col("timestamp").dt.convert_time_zone("Asia/Tokyo"))
    store.write("k", frame)
    assert day_numbers(store.read("k", date(2024, 1, 2), date(2024, 1, 2))) == [1]


def test_bounds_say_nothing_of_a_frame_without_timestamp(store: ParquetStore) -> None:
    frame = pl.DataFrame({"name": ["b", "a"], "date": [date(2020, 1, 1), date(2021, 1, 1)]})
    store.write("k", frame)
    assert store.read("k", date(2024, 1, 1), date(2024, 1, 2)).equals(frame)


def test_naive_timestamps_cannot_be_filtered(store: ParquetStore) -> None:
    store.write("k", rows([0]).with_columns(pl.col("timestamp").dt.replace_time_zone(None)))
    with pytest.raises(StorageError, match="no time zone"):
        store.read("k", start=date(2024, 1, 1))
    with pytest.raises(StorageError, match="no time zone"):
        store.read("k", end=date(2024, 1, 1), batch_size=5)


def test_columns_keep_the_order_in_which_they_are_asked_for(store: ParquetStore) -> None:
    store.write("k", rows([0], a=[1], b=[2]))
    assert store.read("k", columns=["b", "timestamp", "a"]).columns == ["b", "timestamp", "a"]


def test_no_columns_means_all(store: ParquetStore) -> None:
    store.write("k", rows([0], a=[1], b=[2]))
    assert store.read("k", columns=[]).columns == ["timestamp", "a", "b"]


@pytest.mark.parametrize("options", [{}, {"streaming": True}, {"batch_size": 10}])
def test_an_unknown_column_is_an_error(store: ParquetStore, options: dict[str, int]) -> None:
    store.write("k", rows([0]))
    with pytest.raises(StorageError, match="nope"):
        store.read("k", columns=["nope"], **options)  # type: ignore[call-overload]


def test_the_filter_works_without_timestamp_among_the_columns(store: ParquetStore) -> None:
    store.write("k", days(4))
    read = store.read("k", date(2024, 1, 2), date(2024, 1, 3), columns=["day"])
    assert read.columns == ["day"] and day_numbers(read) == [1, 2]


def test_a_missing_key_reads_as_an_empty_frame(store: ParquetStore) -> None:
    for read in (
        store.read("k"),
        store.read("k", date(2024, 1, 1), columns=["close"]),
        store.read("k", streaming=True),
        store.read("k", batch_size=10),
        store.read_latest("k", 3),
    ):
        assert isinstance(read, pl.DataFrame) and read.shape == (0, 0)


@pytest.mark.parametrize("streaming", [False, True])
def test_an_empty_range_keeps_its_columns(store: ParquetStore, streaming: bool) -> None:
    store.write("k", days(2))
    read = store.read("k", date(2030, 1, 1), date(2030, 1, 2), streaming=streaming)
    assert read.height == 0 and read.schema == days(2).schema
    assert store.read("k", date(2024, 1, 2), date(2024, 1, 1)).schema == days(2).schema
    assert [frame.schema for frame in store.read("k", date(2030, 1, 1), batch_size=5)] == [days(2).schema]


def test_streaming_reads_the_same(store: ParquetStore) -> None:
    store.config = ParquetStoreConfig(target_rows_per_file=7)
    store.write("k", rows(range(100)))
    assert store.read("k", streaming=True).equals(store.read("k"))
    assert store.read("k", date(2024, 1, 1), columns=["close"], streaming=True).columns == ["close"]


def test_batches_have_so_many_rows_and_are_the_whole(store: ParquetStore) -> None:
    store.config = ParquetStoreConfig(target_rows_per_file=7)
    store.write("k", rows(range(25)))
    batches = list(store.read("k", batch_size=10))
    assert [batch.height for batch in batches] == [10, 10, 5]
    assert pl.concat(batches).equals(rows(range(25)))


def test_batches_come_one_by_one_and_of_one_version(store: ParquetStore) -> None:
    store.write("k", rows(range(20)))
    batches = store.read("k", batch_size=10)
    first = next(batches)
    store.write("k", rows([0]), mode="overwrite")
    assert first.height + sum(batch.height for batch in batches) == 20


def test_batches_outlive_their_store(tmp_path: Path) -> None:
    batches = written(ParquetStore(tmp_path)).read("k", batch_size=5)
    assert sum(batch.height for batch in batches) == 20


def written(store: ParquetStore) -> ParquetStore:
    store.write("k", rows(range(20)))
    return store


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_size_below_one_is_an_error(store: ParquetStore, size: int) -> None:
    with pytest.raises(StorageError, match="batch_size"):
        store.read("k", batch_size=size)


def test_the_latest_rows_are_ascending(store: ParquetStore) -> None:
    store.write("k", rows([3, 1, 2]))
    assert store.read_latest("k", 2)["timestamp"].to_list() == [at(2), at(3)]
    assert store.read_latest("k")["timestamp"].to_list() == [at(3)]
    assert store.read_latest("k", 10).height == 3
    assert store.read_latest("k", 0).columns == ["timestamp", "close"]
    with pytest.raises(StorageError, match="n -1"):
        store.read_latest("k", -1)


def test_reading_and_writing_are_logged(store: ParquetStore, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    store.write("forex/EUR_USD", rows([0]))
    store.read("forex/EUR_USD")
    said = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert any(level == "INFO" and "Wrote" in text and "forex/EUR_USD" in text for level, text in said)
    assert any(level == "DEBUG" and "Reading" in text and "forex/EUR_USD" in text for level, text in said)
