"""What the tests of the Python package share."""

import os
import pathlib
from collections.abc import Iterator

import polars as pl
import pytest

import varve
from varve.parquet_store import ParquetStore

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture
def lake(tmp_path: pathlib.Path) -> Iterator[varve.Lake]:
    with varve.open(tmp_path / "lake", publish_delay_seconds=0) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: pathlib.Path) -> ParquetStore:
    return ParquetStore(tmp_path / "store")


def shared_folder(name: str, variable: str) -> pathlib.Path:
    """What is not part of the project and lies beside it, or where the variable says."""
    folder = pathlib.Path(os.environ.get(variable, ROOT.parent / "shared" / name))
    if not folder.is_dir():
        pytest.skip(f"there is nothing at {folder}: set {variable}")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> pathlib.Path:
    """Real market data."""
    return shared_folder("data", "VARVE_SHARED_DATA")


@pytest.fixture(scope="session")
def shared_reference() -> pathlib.Path:
    """The documents of the systems whose calls the package answers."""
    return shared_folder("reference", "VARVE_SHARED_REFERENCE")


@pytest.fixture
def bars() -> pl.DataFrame:
    return make_bars(0, 1_000)


def make_bars(first_minute: int, rows: int, close: float = 1.5) -> pl.DataFrame:
    """One-minute bars from 2024-01-01T00:00Z on, beginning at `first_minute`."""
    start = 1_704_067_200_000_000_000 + first_minute * 60_000_000_000
    minutes = pl.Series("timestamp", [start + row * 60_000_000_000 for row in range(rows)], dtype=pl.Int64)
    return pl.DataFrame(
        {
            "timestamp": minutes.cast(pl.Datetime("ns", "UTC")),
            "open": [1.0] * rows,
            "high": [2.0] * rows,
            "low": [0.5] * rows,
            "close": [close] * rows,
            "volume": list(range(rows)),
        }
    )
