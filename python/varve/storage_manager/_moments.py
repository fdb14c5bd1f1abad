"""Moments that callers give, as the store records them."""

from datetime import UTC, datetime, timedelta

from varve._times import TimeLike, in_reach, to_bound, to_nanoseconds
from varve.errors import InvalidArgumentError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_FIRST, _LAST = in_reach(-(1 << 64)), in_reach(1 << 64)


def to_moment(name: str, moment: TimeLike) -> int:
    """Nanoseconds UTC; a day is its first moment, and a time without a zone is UTC. Raises InvalidArgumentError, with
    the name of the argument, for what says no time, or one that 64 bits do not reach."""
    bound = to_bound(moment, "utc")
    try:
        nanoseconds = bound if isinstance(bound, int) else to_nanoseconds(datetime.fromisoformat(bound or ""), "utc")
    except ValueError:
        raise InvalidArgumentError(f"{name} {moment!r}: expected a time or ISO 8601 text") from None
    if not _FIRST < nanoseconds < _LAST:
        raise InvalidArgumentError(f"{name} {moment}: nanoseconds of 64 bits reach from the year 1677 to 2262")
    return nanoseconds


def to_datetime(nanoseconds: int) -> datetime:
    """UTC, in whole microseconds."""
    return EPOCH + timedelta(microseconds=nanoseconds // 1_000)
