"""The package goes with pandas 2 too, which lies beside the environment."""

import os
import pathlib
import subprocess
import sys

import pytest

import varve

TESTS = pathlib.Path(__file__).parent
PANDAS2 = TESTS.parents[1] / ".deps" / "pandas2"


@pytest.mark.skipif(not PANDAS2.exists(), reason="tools/setup has not put pandas 2 into .deps")
def test_what_is_tested_of_frames_holds_with_pandas_2() -> None:
    package = pathlib.Path(varve.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (PANDAS2, package)))}
    found = "import pandas, sys; sys.exit(not pandas.__version__.startswith('2.'))"
    assert subprocess.run([sys.executable, "-c", found], env=environment).returncode == 0
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", TESTS / "test_inputs.py", TESTS / "test_arrays.py"],
        cwd=TESTS.parents[1],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout
