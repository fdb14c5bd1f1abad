"""The Parquet store (varve.parquet_store) against Polars on Parquet files and ArcticDB on LMDB, for the calls of its
document on one-minute bars: what is compared runs in turn, in one run, on the file system of the system's temporary
files (TMPDIR says another), all files in the page cache.

Each line of the report is a promise of the store, with what it needs and what was found; it is printed and, when all
groups have run on all rows, written to bench/results/parquet_store.md. `--only NAME` runs one group, `--rows` takes
fewer rows.
"""

import argparse
import itertools
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from report import RESULTS, Line, beside, check_place, report
from store_peers import ARCTICDB_PYTHON, ArcticDB
from turns import Task, medians, timings

from varve.parquet_store import ParquetStore

REPORT = RESULTS / "parquet_store.md"
FIRST = datetime(2021, 1, 1, tzinfo=UTC)
MINUTES_OF_A_DAY = 1440
YEARS = 3
ROWS = YEARS * 365 * MINUTES_OF_A_DAY
WRITE_ROWS = 1_000_000


def bars(rows: int, first: datetime = FIRST, symbol: str = "EUR_USD") -> pl.DataFrame:
    """One-minute bars, walking at random by ticks of 0.00001."""
    random = np.random.default_rng(7)
    close = 110_000 + np.cumsum(random.integers(-5, 6, rows))
    reach = random.integers(0, 20, (2, rows))
    start = pl.Series([first], dtype=pl.Datetime("us", "UTC")).to_physical()[0]
    times = pl.Series("timestamp", start + 60_000_000 * np.arange(rows)).cast(pl.Datetime("us", "UTC"))
    prices = {"open": np.roll(close, 1), "high": close + reach[0], "low": close - reach[1], "close": close}
    return pl.DataFrame(
        {
            "timestamp": times,
            "symbol": pl.Series([symbol]).new_from_index(0, rows),
            **{name: ticks / 100_000 for name, ticks in prices.items()},
            "volume": random.integers(0, 5_000, rows),
        }
    )


def synced_parquet(frame: pl.DataFrame, path: Path) -> None:
    """What a plain file needs to be as durable."""
    frame.write_parquet(path)
    for name, flags in ((path, os.O_RDWR), (path.parent, os.O_RDONLY)):
        descriptor = os.open(name, flags)
        os.fsync(descriptor)
        os.close(descriptor)


def to_arrow(frame: pl.DataFrame) -> pa.Table:
    """In the types that pandas takes over as they are."""
    nanoseconds = frame.with_columns(pl.col("timestamp").dt.cast_time_unit("ns"))
    return nanoseconds.to_arrow(compat_level=pl.CompatLevel.oldest())


