"""The files in the tree: names, layouts, what others put there, damage."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from parquet_store.frames import at, days, rows
from varve.parquet_store import DataCorruptionError, ParquetStore, ParquetStoreConfig


def files(store: ParquetStore, key: str = "k") -> list[str]:
    """Below the key's directory, by name."""
    folder = store._key_to_path(key)
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.parquet"))


def test_names_are_the_first_and_last_time_in_a_file(store: ParquetStore) -> None:
    store.config = ParquetStoreConfig(target_rows_per_file=2)
    store.write("k", rows([0, 1, 2, 3]))
    assert files(store) == ["20240101T100000-20240101T100100.parquet", "20240101T100200-20240101T100300.parquet"]


def test_files_are_there_when_the_write_returns(store: ParquetStore) -> None:
    store.write("k", rows([0]))
    assert pl.read_parquet(store.data_root / "k" / "*.parquet").equals(rows([0]))
    store.write("k", rows([5]), mode="overwrite")
    assert pl.read_parquet(store.data_root / "k" / "*.parquet").equals(rows([5]))
    store.delete("k")
    assert not (store.data_root / "k").exists()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_store_whose_directory_went_writes_where_it_is_expected(store: ParquetStore, replaced: bool) -> None:
    store.write("k", rows([0]))
    store.data_root.rename(store.data_root.with_name("moved"))
    if replaced:
        ParquetStore(store.data_root).write("other", rows([7]))
    assert store.read("k").is_empty()
    store.write("k", rows([5]))
    assert ParquetStore(store.data_root).read("k").equals(rows([5]))
    assert ParquetStore(store.data_root.with_name("moved")).read("k").equals(rows([0]))


def test_appends_to_long_keys_show_when_the_process_ends(store: ParquetStore) -> None:
    program = """if True:
        import sys
        sys.path.insert(0, sys.argv[2])
        from parquet_store.frames import rows
        from varve.parquet_store import ParquetStore
        store = ParquetStore(sys.argv[1])
        store.write("k", rows(range(100_001)))
        store.write("k", rows([200_000]))
    """
    subprocess.run([sys.executable, "-c", program, store.data_root, Path(__file__).parents[1]], check=True)
    shown = pl.read_parquet(store.data_root / "k" / "*.parquet")
    assert shown.height == 100_002 and shown.equals(store.read("k"))


def test_files_are_cut_at_the_target(store: ParquetStore) -> None:
    store.config = ParquetStoreConfig(target_rows_per_file=10)
    store.write("k", rows(range(35)))
    heights = [pl.read_parquet(store.data_root / "k" / name).height for name in files(store)]
    assert sum(heights) == 35 and len(heights) == 4 and max(heights) <= 10


def test_two_files_of_one_second_do_not_overwrite_each_other(store: ParquetStore) -> None:
    store.config = ParquetStoreConfig(target_rows_per_file=2)
    times = [at(0) + timedelta(milliseconds=step) for step in range(6)]
    frame = pl.DataFrame({"timestamp": times, "close": range(6)}).with_columns(
        pl.col("timestamp").cast(pl.Datetime("us", "UTC"))
    )
    store.write("k", frame)
    assert len(files(store)) == 3 and store.read("k").equals(frame)


def test_a_frame_without_timestamp_is_one_file(store: ParquetStore) -> None:
    store.config = ParquetStoreConfig(target_rows_per_file=2)
    for layout in ("range", "month"):
        store.config = ParquetStoreConfig(target_rows_per_file=2, layout=layout)
        frame = pl.DataFrame({"name": ["c", "a", "b"]})
        store.write(f"{layout}/names", frame)
        store.write(f"{layout}/names", frame)
        assert files(store, f"{layout}/names") == ["data.parquet"]
        assert store.read(f"{layout}/names").equals(pl.concat([frame, frame]))


def test_months_have_directories_of_their_own(store: ParquetStore) -> None:
    store.config = ParquetStoreConfig(layout="month")
    store.write("k", days(40))
    assert len(files(store)) == 2
    assert {
        pl.read_parquet(store.data_root / "k" / name)["timestamp"].dt.month().n_unique() for name in files(store)
    } == {1}
    assert store.read("k").equals(days(40))


def test_columns_of_partitions_are_not_read(store: ParquetStore) -> None:
    store.config = ParquetStoreConfig(layout="month")
    store.write("k", days(40))
    assert store.read("k").columns == ["timestamp", "day"]


def test_an_unknown_layout_is_an_error_when_it_is_used(store: ParquetStore) -> None:
    store.config = ParquetStoreConfig(layout="weeks")
    with pytest.raises(ValueError, match="layout 'weeks'"):
        store.write("k", days(1))


