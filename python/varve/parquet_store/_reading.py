"""Frames out of the lake: of one series, or of all below a key that is only a parent."""

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict, TypeVar

import polars as pl

import varve
from varve._shared_series import find_series
from varve.errors import DataNotFoundError, InvalidArgumentError, StorageError
from varve.parquet_store._open_lakes import FrameLake
from varve.parquet_store._series import INDEX, as_given, was_naive

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows and columns. Bounds are both inside; a date means the whole day, UTC."""

    start: datetime.date | None = None
    end: datetime.date | None = None
    columns: list[str] | None = None
    """In this order; all if None."""

    @property
    def is_range(self) -> bool:
        return self.start is not None or self.end is not None


class ReadOptions(TypedDict):
    start: datetime.date | None
    end: datetime.date | None
    columns: list[str] | None
    as_of: int


def select_days(start: datetime.date | None, end: datetime.date | None, columns: Sequence[str] | None) -> Selection:
    """Whole UTC days, both included; a datetime counts as its day."""
    if isinstance(columns, str):
        raise InvalidArgumentError(f"columns {columns!r}: expected a list of names")
    return Selection(_day(start), _day(end), list(columns) if columns else None)


def read_frame(lake: FrameLake, key: str, selection: Selection, streaming: bool = False) -> pl.DataFrame:
    """The rows, by time; a frame without columns where nothing is stored. ``streaming`` takes them piece by piece, so
    that what is decoded at a time is little."""

    def read(info: varve.SeriesInfo) -> pl.DataFrame:
        options = _options(info, selection)
        frame = pl.DataFrame(lake.read_batches(key, **options)) if streaming else lake.read(key, **options)
        return as_given(frame, info)

    frame = _of_one_version(lake, key, read)
    return read_below(lake, key, selection) if frame is None else frame


def read_batches(lake: FrameLake, key: str, selection: Selection, rows: int) -> Iterator[pl.DataFrame] | pl.DataFrame:
    """The rows of ``read_frame`` in frames of so many; one without rows if there are none, and where nothing is stored
    what ``read_frame`` gives. What can be wrong with the selection is found before the first frame."""
    if rows < 1:
        raise InvalidArgumentError(f"batch_size {rows}: expected 1 or more")

    def read(info: varve.SeriesInfo) -> Iterator[pl.DataFrame]:
        return _frames(lake, lake.read_batches(key, batch_rows=rows, **_options(info, selection)), info)

    frames = _of_one_version(lake, key, read)
    if frames is not None:
        return frames
    whole = read_below(lake, key, selection)
    return whole.iter_slices(rows) if whole.width else whole


def read_latest(lake: FrameLake, key: str, rows: int) -> pl.DataFrame:
    """The last rows, ascending."""
    if rows < 0:
        raise InvalidArgumentError(f"n {rows}: expected 0 or more")

    def read(info: varve.SeriesInfo) -> pl.DataFrame:
        return as_given(lake.tail(key, rows, as_of=info.version), info)

    frame = _of_one_version(lake, key, read)
    return read_below(lake, key, Selection()).tail(rows) if frame is None else frame


def _of_one_version(lake: FrameLake, key: str, read: Callable[[varve.SeriesInfo], Answer]) -> Answer | None:
    """What ``read`` gives of the series as it is now; None where there is none. What the catalog says of a series and
    the rows that are read belong together, whatever is written meanwhile."""
    while (info := find_series(lake, key)) is not None:
        try:
            return read(info)
        except DataNotFoundError:  # a column, or a version that was let go
            now = find_series(lake, key)
            if now is not None and now.version == info.version:
                raise
    return None


def read_below(lake: FrameLake, key: str, selection: Selection) -> pl.DataFrame:
    """All series below a key as one frame; those with timestamps as they are at one moment."""
    while True:
        series = [info for info in lake.info_all(key) if info.key != key]
        try:
            return _read_all(lake, key, series, selection)
        except DataNotFoundError:  # one that was there goes meanwhile
            if all(lake.exists(info.key) for info in series):
                raise


def _read_all(lake: FrameLake, key: str, series: list[varve.SeriesInfo], selection: Selection) -> pl.DataFrame:
    """Rows without a time are last. Raises StorageError where some timestamps have a zone and others have not."""
    alike: dict[tuple[bool, bool], list[varve.SeriesInfo]] = {}
    for info in series:
        alike.setdefault((not info.index, was_naive(info)), []).append(info)
    if not alike:
        return pl.DataFrame()
    frames = [_read_together(lake, alike[sort], selection) for sort in sorted(alike)]
    try:
        whole = pl.concat(frames, how="diagonal_relaxed")
        if INDEX in whole.columns:
            whole = whole.sort(INDEX, maintain_order=True, nulls_last=True)
        return whole if selection.columns is None else whole.select(selection.columns)
    except pl.exceptions.PolarsError as error:
        raise StorageError(f"Failed to read {key}: {error}") from error


def _read_together(lake: FrameLake, series: list[varve.SeriesInfo], selection: Selection) -> pl.DataFrame:
    """All of series of one sort; with all columns, since not each has those that are wanted."""
    options = [_options(info, selection) for info in series]
    key_column = "key"
    while any(key_column in info.schema for info in series):
        key_column += "_"
    whole: pl.DataFrame = lake.read_many(
        [info.key for info in series], options[0]["start"], options[0]["end"], key_column=key_column
    )
    return as_given(whole.drop(key_column), series[0])


def _options(info: varve.SeriesInfo, selection: Selection) -> ReadOptions:
    """Raises StorageError for a range of timestamps without a zone, which do not say which days they are on."""
    if selection.is_range and was_naive(info):
        raise StorageError(f"{info.key}: timestamps have no time zone, so they cannot be filtered by UTC days")
    ranged = selection.is_range and bool(info.index)
    return {
        "start": selection.start if ranged else None,
        "end": selection.end if ranged else None,
        "columns": selection.columns,
        "as_of": info.version,
    }


def _frames(lake: FrameLake, stream: varve.Stream, info: varve.SeriesInfo) -> Iterator[pl.DataFrame]:
    """Holds the lake until the last frame: it is closed when nobody does."""
    found = False
    for table in stream:
        found = True
        yield as_given(table.to_polars(), info)
    if not found:
        yield as_given(pl.DataFrame(stream), info)
    del lake


def _day(bound: datetime.date | None) -> datetime.date | None:
    if isinstance(bound, datetime.datetime):
        return (bound if bound.tzinfo is None else bound.astimezone(datetime.UTC)).date()
    if bound is None or isinstance(bound, datetime.date):
        return bound
    raise InvalidArgumentError(f"{bound!r} of type {type(bound).__name__}: expected a date or a datetime")
