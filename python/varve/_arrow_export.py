"""Arrow streams in the schema that their receiver asks for, as Arrow's PyCapsule interface has it."""

import importlib
from typing import Any

from varve._arrow_memory import schema_names
from varve.errors import InvalidArgumentError


class _Requested:
    """A schema's capsule as an object that offers it."""

    def __init__(self, capsule: object) -> None:
        self._capsule = capsule

    def __arrow_c_schema__(self) -> object:
        return self._capsule


def export_stream(rows: Any, native: Any, requested: object, *, one_shot: bool = False) -> object:
    """The stream of a Table or (``one_shot``) Stream: ``rows``, whose columns are ``rows.schema``, over ``native``.

    A request chooses among representations of the same values (string_view for large_string, say). It is met by PyArrow
    and, as the interface allows, left unmet where that is not installed. Raises InvalidArgumentError for a request of
    other columns, or of types that the values are not of.
    """
    if requested is None:
        return native.arrow_stream()
    wanted, found = schema_names(requested), list(rows.schema)
    if wanted != found:
        raise InvalidArgumentError(f"columns {wanted} are requested, found {found}: a request is about types alone")
    try:
        arrow = importlib.import_module("pyarrow")
    except ImportError:
        return native.arrow_stream()
    schema = arrow.schema(_Requested(requested))
    if arrow.schema(rows).equals(schema):
        return native.arrow_stream()
    reader = arrow.RecordBatchReader.from_stream(rows)
    try:
        # What is in memory is tried at once, the rows of a pass when it comes to them.
        return (reader.cast(schema) if one_shot else reader.read_all().cast(schema)).__arrow_c_stream__()
    except arrow.ArrowException as error:
        raise InvalidArgumentError(f"the requested types do not go with the values: {error}") from None
