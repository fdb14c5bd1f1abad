"""What rows look like in each format, on terminals and in pipes."""

import contextlib
import fcntl
import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import polars
import pytest
from program import BARS, Varve


def test_a_pipe_gets_csv_and_a_terminal_a_table(filled: Varve) -> None:
    assert filled("read", "fx/EUR").out.startswith("timestamp,open,high")
    shown = filled.on_terminal("read", "fx/EUR").out
    assert "float64" in shown and "3 rows" in shown and "timestamp,open" not in shown


def test_csv_read_and_written_again_is_the_same_series(filled: Varve) -> None:
    text = filled("read", "fx/EUR").out
    filled("write", "again", "-", stdin=text)
    assert filled("read", "again").out == text


def test_tsv_and_markdown(filled: Varve) -> None:
    assert filled("head", "fx/EUR", "-n", "1", "-o", "tsv").out.split("\n")[1].split("\t")[1:3] == ["1.0", "1.5"]
    assert filled("head", "fx/EUR", "-n", "1", "-o", "markdown").out.count("\n") == 3


def test_json_numbers_are_exact(varve: Varve) -> None:
    rows = ["time,id,x", "2024-01-01T00:00:00.123456789Z,9223372036854775807,0.1", "1970-01-01T00:00:00Z,,nan"]
    varve("write", "x", "-", stdin="\n".join(rows))
    expected = [
        {"timestamp": "1970-01-01T00:00:00Z", "id": None, "x": None},
        {"timestamp": "2024-01-01T00:00:00.123456789Z", "id": 9223372036854775807, "x": 0.1},
    ]
    assert varve.rows("x") == expected
    lines = varve("read", "x", "-o", "ndjson").out.splitlines()
    assert [json.loads(line) for line in lines] == expected


def test_parquet_goes_into_pipes_and_files_not_on_terminals(filled: Varve) -> None:
    filled("export", "fx/EUR", "--out", "eur.parquet")
    piped = subprocess.run(
        ["sh", "-c", 'exec "$0" "$@" > piped.parquet', *filled.start_words("read", "fx/EUR", "-o", "parquet")],
        cwd=filled.folder, env=filled.environment, check=True,
    )  # fmt: skip
    assert piped.returncode == 0
    expected = polars.read_csv(BARS.encode()).drop("timestamp")
    for name in ("eur.parquet", "piped.parquet"):
        assert polars.read_parquet(filled.folder / name).drop("timestamp").equals(expected)
    refused = filled.on_terminal("read", "fx/EUR", "-o", "parquet")
    assert refused.status == 2 and "not for terminals" in refused.out


def test_format_of_a_file_follows_its_ending_unless_a_flag_says_otherwise(filled: Varve) -> None:
    filled("read", "fx/EUR", "--out", "a.json", VARVE_OUTPUT="csv")
    assert len(json.loads((filled.folder / "a.json").read_text())) == 3
    filled("read", "fx/EUR", "--out", "a.json", "-o", "csv")
    assert (filled.folder / "a.json").read_text().startswith("timestamp,")
    assert "names no format" in filled("read", "fx/EUR", "--out", "a.xyz", status=2).err


def test_data_goes_to_standard_output_and_words_to_standard_error(varve: Varve) -> None:
    done = varve("write", "fx/EUR", "-", stdin=BARS)
    assert done.out == "" and done.err != ""
    assert varve("write", "fx/EUR", "-", "--quiet", stdin=BARS).err == ""
    assert varve("read", "fx/EUR").err == ""


