"""Changes of several series that happen together or not at all."""

from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Unpack

from varve import _varve
from varve._columns import to_native
from varve._times import Naive, TimeLike
from varve._writing import Age, WriteOptions, to_native_age, to_native_options, to_native_range


@dataclass(frozen=True, slots=True)
class Commit:
    """What a call that writes did. One that changed nothing made no version: its ``id`` is empty."""

    id: str
    key: str
    version: int
    rows_added: int
    rows_replaced: int
    """Rows that took the place of one with the same identity and other values."""
    rows_unchanged: int
    """Rows that were there already."""
    rows_ignored: int
    """Rows left out for the one that was there (``append`` with ``on_conflict="ignore"``)."""
    rows_removed: int
    source_seen: bool
    """The source was brought in before, so nothing was done."""
    published: bool
    """False: committed, and the visible files follow later."""


class Transaction:
    """Changes that become one commit at the end of the ``with`` block, or nothing if that raises. One thread.

    >>> with lake.transaction() as t:
    ...     t.upsert("fx/EUR", bars)
    ...     t.delete("fx/OLD")
    >>> t.commits[0].version

    Nothing is locked, read or written before the commit; each key can be changed once. What the calls of Lake of the
    same names raise comes out of the commit, except that a bad or repeated key, a bad option and a table that is none
    raise at once.
    """

    def __init__(self, native: _varve.Transaction, naive: Naive, published: bool) -> None:
        self._native = native
        self._naive: Naive = naive
        self._published = published
        self._commits: list[Commit] | None = None

    @property
    def commits(self) -> list[Commit]:
        """What was done to each series, in the order of the keys; nothing before the commit."""
        return [] if self._commits is None else list(self._commits)

    def write(self, key: str, table: object, **options: Unpack[WriteOptions]) -> "Transaction":
        """As ``Lake.write``."""
        self._native.write(key, to_native(table, self._naive), **to_native_options(options, self._naive))
        return self

    def append(self, key: str, table: object, **options: Unpack[WriteOptions]) -> "Transaction":
        """As ``Lake.append``."""
        self._native.append(key, to_native(table, self._naive), **to_native_options(options, self._naive))
        return self

    def upsert(self, key: str, table: object, **options: Unpack[WriteOptions]) -> "Transaction":
        """As ``Lake.upsert``."""
        self._native.upsert(key, to_native(table, self._naive), **to_native_options(options, self._naive))
        return self

    def replace(
        self,
        key: str,
        table: object,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        *,
        closed: Literal["both", "left", "right", "none"] = "both",
        **options: Unpack[WriteOptions],
    ) -> "Transaction":
        """As ``Lake.replace``."""
        native = to_native_options(options, self._naive) | to_native_range(start, end, closed, self._naive)
        self._native.replace(key, to_native(table, self._naive), **native)
        return self

    def delete(
        self,
        key: str,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
        *,
        closed: Literal["both", "left", "right", "none"] = "both",
        expects_version: int | None = None,
    ) -> "Transaction":
        """As ``Lake.delete``."""
        if start is None and end is None:
            self._native.remove(key, expects_version=expects_version)
        else:
            bounds = to_native_range(start, end, closed, self._naive)
            self._native.remove_range(key, **bounds, expects_version=expects_version)
        return self

    def retain(self, key: str, rows_newer_than: Age, *, expects_version: int | None = None) -> "Transaction":
        """As ``Lake.retain``; an age counts from now, not from the commit."""
        native = to_native_age(rows_newer_than, self._naive)
        self._native.retain(key, **native, expects_version=expects_version)
        return self

    def commit(self, *, published: bool | None = None) -> list[Commit]:
        """Commits now, once. ``published``: the visible tree shows it at the return; None: as ``transaction`` was told.

        Raises InvalidArgumentError if it was committed already, and whatever the changes raise: then none is made.
        """
        done = self._native.commit(self._published if published is None else published)
        self._commits = [Commit(**fields) for fields in done]
        return self.commits

    def __enter__(self) -> "Transaction":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._commits is None:
            self.commit()
