"""Rows that come table by table."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from varve import _varve
from varve._arrow_export import export_stream
from varve._table import Table

if TYPE_CHECKING:
    import numpy
    import pandas
    import polars
    import pyarrow


class Stream:
    """One pass over rows, table by table: an iterator that is also an Arrow stream.

    ``for table in stream`` and ``__arrow_c_stream__`` (so ``pyarrow.RecordBatchReader.from_stream(stream)``,
    ``polars.DataFrame(stream)``) take rows from the same pass: what one has had, the other does not get. Only the table
    at hand is in memory, so that rows of any number can be gone through.
    """

    __slots__ = ("_native",)

    def __init__(self, native: _varve.Stream) -> None:
        self._native = native

    @property
    def schema(self) -> dict[str, str]:
        """Type by column name, of every table."""
        return dict(self._native.empty().fields())

    def __iter__(self) -> Iterator[Table]:
        return self

    def __next__(self) -> Table:
        table = self._native.next()
        if table is None:
            raise StopIteration
        return Table(table)

    def read_all(self) -> Table:
        """What is left of the pass as one table; without rows at its end."""
        return Table(self._native.rest())

    def to_arrow(self) -> "pyarrow.Table":
        """What is left of the pass, as ``Table.to_arrow`` gives it. So do the other three for their libraries."""
        return self.read_all().to_arrow()

    def to_polars(self) -> "polars.DataFrame":
        return self.read_all().to_polars()

    def to_pandas(self, *, index: str | None = None) -> "pandas.DataFrame":
        return self.read_all().to_pandas(index=index)

    def to_numpy(self) -> "dict[str, numpy.ndarray[Any, numpy.dtype[Any]]]":
        return self.read_all().to_numpy()

    def __repr__(self) -> str:
        columns = ", ".join(f"{name}: {kind}" for name, kind in self.schema.items())
        return f"varve.Stream({columns})"

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """What is left of the pass, a batch for each table; a request is met as by ``Table``."""
        return export_stream(self, self._native, requested_schema, one_shot=True)

    def __arrow_c_schema__(self) -> object:
        return self._native.empty().arrow_schema()