@pytest.mark.parametrize("compression", ["zstd", "snappy", "lz4", "gzip", "uncompressed"])
def test_every_compression_can_be_read_by_others(store: ParquetStore, compression: str) -> None:
    store.config = ParquetStoreConfig(compression=compression)
    frame = rows(range(5_000), close=[minute % 7 / 8 for minute in range(5_000)])
    store.write("k", frame)
    assert store.read("k").equals(frame)
    assert pl.read_parquet(store.data_root / "k" / "*.parquet").equals(frame)


def test_an_unknown_compression_is_an_error_when_it_is_used(store: ParquetStore) -> None:
    store.config = ParquetStoreConfig(compression="lzo")
    with pytest.raises(ValueError, match="compression 'lzo'"):
        store.write("k", days(1))
    store.config = ParquetStoreConfig(compression_level=99)
    with pytest.raises(ValueError, match="99"):
        store.write("k", days(1))


def test_the_configuration_counts_from_the_next_call(store: ParquetStore) -> None:
    store.write("k", rows(range(20)))
    assert len(files(store)) == 1
    store.config = ParquetStoreConfig(target_rows_per_file=5)
    store.write("new", rows(range(20)))
    store.write("k", rows(range(20)), mode="overwrite")
    assert len(files(store, "new")) == 4 and len(files(store)) == 4


def test_foreign_files_break_neither_reads_nor_appends(store: ParquetStore) -> None:
    store.write("k", rows([0]))
    folder = store.data_root / "k"
    for name in ("notes.txt", "foreign.parquet", "20200101T000000-20200101T000001.parquet", ".lock", "x.tmp"):
        (folder / name).write_bytes(b"not ours")
    store.write("k", rows([1]))
    store.write("k", rows([2]))
    assert store.read("k").equals(rows([0, 1, 2]))
    assert store.list_keys() == ["k"] and (folder / "notes.txt").read_bytes() == b"not ours"


def damage(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(0)
        file.write(b"damaged")


@pytest.mark.parametrize("count", [10, 200_000])
def test_a_damaged_file_is_named(store: ParquetStore, count: int) -> None:
    times = pl.datetime_range(at(0), at(count - 1), "1m", time_unit="us", time_zone="UTC", eager=True)
    store.write("k", pl.DataFrame({"timestamp": times, "close": range(count)}))
    names = files(store)
    for name in names:
        damage(store.data_root / "k" / name)
    with pytest.raises(DataCorruptionError, match=names[0]):
        store.read("k")
    with pytest.raises(DataCorruptionError, match=names[0]):
        ParquetStore(store.data_root).read("k", batch_size=10).__next__()


def test_consolidation_merges_files_and_keeps_rows(store: ParquetStore) -> None:
    store.config = ParquetStoreConfig(target_rows_per_file=10)
    store.write("k", rows(range(100)))
    config = store.config
    assert store.consolidate("k", target_rows_per_file=1_000) == {
        "files_before": 10,
        "files_after": 1,
        "rows_processed": 100,
    }
    assert len(files(store)) == 1 and store.read("k").equals(rows(range(100))) and store.config is config


def test_consolidation_of_nothing_is_nothing(store: ParquetStore) -> None:
    assert store.consolidate("k") == {"files_before": 0, "files_after": 0, "rows_processed": 0}


@pytest.mark.parametrize("layout", ["range", "month"])
def test_every_layout_can_be_consolidated(store: ParquetStore, layout: str) -> None:
    store.config = ParquetStoreConfig(target_rows_per_file=10, layout=layout)
    for key, frame in {"k": days(60), "names": pl.DataFrame({"name": ["b", "a"]})}.items():
        store.write(key, frame)
        done = store.consolidate(key, 1_000)
        assert done["rows_processed"] == frame.height and done["files_after"] == len(files(store, key)) <= 3
        assert store.read(key).equals(frame)


def test_consolidation_of_a_parent_is_that_of_what_lies_below(store: ParquetStore) -> None:
    store.config = ParquetStoreConfig(target_rows_per_file=10)
    for key in ("a/x", "a/y"):
        store.write(key, rows(range(20)))
    assert store.consolidate("a", 1_000) == {"files_before": 4, "files_after": 2, "rows_processed": 40}


def test_a_tree_of_another_year_is_no_other_tree(store: ParquetStore) -> None:
    store.write("k", days(3, datetime(1999, 12, 31, tzinfo=UTC)))
    assert files(store) == ["19991231T000000-20000102T000000.parquet"]
    assert os.listdir(store.data_root / "k") == files(store)
