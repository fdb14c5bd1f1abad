"""The lakes that stores of this process have open."""

from pathlib import Path

import polars as pl

import varve
from varve._shared_lakes import open_shared

FrameLake = varve.Lake[pl.DataFrame]
"""A lake whose reads give Polars frames."""


def open_lake(root: Path, lock_timeout_seconds: float) -> FrameLake:
    """The lake at ``root``, made where there is none, one for all stores with this lock time-out; see
    ``open_shared``."""
    return open_shared(root, "polars", lock_timeout_seconds)
