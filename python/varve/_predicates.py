"""Conditions on rows, to be pushed into reads: ``varve.col("close") > 50_000``."""

import datetime
import decimal
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeGuard, Union

from varve import _varve
from varve._times import to_nanoseconds
from varve.errors import InvalidArgumentError

if TYPE_CHECKING:
    import polars

_EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()
_MIDNIGHT = datetime.datetime(1970, 1, 1)
_MICROSECOND = datetime.timedelta(microseconds=1)
_DECIMAL_DIGITS_MAX = 38


class Predicate:
    """A condition that a row fulfils or not. Joined by ``&``, ``|`` and ``~``, which bind closer than comparisons:
    write ``(col("close") > 1) & (col("volume") > 0)``.

    Nulls are as in SQL: what is compared with null is unknown, and a row is kept only where the whole is true.
    """

    __slots__ = ("_native",)

    def __init__(self, native: _varve.Predicate) -> None:
        self._native = native

    @property
    def columns(self) -> list[str]:
        """The columns that it asks for, each once."""
        return self._native.columns()

    def __and__(self, other: "Predicate") -> "Predicate":
        return Predicate(_varve.predicate_all([self._native, _native(other)]))

    def __or__(self, other: "Predicate") -> "Predicate":
        return Predicate(_varve.predicate_any([self._native, _native(other)]))

    def __invert__(self) -> "Predicate":
        return Predicate(_varve.predicate_not(self._native))

    def __bool__(self) -> bool:
        raise TypeError("a condition on rows is neither true nor false: join conditions by &, | and ~")

    def __repr__(self) -> str:
        return repr(self._native)


class Column:
    """A column by name, of which comparisons make conditions. Made by ``varve.col``.

    Values are bool, int, float, str, bytes, ``decimal.Decimal``, ``datetime`` (aware), ``date``, ``timedelta`` or
    ``time`` (of a day), and NumPy's numbers; ``numpy.datetime64`` names no zone. They are compared exactly: an int
    column with 2.5, a timestamp of milliseconds with a microsecond.
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def is_in(self, values: Iterable[object]) -> Predicate:
        """True where the value equals one of ``values``; never for an empty list of them."""
        return Predicate(_varve.predicate_in(self._name, [_scalar(value) for value in values]))

    def is_null(self) -> Predicate:
        """True where there is no value. NaN is a value."""
        return Predicate(_varve.predicate_is_null(self._name))

    def __eq__(self, value: object) -> Predicate:  # type: ignore[override]
        return self._compare("=", value)

    def __ne__(self, value: object) -> Predicate:  # type: ignore[override]
        return self._compare("!=", value)

    def __lt__(self, value: object) -> Predicate:
        return self._compare("<", value)

    def __le__(self, value: object) -> Predicate:
        return self._compare("<=", value)

    def __gt__(self, value: object) -> Predicate:
        return self._compare(">", value)

    def __ge__(self, value: object) -> Predicate:
        return self._compare(">=", value)

    __hash__ = None  # type: ignore[assignment]

    def _compare(self, sign: str, value: object) -> Predicate:
        return Predicate(_varve.predicate_compare(self._name, sign, _scalar(value)))

    def __repr__(self) -> str:
        return f"col({self._name!r})"


def col(name: str) -> Column:
    """The column ``name``, to be compared with values: ``col("symbol").is_in(["EUR", "USD"])``."""
    return Column(name)


Condition = Union[Predicate, str, "polars.Expr"]  # the last one is a name only for type checkers
"""A condition on rows: made of ``col``, or its text: ``"close > 50000 and side in ('B', 'S')"``, or a Polars expression
that compares columns with literals (also ``is_in``, ``is_null``, ``is_between``, joined by ``&``, ``|``, ``~``)."""


def to_native_predicate(condition: Condition | None, columns: Callable[[], _varve.Table]) -> _varve.Predicate | None:
    """A Polars expression is about the columns of the table that ``columns`` gives. Raises InvalidArgumentError for
    what is no condition."""
    if isinstance(condition, str):
        return _varve.predicate_parse(condition)
    if _is_expression(condition):
        from varve._polars_predicates import of_expression

        return of_expression(condition, columns())._native
    return None if condition is None else _native(condition)


def _is_expression(condition: object) -> "TypeGuard[polars.Expr]":
    return type(condition).__module__.partition(".")[0] == "polars" and hasattr(condition, "meta")


def _native(predicate: object) -> _varve.Predicate:
    if not isinstance(predicate, Predicate):
        raise InvalidArgumentError(
            f"expected a condition such as varve.col('close') > 1, found {type(predicate).__name__}"
        )
    return predicate._native


def _scalar(value: Any) -> _varve.Scalar:
    if isinstance(value, _varve.Scalar):
        return value
    if type(value).__module__ == "numpy" and hasattr(value, "dtype") and value.dtype.kind not in "Mm":
        value = value.item()
    if isinstance(value, bool):
        return _varve.scalar_boolean(value)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return _varve.scalar_float(value)
    if isinstance(value, str):
        return _varve.scalar_text(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _varve.scalar_bytes(bytes(value))
    if isinstance(value, decimal.Decimal):
        return _decimal(value)
    return _moment(value)


def _integer(value: int) -> _varve.Scalar:
    if -(2**63) <= value < 2**63:
        return _varve.scalar_signed(value)
    if 0 <= value < 2**64:
        return _varve.scalar_unsigned(value)
    return _decimal(decimal.Decimal(value))


def _decimal(value: decimal.Decimal) -> _varve.Scalar:
    if not value.is_finite():
        raise InvalidArgumentError(f"decimal {value} is not finite")
    sign, digits, exponent = value.as_tuple()
    places = int(exponent)
    if len(digits) + max(places, 0) > _DECIMAL_DIGITS_MAX or -places > _DECIMAL_DIGITS_MAX:
        raise InvalidArgumentError(f"{value} has more than {_DECIMAL_DIGITS_MAX} digits")
    unscaled = int("".join(map(str, digits))) * 10 ** max(places, 0)
    little_endian = (-unscaled if sign else unscaled).to_bytes(16, "little", signed=True)
    return _varve.scalar_decimal(little_endian, max(-places, 0))


def _in_reach(value: object, nanoseconds: int) -> int:
    if not -(1 << 63) <= nanoseconds < 1 << 63:
        raise InvalidArgumentError(f"{value} is beyond what 64 bits of nanoseconds reach (about 292 years)")
    return nanoseconds


def _moment(value: Any) -> _varve.Scalar:
    if isinstance(value, datetime.datetime) or (type(value).__module__ == "numpy" and hasattr(value, "dtype")):
        return _varve.scalar_timestamp(_in_reach(value, to_nanoseconds(value)))
    if isinstance(value, datetime.date):
        return _varve.scalar_date(value.toordinal() - _EPOCH_DAY)
    if isinstance(value, datetime.timedelta):
        nanoseconds = value // _MICROSECOND * 1_000 + getattr(value, "nanoseconds", 0)
        return _varve.scalar_duration(_in_reach(value, nanoseconds))
    if isinstance(value, datetime.time):
        if value.tzinfo is not None:
            raise InvalidArgumentError(f"time of day {value} names a zone, columns of times have none")
        return _varve.scalar_duration((datetime.datetime.combine(_MIDNIGHT, value) - _MIDNIGHT) // _MICROSECOND * 1_000)
    if value is None:
        raise InvalidArgumentError("nothing is compared with None: say is_null()")
    raise InvalidArgumentError(f"a column is compared with a value, found {type(value).__name__}")
