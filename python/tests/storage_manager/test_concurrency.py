"""Several stores, threads and processes over one directory."""

import itertools
import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from storage_manager.frames import bars, query, saved_form
from varve.errors import DataNotFoundError
from varve.storage_manager import StorageManager

TESTS = Path(__file__).parents[1]
FIRST, LAST = datetime(2000, 1, 1), datetime(2100, 1, 1)

SAVE = """
import sys
sys.path.insert(0, sys.argv[2])
from storage_manager.frames import bars
from varve.storage_manager import StorageManager
storage = StorageManager(sys.argv[1])
number = int(sys.argv[3])
for day in range(1, 6):
    storage.save_ohlcv_data(bars(f"2022-0{number}-0{day}", 24), "EUR_USD")
    storage.save_ohlcv_data(bars(f"2022-0{number}-0{day}", 24), f"OWN_{number}")
    storage.save_ohlcv_data(bars(f"2022-05-{3 * day + number:02d}", 24), "ONE_MONTH")
    storage.log_fetch_run("EUR_USD", records_fetched=24)
"""

SAVE_FOREVER = """
import sys
sys.path.insert(0, sys.argv[2])
from storage_manager.frames import bars
from varve.storage_manager import StorageManager
storage = StorageManager(sys.argv[1])
for day in range(10_000):
    storage.save_ohlcv_data(bars("2022-01-01", 24, close=float(day)), "EUR_USD")
    print(day, flush=True)
"""


def test_processes_save_side_by_side(tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", SAVE, str(tmp_path), str(TESTS)]
    processes = [subprocess.Popen([*arguments, str(number)]) for number in (1, 2, 3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    storage = StorageManager(tmp_path)
    for instrument in ("EUR_USD", "ONE_MONTH"):
        assert len(storage.load_data_by_date_range("ohlcv", FIRST, LAST, instrument)) == 360
    assert query(storage, "SELECT count(*), sum(record_count) FROM data_files") == [(7, 1080)]
    assert query(storage, "SELECT id FROM fetch_runs ORDER BY id") == [(id,) for id in range(1, 16)]
    assert all(storage.verify_data_integrity().values())


def test_the_registry_has_what_all_threads_saved(storage: StorageManager) -> None:
    names = [f"PAIR_{number}" for number in range(8)]
    threads = [threading.Thread(target=storage.save_ohlcv_data, args=(bars(), name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert query(storage, "SELECT instrument FROM data_files ORDER BY 1") == [(name,) for name in names]


def test_a_killed_writer_leaves_a_store_whose_registry_is_made_up_for(tmp_path: Path) -> None:
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", SAVE_FOREVER, str(tmp_path), str(TESTS)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        acknowledged = [float(writer.stdout.readline()) for _ in range(5)][-1]
        writer.kill()
        rest = writer.communicate()[0].split()
        acknowledged = max([acknowledged, *map(float, rest)])
        storage = StorageManager(tmp_path)
        found = storage.load_data_by_date_range("ohlcv", FIRST, LAST, "EUR_USD")
        close = found["close"].iloc[0]
        assert close in (acknowledged, acknowledged + 1)
        assert_frame_equal(found, saved_form(bars("2022-01-01", 24, close=close), "EUR_USD"))
        assert list(storage.verify_data_integrity().values()) == [True]


def test_what_is_saved_while_it_is_verified_is_no_damage(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars("2022-01-01", 24 * 50), "EUR_USD")
    is_over = threading.Event()

    def save() -> None:
        for close in itertools.takewhile(lambda _: not is_over.is_set(), itertools.count(2.0)):
            storage.save_ohlcv_data(bars("2022-01-20", 24 * 30, close), "EUR_USD")

    saver = threading.Thread(target=save)
    saver.start()
    try:
        results = [storage.verify_data_integrity() for _ in range(10)]
    finally:
        is_over.set()
        saver.join()
    assert all(len(found) == 2 and all(found.values()) for found in results)


def test_a_forked_child_reads_and_writes(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars(), "EUR_USD")
    child = os.fork()
    if child == 0:
        try:
            rows = len(storage.load_data_by_date_range("ohlcv", FIRST, LAST))
            storage.save_ohlcv_data(bars("2022-02-01"), "EUR_USD")
            os._exit(0 if rows == 48 else 1)
        except BaseException:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(storage.load_data_by_date_range("ohlcv", FIRST, LAST)) == 96


def count_rows(storage: StorageManager) -> int:
    return len(storage.load_data_by_date_range("ohlcv", FIRST, LAST))


def test_a_store_goes_to_other_processes(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars(), "EUR_USD")
    assert repr(pickle.loads(pickle.dumps(storage))) == repr(storage)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(count_rows, (storage,)) == 48


def test_stores_over_one_directory_share_its_lake(storage: StorageManager) -> None:
    assert StorageManager(storage.data_root)._lake() is storage._lake()


def test_a_store_that_was_moved_away_refuses_to_go_on(storage: StorageManager, tmp_path: Path) -> None:
    storage.save_ohlcv_data(bars(), "EUR_USD")
    storage.data_root.rename(tmp_path / "moved")
    calls: list[Callable[[], object]] = [
        lambda: storage.save_ohlcv_data(bars(), "GBP_USD"),
        lambda: storage.load_data_by_date_range("ohlcv", "2022-01-01", "2022-12-31"),
        lambda: storage.log_fetch_run("EUR_USD"),
        storage.verify_data_integrity,
    ]
    for call in calls:
        with pytest.raises(DataNotFoundError, match="was removed or moved"):
            call()
    assert not storage.data_root.exists()
    assert all(StorageManager(tmp_path / "moved").verify_data_integrity().values())


def test_a_store_that_another_one_replaced_loses_no_save(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars(), "EUR_USD")
    shutil.rmtree(storage.data_root)
    another = StorageManager(storage.data_root)
    storage.save_ohlcv_data(bars(), "GBP_USD")
    found = another.load_data_by_date_range("ohlcv", "2022-01-01", "2022-12-31")
    assert found["instrument"].unique().tolist() == ["GBP_USD"]
    assert query(another, "SELECT instrument FROM data_files") == [("GBP_USD",)]
