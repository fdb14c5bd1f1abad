"""A series as a Polars LazyFrame: what the query asks for is what is read."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from varve import _varve
from varve._changes import Closed
from varve._history import AsOf
from varve._imports import optional
from varve._polars_predicates import Translator, to_frame
from varve._predicates import Condition, Predicate
from varve._times import TimeLike
from varve._writing import Prices
from varve.errors import InvalidArgumentError

if TYPE_CHECKING:
    import polars

_BATCH_ROWS = 1 << 17  # those of a file, unless a series says otherwise: none is read in two pieces


class Scans:
    """The call of a lake that gives Polars a plan instead of rows; ``Lake`` has it."""

    _native: _varve.Lake

    if TYPE_CHECKING:

        def _read_options(self, *arguments: Any, **named: Any) -> dict[str, Any]: ...

    def scan(
        self,
        key: str,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        *,
        closed: Closed = "both",
        zone: str = "",
        as_of: AsOf | None = None,
        where: Condition | None = None,
        prices: Prices = "float",
    ) -> "polars.LazyFrame":
        """The rows of ``read`` as a Polars LazyFrame, read when it is collected, piece by piece.

        >>> lake.scan("forex/EUR_USD").filter(pl.col("close") > 1.1).select("timestamp", "close").collect()

        Only the columns that the query uses are read. Its filters are taken over where they compare a column with a
        literal (also ``is_in``, ``is_null``, ``is_between``, joined by ``&``, ``|``, ``~``), so that files, row groups
        and pages that hold no such row are left out; a filter on the index is a range. The rest Polars does with what
        was read: rows are always those of ``collect().filter(…)``. ``head`` and ``limit`` end the reading.

        All collects show the version that was the newest when ``scan`` was called, or ``as_of``; for newer rows call
        it again. Raises as ``read``. What goes wrong at a collect Polars raises as ``ComputeError`` with the message;
        so it is once ``vacuum`` has let the version go (a snapshot keeps it).
        """
        frames = optional("polars", "scan")
        options = self._read_options(key, start, end, closed, None, zone, as_of, None, where, prices)
        index = ""
        if as_of is None:
            info = self._native.info(key)
            options["as_of"], index = info["version"], info["index"]
        schema = to_frame(self._native.read(key, **(options | {"limit": 0}))).schema
        if as_of is not None and self._is_timed(key, options):
            index = _only_time(frames, schema)
        source = _Source(self._native, key, options, index, schema)
        plan: polars.LazyFrame = optional("polars.io.plugins", "scan").register_io_source(
            source.batches, schema=schema, is_pure=True
        )
        return plan

    def _is_timed(self, key: str, options: dict[str, Any]) -> bool:
        try:
            self._native.read(key, **(options | {"limit": 0, "start": 0}))
        except InvalidArgumentError:
            return False
        return True


def _only_time(frames: Any, schema: "polars.Schema") -> str:
    """What must be the index of an old version, if that has one: it may be named otherwise today."""
    times = [name for name, kind in schema.items() if kind in (frames.Datetime, frames.Date)]
    return times[0] if len(times) == 1 and schema[times[0]] == frames.Datetime else ""


class _Source:
    """One version of a series, read as often as Polars asks for it."""

    def __init__(
        self, native: _varve.Lake, key: str, options: dict[str, Any], index: str, schema: "polars.Schema"
    ) -> None:
        self._native = native
        self._key = key
        self._options = options
        self._index = index
        self._schema = schema
        self._decimal_prices = options["prices"] == "decimal"

    def batches(
        self,
        columns: list[str] | None,
        predicate: "polars.Expr | None",
        rows_max: int | None,
        batch_rows: int | None,
    ) -> "Iterator[polars.DataFrame]":
        """The columns of rows that ``predicate`` keeps, the first ``rows_max`` of them. ``batch_rows`` is a hint, and
        not followed.
        """
        options, rest = (dict(self._options), None) if predicate is None else self._pushed(predicate)
        wanted = list(self._schema) if columns is None else columns
        options["columns"] = self._read_columns(wanted, rest)
        if rest is None:
            options["limit"] = rows_max
        stream = self._native.read_batches(self._key, _BATCH_ROWS, **options)
        left = rows_max
        frame = self._frame(stream.empty(), wanted, None)
        yield frame
        while left != 0 and (table := stream.next()) is not None:
            frame = self._frame(table, wanted, rest)
            if left is not None:
                frame = frame.head(left)
                left -= frame.height
            yield frame

    def _read_columns(self, wanted: list[str], rest: "polars.Expr | None") -> list[str]:
        """Those of the query and those that are still to be filtered by; one at least, to count rows by."""
        named = dict.fromkeys(wanted + ([] if rest is None else rest.meta.root_names()))
        return list(named) or [self._index or next(iter(self._schema))]

    def _pushed(self, predicate: "polars.Expr") -> "tuple[dict[str, Any], polars.Expr | None]":
        """Options that read the rows of the predicate, and what of it is still to be done."""
        # The engine compares prices as floats, whatever they come as.
        as_floats = [name for name, kind in self._schema.items() if kind.is_decimal()] if self._decimal_prices else []
        translator = Translator(self._schema, as_floats)
        try:
            pushed = translator.translate(predicate)
            bounds = translator.bounds(predicate, self._index)
        except (RecursionError, InvalidArgumentError):  # hundreds of levels, or values that no condition can hold
            return dict(self._options), predicate
        if pushed is None:
            return dict(self._options), predicate
        options = self._within(*bounds)
        options["where"] = _joined(options["where"], pushed.condition)
        return options, None if pushed.exact else predicate

    def _within(self, first: int | None, last: int | None) -> dict[str, Any]:
        """The options with these bounds where the caller of ``scan`` has said none."""
        options = dict(self._options)
        if options["start"] is None and options["end"] is None:
            options["closed"] = "both"
        if options["closed"] == "both":
            options["start"] = first if options["start"] is None else options["start"]
            options["end"] = last if options["end"] is None else options["end"]
        return options

    def _frame(self, table: _varve.Table, wanted: list[str], rest: "polars.Expr | None") -> "polars.DataFrame":
        frame = to_frame(table)
        if rest is not None:
            frame = frame.filter(rest)
        return frame if frame.columns == wanted else frame.select(wanted)


def _joined(first: _varve.Predicate | None, second: Predicate) -> _varve.Predicate:
    return second._native if first is None else _varve.predicate_all([first, second._native])
