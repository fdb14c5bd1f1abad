"""The table that reads give: columns in Arrow's layout, open to every library that speaks it."""

import builtins
import html
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

from varve import _varve
from varve._arrays import to_arrays
from varve._arrow_export import export_stream
from varve._columns import to_native
from varve._imports import optional
from varve._times import Naive

if TYPE_CHECKING:
    import numpy
    import pandas
    import polars
    import pyarrow


class Table:
    """Columns of equal length under a schema; does not change, and may be read again and again.

    Any library that takes ``__arrow_c_stream__`` takes it as it is: ``polars.DataFrame(table)``,
    ``pyarrow.table(table)``, ``duckdb.sql("from table")``.

    >>> table["close"]  # the values of a column, as a NumPy array
    >>> table[["timestamp", "close"]]  # some columns, as a table
    >>> table[-10:]  # some rows, as a table
    """

    __slots__ = ("_native",)

    def __init__(self, source: object, *, naive: Naive = "error") -> None:
        """Makes a table of anything with ``__arrow_c_stream__`` (Polars, PyArrow, DuckDB), a pandas frame, a dict of
        columns, a structured NumPy array, or an iterable of such tables with the same columns (record batches, say).

        A dict's columns are lists, NumPy arrays or Arrow arrays of equal length. The index of a pandas frame becomes a
        column if it is named; without a name it becomes ``timestamp`` if it is of times, and is dropped else. Raises
        InvalidArgumentError for others, NotSupportedError for nested columns.
        """
        self._native: _varve.Table = source if isinstance(source, _varve.Table) else to_native(source, naive)

    @property
    def num_rows(self) -> int:
        return len(self._native)

    @property
    def num_columns(self) -> int:
        return len(self._native.fields())

    @property
    def column_names(self) -> list[str]:
        return [name for name, _ in self._native.fields()]

    @property
    def schema(self) -> dict[str, str]:
        """Type by column name, as Varve writes types: ``{"timestamp": "timestamp[ns, UTC]", "close": "float64"}``."""
        return dict(self._native.fields())

    @property
    def nbytes(self) -> int:
        """Bytes of the rows in memory."""
        return self._native.byte_size()

    def slice(self, start: int, length: int | None = None) -> "Table":
        """Rows ``start`` to ``start + length``, without copying; what lies beyond the end is left out."""
        return Table(self._native.slice(start, max(self.num_rows - start, 0) if length is None else length))

    def select(self, columns: Sequence[str]) -> "Table":
        """The named columns in the order named, without copying. Raises DataNotFoundError."""
        return Table(self._native.select(columns))

    def to_arrow(self) -> "pyarrow.Table":
        """A PyArrow table over the same memory; strings and binary have 64-bit offsets (``large_string``)."""
        # The short way into PyArrow: pyarrow.table(self) comes to the same and takes longer to find out what self is.
        stream = optional("pyarrow", "to_arrow").RecordBatchReader.from_stream(self)
        table: pyarrow.Table = stream.read_all()
        return table

    def to_polars(self) -> "polars.DataFrame":
        """A Polars frame; columns of fixed width share the table's memory, dictionaries become Categorical."""
        frame: polars.DataFrame = optional("polars", "to_polars").DataFrame(self)
        return frame

    def to_pandas(self, *, index: str | None = None) -> "pandas.DataFrame":
        """A pandas frame with the rows numbered, or with the column ``index`` as its index; goes through PyArrow.

        Times keep their unit and zone. Strings are of pandas' ``str`` type from pandas 3 on and objects in pandas 2;
        whole numbers with nulls become float64, booleans with nulls and dates objects, dictionaries categories. The
        frame has memory of its own and may be changed. Raises DataNotFoundError for an index that is no column.
        """
        optional("pandas", "to_pandas")
        if index is not None:
            self._native.select([index])
        # Not self.to_arrow(), whose errors would name another method.
        table = optional("pyarrow", "to_pandas").RecordBatchReader.from_stream(self).read_all()
        frame: pandas.DataFrame = table.to_pandas()
        return frame if index is None else frame.set_index(index)

    def to_numpy(self) -> "dict[str, numpy.ndarray[Any, numpy.dtype[Any]]]":
        """The columns by name as NumPy arrays of one dimension each, of which ``Table`` makes the table again.

        Numbers and times without nulls are read-only and share the table's memory (but ``date`` and ``time`` of s and
        ms, which are widened). Nulls are NaN in floats and NaT in times; whole numbers and booleans with nulls are
        masked arrays. Timestamps are datetime64 of their unit in UTC, as NumPy knows no zones; dates datetime64[D];
        durations and times of day timedelta64. Strings, binary, decimals and dictionaries are objects, None for null.
        For a matrix: ``numpy.column_stack(list(table[["open", "close"]].to_numpy().values()))``.
        """
        return to_arrays(self._native)

    def equals(self, other: "Table") -> bool:
        """Same columns, types and rows in the same order; nulls equal nulls and NaN equals NaN."""
        return self._native.equals(other._native)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """All rows as one batch over the table's memory. A ``requested_schema`` of the same columns in other
        representations is met if PyArrow is installed. Raises InvalidArgumentError for one of other columns or values.
        """
        return export_stream(self, self._native, requested_schema)

    def __arrow_c_schema__(self) -> object:
        return self._native.arrow_schema()

    def __len__(self) -> int:
        return self.num_rows

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self.equals(other)

    __hash__ = None  # type: ignore[assignment]

    @overload
    def __getitem__(self, wanted: str) -> "numpy.ndarray[Any, numpy.dtype[Any]]": ...
    @overload
    def __getitem__(self, wanted: "builtins.slice | list[str]") -> "Table": ...
    def __getitem__(self, wanted: "builtins.slice | list[str] | str") -> "Table | numpy.ndarray[Any, numpy.dtype[Any]]":
        """A column by name, as ``to_numpy`` gives it; columns by a list of names; rows by a slice of step 1.

        >>> table["close"].mean(), table[["close"]], table[:10], table[-5:]

        Raises DataNotFoundError for a column that is not there.
        """
        if isinstance(wanted, str):
            return to_arrays(self._native.select([wanted]))[wanted]
        if isinstance(wanted, list):
            return self.select(wanted)
        if not isinstance(wanted, builtins.slice):
            raise TypeError(f"rows are taken by slice, columns by name or list of names, found {type(wanted).__name__}")
        start, stop, step = wanted.indices(self.num_rows)
        if step != 1:
            raise ValueError(f"step {step}: only whole stretches of rows can be sliced")
        return self.slice(start, max(stop - start, 0))

    def __repr__(self) -> str:
        return self._native.to_text(10, 120).rstrip("\n")

    def _repr_html_(self) -> str:
        return _html(self._native)


def _html(native: _varve.Table, rows_max: int = 10) -> str:
    rows = len(native)
    shown = native.texts(0, rows) if rows <= rows_max else native.texts(0, rows_max // 2)
    lines = ["<table>", "<thead><tr>"]
    lines += [f"<th>{html.escape(name)}<br><small>{html.escape(kind)}</small></th>" for name, kind in native.fields()]
    lines.append("</tr></thead><tbody>")
    lines += [_html_row(cells) for cells in shown]
    if rows > rows_max:
        lines.append(_html_row(["…"] * len(native.fields())))
        lines += [_html_row(cells) for cells in native.texts(rows - rows_max // 2, rows_max // 2)]
    lines.append(f"</tbody></table><p>{rows:,} rows × {len(native.fields())} columns</p>")
    return "".join(lines)


def _html_row(cells: Sequence[str | None]) -> str:
    texts = ("<i>null</i>" if cell is None else html.escape(cell) for cell in cells)
    return "<tr>" + "".join(f"<td>{text}</td>" for text in texts) + "</tr>"
