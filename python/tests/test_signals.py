"""What a signal's handler raises ends a read or a write within a second, and nothing of it stays."""

import contextlib
import pathlib
import signal
import time
from collections.abc import Iterator

import numpy as np
import pytest

import varve

ROWS = 4_000_000


class TimeIsUpError(Exception):
    pass


@contextlib.contextmanager
def alarm(seconds: float) -> Iterator[list[float]]:
    """Gives the moment at which the alarm rang."""
    rung: list[float] = []

    def ring(*_: object) -> None:
        rung.append(time.monotonic())
        raise TimeIsUpError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield rung
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def table(seed: int) -> varve.Table:
    random = np.random.default_rng(seed)
    times = (np.arange(ROWS) * 1_000_000_000).view("datetime64[ns]")
    return varve.Table({"timestamp": times, **{name: random.random(ROWS) for name in "abcd"}})


@pytest.fixture(scope="module")
def tables() -> tuple[varve.Table, varve.Table]:
    return table(1), table(2)


@pytest.fixture
def lake(tmp_path: pathlib.Path) -> Iterator[varve.Lake]:
    with varve.open(tmp_path / "lake", naive="utc") as opened:
        yield opened


def test_a_signal_ends_a_write(lake: varve.Lake, tables: tuple[varve.Table, varve.Table]) -> None:
    with pytest.raises(TimeIsUpError), alarm(0.2) as rung:  # noqa: PT012
        for turn in range(1_000):
            lake.write("k", tables[turn % 2])
    assert time.monotonic() - rung[0] < 1
    assert lake.verify().clean
    if lake.exists("k"):
        whole = lake.read("k")
        assert any(np.array_equal(whole["a"], each["a"]) for each in tables)


def test_a_signal_ends_a_read(lake: varve.Lake, tables: tuple[varve.Table, varve.Table]) -> None:
    lake.write("k", tables[0])
    with pytest.raises(TimeIsUpError), alarm(0.2) as rung:  # noqa: PT012
        for _ in range(1_000):
            lake.read("k")
    assert time.monotonic() - rung[0] < 1


def test_a_handler_that_raises_nothing_ends_nothing(lake: varve.Lake, tables: tuple[varve.Table, varve.Table]) -> None:
    heard: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: heard.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
    try:
        lake.write("k", tables[0])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert heard and lake.info("k").rows == ROWS
