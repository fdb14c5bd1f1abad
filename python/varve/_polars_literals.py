"""What columns are compared with in Polars, and what that is in Varve."""

import decimal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from varve import _varve
from varve._imports import optional

if TYPE_CHECKING:
    import polars

_NANOSECONDS = {"ms": 1_000_000, "us": 1_000, "ns": 1}
_FLOAT_WHOLE_MAX = 2**53  # up to here every whole number is a float64
_INT64 = range(-(2**63), 2**63)


@dataclass(frozen=True)
class Subject:
    """A column, and the type that its values have when they are compared: another one if it is cast."""

    name: str
    source: Any
    compared: Any

    @property
    def cast(self) -> bool:
        return bool(self.source != self.compared)


def is_ordered(subject: Subject) -> bool:
    """Whether less and greater mean the same of these values in both."""
    polars = optional("polars", "scan")
    return subject.source not in (polars.Boolean, polars.Categorical, polars.Enum)


def moments_of(subject: Subject, values: "polars.Series") -> tuple[int, int] | None:
    """The nanoseconds UTC that are equal to a moment for Polars, first and last, if it is one."""
    polars = optional("polars", "scan")
    literal: Any = values.dtype
    kinds = (subject.source, subject.compared, literal)
    if any(kind != polars.Datetime for kind in kinds) or values[0] is None:
        return None
    if len({kind.time_zone is None for kind in kinds}) > 1 or literal.time_unit != subject.compared.time_unit:
        return None
    stored, compared = (_NANOSECONDS[kind.time_unit] for kind in (subject.source, subject.compared))
    if stored > compared:
        return None  # what overflows when it is cast is nowhere in order
    moment = int(values.to_physical()[0]) * compared
    # A cast to a coarser unit rounds down, or towards 1970: what lies on either side may be equal.
    around = compared - stored if subject.cast else 0
    low, high = moment - around, moment + around
    return (low, high) if low in _INT64 and high in _INT64 else None


def value_of(subject: Subject, values: "polars.Series") -> Any:
    """What the column is compared with in Varve; None if that is not to be had, or would mean something else."""
    value, kind = values[0], values.dtype
    if value is None:
        return None
    source, compared, polars = subject.source, subject.compared, optional("polars", "scan")
    if source.is_integer():
        return _for_integers(subject, value, kind)
    if source in (polars.Float32, polars.Float64):
        return _for_floats(subject, value, polars) if kind.is_numeric() else None
    if source.is_decimal():
        fits = compared.is_decimal() and compared.scale >= source.scale
        return decimal.Decimal(value) if fits and (kind.is_decimal() or kind.is_integer()) else None
    if source in (polars.String, polars.Categorical, polars.Enum):
        texts = (source, polars.String)
        return value if isinstance(value, str) and compared in texts else None
    if source == polars.Duration and kind == source == compared:
        return _varve.scalar_duration(nanoseconds) if (nanoseconds := _nanoseconds(values)) in _INT64 else None
    if source == polars.Time and kind == compared == polars.Time:
        return _varve.scalar_duration(int(values.to_physical()[0]))
    if source in (polars.Boolean, polars.Date, polars.Binary) and kind == compared == source:
        return value
    return None


def _for_integers(subject: Subject, value: Any, kind: Any) -> Any:
    if kind.is_integer() and subject.compared.is_integer():
        holds = not subject.cast or _holds(subject.compared, subject.source)
        return value if holds else None
    # As floats, numbers beyond 2^53 are rounded: not to one on the other side of a smaller one.
    if kind.is_float() and (subject.compared.is_float() or not subject.cast):
        exact = abs(value) < _FLOAT_WHOLE_MAX and str(subject.compared) != "Float32"
        return value if exact else None
    return None


def _holds(wider: Any, narrower: Any) -> bool:
    """Whether every value of one type of whole numbers is one of the other."""
    signs = str(wider).startswith("U"), str(narrower).startswith("U")
    bits, bits_needed = (int("".join(filter(str.isdigit, str(kind)))) for kind in (wider, narrower))
    return bits >= bits_needed if signs[0] == signs[1] else signs[1] and bits > bits_needed


def _for_floats(subject: Subject, value: Any, polars: Any) -> Any:
    if subject.compared not in (polars.Float32, polars.Float64):
        return None
    if subject.cast and subject.source == polars.Float64:
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    if number != value:  # NaN too
        return None
    narrow = polars.Series([number], dtype=polars.Float64).cast(polars.Float32)[0]
    return None if subject.compared == polars.Float32 and narrow != number else number


def _nanoseconds(values: "polars.Series") -> int:
    unit: Any = values.dtype
    return int(values.to_physical()[0]) * _NANOSECONDS[unit.time_unit]
