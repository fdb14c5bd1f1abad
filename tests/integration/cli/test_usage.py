"""A command line that is wrong is told so by name, with what there is instead."""

import pytest
from program import BARS, Varve

WRONG = [
    (("head", "fx/EUR", "-n", "-1"), '--rows: "-1" is no whole number of at least 0'),
    (("head", "fx/EUR", "-n", "99999999999999999999"), "99999999999999999999 is more than 9223372036854775807"),
    (("read", "fx/EUR", "--as-of", "0"), '--as-of: "0" is no version: they begin with 1'),
    (("read", "fx/EUR", "--columns", ""), "--columns: the list is empty"),
    (("read", "fx/EUR", "--columns", "open,,close"), '--columns: a name is empty in "open,,close"'),
    (("write", "x", "-", "--target-rows", "0"), "--target-rows"),
    (("hed", "fx/EUR"), 'there is no command "hed": did you mean head?'),
    (("frobnicate",), 'there is no command "frobnicate"'),
    (("--frobnicate",), 'there is no option "--frobnicate"'),
    ((), "which command?"),
    (("import", "-"), "write, append and upsert read standard input as -"),
    (("ls", "../x"), "`.` and `..` are no segments"),
    (("ls", "/etc"), "it begins with a slash"),
]


@pytest.mark.parametrize(("words", "message"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_wrong_words_are_named(filled: Varve, words: tuple[str, ...], message: str) -> None:
    outcome = filled(*words, status=2, stdin=BARS)
    assert message in outcome.err and outcome.out == ""
    assert all(len(line) < 200 for line in outcome.err.splitlines())


@pytest.mark.parametrize("name", ["color", "tz", "progress", "threads", "output"])
def test_bad_settings_are_refused_by_every_command(filled: Varve, name: str) -> None:
    for command in (("ls",), ("version",), ("init",), ("head", "fx/EUR"), ("verify",)):
        assert f"--{name}: " in filled(*command, f"--{name}", "Foo", status=2).err
    assert '"Foo"' in filled("ls", status=2, **{f"VARVE_{name.upper()}": "Foo"}).err


def test_version_is_an_option_too(outside: Varve) -> None:
    assert outside("--version").out == outside("version").out == outside("ls", "--version").out
    assert outside("--version").out.startswith("varve ")


def test_counts_of_any_size_are_taken(filled: Varve) -> None:
    assert len(filled("head", "fx/EUR", "-n", str(2**63 - 1)).out.splitlines()) == 4
    assert len(filled("tail", "fx/EUR", "-n", "0").out.splitlines()) == 1


def test_a_folder_that_is_not_there_is_named(filled: Varve) -> None:
    path = filled.folder / "none" / "x.csv"
    error = filled("export", "fx/EUR", "--out", path, status=3).err
    assert f"cannot write {path}: there is no folder {path.parent}" in error and ".tmp" not in error


def test_what_is_empty_is_refused_and_not_taken_as_left_out(filled: Varve) -> None:
    for words in (
        ["delete", "fx/EUR", "--start", "", "--yes"],
        ["read", "fx/EUR", "--as-of", ""],
        ["read", "fx/EUR", "--where", ""],
        ["vacuum", ""],
    ):
        assert "is empty" in filled(*words, status=2).err
    assert len(filled("read", "fx/EUR").out.splitlines()) == 4
