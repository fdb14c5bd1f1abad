"""The lake: the same nouns and verbs as in C++ and in the shell."""

import datetime
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, cast

from varve import _varve
from varve._adoption import Adoption
from varve._changes import Changes, Closed
from varve._columns import to_native
from varve._coverage import Coverage, CoverageChange, TimeRange, to_native_change, to_ranges
from varve._history import AsOf, History, to_native_as_of
from varve._json import to_object
from varve._maintenance import Maintenance
from varve._predicates import Condition, to_native_predicate
from varve._registry import Registry
from varve._scan import Scans
from varve._stream import Stream
from varve._table import Table
from varve._times import Naive, TimeLike, to_bound
from varve._transaction import Commit, Transaction
from varve._writing import OnConflict, Prices, Source, WriteOptions, to_metadata, to_native_options

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    Rows = TypeVar("Rows", default=Table)
else:
    from typing import TypeVar

    Rows = TypeVar("Rows")

Output = Literal["table", "polars", "pandas", "arrow"]
"""What reads give: a ``varve.Table``, a Polars or pandas frame, or a PyArrow table."""


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """A series as the catalog knows it. Times are nanoseconds UTC; ``first`` and ``last`` are both inside."""

    key: str
    kind: str
    index: str
    """The time column; empty if the series is untimed."""
    identity: list[str] | None
    """The columns that, with the index, make a row unique; None if rows have no identity."""
    layout: str
    compression: str
    target_rows_per_file: int
    prices: str
    """``"decimal"`` where files keep prices as decimals, else ``"float"``."""
    price_scales: dict[str, int]
    """Places behind the point that files keep by now, of the columns of decimal prices: the most that any row written
    so far has needed, rows that were replaced or removed too."""
    version: int
    rows: int
    files: int
    bytes: int
    first: int | None
    last: int | None
    created: int
    updated: int
    metadata: dict[str, Any]
    schema: dict[str, str]


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """The columns of a series from ``version`` on; ``time`` is nanoseconds UTC, ``schema`` types by name, in order."""

    version: int
    time: int
    operation: str
    """What brought them: ``"append"``, ``"drop_columns"``, ``"rename_columns"``, …"""
    schema: dict[str, str]


