"""retain, and commands that are told which version they are to find."""

import contextlib
import datetime
import sqlite3

import pytest
from program import BARS, Varve, bars


def days(ages: range) -> str:
    """Bars at noon, so many days ago."""
    now = datetime.datetime.now(datetime.UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    return bars(*(f"{now - datetime.timedelta(days=age):%Y-%m-%dT%H:%M:%SZ},1,2,0.5,1.5,{age}" for age in ages))


@pytest.fixture
def aged(varve: Varve) -> Varve:
    """The program with twenty days of fx/EUR and fx/GBP."""
    for key in ("fx/EUR", "fx/GBP"):
        varve("write", key, "-", stdin=days(range(20)))
    return varve


def volumes(varve: Varve, key: str) -> list[int]:
    return [row["volume"] for row in varve.rows(key)]


def test_old_rows_go(aged: Varve) -> None:
    done = aged("retain", "fx/EUR", "--newer-than", "10d", "-o", "json")
    (row,) = done.json()
    assert row["key"] == "fx/EUR" and row["version"] == 2 and row["rows_removed"] in (9, 10)
    assert f"{row['rows_removed']} rows were removed from 1 of 1 series" in done.err
    assert max(volumes(aged, "fx/EUR")) in (9, 10)
    assert len(volumes(aged, "fx/GBP")) == 20
    assert aged("retain", "fx/EUR", "--newer-than", "2w", "-o", "json").json() == []


def test_a_pattern_names_many_series(aged: Varve) -> None:
    aged("write", "list", "-", stdin=BARS)
    done = aged("retain", "fx/*", "li?t", "--newer-than", "5d", "-o", "json")
    assert [row["key"] for row in done.json()] == ["fx/EUR", "fx/GBP", "list"]
    assert "from 3 of 3 series" in done.err
    assert "no key fits" in aged("retain", "gx/*", "--newer-than", "5d", status=3).err
    aged("retain", "fx", "--newer-than", "5d", status=3)


def test_a_dry_run_changes_nothing(aged: Varve) -> None:
    before = aged.state()
    done = aged("retain", "*", "--newer-than", "5d", "--dry-run", "-o", "json")
    assert len(done.json()) == 2 and "would be removed from 2 of 2 series" in done.err
    assert aged.state() == before


@pytest.mark.parametrize("age", ["5", "5x", "0s", "-3d", "2024-01-01T00:00", "soon", "9999999w"])
def test_a_bad_age_is_told(aged: Varve, age: str) -> None:
    before = aged.state()
    aged("retain", "fx/EUR", f"--newer-than={age}", status=2)
    assert aged.state() == before
    aged("retain", "fx/EUR", status=2)


def test_commands_are_told_which_version_to_find(filled: Varve) -> None:
    path = filled.write_file("bars.csv", BARS)
    before = filled.state()
    for words in (
        ["delete", "fx/EUR", "--yes"],
        ["delete", "fx/EUR", "--start", "2024-01-01"],
        ["restore", "fx/EUR", "--as-of", "1"],
        ["retain", "fx/EUR", "--newer-than", "1d"],
        ["import", path, "--key", "fx/EUR"],
    ):
        assert "has version 1" in filled(*words, "--expects-version", "2", status=5).err
    assert "for one file" in filled("import", path, path, "--expects-version", "1", status=2).err
    assert filled.state() == before
    filled("import", path, "--key", "fx/GBP", "--expects-version", "0")
    filled("retain", "fx/EUR", "--newer-than", "1d", "--expects-version", "1")
    filled("restore", "fx/EUR", "--as-of", "1", "--expects-version", "2")
    filled("delete", "fx/EUR", "--yes", "--expects-version", "3")


DEFAULT = {"keep_all": "1h", "keep_hourly": "7d", "keep_versions": 500}


def test_the_policy_is_kept_in_the_lake(varve: Varve) -> None:
    def policy(*arguments: str) -> object:
        (shown,) = varve("policy", *arguments, "-o", "json").json()
        return shown

    assert policy() == DEFAULT
    assert policy("--keep-all", "90m", "--keep-versions", "0") == DEFAULT | {"keep_all": "1h30m", "keep_versions": 0}
    assert policy("--keep-hourly", "4w") == {"keep_all": "1h30m", "keep_hourly": "28d", "keep_versions": 0}
    health = {row["subject"]: row["found"] for row in varve("doctor", "-o", "json").json()}
    assert health["retention"] == "all of 1h30m, at most 0, then one an hour for 28d"
    numbers = {row["what"]: row["value"] for row in varve("stats", "-o", "json").json()}
    assert numbers["seconds for which all versions are kept"] == 5_400
    assert policy("--default", "--keep-all", "2h") == DEFAULT | {"keep_all": "2h"}
    assert policy("--default") == DEFAULT


def test_one_that_is_not_understood_is_set_anew(filled: Varve) -> None:
    for words, kept in (
        (("--default",), DEFAULT),
        (("--keep-all", "2h", "--keep-hourly", "1w", "--keep-versions", "3"), {"keep_all": "2h", "keep_versions": 3}),
    ):
        with contextlib.closing(sqlite3.connect(filled.lake / ".varve/catalog.sqlite")) as catalog, catalog:
            catalog.execute("INSERT OR REPLACE INTO properties VALUES ('retention', '{}')")
        assert "varve policy --default" in filled("vacuum", status=7).err
        filled("policy", "--keep-all", "2h", status=7)
        assert "seconds for which" not in filled("stats").out
        assert filled("policy", *words, "-o", "json").json() == [DEFAULT | kept]


def test_other_processes_go_by_the_policy(filled: Varve) -> None:
    for _ in range(2):
        filled("write", "fx/EUR", "-", stdin=bars("2024-01-01T00:03:00Z,1.75,2,1.5,1.8,40"))
        filled("write", "fx/EUR", "-", stdin=BARS)
    assert "0 versions forgotten" in filled("vacuum").err
    filled("policy", "--keep-versions", "3", "--keep-hourly", "0s")
    assert "0 versions forgotten" in filled("vacuum", "--keep-versions", "9").err
    assert "2 versions forgotten" in filled("vacuum").err
    filled("policy", "--keep-all", "0s")
    assert "2 versions forgotten" in filled("vacuum", "fx/EUR").err


@pytest.mark.parametrize("words", [("--keep-all", "-1h"), ("--keep-hourly", "x"), ("--keep-versions", "-1"), ("7d",)])
def test_a_bad_policy_is_refused(varve: Varve, words: tuple[str, ...]) -> None:
    varve("policy", *words, status=2)
    assert varve("policy", "-o", "json").json() == [DEFAULT]


@pytest.mark.parametrize("command", ["retain", "policy"])
def test_each_command_explains_itself_with_an_example(outside: Varve, command: str) -> None:
    text = outside(command, "--help").out
    assert f"varve {command}" in text and "Example" in text
