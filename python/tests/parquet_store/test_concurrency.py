"""Several stores, threads and processes over one directory."""

import gc
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from parquet_store.frames import at, rows
from varve.parquet_store import ParquetStore, ParquetStoreConfig
from varve.parquet_store._open_lakes import open_lake

PROOF = Path(__file__).parents[3] / "tests/crash/parquet_store_traffic.py"

OVERWRITE_FOREVER = """
import sys
sys.path.insert(0, sys.argv[2])
from parquet_store.frames import rows
from varve.parquet_store import ParquetStore
store = ParquetStore(sys.argv[1])
while True:
    for count in (300, 500):
        store.write("k", rows(range(count)), mode="overwrite")
        print(count, flush=True)
"""


def all_of(*works: Callable[[], object]) -> None:
    """Runs them side by side; raises what one of them raises."""
    errors: list[BaseException] = []

    def guarded(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_stores_over_one_directory_share_its_lake(tmp_path: Path) -> None:
    stores = [ParquetStore(tmp_path), ParquetStore(tmp_path / "x" / "..")]
    assert stores[0]._lake() is stores[1]._lake() is open_lake(stores[0].data_root, 30)


def test_a_lake_is_closed_with_its_last_store(tmp_path: Path) -> None:
    store = ParquetStore(tmp_path)
    store.write("k", rows([0]))
    before = open_descriptors(tmp_path)
    del store
    gc.collect()
    assert before and not open_descriptors(tmp_path)


def open_descriptors(folder: Path) -> list[str]:
    """Files below the folder that this process has open."""
    found = []
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        except FileNotFoundError:
            continue
    return [path for path in found if path.startswith(f"{folder}/")]


def test_a_directory_that_was_made_anew_is_a_new_store(tmp_path: Path) -> None:
    old = ParquetStore(tmp_path / "data")
    old.write("k", rows([0]))
    os.rename(tmp_path / "data", tmp_path / "away")
    new = ParquetStore(tmp_path / "data")
    assert new.list_keys() == []
    new.write("other", rows([0]))
    assert new.list_keys() == ["other"] and os.listdir(tmp_path / "away" / "k")


def test_stores_see_each_others_writes(tmp_path: Path) -> None:
    first, second = ParquetStore(tmp_path), ParquetStore(tmp_path, ParquetStoreConfig(lock_timeout_seconds=5))
    first.write("k", rows([0]))
    second.write("k", rows([1]))
    assert first.read("k").equals(rows([0, 1])) and second.read("k").equals(rows([0, 1]))


def test_threads_append_without_losing_rows(store: ParquetStore) -> None:
    def append(writer: int) -> None:
        for step in range(10):
            store.write("k", rows([writer * 100 + step]))

    all_of(*(lambda writer=writer: append(writer) for writer in range(4)))
    expected = [writer * 100 + step for writer in range(4) for step in range(10)]
    assert store.read("k").equals(rows(expected))


def test_threads_that_make_one_key_lose_no_rows(store: ParquetStore) -> None:
    all_of(*(lambda writer=writer: store.write("k", rows([writer])) for writer in range(8)))
    assert store.read("k").equals(rows(range(8)))


def test_threads_that_make_one_key_of_other_columns_lose_no_rows(store: ParquetStore) -> None:
    columns: list[dict[str, list[object]]] = [
        {"a": [1]},
        {"symbol": ["x"]},
        {"symbol": ["x"], "provider": ["y"]},
        {"provider": ["z"], "b": [2.5]},
    ]
    all_of(*(lambda at=at: store.write("k", rows([at], **columns[at % 4])) for at in range(8)))
    read = store.read("k")
    assert read["timestamp"].to_list() == [at(minute) for minute in range(8)]
    assert read["symbol"].to_list() == [None, "x", "x", None] * 2
    assert read["provider"].to_list() == [None, None, "y", "z"] * 2


def test_overwrites_by_threads_leave_one_of_them(store: ParquetStore) -> None:
    frames = [rows(range(at, at + 5), close=[at] * 5) for at in range(6)]
    all_of(*(lambda frame=frame: store.write("k", frame, mode="overwrite") for frame in frames))
    assert any(store.read("k").equals(frame) for frame in frames)


def test_numbers_that_are_widened_by_several_writers_lose_no_rows(store: ParquetStore) -> None:
    store.write("k", rows([0], close=pl.Series([0], dtype=pl.UInt64)))
    kinds = [pl.Int64, pl.Float64, pl.UInt64, pl.Int8]
    all_of(
        *(
            lambda at=at, kind=kind: store.write("k", rows([at], close=pl.Series([at], dtype=kind)))
            for at, kind in enumerate(kinds, 1)
        )
    )
    assert store.read("k")["close"].to_list() == [0, 1, 2, 3, 4]


def test_readers_see_whole_versions_during_overwrites(store: ParquetStore) -> None:
    store.write("k", rows(range(300)))
    command = [sys.executable, "-c", OVERWRITE_FOREVER, str(store.data_root), str(Path(__file__).parents[1])]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None and writer.stdout.readline()
        for _ in range(200):
            read = store.read("k")
            assert read.equals(rows(range(300))) or read.equals(rows(range(500)))
        writer.kill()


def test_readers_see_whole_versions_while_a_key_becomes_another(store: ParquetStore) -> None:
    one, other = rows(range(50)), rows(range(80), symbol=["a"] * 80)
    store.write("k", one)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(lambda: [store.write("k", frame, mode="overwrite") for frame in [other, one] * 15])
        while not writing.done():
            read = store.read("k")
            assert read.equals(one) or read.equals(other)
        writing.result()


def test_a_killed_writer_leaves_whole_versions_and_no_new_keys(store: ParquetStore) -> None:
    command = [sys.executable, "-c", OVERWRITE_FOREVER, str(store.data_root), str(Path(__file__).parents[1])]
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None and writer.stdout.readline()
            writer.send_signal(signal.SIGKILL)
        assert store.list_keys() == ["k"] and store.read("k").height in (300, 500)
    store.write("k", rows([1_000]))
    assert store.read_latest("k")["timestamp"].to_list() == [at(1_000)]


def append_in_child(store: ParquetStore, minute: int) -> None:
    store.write("k", rows([minute]))
    store.write("k", rows([minute + 100]))


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_store_goes_on_in_a_child(store: ParquetStore, method: str) -> None:
    store.write("k", rows([0]))
    context = multiprocessing.get_context(method)
    child = context.Process(target=append_in_child, args=(store, 1))  # type: ignore[attr-defined]
    child.start()
    child.join()
    assert child.exitcode == 0 and store.read("k").equals(rows([0, 1, 101]))
    store.write("k", rows([2]))


def test_the_traffic_proof_notices_what_is_wrong() -> None:
    proof = runpy.run_path(str(PROOF))
    fault_of, frame_of = proof["fault_of"], proof["frame_of"]
    whole = frame_of(range(4 * proof["ROWS_OF_A_WRITE"]))
    assert fault_of(whole, whole.height) is None
    assert "0 rows" in fault_of(whole.clear(), 0)
    assert "200 rows after 201" in fault_of(whole, 201)
    assert "part of a write" in fault_of(whole[:-1], 0)
    assert "out of order" in fault_of(whole.reverse(), 0)
    assert "twice" in fault_of(pl.concat([whole, whole[-1:]]), 0)
    assert "another one" in fault_of(whole.with_columns(minute=pl.lit(0)), 0)


def test_traffic_of_writers_and_readers_is_sound(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, PROOF, "3", "--folder", tmp_path], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert " 0 wrong" in run.stdout
