"""A project's market data in one directory, with a registry: the calls of a storage manager, on a lake.

>>> from varve.storage_manager import StorageManager
>>> storage = StorageManager("./data")
>>> storage.save_ohlcv_data(bars, "EUR_USD")
>>> storage.load_data_by_date_range("ohlcv", datetime(2022, 1, 1), datetime(2022, 12, 31), "EUR_USD")

Frames are ``pandas.DataFrame``, in and out. Bars, features, normalized features and latents are series of the lake at
``data_root``: everything else that a lake can do (versions, snapshots, ``repair``, ``backup``) is there through
``varve.open(data_root)``.
"""

try:
    import pandas as _pandas  # noqa: F401
    import pyarrow as _pyarrow  # noqa: F401
except ImportError as error:
    raise ImportError("varve.storage_manager needs pandas and pyarrow: pip install pandas pyarrow") from error

from varve.errors import (
    ConcurrentWriteError,
    DataCorruptionError,
    DataNotFoundError,
    InvalidArgumentError,
    PathTraversalError,
    SchemaCompatibilityError,
    StorageError,
    StorageIoError,
)
from varve.storage_manager._migration import MigratedFile, migrate_csv_to_parquet
from varve.storage_manager._splits import WalkForwardSplit
from varve.storage_manager._storage import StorageManager

__all__ = [
    "ConcurrentWriteError",
    "DataCorruptionError",
    "DataNotFoundError",
    "InvalidArgumentError",
    "MigratedFile",
    "PathTraversalError",
    "SchemaCompatibilityError",
    "StorageError",
    "StorageIoError",
    "StorageManager",
    "WalkForwardSplit",
    "migrate_csv_to_parquet",
]
