"""replace, delete of a range, rename and compact."""

from program import BARS, Varve


def rows(varve: Varve, key: str = "fx/EUR") -> list[str]:
    return [row["timestamp"] for row in varve("read", key, "-o", "json").json()]


def test_a_range_gets_other_rows(filled: Varve) -> None:
    first, second, third = rows(filled)
    outcome = filled("delete", "fx/EUR", "--start", second, "--end", second)
    assert outcome.err.strip() == "fx/EUR: 1 rows removed"
    assert rows(filled) == [first, third]
    filled("replace", "fx/EUR", "-", "--start", first, stdin=BARS)
    assert rows(filled) == [first, second, third]


def test_rows_outside_the_range_are_refused(filled: Varve) -> None:
    outcome = filled("replace", "fx/EUR", "-", "--end", "2000-01-01", stdin=BARS, status=2)
    assert "outside the range" in outcome.err
    assert len(rows(filled)) == 3


def test_a_series_gets_another_key(filled: Varve) -> None:
    assert "x/new: version 2, was fx/EUR" in filled("rename", "fx/EUR", "x/new").err
    assert len(rows(filled, "x/new")) == 3
    assert "fx/EUR" in filled("rename", "fx/EUR", "y", status=3).err


def test_what_is_compact_stays(filled: Varve) -> None:
    assert filled("compact", "fx/EUR").err.strip() == "fx/EUR: nothing to do"
    assert filled("compact", "none", status=3).out == ""
