"""What tools/test and tools/prove count, and that nothing that went wrong is counted as well."""

import json
import sys
from pathlib import Path

import pytest
from loading import load

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def runner():
    return load("test")


@pytest.fixture(scope="module")
def prover():
    return load("prove")


@pytest.fixture
def run_fake(runner, tmp_path, monkeypatch):
    """Runs a test program that writes a report with these tests (None: writes none) and then does `ending`."""
    monkeypatch.setattr(runner, "REPORTS", tmp_path)

    def run(tests: list[dict] | None, ending: str = "pass", **part: int):
        report = json.dumps({"testsuites": [{"testsuite": tests}]}) if tests is not None else None
        program = tmp_path / "fake.py"
        program.write_text(
            "import os, signal, sys\n"
            f"report = {report!r}\n"
            "path = sys.argv[1].removeprefix('--gtest_output=json:')\n"
            "if report: open(path, 'w').write(report)\n"
            f"{ending}\n"
        )
        return runner.run_program("fake_test", [sys.executable, str(program)], **part)

    return run


def gtest(name: str, result: str = "COMPLETED", status: str = "RUN", failures: tuple[str, ...] = ()) -> dict:
    return {"classname": "Suite", "name": name, "result": result, "status": status, "failures": list(failures)}


def test_tests_are_counted_by_their_outcome(run_fake):
    results = run_fake([gtest("A"), gtest("B", failures=("no",)), gtest("C", result="SKIPPED")], "sys.exit(1)")
    assert results.passed == 1
    assert results.failures == ["fake_test: Suite.B"]
    assert results.skips == ["fake_test: Suite.C"]


def test_disabled_test_counts_as_skipped(run_fake):
    assert run_fake([gtest("A"), gtest("B", result="SUPPRESSED", status="NOTRUN")]).skips == ["fake_test: Suite.B"]


def test_a_part_of_a_program_is_one_of_its_shards(run_fake):
    is_second = "sys.exit((os.environ['GTEST_SHARD_INDEX'], os.environ['GTEST_TOTAL_SHARDS']) != ('1', '4'))"
    assert not run_fake([gtest("A")], is_second, part=2, parts=4).failures
    assert run_fake([gtest("A")], is_second, part=3, parts=4).failures == ["fake_test, part 3 of 4: exit status 1"]


def test_program_that_dies_fails(run_fake):
    assert run_fake(None, "os.kill(os.getpid(), signal.SIGSEGV)").failures == ["fake_test: died of SIGSEGV"]


def test_program_that_dies_after_its_report_fails(run_fake):
    results = run_fake([gtest("A")], "os.abort()")
    assert (results.passed, results.failures) == (1, ["fake_test: died of SIGABRT"])


def test_program_without_tests_fails(run_fake):
    assert run_fake([]).failures == ["fake_test: holds no test"]


def test_plain_program_is_one_test(run_fake):
    assert run_fake(None).passed == 1


def test_old_report_is_not_read_again(run_fake):
    run_fake([gtest("A")])
    assert run_fake(None, "sys.exit(3)").failures == ["fake_test: exit status 3"]


def test_program_that_hangs_is_stopped(runner, run_fake, monkeypatch):
    monkeypatch.setattr(runner, "PROGRAM_SECONDS_MAX", 0.2)
    assert "took longer" in run_fake(None, "signal.pause()").failures[0]


@pytest.mark.parametrize(
    ("command", "counts"),
    [
        ("echo 3 passed, 0 failed, 1 skipped", (3, 0, 1)),
        ("echo 3 passed, 2 failed, 1 skipped; exit 1", (3, 2, 1)),
        ("echo 3 passed, 0 failed, 0 skipped; exit 1", (3, 1, 0)),
        ("true", (1, 0, 0)),
        ("false", (0, 1, 0)),
    ],
)
def test_proofs_are_counted(prover, command, counts):
    assert prover.run_proof(command) == counts


def test_unknown_proof_is_refused(prover, capsys):
    assert prover.main(["no_such"]) == 2
    assert "no proof named no_such" in capsys.readouterr().err


def test_every_proof_says_what_and_how():
    prover = load("prove")
    proofs = prover.tomllib.loads((ROOT / "tools/proofs.toml").read_text())
    assert all(set(proof) == {"what", "run", "minutes"} for proof in proofs.values())
