"""Timing in turn: what is compared runs one after the other in each round, so that the machine treats all alike."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

Task = Callable[[], Any]  # gives seconds if it took the time itself (see Measured), else is timed


class Measured(float):
    """Seconds that a task measured of itself, and how many rows its answer had."""

    num_rows: int | None = None


def timings(tasks: Mapping[str, Task], rounds: int, rows: int | None = None) -> dict[str, list[float]]:
    """Runs every task once to warm up, then all of them in turn, so many rounds; seconds by task and round. `rows` is
    how many the answer of each must have, which is looked at once."""
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for turn in range(rounds + 1):
        for name, task in tasks.items():
            gc.collect(0)
            started = time.perf_counter()
            result = task()
            ended = time.perf_counter()
            if turn == 0 and rows is not None and rows_of(result) != rows:
                raise RuntimeError(f"{name} gives {rows_of(result)} rows instead of {rows}")
            if turn > 0:
                seconds[name].append(float(result) if isinstance(result, Measured) else ended - started)
            del result
    return seconds


def rows_of(answer: Any) -> int | None:
    """Of a table of Arrow's, Varve's or Polars', or of what another process said of its own."""
    return getattr(answer, "height", None) if hasattr(answer, "height") else getattr(answer, "num_rows", None)


def medians(tasks: Mapping[str, Task], rounds: int, rows: int | None = None) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in timings(tasks, rounds, rows).items()}


def percentile(values: list[float], part: float) -> float:
    """The smallest value that `part` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)]
