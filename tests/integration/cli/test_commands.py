"""Each command does what it says."""

import json
import re

import pytest
from program import BARS, Varve, bars

NEXT_BAR = "2024-01-01T00:03:00Z,1.75,2,1.5,1.8,40"


def test_init_makes_a_lake_and_does_so_once(outside: Varve) -> None:
    assert "empty so far" in outside("init", "new").err
    assert (outside.folder / "new" / ".varve" / "catalog.sqlite").is_file()
    assert "is a lake" in outside("init", "new").err


def test_write_makes_the_file_the_whole_series(filled: Varve) -> None:
    done = filled("write", "fx/EUR", "-", stdin=bars(NEXT_BAR))
    assert "version 2, 1 rows added" in done.err
    assert [row["close"] for row in filled.rows("fx/EUR")] == [1.8]


def test_write_redefines_a_series_where_it_is_told_to(filled: Varve) -> None:
    assert "redefine" in filled("write", "fx/EUR", "-", "--layout", "day", stdin=bars(NEXT_BAR), status=2).err
    filled("write", "fx/EUR", "-", "--layout", "day", "--redefine", stdin=bars(NEXT_BAR))
    assert filled("info", "fx/EUR", "-o", "json").json()["layout"] == "day"
    assert len(filled.rows("fx/EUR", "--as-of", "1")) == 3
    filled("verify")


def test_untimed_rows_are_written_changed_and_read(varve: Varve) -> None:
    names = ["--identity", "symbol", "--untimed"]
    varve("write", "instruments", "-", *names, stdin="symbol,lot\nIBM,100\nGE,50\n")
    assert "1 replaced" in varve("upsert", "instruments", "-", "--untimed", stdin="symbol,lot\nGE,10\n").err
    assert varve("read", "instruments").out == "symbol,lot\nGE,10\nIBM,100\n"
    assert "untimed" in varve("append", "instruments", "-", stdin="symbol,lot\nF,1\n", status=3).err


def test_append_adds_rows(filled: Varve) -> None:
    assert "1 rows added" in filled("append", "fx/EUR", "-", stdin=bars(NEXT_BAR)).err
    assert [row["volume"] for row in filled.rows("fx/EUR")] == [10, 20, 30, 40]


def test_append_of_a_row_that_is_there_is_an_error_or_ignored(filled: Varve) -> None:
    before = filled.state()
    refused = filled("append", "fx/EUR", "-", stdin=BARS, status=4).err
    assert "2024-01-01T00:00:00Z" in refused and "hint: upsert replaces rows" in refused
    assert filled.state() == before
    assert "3 ignored" in filled("append", "fx/EUR", "-", "--on-conflict", "ignore", stdin=BARS).err


def test_upsert_replaces_rows(filled: Varve) -> None:
    changed = BARS.replace("1.75,1.0,1.5,20", "1.75,1.0,1.5,21") + NEXT_BAR + "\n"
    done = filled("upsert", "fx/EUR", "-", stdin=changed)
    assert "1 rows added, 1 replaced, 2 unchanged" in done.err
    assert [row["volume"] for row in filled.rows("fx/EUR")] == [10, 21, 30, 40]


def test_upsert_without_identity_is_an_error(varve: Varve) -> None:
    varve("write", "x", "-", "--identity", "none", stdin="time,x\n1,2\n")
    varve("upsert", "x", "-", stdin="time,x\n1,2\n", status=2)


def test_a_file_can_be_named_instead_of_standard_input(varve: Varve) -> None:
    path = varve.write_file("bars.csv", BARS)
    varve("write", "fx/EUR", path)
    assert len(varve.rows("fx/EUR")) == 3


def test_read_takes_ranges_columns_and_limits(filled: Varve) -> None:
    def volumes(*arguments: object) -> list[int]:
        return [row["volume"] for row in filled.rows("fx/EUR", *arguments)]

    start, end = ("--start", "2024-01-01T00:01:00Z"), ("--end", "2024-01-01T00:02:00Z")
    assert volumes(*start) == [20, 30]
    assert volumes(*start, *end, "--closed", "left") == [20]
    assert volumes(*start, *end, "--closed", "none") == []
    assert volumes("--end", "2024-01-01") == [10, 20, 30]
    assert volumes("--start", "2024-01-02") == []
    assert volumes("--limit", "2") == [10, 20]
    assert filled.rows("fx/EUR", "--columns", "close,open", "--limit", "1") == [{"close": 1.25, "open": 1.0}]


def test_naive_times_in_ranges_need_a_zone(filled: Varve) -> None:
    filled("read", "fx/EUR", "--start", "2024-01-01 01:01", status=2)
    rows = filled.rows("fx/EUR", "--start", "2024-01-01 01:01", "--tz", "Europe/Berlin")
    assert [row["volume"] for row in rows] == [20, 30]


def test_head_and_tail_show_the_ends(filled: Varve) -> None:
    assert [row["volume"] for row in filled("head", "fx/EUR", "-n", "2", "-o", "json").json()] == [10, 20]
    assert [row["volume"] for row in filled("tail", "fx/EUR", "-n", "2", "-o", "json").json()] == [20, 30]
    assert filled("head", "fx/EUR", "-n", "0").out == "timestamp,open,high,low,close,volume\n"


def test_as_of_reads_an_old_version(filled: Varve) -> None:
    filled("write", "fx/EUR", "-", stdin=bars(NEXT_BAR))
    assert len(filled.rows("fx/EUR", "--as-of", "1")) == 3
    assert len(filled.rows("fx/EUR", "--as-of", "2")) == 1
    filled("read", "fx/EUR", "--as-of", "9", status=3)


