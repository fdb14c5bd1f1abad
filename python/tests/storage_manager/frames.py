"""Frames that the tests save, and what the registry's file says of them."""

import contextlib
import sqlite3
from typing import Any

import numpy as np
import pandas as pd

from varve.storage_manager import StorageManager


def hours(first: str, count: int, frequency: str = "h") -> pd.DatetimeIndex:
    return pd.date_range(first, periods=count, freq=frequency, tz="UTC", unit="ns")


def bars(first: str = "2022-01-03", count: int = 48, close: float = 1.5, frequency: str = "h") -> pd.DataFrame:
    """Bars from that moment on, volume as floats without fractions."""
    step = np.arange(count) / 1000
    return pd.DataFrame(
        {
            "timestamp": hours(first, count, frequency),
            "open": close + step,
            "high": close + step + 0.5,
            "low": close - step - 0.5,
            "close": close + step,
            "volume": np.arange(count, dtype=np.float64),
        }
    )


def features(first: str = "2022-01-03", count: int = 48, columns: int = 4) -> pd.DataFrame:
    values = {f"slope_high_{column}": np.arange(count) + column / 10 for column in range(columns)}
    return pd.DataFrame({"timestamp": hours(first, count), **values})


def saved_form(frame: pd.DataFrame, instrument: str | None = None) -> pd.DataFrame:
    """What a load gives of a frame that was saved: with the columns of its instrument and months."""
    whole = frame.sort_values("timestamp", kind="stable", ignore_index=True)
    if "volume" in whole.columns:
        whole["volume"] = whole["volume"].astype(np.int64)
    if instrument is not None:
        whole["instrument"] = pd.Series([instrument] * len(whole), dtype="str")
    whole["year"] = whole["timestamp"].dt.year.astype(np.int32)
    whole["month"] = whole["timestamp"].dt.month.astype(np.int32)
    return whole


def query(storage: StorageManager, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of the registry's file, as any tool reads them."""
    with contextlib.closing(sqlite3.connect(storage.db_path)) as connection:
        return connection.execute(statement, values).fetchall()
