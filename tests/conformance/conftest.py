"""Counts the cells of the conformance matrix: (writer or reader, column, encoding, codec, page version, nulls)."""

from collections import Counter
from collections.abc import Callable

import pytest

CELLS: Counter[str] = Counter()


@pytest.fixture(scope="session")
def count_cells() -> Callable[[str, int], None]:
    """Adds compared columns to the count of one direction of the matrix."""

    def add(direction: str, cells: int) -> None:
        CELLS[direction] += cells

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for direction, cells in sorted(CELLS.items()):
        terminalreporter.write_line(f"conformance: {cells:6d} columns compared, {direction}")
