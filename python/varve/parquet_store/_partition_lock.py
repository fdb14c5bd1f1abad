"""The lock that the one writer of a key holds."""

import errno
import fcntl
import hashlib
import os
import struct
import time
from pathlib import Path
from types import TracebackType

from varve.errors import ConcurrentWriteError, StorageError
from varve.parquet_store._keys import from_directory

# As docs/format.md says under "Locks".
_KEYS_BEGIN = 1024
_KEYS_END = 1 << 62
_POLL_SECONDS = 0.01

_LOCK_FILE = ".lock"


class PartitionLock:
    """The writer lock of the key whose directory is ``key_path``, as an object: whoever writes the key waits for it.

    It is the lock that writes of the lake take, so it keeps out other processes, other threads and one's own calls. It
    ends with its process. Where no lake is above ``key_path`` a file in that directory is locked instead, for which
    the writes of stores wait too. ``timeout`` is kept and not used: ``acquire`` does not wait.
    """

    def __init__(self, key_path: Path, timeout: float = 30.0) -> None:
        self.key_path = Path(key_path)
        self.timeout = timeout
        self._held: int | None = None
        self._owner = 0

    def acquire(self) -> None:
        """Takes the lock. Raises ConcurrentWriteError if anybody has it, this object included; StorageError if there is
        no place for it."""
        if self._held is not None:
            raise locked(str(self.key_path))
        path, byte = _find_lock(Path(os.path.abspath(self.key_path)))
        self._held, self._owner = _take(path, byte, str(self.key_path)), os.getpid()

    def release(self) -> None:
        """Gives the lock back; nothing if it is not held."""
        held, self._held = self._held, None
        if held is None:
            return
        if self._owner == os.getpid():  # a forked child shares the lock and must not end it
            _set_lock(held, fcntl.F_UNLCK, 0, 0)
        os.close(held)

    def __enter__(self) -> "PartitionLock":
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def __del__(self) -> None:
        if getattr(self, "_held", None) is not None:
            self.release()


def locked(key: str) -> ConcurrentWriteError:
    return ConcurrentWriteError(f"{key}: partition is locked by another writer")


def wait_for_lock_file(directory: str, key: str, timeout: float) -> None:
    """Returns when nobody holds the lock file in a key's directory; there is mostly none. Raises ConcurrentWriteError
    after ``timeout`` seconds."""
    path = f"{directory}/{_LOCK_FILE}"
    if not os.path.isfile(path):
        return
    end = time.monotonic() + timeout
    while True:
        try:
            os.close(_take(path, 0, key))
        except ConcurrentWriteError:
            if time.monotonic() >= end:
                raise
            time.sleep(_POLL_SECONDS)
        else:
            return


def _find_lock(directory: Path) -> tuple[str, int]:
    """The file to lock and the byte of it."""
    for root in directory.parents:
        if (root / ".varve" / "catalog.sqlite").exists():
            key = from_directory(directory.relative_to(root).as_posix())
            digest = hashlib.sha256(b"k" + key.encode(errors="surrogateescape")).digest()
            hashed = int.from_bytes(digest[:8], "big")
            return str(root / ".varve" / "locks"), _KEYS_BEGIN + hashed % (_KEYS_END - _KEYS_BEGIN)
    return str(directory / _LOCK_FILE), 0


def _take(path: str, byte: int, key: str) -> int:
    """A descriptor that holds the lock."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise StorageError(f"Failed to lock {key}: {error}") from error
    try:
        _set_lock(descriptor, fcntl.F_WRLCK, byte, 1)
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.EAGAIN, errno.EACCES):
            raise locked(key) from None
        raise StorageError(f"Failed to lock {key}: {error}") from error
    return descriptor


def _set_lock(descriptor: int, kind: int, byte: int, length: int) -> None:
    request = struct.pack("hhqqi4x", kind, os.SEEK_SET, byte, length, 0)
    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, request)
