"""What calls that write take as options, in a lake and in a transaction."""

import datetime
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from varve._coverage import CoverageChange, to_native_change
from varve._json import to_json
from varve._times import Naive, TimeLike, to_bound
from varve.errors import InvalidArgumentError

Prices = Literal["float", "decimal"]
"""How prices are kept, or come out of a read."""

OnConflict = Literal["error", "ignore"]
"""What ``append`` does where a row with that identity is there."""


@dataclass(frozen=True, slots=True)
class Source:
    """The file that rows came from. The versions of a series know their sources.

    Where rows have no identity, an append of a source whose rows are there adds nothing, and raises AlreadyExistsError
    if some of them were removed since.
    """

    name: str
    sha256: str
    """Of its bytes: 64 lower-case hexadecimal digits."""
    again: bool = False
    """Its rows are added even so."""

    @classmethod
    def of_file(cls, path: str | os.PathLike[str], *, again: bool = False) -> "Source":
        """That file, by its name and its bytes as they are now. Raises OSError."""
        with open(path, "rb") as file:
            return cls(os.path.basename(path), hashlib.file_digest(file, "sha256").hexdigest(), again)


class WriteOptions(TypedDict, total=False):
    """As in ``Lake.write``, ``Lake.append`` and ``Lake.upsert``; ``on_conflict`` is for ``append`` alone, and
    ``redefine`` for ``write``."""

    on_conflict: OnConflict
    kind: str | None
    index: str | None
    identity: Sequence[str] | None
    layout: str | None
    compression: str | None
    target_rows_per_file: int | None
    prices: Prices | None
    price_columns: Sequence[str] | None
    coverage: CoverageChange | None
    metadata: Mapping[str, Any] | None
    source: Source | None
    expects_version: int | None
    published: bool
    redefine: bool


_DEFAULTS: dict[str, Any] = dict.fromkeys(WriteOptions.__annotations__)
_DEFAULTS |= {"on_conflict": "error", "published": False, "redefine": False}
_OF_SERIES = ("kind", "index", "identity", "layout", "compression", "target_rows_per_file", "prices", "price_columns")


def to_native_series_options(**options: Any) -> dict[str, Any]:
    """What is said of a new series, as the engine takes it."""
    return {**dict.fromkeys(_OF_SERIES), **options}


def to_native_options(options: WriteOptions, naive: Naive) -> dict[str, Any]:
    """All options as the engine takes them. Raises TypeError for one that there is not."""
    if unknown := options.keys() - _DEFAULTS.keys():
        raise TypeError(f"there is no option {min(unknown)!r}")
    native: dict[str, Any] = {**_DEFAULTS, **options, "zone": "UTC" if naive == "utc" else ""}
    if native["coverage"] is not None:
        native["coverage"] = to_native_change(native["coverage"], naive)
    if native["source"] is not None:
        native["source"] = to_native_source(native["source"])
    if native["metadata"] is not None:
        native["metadata"] = to_metadata(native["metadata"])
    return native


def to_native_source(source: object) -> tuple[str, str, bool]:
    if not isinstance(source, Source):
        raise InvalidArgumentError(f"source {source!r} of type {type(source).__name__}: expected a varve.Source")
    return source.name, source.sha256, source.again


def to_metadata(metadata: Mapping[str, Any]) -> str:
    return to_json("metadata", dict(metadata) if isinstance(metadata, Mapping) else metadata)


Age = datetime.timedelta | TimeLike
"""A moment, or a length of time up to now: a ``timedelta``, or text such as ``"90d"``, ``"2w"`` and ``"1d12h"``."""


def to_native_age(age: Age, naive: Naive) -> dict[str, Any]:
    zone = "UTC" if naive == "utc" else ""
    if isinstance(age, datetime.timedelta):
        return {"age": (age // datetime.timedelta(microseconds=1)) * 1_000, "since": None, "zone": zone}
    return {"age": None, "since": to_bound(age, naive), "zone": zone}


def to_native_range(start: TimeLike | None, end: TimeLike | None, closed: str, naive: Naive) -> dict[str, Any]:
    return {
        "start": to_bound(start, naive),
        "end": to_bound(end, naive),
        "closed": closed,
        "zone": "UTC" if naive == "utc" else "",
    }
