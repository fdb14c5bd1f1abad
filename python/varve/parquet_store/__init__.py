"""A Parquet store of frames by key: the calls of a store of plain files, on a lake.

>>> from varve.parquet_store import ParquetStore
>>> store = ParquetStore("./data")
>>> store.write("forex/EUR_USD", frame)
>>> store.read("forex/EUR_USD", start=date(2024, 1, 1), end=date(2024, 1, 31))

Frames are ``polars.DataFrame``, in and out. Each key is a series of the lake at ``data_root``: everything else that a
lake can do (versions, snapshots, ``verify``, ``backup``) is there through ``varve.open(data_root)``.
"""

try:
    import polars as _polars  # noqa: F401
except ImportError as error:
    raise ImportError("varve.parquet_store needs polars: pip install polars") from error

from varve.errors import (
    ConcurrentWriteError,
    DataCorruptionError,
    DataNotFoundError,
    PathTraversalError,
    SchemaCompatibilityError,
    StorageError,
)
from varve.parquet_store import key_builder
from varve.parquet_store._config import ParquetStoreConfig
from varve.parquet_store._environment import create_parquet_store_from_env, load_parquet_config_from_env
from varve.parquet_store._file_names import generate_filename, is_timestamp_filename, parse_filename
from varve.parquet_store._partition_lock import PartitionLock
from varve.parquet_store._store import ParquetStore, TimeSeriesStore

__all__ = [
    "ConcurrentWriteError",
    "DataCorruptionError",
    "DataNotFoundError",
    "ParquetStore",
    "ParquetStoreConfig",
    "PartitionLock",
    "PathTraversalError",
    "SchemaCompatibilityError",
    "StorageError",
    "TimeSeriesStore",
    "create_parquet_store_from_env",
    "generate_filename",
    "is_timestamp_filename",
    "key_builder",
    "load_parquet_config_from_env",
    "parse_filename",
]
