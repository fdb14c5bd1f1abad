"""The lakes that the faces of this process have open: one a directory, output and time-out, however many use it."""

import atexit
import contextlib
import os
import threading
import weakref
from pathlib import Path
from typing import Any

from varve._lake import Lake, Output
from varve._opening import open as open_lake
from varve.errors import StorageError

_Place = tuple[int, str, Output, float, int | None]
"""Process, root, output, lock time-out, and the catalog's inode: a directory that was made anew is another lake."""

_lakes: "weakref.WeakValueDictionary[_Place, Lake[Any]]" = weakref.WeakValueDictionary()
_mutex = threading.Lock()


def open_shared(root: Path, output: Output, lock_timeout_seconds: float = 30.0) -> Lake[Any]:
    """The lake at ``root``, made where there is none. It is closed when nobody holds it any more.

    A forked child gets its own. Reads give what ``output`` says, and times without a zone are taken as UTC. Raises as
    ``varve.open``.
    """
    with _mutex:
        lake = _lakes.get(_place(root, output, lock_timeout_seconds))
        if lake is None:
            options: Any = {"output": output}  # one overload for each of its words
            lake = open_lake(root, lock_timeout_seconds=lock_timeout_seconds, naive="utc", **options)
            _lakes[_place(root, output, lock_timeout_seconds)] = lake
        return lake


def catalog_inode(root: Path) -> int | None:
    """By which a lake that took another one's place is known, as long as that one is open; None where there is none."""
    try:
        return os.stat(f"{root}/.varve/catalog.sqlite").st_ino  # each call of a face asks: no Path is made for it
    except OSError:
        return None


def _place(root: Path, output: Output, lock_timeout_seconds: float) -> _Place:
    return os.getpid(), str(root), output, lock_timeout_seconds, catalog_inode(root)


def _forget_lock_of_parent() -> None:
    """A thread of the parent may have held it at the fork; none of the child's can let go of it."""
    global _mutex
    _mutex = threading.Lock()


def _close_all() -> None:
    """So that the visible files show everything when the process has ended."""
    for place, lake in list(_lakes.items()):
        if place[0] == os.getpid():
            with contextlib.suppress(StorageError):
                lake.close()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_forget_lock_of_parent)
