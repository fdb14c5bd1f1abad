"""The store against ArcticDB on LMDB, DuckDB's own file, Polars and PyArrow on Parquet files: what is compared runs in
turn, in one run, on the file system of the system's temporary files (TMPDIR says another), all files in the page cache.

Each line of the report is a promise of the store, with what it needs and what was found; it is printed and written to
bench/results/store.md. `--only NAME` runs one group; `--million` adds the catalog after a million commits.
"""

import argparse
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from report import RESULTS, Line, beside, check_place, milliseconds, report
from store_peers import ArcticDB, DuckDB, parquet_writers, polars_day, polars_tail
from tables import MINUTE, bars
from turns import Measured, medians, percentile, timings

import varve

SIZE_RATIO_MAX = 1.5
BULK_ROUNDS = 3  # for each of other tasks
DEFAULTS = ("Polars", "PyArrow")
FIRST_DAY = date(2014, 1, 1)
MINUTES_OF_A_DAY = 1440


class Bench:
    """A folder, the series of five million bars, and how many rounds there are."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self.folder = folder
        self.rounds = rounds
        self.table = bars().table
        self.random = np.random.default_rng(11)

    def days(self) -> Iterator[date]:
        """Days inside the series, another each time."""
        last = self.table.num_rows // MINUTES_OF_A_DAY
        while True:
            yield FIRST_DAY + timedelta(days=int(self.random.integers(1, last)))

    def rows_after(self, rows: int) -> Iterator[pa.Table]:
        """One-row tables that come after a table of so many minutes."""
        begin = self.table.column("timestamp")[0].value
        row = self.table.slice(0, 1)
        while True:
            time_of_row = pa.array([begin + MINUTE * rows]).cast(pa.timestamp("ns", "UTC"))
            yield row.set_column(0, "timestamp", time_of_row)
            rows += 1


def plain_append(folder: Path) -> Callable[[], None]:
    """4 KiB at the end of a file, and fdatasync: what a durable append of a row costs at least."""
    file = os.open(folder / "plain", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    page = bytes(4096)

    def append() -> None:
        os.write(file, page)
        os.fdatasync(file)

    return append


def appends(bench: Bench) -> Iterator[Line]:
    """What follows the bare fdatasync is compared with it alone: ArcticDB's megabytes of work would leave the caches
    cold for one and not be felt by the other."""
    large_rows = 2 * bench.table.num_rows
    large = pa.concat_tables([bench.table, shifted(bench.table, bench.table.num_rows)])
    arctic = ArcticDB(bench.folder)
    with varve.open(bench.folder / "appends") as lake:
        lake.write("small", bench.table.slice(0, 1000))
        lake.write("large", large)
        arctic.change("write", "large", large)
        small_rows, more_rows, arctic_rows = (bench.rows_after(rows) for rows in (1000, large_rows, large_rows))

        def append_to_large() -> varve.Commit:
            return lake.append("large", next(more_rows))

        seconds = timings(
            {
                "fdatasync": plain_append(bench.folder),
                "1 k rows": lambda: lake.append("small", next(small_rows)),
                "10 M rows": append_to_large,
            },
            40 * bench.rounds,
        )
        in_turn = medians(
            {
                "ArcticDB": lambda: arctic.change("append", "large", next(arctic_rows)),
                "Varve": append_to_large,
            },
            20 * bench.rounds,
        )
    arctic.close()
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    worst = {name: percentile(values, 0.99) for name, values in seconds.items()}
    floor = middle["fdatasync"] * 1e3
    found = middle["10 M rows"] * 1e3
    yield Line("append a row to 10 M, durable: median", found, floor + 0.6, "ms", beside=beside(middle))
    yield Line("the same: p99", worst["10 M rows"] * 1e3, worst["fdatasync"] * 1e3 + 15, "ms", beside=beside(worst))
    yield Line("the same: in turn with ArcticDB", in_turn["Varve"] * 1e3, in_turn["ArcticDB"] * 1e3, "ms")
    yield Line("the same: against 1 k rows", middle["10 M rows"] / middle["1 k rows"], 1.2, "times")


def shifted(table: pa.Table, minutes: int) -> pa.Table:
    moved = np.asarray(table.column("timestamp").cast(pa.int64())) + MINUTE * minutes
    return table.set_column(0, "timestamp", pa.array(moved).cast(pa.timestamp("ns", "UTC")))


def growth(bench: Bench) -> Iterator[Line]:
    with varve.open(bench.folder / "growth") as lake:
        for row in range(10_000):
            lake.append("grown", bench.table.slice(row, 1))
        lake.write("whole", lake.read("grown"))
        files = lake.info("grown").files
        yield Line("files after 10,000 appends of a row", files, 20, "files")
        seconds = medians(
            {"grown": lambda: lake.read("grown"), "one file": lambda: lake.read("whole")}, 10 * bench.rounds
        )
        ratio = seconds["one file"] / seconds["grown"]
        yield Line("reading it, against one file", ratio, 0.5, "times", at_least=True, beside=beside(seconds))


def one_day(bench: Bench) -> Iterator[Line]:
    arctic, duck = ArcticDB(bench.folder), DuckDB(bench.folder)
    days = bench.days()
    polars_file = parquet_writers(bench.table, bench.folder)["Polars"]
    polars_file[1]()
    with varve.open(bench.folder / "day") as lake:
        lake.write("bars", bench.table)
        arctic.change("write", "bars", bench.table)
        duck.write("bars", bench.table)
        ours = lake.files("bars")

        def replaced_day() -> tuple[date, pa.Table]:
            day = next(days)
            first = (day - FIRST_DAY).days * MINUTES_OF_A_DAY
            return day, bench.table.slice(first, MINUTES_OF_A_DAY)

        changes = {
            "Varve": lambda: replace(lake, *replaced_day()),
            "ArcticDB": lambda: arctic.change("update", "bars", replaced_day()[1]),
        }
        readers = {
            "Varve": lambda: read_day(lake, next(days)),
            "ArcticDB": lambda: arctic.read_day("bars", next(days)),
            "DuckDB": lambda: duck.read_day("bars", next(days)),
            "Polars, its file": lambda: polars_day(str(polars_file[0]), next(days)),
            "Polars, Varve's files": lambda: polars_day(ours, next(days)),
        }
        tails = {
            "Varve": lambda: lake.tail("bars", 100),
            "ArcticDB": lambda: arctic.tail("bars", 100),
            "DuckDB": lambda: duck.tail("bars", 100),
            "Polars, its file": lambda: polars_tail(str(polars_file[0]), 100),
            "Polars, Varve's files": lambda: polars_tail(ours, 100),
        }
        yield from against_fastest(
            "read a day of 5 M rows", medians(readers, 10 * bench.rounds, MINUTES_OF_A_DAY), 0.25
        )
        yield from against_fastest("the last 100 rows", medians(tails, 10 * bench.rounds, 100), 0.25)
        yield from against_fastest("replace a day in 5 M rows", medians(changes, 4 * bench.rounds), 1.3)
    arctic.close()


def replace(lake: varve.Lake, day: date, rows: pa.Table) -> None:
    lake.replace("bars", rows, day, day)


def read_day(lake: varve.Lake, day: date) -> object:
    return lake.read("bars", start=day, end=day)


def against_fastest(what: str, seconds: dict[str, float], needed: float) -> Iterator[Line]:
    fastest = min(value for name, value in seconds.items() if name != "Varve")
    yield Line(
        f"{what}, of the fastest peer's time", seconds["Varve"] / fastest, needed, "times", beside=beside(seconds)
    )


def bulk(bench: Bench) -> Iterator[Line]:
    """A peer counts at its defaults and at every setting whose file is at most 1.5 times the size of Varve's. Two
    tables take turns, because one that is there already would not be written. Varve's rows are on the disk when the
    call returns, and in the visible tree a fraction of a second later, as they are by default. The disk's own time
    varies more than some peers differ, so there are many rounds."""
    arctic, duck = ArcticDB(bench.folder), DuckDB(bench.folder)
    tables = [bench.table, shifted(bench.table, 1)]
    writers = [parquet_writers(table, bench.folder) for table in tables]
    turns = {name: itertools.cycle(range(2)) for name in ("Varve", *writers[0], "DuckDB", "ArcticDB")}

    def table_for(name: str) -> pa.Table:
        return tables[next(turns[name])]

    def write_and_check(lake: varve.Lake) -> None:
        commit = lake.write("bars", table_for("Varve"))
        assert commit.rows_added == bench.table.num_rows

    with varve.open(bench.folder / "bulk") as lake:
        seconds = medians(
            {
                "Varve": lambda: write_and_check(lake),
                **{name: lambda name=name: writers[next(turns[name])][name][1]() for name in writers[0]},
                "DuckDB": lambda: duck.write("bars", table_for("DuckDB")),
                "ArcticDB": lambda: arctic.change("write_and_sync", "bars", table_for("ArcticDB")),
            },
            BULK_ROUNDS * bench.rounds,
        )
        size = sum(os.path.getsize(path) for path in lake.files("bars"))
    arctic.close()
    too_large = {
        name
        for name, (path, _) in writers[0].items()
        if name not in DEFAULTS and path.stat().st_size > SIZE_RATIO_MAX * size
    }
    counting = {name: value for name, value in seconds.items() if name != "Varve" and name not in too_large}
    ratio = min(counting.values()) / seconds["Varve"]
    text = beside(seconds) + "; larger files, which do not count: " + (", ".join(sorted(too_large)) or "none")
    yield Line("write 5 M rows, durable, against the fastest peer", ratio, 2.5, "times", at_least=True, beside=text)


def many_keys(bench: Bench) -> Iterator[Line]:
    folder = bench.folder / "keys"
    with varve.open(folder) as lake:
        for part in range(10):
            lake.append_many({f"part{part}/key{number}": bench.table.slice(0, 3) for number in range(10_000)})

    def open_and(work: Callable[[varve.Lake], object]) -> Callable[[], None]:
        def opened() -> None:
            with varve.open(folder) as lake:
                work(lake)

        return opened

    seconds = medians(
        {
            "open and list": open_and(lambda lake: lake.list_keys()),
            "open and read one": open_and(lambda lake: lake.read("part5/key5000")),
            "info of all": open_and(lambda lake: lake.info_all()),
        },
        bench.rounds,
    )
    for what, needed in (("open and list", 500), ("open and read one", 10), ("info of all", 2000)):
        yield Line(f"100,000 keys: {what}", seconds[what] * 1e3, needed, "ms")


def one_commit(bench: Bench) -> Iterator[Line]:
    """Once a minute, and published before the next one: the lake is opened and closed around each commit."""
    bars_of_now = ({f"stocks/S{number:04}": row for number in range(5000)} for row in bench.rows_after(0))

    def commit() -> Measured:
        rows = next(bars_of_now)
        with varve.open(bench.folder / "commit") as lake:
            started = time.perf_counter()
            lake.append_many(rows)
            return Measured(time.perf_counter() - started)

    seconds = timings({"Varve": commit}, 2 * bench.rounds)["Varve"]
    middle, worst = (milliseconds(each) for each in (statistics.median(seconds), max(seconds)))
    yield Line(
        "a bar to each of 5,000 keys in one commit, durable",
        statistics.median(seconds) * 1e3,
        700,
        "ms",
        beside=f"median {middle}, longest {worst}, which merges files of every key",
    )


def million(bench: Bench) -> Iterator[Line]:
    folder = bench.folder / "million"
    with varve.open(folder) as lake:
        tables = [bench.rows_after(0) for _ in range(100)]
        for commit in range(1_000_000):
            lake.append(f"key{commit % 100}", next(tables[commit % 100]))
    size = os.path.getsize(folder / ".varve/catalog.sqlite") / 1e6
    started = time.perf_counter()
    with varve.open(folder) as lake:
        lake.list_keys()
        opened = time.perf_counter() - started
    yield Line(
        "catalog after 1 M appends over 100 keys", size, 100, "MB", beside=f"open and list {milliseconds(opened)}"
    )


GROUPS: dict[str, Callable[[Bench], Iterator[Line]]] = {
    "appends": appends,
    "growth": growth,
    "one_day": one_day,
    "bulk": bulk,
    "many_keys": many_keys,
    "one_commit": one_commit,
}

DURABLE = {"appends", "one_day", "bulk", "one_commit"}  # what they measure needs a disk


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[*GROUPS, "million"], action="append", help="a group, perhaps several")
    parser.add_argument("--million", action="store_true", help="also a million commits, which take a while")
    parser.add_argument("--rounds", type=int, default=10, help="of the slowest tasks; quick ones have more")
    parser.add_argument("--in-memory", action="store_true", help="also where a sync costs nothing")
    options = parser.parse_args()
    groups = {**GROUPS, "million": million}
    names = options.only or [*GROUPS, *(["million"] if options.million else [])]
    if DURABLE & {*names} and not options.in_memory:
        check_place(parser)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), options.rounds)
        found = (line for name in names for line in groups[name](bench))
        setting = "A day is one of 5 M one-minute bars of 6 columns."
        report("The store and its peers", setting, found, RESULTS / "store.md" if options.only is None else None)


if __name__ == "__main__":
    main()
