"""Keys: which there are, which are refused, which stand for others."""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import varve
from parquet_store.frames import at, days, rows
from varve.parquet_store import ParquetStore, PathTraversalError, StorageError
from varve.parquet_store._keys import from_directory, to_directory

CALLS: dict[str, Callable[[ParquetStore, str], object]] = {
    "write": lambda store, key: store.write(key, rows([0])),
    "read": lambda store, key: store.read(key),
    "exists": lambda store, key: store.exists(key),
    "delete": lambda store, key: store.delete(key),
    "get_date_range": lambda store, key: store.get_date_range(key),
    "read_latest": lambda store, key: store.read_latest(key),
    "get_gaps": lambda store, key: store.get_gaps(key, at(0), at(9), timedelta(minutes=1)),
    "consolidate": lambda store, key: store.consolidate(key),
}
HOSTILE = [
    "a b",
    "2024=x",
    "con",
    "nul.txt",
    "a.parquet",
    "_a",
    ".hidden",
    "end.",
    "end ",
    "a%b",
    "µ/ü",
    "COM1.x",
    "a:b",
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("key", ["", "/", ".", "..", "../secrets", "a/../../b", "a/..", "/etc/passwd", "./..", "//a"])
def test_keys_that_leave_the_root_are_refused(store: ParquetStore, call: str, key: str) -> None:
    with pytest.raises(PathTraversalError, match="traverses outside storage root"):
        CALLS[call](store, key)


@pytest.mark.parametrize("call", sorted(CALLS.keys() - {"consolidate"}))
def test_a_link_that_leaves_the_root_is_refused(store: ParquetStore, tmp_path: Path, call: str) -> None:
    (tmp_path / "outside").mkdir()
    (store.data_root / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(PathTraversalError, match="traverses outside storage root"):
        CALLS[call](store, "link/a")
    assert os.listdir(tmp_path / "outside") == []


def test_empty_segments_of_a_key_say_nothing(store: ParquetStore) -> None:
    store.write("a//b/", rows([0]))
    assert store.list_keys() == ["a/b"]
    assert store.read("a/b").equals(store.read("a/./b")) and store.exists("a//b") and store.delete("a/b//")


def test_only_keys_with_data_exist(store: ParquetStore) -> None:
    (store.data_root / "empty" / "folder").mkdir(parents=True)
    (store.data_root / "other").mkdir()
    (store.data_root / "other" / "notes.txt").write_text("x")
    store.write("a", rows([0]))
    assert store.list_keys() == ["a"] and store.exists("a")
    assert not store.exists("empty") and not store.exists("other") and not store.exists("empty/folder")
    store.delete("a")
    assert store.list_keys() == [] and not store.exists("a")


def test_keys_are_listed_by_plain_prefix_and_sorted(store: ParquetStore) -> None:
    for key in ("forex/GBP_USD", "forex/EUR_USD", "forex2/X", "crypto/BTC-USD"):
        store.write(key, rows([0]))
    assert store.list_keys() == ["crypto/BTC-USD", "forex/EUR_USD", "forex/GBP_USD", "forex2/X"]
    assert store.list_keys("forex") == ["forex/EUR_USD", "forex/GBP_USD", "forex2/X"]
    assert store.list_keys(prefix="forex/") == ["forex/EUR_USD", "forex/GBP_USD"]
    assert store.list_keys("forex/E") == ["forex/EUR_USD"]
    assert store.list_keys("orex") == [] and store.list_keys("../") == []


def test_a_parent_reads_what_lies_below_as_one(store: ParquetStore) -> None:
    store.write("forex/EUR", rows([0, 2], close=[1.0, 3.0]))
    store.write("forex/sub/GBP", rows([1], close=[2.0], extra=["x"]))
    store.write("forex2", rows([5]))
    whole = store.read("forex")
    assert whole["close"].to_list() == [1.0, 2.0, 3.0] and whole["extra"].to_list() == [None, "x", None]
    assert store.exists("forex") and store.get_date_range("forex") == (date(2024, 1, 1), date(2024, 1, 1))
    assert store.read_latest("forex", 2)["close"].to_list() == [2.0, 3.0]
    assert [frame.height for frame in store.read("forex", batch_size=2)] == [2, 1]
    assert store.read("forex", columns=["close"]).columns == ["close"]
    with pytest.raises(StorageError, match="nope"):
        store.read("forex", columns=["nope"])
    assert store.get_gaps("forex", at(0), at(9), timedelta(minutes=1)) == [(at(3), at(9))]


def test_a_parent_filters_what_has_time(store: ParquetStore) -> None:
    store.write("a/timed", days(4))
    store.write("a/untimed", pl.DataFrame({"day": [10]}))
    assert store.read("a", date(2024, 1, 2), date(2024, 1, 2))["day"].to_list() == [1, 10]
    assert store.read("a", date(2030, 1, 1), columns=["day"])["day"].to_list() == [10]


def test_gaps_of_a_parent_are_those_of_what_has_time(store: ParquetStore) -> None:
    store.write("a/timed", rows([0, 1, 5]))
    store.write("a/untimed", pl.DataFrame({"day": [10]}))
    assert store.get_gaps("a", at(0), at(5), timedelta(minutes=1)) == [(at(2), at(4))]


def test_a_parent_of_times_with_and_without_a_zone_is_no_frame(store: ParquetStore) -> None:
    store.write("a/utc", rows([0]))
    store.write("a/naive", rows([1]).with_columns(pl.col("timestamp").dt.replace_time_zone(None)))
    with pytest.raises(StorageError, match="Failed to read a"):
        store.read("a")


def test_a_parent_is_read_while_a_key_below_it_goes(store: ParquetStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write("a/stays", rows([0, 1]))
    store.write("a/goes", rows([2]))
    info_all = varve.Lake.info_all

    def info_all_and_delete(lake: varve.Lake[pl.DataFrame], prefix: str) -> list[varve.SeriesInfo]:
        found = info_all(lake, prefix)
        store.delete("a/goes")
        return found

    monkeypatch.setattr(varve.Lake, "info_all", info_all_and_delete)
    assert store.read("a").equals(rows([0, 1]))


def test_a_parent_deletes_what_lies_below(store: ParquetStore) -> None:
    for key in ("forex/EUR", "forex/sub/GBP", "forex2"):
        store.write(key, rows([0]))
    assert store.delete("forex") and store.list_keys() == ["forex2"]


def test_a_key_with_data_of_its_own_is_only_itself(store: ParquetStore) -> None:
    store.write("a/x", rows([1]))
    store.write("a", rows([0]))
    assert store.read("a").equals(rows([0])) and store.read("a/x").equals(rows([1]))
    store.write("a", rows([5]), mode="overwrite")
    assert store.read("a/x").equals(rows([1]))
    assert store.delete("a") and store.list_keys() == ["a/x"]


def test_deleting_a_missing_key_is_false(store: ParquetStore) -> None:
    assert store.delete("a") is False
    store.write("a", rows([0]))
    assert store.delete("a") is True and store.delete("a") is False
    assert store.read("a").shape == (0, 0)


def test_a_deleted_key_can_be_anything_new(store: ParquetStore) -> None:
    store.write("a", rows([0]))
    store.delete("a")
    store.write("a", pl.DataFrame({"name": ["x"]}))
    assert store.read("a").equals(pl.DataFrame({"name": ["x"]}))


def test_the_date_range_is_that_of_the_first_and_last_row(store: ParquetStore) -> None:
    assert store.get_date_range("k") is None
    store.write("k", days(5, datetime(1969, 12, 30, 23, 59, tzinfo=UTC)))
    assert store.get_date_range("k") == (date(1969, 12, 30), date(1970, 1, 3))
    store.write("untimed", pl.DataFrame({"a": [1]}))
    assert store.get_date_range("untimed") is None


@pytest.mark.parametrize("key", HOSTILE)
@pytest.mark.parametrize("frame", [rows([0]), pl.DataFrame({"a": [1]})], ids=["timed", "untimed"])
def test_hostile_keys_lie_where_the_store_says(store: ParquetStore, key: str, frame: pl.DataFrame) -> None:
    store.write(key, frame)
    assert store.list_keys() == [key] and store.read(key).equals(frame)
    with varve.open(store.data_root) as lake:
        assert {Path(file).parent for file in lake.files(key)} == {store._key_to_path(key)}
    assert from_directory(to_directory(key)) == key


def test_the_path_of_a_key_is_its_directory(store: ParquetStore) -> None:
    assert store._key_to_path("forex/EUR_USD") == store.data_root / "forex" / "EUR_USD"


@pytest.mark.parametrize("key", ["forex", "forex/EUR_USD"])
def test_a_file_where_a_directory_is_needed_is_an_error(store: ParquetStore, key: str) -> None:
    path = store.data_root / key
    path.parent.mkdir(exist_ok=True)
    path.write_text("in the way")
    with pytest.raises(StorageError, match="Failed to write data"):
        store.write("forex/EUR_USD", rows([0]))
    assert path.read_text() == "in the way" and not store.exists("forex/EUR_USD")


def test_a_file_as_root_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="Failed to write data"):
        ParquetStore(tmp_path / "file")
