"""The store: frames by key in one directory."""

import contextlib
import logging
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol, overload, runtime_checkable

import polars as pl

import varve
from varve._shared_series import find_series
from varve.errors import (
    ConcurrentWriteError,
    DataNotFoundError,
    InvalidArgumentError,
    PathTraversalError,
    ReadOnlyError,
    StorageError,
    StorageIoError,
)
from varve.parquet_store._config import ParquetStoreConfig
from varve.parquet_store._gaps import find_gaps
from varve.parquet_store._keys import check_inside, to_directory, to_series_key
from varve.parquet_store._open_lakes import FrameLake, open_lake
from varve.parquet_store._partition_lock import locked, wait_for_lock_file
from varve.parquet_store._reading import (
    Selection,
    read_batches,
    read_frame,
    read_latest,
    select_days,
)
from varve.parquet_store._series import INDEX
from varve.parquet_store._writing import append, overwrite

_log = logging.getLogger("varve.parquet_store")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@runtime_checkable
class TimeSeriesStore(Protocol):
    """What stores of frames by key have in common."""

    def write(self, key: str, data: Any, mode: str = "append") -> None: ...
    def read(self, key: str, start: date | None = None, end: date | None = None) -> Any: ...
    def read_latest(self, key: str, n: int = 1) -> Any: ...
    def exists(self, key: str) -> bool: ...
    def delete(self, key: str) -> bool: ...
    def list_keys(self, prefix: str = "") -> list[str]: ...
    def get_date_range(self, key: str) -> tuple[date, date] | None: ...


