"""Frames on their way into the lake."""

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

import varve
from varve._shared_series import find_series
from varve.errors import (
    AlreadyExistsError,
    ConcurrentWriteError,
    DataNotFoundError,
    InvalidArgumentError,
    SchemaCompatibilityError,
)
from varve.parquet_store._config import ParquetStoreConfig
from varve.parquet_store._open_lakes import FrameLake
from varve.parquet_store._series import (
    IDENTITY,
    Definition,
    as_given,
    check_appendable,
    define,
    identity_of,
    incompatible,
    with_naive,
)

# An append to a longer series does not wait until the visible files show it: that takes longer than the append.
_WAITING_ROWS_MAX = 100_000
# Whole numbers up to these are floats exactly.
_EXACT: dict[type[pl.DataType], int] = {pl.Float32: 1 << 24, pl.Float64: 1 << 53}
# Columns that the lake by itself makes part of the identity of bars when they come, beside symbol and provider; the
# store does not.
_GROWS_WITH = {"instrument", "instrument_id", "granularity"}


def append(
    lake: FrameLake,
    key: str,
    frame: pl.DataFrame,
    config: ParquetStoreConfig,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Adds rows; where one of that identity is there, the last one stays. Makes the series where there is none, with
    ``metadata`` of the user.

    Raises SchemaCompatibilityError, and then nothing has changed.
    """

    def attempt(info: varve.SeriesInfo | None) -> None:
        if info is None:
            _make(lake, key, frame, config, metadata or {})
        else:
            _add(lake, info, frame, config)

    _until_nobody_was_faster(lake, key, config, attempt)


def overwrite(lake: FrameLake, key: str, frame: pl.DataFrame, config: ParquetStoreConfig) -> None:
    """Makes the frame the whole series; of rows of one identity the last one."""

    def attempt(info: varve.SeriesInfo | None) -> None:
        _write(lake, key, frame, define(key, frame, config), info)

    _until_nobody_was_faster(lake, key, config, attempt)


def _until_nobody_was_faster(
    lake: FrameLake, key: str, config: ParquetStoreConfig, attempt: Callable[[varve.SeriesInfo | None], None]
) -> None:
    """Calls ``attempt`` with the series as it is, again if it failed and the series is another one by now, for as long
    as a write may wait."""
    end = time.monotonic() + config.lock_timeout_seconds
    while True:
        info = find_series(lake, key)
        try:
            return attempt(info)
        except (ConcurrentWriteError, DataNotFoundError, InvalidArgumentError):
            if _version(find_series(lake, key)) == _version(info) or time.monotonic() >= end:
                raise


def _version(info: varve.SeriesInfo | None) -> int:
    return 0 if info is None else info.version


def _make(
    lake: FrameLake, key: str, frame: pl.DataFrame, config: ParquetStoreConfig, metadata: Mapping[str, Any]
) -> None:
    definition = define(key, frame, config)
    write = lake.upsert if definition.options["identity"] else lake.append
    said = with_naive(metadata, definition.naive) or None
    write(key, frame, **definition.options, metadata=said, expects_version=0, published=True)


def _add(lake: FrameLake, info: varve.SeriesInfo, frame: pl.DataFrame, config: ParquetStoreConfig) -> None:
    stored = as_given(lake.read(info.key, limit=0, as_of=info.version), info).schema
    check_appendable(stored, frame.schema)
    new_identity = [name for name in IDENTITY if name in frame.columns and name not in stored]
    if new_identity and not _grows_by_itself(info, set(frame.columns) - stored.keys()):
        _append_anew(lake, info, frame, config)
        return
    identity = identity_of(info)
    write = lake.upsert if identity else lake.append
    try:
        write(
            info.key,
            frame,
            index=info.index,
            identity=None if new_identity else identity,
            published=info.rows <= _WAITING_ROWS_MAX,
        )
    except SchemaCompatibilityError:  # numbers that no type of the lake holds together without loss
        _append_anew(lake, info, frame, config)


def _write(
    lake: FrameLake,
    key: str,
    frame: pl.DataFrame,
    definition: Definition,
    info: varve.SeriesInfo | None,
    expects_version: int | None = None,
) -> None:
    """Makes the frame the whole of a series; ``info`` is what it was."""
    before = {} if info is None else info.metadata
    said = with_naive(before, definition.naive)
    write = functools.partial(
        lake.write,
        **definition.options,
        metadata=said if said or before else None,
        expects_version=expects_version,
        published=True,
        redefine=True,
    )
    try:
        write(key, frame)
    except AlreadyExistsError:
        write(key, frame.unique(definition.options["identity"], keep="last", maintain_order=True))


def _grows_by_itself(info: varve.SeriesInfo, new_columns: set[str]) -> bool:
    """Whether the lake by itself tells rows apart by those of the new columns that the store does, and by no others."""
    return info.kind == "ohlcv" and info.identity is not None and not new_columns & _GROWS_WITH


def _append_anew(lake: FrameLake, info: varve.SeriesInfo, frame: pl.DataFrame, config: ParquetStoreConfig) -> None:
    """Reads all rows and writes them with the new ones. Raises ConcurrentWriteError if somebody else wrote meanwhile,
    and then nothing has changed."""
    stored = as_given(lake.read(info.key, as_of=info.version), info)
    try:
        whole = _concat(stored, frame)
    except pl.exceptions.PolarsError as error:
        raise incompatible(str(error)) from error
    definition = define(info.key, whole, config)
    if set(definition.options["identity"]) == set(identity_of(info)):
        definition = definition.like(info)
    _write(lake, info.key, whole, definition, info, expects_version=info.version)


def _concat(stored: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """All rows, with types that hold both. Raises SchemaCompatibilityError for an integer that would be rounded."""
    whole = pl.concat([stored, new], how="diagonal_relaxed")
    whole = whole.with_columns(pl.col(pl.Int128).cast(pl.Float64))  # of signed and unsigned; the lake has 64 bits
    for part in (stored, new):
        for column in part.iter_columns():
            limit = _EXACT.get(type(whole.schema[column.name]))
            if limit is None or not column.dtype.is_integer() or column.null_count() == column.len():
                continue
            least, most = int(column.min() or 0), int(column.max() or 0)  # type: ignore[arg-type]
            if least < -limit or most > limit:
                raise incompatible(f"column {column.name!r} has integers that {whole.schema[column.name]} would round")
    return whole
