"""Frames on their way into the lake."""

import functools

import polars as pl

import varve
from varve.errors import (
    AlreadyExistsError,
    ConcurrentWriteError,
    DataNotFoundError,
    SchemaCompatibilityError,
)
from varve.parquet_store._config import ParquetStoreConfig
from varve.parquet_store._series import (
    IDENTITY,
    as_given,
    check_appendable,
    define,
    find_series,
    identity_of,
    incompatible,
    was_naive,
    with_naive,
)

_ATTEMPTS_MAX = 100
# An append to a longer series does not wait until the visible files show it: that takes longer than the append.
_WAITING_ROWS_MAX = 100_000
# Whole numbers up to these are floats exactly.
_EXACT: dict[type[pl.DataType], int] = {pl.Float32: 1 << 24, pl.Float64: 1 << 53}
# What the lake adds to an identity of bars by itself as soon as it is there, beside symbol and provider.
_GROWS_WITH = {"instrument", "instrument_id", "granularity"}


def append(lake: varve.Lake, key: str, frame: pl.DataFrame, config: ParquetStoreConfig) -> None:
    """Adds rows; where one of that identity is there, the last one stays. Makes the series where there is none.

    Raises SchemaCompatibilityError, and then nothing has changed.
    """
    info = find_series(lake, key)
    if info is None:
        make(lake, key, frame, config)
        return
    stored = as_given(lake.read(key, limit=0), info).schema
    check_appendable(stored, frame.schema)
    new_identity = [name for name in IDENTITY if name in frame.columns and name not in stored]
    if new_identity and not _grows_by_itself(info, set(frame.columns) - stored.keys()):
        _append_anew(lake, key, frame, config)
        return
    identity = identity_of(info)
    write = lake.upsert if identity else lake.append
    try:
        write(
            key,
            frame,
            index=info.index,
            identity=None if new_identity else identity,
            published=info.rows <= _WAITING_ROWS_MAX,
        )
    except SchemaCompatibilityError:  # numbers that no type of the lake holds together without loss
        _append_anew(lake, key, frame, config)


def make(lake: varve.Lake, key: str, frame: pl.DataFrame, config: ParquetStoreConfig) -> None:
    """Adds rows to a series that was not there a moment ago."""
    definition = define(key, frame, config)
    metadata = with_naive({}, definition.naive) or None
    if definition.options["identity"]:
        lake.upsert(key, frame, **definition.options, metadata=metadata, published=True)
    else:
        lake.append(key, frame, **definition.options, metadata=metadata, published=True)


def overwrite(
    lake: varve.Lake, key: str, frame: pl.DataFrame, config: ParquetStoreConfig, expects_version: int | None = None
) -> None:
    """Makes the frame the whole series; of rows of one identity the last one."""
    definition = define(key, frame, config)
    info = find_series(lake, key)
    metadata = None
    if definition.naive != (info is not None and was_naive(info)):
        metadata = with_naive(info.metadata if info else {}, definition.naive)
    if info is not None and not definition.is_of(info):
        # The lake keeps what a series was made with; it can only be another one after it has gone.
        lake.delete(key, expects_version=expects_version)
        metadata = with_naive(info.metadata, definition.naive)
        expects_version = None
    write = functools.partial(
        lake.write, **definition.options, metadata=metadata, expects_version=expects_version, published=True
    )
    try:
        write(key, frame)
    except AlreadyExistsError:
        write(key, frame.unique(definition.options["identity"], keep="last", maintain_order=True))


def _grows_by_itself(info: varve.SeriesInfo, new_columns: set[str]) -> bool:
    return info.kind == "ohlcv" and info.identity is not None and not new_columns & _GROWS_WITH


def _append_anew(lake: varve.Lake, key: str, frame: pl.DataFrame, config: ParquetStoreConfig) -> None:
    """Reads all rows and writes them with the new ones, again if somebody else wrote meanwhile."""
    for _ in range(_ATTEMPTS_MAX):
        info = find_series(lake, key)
        if info is None:
            make(lake, key, frame, config)
            return
        try:
            stored = as_given(lake.read(key, as_of=info.version), info)
            check_appendable(stored.schema, frame.schema)
            whole = _concat(stored, frame)
            overwrite(lake, key, whole, config, expects_version=info.version)
        except (ConcurrentWriteError, DataNotFoundError):
            now = find_series(lake, key)
            if now is not None and now.version == info.version:
                raise
        except pl.exceptions.PolarsError as error:
            raise incompatible(str(error)) from error
        else:
            return
    raise ConcurrentWriteError(f"{key}: partition is locked by another writer again and again")


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