class Lake(Scans, History, Changes, Adoption, Maintenance, Generic[Rows]):
    """An open lake. Use it from several threads, beside other processes, and as a context manager.

    Rows are kept sorted by index, then identity, then arrival. A call that raises has changed nothing (except
    OutcomeUnknownError, which says so). When a writing call returns, its change is on the disk.

    To type checkers it is a ``Lake[Rows]``, where ``Rows`` is what reads give by the ``output`` of the lake: a Table
    if nothing else is said.
    """

    _naive: Naive

    def __init__(self, native: _varve.Lake, output: Output = "table", naive: Naive = "error") -> None:
        self._native = native
        self._output = output
        self._naive = naive

    @property
    def root(self) -> str:
        return self._native.root()

    @property
    def read_only(self) -> bool:
        return self._native.read_only()

    @property
    def in_place(self) -> bool:
        """Whether the lake still lies at ``root``: False once its directory was moved, removed or replaced. Calls that
        write then raise DataNotFoundError."""
        return self._native.in_place()

    @property
    def registry(self) -> Registry:
        """Files, fetch runs, processing runs and model artifacts."""
        return Registry(self._native, self._naive)

    def close(self) -> None:
        """Ends use of the lake; may be called again. Other calls then raise InvalidArgumentError."""
        self._native.close()

    def write(
        self,
        key: str,
        table: object,
        *,
        kind: str | None = None,
        index: str | None = None,
        identity: Sequence[str] | None = None,
        layout: str | None = None,
        compression: str | None = None,
        target_rows_per_file: int | None = None,
        prices: Prices | None = None,
        price_columns: Sequence[str] | None = None,
        coverage: CoverageChange | None = None,
        metadata: Mapping[str, Any] | None = None,
        source: Source | None = None,
        expects_version: int | None = None,
        published: bool = False,
        redefine: bool = False,
    ) -> Commit:
        """Makes ``table`` the whole series; rows may come in any order.

        ``table`` is whatever ``varve.Table`` takes: frames of Polars and pandas, PyArrow tables, DuckDB relations, a
        dict of columns, an iterator of record batches. The options are fixed by the first write of a series:
        ``identity`` names the columns that, with the index, make a row unique (``[]``: none); ``layout`` says how it is
        cut into files: ``"range"``, ``"month"``, ``"day"``, or a template of paths such as
        ``"{symbol}/{yyyy}/{mm}/data.parquet"``; what is not said follows from the columns. With ``redefine`` they are
        those of a new series, whatever they were; old versions keep the options that they had, and ``restore`` brings
        them back.

        ``prices="decimal"`` has files keep float64 prices (``price_columns``, else those of the kind, else all) as
        decimals, which come back bit by bit. Each must have at most 9 places and 15 digits, and at most 18 digits with
        the places of its column: the most that any price written to it so far has had, replaced and removed ones too.
        SchemaCompatibilityError shows one that has more.

        ``coverage`` and ``metadata`` (see ``record_coverage``, ``set_metadata``) are kept in the same commit, and also
        if the rows change nothing; earlier coverage ends here. ``source`` is the file that the rows came from.
        ``expects_version`` is the version that the series must
        have (0: it must not exist), else ConcurrentWriteError and nothing written. ``published``: the visible tree
        shows the commit when the call returns; else it follows within ``publish_delay_seconds``.

        Raises AlreadyExistsError if two rows have one identity, InvalidArgumentError for a null in the index,
        PathTraversalError for a bad key, ConcurrentWriteError, ReadOnlyError, StorageIoError.
        """
        options = WriteOptions(
            kind=kind,
            index=index,
            identity=identity,
            layout=layout,
            compression=compression,
            target_rows_per_file=target_rows_per_file,
            prices=prices,
            price_columns=price_columns,
            coverage=coverage,
            metadata=metadata,
            source=source,
            expects_version=expects_version,
            published=published,
            redefine=redefine,
        )
        return self._commit("write", key, table, options)

    def append(
        self,
        key: str,
        table: object,
        *,
        on_conflict: OnConflict = "error",
        kind: str | None = None,
        index: str | None = None,
        identity: Sequence[str] | None = None,
        layout: str | None = None,
        compression: str | None = None,
        target_rows_per_file: int | None = None,
        prices: Prices | None = None,
        price_columns: Sequence[str] | None = None,
        coverage: CoverageChange | None = None,
        metadata: Mapping[str, Any] | None = None,
        source: Source | None = None,
        expects_version: int | None = None,
        published: bool = False,
    ) -> Commit:
        """Adds rows. Where a row with that identity is there: AlreadyExistsError and nothing written, or, with
        ``on_conflict="ignore"``, the new row is left out and counted. Rows without identity that have a ``source`` are
        not added twice (see ``Source``). Else as ``write``; raises SchemaCompatibilityError for types that do not go
        with the series."""
        options = WriteOptions(
            on_conflict=on_conflict,
            kind=kind,
            index=index,
            identity=identity,
            layout=layout,
            compression=compression,
            target_rows_per_file=target_rows_per_file,
            prices=prices,
            price_columns=price_columns,
            coverage=coverage,
            metadata=metadata,
            source=source,
            expects_version=expects_version,
            published=published,
        )
        return self._commit("append", key, table, options)

    def upsert(
        self,
        key: str,
        table: object,
        *,
        kind: str | None = None,
        index: str | None = None,
        identity: Sequence[str] | None = None,
        layout: str | None = None,
        compression: str | None = None,
        target_rows_per_file: int | None = None,
        prices: Prices | None = None,
        price_columns: Sequence[str] | None = None,
        coverage: CoverageChange | None = None,
        metadata: Mapping[str, Any] | None = None,
        source: Source | None = None,
        expects_version: int | None = None,
        published: bool = False,
    ) -> Commit:
        """Adds rows; where one with that identity is there, the new one takes its place, and equal rows change nothing.
        Raises InvalidArgumentError for a series whose rows have no identity; else as ``append``."""
        options = WriteOptions(
            kind=kind,
            index=index,
            identity=identity,
            layout=layout,
            compression=compression,
            target_rows_per_file=target_rows_per_file,
            prices=prices,
            price_columns=price_columns,
            coverage=coverage,
            metadata=metadata,
            source=source,
            expects_version=expects_version,
            published=published,
        )
        return self._commit("upsert", key, table, options)

    def drop_columns(self, key: str, columns: Sequence[str]) -> Commit:
        """Drops columns, as one commit that writes the files of the series anew; old versions keep the columns, and one
        that is made again under such a name has nothing of it.

        Raises DataNotFoundError for a series or column that is not there, InvalidArgumentError for the index, a column
        of the identity, or if no column would be left.
        """
        return Commit(**self._native.drop_columns(key, columns))

    def rename_columns(self, key: str, columns: Mapping[str, str]) -> Commit:
        """Renames columns from old names to new ones, all at once: ``{"Vol": "volume"}``. Else as ``drop_columns``;
        raises AlreadyExistsError for a name that is taken."""
        return Commit(**self._native.rename_columns(key, dict(columns) if isinstance(columns, Mapping) else columns))

    def schema_history(self, key: str) -> list[SchemaVersion]:
        """All columns that the series has had, oldest first, also of versions that are forgotten. Raises
        DataNotFoundError for a key that never was."""
        return [SchemaVersion(**fields) for fields in self._native.schema_history(key)]

    def transaction(self, *, published: bool = False) -> Transaction:
        """Changes of several series that become one commit at the end of a ``with`` block; see Transaction.
        ``published``: the visible tree shows it then."""
        return Transaction(self._native.transaction(), self._naive, published)

    def read(
        self,
        key: str,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        *,
        closed: Closed = "both",
        columns: Sequence[str] | None = None,
        zone: str = "",
        as_of: AsOf | None = None,
        limit: int | None = None,
        where: Condition | None = None,
        prices: Prices = "float",
    ) -> Rows:
        """Rows with ``start <= index <= end`` (ends by ``closed``), in order, as the ``output`` of the lake says.

        A day as ``start`` means its first instant, as ``end`` its last, in ``zone`` (UTC if empty; dates in an
        index are those days whatever the zone); where ``closed`` leaves that end out, all of the day is. With ``where``
        (``varve.col("close") > 50000``, ``"close > 50000"``, or a Polars expression) only rows for which it is true;
        its columns need not be among ``columns``. ``as_of`` is a version, a snapshot's name, or a moment (a datetime);
        ``limit`` the most rows to give. With ``prices="decimal"``, prices that files keep as decimals come as such; a
        condition means floats either way. An empty range is an empty table.

        Raises DataNotFoundError for a missing key, version or column, InvalidArgumentError for a condition whose values
        cannot be compared with their columns.
        """
        options = self._read_options(key, start, end, closed, columns, zone, as_of, limit, where, prices)
        return self._out(self._native.read(key, **options))

    def head(
        self,
        key: str,
        rows: int = 10,
        *,
        columns: Sequence[str] | None = None,
        as_of: AsOf | None = None,
        where: Condition | None = None,
        prices: Prices = "float",
    ) -> Rows:
        """The first ``rows`` rows."""
        options = self._read_options(key, columns=columns, as_of=as_of, where=where, prices=prices)
        return self._out(self._native.head(key, rows, **options))

    def tail(
        self,
        key: str,
        rows: int = 10,
        *,
        columns: Sequence[str] | None = None,
        as_of: AsOf | None = None,
        where: Condition | None = None,
        prices: Prices = "float",
    ) -> Rows:
        """The last ``rows`` rows, in order."""
        options = self._read_options(key, columns=columns, as_of=as_of, where=where, prices=prices)
        return self._out(self._native.tail(key, rows, **options))

    def read_batches(
        self,
        key: str,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        *,
        batch_rows: int = 1 << 16,
        closed: Closed = "both",
        columns: Sequence[str] | None = None,
        zone: str = "",
        as_of: AsOf | None = None,
        limit: int | None = None,
        where: Condition | None = None,
        prices: Prices = "float",
    ) -> Stream:
        """The rows of ``read`` as tables of ``batch_rows``, one in memory at a time.

        All are of the version that is there now, whatever is written or vacuumed meanwhile. Raises as ``read``; once
        the lake is closed, the next table raises InvalidArgumentError.
        """
        options = self._read_options(key, start, end, closed, columns, zone, as_of, limit, where, prices)
        return Stream(self._native.read_batches(key, batch_rows, **options))

    def read_many(
        self,
        keys: Sequence[str],
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        *,
        pivot: str | None = None,
        key_column: str = "key",
        closed: Closed = "both",
        columns: Sequence[str] | None = None,
        zone: str = "",
        as_of: AsOf | None = None,
        limit: int | None = None,
        where: Condition | None = None,
        prices: Prices = "float",
    ) -> Rows:
        """Many series as one table, all as they are at one moment.

        They come in the order of ``keys``, with the key in the column ``key_column``; a column that only some have is
        null in the others. With ``pivot``, the table is wide instead: the index, and the values of that column of each
        key in a column of its name; a row for each index value that any of them has. ``limit`` is for each series.
        Raises as ``read``, and InvalidArgumentError for a key that is given twice, a name that is taken, and, with
        ``pivot``, a series with two rows at one index value.
        """
        options = self._read_options(keys, start, end, closed, columns, zone, as_of, limit, where, prices)
        return self._out(self._native.read_many(keys, pivot, key_column, **options))

    def replay(
        self,
        keys: Sequence[str],
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        *,
        batch_rows: int = 1 << 16,
        key_column: str = "key",
        closed: Closed = "both",
        columns: Sequence[str] | None = None,
        zone: str = "",
        as_of: AsOf | None = None,
        limit: int | None = None,
        where: Condition | None = None,
        prices: Prices = "float",
    ) -> Stream:
        """Many series merged in order of time, as tables of ``batch_rows`` with the key in the column ``key_column``.

        Rows at one index value come in the order of ``keys``. All are as they are at one moment; little of each is in
        memory at a time. ``limit`` is for all together. Raises as ``read_many``.
        """
        options = self._read_options(keys, start, end, closed, columns, zone, as_of, limit, where, prices)
        return Stream(self._native.replay(keys, batch_rows, key_column, **options))

    def exists(self, key: str) -> bool:
        return self._native.exists(key)

    def list_keys(self, prefix: str = "") -> list[str]:
        """Keys that are ``prefix`` or lie under it, sorted; all without one."""
        return self._native.list_keys(prefix)

    def time_range(self, key: str) -> tuple[datetime.datetime, datetime.datetime] | None:
        """First and last index value in UTC, both inside, to the microsecond below; None for a series without rows or
        index. ``info`` has the exact nanoseconds. Raises DataNotFoundError."""
        found = self._native.time_range(key)
        return None if found is None else (_to_datetime(found[0]), _to_datetime(found[1]))

    def info(self, key: str) -> SeriesInfo:
        """What the catalog knows of the series; no data file is touched. Raises DataNotFoundError."""
        return _to_info(self._native.info(key))

    def info_all(self, prefix: str = "") -> list[SeriesInfo]:
        """``info`` of each key that is ``prefix`` or lies under it, sorted by key."""
        return [_to_info(fields) for fields in self._native.info_all(prefix)]

    def files(self, key: str, as_of: AsOf | None = None) -> list[str]:
        """Paths of the Parquet files that make up a version, in order of time.

        Without ``as_of`` those of the newest one by their visible names, which the next commit may take away. With it
        the files of that version as they are stored: these have no ending in their names, never change, and can be
        opened as long as ``vacuum`` keeps the version (a snapshot makes it). What another program is to query:

        >>> duckdb.read_parquet(lake.files("fx/EUR", lake.info("fx/EUR").version), union_by_name=True)

        A file may be older than some columns. Raises DataNotFoundError; with ``as_of`` also ReadOnlyError, where files
        would have to be made of rows that only the catalog has so far.
        """
        names = self._native.files(key, to_native_as_of(as_of, self._naive))
        return [os.path.join(self.root, name) for name in names]

    def metadata(self, key: str) -> dict[str, Any]:
        """The user metadata of the key, ``{}`` if there is none. Raises DataNotFoundError."""
        return to_object(self._native.metadata(key))

    def set_metadata(self, key: str, metadata: Mapping[str, Any]) -> None:
        """Hangs a JSON object on the key, in place of the one before. It makes no version and goes with the series.

        Raises DataNotFoundError, InvalidArgumentError for what is no JSON object, has more than 1 MiB or is deeper than
        100 levels, ReadOnlyError.
        """
        self._native.set_metadata(key, to_metadata(metadata))

    def remove_metadata(self, key: str) -> None:
        """Leaves the key without user metadata. Raises DataNotFoundError, ReadOnlyError."""
        self.set_metadata(key, {})

    def coverage(
        self, key: str, start: TimeLike | None = None, end: TimeLike | None = None, *, zone: str = ""
    ) -> Coverage:
        """What was asked for, what came, and what is known to be empty from ``start`` up to and without ``end``.

        A day as ``end`` means all of it, in ``zone`` (UTC if empty). Raises DataNotFoundError, InvalidArgumentError for
        an ``end`` before ``start``.
        """
        found = self._native.coverage(key, *self._stretch(start, end, zone))
        return Coverage(to_ranges(found["requested"]), to_ranges(found["received"]), to_ranges(found["empty"]))

    def missing(
        self, key: str, start: TimeLike | None = None, end: TimeLike | None = None, *, zone: str = ""
    ) -> list[TimeRange]:
        """What of the range is neither received nor known to be empty: what is to be fetched.

        An end of the range that is not given is where what was asked for begins or ends. Of a series that is not there
        all of a range with both ends is missing. Else as ``coverage``.
        """
        return to_ranges(self._native.missing(key, *self._stretch(start, end, zone)))

    def record_coverage(self, key: str, change: CoverageChange, *, zone: str = "") -> None:
        """Says what became known without a write: ``CoverageChange(empty=[("2024-12-25", "2024-12-25")])``.

        Coverage has no versions and ends with the series. Raises DataNotFoundError, InvalidArgumentError for an untimed
        series, a range that ends before it starts, or moments both received and empty, ReadOnlyError.
        """
        self._native.record_coverage(key, to_native_change(change, self._naive), self._zone(zone))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"varve.Lake({self.root!r})"

    def _commit(self, verb: str, key: str, table: object, options: WriteOptions) -> Commit:
        native = to_native(table, self._naive)
        return Commit(**getattr(self._native, verb)(key, native, **to_native_options(options, self._naive)))

    def _stretch(
        self, start: TimeLike | None, end: TimeLike | None, zone: str
    ) -> tuple[int | str | None, int | str | None, str]:
        return to_bound(start, self._naive), to_bound(end, self._naive), self._zone(zone)

    def _zone(self, zone: str) -> str:
        return zone or ("UTC" if self._naive == "utc" else "")

    def _read_options(
        self,
        keys: str | Sequence[str],
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        closed: Closed = "both",
        columns: Sequence[str] | None = None,
        zone: str = "",
        as_of: AsOf | None = None,
        limit: int | None = None,
        where: Condition | None = None,
        prices: Prices = "float",
    ) -> dict[str, Any]:
        then = to_native_as_of(as_of, self._naive)
        return {
            "where": to_native_predicate(where, lambda: self._no_rows(keys, then)),
            "start": to_bound(start, self._naive),
            "end": to_bound(end, self._naive),
            "closed": closed,
            "columns": columns,
            "zone": self._zone(zone),
            "as_of": then,
            "limit": limit,
            "prices": prices,
        }

    def _no_rows(self, keys: str | Sequence[str], as_of: Any) -> _varve.Table:
        """All columns of a series, or of the first of several."""
        key = keys if isinstance(keys, str) else next(iter(keys), "")
        return self._native.read(key, **self._read_options(key, limit=0) | {"as_of": as_of})

    def _out(self, native: _varve.Table) -> Rows:
        table = Table(native)
        rows: Any = table if self._output == "table" else getattr(table, f"to_{self._output}")()
        return cast(Rows, rows)


def _to_info(fields: "_varve.InfoFields") -> SeriesInfo:
    values: dict[str, Any] = cast("dict[str, Any]", fields)
    values["metadata"] = to_object(fields["metadata"])
    return SeriesInfo(**values)


def _to_datetime(nanoseconds: int) -> datetime.datetime:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return datetime.datetime.fromtimestamp(0, datetime.UTC) + datetime.timedelta(
        seconds=seconds, microseconds=rest // 1_000
    )
