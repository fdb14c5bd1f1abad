"""The past in the shell: versions, states by number, name and time, snapshots, restore, vacuum."""

import pytest
from program import BARS, Varve, bars

NEXT_BAR = "2024-01-01T00:03:00Z,1.75,2,1.5,1.8,40"


@pytest.fixture
def grown(filled: Varve) -> Varve:
    """The program with fx/EUR of three bars at version 1 and of one at version 2."""
    filled("write", "fx/EUR", "-", stdin=bars(NEXT_BAR))
    return filled


def versions(varve: Varve) -> list[int]:
    return [row["version"] for row in varve("versions", "fx/EUR", "-o", "json").json()]


def test_versions_lists_what_was_done(grown: Varve) -> None:
    grown("delete", "fx/EUR", "--yes")
    rows = grown("versions", "fx/EUR", "-o", "json").json()
    assert [(row["version"], row["operation"], row["rows"], row["deleted"]) for row in rows] == [
        (1, "write", 3, False), (2, "write", 1, False), (3, "delete", 0, True),
    ]  # fmt: skip
    assert rows[0]["last"] == "2024-01-01T00:02:00Z" and rows[1]["rows_removed"] == 3 and len(rows[0]["commit"]) == 32
    grown("versions", "fx/GBP", status=3)


def test_as_of_is_a_version_a_snapshot_or_a_time(grown: Varve) -> None:
    grown("snapshot", "make", "2024-01-01", "fx/EUR")
    grown("append", "fx/EUR", "-", stdin=bars(NEXT_BAR.replace("00:03", "00:04")))
    made = grown("versions", "fx/EUR", "-o", "json").json()
    assert len(grown.rows("fx/EUR", "--as-of", "1")) == 3
    assert len(grown.rows("fx/EUR", "--as-of", "2024-01-01")) == 1  # there is a snapshot of that name
    assert len(grown.rows("fx/EUR", "--as-of", made[0]["time"])) == 3
    assert len(grown.rows("fx/EUR", "--as-of", "2100-01-01")) == 2
    assert len(grown.rows("fx/EUR", "--as-of", "2100-01-01 12:00", "--tz", "Europe/Berlin")) == 2
    for command in ("head", "tail", "export"):
        assert len(grown(command, "fx/EUR", "--as-of", "1", "-o", "json").json()) == 3


@pytest.mark.parametrize(
    ("as_of", "status", "message"),
    [
        ("9", 3, "no version 9"),
        ("0", 2, "no version"),
        ("99999999999999999999", 2, "is more than"),
        ("nonsense", 3, "no snapshot"),
        ("2000-01-01", 3, "no version of"),
        ("2100-01-01 12:00", 2, "zone"),
        ("2100-13-01", 2, "2100-13-01"),
    ],
)
def test_a_state_that_is_none_is_an_error(grown: Varve, as_of: str, status: int, message: str) -> None:
    assert message in grown("read", "fx/EUR", "--as-of", as_of, status=status).err


def test_info_shows_the_files_of_then(grown: Varve) -> None:
    then = grown("info", "fx/EUR", "--files", "--as-of", "1", "-o", "json").json()
    assert then[0]["file"].startswith(".varve/objects/") and then[0]["values"] == 3
    grown("info", "fx/EUR", "--as-of", "1", status=2)


def test_restore_brings_a_state_back(grown: Varve) -> None:
    assert "version 3, 3 rows added, 1 removed" in grown("restore", "fx/EUR", "--as-of", "1").err
    assert len(grown.rows("fx/EUR")) == 3
    grown("delete", "fx/EUR", "--yes")
    grown("restore", "fx/EUR", "--as-of", "2")
    assert len(grown.rows("fx/EUR")) == 1
    grown("restore", "fx/EUR", status=2)


def test_delete_and_restore_say_what_they_would_do(grown: Varve) -> None:
    before = grown.state()
    done = grown("restore", "fx/EUR", "--as-of", "1", "--dry-run")
    assert "3 rows added, 1 removed; this was a dry run, nothing was changed" in done.err
    assert "fx/EUR: 1 rows would be removed" in grown("delete", "fx/EUR", "--dry-run").err
    assert "fx/EUR: 0 rows would be removed" in grown("delete", "fx/EUR", "--end", "2000-01-01", "--dry-run").err
    assert grown.state() == before


