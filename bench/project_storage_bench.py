"""The storage manager (varve.storage_manager) against what a project would write itself with pandas: a Parquet file a
month, synced, with its checksum in an SQLite table. Hourly bars of twenty instruments over three years, as in the
document of its calls; what is compared runs in turn, in one run, on the file system of the system's temporary files
(TMPDIR says another), all files in the page cache.

Each line of the report is a promise, with what it needs and what was found; it is printed and, when all groups have run
on all instruments, written to bench/results/project_storage.md. `--only NAME` runs one group, `--instruments` takes
fewer.
"""

import argparse
import contextlib
import hashlib
import itertools
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from report import RESULTS, Line, beside, check_place, report
from turns import Task, medians

from varve.storage_manager import StorageManager

REPORT = RESULTS / "project_storage.md"
FIRST = datetime(2022, 1, 1)
HOURS = 18_720
INSTRUMENTS = 20


def bars(first: datetime, rows: int, seed: int = 7) -> pd.DataFrame:
    """Hourly bars, walking at random by ticks of 0.00001."""
    random = np.random.default_rng(seed)
    close = 110_000 + np.cumsum(random.integers(-5, 6, rows))
    reach = random.integers(0, 20, (2, rows))
    prices = {"open": np.roll(close, 1), "high": close + reach[0], "low": close - reach[1], "close": close}
    return pd.DataFrame(
        {
            "timestamp": pd.date_range(first, periods=rows, freq="h", tz="UTC", unit="ns"),
            **{name: ticks / 100_000 for name, ticks in prices.items()},
            "volume": random.integers(0, 5_000, rows),
        }
    )


