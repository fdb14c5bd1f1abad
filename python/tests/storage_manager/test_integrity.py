"""What verify_data_integrity finds."""

import logging
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

import varve
from storage_manager.frames import bars, features, query
from varve.storage_manager import StorageManager

FILE = "raw/ohlcv/EUR_USD/year=2022/month=02/eur_usd_202202.parquet"


@pytest.fixture
def stored(storage: StorageManager) -> StorageManager:
    storage.save_ohlcv_data(bars("2022-01-15", 24 * 30), "EUR_USD")
    storage.save_features(features())
    return storage


def overwrite(path: Path, at: int) -> None:
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 0xFF]))


def test_all_that_is_stored_is_whole_and_has_the_time(stored: StorageManager) -> None:
    assert query(stored, "SELECT count(*) FROM data_files WHERE last_verified IS NULL") == [(3,)]
    assert stored.verify_data_integrity() == dict.fromkeys(
        (path for (path,) in query(stored, "SELECT file_path FROM data_files")), True
    )
    for (verified,) in query(stored, "SELECT last_verified FROM data_files"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", verified)
    assert all(stored.verify_data_integrity().values())


def replace(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1] + b"X")


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: overwrite(path, 40),
        lambda path: overwrite(path, path.stat().st_size - 20),
        lambda path: path.unlink(),
        replace,
    ],
    ids=["flipped", "flipped footer", "missing", "replaced"],
)
def test_a_file_that_is_not_what_was_saved_is_false(
    stored: StorageManager, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    damage(stored.data_root / FILE)
    with caplog.at_level(logging.WARNING, "varve.storage_manager"):
        results = stored.verify_data_integrity()
    assert [path for path, whole in results.items() if not whole] == [FILE]
    assert FILE in caplog.text


def test_a_file_that_was_damaged_after_it_was_verified_is_false(stored: StorageManager) -> None:
    assert all(stored.verify_data_integrity().values())
    overwrite(stored.data_root / FILE, 40)
    assert not stored.verify_data_integrity()[FILE]


def test_what_repair_mends_is_whole_again(stored: StorageManager) -> None:
    replace(stored.data_root / FILE)
    assert not stored.verify_data_integrity()[FILE]
    with varve.open(stored.data_root) as lake:
        assert lake.repair().whole
    assert all(stored.verify_data_integrity().values())
    assert len(stored.load_data_by_date_range("ohlcv", datetime(2022, 1, 1), datetime(2023, 1, 1))) == 24 * 30


def test_models_are_verified_too(stored: StorageManager, tmp_path: Path) -> None:
    inside, outside = stored.data_root / "model.bin", tmp_path / "other.bin"
    for path in (inside, outside):
        path.write_bytes(b"trained")
        stored.register_model_artifact("gbdt", "1", path)
    results = stored.verify_data_integrity()
    assert results["model.bin"] and results[str(outside)]
    inside.write_bytes(b"tampers")
    outside.unlink()
    results = stored.verify_data_integrity()
    assert not results["model.bin"] and not results[str(outside)]
    stored.register_model_artifact("gbdt", "2", inside)
    assert stored.verify_data_integrity()["model.bin"]


def test_a_save_after_a_verification_is_to_be_verified_again(stored: StorageManager) -> None:
    stored.verify_data_integrity()
    stored.save_ohlcv_data(bars("2022-02-01", close=8.0), "EUR_USD")
    assert query(stored, "SELECT file_path FROM data_files WHERE last_verified IS NULL") == [(FILE,)]


def test_an_empty_store_is_whole(storage: StorageManager) -> None:
    assert storage.verify_data_integrity() == {}
