"""Rows on their way into the lake, and back."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

import varve
from varve._shared_series import find_series
from varve._times import TimeLike, to_bound
from varve.errors import InvalidArgumentError, SchemaCompatibilityError
from varve.storage_manager._frames import months_in, names_in
from varve.storage_manager._series import (
    ALL_INSTRUMENTS,
    BARS,
    INDEX,
    FrameLake,
    Series,
    check_data_type,
    check_name,
    features_of,
    series_of_bars,
)

_KEY_COLUMN = "key of the series"


def merge(lake: FrameLake, series: Series, table: pa.Table, compression: str | None) -> list[str]:
    """Adds rows, each in the place of the one with its identity. Returns the files of their months, relative to the
    root; they are visible then.

    Raises SchemaCompatibilityError for types that do not go with those of the series, InvalidArgumentError for a null
    timestamp, for a compression that there is not, and for columns of names that do not tell the stored rows apart.
    """
    options = series.options(compression)
    while True:
        info = find_series(lake, series.key)
        if info is not None and series.kind != BARS:
            _check_names(series.key, table, info.identity or [])
        try:
            said: dict[str, Any] = options if info is None else {"layout": series.layout}
            lake.upsert(series.key, table, published=True, **said)
        except InvalidArgumentError:
            if info is None and lake.exists(series.key):
                continue  # somebody else has made it meanwhile, perhaps with other options
            raise
        return _files_of_months(lake, series.key, table)


def _check_names(key: str, table: pa.Table, identity: Sequence[str]) -> None:
    new = [name for name in names_in(table.column_names) if name not in identity]
    if new:
        raise InvalidArgumentError(
            f"{key} has one row a timestamp{' and ' if identity else ''}{' and '.join(identity)}: column {new[0]!r} "
            f"would make it several"
        )


def _files_of_months(lake: FrameLake, key: str, table: pa.Table) -> list[str]:
    months = {f"/year={year:04d}/month={month:02d}/" for year, month in months_in(table)}
    files = [file.path for file in lake.registry.data_files(key)]
    return sorted(path for path in files if any(month in path for month in months))


def load(lake: FrameLake, data_type: str, start: TimeLike, end: TimeLike, instrument: str | None) -> pd.DataFrame:
    """The rows from ``start`` to ``end``, both inside, by time; a frame without columns where there are none."""
    check_data_type(data_type)
    if data_type == BARS:
        stored = series_of_bars(lake, instrument)
    else:
        found = find_series(lake, features_of(data_type).key)
        stored = [] if found is None else [found]
    if not stored or _is_empty_range(start, end):
        return pd.DataFrame()
    if data_type != BARS and instrument is not None:
        frame = _of_instrument(lake, stored[0], (start, end), check_name("instrument", instrument))
    elif len(stored) == 1:
        frame = lake.read(stored[0].key, start, end)
    else:
        frame = _read_together(lake, [info.key for info in stored], start, end)
    if frame.empty:
        return pd.DataFrame()
    # Files that were taken over may have times of other units and zones.
    frame[INDEX] = frame[INDEX].dt.tz_convert("UTC").dt.as_unit("ns")
    return frame


def _read_together(lake: FrameLake, keys: list[str], start: TimeLike, end: TimeLike) -> pd.DataFrame:
    """Columns whose types no type of the lake holds together are objects, as pandas makes them."""
    try:
        frame = lake.read_many(keys, start, end, key_column=_KEY_COLUMN).drop(columns=_KEY_COLUMN)
    except SchemaCompatibilityError:
        frames = [frame for key in keys if len(frame := lake.read(key, start, end))]
        frame = pd.concat(frames) if frames else pd.DataFrame({INDEX: []})
    return frame.sort_values(INDEX, kind="stable", ignore_index=True)


def _of_instrument(
    lake: FrameLake, info: varve.SeriesInfo, stretch: tuple[TimeLike, TimeLike], instrument: str
) -> pd.DataFrame:
    """Features are of all instruments, unless a column tells of which one."""
    for name in names_in(info.schema):
        return lake.read(info.key, *stretch, where=varve.col(name) == instrument)
    return lake.read(info.key, *stretch) if instrument == ALL_INSTRUMENTS else pd.DataFrame()


def _is_empty_range(start: TimeLike, end: TimeLike) -> bool:
    """Whether the end lies before the start, of two moments."""
    bounds = to_bound(start, "utc"), to_bound(end, "utc")
    return all(isinstance(bound, int) for bound in bounds) and bounds[1] < bounds[0]  # type: ignore[operator]
