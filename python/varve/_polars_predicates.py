"""Polars expressions as conditions of Varve, as far as they mean the same."""

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from varve import _varve
from varve._imports import optional
from varve._polars_literals import Subject, is_ordered, moments_of, value_of
from varve._predicates import Column, Predicate, col
from varve.errors import DataNotFoundError, InvalidArgumentError

if TYPE_CHECKING:
    import polars

_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NEGATED = {">": "<=", ">=": "<"}
_TURNED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_CLOSED: dict[Literal["both", "left", "right", "none"], tuple[str, str]] = {
    "both": (">=", "<="),
    "left": (">=", "<"),
    "right": (">", "<="),
    "none": (">", "<"),
}


@dataclass(frozen=True)
class Pushed:
    """A condition that keeps every row that an expression keeps."""

    condition: Predicate
    exact: bool
    """And no other row; nulls and NaN included."""


class Translator:
    """Takes over what an expression says of the columns of ``schema``: comparisons with literals, is_in, is_null,
    is_between, and, or, not.

    An expression is known by building anew what it might be of its parts and comparing the two, since Polars promises
    nothing of how it stores one. NaN is the greatest number and equal to itself in Polars, and neither in Varve: the
    conditions are such that both keep the same rows.
    """

    def __init__(self, schema: "polars.Schema", left_out: Iterable[str] = ()) -> None:
        """Comparisons with the columns ``left_out`` are not taken over."""
        self._polars: Any = optional("polars", "scan")
        self._schema = schema
        self._left_out = frozenset(left_out)
        self._empty = self._polars.LazyFrame(schema=schema)

    def translate(self, expression: "polars.Expr") -> Pushed | None:
        """Nothing if no part of it can be taken over."""
        if expression.meta.is_column():
            name = expression.meta.output_name()
            is_flag = self._schema.get(name) == self._polars.Boolean
            return Pushed(_COMPARISONS["=="](col(name), True), True) if is_flag else None
        if expression.meta.is_literal():
            return None
        parts = expression.meta.pop()
        of_parts = {1: self._of_one, 2: self._of_two, 3: self._of_three}.get(len(parts))
        return None if of_parts is None else of_parts(expression, parts)

    def bounds(self, expression: "polars.Expr", index: str) -> tuple[int | None, int | None]:
        """The first and last nanosecond of the time column ``index``, both inside, outside which no row is kept."""
        parts = expression.meta.pop()
        if len(parts) == 3:
            return _both(self.bounds(term, index) for term in self._terms_of_between(expression, parts))
        if len(parts) != 2:
            return None, None
        if self._is_join(expression, parts, operator.and_):
            return _both(self.bounds(part, index) for part in parts)
        for sign, subject, values in self._compared(expression, parts):
            if subject.name == index and (moments := moments_of(subject, values)) is not None:
                return _bounds(sign, *moments)
        return None, None

    def _of_one(self, expression: "polars.Expr", parts: "list[polars.Expr]") -> Pushed | None:
        (part,) = parts
        if expression.meta.eq(part.is_null()) and part.meta.is_column():
            return Pushed(col(part.meta.output_name()).is_null(), True)
        if expression.meta.eq(part.is_not_null()) and part.meta.is_column():
            return Pushed(~col(part.meta.output_name()).is_null(), True)
        if expression.meta.eq(part.not_()):
            inner = self.translate(part)
            return Pushed(~inner.condition, True) if inner is not None and inner.exact else None
        return None

    def _of_two(self, expression: "polars.Expr", parts: "list[polars.Expr]") -> Pushed | None:
        if self._is_join(expression, parts, operator.and_):
            return _all([self.translate(part) for part in parts])
        if self._is_join(expression, parts, operator.or_):
            terms = [self.translate(part) for part in parts]
            known = [term for term in terms if term is not None]
            if len(known) < len(terms):
                return None
            return Pushed(known[0].condition | known[1].condition, all(term.exact for term in known))
        for sign, subject, values in self._compared(expression, parts):
            return self._comparison(sign, subject, values)
        for part, others in _orders(parts):
            if expression.meta.eq(part.is_in(others)):
                return self._membership(part, others)
        return None

    def _of_three(self, expression: "polars.Expr", parts: "list[polars.Expr]") -> Pushed | None:
        terms = self._terms_of_between(expression, parts)
        return _all([self.translate(term) for term in terms]) if terms else None

    def _terms_of_between(self, expression: "polars.Expr", parts: "list[polars.Expr]") -> "list[polars.Expr]":
        for value, low, high in (parts, parts[::-1]):
            for closed, (above, below) in _CLOSED.items():
                if expression.meta.eq(value.is_between(low, high, closed=closed)):
                    return [_COMPARISONS[above](value, low), _COMPARISONS[below](value, high)]
        return []

    def _is_join(self, expression: "polars.Expr", parts: "list[polars.Expr]", join: Callable[[Any, Any], Any]) -> bool:
        return any(expression.meta.eq(join(left, right)) for left, right in _orders(parts))

    def _compared(
        self, expression: "polars.Expr", parts: "list[polars.Expr]"
    ) -> "Iterable[tuple[str, Subject, polars.Series]]":
        """The comparison of a column with a literal that the expression is, if it is one, with the column first."""
        for left, right in _orders(parts):
            for sign, compare in _COMPARISONS.items():
                if not expression.meta.eq(compare(left, right)):
                    continue
                for subject, value, its_sign in ((left, right, sign), (right, left, _TURNED[sign])):
                    column, literal = self._subject(subject), self._literal(value)
                    if column is not None and literal is not None and len(literal) == 1:
                        yield its_sign, column, literal
                        return

    def _subject(self, expression: "polars.Expr") -> Subject | None:
        column = expression if expression.meta.is_column() else self._cast_of(expression)
        if column is None:
            return None
        name = column.meta.output_name()
        if name not in self._schema or name in self._left_out:
            return None
        source = self._schema[name]
        return Subject(name, source, source if column is expression else self._type_of(expression))

    def _literal(self, expression: "polars.Expr") -> "polars.Series | None":
        """The values of an expression that no row has a part in."""
        if not _is_constant(expression):
            return None
        values: polars.Series = self._polars.select(expression).to_series()
        return values

    def _cast_of(self, expression: "polars.Expr") -> "polars.Expr | None":
        """The column that the expression casts, if it is a cast of one."""
        parts = expression.meta.pop()
        if len(parts) != 1 or not parts[0].meta.is_column():
            return None
        kind = self._type_of(expression)
        casts = (parts[0].cast(kind), parts[0].cast(kind, strict=False))
        return parts[0] if any(expression.meta.eq(cast) for cast in casts) else None

    def _type_of(self, expression: "polars.Expr") -> Any:
        return self._empty.select(expression.alias("it")).collect_schema()["it"]

    def _comparison(self, sign: str, subject: Subject, values: "polars.Series") -> Pushed | None:
        column = col(subject.name)
        if (moments := moments_of(subject, values)) is not None:
            return _of_moments(sign, column, *moments)
        value = value_of(subject, values)
        if value is None or (sign not in ("==", "!=") and not is_ordered(subject)):
            return None
        if subject.source.is_float() and sign in (">", ">="):  # true of NaN
            return Pushed(~_COMPARISONS[_NEGATED[sign]](column, value), True)
        return Pushed(_COMPARISONS[sign](column, value), True)

    def _membership(self, expression: "polars.Expr", others: "polars.Expr") -> Pushed | None:
        subject, values = self._subject(expression), self._literal(others)
        if subject is None or values is None:
            return None
        if values.dtype in (self._polars.List, self._polars.Array):
            if len(values) != 1 or values[0] is None:
                return None
            values = values[0]
        found = [self._member(subject, values[at : at + 1]) for at in range(len(values))]
        if not found or None in found:
            return None
        return Pushed(col(subject.name).is_in(found), True)

    def _member(self, subject: Subject, value: "polars.Series") -> Any:
        moments = moments_of(subject, value)
        if moments is None:
            return value_of(subject, value)
        low, high = moments
        return _varve.scalar_timestamp(low) if low == high else None


