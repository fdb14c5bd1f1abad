"""Tables of what is more than Arrow's columns: pandas frames with their index, structured arrays, many tables."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeGuard

from varve import _varve
from varve._arrow_memory import concatenate
from varve.errors import InvalidArgumentError, SchemaCompatibilityError

if TYPE_CHECKING:
    import pandas

ToNative = Callable[[object], _varve.Table]


def is_pandas(source: object) -> "TypeGuard[pandas.DataFrame]":
    """A frame of pandas, known by its class, so that pandas need not be imported."""
    of_pandas = any(kind.__module__.partition(".")[0] == "pandas" for kind in type(source).__mro__)
    return of_pandas and hasattr(source, "columns") and hasattr(source, "index")


def is_structured(source: Any) -> bool:
    """A NumPy array of records."""
    return type(source).__module__.partition(".")[0] == "numpy" and bool(getattr(source.dtype, "names", None))


def from_pandas(frame: "pandas.DataFrame", to_native: ToNative) -> _varve.Table:
    """The columns, after what of the index is data: named levels, and times without a name as ``timestamp``.

    Goes through PyArrow where that is installed, column by column else.
    """
    plain: Any = _with_index(frame)
    repeated = [str(name) for name in plain.columns[plain.columns.duplicated()]]
    if repeated:
        raise InvalidArgumentError(f"column {repeated[0]} is there more than once")
    try:
        import pyarrow
    except ImportError:
        return to_native({str(name): _values(plain[name]) for name in plain.columns})
    plain = plain.set_axis([str(name) for name in plain.columns], axis="columns")
    try:
        # Without what pandas would note of the frame: the rows are of the series from here on.
        table = pyarrow.Table.from_pandas(plain, preserve_index=False).replace_schema_metadata(None)
    except (pyarrow.ArrowException, OverflowError, TypeError) as error:  # integers beyond 64 bits, sparse columns
        raise InvalidArgumentError(f"pandas frame: {'; '.join(map(str, error.args))}") from None
    for name, kind in zip(table.column_names, table.schema.types, strict=True):
        # Periods and intervals are more than the numbers that they are kept as.
        if isinstance(kind, pyarrow.BaseExtensionType):
            raise InvalidArgumentError(f"column {name}: no column type for {plain[name].dtype}")
    return _varve.import_arrow(table)


def _with_index(frame: "pandas.DataFrame") -> "pandas.DataFrame":
    names = list(frame.index.names)
    if names == [None]:
        if getattr(frame.index.dtype, "kind", "") != "M":
            return frame.reset_index(drop=True)
        frame = frame.rename_axis(index="timestamp")
    elif None in names:
        raise InvalidArgumentError("pandas frame: name all levels of its index, or none")
    try:
        return frame.reset_index()
    except ValueError as error:
        raise InvalidArgumentError(f"pandas frame: its index is to become a column: {error}") from None


def _values(column: Any) -> Any:
    """A column without PyArrow: as NumPy has it, with nulls where pandas sees them."""
    import numpy

    missing = column.isna().to_numpy(bool)
    valid = (~missing).tobytes() if missing.any() else None
    zone = getattr(column.dtype, "tz", None)
    if zone is not None:
        times = column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        unit = times.dtype.str.partition("[")[2].rstrip("]")
        return _varve.column_from_bytes(f"timestamp[{unit}, {zone}]", times.view("int64").tobytes(), valid)
    if isinstance(column.dtype, numpy.dtype) and column.dtype.kind == "f":
        return _varve.column_from_bytes(f"float{8 * column.dtype.itemsize}", column.to_numpy().tobytes(), valid)
    if isinstance(column.dtype, numpy.dtype) and column.dtype.kind != "O":
        return column.to_numpy()
    return [None if absent else value for value, absent in zip(column.tolist(), missing.tolist(), strict=True)]


def from_batches(batches: Iterable[object], to_native: ToNative) -> _varve.Table:
    """The rows of tables with the same columns, one after the other."""
    tables = [to_native(batch) for batch in batches]
    if not tables:
        raise InvalidArgumentError("expected tables, found none: rows without columns cannot be kept")
    for position, table in enumerate(tables):
        if table.fields() != tables[0].fields():
            raise SchemaCompatibilityError(
                f"table {position} has the columns {dict(table.fields())}, the first one {dict(tables[0].fields())}"
            )
    return concatenate(tables)
