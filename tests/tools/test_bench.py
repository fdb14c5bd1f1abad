"""What the benchmarks compare: answers of the same rows, on a file system that is named."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))

from places import IN_MEMORY, file_system_of  # noqa: E402
from turns import Measured, medians  # noqa: E402

MOUNTS = r"""overlay / overlay rw 0 0
/dev/vda /disk ext4 rw 0 0
tmpfs /disk/small/my\040memory tmpfs rw 0 0
/dev/vdb / xfs rw 0 0
"""


class Answer:
    def __init__(self, rows: int) -> None:
        self.num_rows = rows


class Frame:
    def __init__(self, rows: int) -> None:
        self.height = rows


def measured(rows: int) -> Measured:
    answer = Measured(0.5)
    answer.num_rows = rows
    return answer


def test_answers_of_other_rows_end_the_run() -> None:
    tasks = {"a": lambda: Answer(3), "b": lambda: Frame(3), "c": lambda: measured(3)}
    assert medians(tasks, 1, 3)["c"] == 0.5
    for other in (lambda: Answer(2), lambda: Frame(4), lambda: measured(0), lambda: None):
        with pytest.raises(RuntimeError, match="d gives .* rows instead of 3"):
            medians(tasks | {"d": other}, 1, 3)


@pytest.mark.parametrize(
    ("folder", "kind"), [("/", "xfs"), ("/tmp", "xfs"), ("/disk/large", "ext4"), ("/disk/small/my memory/x", "tmpfs")]
)
def test_the_file_system_of_a_folder_is_named(folder: str, kind: str) -> None:
    assert file_system_of(Path(folder), MOUNTS) == kind
    assert (kind in IN_MEMORY) == (kind == "tmpfs")
