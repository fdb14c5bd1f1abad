"""Long calls tell how far they are, end at Ctrl-C, and let other threads run."""

import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from conftest import make_bars

import varve
from varve._progress import _Worker


@pytest.fixture
def wide(lake: varve.Lake) -> varve.Lake:
    """A lake of several files, each of which takes a while to read."""
    random = np.random.default_rng(7)
    for at in range(4):
        bars = make_bars(0, 50_000).with_columns(
            pl.Series(f"x{column}", random.standard_normal(50_000)) for column in range(4)
        )
        lake.write(f"k{at}", bars, target_rows_per_file=1 << 14)
    lake.write("k1", lake.read("k2"), published=True)
    return lake


CALLS: dict[str, Callable[[varve.Lake, pathlib.Path, Any], object]] = {
    "verify": lambda lake, path, progress: lake.verify(progress=progress),
    "repair": lambda lake, path, progress: lake.repair(progress=progress),
    "backup": lambda lake, path, progress: lake.backup(path / "copy", progress=progress),
    "compact": lambda lake, path, progress: lake.compact("k0", 1 << 20, progress=progress),
    "diff": lambda lake, path, progress: lake.diff("k1", 1, progress=progress),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_callable_is_told_the_bytes_that_are_done(wide: varve.Lake, tmp_path: pathlib.Path, name: str) -> None:
    told: list[tuple[int, int]] = []
    CALLS[name](wide, tmp_path, lambda done, total: told.append((done, total)))
    assert told == sorted(told) and told[-1][0] == told[-1][1] > 0


def test_calls_without_an_open_lake_tell_it_too(wide: varve.Lake, tmp_path: pathlib.Path) -> None:
    told: list[str] = []

    def note(name: str) -> Callable[[int, int], None]:
        return lambda done, total: told.append(name)

    wide.backup(tmp_path / "copy")
    varve.restore_lake(tmp_path / "copy", tmp_path / "back", progress=note("restore"))
    varve.rebuild_catalog(tmp_path / "back", replace=True, progress=note("rebuild"))
    (pathlib.Path(wide.root) / "found").mkdir()
    varve.write_parquet(make_bars(0, 1_000), pathlib.Path(wide.root) / "found" / "a.parquet", sorted_by=["timestamp"])
    assert wide.adopt("found", progress=note("adopt")).series[0].rows == 1_000
    assert set(told) == {"restore", "rebuild", "adopt"}


def test_a_bar_is_shown_by_tqdm_where_it_is(
    wide: varve.Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bars: list[Any] = []

    class Bar:
        def __init__(self, **options: Any) -> None:
            self.desc, self.total, self.n = options["desc"], 0, 0
            bars.append(self)

        def __enter__(self) -> "Bar":
            return self

        def __exit__(self, *error: object) -> None:
            self.closed = True

        def update(self, more: int) -> None:
            self.n += more

    module = type(sys)("tqdm.auto")
    module.tqdm = Bar  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tqdm.auto", module)
    wide.verify(progress=True)
    (bar,) = bars
    assert bar.desc == "verify" and bar.n == bar.total > 0 and bar.closed
    assert capsys.readouterr().err == ""


def test_a_line_is_shown_without_tqdm(
    wide: varve.Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    wide.verify(progress=True)
    assert capsys.readouterr().err.startswith("verify: 100 % of ")
    wide.verify(progress=False)
    assert capsys.readouterr().err == ""


def test_what_cannot_be_told_is_refused(lake: varve.Lake) -> None:
    with pytest.raises(varve.InvalidArgumentError, match="progress 5"):
        lake.verify(progress=5)  # type: ignore[arg-type]


def data_files(lake: varve.Lake) -> list[pathlib.Path]:
    """All that lies in the lake, staged files too, but the catalog with its log and copies."""
    found = (path for path in pathlib.Path(lake.root).rglob("*") if path.is_file())
    return sorted(path for path in found if "catalog" not in str(path))


@pytest.mark.parametrize("name", CALLS)
def test_ctrl_c_ends_a_long_call_and_leaves_nothing(
    wide: varve.Lake, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The signal comes from the work itself, which goes on when this thread has heard of it."""
    workers: list[_Worker] = []

    class Noted(_Worker):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            workers.append(self)

    def tell(done: int, total: int) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        assert workers[0]._stopped.wait(30)
        told.append(time.monotonic())

    told: list[float] = []
    before = data_files(wide)
    monkeypatch.setattr(varve._progress, "_Worker", Noted)
    with pytest.raises(KeyboardInterrupt):
        CALLS[name](wide, tmp_path, tell)
    assert len(told) == 1 and time.monotonic() - told[0] < 1
    monkeypatch.undo()
    assert wide.info("k0").version == 1 and data_files(wide) == before
    assert wide.verify().clean
    assert wide.backup(tmp_path / "copy").keys == 4


INTERRUPTED = """
import sys, threading, time
import varve

def tell(done, total):
    if not began:
        began.append(True)
        print("began", flush=True)
    threading.Event().wait(0.3)

began = []
with varve.open(sys.argv[1]) as lake:
    try:
        lake.verify(progress=tell)
    except KeyboardInterrupt:
        print("stopped", flush=True)
    print(lake.verify().clean)
"""


def test_a_signal_from_outside_ends_a_long_call_within_a_second(wide: varve.Lake) -> None:
    """Without it the call would take as long as its 16 files wait in their progress."""
    command = [sys.executable, "-c", INTERRUPTED, wide.root]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as child:
        assert child.stdout is not None and child.stdout.readline() == "began\n"
        sent = time.monotonic()
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "stopped\n" and time.monotonic() - sent < 1
        assert child.stdout.read() == "True\n" and child.wait() == 0


def test_errors_come_out_of_a_long_call(wide: varve.Lake) -> None:
    with pytest.raises(varve.DataNotFoundError, match="nothing"):
        wide.verify("nothing", progress=lambda done, total: None)

    def fail(done: int, total: int) -> None:
        raise RuntimeError("the bar broke")

    with pytest.raises(RuntimeError, match="the bar broke"):
        wide.verify(progress=fail)


def test_threads_that_are_not_the_main_one_do_long_calls_too(wide: varve.Lake) -> None:
    clean: list[bool] = []
    told: list[int] = []

    def verify() -> None:
        clean.append(wide.verify(progress=lambda done, total: told.append(done)).clean)

    thread = threading.Thread(target=verify)
    thread.start()
    thread.join()
    assert clean == [True] and told


@pytest.mark.parametrize("verb", ["read", "write", "replay", "read_parquet"])
def test_other_threads_run_while_the_engine_works(lake: varve.Lake, tmp_path: pathlib.Path, verb: str) -> None:
    """No thread is made to give up the GIL here: what this one counts, it counts while the engine has let it go."""
    columns = {f"x{at}": np.random.default_rng(at).standard_normal(400_000) for at in range(8)}
    table = varve.Table({"timestamp": make_bars(0, 400_000)["timestamp"], **columns})
    lake.write("k", table)
    varve.write_parquet(table, tmp_path / "k.parquet")
    calls: dict[str, Callable[[], object]] = {
        "read": lambda: [lake.read("k") for _ in range(20)],
        "write": lambda: lake.write("new", table),
        "replay": lambda: [len(part) for part in lake.replay(["k"], batch_rows=1 << 18)],
        "read_parquet": lambda: [varve.read_parquet(tmp_path / "k.parquet") for _ in range(20)],
    }
    finished = threading.Event()
    counted = 0

    def work() -> None:
        calls[verb]()
        finished.set()

    before = sys.getswitchinterval()
    sys.setswitchinterval(1_000)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        while not finished.wait(0.001):
            counted += 1
        thread.join()
    finally:
        sys.setswitchinterval(before)
    assert counted >= 3


FORKED = """
import os, sys
import varve

lake = varve.open(sys.argv[1])
stream = lake.replay(lake.list_keys())
child = os.fork()
if child == 0:
    for call in (lake.list_keys, lambda: lake.read("k0"), lambda: next(stream), lake.verify, lambda: lake.scan("k0")):
        try:
            call()
            os._exit(1)
        except varve.ForkedHandleError as error:
            assert "fork" in str(error), error
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(lake.read("k0")))
"""


def test_a_forked_child_gets_a_clear_error_from_every_call(wide: varve.Lake) -> None:
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED, wide.root], capture_output=True, text=True)
    assert run.stdout == "0 50000\n", run.stderr
