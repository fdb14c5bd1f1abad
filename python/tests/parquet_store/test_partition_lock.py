"""One writer a key: the lock as an object, and writes that meet it."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from parquet_store.frames import rows
from varve.parquet_store import ConcurrentWriteError, ParquetStore, ParquetStoreConfig, PartitionLock

LOCKED = "partition is locked by another writer"
IN_CHILD = """
import sys
from pathlib import Path
from varve.parquet_store import PartitionLock
lock = PartitionLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def impatient(store: ParquetStore) -> ParquetStore:
    store.config = ParquetStoreConfig(lock_timeout_seconds=0)
    return store


def lock_of(store: ParquetStore, key: str = "k") -> PartitionLock:
    return PartitionLock(store._key_to_path(key))


def test_a_writer_of_a_locked_key_is_refused(impatient: ParquetStore) -> None:
    impatient.write("k", rows([0]))
    with lock_of(impatient):
        for change in (
            lambda: impatient.write("k", rows([1])),
            lambda: impatient.write("k", rows([1]), mode="overwrite"),
            lambda: impatient.delete("k"),
        ):
            with pytest.raises(ConcurrentWriteError, match=LOCKED):
                change()
        assert impatient.read("k").equals(rows([0]))
        impatient.write("other", rows([0]))
    impatient.write("k", rows([1]))


def test_a_key_is_locked_before_it_has_data(impatient: ParquetStore) -> None:
    with lock_of(impatient, "a b/=x"), pytest.raises(ConcurrentWriteError, match=LOCKED):
        impatient.write("a b/=x", rows([0]))
    impatient.write("a b/=x", rows([0]))


def test_a_lock_is_held_by_one(store: ParquetStore) -> None:
    lock, other = lock_of(store), lock_of(store)
    lock.acquire()
    for refused in (lock, other):
        with pytest.raises(ConcurrentWriteError, match=LOCKED):
            refused.acquire()
    lock.release()
    other.acquire()
    other.release()


def test_acquire_does_not_wait(store: ParquetStore) -> None:
    with lock_of(store):
        started = time.monotonic()
        with pytest.raises(ConcurrentWriteError):
            PartitionLock(store._key_to_path("k"), timeout=30).acquire()
        assert time.monotonic() - started < 10


def test_release_without_acquire_does_nothing(store: ParquetStore) -> None:
    lock = lock_of(store)
    lock.release()
    lock.acquire()
    lock.release()
    lock.release()


def test_a_lock_that_nobody_holds_any_more_is_free(impatient: ParquetStore) -> None:
    lock = lock_of(impatient)
    lock.acquire()
    del lock
    impatient.write("k", rows([0]))


def test_a_lock_ends_with_its_process(impatient: ParquetStore) -> None:
    impatient.write("k", rows([0]))
    command = [sys.executable, "-c", IN_CHILD, str(impatient._key_to_path("k"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline() == b"held\n"
        with pytest.raises(ConcurrentWriteError, match=LOCKED):
            impatient.write("k", rows([1]))
        with pytest.raises(ConcurrentWriteError, match=LOCKED):
            lock_of(impatient).acquire()
        child.kill()
    impatient.write("k", rows([1]))


def test_a_writer_waits_for_the_lock_as_long_as_it_is_told(store: ParquetStore) -> None:
    store.config = ParquetStoreConfig(lock_timeout_seconds=20)
    lock = lock_of(store)
    lock.acquire()
    writer = threading.Thread(target=store.write, args=("k", rows([0])))
    writer.start()
    writer.join(timeout=0.3)
    assert writer.is_alive() and not store.exists("k")
    lock.release()
    writer.join(timeout=20)
    assert store.read("k").equals(rows([0]))


def test_a_time_out_of_one_second_is_one_second(store: ParquetStore) -> None:
    store.config = ParquetStoreConfig(lock_timeout_seconds=1)
    with lock_of(store):
        started = time.monotonic()
        with pytest.raises(ConcurrentWriteError, match=LOCKED):
            store.write("k", rows([0]))
        assert 0.9 < time.monotonic() - started < 15


def test_a_lock_file_without_a_holder_is_no_lock(impatient: ParquetStore) -> None:
    directory = impatient._key_to_path("k")
    directory.mkdir()
    for name in (".lock", "k.lock", "lock"):
        (directory / name).write_text(str(1))
    impatient.write("k", rows([0]))
    impatient.write("k", rows([1]))
    assert impatient.read("k").equals(rows([0, 1]))


def test_a_lock_from_before_there_is_a_lake_counts(tmp_path: Path) -> None:
    with PartitionLock(tmp_path / "store" / "k"):
        store = ParquetStore(tmp_path / "store", ParquetStoreConfig(lock_timeout_seconds=0))
        with pytest.raises(ConcurrentWriteError, match=LOCKED):
            store.write("k", rows([0]))
    store.write("k", rows([0]))
