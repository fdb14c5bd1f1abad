"""The table that reads give: columns in Arrow's layout, open to every library that speaks it."""

import builtins
import html
import importlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from varve import _varve
from varve._columns import to_native
from varve._times import Naive

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow


def _optional(module: str, method: str) -> Any:
    try:
        return sys.modules.get(module) or importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"{method} needs {module}: pip install {module}") from error


class Table:
    """Columns of equal length under a schema; does not change, and may be read again and again.

    Any library that takes ``__arrow_c_stream__`` takes it as it is: ``polars.DataFrame(table)``,
    ``pyarrow.table(table)``, ``duckdb.sql("from table")``.
    """

    __slots__ = ("_native",)

    def __init__(self, source: object, *, naive: Naive = "error") -> None:
        """Makes a table of anything with ``__arrow_c_stream__`` (Polars, PyArrow, pandas, DuckDB) or a dict of columns.

        A dict's columns are lists, NumPy arrays or Arrow arrays of equal length. Raises InvalidArgumentError for
        others, NotSupportedError for nested columns.
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
        """The named columns in the order named, without copying."""
        return Table(self._native.select(columns))

    def to_arrow(self) -> "pyarrow.Table":
        # The short way into PyArrow: pyarrow.table(self) comes to the same and takes longer to find out what self is.
        stream = _optional("pyarrow", "to_arrow").RecordBatchReader.from_stream(self)
        table: pyarrow.Table = stream.read_all()
        return table

    def to_polars(self) -> "polars.DataFrame":
        frame: polars.DataFrame = _optional("polars", "to_polars").DataFrame(self)
        return frame

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas frame with the rows numbered; goes through PyArrow."""
        _optional("pandas", "to_pandas")
        frame: pandas.DataFrame = _optional("pyarrow", "to_pandas").table(self).to_pandas()
        return frame

    def equals(self, other: "Table") -> bool:
        """Same columns, types and rows in the same order; nulls equal nulls and NaN equals NaN."""
        return self._native.equals(other._native)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._native.arrow_stream()

    def __arrow_c_schema__(self) -> object:
        return self._native.arrow_schema()

    def __len__(self) -> int:
        return self.num_rows

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self.equals(other)

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, rows: builtins.slice) -> "Table":
        """A slice of rows with step 1: ``table[:10]``, ``table[-5:]``."""
        if not isinstance(rows, builtins.slice):
            raise TypeError(f"rows are taken by slice, found {type(rows).__name__}; columns by select")
        start, stop, step = rows.indices(self.num_rows)
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
