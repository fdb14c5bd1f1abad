"""Runs the varve program and tells what came of it."""

import functools
import json
import os
import pty
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


@functools.cache
def program() -> str:
    """The program: VARVE_PROGRAM, else the newest one built under build/. There being none is a failure."""
    named = os.environ.get("VARVE_PROGRAM")
    if named:
        return named
    found = [path for path in ROOT.glob("build/**/varve") if path.is_file() and os.access(path, os.X_OK)]
    if not found:
        raise FileNotFoundError("the varve program: build it (cmake --build --preset dev) or set VARVE_PROGRAM")
    return str(max(found, key=lambda path: path.stat().st_mtime))


@dataclass
class Outcome:
    status: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Varve:
    """The program in one folder, with a lake of its own in the environment."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    prefix: list[str] = field(default_factory=list)  # words before the program's

    def __post_init__(self) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("VARVE_")}
        home = {"HOME": str(self.folder / "home"), "VARVE_LAKE": str(self.lake), "TERM": "xterm", "COLUMNS": "120"}
        inherited.pop("XDG_CONFIG_HOME", None)
        self.environment = inherited | home | self.environment

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    def start_words(self, *arguments: object) -> list[str]:
        return [*self.prefix, program(), *map(str, arguments)]

    def start(self, *arguments: object, **options: Any) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(self.start_words(*arguments), cwd=self.folder, env=self.environment, **options)

    def __call__(self, *arguments: object, stdin: str | bytes = b"", status: int = 0, **environment: str) -> Outcome:
        """Runs a command, which must end with `status`."""
        done = subprocess.run(
            self.start_words(*arguments),
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            cwd=self.folder, env=self.environment | environment, capture_output=True, check=False, timeout=120,
        )  # fmt: skip
        outcome = Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert outcome.status == status, f"{arguments}: status {outcome.status}\n{outcome.out}\n{outcome.err}"
        return outcome

    def on_terminal(self, *arguments: object, typed: str = "", **environment: str) -> Outcome:
        """Runs a command whose input and outputs are one terminal; `out` is what it shows."""
        main, terminal = pty.openpty()
        with subprocess.Popen(
            self.start_words(*arguments),
            cwd=self.folder, env=self.environment | environment, stdin=terminal, stdout=terminal, stderr=terminal,
        ) as process:  # fmt: skip
            os.close(terminal)
            if typed:
                os.write(main, typed.encode())
            shown = b""
            try:
                while piece := os.read(main, 65536):
                    shown += piece
            except OSError:  # so a terminal ends when the program is gone
                pass
            status = process.wait(timeout=60)
        os.close(main)
        return Outcome(status, shown.decode().replace("\r\n", "\n"), "")

    def write_file(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def keys(self) -> list[str]:
        return [row["key"] for row in self("ls", "-o", "json").json()]

    def rows(self, key: str, *arguments: object) -> list[dict[str, Any]]:
        return self("read", key, "-o", "json", *arguments).json()

    def state(self) -> Any:
        """All that a failed command must leave as it was: series, versions, rows, and the files that people see."""
        listing = self("ls", "-o", "json").json()
        files = {
            str(path.relative_to(self.lake)): path.stat().st_size
            for path in self.lake.rglob("*")
            if path.is_file() and ".varve" not in path.parts
        }
        return listing, files


BARS = """timestamp,open,high,low,close,volume
2024-01-01T00:00:00Z,1.0,1.5,0.5,1.25,10
2024-01-01T00:01:00Z,1.25,1.75,1.0,1.5,20
2024-01-01T00:02:00Z,1.5,2.0,1.25,1.75,30
"""


def bars(*rows: str) -> str:
    """CSV text of bars with these rows."""
    return "timestamp,open,high,low,close,volume\n" + "".join(row + "\n" for row in rows)