class Bench:
    """A folder, three years of bars (or fewer), and how many rounds there are."""

    def __init__(self, folder: Path, rounds: int, rows: int) -> None:
        self.folder = folder
        self.rounds = rounds
        self.frame = bars(rows)
        self.random = np.random.default_rng(11)
        self.arctic = ArcticDB(folder) if ARCTICDB_PYTHON.exists() else None  # tools/bench installs it
        if self.arctic is not None:
            self.arctic.change("write", "bars", to_arrow(self.frame))
        self.store = ParquetStore(folder / "store")
        self.store.write("forex/EUR_USD", self.frame)
        self.months = folder / "months"
        for (month,), rows_of_month in self.frame.group_by(pl.col("timestamp").dt.truncate("1mo").dt.date()):
            place = self.months / f"{month:%Y-%m}"
            place.mkdir(parents=True)
            rows_of_month.sort("timestamp").write_parquet(place / "data.parquet")

    def close(self) -> None:
        if self.arctic is not None:
            self.arctic.close()

    def days(self, length: int) -> Iterator[tuple[date, date]]:
        """Stretches of so many days inside the series, another each time."""
        last = max(self.frame.height // MINUTES_OF_A_DAY - length, 1)
        while True:
            first = FIRST.date() + timedelta(days=int(self.random.integers(0, last)))
            yield first, first + timedelta(days=length - 1)

    def with_arctic(self, tasks: dict[str, Task], task: Callable[[ArcticDB], object]) -> dict[str, Task]:
        """The tasks, and one of ArcticDB where it is installed."""
        arctic = self.arctic
        return tasks if arctic is None else {**tasks, "ArcticDB": lambda: task(arctic)}

    def new_days(self) -> Iterator[pl.DataFrame]:
        """Days that come after the series, one after the other."""
        for number in itertools.count():
            after = timedelta(minutes=self.frame.height + number * MINUTES_OF_A_DAY)
            yield self.frame[:MINUTES_OF_A_DAY].with_columns(pl.col("timestamp") + after)


def writing(bench: Bench) -> Iterator[Line]:
    frame = bench.frame[:WRITE_ROWS]
    numbers = itertools.count()
    table = to_arrow(frame)
    tasks: dict[str, Task] = {
        "Varve": lambda: bench.store.write(f"new/{next(numbers)}", frame),
        "Polars": lambda: synced_parquet(frame, bench.folder / f"{next(numbers)}.parquet"),
    }
    tasks = bench.with_arctic(tasks, lambda arctic: arctic.change("write_and_sync", f"new{next(numbers)}", table))
    seconds = medians(tasks, bench.rounds)
    ratio = seconds["Varve"] / seconds["Polars"]
    yield Line(f"write {frame.height:,} rows, a new key, durable", ratio, 0.7, "of Polars", beside=beside(seconds))


def appending(bench: Bench) -> Iterator[Line]:
    ours, theirs, others = bench.new_days(), bench.new_days(), bench.new_days()
    path = max(bench.months.iterdir()) / "data.parquet"

    def append() -> None:
        synced_parquet(pl.concat([pl.read_parquet(path), next(theirs)]), path)

    kept = path.read_bytes()
    tasks: dict[str, Task] = {
        "Varve": lambda: bench.store.write("forex/EUR_USD", next(ours)),
        "Polars, its month": append,
    }
    tasks = bench.with_arctic(tasks, lambda arctic: arctic.change("append", "bars", to_arrow(next(others))))
    seconds = medians(tasks, min(bench.rounds, 20))
    path.write_bytes(kept)
    ratio = seconds["Varve"] / seconds["Polars, its month"]
    yield Line("append a day to three years, durable", ratio, 0.6, "of Polars", beside=beside(seconds))


def reading(bench: Bench) -> Iterator[Line]:
    lazy = pl.scan_parquet(bench.months / "*" / "*.parquet")
    for what, length in (("day", 1), ("month", 30)):
        stretches = bench.days(length)

        def ours(stretches: Iterator[tuple[date, date]] = stretches) -> pl.DataFrame:
            return bench.store.read("forex/EUR_USD", *next(stretches))

        def theirs(stretches: Iterator[tuple[date, date]] = stretches) -> pl.DataFrame:
            first, last = next(stretches)
            begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
            end = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
            times = pl.col("timestamp")
            return lazy.filter((times >= begin) & (times < end)).sort("timestamp").collect()

        rows = length * MINUTES_OF_A_DAY
        tasks: dict[str, Task] = bench.with_arctic(
            {"Varve": ours, "Polars": theirs},
            lambda arctic, stretches=stretches: arctic.read_days("bars", *next(stretches)),  # type: ignore[misc]
        )
        seconds = medians(tasks, 4 * bench.rounds, rows)
        ratio = seconds["Varve"] / seconds["Polars"]
        yield Line(f"read a {what} of three years", ratio, 0.2, "of Polars", beside=beside(seconds))


def questions(bench: Bench) -> Iterator[Line]:
    weekdays = bench.frame.filter(pl.col("timestamp").dt.weekday() < 6)
    bench.store.write("forex/gaps", weekdays)
    first, last = weekdays["timestamp"][0], weekdays["timestamp"][-1]
    seconds = medians(
        {
            "latest": lambda: bench.store.read_latest("forex/EUR_USD"),
            "gaps": lambda: bench.store.get_gaps("forex/gaps", first, last, timedelta(minutes=1)),
        },
        4 * bench.rounds,
    )
    yield Line("read_latest over three years", seconds["latest"] * 1e3, 5, "ms")
    yield Line("get_gaps over three years", seconds["gaps"] * 1e3, 30, "ms")


def calls(bench: Bench) -> Iterator[Line]:
    for key, what in (("forex/EUR_USD", "exists"), ("forex/NONE", "exists of a missing key")):
        times = timings({what: lambda key=key: [bench.store.exists(key) for _ in range(1_000)]}, bench.rounds)
        found = statistics.median(times[what]) / 1_000 * 1e6
        yield Line(f"{what}, a call", found, 20, "microseconds")


GROUPS: dict[str, Callable[[Bench], Iterator[Line]]] = {
    "writing": writing,
    "appending": appending,
    "reading": reading,
    "questions": questions,
    "calls": calls,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[*GROUPS], action="append", help="a group, perhaps several")
    parser.add_argument("--rounds", type=int, default=10, help="of the slowest tasks; quick ones have more")
    parser.add_argument("--rows", type=int, default=ROWS, help="of the series; fewer make no report")
    parser.add_argument("--in-memory", action="store_true", help="also where a sync costs nothing")
    options = parser.parse_args()
    if not options.in_memory:
        check_place(parser)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.rounds, options.rows)
        found = (line for name in options.only or GROUPS for line in GROUPS[name](bench))
        setting = f"One-minute bars of {YEARS} years, 7 columns; Polars has a file a month."
        is_whole = options.only is None and options.rows == ROWS
        report("The Parquet store and its peers", setting, found, REPORT if is_whole else None)
        bench.close()


if __name__ == "__main__":
    main()
