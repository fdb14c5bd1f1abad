"""Keys as callers write them, as the lake knows them, and where their files lie."""

import functools
import os
import re
import urllib.parse
from pathlib import Path

from varve.errors import PathTraversalError

# As docs/format.md says under "Keys as paths".
_ESCAPED = re.compile(r'[%=*?\[\]<>|:"]|\A[._ ]|[. ]\Z|\.(?=parquet\Z)', re.IGNORECASE)
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3]) *(\.|\Z)", re.IGNORECASE)


@functools.lru_cache(maxsize=4096)
def to_series_key(key: str) -> str:
    """The key without empty and ``.`` segments, ``..`` taken as in a path: ``a//b/`` means ``a/b``.

    Raises PathTraversalError for a key that is empty, absolute, or leads to the root or out of it.
    """
    segments: list[str] = []
    for segment in key.split("/"):
        if segment == "..":
            if not segments:
                raise outside(key)
            segments.pop()
        elif segment not in ("", "."):
            segments.append(segment)
    if not segments or key.startswith("/"):
        raise outside(key)
    return "/".join(segments)


@functools.lru_cache(maxsize=4096)
def to_directory(key: str) -> str:
    """Where the files of a series lie, relative to the root."""
    return "/".join(_escape(segment) for segment in key.split("/"))


def from_directory(directory: str) -> str:
    """The key whose files lie in a directory, given relative to the root."""
    return urllib.parse.unquote(directory, errors="surrogateescape")


def check_inside(root: Path, key: str) -> None:
    """Raises PathTraversalError if links lead from the key's directory out of the root, which is no link itself."""
    path = str(root)
    for segment in to_directory(key).split("/"):
        path = f"{path}/{segment}"
        if os.path.islink(path) and not Path(os.path.realpath(path)).is_relative_to(root):
            raise outside(key)


def outside(key: str) -> PathTraversalError:
    return PathTraversalError(f"Key {key!r} traverses outside storage root")


def _escape(segment: str) -> str:
    escaped = _ESCAPED.sub(lambda found: f"%{ord(found[0]):02X}", segment)
    return f"%{ord(segment[0]):02X}{escaped[1:]}" if _DEVICE.match(segment) else escaped
