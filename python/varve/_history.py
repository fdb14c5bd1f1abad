"""The past of a lake: versions, snapshots, what is brought back and what is let go."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Union

from varve import _varve
from varve._progress import Progress, ShowProgress, work
from varve._times import Naive, in_reach, to_nanoseconds
from varve._transaction import Commit
from varve.errors import InvalidArgumentError

if TYPE_CHECKING:
    import numpy

AsOf = Union[int, str, datetime.datetime, "numpy.datetime64"]  # NumPy is not imported
"""A state of a key: a version of the series that has it (``int``); or, of the series that had it then, what the
snapshot of that name holds (``str``), or the version that was the newest at a moment (``datetime`` with its zone,
``pandas.Timestamp``; ``numpy.datetime64`` and naive ones with ``naive="utc"``). If no series had it then, the one that
has it now is meant. Text is always a snapshot's name, never a time, and a number never nanoseconds."""


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """One version of a series and the commit that made it. Times are nanoseconds UTC; ``first`` and ``last`` are both
    inside. ``rows``, ``files`` and ``bytes`` are those of the version, the counts behind them those of the commit."""

    version: int
    commit_id: str
    time: int
    """Of the commit; never earlier than that of the version before."""
    operation: str
    """``"write"``, ``"append"``, ``"upsert"``, ``"delete"``, ``"transaction"``, …"""
    deleted: bool
    """The series ended with it."""
    rows: int
    files: int
    bytes: int
    first: int | None
    last: int | None
    rows_added: int
    rows_replaced: int
    rows_removed: int


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed from one version of a series to another. Counts are of all rows, tables hold the first ones.

    A row is the same in both if its index and identity are, and it changed if a value of it did. Where rows have no
    identity none changes: equal rows are counted, and what one version has more of than the other is removed or added.
    Tables have the columns of both versions, widened where types differ, and are what the ``output`` of the lake says.
    A column that is new is null in older rows, so that values in it are changes; one that was dropped changes no row.
    """

    from_version: int
    to_version: int
    rows_added: int
    rows_removed: int
    rows_changed: int
    added: Any
    removed: Any
    before: Any
    """Rows that changed, as they were."""
    after: Any
    """The same rows, in the same order, as they became."""
    columns_added: list[str]
    columns_dropped: list[str]
    columns_retyped: list[str]

    @property
    def empty(self) -> bool:
        """Rows and columns are the same."""
        columns = self.columns_added or self.columns_dropped or self.columns_retyped
        return not (self.rows_added or self.rows_removed or self.rows_changed or columns)


class SnapshotInfo(NamedTuple):
    name: str
    created: int
    """Nanoseconds UTC."""
    keys: int


class VacuumReport(NamedTuple):
    versions: int
    """Forgotten."""
    files: int
    """Removed."""
    bytes: int
    """Of these."""


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """Which old versions a lake keeps, besides the newest and those in snapshots: all that were the newest at some time
    within ``all_for``, but at most ``versions_max`` of these, and of each hour within ``hourly_for`` the last one."""

    all_for: datetime.timedelta = datetime.timedelta(hours=1)
    hourly_for: datetime.timedelta = datetime.timedelta(days=7)
    versions_max: int = 500


class History:
    """The calls of a lake that are about its past; ``Lake`` has them."""

    _native: _varve.Lake
    _naive: Naive

    def _out(self, native: _varve.Table) -> Any:
        raise NotImplementedError

    def versions(self, key: str) -> list[VersionInfo]:
        """The versions that can still be read, and those at which the series was deleted, oldest first. Raises
        DataNotFoundError for a key that never was."""
        return [VersionInfo(**fields) for fields in self._native.versions(key)]

    def restore(self, key: str, as_of: AsOf, *, expects_version: int | None = None, dry_run: bool = False) -> Commit:
        """Makes the series what it was, as a new version: its rows, columns and options of then. A deleted series comes
        back. ``dry_run`` changes nothing and counts what would change; its commit has no id.
        Raises DataNotFoundError for a version, snapshot or time that is not there, ConcurrentWriteError unless the
        newest version is the expected one."""
        then = to_native_as_of(as_of, self._naive)
        return Commit(**self._native.restore(key, then, expects_version, dry_run))

    def diff(
        self,
        key: str,
        older: AsOf,
        newer: AsOf | None = None,
        *,
        limit: int | None = 1 << 20,
        progress: ShowProgress = None,
    ) -> Diff:
        """What changed from ``older`` to ``newer`` (the newest by default), which may as well be the other way round.

        ``limit`` is how many rows of each sort are given, the first ones (None: all); the counts are of all. Files that
        both versions have are not read, the others piece by piece: what takes memory is the rows given. Raises
        DataNotFoundError, SchemaCompatibilityError where columns of one name cannot be compared.
        """
        states = to_native_as_of(older, self._naive), to_native_as_of(newer, self._naive)

        def compare(tell: Progress | None) -> dict[str, Any]:
            return {**self._native.diff(key, states[0], newer=states[1], limit=limit, progress=tell)}

        fields = work("diff", progress, compare)
        return Diff(**fields | {name: self._out(fields[name]) for name in ("added", "removed", "before", "after")})

    def make_snapshot(self, name: str, keys: Sequence[str] | None = None) -> int:
        """Names the newest versions of these series (of all by default), so that they stay. Returns how many.

        Raises AlreadyExistsError for a name that is taken, DataNotFoundError for a key, InvalidArgumentError for an
        empty name, ReadOnlyError.
        """
        return self._native.make_snapshot(name, keys)

    def remove_snapshot(self, name: str) -> None:
        """Forgets the name; the versions stay until the next ``vacuum`` lets them go. Raises DataNotFoundError."""
        self._native.remove_snapshot(name)

    def snapshots(self) -> list[SnapshotInfo]:
        """All snapshots, sorted by name."""
        return [SnapshotInfo(*fields) for fields in self._native.snapshots()]

    def snapshot(self, name: str) -> dict[str, int]:
        """The version of each series in a snapshot, by the key that it had then, sorted by key. Where it has another
        key by now, the number means nothing under that of then, but ``as_of=name`` does. Raises DataNotFoundError."""
        return dict(self._native.snapshot(name))

    def vacuum(
        self,
        key: str = "",
        *,
        all_for: datetime.timedelta | float | None = None,
        hourly_for: datetime.timedelta | float | None = None,
        versions_max: int | None = None,
    ) -> VacuumReport:
        """Forgets old versions of a series (of all by default) and removes the files that only they had.

        The newest version and those in snapshots stay; so do all that were the newest at some time within ``all_for``,
        but at most ``versions_max`` of these, and of each hour within ``hourly_for`` the last one. Both are a timedelta
        or seconds; None is what ``retention_policy`` says. Raises DataNotFoundError, InvalidArgumentError,
        ReadOnlyError.
        """
        return VacuumReport(*self._native.vacuum(key, **to_native_policy(all_for, hourly_for, versions_max)))

    @property
    def retention_policy(self) -> RetentionPolicy:
        """Which old versions ``vacuum`` keeps, and so does the upkeep that writers do now and then. It is kept in the
        lake: all processes go by it."""
        return to_policy(*self._native.retention_policy())

    def set_retention_policy(self, policy: RetentionPolicy) -> None:
        """Sets it at once for all who have the lake open. Raises InvalidArgumentError for a negative length or number,
        ReadOnlyError.

        >>> lake.set_retention_policy(dataclasses.replace(lake.retention_policy, versions_max=2_000))
        """
        lengths = _to_duration("all_for", policy.all_for), _to_duration("hourly_for", policy.hourly_for)
        self._native.set_retention_policy(*lengths, policy.versions_max)


def to_policy(all_for: int, hourly_for: int, versions_max: int) -> RetentionPolicy:
    """Of nanoseconds, cut to microseconds."""
    lengths = [datetime.timedelta(microseconds=length // 1_000) for length in (all_for, hourly_for)]
    return RetentionPolicy(lengths[0], lengths[1], versions_max)


def to_native_as_of(as_of: AsOf | None, naive: Naive) -> Any:
    """A state as the engine takes it, which refuses what is none. Raises InvalidArgumentError for a naive time."""
    if isinstance(as_of, datetime.datetime) or type(as_of).__name__ == "datetime64":
        return _varve.as_of_time(in_reach(to_nanoseconds(as_of, naive)))
    return as_of


def to_native_policy(
    all_for: datetime.timedelta | float | None, hourly_for: datetime.timedelta | float | None, versions_max: int | None
) -> dict[str, int | None]:
    """What one vacuum keeps, as the engine takes it; None where the lake's policy says it."""
    lengths = {"all_for": all_for, "hourly_for": hourly_for}
    kept = {name: None if length is None else _to_duration(name, length) for name, length in lengths.items()}
    return {**kept, "versions_max": versions_max}


def _to_duration(name: str, length: datetime.timedelta | float) -> int:
    """Nanoseconds, at most as many as 64 bits can count: forever."""
    seconds = length.total_seconds() if isinstance(length, datetime.timedelta) else length
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds >= 0:
        raise InvalidArgumentError(f"{name} {length!r}: expected a timedelta or seconds, 0 or more")
    return min(round(min(seconds, 2**34) * 1_000_000_000), 2**63 - 1)