class ParquetStore:
    """Frames by key, each in Parquet files in the directory of its key below ``data_root``.

    Use it from several threads and processes at once: a write is seen whole or not at all, and is on the disk when the
    call returns. The files show it then, except that an append to a key of more than 100,000 rows shows a fraction of a
    second later. Rows with the same timestamp, symbol and provider (those of the three that there are) are one row, the
    last one that came. Where a key has no data of its own but keys below it do, it stands for all of these in calls
    that read or delete.

    Every call raises PathTraversalError for a key that is empty or leaves ``data_root``, and DataCorruptionError,
    naming the file, for stored bytes that are not what was written; all errors are StorageError.
    """

    def __init__(self, data_root: str | os.PathLike[str], config: ParquetStoreConfig | None = None) -> None:
        """Makes ``data_root`` where it is not there. Raises StorageError if it cannot be a directory."""
        self.data_root = Path(data_root).resolve()
        self.config = config or ParquetStoreConfig()
        self._opened: tuple[tuple[int, float], FrameLake] | None = None
        try:
            self.data_root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"Failed to write data: {self.data_root} is no directory ({error})") from error
        self._lake()

    def write(self, key: str, data: pl.DataFrame, mode: str = "append") -> None:
        """Adds rows, or with ``mode="overwrite"`` makes them all that the key has. An empty frame changes nothing.

        Raises SchemaCompatibilityError if types do not go with those of the key, ConcurrentWriteError if another writer
        holds the key for ``lock_timeout_seconds``, InvalidArgumentError for another mode; nothing has changed then.
        """
        series = to_series_key(key)
        if mode not in ("append", "overwrite"):
            raise InvalidArgumentError(f"mode {mode!r}: expected append or overwrite")
        if not isinstance(data, pl.DataFrame):
            raise InvalidArgumentError(f"Failed to write data: {type(data).__name__} is no polars.DataFrame")
        if data.is_empty():
            return
        with self._writing(series):
            change = overwrite if mode == "overwrite" else append
            change(self._lake(), series, data, self.config)
        _log.info("Wrote %d rows to %s (%s)", data.height, series, mode)

    @overload
    def read(
        self,
        key: str,
        start: date | None = None,
        end: date | None = None,
        columns: list[str] | None = None,
        *,
        streaming: bool = False,
        batch_size: None = None,
    ) -> pl.DataFrame: ...

    @overload
    def read(
        self,
        key: str,
        start: date | None = None,
        end: date | None = None,
        columns: list[str] | None = None,
        *,
        streaming: bool = False,
        batch_size: int,
    ) -> Any: ...

    def read(
        self,
        key: str,
        start: date | None = None,
        end: date | None = None,
        columns: list[str] | None = None,
        *,
        streaming: bool = False,
        batch_size: int | None = None,
    ) -> Any:
        """Rows from ``start`` to ``end``, sorted by timestamp, with ``columns`` in their order (all if None or empty).

        Both are whole UTC days, included, and a datetime counts as its day; they say nothing of data without
        timestamps. ``streaming`` takes little memory beside the result; ``batch_size`` gives an iterator of frames of
        so many rows, one in memory at a time, all of one version. A key without data reads as ``pl.DataFrame()``, also
        with ``batch_size``; an empty range keeps its columns.

        Raises StorageError for a column that is not there, a range of timestamps without a zone, a batch size below 1.
        """
        series = to_series_key(key)
        _log.debug("Reading %s from %s to %s", series, start, end)
        selection = select_days(start, end, columns)
        if batch_size is not None:
            answer = read_batches(self._lake(), series, selection, batch_size)
            return self._checked(answer, series) if isinstance(answer, pl.DataFrame) else answer
        return self._checked(read_frame(self._lake(), series, selection, streaming), series)

    def read_latest(self, key: str, n: int = 1) -> pl.DataFrame:
        """The last ``n`` rows, ascending; ``pl.DataFrame()`` for a key without data."""
        series = to_series_key(key)
        return self._checked(read_latest(self._lake(), series, n), series)

    def get_gaps(
        self, key: str, start: datetime, end: datetime, expected_interval: timedelta
    ) -> list[tuple[datetime, datetime]]:
        """Stretches from ``start`` to ``end`` without rows, oldest first, by the first and last moment at which one is
        missing.

        Rows may be 1.1 times ``expected_interval`` apart; those without a time do not count. Without data it is the
        whole stretch. Times without a zone are taken as UTC. Raises StorageError for an interval that is not positive,
        and for data without timestamps or whose timestamps have no zone.
        """
        series = to_series_key(key)
        if expected_interval <= timedelta(0):
            raise InvalidArgumentError(f"expected_interval {expected_interval}: expected more than nothing")
        rows = read_frame(self._lake(), series, Selection(start, end, [INDEX]))
        if not self._checked(rows, series).width:
            return [(start, end)]
        return find_gaps(rows[INDEX].drop_nulls(), start, end, expected_interval)

    def exists(self, key: str) -> bool:
        """Whether the key, or one below it, has data."""
        series = to_series_key(key)
        lake = self._lake()
        if lake.exists(series) or lake.list_keys(series):
            return True
        check_inside(self.data_root, series)
        return False

    def delete(self, key: str) -> bool:
        """Removes all data of the key; whether there were any."""
        series = to_series_key(key)
        lake = self._lake()
        with self._writing(series):
            while doomed := [series] if lake.exists(series) else lake.list_keys(series):
                with contextlib.suppress(DataNotFoundError):  # somebody else was faster: what is there now?
                    with lake.transaction(published=True) as changes:
                        for one in doomed:
                            changes.delete(one)
                    return True
        check_inside(self.data_root, series)
        return False

    def list_keys(self, prefix: str = "") -> list[str]:
        """Keys with data that begin with the text ``prefix``, sorted."""
        parent, _, _ = prefix.rpartition("/")
        try:
            keys = self._lake().list_keys(parent)
        except PathTraversalError:  # no key begins like that
            return []
        return sorted(key for key in keys if key.startswith(prefix))

    def get_date_range(self, key: str) -> tuple[date, date] | None:
        """The UTC days of the first and the last row; None without data or timestamps."""
        series = to_series_key(key)
        lake = self._lake()
        own = find_series(lake, series)
        infos = lake.info_all(series) if own is None else [own]
        if not infos:
            check_inside(self.data_root, series)
        firsts = [info.first for info in infos if info.first is not None]
        lasts = [info.last for info in infos if info.last is not None]
        return (_day(min(firsts)), _day(max(lasts))) if firsts else None

    def consolidate(self, key: str, target_rows_per_file: int | None = None) -> dict[str, int]:
        """Merges small files into files of so many rows (what ``config`` says if None); readers and writers go on.

        Returns ``files_before``, ``files_after`` and ``rows_processed``.
        """
        series = to_series_key(key)
        target = self.config.target_rows_per_file if target_rows_per_file is None else target_rows_per_file
        done = {"files_before": 0, "files_after": 0, "rows_processed": 0}
        with self._writing(series), self._publishing_lake() as lake:
            for member in [series] if lake.exists(series) else lake.list_keys(series):
                before = lake.info(member)
                lake.compact(member, target)
                done["files_before"] += before.files
                done["files_after"] += lake.info(member).files
                done["rows_processed"] += before.rows
        return done

    def __repr__(self) -> str:
        return f"ParquetStore({str(self.data_root)!r})"

    def __reduce__(self) -> tuple[type["ParquetStore"], tuple[str, ParquetStoreConfig]]:
        """Goes to another process as its place and configuration."""
        return ParquetStore, (str(self.data_root), self.config)

    def _key_to_path(self, key: str) -> Path:
        """The directory of the key."""
        series = to_series_key(key)
        check_inside(self.data_root, series)
        return self.data_root / to_directory(series)

    def _lake(self) -> FrameLake:
        """The open lake of this process, whose lock time-out is that of the configuration now. Where its directory was
        removed or replaced, it is the one that lies there now, or a new one."""
        place = os.getpid(), self.config.lock_timeout_seconds
        opened = self._opened
        if opened is None or opened[0] != place or not opened[1].in_place:
            self._opened = opened = place, open_lake(self.data_root, self.config.lock_timeout_seconds)
        return opened[1]

    def _publishing_lake(self) -> varve.Lake:
        """One whose calls all wait until the visible files show what they did."""
        timeout = self.config.lock_timeout_seconds
        return varve.open(self.data_root, lock_timeout_seconds=timeout, publish_delay_seconds=0)

    def _checked(self, frame: pl.DataFrame, key: str) -> pl.DataFrame:
        """What was read. Raises PathTraversalError if that is nothing, and the key leads out of the root by a link."""
        if not frame.width:
            check_inside(self.data_root, key)
        return frame

    @contextlib.contextmanager
    def _writing(self, key: str) -> Iterator[None]:
        """Waits for a lock file in the key's directory, and says errors of the lake in the words of this store."""
        directory = self.data_root / to_directory(key)
        wait_for_lock_file(str(directory), key, self.config.lock_timeout_seconds)
        try:
            yield
        except ConcurrentWriteError as error:
            raise locked(key) from error
        except PathTraversalError as error:
            check_inside(self.data_root, key)
            if any(part.is_file() for part in (directory, *directory.parents)):
                raise StorageError(f"Failed to write data: {error}") from error
            raise
        except (StorageIoError, ReadOnlyError, pl.exceptions.PolarsError) as error:
            raise StorageError(f"Failed to write data: {error}") from error


def _day(nanoseconds: int) -> date:
    return (_EPOCH + timedelta(microseconds=nanoseconds // 1_000)).date()
