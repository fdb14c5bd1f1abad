"""Bad input ends in a clear error with the right status, and nothing is changed."""

import gzip
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from program import BARS, Varve, bars

HOSTILE_KEYS = [
    "..", ".", "../x", "fx/../../x", "/etc/x", "fx//EUR", "fx/", "/", "a\\b", "a\nb", "a\x01b", ".varve", ".varve/x",
    ".VARVE/objects", "x" * 2000, "x" * 300, "\udcff",
]  # fmt: skip


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_hostile_keys_are_refused_by_every_command(filled: Varve, key: str) -> None:
    filled.write_file("a.csv", BARS)
    before = filled.state()
    around = sorted(path.name for path in filled.folder.iterdir())
    for command in (("write", key, "a.csv"), ("import", "a.csv", "--key", key), ("read", key), ("info", key),
                    ("delete", key, "--yes"), ("export", key, "--out", "x.csv")):  # fmt: skip
        words = [os.fsencode(word) for word in command]
        outcome = filled(*map(os.fsdecode, words), status=2)
        assert outcome.err.startswith("varve: ") and outcome.out == ""
    assert filled.state() == before
    assert sorted(path.name for path in filled.folder.iterdir()) == around


def test_empty_key_is_refused(filled: Varve) -> None:
    filled("read", "", status=2)


def test_key_through_a_link_that_leaves_the_lake_is_refused(filled: Varve) -> None:
    outside = filled.folder / "outside"
    outside.mkdir()
    (filled.lake / "link").symlink_to(outside)
    filled("write", "link/x", "-", stdin=BARS, status=2)
    assert list(outside.iterdir()) == []


