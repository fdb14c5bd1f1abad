"""How long work tells how far it is, and is stopped by Ctrl-C."""

import contextlib
import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from varve.errors import InvalidArgumentError

Progress = Callable[[int, int], object]
"""Called now and then with the bytes that are done and of how many, from any thread, by one at a time. What it raises
ends the work."""

ShowProgress = Progress | bool | None
"""A callable that is told how far the work is; True: a bar on stderr, by tqdm where that is installed; None or False:
nothing."""

_PATIENCE_SECONDS = 0.05
_Result = TypeVar("_Result")


def work(label: str, progress: ShowProgress, call: Callable[[Progress | None], _Result]) -> _Result:
    """Does ``call``, which tells what it is given how far it is. ``label`` is what a bar says.

    In the main thread Ctrl-C ends it the next time that it tells so, and nothing of it stays, except what it had
    committed: the work is done by another thread while this one waits for it, and for signals.
    """
    with _shown(label, progress) as tell:
        if threading.current_thread() is not threading.main_thread():
            return call(tell)
        return _Worker(call, tell).wait()


class _Worker(Generic[_Result]):
    """One call in a thread of its own."""

    def __init__(self, call: Callable[[Progress | None], _Result], tell: Progress | None) -> None:
        self._call = call
        self._tell = tell
        self._begun = threading.Lock()  # for whoever is first: the thread begins, or this one lets it be
        self._stopped = threading.Event()
        self._done = threading.Event()
        self._result: list[_Result] = []
        self._error: BaseException | None = None

    def wait(self) -> _Result:
        try:
            # A daemon: a second Ctrl-C leaves it behind, and it is not to keep the program alive.
            threading.Thread(target=self._run, name="varve", daemon=True).start()
            self._await()
        except BaseException:  # what a signal's handler raised, maybe before there was a thread
            self._stopped.set()
            if not self._begun.acquire(blocking=False):
                self._await()
            raise
        if self._error is not None:
            try:
                raise self._error
            finally:
                self._error = None  # else it would hold its own traceback, and that this frame
        return self._result[0]

    def _await(self) -> None:
        """Waits in short pieces: a signal that another thread receives wakes nobody, but is handled in between."""
        while not self._done.wait(_PATIENCE_SECONDS):
            pass

    def _run(self) -> None:
        if not self._begun.acquire(blocking=False):
            return
        try:
            self._result.append(self._call(self._told))
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()

    def _told(self, done: int, total: int) -> None:
        if self._tell is not None and not self._stopped.is_set():
            self._tell(done, total)
        if self._stopped.is_set():
            raise KeyboardInterrupt


@contextlib.contextmanager
def _shown(label: str, progress: ShowProgress) -> Iterator[Progress | None]:
    if progress is None or progress is False:
        yield None
    elif progress is True:
        with _bar(label) as tell:
            yield tell
    elif callable(progress):
        yield progress
    else:
        raise InvalidArgumentError(f"progress {progress!r}: expected True, False or what can be called")


def _bar(label: str) -> contextlib.AbstractContextManager[Progress]:
    try:
        bars = importlib.import_module("tqdm.auto")
    except ImportError:
        return _line(label)
    return _tqdm(bars, label)


@contextlib.contextmanager
def _tqdm(bars: Any, label: str) -> Iterator[Progress]:
    with bars.tqdm(desc=label, unit="B", unit_scale=True, unit_divisor=1024) as bar:

        def tell(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield tell


@contextlib.contextmanager
def _line(label: str) -> Iterator[Progress]:
    """One line on stderr, written over and over on a terminal, else once when it ends."""
    redraws = sys.stderr.isatty()
    shown = ""

    def tell(done: int, total: int) -> None:
        nonlocal shown
        text = f"{label}: {done * 100 // max(total, 1)} % of {total / (1 << 20):.1f} MiB"
        if redraws and text != shown:
            sys.stderr.write(f"\r{text}\x1b[K")
            sys.stderr.flush()
        shown = text

    try:
        yield tell
    finally:
        if shown:
            sys.stderr.write("\n" if redraws else f"{shown}\n")