def to_frame(table: _varve.Table) -> "polars.DataFrame":
    """The engine's table as Polars takes it, over the same memory."""
    frame: polars.DataFrame = optional("polars", "scan").DataFrame(_Exported(table))
    return frame


class _Exported:
    def __init__(self, table: _varve.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.arrow_stream()


def of_expression(expression: "polars.Expr", columns: _varve.Table) -> Predicate:
    """The condition that keeps just the rows of these columns that the expression keeps.

    Polars first makes the types of both sides of a comparison one, as in a query. Raises InvalidArgumentError for an
    expression that cannot be taken over whole, DataNotFoundError for a column that is not there.
    """
    frames = optional("polars", "where")
    empty = to_frame(columns)
    seen: list[Any] = []

    def source(names: Any, predicate: Any, rows: Any, batch_rows: Any) -> Iterator[Any]:
        seen.append(predicate)
        yield empty if names is None else empty.select(names)

    try:
        scan = optional("polars.io.plugins", "where").register_io_source(source, schema=empty.schema)
        plan = scan.filter(expression)
        plan.collect()
        is_whole = plan.explain().startswith("PYTHON SCAN")  # no filter stays above it
    except frames.exceptions.ColumnNotFoundError as error:
        raise DataNotFoundError(f"where: no column {error}") from None
    except frames.exceptions.PolarsError as error:
        raise InvalidArgumentError(f"where: {error}") from None
    known = [predicate for predicate in seen if predicate is not None and is_whole]
    try:
        pushed = Translator(empty.schema).translate(known[0]) if known else None
    except RecursionError:
        raise InvalidArgumentError("where: the expression has too many levels: filter a scan by it") from None
    if pushed is None or not pushed.exact:
        raise InvalidArgumentError(f"where: {expression} is more than comparisons with literals: filter a scan by it")
    return pushed.condition


def _is_constant(expression: "polars.Expr") -> bool:
    """A literal, or what is made of literals: Polars gives one its type by casts and leaves them for later."""
    if expression.meta.is_literal():
        return True
    parts = expression.meta.pop()
    return bool(parts) and all(map(_is_constant, parts))


def _orders(parts: "list[polars.Expr]") -> "tuple[tuple[polars.Expr, polars.Expr], tuple[polars.Expr, polars.Expr]]":
    """Two parts either way round: ``pop`` does not say which was first."""
    first, second = parts
    return (second, first), (first, second)


def _all(terms: list[Pushed | None]) -> Pushed | None:
    known = [term for term in terms if term is not None]
    if not known:
        return None
    condition = known[0].condition
    for term in known[1:]:
        condition &= term.condition
    return Pushed(condition, len(known) == len(terms) and all(term.exact for term in known))


def _both(bounds: Iterable[tuple[int | None, int | None]]) -> tuple[int | None, int | None]:
    """What lies within all of the bounds."""
    pairs = list(bounds)
    lows = [low for low, _ in pairs if low is not None]
    highs = [high for _, high in pairs if high is not None]
    return max(lows, default=None), min(highs, default=None)


def _bounds(sign: str, low: int, high: int) -> tuple[int | None, int | None]:
    """Of a column compared with a moment that may be any nanosecond from ``low`` to ``high``."""
    first = {"==": low, ">=": low, ">": low}.get(sign)
    last = {"==": high, "<=": high, "<": high}.get(sign)
    return first, last


def _of_moments(sign: str, column: Column, low: int, high: int) -> Pushed | None:
    first, last = _varve.scalar_timestamp(low), _varve.scalar_timestamp(high)
    if low == high:
        return Pushed(_COMPARISONS[sign](column, first), True)
    if sign == "!=":
        return None
    if sign == "==":
        return Pushed((column >= first) & (column <= last), False)
    return Pushed(column >= first if sign in (">", ">=") else column <= last, False)
