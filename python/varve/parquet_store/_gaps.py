"""Stretches of time for which rows are missing."""

import datetime

import polars as pl

from varve.errors import InvalidArgumentError

Gap = tuple[datetime.datetime, datetime.datetime]

# A step of more than 1.1 intervals is a gap.
_TOLERANCE_NUMERATOR, _TOLERANCE_DENOMINATOR = 11, 10
_PER_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_DAY_SECONDS = 86_400


def find_gaps(
    times: pl.Series, start: datetime.datetime, end: datetime.datetime, interval: datetime.timedelta
) -> list[Gap]:
    """The gaps of sorted times, all within ``start`` to ``end``, oldest first.

    A gap goes from one interval after the row before it to one interval before the row after it; one at the beginning
    starts at ``start``, one at the end ends at ``end``. Times are UTC, to the microsecond below.
    """
    if not isinstance(times.dtype, (pl.Datetime, pl.Date)):
        raise InvalidArgumentError(f"column {times.name!r} is {times.dtype}, which is no time")
    if times.is_empty():
        return [(start, end)]
    first, last = _moment(times[0]), _moment(times[-1])
    gaps: list[Gap] = []
    if _exceeds(first - _aware(start), interval):
        gaps.append((start, first - interval))
    gaps += [(before + interval, after - interval) for before, after in _wide_steps(times, interval)]
    if _exceeds(_aware(end) - last, interval):
        gaps.append((last + interval, end))
    return gaps


def _wide_steps(times: pl.Series, interval: datetime.timedelta) -> list[Gap]:
    """Neighbours that are too far apart."""
    ticks, per_second = _ticks(times)
    nanoseconds = interval // datetime.timedelta(microseconds=1) * 1_000
    longest = nanoseconds * _TOLERANCE_NUMERATOR // _TOLERANCE_DENOMINATOR * per_second // _PER_SECOND["ns"]
    after = (ticks.diff() > longest).fill_null(value=False).arg_true()
    return list(zip(map(_moment, times.gather(after - 1)), map(_moment, times.gather(after)), strict=True))


def _ticks(times: pl.Series) -> tuple[pl.Series, int]:
    """Whole numbers, and how many of them are a second; of days, seconds."""
    if isinstance(times.dtype, pl.Datetime):
        return times.to_physical(), _PER_SECOND[times.dtype.time_unit]
    return times.to_physical().cast(pl.Int64) * _DAY_SECONDS, 1


def _exceeds(length: datetime.timedelta, interval: datetime.timedelta) -> bool:
    return length * _TOLERANCE_DENOMINATOR > interval * _TOLERANCE_NUMERATOR


def _moment(time: datetime.date) -> datetime.datetime:
    if not isinstance(time, datetime.datetime):
        return datetime.datetime(time.year, time.month, time.day, tzinfo=datetime.UTC)
    return time.astimezone(datetime.UTC)


def _aware(time: datetime.datetime) -> datetime.datetime:
    """A time without a zone is taken as UTC."""
    return time if time.tzinfo is not None else time.replace(tzinfo=datetime.UTC)
