"""Files of other programs that become series."""

from collections.abc import Sequence
from dataclasses import dataclass

from varve import _varve
from varve._writing import to_native_series_options


@dataclass(frozen=True, slots=True)
class AdoptedSeries:
    """A series made of files as they lay. Times are nanoseconds UTC, both inside."""

    key: str
    kind: str
    index: str
    identity: list[str] | None
    files: int
    rows: int
    bytes: int
    first: int | None
    last: int | None


@dataclass(frozen=True, slots=True)
class AdoptReport:
    """What ``adopt`` made series of, or by a dry run would."""

    commit_id: str
    """Empty if nothing was adopted."""
    series: list[AdoptedSeries]
    left: dict[str, str]
    """Keys that stay as they are, and why: series already, or (of a dry run) what is wrong with their files."""
    empty_files: list[str]
    """Files without rows: they stay beside the series."""


class Adoption:
    """The part of Lake that takes in files of other programs."""

    _native: _varve.Lake

    def adopt(
        self,
        key: str | None = None,
        *,
        layout: str | None = None,
        kind: str | None = None,
        index: str | None = None,
        identity: Sequence[str] | None = None,
        compression: str | None = None,
        target_rows_per_file: int | None = None,
        dry_run: bool = False,
    ) -> AdoptReport:
        """Makes Parquet files that lie in the lake's directory, where ``layout`` (``"range"`` if not said) has those of
        ``key``, that series as they are: none is written anew, and their names stay. Without a key: all keys that a
        template of paths finds, in one commit. ``dry_run`` looks at everything, changes nothing, and lists what could
        not be adopted.

        Files must be sorted and apart in time. Raises AlreadyExistsError for a key that is a series or two rows of one
        identity, InvalidArgumentError, SchemaCompatibilityError, NotSupportedError, naming the file. One that is
        changed later is noticed before it is read: DataCorruptionError.
        """
        options = to_native_series_options(
            kind=kind,
            index=index,
            identity=identity,
            layout=layout,
            compression=compression,
            target_rows_per_file=target_rows_per_file,
        )
        fields = self._native.adopt("" if key is None else key, dry_run=dry_run, **options)
        series = [AdoptedSeries(**one) for one in fields["series"]]
        return AdoptReport(fields["commit_id"], series, dict(fields["left"]), fields["empty_files"])
