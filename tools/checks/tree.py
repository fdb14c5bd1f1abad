"""The files of the tree, their text and their includes."""

import re
import subprocess
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
CPP = (".h", ".cpp")
SCRIPTS = ("tools/", ".ci/")


@dataclass(frozen=True)
class Include:
    file: str
    line: int
    name: str
    quoted: bool

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def folder(self) -> str | None:
        """The folder of ours that is included, if it is one of ours."""
        parts = self.name.split("/")
        return parts[1] if len(parts) > 2 and parts[0] == "varve" else None


class Tree:
    """A directory and those of its files that belong to the project (paths relative to it, with slashes)."""

    def __init__(self, root: Path, files: list[str] | None = None) -> None:
        self.root = root
        self.files = sorted(self._listed() if files is None else files)
        self._texts: dict[str, str | None] = {}

    def _listed(self) -> list[str]:
        # With the files that git does not know yet, so that they are checked before their first commit.
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True).stdout.split("\0")
        return [name for name in set(names) if name and (self.root / name).is_file()]

    def text(self, file: str) -> str | None:
        """The text of a file; None if it is not text."""
        if file not in self._texts:
            try:
                self._texts[file] = (self.root / file).read_bytes().decode()
            except UnicodeDecodeError:
                self._texts[file] = None
        return self._texts[file]

    def lines(self, file: str) -> list[str]:
        return (self.text(file) or "").split("\n")

    def select(self, *suffixes: str, under: tuple[str, ...] | str = "") -> list[str]:
        return [file for file in self.files if file.endswith(suffixes) and file.startswith(under)]

    @cached_property
    def cpp(self) -> list[str]:
        return self.select(*CPP)

    @cached_property
    def python(self) -> list[str]:
        """Python files, those without a suffix too."""
        scripts = [file for file in self.files if file.startswith(SCRIPTS) and "." not in Path(file).name]
        return self.select(".py") + [file for file in scripts if self.lines(file)[0].endswith("python3")]

    @cached_property
    def includes(self) -> list[Include]:
        found = []
        for file in self.cpp:
            text = self.text(file) or ""
            for match in INCLUDE.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                found.append(Include(file, line, match.group(2), match.group(1) == '"'))
        return found

    @cached_property
    def floors(self) -> dict:
        return tomllib.loads((self.root / "tools/floors.toml").read_text())

    @cached_property
    def folders(self) -> dict[str, dict]:
        return self.floors["folders"]


def source_folder(file: str) -> str | None:
    """The folder of the floors' table that a source or header belongs to: src/varve/<folder>/ or python/src/."""
    parts = file.split("/")
    if parts[:2] == ["src", "varve"] and len(parts) > 3:
        return parts[2]
    return "python" if parts[:2] == ["python", "src"] else None


def tested_folder(file: str) -> str | None:
    """The folder whose unit test a file is."""
    parts = file.split("/")
    return parts[2] if parts[:2] == ["tests", "unit"] and len(parts) > 3 else None


def edges(tree: Tree) -> list[tuple[str, str]]:
    """The arrows between folders that the includes of their sources and headers make."""
    found = {(source_folder(include.file), include.folder) for include in tree.includes}
    return sorted((a, b) for a, b in found if a and b and a != b)
