"""What a series is known to hold: asked for, received, empty."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from varve._times import Naive, TimeLike, to_bound
from varve.errors import InvalidArgumentError

RangeLike = tuple[TimeLike | None, TimeLike | None]
"""A start, which is inside, and an end, which is not; a day as an end means all of it, None the end of time."""


class TimeRange(NamedTuple):
    """A stretch of time in nanoseconds UTC: ``start`` is inside, ``end`` is not."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is known of a series: sets of moments as ranges in order, none of which touch.

    What came and what is known to be empty was also asked for, and no moment is both. What was asked for and is neither
    was asked in vain.
    """

    requested: list[TimeRange]
    received: list[TimeRange]
    empty: list[TimeRange]


@dataclass(frozen=True, slots=True)
class CoverageChange:
    """What becomes known. Ranges come in any order and may overlap; the newest word on a moment counts.

    >>> varve.CoverageChange(received=[("2024-01-01", "2024-01-31")])
    """

    requested: Sequence[RangeLike] = ()
    received: Sequence[RangeLike] = ()
    """Whatever there is in these, the series has it. They were also asked for."""
    empty: Sequence[RangeLike] = ()
    """There is nothing in these. They were also asked for."""
    forgotten: Sequence[RangeLike] = ()
    """Done first: nothing is known of these any more."""


def to_ranges(ranges: Sequence[tuple[int, int]]) -> list[TimeRange]:
    return [TimeRange(*each) for each in ranges]


def to_native_change(change: CoverageChange, naive: Naive) -> dict[str, list[tuple[Any, Any]]]:
    """The ranges as the engine takes them. Raises InvalidArgumentError for what is no range."""
    if not isinstance(change, CoverageChange):
        raise InvalidArgumentError(f"coverage {change!r} of type {type(change).__name__}: expected a CoverageChange")
    return {
        "requested": _to_native(change.requested, naive),
        "received": _to_native(change.received, naive),
        "empty": _to_native(change.empty, naive),
        "forgotten": _to_native(change.forgotten, naive),
    }


def _to_native(ranges: Sequence[RangeLike], naive: Naive) -> list[tuple[Any, Any]]:
    try:
        pairs = [(start, end) for start, end in ranges]
    except (TypeError, ValueError):
        raise InvalidArgumentError(f"ranges {ranges!r}: expected pairs of a start and an end") from None
    return [(to_bound(start, naive), to_bound(end, naive)) for start, end in pairs]
