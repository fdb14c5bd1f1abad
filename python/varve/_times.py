"""Moments as Python has them, turned into what the engine takes: nanoseconds UTC, or ISO 8601 text for days."""

import datetime
from typing import TYPE_CHECKING, Any, Literal, Union

from varve._options import check_choice
from varve.errors import InvalidArgumentError

if TYPE_CHECKING:
    import numpy

Naive = Literal["error", "utc"]
"""What is done with times that name no zone: they are an error, or UTC."""

TimeLike = Union[datetime.datetime, datetime.date, str, int, "numpy.datetime64"]  # NumPy is not imported
"""A moment or a day: ``datetime`` (aware), ``pandas.Timestamp``, ``date``, ISO 8601 text, or int nanoseconds UTC.
``numpy.datetime64`` is taken too where naive times are allowed, as it names no zone."""

_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_NUMPY_UNITS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}


def to_nanoseconds(moment: Any, naive: Naive = "error") -> int:
    """Nanoseconds UTC of a ``datetime``, ``pandas.Timestamp`` or ``numpy.datetime64``, exactly.

    Raises InvalidArgumentError for a naive one unless ``naive`` is ``"utc"``.
    """
    if type(moment).__module__ == "numpy":
        return _numpy_nanoseconds(moment, naive)
    if moment != moment:  # as only NaT is
        raise InvalidArgumentError(f"time {moment} is no moment")
    if moment.tzinfo is None:
        _check_naive(moment, naive)
        moment = moment.replace(tzinfo=datetime.UTC)
    elapsed = moment - _EPOCH
    whole = (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000_000 + elapsed.microseconds * 1_000
    return int(whole + getattr(elapsed, "nanoseconds", 0))


def in_reach(nanoseconds: int) -> int:
    """The moment, or the first or last one that 64 bits reach (about 292 years from 1970)."""
    return min(max(nanoseconds, -(1 << 63)), (1 << 63) - 1)


def to_bound(bound: TimeLike | None, naive: Naive = "error") -> int | str | None:
    """One end of a range: text and days stay text, as a day means another instant as a start than as an end."""
    check_choice("naive", naive, Naive)
    if bound is None or isinstance(bound, str):
        return bound
    if isinstance(bound, bool):
        raise InvalidArgumentError(f"time {bound!r}: expected a datetime, a date, text or int nanoseconds")
    if isinstance(bound, int):
        return bound
    if isinstance(bound, datetime.datetime) or type(bound).__module__ == "numpy":
        return in_reach(to_nanoseconds(bound, naive))
    if isinstance(bound, datetime.date):
        return bound.isoformat()
    raise InvalidArgumentError(
        f"time {bound!r} of type {type(bound).__name__}: expected a datetime, a date, text or int nanoseconds"
    )


def _check_naive(moment: object, naive: Naive) -> None:
    if naive != "utc":
        raise InvalidArgumentError(f"time {moment} names no zone: give it one, or say naive='utc'")


def _numpy_nanoseconds(moment: Any, naive: Naive) -> int:
    if not hasattr(moment, "dtype") or moment.dtype.kind != "M":
        raise InvalidArgumentError(f"time {moment!r} of type {type(moment).__name__}: expected a datetime64")
    if moment != moment:
        raise InvalidArgumentError(f"time {moment} is no moment")
    _check_naive(moment, naive)
    unit = moment.dtype.str.partition("[")[2].rstrip("]")
    if unit not in _NUMPY_UNITS:
        moment, unit = moment.astype("datetime64[s]"), "s"
    return int(moment.view("int64")) * _NUMPY_UNITS[unit]
