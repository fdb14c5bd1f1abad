"""What the tests of the storage manager share."""

from pathlib import Path

import pytest

from varve.storage_manager import StorageManager


@pytest.fixture
def storage(tmp_path: Path) -> StorageManager:
    return StorageManager(tmp_path / "data")
