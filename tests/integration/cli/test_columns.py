"""Columns dropped and renamed on the command line."""

from program import Varve


def test_columns_are_renamed_and_dropped(filled: Varve) -> None:
    assert "version 2" in filled("rename-columns", "fx/EUR", "open=first", "close=last").err
    assert "version 3, 4 columns" in filled("drop-columns", "fx/EUR", "high", "last").err
    assert filled("head", "fx/EUR", "-n", "1").out.splitlines()[0] == "timestamp,first,low,volume"
    assert filled("head", "fx/EUR", "--as-of", "1").out.splitlines()[0] == "timestamp,open,high,low,close,volume"
    history = filled("schema-history", "fx/EUR", "-o", "json").json()
    assert [row["column"] for row in history if row["version"] == 3] == ["timestamp", "first", "low", "volume"]
    assert {row["operation"] for row in history} == {"write", "rename_columns", "drop_columns"}
    assert "nothing to do" in filled("rename-columns", "fx/EUR", "low=low").err
    filled("verify")


def test_what_cannot_be_changed_says_why(filled: Varve) -> None:
    assert "is the index" in filled("drop-columns", "fx/EUR", "timestamp", status=2).err
    assert "old=new" in filled("rename-columns", "fx/EUR", "open", status=2).err
    assert "twice" in filled("rename-columns", "fx/EUR", "open=a", "open=b", status=2).err
    assert "hint" not in filled("rename-columns", "fx/EUR", "open=close", status=4).err
    filled("drop-columns", "fx/EUR", "x", status=3)
    filled("drop-columns", "other", "x", status=3)
