"""Cleaning of cache/."""

import os
import time
from datetime import timedelta

import pytest

from varve.storage_manager import InvalidArgumentError, StorageManager


def test_temporary_files_go_and_others_stay(storage: StorageManager) -> None:
    cache = storage.data_root / "cache"
    for name in ("temp_1.parquet", "temp_2.csv", "kept.parquet"):
        (cache / name).write_text("x")
    (cache / "temp_folder").mkdir()
    assert storage.clean_cache() == [str(cache / "temp_1.parquet"), str(cache / "temp_2.csv")]
    assert sorted(path.name for path in cache.iterdir()) == ["kept.parquet", "temp_folder"]
    assert storage.clean_cache() == []


def test_young_files_stay_if_it_is_said(storage: StorageManager) -> None:
    cache = storage.data_root / "cache"
    for name, hours in (("temp_old.parquet", 5), ("temp_new.parquet", 1)):
        (cache / name).write_text("x")
        then = time.time() - hours * 3_600
        os.utime(cache / name, (then, then))
    assert storage.clean_cache(older_than=timedelta(hours=2)) == [str(cache / "temp_old.parquet")]


def test_links_go_and_what_they_lead_to_stays(storage: StorageManager) -> None:
    cache = storage.data_root / "cache"
    (storage.data_root / "precious").write_text("x")
    (cache / "temp_link").symlink_to(storage.data_root / "precious")
    assert storage.clean_cache() == [str(cache / "temp_link")]
    assert (storage.data_root / "precious").exists()


def test_an_age_that_is_none_is_refused(storage: StorageManager) -> None:
    (storage.data_root / "cache" / "temp_1.parquet").write_text("x")
    with pytest.raises(InvalidArgumentError, match="older_than 5: expected a timedelta"):
        storage.clean_cache(5)  # type: ignore[arg-type]
    assert (storage.data_root / "cache" / "temp_1.parquet").exists()
