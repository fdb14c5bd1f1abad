"""Frames that the tests of the store write."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

FIRST = datetime(2024, 1, 1, 10, 0, tzinfo=UTC)


def at(minute: float) -> datetime:
    """So many minutes after the first one."""
    return FIRST + timedelta(minutes=minute)


def rows(minutes: Sequence[float], **columns: Any) -> pl.DataFrame:
    """Rows at these minutes, with a close of their own unless columns are given."""
    values = columns or {"close": [100.0 + minute for minute in minutes]}
    times = pl.Series("timestamp", [at(minute) for minute in minutes], dtype=pl.Datetime("us", "UTC"))
    return pl.DataFrame({"timestamp": times, **values})


def days(count: int, first: datetime = FIRST) -> pl.DataFrame:
    """A row a day, numbered."""
    times = [first + timedelta(days=day) for day in range(count)]
    return pl.DataFrame({"timestamp": times, "day": range(count)}).with_columns(
        pl.col("timestamp").cast(pl.Datetime("us", "UTC"))
    )
