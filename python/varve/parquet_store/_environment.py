"""Stores and their configuration from environment variables."""

import os
from collections.abc import Mapping

from varve.parquet_store._config import ParquetStoreConfig
from varve.parquet_store._store import ParquetStore

_PREFIX = "LIQ_STORAGE_"
_DEFAULT_ROOT = "./data"


def load_parquet_config_from_env(env: Mapping[str, str] | None = None) -> ParquetStoreConfig:
    """What ``LIQ_STORAGE_TARGET_ROWS``, ``_COMPRESSION``, ``_COMPRESSION_LEVEL`` and ``_LOCK_TIMEOUT`` say, with the
    defaults for those that are not there. ``env``: the process's environment if None or empty.

    Raises ValueError for what is to be a whole number and is none.
    """
    source = env or os.environ
    defaults = ParquetStoreConfig()
    return ParquetStoreConfig(
        target_rows_per_file=_whole(source, "TARGET_ROWS", defaults.target_rows_per_file),
        compression=source.get(_PREFIX + "COMPRESSION", defaults.compression),
        compression_level=_whole(source, "COMPRESSION_LEVEL", defaults.compression_level),
        lock_timeout_seconds=_whole(source, "LOCK_TIMEOUT", defaults.lock_timeout_seconds),
    )


def create_parquet_store_from_env(env: Mapping[str, str] | None = None) -> ParquetStore:
    """The store at ``DATA_ROOT`` (``./data`` if that is not there; ``~`` is the home directory), configured as
    ``load_parquet_config_from_env`` says. Raises ValueError for a blank ``DATA_ROOT`` and for bad numbers."""
    source = env or os.environ
    root = source.get("DATA_ROOT", _DEFAULT_ROOT)
    if not root.strip():
        raise ValueError("DATA_ROOT must be set to a directory; it is blank")
    return ParquetStore(os.path.expanduser(root), config=load_parquet_config_from_env(source))


def _whole(source: Mapping[str, str], name: str, default: int) -> int:
    text = source.get(_PREFIX + name)
    if text is None:
        return default
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{_PREFIX}{name} is {text!r}: expected a whole number") from None
