"""Columns of a table as NumPy arrays."""

import ctypes
import decimal
import functools
import itertools
from typing import TYPE_CHECKING, Any

from varve import _varve
from varve._arrow_memory import ArrowArray, Batch, Memory
from varve._imports import optional

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, numpy.dtype[Any]]

_NUMBERS = {f"{sign}int{bits}": f"<{sign or 'i'}{bits // 8}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
_FLOATS = {f"float{bits}": f"<f{bits // 8}" for bits in (16, 32, 64)}
_SECONDS_OR_MILLISECONDS = ("time[s]", "time[ms]")


def to_arrays(table: _varve.Table) -> "dict[str, Array]":
    """The columns by name. Arrays over the table's memory are read-only and keep it."""
    optional("numpy", "to_numpy")
    rows = len(table)
    batch = Batch(table) if rows else None
    return {
        name: _Values(batch, batch.column(position)).to_array(kind) if batch else _nothing(kind)
        for position, (name, kind) in enumerate(table.fields())
    }


def _nothing(kind: str) -> "Array":
    import numpy

    return numpy.empty(0, _dtype(kind))


def _dtype(kind: str) -> str:
    """NumPy's type for one of Varve's."""
    if kind in _NUMBERS or kind in _FLOATS:
        return _NUMBERS.get(kind) or _FLOATS[kind]
    if kind == "boolean":
        return "bool"
    if kind == "date":
        return "<M8[D]"
    word, _, parameters = kind.partition("[")
    letter = {"timestamp": "M", "duration": "m", "time": "m"}.get(word)
    return "O" if letter is None else f"<{letter}8[{parameters.rstrip(']').split(',')[0]}]"


class _Values:
    """The values of one column in Arrow's layout."""

    def __init__(self, owner: Batch, array: ArrowArray) -> None:
        self._owner = owner
        self._array = array

    def to_array(self, kind: str) -> "Array":
        dtype = _dtype(kind)
        if kind in _NUMBERS:
            return self._masked(self._fixed(dtype))
        if kind in _FLOATS:
            return self._filled(self._fixed(dtype), float("nan"))
        if kind == "boolean":
            return self._masked(self._bits(1))
        if kind == "date":
            return self._filled(self._fixed("<i4").astype("<i8").view(dtype), "NaT")
        if dtype[1:2] in ("M", "m"):
            narrow = kind in _SECONDS_OR_MILLISECONDS
            times = self._fixed("<i4").astype("<i8").view(dtype) if narrow else self._fixed(dtype)
            return self._filled(times, "NaT")
        return self._objects(kind)

    def _fixed(self, typestr: str, buffer: int = 1, more: int = 0) -> "Array":
        """The values of a buffer, uncopied, from the first of the column on."""
        import numpy

        start = self._array.buffers[buffer] + self._array.offset * int(typestr[2:].partition("[")[0])
        return numpy.asarray(Memory(self._owner, start, typestr, self._array.length + more))

    def _bits(self, buffer: int) -> "Array":
        import numpy

        first, length = self._array.offset, self._array.length
        memory = Memory(self._owner, self._array.buffers[buffer], "|u1", (first + length + 7) // 8)
        return numpy.unpackbits(numpy.asarray(memory), bitorder="little")[first : first + length].view(bool)

    @functools.cached_property
    def _nulls(self) -> "Array | None":
        has_bits = self._array.null_count > 0 and self._array.n_buffers > 0  # a column of type null has none
        return ~self._bits(0) if has_bits else None

    def _masked(self, values: "Array") -> "Array":
        import numpy

        return values if self._nulls is None else numpy.ma.MaskedArray(values, self._nulls)

    def _filled(self, values: "Array", missing: Any) -> "Array":
        if self._nulls is None:
            return values
        copy = values.copy()
        copy[self._nulls] = missing
        copy.flags.writeable = False
        return copy

    def _objects(self, kind: str) -> "Array":
        import numpy

        objects = numpy.empty(self._array.length, "O")
        objects[:] = self._list(kind)
        if self._nulls is not None:
            objects[self._nulls] = None
        return objects

    def _list(self, kind: str) -> list[Any]:
        if kind == "null":
            return [None] * self._array.length
        if kind.startswith("dictionary"):
            return self._looked_up(kind)
        if kind.startswith("decimal"):
            return self._decimals(int(kind.rpartition(",")[2].rstrip(")")))
        if kind.startswith("binary("):
            width = int(kind[len("binary(") : -1])
            start = self._array.buffers[1] + self._array.offset * width
            return [ctypes.string_at(start + row * width, width) for row in range(self._array.length)]
        return self._texts(decode=kind == "string")

    def _looked_up(self, kind: str) -> list[Any]:
        inner = kind[len("dictionary<") : -1].removesuffix(", ordered").rstrip()
        words = _Values(self._owner, self._array.dictionary.contents).to_array(inner).tolist()
        if not words:
            return [None] * self._array.length
        indices = self._filled(self._fixed("<i4"), 0)  # what lies under a null points anywhere
        return [words[index] for index in indices.tolist()]

    def _decimals(self, scale: int) -> list[decimal.Decimal]:
        exact = decimal.Context(prec=40)
        start = self._array.buffers[1] + self._array.offset * 16
        packed = ctypes.string_at(start, self._array.length * 16)
        unscaled = (int.from_bytes(packed[at : at + 16], "little", signed=True) for at in range(0, len(packed), 16))
        return [decimal.Decimal(value).scaleb(-scale, exact) for value in unscaled]

    def _texts(self, *, decode: bool) -> list[Any]:
        offsets = self._fixed("<i8", more=1).tolist()
        first = offsets[0]
        packed = ctypes.string_at(self._array.buffers[2] + first, offsets[-1] - first)
        parts = [packed[start - first : end - first] for start, end in itertools.pairwise(offsets)]
        return [part.decode() for part in parts] if decode else parts