def test_a_reader_that_goes_away_is_no_error(varve: Varve) -> None:
    rows = "".join(f"{second},{second}\n" for second in range(100_000))
    varve("write", "x", "-", stdin="time,x\n" + rows)
    with varve.start("read", "x", stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(100)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 0


def test_a_full_device_is_an_error(filled: Varve) -> None:
    with open("/dev/full", "wb") as full:
        process = filled.start("read", "fx/EUR", stdout=full, stderr=subprocess.PIPE)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 8 and b"No space left" in error


def test_colour_follows_terminal_flag_and_environment(filled: Varve) -> None:
    assert "\033[" in filled.on_terminal("info", "fx/USD").out
    assert "\033[" not in filled.on_terminal("info", "fx/USD", NO_COLOR="1").out
    assert "\033[" not in filled.on_terminal("info", "fx/USD", "--color", "never").out
    assert "\033[" in filled("info", "fx/USD", "--color", "always", status=3).err
    assert "\033[" not in filled("info", "fx/USD", status=3).err


def test_interrupt_ends_reading_at_once(filled: Varve) -> None:
    with filled.start("write", "x", "-", stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(b"time,x\n1,2\n")
        process.stdin.flush()
        wait_for_signals_taken(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
    assert filled.keys() == ["fx/EUR"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_import_is_whole_or_not_there(varve: Varve, number: signal.Signals, status: int) -> None:
    path = varve.write_file("x.csv", "time,x\n" + "".join(f"{second},{second}\n" for second in range(1_500_000)))
    with varve.start("import", path, stderr=subprocess.PIPE) as process:
        wait_for_signals_taken(process.pid)
        process.send_signal(number)
        assert process.wait(timeout=120) in (status, 0)
    listing = varve("ls", "-o", "json").json()
    assert [row["rows"] for row in listing] in ([], [1_500_000])
    varve("verify")


def test_a_change_that_was_made_is_told_as_made(filled: Varve) -> None:
    with (filled.lake / ".varve" / "locks").open("r+b") as locks:
        start = 1024 + int.from_bytes(hashlib.sha256(b"kfx/EUR").digest()[:8], "big") % ((1 << 62) - 1024)
        fcntl.lockf(locks, fcntl.LOCK_EX, 1, start)  # as another writer of the key
        retain = ("retain", "fx/EUR", "--newer-than", "2024-01-01T00:01:00Z")
        with filled.start(*retain, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            wait_for_open_lake(process.pid)
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None and process.stdout is not None
            assert b"stopping" in process.stderr.readline()
            fcntl.lockf(locks, fcntl.LOCK_UN, 1, start)
            out, err = process.stdout.read(), process.stderr.read()
            assert process.wait(timeout=30) == 0
    assert b"fx/EUR,2,1" in out and b"1 rows were removed from 1 of 1 series" in err
    assert len(filled.rows("fx/EUR")) == 2


def wait_for_open_lake(pid: int) -> None:
    """Until the program holds the lake's locks."""
    while not any(path.endswith("/locks") for path in open_files(pid)):
        os.sched_yield()


def open_files(pid: int) -> Iterator[str]:
    """Those that the program does not close meanwhile."""
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield str(descriptor.readlink())


def wait_for_signals_taken(pid: int) -> None:
    """Until the program has blocked SIGINT, which is the first thing it does."""
    while True:
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        if int(status["SigBlk"], 16) & (1 << (signal.SIGINT - 1)) and int(status["Threads"]) > 1:
            return
        os.sched_yield()


def test_rows_of_many_batches_are_one_text(varve: Varve) -> None:
    count = 300_000
    varve("write", "x", "-", stdin="time,x\n" + "".join(f"{second},{second}\n" for second in range(count)))
    lines = varve("read", "x").out.splitlines()
    assert lines[0] == "timestamp,x" and [line.split(",")[1] for line in lines[1:]] == list(map(str, range(count)))
    assert [row["x"] for row in varve.rows("x")] == list(range(count))
    assert varve("read", "x", "-o", "markdown").out.count("---") == 2
    varve("export", "x", "--out", "x.parquet")
    assert polars.read_parquet(varve.folder / "x.parquet")["x"].to_list() == list(range(count))


def test_no_rows_are_written_too(filled: Varve) -> None:
    assert filled("read", "fx/EUR", "--limit", "0").out == "timestamp,open,high,low,close,volume\n"
    assert filled("read", "fx/EUR", "--limit", "0", "-o", "json").json() == []
    assert "0 rows" in filled("read", "fx/EUR", "--limit", "0", "-o", "table").out
