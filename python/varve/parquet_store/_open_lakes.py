"""The lakes that stores of this process have open: one a directory and lock time-out, however many stores there are."""

import atexit
import contextlib
import os
import threading
import weakref
from pathlib import Path

import polars as pl

import varve

FrameLake = varve.Lake[pl.DataFrame]
"""A lake whose reads give Polars frames."""

_Place = tuple[int, str, float, int | None]
"""Process, root, lock time-out, and the catalog's inode: a directory that was made anew is another lake."""

_lakes: "weakref.WeakValueDictionary[_Place, FrameLake]" = weakref.WeakValueDictionary()
_mutex = threading.Lock()


def open_lake(root: Path, lock_timeout_seconds: float) -> FrameLake:
    """The lake at ``root``, made where there is none. It is closed when nobody holds it any more.

    A forked child gets its own. Reads give Polars frames, and times without a zone are taken as UTC. Raises as
    ``varve.open``.
    """
    with _mutex:
        lake = _lakes.get(_place(root, lock_timeout_seconds))
        if lake is None:
            lake = varve.open(root, lock_timeout_seconds=lock_timeout_seconds, output="polars", naive="utc")
            _lakes[_place(root, lock_timeout_seconds)] = lake
        return lake


def _place(root: Path, lock_timeout_seconds: float) -> _Place:
    try:
        inode = (root / ".varve" / "catalog.sqlite").stat().st_ino
    except OSError:
        inode = None
    return os.getpid(), str(root), lock_timeout_seconds, inode


def _forget_lock_of_parent() -> None:
    """A thread of the parent may have held it at the fork; none of the child's can let go of it."""
    global _mutex
    _mutex = threading.Lock()


def _close_all() -> None:
    """So that the visible files show everything when the process has ended."""
    for place, lake in list(_lakes.items()):
        if place[0] == os.getpid():
            with contextlib.suppress(varve.StorageError):
                lake.close()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_forget_lock_of_parent)