def corrupt_files(folder: Path) -> dict[str, tuple[bytes, int, str]]:
    """Name, content, status, and what the message says."""
    table = pyarrow.table({"timestamp": pyarrow.array([1, 2], pyarrow.timestamp("ns", "UTC")), "x": [1, 2]})
    pyarrow.parquet.write_table(table, folder / "good")
    parquet = (folder / "good").read_bytes()
    packed = gzip.compress(BARS.encode() * 100)
    return {
        "text.parquet": (BARS.encode(), 7, "text.parquet"),
        "short.parquet": (parquet[:-20], 7, "short.parquet"),
        "half.parquet": (parquet[: len(parquet) // 2], 7, "half.parquet"),
        "head.parquet": (b"PAR1", 7, "head.parquet"),
        "short.csv.gz": (packed[:-30], 7, "gzip"),
        "damaged.csv.gz": (packed[:40] + b"\xff" * 40 + packed[80:], 7, "gzip"),
        "empty.csv": (b"", 2, "there is nothing in it"),
        "header.csv": (b"timestamp,open\n", 2, "no rows below the header"),
        "no-time.csv": (b"a,b\n1,2\n", 3, "no time column"),
        "no-header.csv": (b"1637971200000,1,2\n1637971260000,1,2\n", 2, "no header row"),
        "nothing.csv": (b"\n\n\n", 2, "there is nothing in it"),
        "picture.csv": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00", 2, "not text"),
        "wide.csv": ("timestamp,x\n1,2\n".encode("utf-16"), 2, "UTF-16"),
        "archive.zip": (b"PK\x03\x04" + bytes(100), 11, "zip"),
        "open-quote.csv": (b'timestamp,x\n1,"2\n3,4\n', 2, "line 2: a quote is opened and not closed"),
        "null-time.csv": (b"timestamp,x\n1,2\n,3\n", 2, "every row needs one"),
        "ragged.csv": (b"timestamp,x\n1,2\n3\n", 2, "line 3 has 1 fields, and the first row has 2"),
        "twice.csv": (b"timestamp,x,x\n1,2,3\n", 2, 'would both be called "x"'),
        "zone.csv": (b"timestamp,x\n2024-01-01 00:00,2\n", 2, "--tz"),
    }


def test_files_that_are_not_what_they_should_be(filled: Varve) -> None:
    before = filled.state()
    for name, (content, status, message) in corrupt_files(filled.folder).items():
        path = filled.write_file(f"bad/{name}", content)
        for command in (("import", path), ("upsert", "fx/EUR", path)):
            error = filled(*command, status=status).err
            assert message in error and name in error, f"{name}: {error}"
        assert filled.state() == before, name


def test_null_times_in_parquet_are_refused(filled: Varve) -> None:
    before = filled.state()
    table = pyarrow.table({"timestamp": pyarrow.array([1, None], pyarrow.timestamp("ns", "UTC")), "x": [1, 2]})
    pyarrow.parquet.write_table(table, filled.folder / "t.parquet")
    filled("import", "t.parquet", status=2)
    assert filled.state() == before


def test_parquet_without_times_or_with_nested_columns_is_refused(filled: Varve) -> None:
    pyarrow.parquet.write_table(pyarrow.table({"x": [1]}), filled.folder / "t.parquet")
    assert "no time column" in filled("import", "t.parquet", status=3).err
    times = pyarrow.array([1], pyarrow.timestamp("ns", "UTC"))
    pyarrow.parquet.write_table(pyarrow.table({"timestamp": times, "x": [[1]]}), filled.folder / "n.parquet")
    assert '"x"' in filled("import", "n.parquet", status=11).err


def test_types_that_do_not_go_together_change_nothing(filled: Varve) -> None:
    filled("write", "x", "-", stdin="time,x\n1,text\n")
    before = filled.state()
    assert "x" in filled("append", "x", "-", stdin="time,x\n2,5\n", status=6).err
    assert filled.state() == before


def test_what_is_not_there(filled: Varve) -> None:
    for command in (("read", "fx/USD"), ("info", "fx/USD"), ("import", "missing.csv"),
                    ("read", "fx/EUR", "--columns", "closed"), ("write", "x", "missing.csv")):  # fmt: skip
        assert filled(*command, status=3).err.startswith("varve: ")


def test_a_folder_is_no_file(filled: Varve) -> None:
    filled.write_file("data/a.csv", BARS)
    before = filled.state()
    assert "not a regular file" in filled("import", "data", status=8).err
    assert filled.state() == before


def test_usage_errors_have_status_2(filled: Varve) -> None:
    for command in ((), ("fly",), ("read",), ("read", "fx/EUR", "--nonsense"), ("read", "fx/EUR", "--limit", "-1"),
                    ("read", "fx/EUR", "--limit", "many"), ("read", "fx/EUR", "--closed", "open"),
                    ("read", "fx/EUR", "--start", "yesterday"), ("read", "fx/EUR", "-o", "xml"),
                    ("read", "fx/EUR", "--threads", "x"), ("ls", "-o", "xml"),
                    ("import", "a.csv", "--map", "open"), ("import", "a.csv", "--delimiter", "ab"),
                    ("write", "x", "-", "--kind", "candles")):  # fmt: skip
        outcome = filled(*command, status=2, stdin=BARS)
        assert outcome.err.startswith("varve: ") and outcome.out == "", command


def test_there_is_no_lake(outside: Varve) -> None:
    environment = {"VARVE_LAKE": ""}
    error = outside("ls", status=3, **environment).err
    assert "varve init" in error
    assert "varve init" in outside("ls", "--lake", outside.folder / "nowhere", status=3).err
    assert not (outside.folder / "nowhere").exists()


def test_a_lake_that_is_a_file_is_refused(outside: Varve) -> None:
    path = outside.write_file("lake", "not a lake")
    for command in (("init",), ("ls",), ("write", "x", "-")):
        assert str(path) in outside(*command, stdin=BARS, status=2).err
    assert path.read_text() == "not a lake"


def test_a_read_only_lake_can_be_read(filled: Varve) -> None:
    # Root may write anywhere but for this capability.
    without_rights = ["setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override"]
    filled.prefix = without_rights if os.geteuid() == 0 else []
    folders = [path for path in filled.lake.rglob("*") if path.is_dir()] + [filled.lake]
    for path in folders:
        path.chmod(0o555)
    try:
        assert len(filled.rows("fx/EUR")) == 3
        for command in (("write", "fx/EUR", "-"), ("write", "new", "-"), ("delete", "fx/EUR", "--yes")):
            filled(*command, stdin=BARS, status=12)
    finally:
        for path in folders:
            path.chmod(0o755)
    assert len(filled.rows("fx/EUR")) == 3 and filled.keys() == ["fx/EUR"]


@pytest.fixture
def small_disk(outside: Varve) -> Iterator[Varve]:
    """The program with its lake on a disk of a few megabytes."""
    outside.lake.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(outside.lake)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small tmpfs needs root")
    try:
        yield outside
    finally:
        subprocess.run(["umount", "--lazy", str(outside.lake)], check=True)


def test_a_full_disk_keeps_a_file_out_and_the_lake_whole(small_disk: Varve) -> None:
    small_disk("init")
    small_disk("write", "fx/EUR", "-", stdin=BARS)
    before = small_disk.state()
    numbers = random.Random(1)
    rows = "".join(f"{second},{numbers.random()}\n" for second in range(1_000_000))
    small_disk.write_file("big.csv", "time,x\n" + rows)
    error = small_disk("import", "big.csv", status=8).err
    assert "No space left" in error
    assert small_disk.state() == before
    small_disk("verify")
    small_disk("upsert", "fx/EUR", "-", stdin=BARS.replace(",10\n", ",11\n"))
    assert small_disk.rows("fx/EUR")[0]["volume"] == 11


def test_first_bad_rows_of_standard_input_are_told(filled: Varve) -> None:
    before = filled.state()
    error = filled("append", "fx/EUR", "-", stdin=bars("noon,1,1,1,1,1"), status=2).err
    assert 'line 2, column timestamp: "noon" is not a time' in error and "nothing was written" in error
    assert filled.state() == before
