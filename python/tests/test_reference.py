"""The page of the package is what its docstrings say, and they say something of everything."""

import inspect
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

import varve

ROOT = pathlib.Path(__file__).parents[2]
PAGE = ROOT / "docs" / "python.md"


def test_the_page_is_current() -> None:
    run = subprocess.run(
        [sys.executable, ROOT / "tools" / "write_reference", "--check"], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_page_has_every_public_name() -> None:
    titles = set(re.findall(r"^### `varve\.(\w+)`", PAGE.read_text(), re.MULTILINE))
    aliases = set(re.findall(r"^\*\*`(\w+)`\*\* is ", PAGE.read_text(), re.MULTILINE))
    assert titles <= set(varve.__all__) <= titles | aliases


def public_calls() -> Iterator[tuple[str, object]]:
    for name in varve.__all__:
        thing = getattr(varve, name)
        if inspect.isfunction(thing):
            yield name, thing
        elif inspect.isclass(thing):
            yield name, thing
            for method, function in inspect.getmembers(thing, inspect.isfunction):
                if not method.startswith("_"):
                    yield f"{name}.{method}", function


# Their names say all that there is to say.
SPEAKING = {
    "Stream.to_polars",
    "Stream.to_pandas",
    "Stream.to_numpy",
    "Lake.exists",
    "ParquetFile.close",
    "Table.column_names",
}


@pytest.mark.parametrize(
    ("name", "thing"), list(public_calls()), ids=lambda case: case if isinstance(case, str) else ""
)
def test_what_is_public_is_explained(name: str, thing: object) -> None:
    assert name in SPEAKING or inspect.getdoc(thing), name
