"""What a store of plain files has left in the directories: its files become series, its runs go into the catalog."""

import contextlib
import glob
import logging
import os
import sqlite3
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from varve.errors import AlreadyExistsError, StorageError
from varve.storage_manager._former_registry import take_over_registry
from varve.storage_manager._frames import names_in, to_bars
from varve.storage_manager._names import free_name
from varve.storage_manager._saving import merge
from varve.storage_manager._series import (
    ALL_INSTRUMENTS,
    BARS_PREFIX,
    FEATURES,
    FEATURES_PREFIX,
    INDEX,
    SPLITS_PREFIX,
    FrameLake,
    Series,
    bars_of,
    features_of,
    split_of,
)

_log = logging.getLogger("varve.storage_manager")

# What rows of one time may differ in, of bars and of features.
_TELLING = ("instrument", "symbol", "instrument_id", "provider", "granularity")


def take_over(lake: FrameLake, connection: sqlite3.Connection) -> None:
    """Adopts the files that lie where the store has its own, then what the registry's tables record. What cannot be
    taken over stays as it is and is logged.

    The caller's transaction keeps others out. Whatever cuts it off, it may be begun again. Raises sqlite3.Error,
    OSError.
    """
    tried = _adopt(lake, bars_of("X"))
    _save_under_names_of_the_lake(lake, tried)
    for series in (*map(features_of, FEATURES), split_of("train", "X"), split_of("train", "X", "01")):
        _adopt(lake, series)
    for prefix in (BARS_PREFIX, FEATURES_PREFIX, SPLITS_PREFIX):
        _describe(lake, prefix)
    take_over_registry(lake, connection)


def _adopt(lake: FrameLake, like: Series) -> set[str]:
    """All series with the layout of this one; those that cannot be as they lie are written anew. Returns the keys of
    all that were tried."""
    options: dict[str, Any] = {"layout": like.layout, "kind": like.kind, "index": INDEX, "compression": "snappy"}
    if like.data_type in FEATURES:
        options["identity"] = [INDEX, *_names_in_files(Path(lake.root, like.key))]
    found = lake.adopt(dry_run=True, **options)
    were_damaged = False
    for key in found.left:
        were_damaged |= not lake.exists(key) and _put_damaged_aside(Path(lake.root, key))
    if were_damaged:
        found = lake.adopt(dry_run=True, **options)
    manners: dict[str, dict[str, Any]] = {series.key: {} for series in found.series}
    manners |= {key: {"rewrite": True, "zone": "UTC"} for key in found.left if not lake.exists(key)}
    for key, manner in manners.items():
        try:
            try:
                lake.adopt(key, **options, **manner)
            except AlreadyExistsError:
                _merge_files(Path(lake.root, key))
                lake.adopt(key, **options, **manner)
        except (StorageError, OSError, pa.ArrowException) as error:
            _log.warning("%s: its files stay as they are: %s", key, error)
    return set(manners)


def _save_under_names_of_the_lake(lake: FrameLake, tried: Collection[str]) -> None:
    """Bars of instruments whose names the lake writes in another way (``EURUSD=X``, ``É``), of which it therefore knows
    no files. The files stay as ``.before``."""
    known = {file.path for file in lake.registry.data_files()}
    for directory in sorted(Path(lake.root, BARS_PREFIX).glob("*")):
        name, paths = directory.name, _files(directory)
        is_known = any(str(path.relative_to(lake.root)) in known for path in paths)
        if not paths or is_known or f"{BARS_PREFIX}/{unquote(name)}" in tried:
            continue
        try:
            whole = pa.concat_tables([pq.ParquetFile(path).read() for path in paths], promote_options="permissive")
            merge(lake, bars_of(name), to_bars(whole.to_pandas(), name), "snappy")
            for path in paths:
                path.rename(free_name(path, "before"))
        except (StorageError, OSError, pa.ArrowException) as error:
            _log.warning("%s/%s: its files stay as they are: %s", BARS_PREFIX, name, error)


def _names_in_files(directory: Path) -> tuple[str, ...]:
    """Columns of names in the first file that can be read."""
    for path in _files(directory):
        with contextlib.suppress(OSError, pa.ArrowException):
            return names_in(pq.read_schema(path).names)
    return ()


def _files(directory: Path) -> list[Path]:
    """Those of months, the one that was written last at the end."""
    return sorted(directory.glob("year=*/month=*/*.parquet"), key=lambda path: path.stat().st_mtime_ns)


def _put_damaged_aside(directory: Path) -> bool:
    """Renames files that cannot be read to ``.damaged``, if there are others that can: one torn month must not cost the
    rest. Returns whether there were such."""
    paths = _files(directory)
    damaged = [path for path in paths if _is_damaged(path)]
    if len(damaged) in (0, len(paths)):
        return False
    for path in damaged:
        aside = free_name(path, "damaged")
        _log.warning("%s cannot be read: it is %s now, and not taken over", path, aside.name)
        path.rename(aside)
    return True


def _is_damaged(path: Path) -> bool:
    """Raises OSError for what says nothing of its bytes."""
    try:
        for _ in pq.ParquetFile(path).iter_batches():
            pass
    except pa.ArrowException:
        return True
    except OSError as error:
        if error.errno is not None:
            raise
        return True  # PyArrow's own, of a broken footer or page
    return False


def _merge_files(directory: Path) -> None:
    """Makes one file of those that hold the same rows, of which the one that was written last stays. The files
    themselves stay as ``.before``. At any moment all rows are there, at least once."""
    paths = _files(directory)
    whole = pa.concat_tables([pq.ParquetFile(path).read() for path in paths], promote_options="permissive")
    told_apart_by = [INDEX, *(name for name in _TELLING if name in whole.column_names)]
    replaced = whole.select(told_apart_by).to_pandas().duplicated(keep="last")
    merged = whole.filter(pa.array(~replaced)).sort_by(INDEX)
    unfinished = paths[0].with_suffix(".new")
    with unfinished.open("wb") as file:
        pq.write_table(merged, file, compression="snappy")
        file.flush()
        os.fsync(file.fileno())
    for path in paths:
        kept = path.parent.glob(f"{glob.escape(path.name)}.before*")
        if not any(path.samefile(one) for one in kept):  # it may be, by a takeover that was cut off
            os.link(path, free_name(path, "before"))
    os.replace(unfinished, paths[0])
    for path in paths[1:]:
        path.unlink()


def _describe(lake: FrameLake, prefix: str) -> None:
    """Says what series are of that were adopted: ``raw/ohlcv/EUR_USD``, ``processed/features``."""
    for info in lake.info_all(prefix):
        if not info.metadata:
            data_type, *names = info.key.split("/")[1:]
            instrument = names[-1] if names else ALL_INSTRUMENTS
            lake.set_metadata(info.key, {"instrument": instrument, "data_type": data_type})
