"""How a store writes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ParquetStoreConfig:
    """What a store goes by; checked when it is used, not when it is made.

    Rows a file, compression, level and layout are those of a key from the write on that makes it, or makes it anew
    (``mode="overwrite"``); an append goes by what its key has.
    """

    target_rows_per_file: int = 150_000
    """At most so many rows a file; rows of one timestamp stay together."""
    compression: str = "zstd"
    """``"zstd"``, ``"snappy"``, ``"lz4"``, ``"gzip"`` or ``"uncompressed"``."""
    compression_level: int = 3
    """Of zstd: 1 to 22."""
    lock_timeout_seconds: int = 30
    """How long a write waits for another writer of its key."""
    layout: str = "range"
    """``"range"``: ``<key>/<start>-<end>.parquet``. ``"month"``: ``<key>/2024/01/<start>-<end>.parquet``, no file with
    rows of two months."""
