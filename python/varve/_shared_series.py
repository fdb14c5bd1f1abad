"""What the faces of stores say of series in the same way: whether one is there, and how its files are compressed."""

from typing import Any

from varve._lake import Lake, SeriesInfo
from varve.errors import DataNotFoundError, InvalidArgumentError

# The words of the lake for those of callers.
_COMPRESSIONS = {"snappy": "snappy", "zstd": "zstd", "lz4": "lz4", "gzip": "gzip", "uncompressed": "none"}


def find_series(lake: Lake[Any], key: str) -> SeriesInfo | None:
    """None where there is none."""
    try:
        return lake.info(key)
    except DataNotFoundError:
        return None


def to_compression(word: object) -> str:
    """As the lake calls it. Raises InvalidArgumentError for a compression that there is not."""
    if not isinstance(word, str) or word not in _COMPRESSIONS:
        raise InvalidArgumentError(f"compression {word!r}: expected one of {', '.join(_COMPRESSIONS)}")
    return _COMPRESSIONS[word]
