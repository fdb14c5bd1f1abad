"""Timing in turn: what is compared runs one after the other in each round, so that the machine treats all alike."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

Task = Callable[[], Any]  # gives seconds if it took the time itself (see Measured), else is timed


class Measured(float):
    """Seconds that a task measured of itself."""


def timings(tasks: Mapping[str, Task], rounds: int) -> dict[str, list[float]]:
    """Runs every task once to warm up, then all of them in turn, so many rounds; seconds by task and round."""
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for turn in range(rounds + 1):
        for name, task in tasks.items():
            gc.collect(0)
            started = time.perf_counter()
            result = task()
            ended = time.perf_counter()
            if turn > 0:
                seconds[name].append(float(result) if isinstance(result, Measured) else ended - started)
            del result
    return seconds


def medians(tasks: Mapping[str, Task], rounds: int) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in timings(tasks, rounds).items()}


def percentile(values: list[float], part: float) -> float:
    """The smallest value that `part` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)]
