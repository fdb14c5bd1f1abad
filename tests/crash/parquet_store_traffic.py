"""Four processes write one key of a Parquet store while eight read it: parquet_store_traffic.py SECONDS

Writer w appends rows whose minute is w modulo 4, in order, and now and then writes all of its own again. Each read
must be whole: for every writer its first so many rows, no row twice, no value that another row has, sorted, never fewer
rows than the reader saw before. Ends with "N writes, N reads, N wrong"; the exit status is 1 if anything was wrong.
"""

import argparse
import multiprocessing
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import polars as pl

from varve.parquet_store import ParquetStore

WRITERS, READERS = 4, 8
ROWS_OF_A_WRITE = 50
REWRITE_EVERY = 20
STARTING_SECONDS = 120
KEY = "traffic/EUR_USD"
FIRST = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())


@dataclass
class Traffic:
    """What all processes share."""

    ready: Any
    answers: Any
    seconds: float

    def begin(self) -> float:
        """Waits for all to be ready; when to end."""
        self.ready.wait(STARTING_SECONDS)
        return time.time() + self.seconds


def frame_of(minutes: list[int]) -> pl.DataFrame:
    seconds = pl.Series("timestamp", [(FIRST + 60 * minute) * 1_000_000 for minute in minutes])
    return pl.DataFrame({"timestamp": seconds.cast(pl.Datetime("us", "UTC")), "symbol": "EUR_USD", "minute": minutes})


def write(root: str, writer: int, traffic: Traffic) -> None:
    store, written, count = ParquetStore(root), 0, 0
    end = traffic.begin()
    while time.time() < end:
        if count % REWRITE_EVERY == REWRITE_EVERY - 1:
            # All of this writer's rows anew, which changes no row.
            store.write(KEY, frame_of([WRITERS * step + writer for step in range(written)]))
        else:
            steps = range(written, written + ROWS_OF_A_WRITE)
            store.write(KEY, frame_of([WRITERS * step + writer for step in steps]))
            written += ROWS_OF_A_WRITE
        count += 1
    traffic.answers.put(("writes", count, [], {writer: written}))


def fault_of(frame: pl.DataFrame, rows_before: int) -> str | None:
    """What is wrong with a read, if anything is."""
    if frame.height < rows_before or frame.height == 0:
        return f"{frame.height} rows after {rows_before}"
    if not frame["timestamp"].is_sorted() or frame["timestamp"].n_unique() != frame.height:
        return "rows out of order or twice"
    minutes = (frame["timestamp"].dt.epoch("s") - FIRST) // 60
    if not (minutes == frame["minute"]).all():
        return "a row with the value of another one"
    for writer in range(WRITERS):
        own = frame["minute"].filter(frame["minute"] % WRITERS == writer)
        if own.len() % ROWS_OF_A_WRITE or (own.len() and own.max() != WRITERS * (own.len() - 1) + writer):
            return f"part of a write of writer {writer}: {own.len()} rows"
    return None


def read(root: str, reader: int, traffic: Traffic) -> None:
    store, rows, count = ParquetStore(root), 0, 0
    wrong: list[str] = []
    end = traffic.begin()
    while time.time() < end:
        try:
            batches = reader % 4 == 3 and count % 2 == 1
            frame = pl.concat(list(store.read(KEY, batch_size=1_000))) if batches else store.read(KEY)
            fault = fault_of(frame, rows)
            rows = frame.height
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
        wrong += [f"reader {reader}: {fault}"] if fault else []
        count += 1
    traffic.answers.put(("reads", count, wrong, {}))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--folder", help="where the store lies; else a directory of its own")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as root:
        for writer in range(WRITERS):
            ParquetStore(root).write(KEY, frame_of([WRITERS * step + writer for step in range(ROWS_OF_A_WRITE)]))
        return run_traffic(root, options.seconds)


def run_traffic(root: str, seconds: float) -> int:
    """Lets all of them run for so long, and says what came of it. The exit status."""
    context = multiprocessing.get_context("spawn")
    traffic = Traffic(context.Barrier(WRITERS + READERS), context.Queue(), seconds)
    works = [(write, writer) for writer in range(WRITERS)] + [(read, reader) for reader in range(READERS)]
    processes = [context.Process(target=work, args=(root, number, traffic)) for work, number in works]
    for process in processes:
        process.start()
    counts = {"writes": 0, "reads": 0}
    wrong: list[str] = []
    written: dict[int, int] = {}
    for _ in processes:
        kind, count, faults, rows = traffic.answers.get(timeout=seconds + STARTING_SECONDS)
        counts[kind] += count
        wrong += faults
        written |= rows
    for process in processes:
        process.join()
    rows = ParquetStore(root).read(KEY).height
    expected = sum(max(count, ROWS_OF_A_WRITE) for count in written.values())
    wrong += [] if rows == expected else [f"{rows} rows in the end, {expected} were written"]
    wrong += [] if counts["reads"] and counts["writes"] else ["nothing was done"]
    print("\n".join(wrong[:20]))
    print(f"{counts['writes']} writes, {counts['reads']} reads, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
