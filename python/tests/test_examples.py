"""The examples run, and the README quotes nothing else."""

import pathlib
import re
import subprocess
import sys

import nbclient
import nbformat
import pytest

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_examples_run(example: pathlib.Path, tmp_path: pathlib.Path) -> None:
    run = subprocess.run([sys.executable, example], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("language", ["cpp", "python"])
def test_readme_quotes_examples_that_are_run(language: str) -> None:
    suffix = {"cpp": ".cpp", "python": ".py"}[language]
    examples = [path.read_text() for path in (ROOT / "examples").glob(f"*{suffix}")]
    snippets = re.findall(rf"```{language}\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert snippets
    for snippet in snippets:
        lines = [line.strip() for line in snippet.splitlines() if line.strip()]
        assert any(all(line in example for line in lines) for example in examples), snippet


def test_the_quick_start_notebook_runs(tmp_path: pathlib.Path) -> None:
    """A cell that fails raises; the notebook is kept without what its cells print."""
    notebook = nbformat.read(ROOT / "docs" / "quickstart.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert cells and not any(cell.outputs or cell.execution_count for cell in cells)
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": tmp_path}}).execute()
    shown = [output["data"] for cell in cells for output in cell.outputs if "data" in output]
    assert any("text/html" in data for data in shown)
