"""Keeping a lake whole: verify, repair, backup, doctor."""

import datetime
import os
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from varve import _varve
from varve._history import RetentionPolicy, to_native_policy, to_policy
from varve._progress import ShowProgress, work


@dataclass(frozen=True, slots=True)
class Finding:
    key: str
    """Empty if it concerns the lake."""
    file: str
    """Relative to the root; empty if it is about no file."""
    what: str


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What ``verify`` looked at and what it found; no findings: the lake is whole."""

    keys: int
    files: int
    """Of newest versions, as are ``rows`` and ``bytes``."""
    rows: int
    bytes: int
    old_files: int
    """Files that only older versions need."""
    findings: list[Finding]

    @property
    def clean(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True)
class RepairStep:
    """One thing that was wrong, and what became of it."""

    key: str
    file: str
    outcome: Literal["mended", "published", "lost", "lost old", "left"]
    """``mended``: the file is what was committed again. ``published``: the visible tree shows the series again.
    ``lost``: found nowhere, a new version of the series goes without it. ``lost old``: the same of a file that only
    older versions need. ``left``: nothing was done."""
    what: str
    """What was wrong, and where good bytes came from or bad ones went."""
    rows: int
    """Lost ones."""
    first: int | None
    """Index values of what was lost, nanoseconds UTC, both inside."""
    last: int | None


@dataclass(frozen=True, slots=True)
class RepairReport:
    keys: int
    files: int
    steps: list[RepairStep]

    @property
    def whole(self) -> bool:
        """All that was wrong is mended."""
        return all(step.outcome in ("mended", "published") for step in self.steps)

    @property
    def rows_lost(self) -> int:
        """From newest versions."""
        return sum(step.rows for step in self.steps if step.outcome == "lost")


@dataclass(frozen=True, slots=True)
class BackupReport:
    keys: int
    files: int
    """In the copy, of all versions."""
    bytes: int
    files_copied: int
    """This time."""
    bytes_copied: int
    files_removed: int
    """No version needs them any more."""
    damaged: list[str]
    """Ids of files that were not copied because they are not what was committed."""


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """The new catalog, and what it could not be told by the files."""

    keys: int
    files: int
    """Of newest versions, as are ``rows``."""
    rows: int
    catalog_copy: str
    """The copy of the old catalog that it goes on from; empty if there was none: old versions, snapshots, coverage,
    runs, metadata, series without rows and columns that only removed rows had are then lost."""
    put_aside: int
    """Files and folders that are now in ``.varve/quarantine``."""
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class Symptom:
    subject: str
    health: Literal["ok", "warn", "fail"]
    what: str
    advice: str
    """What to do; empty if it is well."""


@dataclass(frozen=True, slots=True)
class DoctorReport:
    symptoms: list[Symptom]

    @property
    def well(self) -> bool:
        """Nothing fails; there may be warnings."""
        return all(symptom.health != "fail" for symptom in self.symptoms)


class Amount(NamedTuple):
    keys: int
    rows: int
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class LakeStats:
    """Sums over newest versions, unless it says otherwise."""

    keys: int
    rows: int
    files: int
    bytes: int
    by_kind: dict[str, Amount]
    by_layout: dict[str, Amount]
    deleted_keys: int
    versions: int
    """That can be read, newest ones too."""
    snapshots: int
    inline_files: int
    """Whose bytes lie in the catalog still."""
    inline_bytes: int
    old_files: int
    """That only older versions have."""
    old_bytes: int
    free_files: int
    """Of these, what ``vacuum`` would remove."""
    free_bytes: int
    catalog_bytes: int
    """With its log."""
    behind: int
    """Series whose visible directory is behind."""
    retention: RetentionPolicy | None
    """Of the lake; None if its catalog has one that is not understood (see ``doctor``)."""


class Maintenance:
    """The calls of a lake that keep it whole; ``Lake`` has them."""

    _native: _varve.Lake

    def verify(self, key: str | None = None, *, progress: ShowProgress = None) -> VerifyReport:
        """Reads everything (or one key) and checks it against the catalog; findings are returned, not raised.

        ``progress``, here and in all calls that take it: True shows a bar, a callable is told the bytes that are done
        and of how many (see ``Progress``). Ctrl-C ends such a call at once. Raises DataNotFoundError for a missing key.
        """
        of = "" if key is None else key
        fields = work("verify", progress, lambda tell: self._native.verify(of, tell))
        findings = [Finding(*finding) for finding in fields["findings"]]
        return VerifyReport(
            fields["keys"], fields["files"], fields["rows"], fields["bytes"], fields["old_files"], findings
        )

    def repair(
        self,
        key: str | None = None,
        *,
        from_backup: str | os.PathLike[str] | None = None,
        progress: ShowProgress = None,
    ) -> RepairReport:
        """Mends what is damaged in a series (in all): visible files that are missing or were changed, files whose bytes
        are found elsewhere (other versions, or a backup). What cannot be mended leaves its series in a new version, and
        is told. Damaged files move to ``.varve/quarantine``; nothing is deleted.

        Raises DataNotFoundError for the key or the backup, ReadOnlyError, ConcurrentWriteError.
        """
        backup = "" if from_backup is None else os.fspath(from_backup)
        of = "" if key is None else key
        fields = work("repair", progress, lambda tell: self._native.repair(of, backup, tell))
        return RepairReport(fields["keys"], fields["files"], [RepairStep(**step) for step in fields["steps"]])

    def backup(self, to: str | os.PathLike[str], *, progress: ShowProgress = None) -> BackupReport:
        """Makes the lake at ``to`` what this one is at one moment, copying only files that it does not have yet. The
        copy can be opened and read; once it is written to it is a lake of its own.

        Raises AlreadyExistsError if ``to`` holds anything but such a backup of this lake, ConcurrentWriteError if it is
        open, InvalidArgumentError if one lies in the other.
        """
        target = os.fspath(to)
        return BackupReport(**work("backup", progress, lambda tell: self._native.backup(target, tell)))

    def doctor(self) -> DoctorReport:
        """What is well and what is not with the lake and what it stands on, without reading data files."""
        return DoctorReport([Symptom(*symptom) for symptom in self._native.doctor()])

    def stats(
        self,
        *,
        all_for: datetime.timedelta | float | None = None,
        hourly_for: datetime.timedelta | float | None = None,
        versions_max: int | None = None,
    ) -> LakeStats:
        """How much there is, from the catalog alone. ``free_files`` are what ``vacuum`` with these options would
        remove."""
        fields: dict[str, Any] = {**self._native.stats(**to_native_policy(all_for, hourly_for, versions_max))}
        for part in ("by_kind", "by_layout"):
            fields[part] = {name: Amount(*sums) for name, sums in fields[part].items()}
        if fields["retention"] is not None:
            fields["retention"] = to_policy(*fields["retention"])
        return LakeStats(**fields)


def rebuild_catalog(
    path: str | os.PathLike[str], *, replace: bool = False, progress: ShowProgress = None
) -> RebuildReport:
    """Makes a new catalog for the lake at ``path`` from its files, going on from the newest copy that the lake has of
    its catalog. docs/maintenance.md says what files cannot tell. ``replace``: also where there is a catalog, which is
    put aside.

    Raises DataNotFoundError, AlreadyExistsError (there is a catalog), ConcurrentWriteError (the lake is open).
    """
    root = os.fspath(path)
    fields = work("rebuild", progress, lambda tell: _varve.rebuild_catalog(root, replace, tell))
    findings = [Finding(*finding) for finding in fields["findings"]]
    return RebuildReport(
        fields["keys"], fields["files"], fields["rows"], fields["catalog_copy"], fields["put_aside"], findings
    )


def restore_lake(
    source: str | os.PathLike[str], to: str | os.PathLike[str], *, progress: ShowProgress = None
) -> BackupReport:
    """Makes the lake at ``source``, mostly a backup, anew at ``to``, which must be empty or not there. ``source`` is
    only read. Raises DataNotFoundError, AlreadyExistsError."""
    origin, target = os.fspath(source), os.fspath(to)
    return BackupReport(**work("restore", progress, lambda tell: _varve.restore_lake(origin, target, tell)))
