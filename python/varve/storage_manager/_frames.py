"""Frames of callers as tables of the store's schemas."""

from collections.abc import Callable, Collection

import pandas as pd
import pyarrow as pa
import pyarrow.compute as compute

import varve
from varve.errors import InvalidArgumentError
from varve.storage_manager._series import INDEX

PRICES = ("open", "high", "low", "close")
VOLUME = "volume"
MONTH_COLUMNS = ("year", "month")
NAMES = ("instrument", "symbol")
"""Columns that tell features of several instruments apart."""

_TIME = pa.timestamp("ns", "UTC")


def to_bars(frame: pd.DataFrame, instrument: str) -> pa.Table:
    """Timestamp, prices as float64, volume as int64 where its values are whole, what else there is, and instrument,
    year and month. Raises InvalidArgumentError for a frame without timestamps, for prices that are no numbers, and for
    one of several instruments."""
    table = _with_times(frame)
    for name in PRICES:
        table = _with(table, name, _to_floats)
    table = _with(table, VOLUME, _to_whole)
    if NAMES[0] in table.column_names and len(compute.call_function("unique", [table.column(NAMES[0])])) > 1:
        raise InvalidArgumentError(f"column {NAMES[0]!r} has several values: save the bars of each by themselves")
    own = [name for name in (INDEX, *PRICES, VOLUME) if name in table.column_names]
    rest = [name for name in table.column_names if name not in (*own, NAMES[0], *MONTH_COLUMNS)]
    names = pa.repeat(pa.scalar(instrument, pa.string()), table.num_rows)
    return _with_months(table.select(own + rest).append_column(NAMES[0], names))


def to_features(frame: pd.DataFrame) -> pa.Table:
    """Timestamp, numbers as float64, other columns as they are, and year and month. Integers stay where float64 would
    round them, and where they are names of instruments. Raises InvalidArgumentError for a frame without timestamps."""
    table = _with_times(frame)
    values = [name for name in table.column_names if name not in (INDEX, *MONTH_COLUMNS)]
    for name in values:
        kind = table.schema.field(name).type
        is_null = pa.types.is_null(kind)  # without values it may become anything
        if _is_number(kind) and not is_null and name not in NAMES:
            table = _with(table, name, _to_floats_if_exact)
    return _with_months(table.select([INDEX, *values]))


def to_rows(frame: pd.DataFrame) -> pa.Table:
    """All columns as they are, and the timestamp as the store has it. An empty frame needs none."""
    return pa.table({}) if is_empty(frame) else _with_times(frame)


def is_empty(frame: pd.DataFrame) -> bool:
    """Raises InvalidArgumentError for what is no frame."""
    if not isinstance(frame, pd.DataFrame):
        raise InvalidArgumentError(f"{type(frame).__name__} is no pandas.DataFrame")
    return len(frame) == 0


def names_in(columns: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in NAMES if name in columns)


def months_in(table: pa.Table) -> list[tuple[int, int]]:
    """Year and month of the rows, ascending."""
    found = table.group_by(list(MONTH_COLUMNS)).aggregate([]).to_pylist()
    return sorted((row["year"], row["month"]) for row in found)


def _with_times(frame: pd.DataFrame) -> pa.Table:
    """The frame with nanoseconds UTC in its first column, the timestamp; one without a zone is taken as UTC."""
    plain = frame.reset_index(drop=True) if INDEX in frame.columns else frame
    table = varve.Table(plain, naive="utc").to_arrow()
    if INDEX not in table.column_names:
        raise InvalidArgumentError(f"the frame has no column {INDEX!r}; it has {', '.join(table.column_names)}")
    kind = table.schema.field(INDEX).type
    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        raise InvalidArgumentError(f"column {INDEX!r} is {kind}: expected timestamps; pandas.to_datetime makes them")
    rest = [name for name in table.column_names if name != INDEX]
    return _with(table.select([INDEX, *rest]), INDEX, _to_times)


def _with_months(table: pa.Table) -> pa.Table:
    for name in MONTH_COLUMNS:
        table = table.append_column(name, compute.call_function(name, [table.column(INDEX)]).cast(pa.int32()))
    return table


def _with(table: pa.Table, name: str, convert: Callable[[pa.ChunkedArray], pa.ChunkedArray]) -> pa.Table:
    """The table with a column converted, if it is there."""
    at = table.schema.get_field_index(name)
    if at < 0:
        return table
    try:
        return table.set_column(at, name, convert(table.column(at)))
    except (pa.ArrowException, ValueError) as error:
        raise InvalidArgumentError(f"column {name!r}: {error}") from None


def _to_times(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.timestamp("ns") if pa.types.is_date(column.type) else _TIME).cast(_TIME)


def _to_floats(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not _is_number(column.type):
        raise pa.ArrowTypeError(f"expected numbers, found {column.type}")
    return column.cast(pa.float64())


def _to_floats_if_exact(column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return _to_floats(column)
    except pa.ArrowInvalid:
        return column


def _to_whole(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """As int64 if all values are such."""
    if not _is_number(column.type):
        raise pa.ArrowTypeError(f"expected numbers, found {column.type}")
    try:
        return column.cast(pa.int64())
    except pa.ArrowInvalid:
        return column.cast(pa.float64())


def _is_number(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_null(kind))
