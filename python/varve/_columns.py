"""Tables from what callers hand in: anything with ``__arrow_c_stream__``, frames, a dict of columns, many tables."""

import array
import datetime
import decimal
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from varve import _varve
from varve._frames import from_batches, from_pandas, is_pandas, is_structured
from varve._options import check_choice
from varve._times import Naive, to_nanoseconds
from varve.errors import InvalidArgumentError

_EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()
_INT64_MAX = 2**63 - 1
_DECIMAL_DIGITS_MAX = 38
_NUMPY_NUMBERS = {"i": "int", "u": "uint", "f": "float"}
_NUMPY_OBJECTS = "OSUT"
_NUMPY_TIMES = {"M": "timestamp", "m": "duration"}
_NOT_A_TIME = -(2**63)
_PANDAS_NULLS = {"NaTType", "NAType"}
_NO_TABLES = (str, bytes, bytearray, memoryview, set, frozenset)


def to_native(source: object, naive: Naive) -> _varve.Table:
    """The engine's table of ``source``. Shares memory where Arrow layouts agree; a dict's lists are copied."""
    check_choice("naive", naive, Naive)
    if isinstance(source, Mapping):
        return _varve.table_from_columns(
            [(_name(name), _column(name, values, naive)) for name, values in source.items()]
        )
    native = getattr(source, "_native", None)
    if isinstance(native, _varve.Table):
        return native
    if is_pandas(source):
        return from_pandas(source, lambda columns: to_native(columns, naive))
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        return _varve.import_arrow(source)
    if is_structured(source):
        return to_native({name: source[name] for name in source.dtype.names}, naive)  # type: ignore[attr-defined,index]
    if isinstance(source, Iterable) and not isinstance(source, _NO_TABLES):
        return from_batches(source, lambda batch: to_native(batch, naive))
    if type(source).__name__ == "LazyFrame":
        raise InvalidArgumentError("a LazyFrame is a plan without rows: collect() it first")
    return _varve.import_arrow(source)  # which says what it is not


def _name(name: object) -> str:
    text = str(name)
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InvalidArgumentError(f"the column name {text!r} is not UTF-8")
    return text


def _column(name: str, values: Any, naive: Naive) -> _varve.Column:
    if isinstance(values, _varve.Column):
        return values
    if hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__"):
        table = _varve.import_arrow(values)
        return table.column(table.fields()[0][0])
    if hasattr(values, "dtype") and hasattr(values, "tobytes"):
        return _numpy_column(name, values, naive)
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
        values = _listed(name, values)
    return _sequence_column(name, values, naive)


def _listed(name: str, values: Any) -> list[Any]:
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        raise InvalidArgumentError(f"column {name}: expected a sequence of values, found {type(values).__name__}")
    return list(values)


def _numpy_column(name: str, values: Any, naive: Naive, valid: bytes | None = None) -> _varve.Column:
    if values.ndim != 1:
        raise InvalidArgumentError(f"column {name}: expected one dimension, found {values.ndim}")
    kind, width = values.dtype.kind, values.dtype.itemsize
    if kind in _NUMPY_OBJECTS:
        return _sequence_column(name, values.tolist(), naive)
    if any(base.__name__ == "MaskedArray" for base in type(values).__mro__):
        valid, values = _unmasked(values), values.data
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    if kind == "b":
        return _varve.column_from_flags(values.tobytes(), valid)
    if kind in _NUMPY_NUMBERS and width <= 8:
        return _varve.column_from_bytes(f"{_NUMPY_NUMBERS[kind]}{8 * width}", little.tobytes(), valid)
    if kind in _NUMPY_TIMES:
        return _numpy_times(name, little, valid)
    raise InvalidArgumentError(f"column {name}: no column type for {values.dtype}")


def _unmasked(values: Any) -> bytes | None:
    """Which values of a masked array are there, None if all are."""
    import numpy

    mask = numpy.ma.getmaskarray(values)
    return (~mask).tobytes() if mask.any() else None


def _numpy_times(name: str, values: Any, valid: bytes | None = None) -> _varve.Column:
    unit = values.dtype.str.partition("[")[2].rstrip("]")
    if unit not in ("s", "ms", "us", "ns"):
        if unit != "D":
            raise InvalidArgumentError(f"column {name}: the unit of {values.dtype} is none of s, ms, us, ns, D")
        values, unit = values.astype(f"{values.dtype.kind}8[s]"), "s"
    integers = values.view("int64")
    missing = integers == _NOT_A_TIME
    if missing.any():
        import numpy

        there = numpy.frombuffer(valid, bool) if valid else True
        valid = (~missing & there).tobytes()
    return _varve.column_from_bytes(f"{_NUMPY_TIMES[values.dtype.kind]}[{unit}]", integers.tobytes(), valid)


def _numpy_scalars(name: str, values: Sequence[Any], kind: Any, naive: Naive) -> _varve.Column:
    """Scalars of one NumPy type, and None, as an array of that type."""
    import numpy

    missing = kind("NaT") if issubclass(kind, (numpy.datetime64, numpy.timedelta64)) else kind()
    whole = numpy.array([missing if value is None else value for value in values])
    return _numpy_column(name, whole, naive, _valid(values))


