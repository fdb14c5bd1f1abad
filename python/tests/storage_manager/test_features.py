"""Features, normalized features and latents."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

import varve
from storage_manager.frames import bars, features, saved_form
from varve.storage_manager import InvalidArgumentError, StorageManager

FIRST, LAST = datetime(2000, 1, 1), datetime(2100, 1, 1)


@pytest.mark.parametrize("data_type", ["features", "normalized", "latents"])
def test_each_type_has_its_directory_and_a_file_a_month(storage: StorageManager, data_type: str) -> None:
    frame = features("2022-01-30", 24 * 4)
    paths = storage.save_features(frame, data_type)
    assert [str(Path(path).relative_to(storage.data_root)) for path in paths] == [
        f"processed/{data_type}/year=2022/month=01/{data_type}_202201.parquet",
        f"processed/{data_type}/year=2022/month=02/{data_type}_202202.parquet",
    ]
    assert_frame_equal(storage.load_data_by_date_range(data_type, FIRST, LAST), saved_form(frame))


def test_one_month_is_one_path(storage: StorageManager) -> None:
    assert storage.save_features(features()) == str(
        storage.data_root / "processed/features/year=2022/month=01/features_202201.parquet"
    )


def test_the_files_have_the_documents_schema(storage: StorageManager) -> None:
    latents = features().rename(columns=lambda name: name.replace("slope_high", "latent"))
    path = storage.save_features(latents.astype({"latent_0": np.float32, "latent_1": np.int64}), "latents")
    assert isinstance(path, str)
    expected = pa.schema(
        [
            ("timestamp", pa.timestamp("ns", "UTC")),
            *((f"latent_{column}", pa.float64()) for column in range(4)),
            ("year", pa.int32()),
            ("month", pa.int32()),
        ]
    )
    assert pq.ParquetFile(path).schema_arrow.remove_metadata() == expected


def test_integers_that_floats_would_round_stay_integers(storage: StorageManager) -> None:
    storage.save_features(features(count=1).assign(order_id=2**62 + 1))
    assert storage.load_data_by_date_range("features", FIRST, LAST)["order_id"].tolist() == [2**62 + 1]


def test_saving_again_merges_by_timestamp(storage: StorageManager) -> None:
    storage.save_features(features(count=24).assign(slope_high_0=-1.0))
    storage.save_features(features("2022-01-03 12:00", count=24))
    found = storage.load_data_by_date_range("features", FIRST, LAST)
    assert found["slope_high_0"].tolist() == [-1.0] * 12 + [float(row) for row in range(24)]


def test_a_new_column_is_missing_before(storage: StorageManager) -> None:
    storage.save_features(features(count=24))
    storage.save_features(features("2022-02-01", count=1).assign(rsi=50.0))
    found = storage.load_data_by_date_range("features", FIRST, LAST)
    assert found["rsi"].isna().sum() == 24 and found["rsi"].iloc[-1] == 50.0


def test_a_column_without_values_goes_with_any_type(storage: StorageManager) -> None:
    storage.save_features(features(count=1).assign(label="up", score=None))
    storage.save_features(features("2022-02-01", count=1).assign(label=None, score=0.5))
    found = storage.load_data_by_date_range("features", FIRST, LAST)
    assert found["label"].notna().tolist() == [True, False] and found["score"].notna().tolist() == [False, True]


def test_types_are_kept_apart(storage: StorageManager) -> None:
    storage.save_features(features(count=2), "features")
    storage.save_features(features(count=3), "normalized")
    assert len(storage.load_data_by_date_range("features", FIRST, LAST)) == 2
    assert len(storage.load_data_by_date_range("normalized", FIRST, LAST)) == 3
    assert storage.load_data_by_date_range("latents", FIRST, LAST).empty


def test_features_of_several_instruments_are_told_apart(storage: StorageManager) -> None:
    both = pd.concat([features(count=3).assign(instrument=name) for name in ("EUR_USD", "GBP_USD")])
    storage.save_features(both)
    storage.save_features(both)
    assert len(storage.load_data_by_date_range("features", FIRST, LAST)) == 6
    found = storage.load_data_by_date_range("features", FIRST, LAST, "GBP_USD")
    assert found["instrument"].tolist() == ["GBP_USD"] * 3 and found.index.tolist() == [0, 1, 2]
    assert storage.load_data_by_date_range("features", FIRST, LAST, "USD_JPY").empty


def test_a_column_of_names_that_comes_later_is_refused_and_loses_no_rows(storage: StorageManager) -> None:
    storage.save_features(features(count=3))
    with pytest.raises(InvalidArgumentError, match="'instrument'"):
        storage.save_features(features(count=3).assign(instrument="EUR_USD"))
    assert len(storage.load_data_by_date_range("features", FIRST, LAST)) == 3


def test_features_are_of_all_instruments(storage: StorageManager) -> None:
    storage.save_features(features(count=3))
    assert len(storage.load_data_by_date_range("features", FIRST, LAST, "ALL")) == 3
    assert storage.load_data_by_date_range("features", FIRST, LAST, "EUR_USD").empty


@pytest.mark.parametrize("data_type", ["ohlcv", "targets", "", None])
def test_other_types_are_refused(storage: StorageManager, data_type: str) -> None:
    with pytest.raises(InvalidArgumentError, match="expected one of features, normalized, latents"):
        storage.save_features(bars(), data_type)


def test_an_empty_frame_changes_nothing(storage: StorageManager) -> None:
    assert storage.save_features(pd.DataFrame()) == []
    with varve.open(storage.data_root) as lake:
        assert lake.list_keys() == []


def test_instruments_that_are_numbers_stay_such(storage: StorageManager) -> None:
    storage.save_features(pd.concat([features(count=2).assign(instrument=number) for number in (2**60 + 1, 2**60 + 2)]))
    found = storage.load_data_by_date_range("features", FIRST, LAST)
    assert found["instrument"].tolist() == [2**60 + 1, 2**60 + 2] * 2
