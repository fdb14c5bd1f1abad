"""The lakes that stores of this process have open: one a directory and lock time-out, however many stores there are."""

import atexit
import contextlib
import os
import threading
import weakref
from pathlib import Path

import varve

_Place = tuple[int, str, float]
_lakes: "weakref.WeakValueDictionary[_Place, varve.Lake]" = weakref.WeakValueDictionary()
_mutex = threading.Lock()


def open_lake(root: Path, lock_timeout_seconds: float) -> varve.Lake:
    """The lake at ``root``, made where there is none. It is closed when nobody holds it any more.

    A forked child gets its own, and so does who comes after the directory was removed and made again. Raises as
    ``varve.open``.
    """
    place = (os.getpid(), str(root), lock_timeout_seconds)
    with _mutex:
        lake = _lakes.get(place)
        if lake is None or not _is_there(lake):
            lake = varve.open(
                root,
                lock_timeout_seconds=lock_timeout_seconds,
                output="polars",
                naive="utc",
            )
            _inodes[lake] = _inode(root)
            _lakes[place] = lake
        return lake


_inodes: "weakref.WeakKeyDictionary[varve.Lake, int | None]" = weakref.WeakKeyDictionary()


def _is_there(lake: varve.Lake) -> bool:
    return _inodes.get(lake) == _inode(Path(lake.root))


def _inode(root: Path) -> int | None:
    """Of the catalog, whose name another one may have by now."""
    try:
        return (root / ".varve" / "catalog.sqlite").stat().st_ino
    except OSError:
        return None


def _forget_lock_of_parent() -> None:
    """A thread of the parent may have held it at the fork; none of the child's can let go of it."""
    global _mutex
    _mutex = threading.Lock()


def _close_all() -> None:
    """So that the visible files show everything when the process has ended."""
    for (process, _, _), lake in list(_lakes.items()):
        if process == os.getpid():
            with contextlib.suppress(varve.StorageError):
                lake.close()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_forget_lock_of_parent)
