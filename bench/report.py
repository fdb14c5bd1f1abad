"""Reports of what benchmarks promise: a line each, printed as it is found."""

import argparse
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from libraries import thread_counts, versions
from places import IN_MEMORY, file_system_of

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Line:
    """A promise. `found` and `needed` are in `unit`; `ratio` ones are of times, more is better."""

    what: str
    found: float
    needed: float
    unit: str
    at_least: bool = False
    beside: str = ""

    @property
    def kept(self) -> bool:
        return self.found >= self.needed if self.at_least else self.found <= self.needed

    def text(self) -> str:
        sign = ">=" if self.at_least else "<="
        kept = "yes" if self.kept else "NO"
        return f"| {self.what} | {self.found:.3g} {self.unit} | {sign} {self.needed:.3g} | {kept} | {self.beside} |"


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms"


def beside(seconds: dict[str, float]) -> str:
    return ", ".join(f"{name} {milliseconds(value)}" for name, value in seconds.items())


def check_place(parser: argparse.ArgumentParser) -> None:
    """Ends the program where the temporary files lie in memory, in which a sync costs nothing."""
    file_system = file_system_of(Path(tempfile.gettempdir()))
    if file_system in IN_MEMORY:
        parser.error(f"{tempfile.gettempdir()} lies in memory ({file_system}): set TMPDIR, or say --in-memory")


def report(title: str, setting: str, found: Iterable[Line], path: Path | None) -> None:
    """Prints the lines as they come and, with a path, writes them all there at the end."""
    file_system = file_system_of(Path(tempfile.gettempdir()))
    lines = [
        f"# {title}",
        "",
        f"{versions()}; {thread_counts()}; {file_system}. Medians in turn. {setting}",
        "",
        "| what | found | needed | kept | beside |",
        "|---|---:|---:|---|---|",
    ]
    print("\n".join(lines), flush=True)
    for line in found:
        lines.append(line.text())
        print(lines[-1], flush=True)
    if path is not None:
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join([*lines, ""]))
