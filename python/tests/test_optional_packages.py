"""Varve works without the libraries that it works with, and says which one a call needs."""

import pathlib
import subprocess
import sys

import pytest

import varve

PACKAGES = ["numpy", "polars", "pandas", "pyarrow", "duckdb", "tqdm"]

ALONE = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[2].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
import datetime
import varve

times = [datetime.datetime(2024, 3, 5, hour, tzinfo=datetime.UTC) for hour in range(24)]
with varve.open(sys.argv[1]) as lake:
    lake.upsert("k", {"timestamp": times} | {name: [1.5] * 24 for name in ("open", "high", "low", "close")})
    lake.append("trades", iter([{"timestamp": times[:3], "price": [1.0, 2.0, 3.0], "size": [1, 2, 3]}]))
    table = lake.read("k", "2024-03-05", "2024-03-05T11:59:59Z", columns=["timestamp", "close"], where="close > 1")
    assert len(table) == 12 and "12 rows" in repr(table) and "12 rows" in table._repr_html_()
    assert sum(len(part) for part in lake.read_batches("k", batch_rows=5)) == 24
    assert len(varve.Table([table, table])) == 24
    assert lake.verify(progress=True).clean
    assert varve.Table(table) == table
loaded = sorted(name for name in sys.argv[2].split(",") if name in sys.modules)
assert not loaded, loaded
"""


def test_importing_varve_imports_none_of_them() -> None:
    program = f"import sys, varve; print([name for name in {PACKAGES} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_a_lake_works_without_any_of_them(tmp_path: pathlib.Path) -> None:
    arguments = [sys.executable, "-c", ALONE, tmp_path / "lake", ",".join(PACKAGES)]
    run = subprocess.run(arguments, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    ("call", "package"),
    [
        ("to_polars", "polars"),
        ("to_arrow", "pyarrow"),
        ("to_pandas", "pandas"),
        ("to_pandas", "pyarrow"),
        ("to_numpy", "numpy"),
    ],
)
def test_a_call_names_the_package_that_it_needs(monkeypatch: pytest.MonkeyPatch, call: str, package: str) -> None:
    table = varve.Table({"a": [1]})
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=f"{call} needs {package}: pip install {package}") as raised:
        getattr(table, call)()
    assert raised.value.name == package


def test_scan_names_the_package_that_it_needs(lake: varve.Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.write("k", {"a": [1]})
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match="scan needs polars: pip install polars"):
        lake.scan("k")


@pytest.mark.parametrize("output", ["polars", "pandas", "arrow"])
def test_a_lake_whose_output_is_not_installed_says_so_when_it_reads(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, output: varve._lake.Output
) -> None:
    package = {"polars": "polars", "pandas": "pandas", "arrow": "pyarrow"}[output]
    with varve.open(tmp_path / "lake", output=output) as lake:
        lake.write("k", {"a": [1]})
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(ImportError, match=f"pip install {package}"):
            lake.read("k")
