"""Varve's Parquet against PyArrow, Polars and DuckDB: the same tables, in turn, in one process; medians and ratios.

A peer counts at its defaults and at every setting whose file is at most 1.5 times the size of Varve's: the fastest of
them is its time. What is quicker with a larger file stands beside it. Files lie in a folder of the system's temporary
files, in the page cache. The report is printed and written to bench/results/parquet.md.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from libraries import DuckDB, Library, Polars, PyArrow, Varve, thread_counts, versions
from report import RESULTS
from tables import WORKLOADS, Workload
from turns import medians

SIZE_RATIO_MAX = 1.5
REPORT = RESULTS / "parquet.md"


@dataclass(frozen=True)
class File:
    """One table as one library wrote it at one setting."""

    made_by: Library
    setting: str
    path: Path

    @property
    def name(self) -> str:
        return self.made_by.name if self.setting == "default" else f"{self.made_by.name} ({self.setting})"

    @property
    def bytes(self) -> int:
        return self.path.stat().st_size


@dataclass(frozen=True)
class Comparison:
    """Medians of one task, in seconds: of Varve, of the fastest peer that counts, of the fastest with a larger file."""

    task: str
    varve: float
    peer: tuple[str, float]
    larger: tuple[str, float] | None = None

    @property
    def ratio(self) -> float:
        return self.peer[1] / self.varve


class Bench:
    """One workload: its files, and the comparisons made with them."""

    def __init__(self, workload: Workload, libraries: list[Library], folder: Path, rounds: int) -> None:
        self.workload = workload
        self.rounds = rounds
        self.prepared = {library.name: library.prepare(workload) for library in libraries}
        self.files = [
            File(library, setting, folder / f"{workload.name}-{library.name}-{number}.parquet")
            for library in libraries
            for number, setting in enumerate(library.settings)
        ]
        for file in self.files:
            self.write(file)
        self.varve = self.files[0]
        self.peers = self.files[1:]
        self.comparisons: list[Comparison] = []

    def write(self, file: File) -> None:
        file.made_by.write(self.prepared[file.made_by.name], file.path, file.setting)

    def counts(self, file: File) -> bool:
        return file.setting == "default" or file.bytes <= SIZE_RATIO_MAX * self.varve.bytes

    def compare(self, task: str, run: Callable[[File], Callable[[], Any]], check: bool = False) -> None:
        """Times `run(file)()` for every file, each by the library that wrote it."""
        tasks = {file.name: run(file) for file in self.files}
        if check:
            found = {file.name: file.made_by.rows(tasks[file.name]()) for file in self.files}
            assert len(set(found.values())) == 1, f"{task} of {self.workload.name}: {found}"
        seconds = medians(tasks, self.rounds)
        counting = min((seconds[file.name], file.name) for file in self.peers if self.counts(file))
        rest = min(((seconds[file.name], file.name) for file in self.peers if not self.counts(file)), default=None)
        larger = (rest[1], rest[0]) if rest and rest[0] < counting[0] else None
        self.comparisons.append(Comparison(task, seconds[self.varve.name], (counting[1], counting[0]), larger))

    def compare_all(self) -> None:
        workload = self.workload
        self.compare("write", lambda file: lambda: self.write(file))
        self.compare("full read", lambda file: lambda: file.made_by.read(file.path), check=True)
        self.compare("two columns", lambda file: lambda: file.made_by.read(file.path, workload.two_columns), check=True)
        for task, read in (
            ("one day, file open", lambda file, opened: file.made_by.read_day(opened, workload.day)),
            ("predicate, file open", lambda file, opened: file.made_by.read_where(opened, workload.condition)),
        ):
            self.compare(task, lambda file, read=read: self._opened(file, read), check=True)
        self.compare_defaults()

    def _opened(self, file: File, read: Callable[[File, Any], Any]) -> Callable[[], Any]:
        opened = file.made_by.open(file.path)
        return lambda: read(file, opened)

    def compare_defaults(self) -> None:
        """Varve on the peers' default files, and the peers on Varve's."""
        for file in self.peers:
            if file.setting == "default":
                self.compare_default(file)

    def compare_default(self, file: File) -> None:
        name, read = file.made_by.name, file.made_by.read
        tasks = {
            "own": lambda: read(file.path),
            "by Varve": lambda: self.varve.made_by.read(file.path),
            "of Varve": lambda: read(self.varve.path),
        }
        seconds = medians(tasks, self.rounds)
        own = (name, seconds["own"])
        self.comparisons.append(Comparison(f"read {name}'s file", seconds["by Varve"], own))
        self.comparisons.append(Comparison(f"{name} reads Varve's file", seconds["of Varve"], own))

    def report(self) -> list[str]:
        rows = self.workload.table.num_rows
        lines = [
            f"## {self.workload.name}: {rows / 1e6:g} M rows, {self.workload.table.num_columns} columns",
            "",
            "| task | M rows/s | fastest peer | M rows/s | ratio | with a larger file | M rows/s |",
            "|---|---:|---|---:|---:|---|---:|",
        ]
        for each in self.comparisons:
            peer, seconds = each.peer
            larger = (each.larger[0], f"{rows / each.larger[1] / 1e6:.1f}") if each.larger else ("", "")
            lines.append(
                f"| {each.task} | {rows / each.varve / 1e6:.1f} | {peer} | {rows / seconds / 1e6:.1f} "
                f"| {each.ratio:.2f} | {larger[0]} | {larger[1]} |"
            )
        lines += [
            "",
            "| file | bytes a row | of Varve's | peak memory of a full read beyond the result, MiB |",
            "|---|---:|---:|---:|",
        ]
        for file in self.files:
            beyond = f"{peak_beyond_result(file):.0f}" if file.setting == "default" else ""
            ratio = file.bytes / self.varve.bytes
            lines.append(f"| {file.name} | {file.bytes / rows:.2f} | {ratio:.2f} | {beyond} |")
        return [*lines, ""]


PEAK = """
import re, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import libraries
def peak(): return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
library = getattr(libraries, sys.argv[2])()
before = peak()
result = library.read(Path(sys.argv[3]))
size = result.estimated_size() if sys.argv[2] == "Polars" else result.nbytes
print(peak() - before - size / 2**20)
"""


def peak_beyond_result(file: File) -> float:
    """How far a fresh process rises above what it held before and the result, in MiB."""
    command = [sys.executable, "-c", PEAK, str(Path(__file__).parent), file.made_by.name, str(file.path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workloads", nargs="*", choices=[*WORKLOADS, []], help="all if none is named")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    lines = [
        "# Parquet: Varve and its peers",
        "",
        f"{versions()}; {thread_counts()}; medians of {options.rounds} rounds.",
        "",
    ]
    print("\n".join(lines))
    libraries: list[Library] = [Varve(), PyArrow(), Polars(), DuckDB()]
    for name in options.workloads or WORKLOADS:
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(WORKLOADS[name](), libraries, Path(folder), options.rounds)
            bench.compare_all()
            report = bench.report()
        print("\n".join(report), flush=True)
        lines += report
    if not options.workloads:
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
