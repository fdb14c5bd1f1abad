"""The package is typed, and its own code holds to it."""

import ast
import os
import pathlib
import subprocess
import sys

import varve
from varve import _varve

ROOT = pathlib.Path(__file__).parents[2]
SOURCE = pathlib.Path(__file__).parents[1] / "varve"


def test_the_package_is_strictly_typed() -> None:
    installed = pathlib.Path(varve.__file__).parent
    assert (installed / "py.typed").exists() and (installed / "_varve.pyi").exists()
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", "/dev/null", SOURCE],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout


USER = """
import numpy as np
import pandas
import polars as pl
import pyarrow
from typing_extensions import assert_type

import varve

with varve.open("data") as lake:
    assert_type(lake, varve.Lake[varve.Table])
    assert_type(lake.read("k", "2024-01-01"), varve.Table)
    assert_type(lake.read("k")[:5], varve.Table)
    assert_type(lake.scan("k").collect(), pl.DataFrame)
    lake.read("k", np.datetime64("2024-01-01"), pandas.Timestamp("2024-01-02"), where=pl.col("close") > 1)
plain: varve.Lake = lake
frames = varve.open("data", output="polars", naive="utc", create=False)
assert_type(frames.tail("k", 5), pl.DataFrame)
assert_type(varve.open("data", output="arrow").head("k"), pyarrow.Table)
assert_type(varve.open("data", output="pandas").read_many(["k"]), pandas.DataFrame)
"""


def test_a_lake_knows_the_type_of_what_its_reads_give(tmp_path: pathlib.Path) -> None:
    (tmp_path / "user.py").write_text(USER)
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "--cache-dir", "/dev/null", "user.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(SOURCE.parent)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout


def test_the_package_and_the_examples_are_clean_to_pyright() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--project", ROOT, "--pythonpath", sys.executable],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "0 errors, 0 warnings" in run.stdout


def declared_names(body: list[ast.stmt]) -> set[str]:
    """Functions and classes of a stub; typed dicts are shapes of plain dicts and not there when the program runs."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    found = [node for node in body if isinstance(node, kinds)]
    typed_dicts = [
        node
        for node in found
        if isinstance(node, ast.ClassDef) and [ast.unparse(base) for base in node.bases] == ["TypedDict"]
    ]
    return {node.name for node in found if node not in typed_dicts}


def public_names(thing: object) -> set[str]:
    return {name for name in vars(thing) if not name.startswith("_")}


def test_the_stub_names_what_the_extension_has() -> None:
    stub = ast.parse((pathlib.Path(varve.__file__).parent / "_varve.pyi").read_text())
    assert declared_names(stub.body) == public_names(_varve)
    for node in stub.body:
        if isinstance(node, ast.ClassDef) and hasattr(_varve, node.name):
            methods = {name for name in declared_names(node.body) if not name.startswith("_")}
            assert methods == public_names(getattr(_varve, node.name)), node.name
