"""The lines of the README run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

from program import ROOT, program


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def run(folder: Path, *words: str) -> str:
    """What the lines show, in a folder beside the examples."""
    (folder / "examples").symlink_to(ROOT / "examples")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VARVE_")}
    environment["PATH"] = f"{Path(program()).parent}:{environment['PATH']}"
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_first_lines(tmp_path: Path) -> None:
    first = blocks("")[0]
    lines = [line.removeprefix("$ ") for line in first.splitlines() if line.startswith("$ ")]
    shown = [line for line in first.splitlines() if not line.startswith("$ ")]
    assert run(tmp_path, "sh", "-ec", "\n".join(lines)).splitlines()[-len(shown) :] == shown


def test_shell_lines(tmp_path: Path) -> None:
    lines = next(block for block in blocks("sh") if "varve import" in block)
    assert "2024-03-05T10:00:00Z,1.085,1.0862,1.0841,1.0853" in run(tmp_path, "sh", "-ec", lines)


def test_python_lines(tmp_path: Path) -> None:
    assert "1.0853" in run(tmp_path, sys.executable, "-c", blocks("python")[0])
