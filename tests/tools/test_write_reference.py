"""The reference of the Python package says what the sources say."""

import ast
from pathlib import Path

from loading import load

reference = load("write_reference")

SOURCE = '''"""Gaps of series.

More of them.
"""

Closed = Literal["both", "left"]
"""Which ends
are inside."""

_hidden = 5
"""Nobody sees it."""


@dataclass(frozen=True)
class Gap:
    """A stretch without ``bars``."""

    first: int
    """Nanoseconds UTC."""
    last: "int | None"


def find(key: str, *names: str, closed: Closed = "both", **more: int) -> list[Gap]:
    """Lists the
    gaps.

    >>> find("k")
    [Gap(1, 2)]
    """
'''


def test_a_module_is_read_without_being_run(tmp_path: Path) -> None:
    (tmp_path / "gaps.py").write_text(SOURCE)
    module = reference.read_module(tmp_path / "gaps.py")
    assert module.summary.splitlines()[0] == "Gaps of series." and list(module.definitions) == ["Gap", "find"]
    assert module.aliases == {"Closed": ("Literal['both', 'left']", "Which ends are inside.")}


def test_the_page_has_signatures_fields_and_prose(tmp_path: Path) -> None:
    (tmp_path / "gaps.py").write_text(SOURCE)
    text = reference.Page([reference.read_module(tmp_path / "gaps.py")]).text("All.", ["Gap", "find"])
    assert text.startswith("# The Python package `varve`\n\nAll.\n") and "\n## Gaps of series\n" in text
    assert "A stretch without `bars`.\n\n- `first: int`: Nanoseconds UTC.\n- `last: int | None`\n" in text
    assert 'varve.find(key: str, *names: str, closed: Closed = "both", **more: int) -> list[Gap]' in text
    assert 'Lists the gaps.\n\n```python\nfind("k")\n[Gap(1, 2)]\n```' in text
    assert text.index("### `varve.find`") < text.index("### `varve.Gap`")
    assert '**`Closed`** is `Literal["both", "left"]`. Which ends are inside.' in text


def test_long_signatures_have_a_line_for_each_parameter() -> None:
    names = [f"{letter * 20}: int" for letter in "abcdef"]
    (function,) = ast.parse(f"def call(self, {', '.join(names)}) -> None: ...").body
    lines = reference.signature("call", function, method=True).splitlines()
    assert lines[1:-1] == ["call(", *(f"    {name}," for name in names), ") -> None"]
