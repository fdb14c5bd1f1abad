"""Panels: many short series as one table, by Varve out of a lake, by Polars, PyArrow and DuckDB out of its files.

500 series of a year of daily bars each. All read the same Parquet files, which lie in a folder of the system's
temporary files, in the page cache; the lake is open. In turn, in one process; medians and ratios, printed and written
to bench/results/panel.md.
"""

import argparse
import tempfile
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
from libraries import thread_counts, versions
from report import RESULTS
from tables import TICK
from turns import medians

import varve

DAY = 86_400_000_000_000
BEGIN = np.datetime64("2023-01-02", "ns").astype(np.int64)
REPORT = RESULTS / "panel.md"


def daily_bars(number: int, rows: int) -> pa.Table:
    """A walk on the grid of ticks, of its own for each number."""
    random = np.random.default_rng(number)
    close = 2_000 + np.abs(10_000 + np.cumsum(random.integers(-200, 201, rows)))
    opened = np.concatenate(([close[0]], close[:-1]))
    high = np.maximum(opened, close) + random.integers(0, 100, rows)
    low = np.minimum(opened, close) - random.integers(0, 100, rows)
    times = pa.array(BEGIN + DAY * np.arange(rows, dtype=np.int64)).cast(pa.timestamp("ns", "UTC"))
    prices = {
        name: np.round(ticks * TICK, 2)
        for name, ticks in (("open", opened), ("high", high), ("low", low), ("close", close))
    }
    return pa.table({"timestamp": times, **prices, "volume": random.lognormal(12, 1, rows).astype(np.int64)})


def fill(folder: str, series: int, rows: int) -> list[str]:
    """Makes the lake; gives the paths of its files."""
    keys = [f"stocks/S{number:05}" for number in range(series)]
    with varve.open(folder) as lake:
        for number, key in enumerate(keys):
            lake.write(key, daily_bars(number, rows))
    with varve.open(folder) as lake:
        return [path for key in keys for path in lake.files(key)]


def wide(files: list[str]) -> pl.DataFrame:
    rows = pl.scan_parquet(files, include_file_paths="path").select("timestamp", "close", "path").collect()
    return rows.pivot("path", index="timestamp", values="close")


def tasks(lake: varve.Lake, files: list[str]) -> dict[str, dict[str, Callable[[], Any]]]:
    keys = lake.list_keys()
    session = duckdb.connect()
    return {
        "long": {
            "Varve": lambda: lake.read_many(keys),
            "Polars": lambda: pl.scan_parquet(files).collect(),
            "PyArrow": lambda: ds.dataset(files).to_table(),
            "DuckDB": lambda: session.read_parquet(files).to_arrow_table(),
        },
        "wide": {"Varve": lambda: lake.read_many(keys, pivot="close"), "Polars": lambda: wide(files)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=500)
    parser.add_argument("--rows", type=int, default=252)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    lines = [
        "# Panels: Varve and its peers",
        "",
        f"{versions()}; {thread_counts()}; {options.series} series of {options.rows} rows, 6 columns; "
        f"medians of {options.rounds} rounds.",
        "",
        "| task | Varve, ms | peer | ms | ratio |",
        "|---|---:|---|---:|---:|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        files = fill(folder, options.series, options.rows)
        with varve.open(folder) as lake:
            for task, ways in tasks(lake, files).items():
                seconds = medians(ways, options.rounds)
                own = seconds.pop("Varve")
                for name, peer in seconds.items():
                    lines.append(f"| {task} | {own * 1e3:.1f} | {name} | {peer * 1e3:.1f} | {peer / own:.2f} |")
    print("\n".join(lines))
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
