"""Rows by range of time, data type and instrument."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import varve
from storage_manager.frames import bars, features, saved_form
from varve.storage_manager import DataCorruptionError, InvalidArgumentError, StorageManager


@pytest.fixture
def stored(storage: StorageManager) -> StorageManager:
    """Two instruments, an hour a bar, from December to February."""
    for instrument, close in (("GBP_USD", 1.3), ("EUR_USD", 1.1)):
        storage.save_ohlcv_data(bars("2021-12-15", 24 * 60, close), instrument)
    return storage


def expected(instrument: str, close: float, first: str, last: str) -> pd.DataFrame:
    whole = saved_form(bars("2021-12-15", 24 * 60, close), instrument)
    times = whole["timestamp"]
    return whole[(times >= pd.Timestamp(first, tz="UTC")) & (times <= pd.Timestamp(last, tz="UTC"))].reset_index(
        drop=True
    )


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (datetime(2022, 1, 1, 5), datetime(2022, 1, 31)),
        (datetime(2022, 1, 1, 5, tzinfo=UTC), datetime(2022, 1, 31, tzinfo=UTC)),
        (datetime(2022, 1, 1, 7, tzinfo=timezone(timedelta(hours=2))), pd.Timestamp("2022-01-31")),
        ("2022-01-01T05:00", "2022-01-31T00:00:00"),
    ],
)
def test_both_ends_are_inside_and_naive_ones_are_utc(stored: StorageManager, start: Any, end: Any) -> None:
    found = stored.load_data_by_date_range("ohlcv", start, end, "EUR_USD")
    assert_frame_equal(found, expected("EUR_USD", 1.1, "2022-01-01 05:00", "2022-01-31"))


def test_a_date_as_end_is_all_of_its_day(stored: StorageManager) -> None:
    found = stored.load_data_by_date_range("ohlcv", date(2022, 1, 1), date(2022, 1, 2), "EUR_USD")
    assert_frame_equal(found, expected("EUR_USD", 1.1, "2022-01-01", "2022-01-02 23:00"))


def test_without_an_instrument_all_come_sorted_by_time(stored: StorageManager) -> None:
    found = stored.load_data_by_date_range("ohlcv", datetime(2022, 1, 1), datetime(2022, 1, 1, 1))
    assert found["timestamp"].is_monotonic_increasing and found.index.tolist() == [0, 1, 2, 3]
    assert found["instrument"].tolist() == ["EUR_USD", "GBP_USD"] * 2
    assert list(found.columns) == list(saved_form(bars(), "x").columns)
    assert {str(kind) for kind in found[["year", "month", "volume"]].dtypes} == {"int32", "int64"}


def test_nothing_is_an_empty_frame(stored: StorageManager) -> None:
    for found in (
        stored.load_data_by_date_range("ohlcv", datetime(2030, 1, 1), datetime(2031, 1, 1)),
        stored.load_data_by_date_range("ohlcv", datetime(2030, 1, 1), datetime(2031, 1, 1), "EUR_USD"),
        stored.load_data_by_date_range("ohlcv", datetime(2022, 1, 2), datetime(2022, 1, 1), "EUR_USD"),
        stored.load_data_by_date_range("ohlcv", datetime(2022, 1, 1), datetime(2022, 1, 2), "USD_JPY"),
        stored.load_data_by_date_range("latents", datetime(2022, 1, 1), datetime(2022, 1, 2)),
    ):
        assert_frame_equal(found, pd.DataFrame())


def test_only_files_of_the_range_are_read(stored: StorageManager) -> None:
    """A damaged file of another month does not matter, one of the range is named."""
    path = stored.data_root / "raw/ohlcv/EUR_USD/year=2022/month=02/eur_usd_202202.parquet"
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(b"\0" * len(whole))
    january = stored.load_data_by_date_range("ohlcv", datetime(2022, 1, 1), datetime(2022, 1, 31), "EUR_USD")
    assert len(january) == 24 * 30 + 1
    with pytest.raises(DataCorruptionError, match="EUR_USD"):
        StorageManager(stored.data_root).load_data_by_date_range(
            "ohlcv", datetime(2022, 1, 1), datetime(2022, 2, 2), "EUR_USD"
        )


def test_instruments_with_other_columns_come_together(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars(count=2), "EUR_USD")
    storage.save_ohlcv_data(bars(count=1).drop(columns="volume").assign(spread=0.1), "GBP_USD")
    found = storage.load_data_by_date_range("ohlcv", datetime(2022, 1, 1), datetime(2022, 2, 1))
    assert found["spread"].notna().tolist() == [False, True, False]
    assert found["volume"].notna().tolist() == [True, False, True]


def test_columns_of_types_that_do_not_go_together_come_as_objects(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars(count=2).assign(note="x"), "EUR_USD")
    storage.save_ohlcv_data(bars(count=2).assign(note=1.5), "GBP_USD")
    found = storage.load_data_by_date_range("ohlcv", datetime(2022, 1, 1), datetime(2022, 2, 1))
    assert found["note"].tolist() == ["x", 1.5, "x", 1.5] and found["instrument"].tolist() == ["EUR_USD", "GBP_USD"] * 2
    assert storage.load_data_by_date_range("ohlcv", datetime(2023, 1, 1), datetime(2023, 2, 1)).empty


def test_what_other_doors_keep_beside_the_bars_is_not_loaded(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars(count=2), "EUR_USD")
    with varve.open(storage.data_root) as lake:
        lake.write("raw/ohlcv/notes", {"text": ["no times"]})
        lake.write("raw/ohlcv/EUR_USD/ticks", bars(count=5))
    assert len(storage.load_data_by_date_range("ohlcv", datetime(2022, 1, 1), datetime(2022, 2, 1))) == 2
    assert len(StorageManager(storage.data_root).verify_data_integrity()) == 3


def test_bad_arguments_are_refused(storage: StorageManager) -> None:
    storage.save_features(features())
    day = datetime(2022, 1, 3)
    with pytest.raises(InvalidArgumentError, match="data_type 'feature': expected"):
        storage.load_data_by_date_range("feature", day, day)
    with pytest.raises(InvalidArgumentError):
        storage.load_data_by_date_range("features", "yesterday", day)
    with pytest.raises(InvalidArgumentError):
        storage.load_data_by_date_range("features", pd.NaT, day)
