"""Reading takes little more memory than its result."""

import pathlib
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

import varve

MIB = 1 << 20
SLACK = 64 * MIB

PEAK = """
import sys
import varve

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

before = peak()
if sys.argv[2] == "read":
    size = varve.read_parquet(sys.argv[1]).nbytes
elif sys.argv[2] == "read_batches":
    size = max(table.nbytes for table in varve.open(sys.argv[1]).read_batches("k0"))
elif sys.argv[2] == "replay":
    lake = varve.open(sys.argv[1])
    size = max(table.nbytes for table in lake.replay(lake.list_keys()))
elif sys.argv[2] == "scan":
    import polars as pl

    before = peak()
    plan = varve.open(sys.argv[1]).scan("k0").filter(pl.col("x0") * 2 < 1e9)
    size = plan.select(pl.col("x1").count()).collect(engine="streaming").item()
else:
    size = max(table.nbytes for table in varve.ParquetFile(sys.argv[1]).batches())
print(size, peak() - before)
"""


def measure(path: pathlib.Path, way: str) -> tuple[int, int]:
    """Bytes of the rows, and how far the memory of a fresh process grew while they were read."""
    done = subprocess.run([sys.executable, "-c", PEAK, path, way], capture_output=True, text=True, check=True)
    size, grown = map(int, done.stdout.split())
    return size, grown


def strings(rows: int) -> pa.Table:
    letters = np.random.default_rng(7).integers(97, 123, rows * 60, dtype=np.uint8).tobytes()
    offsets = np.arange(0, rows * 60 + 1, 60, dtype=np.int64)
    column = pa.LargeStringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(letters))
    return pa.table({"text": column})


@pytest.mark.parametrize("rows_per_group", [1 << 18, 1 << 20, 1 << 23])
def test_strings_are_in_memory_once(tmp_path: pathlib.Path, rows_per_group: int) -> None:
    path = tmp_path / "text.parquet"
    varve.write_parquet(strings(2_500_000), path, rows_per_group=rows_per_group)
    size, grown = measure(path, "read")
    assert size > 150 * MIB and grown < size + SLACK


def test_numbers_are_decoded_where_they_stay(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "numbers.parquet"
    random = np.random.default_rng(7)
    varve.write_parquet({f"x{at}": random.standard_normal(500_000) for at in range(40)}, path)
    size, grown = measure(path, "read")
    assert size > 150 * MIB and grown < size + SLACK


def test_batches_are_in_memory_one_at_a_time(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "text.parquet"
    varve.write_parquet(strings(2_500_000), path, rows_per_group=1 << 18)
    size, grown = measure(path, "batches")
    assert size < 20 * MIB and grown < 2 * size + SLACK


def fill(path: pathlib.Path, series: int, rows: int) -> None:
    """Series of ten columns of free numbers, of 80 bytes a row besides the index."""
    random = np.random.default_rng(7)
    minutes = pa.array(60_000_000_000 * np.arange(rows)).cast(pa.timestamp("ns", "UTC"))
    columns = {"timestamp": minutes} | {f"x{at}": random.standard_normal(rows) for at in range(10)}
    with varve.open(path) as lake:
        for number in range(series):
            lake.write(f"k{number}", columns, target_rows_per_file=1 << 20)


def test_batches_of_a_series_are_in_memory_one_at_a_time(tmp_path: pathlib.Path) -> None:
    fill(tmp_path / "lake", 1, 3_000_000)
    size, grown = measure(tmp_path / "lake", "read_batches")
    assert size < 20 * MIB and grown < 2 * size + SLACK


def test_a_replay_holds_little_of_each_series(tmp_path: pathlib.Path) -> None:
    fill(tmp_path / "lake", 40, 150_000)
    size, grown = measure(tmp_path / "lake", "replay")
    assert size < 20 * MIB and grown < 240 * MIB


def test_a_scan_holds_little_of_a_series(tmp_path: pathlib.Path) -> None:
    fill(tmp_path / "lake", 1, 3_000_000)
    size, grown = measure(tmp_path / "lake", "scan")  # the rows are counted
    assert size == 3_000_000 and grown < 128 * MIB