def test_ls_lists_series_under_a_prefix(filled: Varve) -> None:
    filled("write", "fxx/GBP", "-", stdin=BARS)
    listing = filled("ls", "fx", "-o", "json").json()
    assert filled("ls", "fx/", "-o", "json").json() == listing
    assert [row["key"] for row in listing] == ["fx/EUR"]
    assert listing[0] | {"bytes": 0} == {
        "key": "fx/EUR", "kind": "ohlcv", "rows": 3, "files": 1, "bytes": 0, "version": 1,
        "first": "2024-01-01T00:00:00Z", "last": "2024-01-01T00:02:00Z",
    }  # fmt: skip
    assert filled.keys() == ["fx/EUR", "fxx/GBP"]


def test_info_tells_all_about_a_series(filled: Varve) -> None:
    info = filled("info", "fx/EUR", "-o", "json").json()
    assert info["kind"] == "ohlcv" and info["index"] == "timestamp" and info["identity"] == []
    assert info["rows"] == 3 and info["version"] == 1 and info["last"] == "2024-01-01T00:02:00Z"
    assert {column["name"]: column["type"] for column in info["columns"]} == {
        "timestamp": "timestamp[ns, UTC]", "open": "float64", "high": "float64", "low": "float64",
        "close": "float64", "volume": "int64",
    }  # fmt: skip
    filled("info", "fx/EUR", "--out", "info.json")
    assert json.loads((filled.folder / "info.json").read_text()) == info
    text = filled("info", "fx/EUR").out
    assert "rows,3\n" in text and "column volume,int64\n" in text


def test_delete_needs_yes_where_nobody_can_be_asked(filled: Varve) -> None:
    assert "--yes" in filled("delete", "fx/EUR", status=2).err
    assert filled.keys() == ["fx/EUR"]
    assert "3 rows removed" in filled("delete", "fx/EUR", "--yes").err
    assert filled.keys() == []
    filled("delete", "fx/EUR", "--yes", status=3)


@pytest.mark.parametrize(("answer", "left"), [("y\n", []), ("n\n", ["fx/EUR"]), ("\n", ["fx/EUR"])])
def test_delete_asks_on_a_terminal(filled: Varve, answer: str, left: list[str]) -> None:
    shown = filled.on_terminal("delete", "fx/EUR", typed=answer)
    assert "delete fx/EUR, 3 rows in 1 files? [y/N]" in shown.out
    assert (shown.status == 0) == (left == [])
    assert filled.keys() == left


def test_verify_is_silent_about_a_whole_lake(filled: Varve) -> None:
    done = filled("verify")
    assert done.out == "" and "1 series, 1 files, 3 rows" in done.err and "whole" in done.err
    filled("verify", "fx/EUR")
    filled("verify", "fx/GBP", status=3)


def test_verify_finds_a_changed_byte(filled: Varve) -> None:
    (path,) = (filled.lake / "fx" / "EUR").glob("*.parquet")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.write(content)
    done = filled("verify", status=20)
    assert "fx/EUR" in done.out and "findings" in done.err


def test_export_writes_files(filled: Varve) -> None:
    filled("write", "fx/GBP", "-", stdin=BARS)
    filled("export", "fx/EUR", "--out", "eur.csv")
    assert (filled.folder / "eur.csv").read_text() == filled("export", "fx/EUR").out
    filled("export", "fx/EUR", "fx/GBP", "--out", "out/{key}.ndjson", "--start", "2024-01-01T00:02:00Z")
    for name in ("EUR", "GBP"):
        assert (filled.folder / f"out/fx/{name}.ndjson").read_text().count("\n") == 1
    assert "{key}" in filled("export", "fx/EUR", "fx/GBP", "--out", "both.csv", status=2).err


def test_export_of_what_is_not_there_leaves_the_file_alone(filled: Varve) -> None:
    path = filled.write_file("eur.csv", "as it was")
    filled("export", "fx/USD", "--out", path, status=3)
    assert path.read_text() == "as it was"


def test_version_is_one_line(outside: Varve) -> None:
    assert re.fullmatch(r"varve \d+\.\d+\.\d+\n", outside("version").out)


def test_help_names_commands_settings_and_exit_codes(outside: Varve) -> None:
    text = outside("--help").out
    for word in ("import", "export", "verify", "VARVE_LAKE", "varve.toml", " 20  something is not well", "130"):
        assert word in text


@pytest.mark.parametrize(
    "command",
    [
        *("init", "import", "export", "ls", "info", "read", "head", "tail", "write", "append", "upsert", "delete"),
        *("verify", "repair", "backup", "restore-lake", "rebuild-catalog", "doctor", "stats"),
        *("adopt", "drop-columns", "rename-columns", "schema-history"),
    ],
)
def test_each_command_explains_itself_with_an_example(outside: Varve, command: str) -> None:
    text = outside(command, "--help").out
    assert command in text.split("Example")[1]


def test_read_takes_a_condition(filled: Varve) -> None:
    assert [row["volume"] for row in filled.rows("fx/EUR", "--where", "close > 1.3 and volume in (10, 30)")] == [30]
    assert [row["volume"] for row in filled.rows("fx/EUR", "--where", "timestamp < 2024-01-01T00:01:00Z")] == [10]
    last = filled("tail", "fx/EUR", "-n", "1", "--where", "close < 1.6", "--columns", "close", "-o", "csv")
    assert last.out == "close\n1.5\n"
    assert "expected a comparison at character 7" in filled("read", "fx/EUR", "--where", "close 5", status=2).err
    assert "column nothing" in filled("read", "fx/EUR", "--where", "nothing = 5", status=3).err
