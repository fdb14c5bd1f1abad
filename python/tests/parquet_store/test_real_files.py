"""Real market data through the store and back."""

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from varve.parquet_store import ParquetStore

FILES = {
    "bars/btc-perp-20211231-20220201-1m.csv": 45_031,
    "bars/gbpusd-m1-bid-2012.csv": 30_117,
    "bars/gbpusd-m1-ask-2012.csv": 30_117,
    "bars/6EH4-xcme-1m-202401.csv.gz": 29_996,
    "ticks/usdjpy-ticks.csv": 1_000,
    "ticks/btcusdt-trades.parquet": 2_001,
}


def load(path: Path) -> pl.DataFrame:
    """The file, with its first column of times as `timestamp`."""
    frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, try_parse_dates=True)
    times = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
    frame = frame.rename({times[0]: "timestamp"}) if times else frame
    if times and frame.schema["timestamp"].time_zone is None:  # type: ignore[attr-defined]
        return frame.with_columns(pl.col("timestamp").dt.replace_time_zone("UTC"))
    return frame


@pytest.mark.parametrize("name", FILES)
def test_real_files_come_back_equal(store: ParquetStore, shared_data: Path, name: str) -> None:
    frame = load(shared_data / name)
    assert frame.height == FILES[name]
    store.write("real", frame)
    identity = [column for column in ("timestamp", "symbol", "provider") if column in frame.columns]
    expected = frame.unique(identity, keep="last", maintain_order=True).sort(identity) if identity else frame
    assert_frame_equal(store.read("real"), expected)
    if "timestamp" in identity:
        day = expected["timestamp"][expected.height // 2].date()
        assert_frame_equal(store.read("real", day, day), expected.filter(pl.col("timestamp").dt.date() == day))
    half = frame.height // 2
    for part in (frame[half:], frame[:half]):
        store.write("parts", part)
    if frame.height == expected.height and identity:
        assert_frame_equal(store.read("parts"), expected)
