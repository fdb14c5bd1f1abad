"""Runs varve_parquet_tool, the program by which these tests see what Varve reads and writes."""

import functools
import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def tool() -> str:
    """The program: VARVE_PARQUET_TOOL, else the newest one built under build/. There being none is a failure."""
    named = os.environ.get("VARVE_PARQUET_TOOL")
    if named:
        return named
    built = sorted(ROOT.glob("build/**/varve_parquet_tool"), key=lambda path: path.stat().st_mtime)
    if not built:
        raise FileNotFoundError("varve_parquet_tool: build it (cmake --build --preset dev) or set VARVE_PARQUET_TOOL")
    return str(built[-1])


def run_tool(*arguments: object) -> str:
    result = subprocess.run([tool(), *map(str, arguments)], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"varve_parquet_tool {' '.join(map(str, arguments))}: {result.stderr.strip()}")
    return result.stdout


def dump(path: object, *arguments: object) -> dict[str, dict[str, Any]]:
    """Columns by name: type, nullable, values."""
    shown = json.loads(run_tool("dump", path, *arguments))
    assert all(len(column["values"]) == shown["rows"] for column in shown["columns"])
    return {column["name"]: column for column in shown["columns"]}


def rewrite(path: object, out: object, compression: str = "auto", rows_per_group: int = 300) -> None:
    """Several groups and pages even for small tables."""
    run_tool("rewrite", path, out, compression, rows_per_group)