def test_snapshots_are_made_listed_shown_and_removed(grown: Varve) -> None:
    grown("write", "fx/GBP", "-", stdin=BARS)
    assert "snapshot all: 2 series" in grown("snapshot", "make", "all").err
    assert "1 series" in grown("snapshot", "make", "one", "fx/GBP").err
    assert [(row["name"], row["keys"]) for row in grown("snapshot", "ls", "-o", "json").json()] == [
        ("all", 2),
        ("one", 1),
    ]
    assert grown("snapshot", "show", "all").out == "key,version\nfx/EUR,2\nfx/GBP,1\n"
    grown("snapshot", "make", "all", status=4)
    grown("snapshot", "make", "other", "fx/USD", status=3)
    assert "version" in grown("snapshot", "make", "20240101", status=2).err
    grown("snapshot", "rm", "one")
    grown("snapshot", "rm", "one", status=3)
    grown("snapshot", "show", "one", status=3)
    grown("snapshot", status=2)


def test_vacuum_forgets_what_it_is_not_told_to_keep(grown: Varve) -> None:
    grown("write", "fx/EUR", "-", stdin=BARS)
    assert "0 versions forgotten" in grown("vacuum").err
    grown("snapshot", "make", "all")
    grown("append", "fx/EUR", "-", stdin=bars(NEXT_BAR))
    assert "1 versions forgotten" in grown("vacuum", "fx/EUR", "--keep-hourly", "0s", "--keep-versions", "3").err
    assert versions(grown) == [2, 3, 4]
    assert "1 versions forgotten" in grown("vacuum", "--keep-all", "0s", "--keep-hourly", "0s").err
    assert versions(grown) == [3, 4]
    assert "length of time" in grown("vacuum", "--keep-all", "1.5h", status=2).err


@pytest.mark.parametrize("command", ["write", "append", "upsert"])
def test_an_expected_version_is_checked(grown: Varve, command: str) -> None:
    before = grown.state()
    grown(command, "fx/EUR", "-", "--expects-version", "1", stdin=BARS, status=5)
    grown(command, "fx/EUR", "-", "--expects-version", "0", stdin=BARS, status=5)
    assert grown.state() == before
    grown(command, "fx/EUR", "-", "--expects-version", "2", stdin=BARS)
    grown(command, "fx/GBP", "-", "--expects-version", "0", stdin=BARS)


def test_diff_tells_what_changed(filled: Varve) -> None:
    filled("snapshot", "make", "first")
    filled("upsert", "fx/EUR", "-", stdin=bars("2024-01-01T00:01:00Z,1.25,1.75,1.0,1.5,21", NEXT_BAR))
    assert filled("diff", "fx/EUR", "first", "-o", "json").json() == [
        {
            "from": 1, "to": 2, "rows_added": 1, "rows_removed": 0, "rows_changed": 1,
            "columns_added": "", "columns_dropped": "", "columns_retyped": "",
        }
    ]  # fmt: skip

    def volumes(*arguments: object) -> list[tuple[object, ...]]:
        rows = filled("diff", "fx/EUR", *arguments, "-o", "json").json()
        return [(row["row"], row["volume"]) if "row" in row else (row["volume"],) for row in rows]

    assert volumes("1", "2", "--rows", "added") == [(40,)]
    assert volumes("2", "1", "--rows", "removed") == [(40,)]
    assert volumes("1", "--rows", "changed") == [("before", 20), ("after", 21)]
    assert "the first 0 of 1 rows added" in filled("diff", "fx/EUR", "1", "--rows", "added", "--limit", "0").err
    filled("diff", "fx/EUR", "1", "9", status=3)
    filled("diff", "fx/EUR", "1", "--rows", "all", status=2)


@pytest.mark.parametrize("command", ["versions", "restore", "snapshot", "vacuum", "diff"])
def test_each_command_explains_itself_with_an_example(outside: Varve, command: str) -> None:
    text = outside(command, "--help").out
    assert f"varve {command}" in text and "Example" in text
