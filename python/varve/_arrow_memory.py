"""What lies behind Arrow capsules, read in place by the C data interface; and tables chained into one stream."""

import ctypes
from collections.abc import Sequence
from typing import Any

from varve import _varve


class ArrowSchema(ctypes.Structure):
    """``struct ArrowSchema``; so are the two below those of the same name in Arrow's C data interface."""


class ArrowArray(ctypes.Structure):
    pass


class ArrowArrayStream(ctypes.Structure):
    _fields_ = (
        ("get_schema", ctypes.c_void_p),
        ("get_next", ctypes.c_void_p),
        ("get_last_error", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    )


ArrowSchema._fields_ = (
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(ArrowSchema))),
    ("dictionary", ctypes.POINTER(ArrowSchema)),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
)
ArrowArray._fields_ = (
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(ArrowArray))),
    ("dictionary", ctypes.POINTER(ArrowArray)),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
)

_STREAM_NAME = b"arrow_array_stream"
_SCHEMA_NAME = b"arrow_schema"
_GetSchema = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ArrowSchema))
_GetNext = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ArrowArray))
_GetLastError = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
_ReleaseStream = ctypes.CFUNCTYPE(None, ctypes.POINTER(ArrowArrayStream))
_ReleaseArray = ctypes.CFUNCTYPE(None, ctypes.POINTER(ArrowArray))
_capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_capsule_pointer.restype = ctypes.c_void_p
_capsule_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


def schema_names(capsule: object) -> list[str]:
    """The names of the columns of a schema, which stays the caller's. Raises ValueError for what is no such capsule."""
    schema = ArrowSchema.from_address(_capsule_pointer(capsule, _SCHEMA_NAME))
    children = (schema.children[position].contents for position in range(schema.n_children))
    return [(child.name or b"").decode() for child in children]


class Batch:
    """The rows of a table as one array of Arrow's, which lives as long as this object does."""

    def __init__(self, table: _varve.Table) -> None:
        self._array = ArrowArray()
        capsule = table.arrow_stream()
        address = _capsule_pointer(capsule, _STREAM_NAME)
        stream = ArrowArrayStream.from_address(address)
        status = _GetNext(stream.get_next)(address, self._array)
        if status:
            raise MemoryError("no memory for a table's columns")

    def column(self, position: int) -> ArrowArray:
        """The array of one column, valid while the batch lives. There is none in a batch without rows."""
        child: ArrowArray = self._array.children[position].contents
        return child

    def __del__(self) -> None:
        if self._array.release:
            _ReleaseArray(self._array.release)(self._array)


class Memory:
    """Values of one width at an address, as NumPy's array interface shows them; keeps their owner."""

    def __init__(self, owner: Batch, address: int, typestr: str, length: int) -> None:
        self._owner = owner
        self.__array_interface__: dict[str, Any] = {
            "data": (address, True),
            "shape": (length,),
            "typestr": typestr,
            "version": 3,
        }


class _Chain:
    """Tables of one schema as one Arrow stream of a batch each, taken before this object goes."""

    def __init__(self, tables: Sequence[_varve.Table]) -> None:
        self._capsules = [table.arrow_stream() for table in tables]
        self._addresses = [_capsule_pointer(capsule, _STREAM_NAME) for capsule in self._capsules]
        self._position = 0
        # The stream points to these, so they are kept.
        self._calls = (
            _GetSchema(self._get_schema),
            _GetNext(self._get_next),
            _GetLastError(lambda stream: None),
            _ReleaseStream(_mark_released),
        )
        self._stream = ArrowArrayStream(*(ctypes.cast(call, ctypes.c_void_p) for call in self._calls), None)

    def _get_schema(self, stream: int, out: Any) -> int:
        first = self._addresses[0]
        return int(_GetSchema(ArrowArrayStream.from_address(first).get_schema)(first, out))

    def _get_next(self, stream: int, out: Any) -> int:
        while self._position < len(self._addresses):
            address = self._addresses[self._position]
            status = int(_GetNext(ArrowArrayStream.from_address(address).get_next)(address, out))
            if status or out.contents.release:
                return status
            self._position += 1
        return 0

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return _new_capsule(ctypes.addressof(self._stream), _STREAM_NAME, None)


def _mark_released(stream: Any) -> None:
    stream.contents.release = None


def concatenate(tables: Sequence[_varve.Table]) -> _varve.Table:
    """The rows of tables of one schema as one table; at least one table."""
    return tables[0] if len(tables) == 1 else _varve.import_arrow(_Chain(tables))
