"""What the tests of the program share."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from program import BARS, ROOT, Varve


@pytest.fixture
def outside(tmp_path: Path) -> Varve:
    """The program where there is no lake yet."""
    return Varve(tmp_path)


@pytest.fixture
def varve(outside: Varve) -> Varve:
    """The program with an empty lake."""
    outside("init")
    return outside


@pytest.fixture
def filled(varve: Varve) -> Varve:
    """The program with three bars under fx/EUR."""
    varve("write", "fx/EUR", "-", stdin=BARS)
    return varve


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real market data that is not part of the project."""
    folder = Path(os.environ.get("VARVE_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"there is no market data at {folder}: set VARVE_SHARED_DATA")
    return folder
