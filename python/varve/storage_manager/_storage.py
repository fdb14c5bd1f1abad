"""The store: bars, features, runs, models and splits of a project in one directory."""

import logging
import os
import sqlite3
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa

from varve._shared_lakes import open_shared
from varve._times import TimeLike
from varve.errors import DataNotFoundError, InvalidArgumentError, StorageError, StorageIoError
from varve.storage_manager._frames import is_empty, names_in, to_bars, to_features
from varve.storage_manager._integrity import verify_artifacts, verify_files
from varve.storage_manager._registry_file import RegistryFile
from varve.storage_manager._runs import Runs
from varve.storage_manager._saving import load, merge
from varve.storage_manager._series import (
    BARS,
    CACHE,
    DIRECTORIES,
    REGISTRY_FILE,
    FrameLake,
    Series,
    bars_of,
    check_name,
    features_of,
)
from varve.storage_manager._splits import (
    Lengths,
    WalkForwardSplit,
    remove_windows,
    save_pair,
    save_window,
    source_series,
    time_range,
    windows_of,
)
from varve.storage_manager._takeover import take_over

_log = logging.getLogger("varve.storage_manager")


class StorageManager(Runs):
    """Bars, features, runs, models and splits of a project below ``data_root``, registered in
    ``raw/metadata/data_registry.db``.

    Use it from several threads and processes at once: a save is seen whole or not at all; when it returns it is on the
    disk, its files are visible and the registry names them. The registry's file is for reading: it is made from the
    lake's catalog, after each call that changes it and when a store is opened. Times without a zone are taken as UTC.

    All errors are StorageError; besides what each call says, ConcurrentWriteError if another writer holds a series for
    30 seconds, SchemaCompatibilityError for types that do not go with those that are stored, DataCorruptionError,
    naming the file, for stored bytes that are not what was written, and DataNotFoundError once ``data_root`` was
    removed or moved away; where another store took its place, that one is used.
    """

    def __init__(self, data_root: str | os.PathLike[str]) -> None:
        """Makes the directories where they are not there. What a store of plain files and a registry left in them
        becomes part of the lake at the first use. Raises StorageIoError if they cannot be made."""
        self.data_root = Path(data_root)
        self.db_path = self.data_root / REGISTRY_FILE
        self._root = self.data_root.resolve()
        self._opened: tuple[int, FrameLake] | None = None
        """Process, and the lake."""
        self._is_behind = True
        self._registry_file = RegistryFile(self._root / REGISTRY_FILE, take_over)
        try:
            for directory in DIRECTORIES:
                (self._root / directory).mkdir(parents=True, exist_ok=True)
            self._registry_file.disown(self._lake())
            if not self._registry_file.is_ours():
                self._registry_file.follow(self._lake())
                self._is_behind = False
        except (OSError, sqlite3.Error) as error:
            what = f"{self.db_path}: {error}" if isinstance(error, sqlite3.Error) else error
            raise StorageIoError(f"cannot open the store at {self.data_root}: {what}") from error
        self._register(lambda: None)

    def save_ohlcv_data(
        self, data: pd.DataFrame, instrument: str, compression: str | None = "snappy"
    ) -> str | list[str]:
        """Merges bars into those of the instrument, each into the file of its month; of rows with one timestamp the
        last one that came stays (rows that differ in a column symbol, provider or granularity are not one).

        ``data`` has a column ``timestamp``; volume is kept as int64 where all values are whole. ``compression`` counts
        for an instrument that is new. Returns the path of the file, a list if the rows are of several months, and an
        empty list for a frame without rows.

        Raises InvalidArgumentError for a frame that is none of bars, an instrument that is no name of a directory, or a
        compression other than snappy, zstd, lz4, gzip and uncompressed.
        """
        series = bars_of(instrument)
        return [] if is_empty(data) else self._save(series, to_bars(data, instrument), compression)

    def save_features(
        self, features: pd.DataFrame, data_type: str = "features", compression: str | None = "snappy"
    ) -> str | list[str]:
        """Merges features of one type (``"features"``, ``"normalized"`` or ``"latents"``) into those of the store, by
        timestamp, and by the columns instrument and symbol if the first frame of the type had them.

        Numbers are kept as float64. Else as ``save_ohlcv_data``.
        """
        features_of(data_type)
        if is_empty(features):
            return []
        table = to_features(features)
        return self._save(features_of(data_type, names_in(table.column_names)), table, compression)

    def load_data_by_date_range(
        self, data_type: str, start_date: TimeLike, end_date: TimeLike, instrument: str | None = None
    ) -> pd.DataFrame:
        """Rows of a data type from ``start_date`` to ``end_date``, both inside, sorted by timestamp; an empty frame
        without columns if there are none.

        A datetime is a moment, a date as ``end_date`` all of its day. Bars are those of one instrument or of all.
        Features are of all instruments (``"ALL"``), unless a column instrument or symbol tells of which. Only months
        and pages that may hold such rows are read. Raises InvalidArgumentError for a data type that there is not.
        """
        return load(self._lake(), data_type, start_date, end_date, instrument)

    def verify_data_integrity(self) -> dict[str, bool]:
        """Reads every registered file and model and compares it with its checksum: True by path, relative to
        ``data_root``, for those that are as they were saved. These have the time as ``last_verified``. What is wrong
        is logged as a warning; ``varve.open(data_root).repair()`` mends it."""
        lake = self._lake()
        results = verify_files(lake) | verify_artifacts(lake)
        self._register(lambda: self._registry_file.follow(lake))
        return results

    def save_splits(
        self,
        train: pd.DataFrame,
        validation: pd.DataFrame,
        instrument: str,
        compression: str | None = "snappy",
    ) -> dict[str, str]:
        """Makes the frames ``splits/train/<instrument>.parquet`` and ``splits/validation/<instrument>.parquet``, in
        place of what was there, both or none. Each has a column ``timestamp`` and is sorted by it; all rows stay. An
        empty frame has no file. Returns the paths by ``"train"`` and ``"validation"``.

        Raises InvalidArgumentError for a frame without timestamps.
        """
        check_name("instrument", instrument)
        lake = self._lake()
        paths = save_pair(lake, instrument, (train, validation), compression)
        self._register(lambda: self._registry_file.follow(lake))
        return {split: str(self.data_root / path) for split, path in paths.items()}

    def walk_forward_splits(
        self,
        instrument: str | None = None,
        *,
        train_months: int = 12,
        validation_months: int = 3,
        step_months: int | None = None,
        embargo: timedelta = timedelta(0),
        start_date: TimeLike | None = None,
        end_date: TimeLike | None = None,
        data_type: str = BARS,
        compression: str | None = "snappy",
    ) -> list[WalkForwardSplit]:
        """Cuts what is stored into windows of whole months, each with rows to train on and the rows after them to
        validate with, and saves them as ``splits/{train,validation}/window=01/<instrument>.parquet``, a commit a
        window. Windows of an earlier call go.

        The first one begins with the month of ``start_date`` (of the first row), each next one ``step_months`` later
        (``validation_months`` if not said); the last one ends with the month of ``end_date`` (of the last row).
        ``embargo`` is left out between training and validation. Bars are of one instrument or of all, over the same
        windows; features are in one file ``<data_type>.parquet``. An instrument without rows in a stretch has no file
        of it.

        Raises InvalidArgumentError if nothing is stored or too little for one window, or for a length under a month.
        """
        step = validation_months if step_months is None else step_months
        lengths = Lengths(train_months, validation_months, step, embargo)
        lake = self._lake()
        sources = source_series(lake, data_type, instrument)
        first, last = time_range(lake, sources, start_date, end_date)
        windows = list(windows_of(first, last, lengths))
        if not windows:
            raise InvalidArgumentError(
                f"rows from {first:%Y-%m-%d} to {last:%Y-%m-%d} are less than {train_months} months to train on and "
                f"{validation_months} to validate with"
            )
        splits = [save_window(lake, self.data_root, window, sources, compression) for window in windows]
        remove_windows(lake, sources, len(windows) + 1)
        self._register(lambda: self._registry_file.follow(lake))
        return splits

    def clean_cache(self, older_than: timedelta = timedelta(0)) -> list[str]:
        """Removes the files ``temp_*`` directly in ``cache/`` whose last change is that long ago; others stay. Returns
        the paths of those removed. Raises StorageIoError for one that cannot be removed."""
        if not isinstance(older_than, timedelta):
            raise InvalidArgumentError(f"older_than {older_than!r}: expected a timedelta")
        newest = time.time() - older_than.total_seconds()
        removed = []
        for path in sorted((self._root / CACHE).glob("temp_*")):
            try:
                if path.is_file() and path.stat().st_mtime <= newest:
                    path.unlink()
                    removed.append(str(self.data_root / CACHE / path.name))
            except FileNotFoundError:
                continue  # somebody else was faster
            except OSError as error:
                raise StorageIoError(f"cannot remove {path}: {error}") from error
        return removed

    def __repr__(self) -> str:
        return f"StorageManager({str(self.data_root)!r})"

    def __reduce__(self) -> tuple[type["StorageManager"], tuple[str]]:
        """Goes to another process as its place."""
        return StorageManager, (str(self._root),)

    def _lake(self) -> FrameLake:
        """That of this process, which is the one that lies there now. Raises DataNotFoundError if none does any more: a
        save into one that was removed or moved would be lost."""
        opened = self._opened
        if opened is None or opened[0] != os.getpid() or not opened[1].in_place:
            try:
                lake = open_shared(self._root, "pandas", create=opened is None)
            except DataNotFoundError as error:
                raise DataNotFoundError(
                    f"the store at {self.data_root} was removed or moved: open a StorageManager where it lies now"
                ) from error
            self._opened = opened = os.getpid(), lake
            self._is_behind = True
        return opened[1]

    def _save(self, series: Series, table: pa.Table, compression: str | None) -> str | list[str]:
        lake = self._lake()
        ids = {file.path: file.id for file in lake.registry.data_files(series.key)}
        paths = merge(lake, series, table, compression)
        self._register(lambda: self._registry_file.follow_files(lake, series.key, ids))
        _log.info("Saved %d rows to %s", table.num_rows, ", ".join(paths))
        whole = [str(self.data_root / path) for path in paths]
        return whole[0] if len(whole) == 1 else whole

    def _register(self, change: Callable[[], None]) -> None:
        """Brings the registry's file up to date. What was committed stands, whether that can be done or not."""
        try:
            change()
            if self._is_behind:
                self._registry_file.follow(self._lake())
            self._is_behind = False
        except (OSError, sqlite3.Error, StorageError) as error:
            self._is_behind = True
            _log.warning("%s is behind, until the next change that can be written: %s", self.db_path, error)

    def _file_ids(self) -> dict[str, int]:
        try:
            self._registry_file.follow(self._lake())
            return self._registry_file.file_ids()
        except (OSError, sqlite3.Error) as error:
            raise StorageIoError(f"cannot look up files in {self.db_path}: {error}") from error