def _sequence_column(name: str, values: Sequence[Any], naive: Naive) -> _varve.Column:
    kinds = {type(value) for value in values}
    if any(kind.__name__ in _PANDAS_NULLS for kind in kinds):
        values = [None if type(value).__name__ in _PANDAS_NULLS else value for value in values]
        kinds = {type(value) for value in values}
    kinds.discard(type(None))
    if not kinds:
        return _varve.column_of_nulls("null", len(values))
    if len(kinds) == 1 and _is_numpy_scalar(kind := next(iter(kinds))):
        return _numpy_scalars(name, values, kind, naive)
    if any(_is_numpy_scalar(kind) for kind in kinds):
        values = [value.item() if _is_numpy_number(type(value)) else value for value in values]
        kinds = {type(value) for value in values if value is not None}
    for accepts, build in _BUILDERS:
        if all(accepts(kind) for kind in kinds):
            try:
                return build(values, naive)
            except OverflowError:
                raise InvalidArgumentError(f"column {name}: a value is out of range of 64 bits") from None
            except InvalidArgumentError as error:
                raise InvalidArgumentError(f"column {name}: {error}") from None
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise InvalidArgumentError(f"column {name}: no column type for values of {names}")


def _is_numpy_scalar(kind: type) -> bool:
    """NumPy's own types; those that are Python's too (float64, str_, bytes_) go with Python's."""
    return kind.__module__ == "numpy" and not issubclass(kind, (float, str, bytes))


def _is_numpy_number(kind: type) -> bool:
    return _is_numpy_scalar(kind) and kind.__name__ not in ("datetime64", "timedelta64")


def _valid(values: Sequence[Any]) -> bytes | None:
    return bytes(value is not None for value in values) if any(value is None for value in values) else None


def _packed(code: str, values: Sequence[Any], missing: Any, convert: Callable[[Any], Any]) -> bytes:
    return array.array(code, (missing if value is None else convert(value) for value in values)).tobytes()


def _booleans(values: Sequence[Any], naive: Naive) -> _varve.Column:
    return _varve.column_from_flags(bytes(bool(value) for value in values), _valid(values))


def _integers(values: Sequence[Any], naive: Naive) -> _varve.Column:
    unsigned = any(value is not None and value > _INT64_MAX for value in values)
    kind, code = ("uint64", "Q") if unsigned else ("int64", "q")
    return _varve.column_from_bytes(kind, _packed(code, values, 0, int), _valid(values))


def _floats(values: Sequence[Any], naive: Naive) -> _varve.Column:
    return _varve.column_from_bytes("float64", _packed("d", values, 0.0, _exact_float), _valid(values))


def _exact_float(value: float) -> float:
    number = float(value)
    if isinstance(value, int) and number != value:
        raise InvalidArgumentError(f"{value} is no float64 exactly, as other values are")
    return number


def _texts(values: Sequence[Any], naive: Naive) -> _varve.Column:
    return _varve.column_from_texts("string", values)


def _binaries(values: Sequence[Any], naive: Naive) -> _varve.Column:
    return _varve.column_from_texts("binary", [None if value is None else bytes(value) for value in values])


def _moments(values: Sequence[Any], naive: Naive) -> _varve.Column:
    packed = _packed("q", values, 0, lambda moment: to_nanoseconds(moment, naive))
    return _varve.column_from_bytes("timestamp[ns, UTC]", packed, _valid(values))


def _days(values: Sequence[Any], naive: Naive) -> _varve.Column:
    packed = _packed("i", values, 0, lambda day: day.toordinal() - _EPOCH_DAY)
    return _varve.column_from_bytes("date", packed, _valid(values))


def _decimals(values: Sequence[Any], naive: Naive) -> _varve.Column:
    scale = max([0, *(_places(value) for value in values if value is not None)])
    packed = b"".join(_unscaled(value, scale) for value in values)
    return _varve.column_from_bytes(f"decimal(38, {scale})", packed, _valid(values))


def _places(value: decimal.Decimal) -> int:
    if not value.is_finite():
        raise InvalidArgumentError(f"decimal {value} is not finite")
    places = -int(value.as_tuple().exponent)
    if places > _DECIMAL_DIGITS_MAX:
        raise InvalidArgumentError(f"decimal {value} has more than {_DECIMAL_DIGITS_MAX} places")
    return places


def _unscaled(value: decimal.Decimal | None, scale: int) -> bytes:
    if not value:
        return bytes(16)
    if value.adjusted() + scale >= _DECIMAL_DIGITS_MAX:
        raise InvalidArgumentError(f"decimal {value} has more than {_DECIMAL_DIGITS_MAX} digits at scale {scale}")
    sign, digits, exponent = value.as_tuple()
    unscaled: int = int("".join(map(str, digits))) * 10 ** (scale + int(exponent))
    return (-unscaled if sign else unscaled).to_bytes(16, "little", signed=True)


# In this order: a bool is an int, a datetime is a date.
_BUILDERS: list[tuple[Callable[[type], bool], Callable[[Sequence[Any], Naive], _varve.Column]]] = [
    (lambda kind: kind is bool, _booleans),
    (lambda kind: issubclass(kind, int) and kind is not bool, _integers),
    (lambda kind: issubclass(kind, (int, float)) and kind is not bool, _floats),
    (lambda kind: issubclass(kind, str), _texts),
    (lambda kind: issubclass(kind, (bytes, bytearray, memoryview)), _binaries),
    (lambda kind: issubclass(kind, datetime.datetime), _moments),
    (lambda kind: issubclass(kind, datetime.date) and not issubclass(kind, datetime.datetime), _days),
    (lambda kind: issubclass(kind, decimal.Decimal), _decimals),
]
