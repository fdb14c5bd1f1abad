"""CSV files of bars that become series."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from varve.errors import DataNotFoundError, StorageError
from varve.storage_manager._series import INDEX
from varve.storage_manager._storage import StorageManager

# pandas 2 rounds floats unless it is told not to, pandas 3 does not.
_EXACT: Any = "round_trip" if pd.__version__.startswith("2.") else None

ShowMigration = Callable[["MigratedFile", int, int], object] | bool
"""Called after each file with its result, how many are done and of how many; True: a line on stdout for each."""


@dataclass(frozen=True, slots=True)
class MigratedFile:
    """What became of one CSV file."""

    csv_file: Path
    instrument: str
    """The name of the file without its ending, in upper case."""
    records: int
    """Rows that were read; 0 if it failed."""
    paths: list[str]
    """Files that hold them now, one a month."""
    error: str | None = None
    """Why it failed, and nothing of it was saved; None if it did not."""

    @property
    def migrated(self) -> bool:
        return self.error is None


def migrate_csv_to_parquet(
    csv_dir: str | os.PathLike[str], storage: StorageManager, progress: ShowMigration = True
) -> list[MigratedFile]:
    """Saves the bars of each ``<instrument>.csv`` in the directory, in the order of names. ``timestamp`` is a column of
    times, UTC where they name no zone; numbers are none, as nothing says their unit. A file that fails leaves the
    others alone, and says why. It may be called again.

    Raises DataNotFoundError if there is no such directory, and what ``progress`` raises.
    """
    folder = Path(csv_dir)
    if not folder.is_dir():
        raise DataNotFoundError(f"there is no directory {folder}")
    csv_files = sorted(folder.glob("*.csv"))
    results: list[MigratedFile] = []
    for csv_file in csv_files:
        results.append(_migrate(csv_file, storage))
        if progress is True:
            _tell(results[-1])
        elif callable(progress):
            progress(results[-1], len(results), len(csv_files))
    return results


def _migrate(csv_file: Path, storage: StorageManager) -> MigratedFile:
    instrument = csv_file.stem.upper()
    try:
        bars = pd.read_csv(csv_file, float_precision=_EXACT)
        if INDEX in bars.columns and not pd.api.types.is_numeric_dtype(bars[INDEX]):
            bars[INDEX] = pd.to_datetime(bars[INDEX], utc=True)
        saved = storage.save_ohlcv_data(bars, instrument)
    except (StorageError, ValueError, TypeError, OSError) as error:
        return MigratedFile(csv_file, instrument, 0, [], f"{type(error).__name__}: {error}")
    return MigratedFile(csv_file, instrument, len(bars), [saved] if isinstance(saved, str) else saved)


def _tell(result: MigratedFile) -> None:
    if result.migrated:
        sys.stdout.write(f"Migrated {result.instrument}: {result.records} records\n")
    else:
        sys.stdout.write(f"Failed {result.instrument}: {result.error}\n")
