"""Rows for training and for validation, as files of their own."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa

import varve
from varve._shared_series import find_series
from varve._times import TimeLike
from varve.errors import InvalidArgumentError
from varve.storage_manager._frames import to_rows
from varve.storage_manager._moments import to_datetime, to_moment
from varve.storage_manager._series import (
    BARS,
    SPLITS_PREFIX,
    FrameLake,
    Series,
    check_data_type,
    features_of,
    series_of_bars,
    split_of,
)

SPLITS = ("train", "validation")

_MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class WalkForwardSplit:
    """One window of a walk forward. Times are UTC; ends are not inside."""

    window: int
    """From 1."""
    train_start: datetime
    train_end: datetime
    validation_start: datetime
    """``train_end`` and the embargo."""
    validation_end: datetime
    train: dict[str, str]
    """File by instrument (by data type, of features)."""
    validation: dict[str, str]


@dataclass(frozen=True, slots=True)
class Lengths:
    """Of windows, in months of the calendar."""

    train: int
    validation: int
    step: int
    embargo: timedelta

    def __post_init__(self) -> None:
        for name in ("train", "validation", "step"):
            months = getattr(self, name)
            if isinstance(months, bool) or not isinstance(months, int) or months < 1:
                raise InvalidArgumentError(f"{name}_months {months!r}: expected a whole number from 1")
        if not isinstance(self.embargo, timedelta) or self.embargo < timedelta(0):
            raise InvalidArgumentError(f"embargo {self.embargo!r}: expected a timedelta, 0 or more")


@dataclass(frozen=True, slots=True)
class Window:
    """Times are UTC; ends are not inside."""

    number: int
    train_start: datetime
    train_end: datetime
    validation_start: datetime
    validation_end: datetime


def windows_of(first: datetime, last: datetime, lengths: Lengths) -> Iterator[Window]:
    """Windows of whole months, from that of ``first`` on, none beyond that of ``last``."""
    starts = range(_month_of(first), _month_of(last) + 2 - lengths.train - lengths.validation, lengths.step)
    for number, start in enumerate(starts, 1):
        train_end = _beginning(start + lengths.train)
        validation_end = _beginning(start + lengths.train + lengths.validation)
        embargo = min(lengths.embargo, validation_end - train_end)
        yield Window(number, _beginning(start), train_end, train_end + embargo, validation_end)


def _month_of(moment: datetime) -> int:
    """Counted from year 0."""
    return moment.year * _MONTHS_A_YEAR + moment.month - 1


def _beginning(month: int) -> datetime:
    return datetime(month // _MONTHS_A_YEAR, month % _MONTHS_A_YEAR + 1, 1, tzinfo=UTC)


def save_pair(
    lake: FrameLake, name: str, frames: tuple[pd.DataFrame, pd.DataFrame], compression: str | None
) -> dict[str, str]:
    """Makes the frames the training and validation rows of that name, in one commit; an empty one removes its file.
    Returns paths relative to the root, by split."""
    changes = {split_of(split, name): to_rows(frame) for split, frame in zip(SPLITS, frames, strict=True)}
    return {series.data_type: path for series, path in _write(lake, changes, compression).items()}


def source_series(lake: FrameLake, data_type: str, instrument: str | None) -> dict[str, varve.SeriesInfo]:
    """Stored series by the names of their splits. Raises InvalidArgumentError if there is none."""
    check_data_type(data_type)
    if data_type == BARS:
        stored = {info.key.rpartition("/")[2]: info for info in series_of_bars(lake, instrument)}
    else:
        info = find_series(lake, features_of(data_type).key)
        stored = {} if info is None else {data_type: info}
    if not stored:
        raise InvalidArgumentError(f"nothing is stored of {data_type}" + (f" of {instrument}" if instrument else ""))
    return stored


def time_range(
    lake: FrameLake, sources: Mapping[str, varve.SeriesInfo], start: TimeLike | None, end: TimeLike | None
) -> tuple[datetime, datetime]:
    """First and last moment of all rows, both inside, cut to what is asked for."""
    ranges = [found for info in sources.values() if (found := lake.time_range(info.key)) is not None]
    if not ranges:
        raise InvalidArgumentError(f"there are no rows of {', '.join(sources)}")
    first, last = min(found[0] for found in ranges), max(found[1] for found in ranges)
    if start is not None:
        first = max(first, to_datetime(to_moment("start_date", start)))
    if end is not None:
        last = min(last, to_datetime(to_moment("end_date", end)))
    return first, last


def save_window(
    lake: FrameLake, root: Path, window: Window, sources: Mapping[str, varve.SeriesInfo], compression: str | None
) -> WalkForwardSplit:
    """Writes the files of one window in one commit. ``root`` is what its paths begin with."""
    stretches = ((window.train_start, window.train_end), (window.validation_start, window.validation_end))
    changes = {
        split_of(split, name, f"{window.number:02d}"): pa.table(lake.read_batches(info.key, *stretch, closed="left"))
        for name, info in sources.items()
        for split, stretch in zip(SPLITS, stretches, strict=True)
    }
    paths: dict[str, dict[str, str]] = {split: {} for split in SPLITS}
    for series, path in _write(lake, changes, compression).items():
        paths[series.data_type][series.instrument] = str(root / path)
    return WalkForwardSplit(window.number, *stretches[0], *stretches[1], *(paths[split] for split in SPLITS))


def remove_windows(lake: FrameLake, names: Collection[str], from_number: int) -> None:
    """Removes windows of an earlier walk forward, from this one on."""
    doomed = []
    for key in lake.list_keys(SPLITS_PREFIX):
        _, *window, name = key.split("/")
        if name in names and len(window) == 2 and window[1].isdecimal() and int(window[1]) >= from_number:
            doomed.append(key)
    with lake.transaction(published=True) as changes:
        for key in doomed:
            changes.delete(key)


def _write(lake: FrameLake, changes: Mapping[Series, pa.Table], compression: str | None) -> dict[Series, str]:
    """Makes each table its series, whatever that was, and ends those whose table is empty, in one commit. Returns the
    files of those that are there, relative to the root."""
    with lake.transaction(published=True) as transaction:
        for series, table in changes.items():
            info = find_series(lake, series.key)
            if table.num_rows:
                options = series.options(compression)
                options["metadata"] = {**({} if info is None else info.metadata), **options["metadata"]}
                transaction.write(series.key, table, redefine=True, **options)
            elif info is not None:
                transaction.delete(series.key)
    files = {series: lake.registry.data_files(series.key) for series in changes}
    return {series: found[0].path for series, found in files.items() if found}
