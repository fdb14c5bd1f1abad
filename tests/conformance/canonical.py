"""Tables of any program as plain Python values, so that they can be compared without trusting one of them."""

import decimal
import math
import re
import struct
from typing import Any

import pyarrow as pa

UNIT_OF_TIME = re.compile(r"(?:time|timestamp|duration)\[(s|ms|us|ns)")
NAN_BITS = {2: struct.pack("<e", math.nan), 4: struct.pack("<f", math.nan), 8: struct.pack("<d", math.nan)}
NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def type_name(kind: pa.DataType) -> str:
    """The name that Varve gives to an Arrow type."""
    if pa.types.is_dictionary(kind):
        return f"dictionary<{type_name(kind.value_type)}{', ordered' if kind.ordered else ''}>"
    if pa.types.is_timestamp(kind):
        return f"timestamp[{kind.unit}, {kind.tz}]" if kind.tz else f"timestamp[{kind.unit}]"
    if pa.types.is_time(kind):
        return f"time[{kind.unit}]"
    if pa.types.is_duration(kind):
        return f"duration[{kind.unit}]"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    if pa.types.is_fixed_size_binary(kind):
        return f"binary({kind.byte_width})"
    names = {
        pa.bool_(): "boolean",
        pa.float16(): "float16",
        pa.float32(): "float32",
        pa.float64(): "float64",
        pa.date32(): "date",
        pa.date64(): "date",
        pa.string(): "string",
        pa.large_string(): "string",
        pa.string_view(): "string",
        pa.binary(): "binary",
        pa.large_binary(): "binary",
        pa.binary_view(): "binary",
        pa.null(): "null",
    }
    return names.get(kind, str(kind))


def float_value(value: float | None, width: int) -> bytes | None:
    """Bits, except that every NaN is one."""
    if value is None:
        return None
    if math.isnan(value):
        return NAN_BITS[width]
    return struct.pack({2: "<e", 4: "<f", 8: "<d"}[width], value)


def integers(column: pa.ChunkedArray, width: int) -> list[int | None]:
    """The numbers beneath a column of times or dates."""
    target = pa.int32() if width == 4 else pa.int64()
    return [value for chunk in column.chunks for value in chunk.view(target).to_pylist()]


def arrow_values(column: pa.ChunkedArray) -> list[Any]:
    """Values by type: integers, float bits, text, bytes, numbers in the column's own unit of time (days for dates)."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return arrow_values(column.cast(kind.value_type))
    if pa.types.is_date64(kind):
        return arrow_values(column.cast(pa.date32()))
    if pa.types.is_date32(kind) or pa.types.is_time32(kind):
        return integers(column, 4)
    if pa.types.is_timestamp(kind) or pa.types.is_time64(kind) or pa.types.is_duration(kind):
        return integers(column, 8)
    if pa.types.is_floating(kind):
        width = kind.bit_width // 8
        return [float_value(value, width) for value in column.to_pylist()]
    return column.to_pylist()


def varve_values(name: str, values: list[Any]) -> list[Any]:
    """The same for what `varve_parquet_tool dump` shows of a column of that type."""
    if name.startswith("dictionary<"):
        name = name.removeprefix("dictionary<").removesuffix(">").removesuffix(", ordered")
    if name in ("float32", "float64"):
        width = int(name[5:]) // 8
        return [None if value is None else float_value(float(value), width) for value in values]
    if name == "float16":
        halves = [None if value is None else struct.unpack("<e", struct.pack("<H", value))[0] for value in values]
        return [float_value(value, 2) for value in halves]
    if name.startswith("decimal"):
        return [None if value is None else decimal.Decimal(value) for value in values]
    if name.startswith("binary"):
        return [None if value is None else bytes.fromhex(value) for value in values]
    return values


def universal_values(column: pa.ChunkedArray, like: pa.DataType) -> list[Any]:
    """Values that do not depend on how a program types a column: times as nanoseconds, numbers as numbers.

    `like` is what the column was at first: other programs show durations as integers, halves as floats.
    """
    kind = column.type
    values = arrow_values(column)
    if pa.types.is_dictionary(like):
        like = like.value_type
    if pa.types.is_date(like) and pa.types.is_timestamp(kind):
        return [None if value is None else value * NANOSECONDS[kind.unit] // (86400 * 10**9) for value in values]
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind):
        return [None if value is None else value * NANOSECONDS[kind.unit] for value in values]
    if pa.types.is_duration(like) and pa.types.is_integer(kind):
        return [None if value is None else value * NANOSECONDS[like.unit] for value in values]
    if pa.types.is_floating(kind):
        return [value if value is None else nan_or_number(value) for value in values]
    if pa.types.is_float16(like) and pa.types.is_binary(kind):  # a program without halves shows their bytes
        return [None if value is None else nan_or_number(value) for value in values]
    return values


def universal_varve_values(name: str, values: list[Any]) -> list[Any]:
    """The same for what `varve_parquet_tool dump` shows."""
    values = varve_values(name, values)
    unit = UNIT_OF_TIME.match(name)
    if unit:
        return [None if value is None else value * NANOSECONDS[unit[1]] for value in values]
    if name.startswith("float"):
        return [None if value is None else nan_or_number(value) for value in values]
    return values


def nan_or_number(bits: bytes) -> float | str:
    value = float(struct.unpack({2: "<e", 4: "<f", 8: "<d"}[len(bits)], bits)[0])
    return "nan" if math.isnan(value) else value


def first_difference(expected: list[Any], found: list[Any]) -> str | None:
    """What differs first, in words."""
    if len(expected) != len(found):
        return f"{len(expected)} rows expected, {len(found)} found"
    for row, (left, right) in enumerate(zip(expected, found, strict=True)):
        if left != right or type(left) is not type(right):
            return f"row {row}: expected {left!r}, found {right!r}"
    return None
