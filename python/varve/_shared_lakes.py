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

_Place = tuple[int, str, Output, float]
"""Process, root, output, lock time-out."""

_lakes: "weakref.WeakValueDictionary[_Place, Lake[Any]]" = weakref.WeakValueDictionary()
_mutex = threading.Lock()


def open_shared(root: Path, output: Output, lock_timeout_seconds: float = 30.0, *, create: bool = True) -> Lake[Any]:
    """The lake at ``root``, made where there is none, unless ``create`` is False. It is closed when nobody holds it any
    more.

    A forked child gets its own, and so does who asks after the directory was replaced. Reads give what ``output`` says,
    and times without a zone are taken as UTC. Raises as ``varve.open``.
    """
    place = (os.getpid(), str(root), output, lock_timeout_seconds)
    with _mutex:
        lake = _lakes.get(place)
        if lake is None or not lake.in_place:
            options: Any = {"output": output}  # one overload for each of its words
            lake = open_lake(root, lock_timeout_seconds=lock_timeout_seconds, naive="utc", create=create, **options)
            _lakes[place] = lake
        return lake


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
