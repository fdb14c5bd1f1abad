"""Real bars through the store and back."""

from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from storage_manager.frames import query
from varve.storage_manager import StorageManager, migrate_csv_to_parquet

FIRST, LAST = datetime(1990, 1, 1), datetime(2100, 1, 1)
FILES = {
    "bars/btc-perp-20211231-20220201-1m.csv": 45_031,
    "bars/gbpusd-m1-bid-2012.csv": 30_117,
    "bars/gbpusd-m1-ask-2012.csv": 30_117,
    "bars/6EH4-xcme-1m-202401.csv.gz": 29_996,
    "ticks/usdjpy-ticks.csv": 1_000,
}


def read(path: Path) -> pd.DataFrame:
    frame = pd.read_csv(path).rename(columns={"timestamp_utc": "timestamp"})
    frame["timestamp"] = pd.to_datetime(frame["timestamp"], utc=True, format="ISO8601").dt.as_unit("ns")
    return frame


def expected(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.drop_duplicates("timestamp", keep="last").sort_values("timestamp", ignore_index=True)


@pytest.mark.parametrize("name", FILES)
def test_real_files_come_back_equal(storage: StorageManager, shared_data: Path, name: str) -> None:
    frame = read(shared_data / name)
    assert len(frame) == FILES[name]
    half = len(frame) // 2
    for part in (frame[half:], frame[: half + 100]):
        storage.save_ohlcv_data(part, "REAL")
    whole = expected(frame)
    found = storage.load_data_by_date_range("ohlcv", FIRST, LAST, "REAL")
    assert_frame_equal(found[whole.columns], whole)
    day = whole["timestamp"].iloc[len(whole) // 2].floor("D")
    found = storage.load_data_by_date_range("ohlcv", day.date(), day.date(), "REAL")
    same_day = whole[whole["timestamp"].dt.floor("D") == day].reset_index(drop=True)
    assert_frame_equal(found[whole.columns], same_day)
    months = query(storage, "SELECT count(*) FROM data_files")[0][0]
    assert months == whole["timestamp"].dt.strftime("%Y%m").nunique()
    assert all(storage.verify_data_integrity().values())


def test_real_csv_files_are_migrated(storage: StorageManager, shared_data: Path) -> None:
    results = migrate_csv_to_parquet(shared_data / "bars", storage, progress=False)
    counts = {result.csv_file.name: result.records for result in results if result.migrated}
    assert counts == {
        name.split("/")[1]: rows for name, rows in FILES.items() if name.startswith("bars") and "gz" not in name
    }
    assert all("timestamp" in (result.error or "") for result in results if not result.migrated)
    for result in results:
        if result.migrated:
            found = storage.load_data_by_date_range("ohlcv", FIRST, LAST, result.instrument)
            whole = expected(read(result.csv_file))
            assert_frame_equal(found[whole.columns], whole)
