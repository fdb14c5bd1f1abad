"""Training and validation rows as files of their own."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import varve
from storage_manager.frames import bars, features, query, saved_form
from varve.storage_manager import InvalidArgumentError, StorageManager


def months_of(path: str) -> list[str]:
    times = pd.read_parquet(path, columns=["timestamp"], partitioning=None)["timestamp"]
    return sorted(set(times.dt.strftime("%Y-%m")))


@pytest.fixture
def year(storage: StorageManager) -> StorageManager:
    """Daily bars of January to November of two instruments, the second one from June on."""
    storage.save_ohlcv_data(bars("2022-01-03", 320, frequency="D"), "EUR_USD")
    storage.save_ohlcv_data(bars("2022-06-01", 170, frequency="D"), "GBP_USD")
    return storage


def test_splits_are_two_files(storage: StorageManager) -> None:
    train, validation = bars("2022-01-03"), bars("2022-02-03")
    paths = storage.save_splits(train, validation, "EUR_USD")
    assert paths == {
        "train": str(storage.data_root / "splits/train/EUR_USD.parquet"),
        "validation": str(storage.data_root / "splits/validation/EUR_USD.parquet"),
    }
    assert_frame_equal(pd.read_parquet(paths["train"]), train)
    assert_frame_equal(pd.read_parquet(paths["validation"]), validation)
    rows = query(storage, "SELECT instrument, data_type, file_path FROM data_files ORDER BY file_path")
    assert rows == [
        ("EUR_USD", "train", "splits/train/EUR_USD.parquet"),
        ("EUR_USD", "validation", "splits/validation/EUR_USD.parquet"),
    ]
    assert all(storage.verify_data_integrity().values())


def test_splits_that_were_loaded_keep_their_columns(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars(), "EUR_USD")
    whole = storage.load_data_by_date_range("ohlcv", datetime(2022, 1, 1), datetime(2023, 1, 1), "EUR_USD")
    paths = storage.save_splits(whole[:30], whole[30:], "EUR_USD")
    assert_frame_equal(pd.read_parquet(paths["train"]), whole[:30])
    assert_frame_equal(pd.read_parquet(paths["validation"]), whole[30:].reset_index(drop=True))


def test_saving_again_replaces_both(storage: StorageManager) -> None:
    storage.save_splits(bars(), bars(), "EUR_USD")
    ids = query(storage, "SELECT id FROM data_files ORDER BY id")
    other = features(count=3)
    paths = storage.save_splits(other, other, "EUR_USD")
    assert_frame_equal(pd.read_parquet(paths["train"]), other)
    assert query(storage, "SELECT id FROM data_files ORDER BY id") == ids


def test_a_split_that_is_saved_again_has_the_compression_that_is_said(storage: StorageManager) -> None:
    for word in ("snappy", "zstd"):
        storage.save_splits(bars(), bars(), "EUR_USD", compression=word)
        with varve.open(storage.data_root) as lake:
            assert lake.info("splits/train/EUR_USD").compression.partition(":")[0] == word


def test_all_rows_of_a_split_stay(storage: StorageManager) -> None:
    twice = pd.concat([bars(count=2), bars(count=2)], ignore_index=True)
    paths = storage.save_splits(twice, twice, "EUR_USD")
    assert len(pd.read_parquet(paths["train"])) == 4


def test_an_empty_part_has_no_file(storage: StorageManager) -> None:
    storage.save_splits(bars(), bars(), "EUR_USD")
    paths = storage.save_splits(bars(), bars(count=0), "EUR_USD")
    assert list(paths) == ["train"]
    assert not (storage.data_root / "splits/validation/EUR_USD.parquet").exists()
    assert query(storage, "SELECT data_type FROM data_files") == [("train",)]


def test_a_part_without_timestamps_changes_neither(storage: StorageManager) -> None:
    storage.save_splits(bars(), bars(), "EUR_USD")
    with pytest.raises(InvalidArgumentError, match="timestamp"):
        storage.save_splits(features(), bars().drop(columns="timestamp"), "EUR_USD")
    assert "open" in pd.read_parquet(storage.data_root / "splits/train/EUR_USD.parquet")


def test_a_walk_forward_goes_month_by_month(year: StorageManager) -> None:
    splits = year.walk_forward_splits("EUR_USD", train_months=6, validation_months=2)
    assert [(split.window, split.train_start, split.train_end, split.validation_end) for split in splits] == [
        (1, *(datetime(2022, month, 1, tzinfo=UTC) for month in (1, 7, 9))),
        (2, *(datetime(2022, month, 1, tzinfo=UTC) for month in (3, 9, 11))),
    ]
    assert all(split.validation_start == split.train_end for split in splits)
    second = splits[1]
    assert second.train == {"EUR_USD": str(year.data_root / "splits/train/window=02/EUR_USD.parquet")}
    assert second.validation == {"EUR_USD": str(year.data_root / "splits/validation/window=02/EUR_USD.parquet")}
    assert months_of(second.train["EUR_USD"]) == [f"2022-0{month}" for month in range(3, 9)]
    assert months_of(second.validation["EUR_USD"]) == ["2022-09", "2022-10"]


def test_the_files_have_the_rows_of_their_stretch(year: StorageManager) -> None:
    (split,) = year.walk_forward_splits("EUR_USD", train_months=10, validation_months=1)
    whole = saved_form(bars("2022-01-03", 320, frequency="D"), "EUR_USD")
    train = pd.read_parquet(split.train["EUR_USD"], partitioning=None)
    assert_frame_equal(train, whole[whole["timestamp"] < split.train_end])


def test_a_step_and_an_embargo_are_kept(year: StorageManager) -> None:
    splits = year.walk_forward_splits(
        "EUR_USD", train_months=3, validation_months=2, step_months=1, embargo=timedelta(days=5)
    )
    assert len(splits) == 7
    assert splits[0].validation_start == datetime(2022, 4, 6, tzinfo=UTC)
    first = pd.read_parquet(splits[0].validation["EUR_USD"], partitioning=None)["timestamp"].iloc[0]
    assert first == pd.Timestamp("2022-04-06", tz="UTC")


def test_a_step_or_an_embargo_of_any_length_is_taken(year: StorageManager) -> None:
    (split,) = year.walk_forward_splits(
        "EUR_USD", train_months=3, validation_months=2, step_months=10**9, embargo=timedelta.max
    )
    assert split.validation_start == split.validation_end and split.validation == {}


def test_all_instruments_have_the_same_windows(year: StorageManager) -> None:
    splits = year.walk_forward_splits(train_months=4, validation_months=3)
    assert [sorted(split.train) for split in splits] == [["EUR_USD"], ["EUR_USD", "GBP_USD"]]
    assert [sorted(split.validation) for split in splits] == [["EUR_USD", "GBP_USD"]] * 2


def test_windows_of_before_go(year: StorageManager) -> None:
    year.walk_forward_splits(train_months=2, validation_months=1)
    year.save_splits(bars(), bars(), "EUR_USD")
    splits = year.walk_forward_splits(train_months=6, validation_months=3)
    kept = {path for split in splits for path in (*split.train.values(), *split.validation.values())}
    kept |= {str(year.data_root / f"splits/{part}/EUR_USD.parquet") for part in ("train", "validation")}
    assert {str(path) for path in (year.data_root / "splits").rglob("*.parquet")} == kept
    registered = query(year, "SELECT file_path FROM data_files WHERE file_path LIKE 'splits/%'")
    assert {str(year.data_root / path) for (path,) in registered} == kept


@pytest.mark.parametrize("end", [date(2022, 8, 31), datetime(2022, 8, 15), "2022-08-01"])
def test_a_walk_forward_may_be_of_a_part(year: StorageManager, end: Any) -> None:
    splits = year.walk_forward_splits(
        "EUR_USD", train_months=2, validation_months=1, start_date="2022-04-10", end_date=end
    )
    assert [split.train_start.month for split in splits] == [4, 5, 6]


def test_features_are_split_too(storage: StorageManager) -> None:
    storage.save_features(features("2022-01-31", 24 * 30))
    (split,) = storage.walk_forward_splits(data_type="features", train_months=1, validation_months=1, step_months=2)
    assert split.train == {"features": str(storage.data_root / "splits/train/window=01/features.parquet")}
    assert Path(split.validation["features"]).is_file()


@pytest.mark.parametrize(
    "wrong",
    [
        {"train_months": 12},
        {"train_months": 0},
        {"validation_months": 1.5},
        {"train_months": 10**9},
        {"step_months": -1},
        {"embargo": timedelta(-1)},
        {"embargo": 5},
        {"instrument": "USD_JPY"},
        {"data_type": "latents"},
        {"data_type": "targets"},
        {"start_date": "2030-01-01"},
    ],
)
def test_a_walk_forward_that_cannot_be_is_refused(year: StorageManager, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError):
        year.walk_forward_splits(**{"train_months": 2, "validation_months": 1, **wrong})
