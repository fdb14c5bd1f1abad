"""Files of other programs that become series."""

from collections.abc import Sequence
from dataclasses import dataclass

from varve import _varve
from varve._progress import ShowProgress, work
from varve._writing import Prices, to_native_series_options


@dataclass(frozen=True, slots=True)
class AdoptedSeries:
    """A series made of files. Times are nanoseconds UTC, both inside."""

    key: str
    kind: str
    index: str
    identity: list[str] | None
    files: int
    """That were found."""
    rows: int
    bytes: int
    first: int | None
    last: int | None
    originals: str
    """Where files that were rewritten lie now, relative to the root; empty: they are those of the series."""


@dataclass(frozen=True, slots=True)
class AdoptReport:
    """What ``adopt`` made series of, or by a dry run would."""

    commit_id: str
    """Empty if nothing was adopted; that of the last key, if files were rewritten."""
    series: list[AdoptedSeries]
    left: dict[str, str]
    """Keys that stay as they are, and why: series already, files of another series, or (of a dry run, or rewritten)
    what is wrong with their files."""
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
        prices: Prices | None = None,
        price_columns: Sequence[str] | None = None,
        rewrite: bool = False,
        zone: str = "",
        dry_run: bool = False,
        progress: ShowProgress = None,
    ) -> AdoptReport:
        """Makes Parquet files that lie in the lake's directory, where ``layout`` (``"range"`` if not said) has those of
        ``key``, that series as they are: none is written anew, and their names stay. Without a key: all keys that a
        template of paths finds, in one commit. ``dry_run`` looks at everything, changes nothing, and lists what could
        not be adopted.

        Files must be sorted and apart in time, their times have a zone, and prices that are to be decimals
        (``prices="decimal"``) be so already. Others are adopted with ``rewrite=True``: files in any order anywhere in
        the directory of the key, whose rows are written anew as the layout has them, one commit a key; the files
        themselves move to ``.varve/originals``. ``zone`` is then that of times without one. ``progress`` is told the
        bytes of files that were read, and of how many.

        Raises AlreadyExistsError for a key that is a series or two rows of one
        identity, InvalidArgumentError, SchemaCompatibilityError, NotSupportedError, naming the file; of all keys that
        are rewritten only if none could be, else ``left`` of the report tells. A file that is changed later is noticed
        before it is read: DataCorruptionError.
        """
        options = to_native_series_options(
            kind=kind,
            index=index,
            identity=identity,
            layout=layout,
            compression=compression,
            target_rows_per_file=target_rows_per_file,
            prices=prices,
            price_columns=price_columns,
        )
        of = "" if key is None else key
        options |= {"dry_run": dry_run, "rewrite": rewrite, "zone": zone}
        fields = work("adopt", progress, lambda tell: self._native.adopt(of, tell, **options))
        series = [AdoptedSeries(**one) for one in fields["series"]]
        return AdoptReport(fields["commit_id"], series, dict(fields["left"]), fields["empty_files"])
