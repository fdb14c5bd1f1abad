"""Changes of ranges, of keys, of files, and of many series at once."""

from collections.abc import Iterable, Mapping
from typing import Literal, Unpack

from varve import _varve
from varve._columns import to_native
from varve._progress import ShowProgress, work
from varve._times import Naive, TimeLike
from varve._transaction import Commit, Transaction
from varve._writing import Age, WriteOptions, to_native_age, to_native_options, to_native_range

Closed = Literal["both", "left", "right", "none"]
"""Which ends of a range belong to it."""


class Changes:
    """The calls of a lake that change more than one table of rows; ``Lake`` has them."""

    _native: _varve.Lake
    _naive: Naive

    def replace(
        self,
        key: str,
        table: object,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        *,
        closed: Closed = "both",
        **options: Unpack[WriteOptions],
    ) -> Commit:
        """Makes ``table`` the content of a range: rows that were there go, rows outside it stay; an empty table empties
        it. Ranges and bounds are as in ``read``, options as in ``write``. Only files that reach into the range are
        written anew, and the same rows again make no version.

        Raises InvalidArgumentError for a row outside the range or an untimed series, AlreadyExistsError if two of the
        rows have one identity; else as ``write``.
        """
        bounds = to_native_range(start, end, closed, self._naive)
        native = to_native_options(options, self._naive) | bounds
        return Commit(**self._native.replace(key, to_native(table, self._naive), **native))

    def delete(
        self,
        key: str,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        *,
        closed: Closed = "both",
        expects_version: int | None = None,
        dry_run: bool = False,
    ) -> Commit:
        """Removes the rows of a range, or, without one, the series; its versions go on counting if it is made again.
        Nothing is known of the range any more (see ``coverage``), whether it had rows or not. ``dry_run`` changes
        nothing and counts what would go; its commit has no id.

        Raises DataNotFoundError, InvalidArgumentError for a range of an untimed series, and ConcurrentWriteError unless
        the series has the version that is expected.
        """
        if start is None and end is None:
            return Commit(**self._native.remove(key, expects_version=expects_version, dry_run=dry_run))
        bounds = to_native_range(start, end, closed, self._naive)
        done = self._native.remove_range(key, **bounds, expects_version=expects_version, dry_run=dry_run)
        return Commit(**done)

    def retain(
        self, key: str, rows_newer_than: Age, *, expects_version: int | None = None, dry_run: bool = False
    ) -> Commit:
        """Removes the rows that are older than a moment (one at the very moment stays; a day means its first instant)
        or than an age: a ``timedelta``, or text such as ``"90d"``. Files that hold nothing else are not read. Nothing
        is known of that time any more (see ``coverage``), so that nobody fetches it again. Old versions keep the rows
        until ``vacuum`` lets them go.

        ``dry_run`` changes nothing and counts what would go; its commit has no id. Raises DataNotFoundError,
        InvalidArgumentError for an untimed series, ConcurrentWriteError unless the series has the version that is
        expected.
        """
        return self._retain([key], rows_newer_than, expects_version, dry_run)[0]

    def rename(self, key: str, new_key: str) -> Commit:
        """Gives a series another key; its rows, versions, snapshots, metadata and coverage go with it.
        As of a time or a snapshot before, the rows are found by either key, unless another series had the new one then.

        Raises DataNotFoundError, AlreadyExistsError for a new key that is there, InvalidArgumentError for the key that
        it has, NotSupportedError for a series laid out by a template of paths.
        """
        return Commit(**self._native.rename(key, new_key))

    def compact(self, key: str, target_rows: int = 0, *, progress: ShowProgress = None) -> Commit:
        """Merges small neighbouring files into files of ``target_rows`` (0: what the series was made with). No row
        changes: each new file is read again and compared before it takes the place of others. ``progress`` is told the
        bytes of old files that are merged, and of how many. Raises DataNotFoundError."""
        return Commit(**work("compact", progress, lambda tell: self._native.compact(key, target_rows, tell)))

    def write_many(self, tables: Mapping[str, object], **options: Unpack[WriteOptions]) -> list[Commit]:
        """``write`` of many series in one commit, which costs about what one series costs; in the order of the keys.
        All have the same options."""
        return self._change_many("write", tables, options)

    def append_many(self, tables: Mapping[str, object], **options: Unpack[WriteOptions]) -> list[Commit]:
        """``append`` of many series in one commit, as ``write_many``."""
        return self._change_many("append", tables, options)

    def upsert_many(self, tables: Mapping[str, object], **options: Unpack[WriteOptions]) -> list[Commit]:
        """``upsert`` of many series in one commit, as ``write_many``."""
        return self._change_many("upsert", tables, options)

    def replace_many(
        self,
        tables: Mapping[str, object],
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        *,
        closed: Closed = "both",
        **options: Unpack[WriteOptions],
    ) -> list[Commit]:
        """``replace`` of one range of many series in one commit, as ``write_many``."""
        changes = self._begin()
        for key, table in tables.items():
            changes.replace(key, table, start, end, closed=closed, **options)
        return changes.commit()

    def delete_many(
        self,
        keys: Iterable[str],
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        *,
        closed: Closed = "both",
    ) -> list[Commit]:
        """``delete`` of many series, or of one range of them, in one commit."""
        changes = self._begin()
        for key in keys:
            changes.delete(key, start, end, closed=closed)
        return changes.commit()

    def retain_many(
        self,
        keys: Iterable[str],
        rows_newer_than: Age,
        *,
        expects_version: int | None = None,
        dry_run: bool = False,
    ) -> list[Commit]:
        """``retain`` of many series in one commit; in the order of the keys."""
        return self._retain(keys, rows_newer_than, expects_version, dry_run)

    def _retain(self, keys: Iterable[str], age: Age, expects_version: int | None, dry_run: bool) -> list[Commit]:
        names = keys if isinstance(keys, str) else list(keys)  # text alone is refused
        native = to_native_age(age, self._naive)
        done = self._native.retain_many(names, **native, expects_version=expects_version, dry_run=dry_run)
        return [Commit(**fields) for fields in done]

    def _begin(self) -> Transaction:
        return Transaction(self._native.transaction(), self._naive, published=False)

    def _change_many(self, verb: str, tables: Mapping[str, object], options: WriteOptions) -> list[Commit]:
        changes = self._begin()
        for key, table in tables.items():
            getattr(changes, verb)(key, table, **options)
        return changes.commit()