class PlainFiles:
    """Files by month and a table of them: what is saved replaces the file of its month."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.registry = sqlite3.connect(root / "registry.db", isolation_level=None)
        self.registry.execute("CREATE TABLE files (path TEXT PRIMARY KEY, name TEXT, first TEXT, last TEXT, sha TEXT)")

    def save(self, name: str, frame: pd.DataFrame) -> None:
        for month, rows in frame.groupby(frame["timestamp"].dt.strftime("%Y%m")):
            path = self.root / name / f"{month}.parquet"
            path.parent.mkdir(exist_ok=True)
            whole = rows if not path.exists() else self._merged(pd.read_parquet(path), rows)
            unfinished = path.with_suffix(".new")
            whole.to_parquet(unfinished, compression="snappy", index=False)
            self._sync(unfinished)
            os.replace(unfinished, path)
            self._sync(path.parent)
            sha = hashlib.sha256(path.read_bytes()).hexdigest()
            times = whole["timestamp"]
            values = (str(path), name, times.min().isoformat(), times.max().isoformat(), sha)
            self.registry.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", values)

    def load(self, name: str | None, first: datetime, last: datetime) -> pd.DataFrame:
        begin, end = pd.Timestamp(first, tz="UTC"), pd.Timestamp(last, tz="UTC")
        found = self.registry.execute(
            "SELECT path FROM files WHERE first <= ? AND last >= ? AND (?3 IS NULL OR name = ?3)",
            (end.isoformat(), begin.isoformat(), name),
        )
        whole = pd.concat([pd.read_parquet(path) for (path,) in found.fetchall()])
        times = whole["timestamp"]
        return whole[(times >= begin) & (times <= end)].sort_values("timestamp", ignore_index=True)

    def verify(self) -> None:
        for path, sha in self.registry.execute("SELECT path, sha FROM files").fetchall():
            if hashlib.sha256(Path(path).read_bytes()).hexdigest() != sha:
                raise RuntimeError(f"{path} is not what was saved")

    @staticmethod
    def _merged(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([old, new]).drop_duplicates("timestamp", keep="last").sort_values("timestamp")

    @staticmethod
    def _sync(path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


class Bench:
    """A folder with both stores of the same bars, and how many rounds there are."""

    def __init__(self, folder: Path, rounds: int, instruments: int) -> None:
        self.rounds = rounds
        self.names = [f"PAIR_{number:02d}" for number in range(instruments)]
        self.storage = StorageManager(folder / "storage")
        self.plain = PlainFiles(folder / "plain")
        for seed, name in enumerate(self.names):
            frame = bars(FIRST, HOURS, seed)
            self.storage.save_ohlcv_data(frame, name)
            self.plain.save(name, frame)

    def days(self) -> Iterator[pd.DataFrame]:
        """Days that come after the bars, one after the other."""
        for number in itertools.count():
            yield bars(FIRST + timedelta(hours=HOURS + 24 * number), 24, number)


def saving(bench: Bench) -> Iterator[Line]:
    ours, theirs = bench.days(), bench.days()
    name = bench.names[0]
    tasks: dict[str, Task] = {
        "Varve": lambda: bench.storage.save_ohlcv_data(next(ours), name),
        "pandas": lambda: bench.plain.save(name, next(theirs)),
    }
    seconds = medians(tasks, 2 * bench.rounds)
    yield Line(
        "save a day, durable and registered",
        seconds["Varve"] / seconds["pandas"],
        1.5,
        "of pandas",
        beside=beside(seconds),
    )
    numbers = itertools.count()
    frame = bars(FIRST, HOURS)
    tasks = {
        "Varve": lambda: bench.storage.save_ohlcv_data(frame, f"NEW_{next(numbers)}"),
        "pandas": lambda: bench.plain.save(f"NEW_{next(numbers)}", frame),
    }
    seconds = medians(tasks, bench.rounds)
    ratio = seconds["Varve"] / seconds["pandas"]
    yield Line("save three years of a new instrument", ratio, 0.5, "of pandas", beside=beside(seconds))


def loading(bench: Bench) -> Iterator[Line]:
    name = bench.names[len(bench.names) // 2]
    year = (datetime(2022, 7, 1), datetime(2023, 6, 30, 23))
    for what, wanted, needed in (("an instrument", name, 0.3), ("all instruments", None, 0.3)):
        tasks: dict[str, Task] = {
            "Varve": lambda wanted=wanted: bench.storage.load_data_by_date_range("ohlcv", *year, wanted),
            "pandas": lambda wanted=wanted: bench.plain.load(wanted, *year),
        }
        if len(tasks["Varve"]()) != len(tasks["pandas"]()):
            raise RuntimeError("the two stores do not hold the same bars")
        seconds = medians(tasks, bench.rounds)
        ratio = seconds["Varve"] / seconds["pandas"]
        yield Line(f"load a year of {what}", ratio, needed, "of pandas", beside=beside(seconds))


def verifying(bench: Bench) -> Iterator[Line]:
    tasks: dict[str, Task] = {"Varve": bench.storage.verify_data_integrity, "pandas": bench.plain.verify}
    seconds = medians(tasks, bench.rounds)
    files = len(bench.storage.verify_data_integrity())
    yield Line(f"verify {files} files", seconds["Varve"] * 1e3 / files, 5, "ms a file", beside=beside(seconds))


GROUPS: dict[str, Callable[[Bench], Iterator[Line]]] = {"saving": saving, "loading": loading, "verifying": verifying}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[*GROUPS], action="append", help="a group, perhaps several")
    parser.add_argument("--rounds", type=int, default=10, help="of the slowest tasks; quick ones have more")
    parser.add_argument("--instruments", type=int, default=INSTRUMENTS, help="fewer make no report")
    parser.add_argument("--in-memory", action="store_true", help="also where a sync costs nothing")
    options = parser.parse_args()
    if not options.in_memory:
        check_place(parser)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.rounds, options.instruments)
        found = (line for name in options.only or GROUPS for line in GROUPS[name](bench))
        setting = f"Hourly bars of {options.instruments} instruments over three years, a file a month."
        is_whole = options.only is None and options.instruments == INSTRUMENTS
        with contextlib.closing(bench.plain.registry):
            report("The storage manager and plain files", setting, found, REPORT if is_whole else None)


if __name__ == "__main__":
    main()
