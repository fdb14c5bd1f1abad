"""What a frame is as a series of the lake: its index, its identity, its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import polars as pl

import varve
from varve._shared_series import to_compression
from varve.errors import InvalidArgumentError, SchemaCompatibilityError
from varve.parquet_store._config import ParquetStoreConfig
from varve.parquet_store._keys import to_directory

INDEX = "timestamp"
IDENTITY = (INDEX, "symbol", "provider")
"""Of a row: those of these columns that a frame has. Where it has none, its rows are kept as they come."""

_LAYOUTS = ("range", "month")

# In the metadata of a series whose timestamps were given without a zone; the lake has them as UTC.
_NAIVE = "naive_timestamps"
_NO_TEMPLATE = set("{}:")
_ROWS_OF_ONE_FILE = 1 << 62


class SeriesOptions(TypedDict):
    index: str
    identity: list[str]
    layout: str
    compression: str
    target_rows_per_file: int


@dataclass(frozen=True, slots=True)
class Definition:
    """What is fixed when a series is made."""

    options: SeriesOptions
    naive: bool
    """The timestamps have no zone."""

    def like(self, info: varve.SeriesInfo) -> "Definition":
        """This one with the layout, compression and rows a file that the series has."""
        options: SeriesOptions = {
            **self.options,
            "layout": info.layout,
            "compression": info.compression,
            "target_rows_per_file": info.target_rows_per_file,
        }
        return Definition(options, self.naive)


def define(key: str, frame: pl.DataFrame, config: ParquetStoreConfig) -> Definition:
    """The series that a frame makes. Raises InvalidArgumentError for a layout or compression that there is not, and as
    ``check_storable``."""
    check_storable(frame.schema)
    timed = isinstance(frame.schema.get(INDEX), (pl.Datetime, pl.Date))
    if config.layout not in _LAYOUTS:
        raise InvalidArgumentError(f"layout {config.layout!r}: expected {' or '.join(_LAYOUTS)}")
    options: SeriesOptions = {
        "index": INDEX if timed else "",
        "identity": [name for name in IDENTITY if name in frame.columns],
        "layout": config.layout if timed else _one_file(key),
        "compression": _compression(config),
        "target_rows_per_file": config.target_rows_per_file if timed else _ROWS_OF_ONE_FILE,
    }
    return Definition(options, is_naive(frame.schema))


def identity_of(info: varve.SeriesInfo) -> list[str]:
    """The columns that tell rows apart, the index among them; empty if none do."""
    if info.identity is None:
        return []
    return [info.index, *info.identity] if info.index else info.identity


def is_naive(schema: Mapping[str, pl.DataType]) -> bool:
    index = schema.get(INDEX)
    return isinstance(index, pl.Datetime) and index.time_zone is None


def was_naive(info: varve.SeriesInfo) -> bool:
    return bool(info.metadata.get(_NAIVE)) and bool(info.index)


def with_naive(metadata: Mapping[str, Any], naive: bool) -> dict[str, Any]:
    """User metadata that also say whether timestamps are naive."""
    rest = {name: value for name, value in metadata.items() if name != _NAIVE}
    return {**rest, _NAIVE: True} if naive else rest


def as_given(frame: pl.DataFrame, info: varve.SeriesInfo) -> pl.DataFrame:
    """The frame with timestamps as they were given, with or without a zone. Nothing is copied."""
    if was_naive(info) and INDEX in frame.columns:
        return frame.with_columns(pl.col(INDEX).dt.replace_time_zone(None))
    return frame


def check_storable(schema: Mapping[str, pl.DataType]) -> None:
    """Raises InvalidArgumentError for a column of Python objects, which leave Polars as addresses in memory."""
    for column, kind in schema.items():
        if kind == pl.Object:
            raise InvalidArgumentError(f"Failed to write data: column {column!r} holds Python objects")


def check_appendable(stored: Mapping[str, pl.DataType], new: Mapping[str, pl.DataType]) -> None:
    """Raises SchemaCompatibilityError where the types of a column are neither equal nor both numbers, or where only one
    of the two has timestamps. New columns may come, and old ones be missing. Also raises as ``check_storable``."""
    check_storable(new)
    for column, found in new.items():
        there = stored.get(column, found)
        if _plain(there) == _plain(found) or (there.is_numeric() and found.is_numeric()):
            continue
        raise incompatible(f"column {column!r} has type {there} but new data has {found}")
    if (INDEX in stored) != (INDEX in new):
        there_is, there_is_not = ("stored", "new") if INDEX in stored else ("new", "stored")
        raise incompatible(f"column {INDEX!r} is in the {there_is} data but not in the {there_is_not} data")


def incompatible(what: str) -> SchemaCompatibilityError:
    return SchemaCompatibilityError(f"Schema incompatible for append: {what}")


def _plain(kind: pl.DataType) -> pl.DataType:
    """An enumeration is kept as a categorical column."""
    return pl.Categorical() if isinstance(kind, pl.Enum) else kind


def _compression(config: ParquetStoreConfig) -> str:
    word = to_compression(config.compression)
    return f"{word}:{config.compression_level}" if word == "zstd" else word


def _one_file(key: str) -> str:
    """The layout of rows that have no time: `<key>/data.parquet`. A key that a template of paths cannot name has a file
    of another name."""
    literal = to_directory(key) == key and not _NO_TEMPLATE & set(key)
    return f"{key}:{key}/data.parquet" if literal else "range"
