"""`coverage` shows what is known; another door has said it."""

import sqlite3

import pytest
from program import BARS, Varve

DAY = 86_400_000_000_000
NEW_YEAR = 1_704_067_200_000_000_000  # 2024-01-01


@pytest.fixture
def covered(filled: Varve) -> Varve:
    """fx/EUR, asked for from the first to the tenth of January: five days came, two are empty."""
    with sqlite3.connect(filled.lake / ".varve" / "catalog.sqlite") as catalog:
        (series,) = catalog.execute("SELECT id FROM series WHERE key = 'fx/EUR'").fetchone()
        for fact, first, last in (("requested", 1, 10), ("received", 1, 5), ("empty", 6, 7)):
            stretch = (NEW_YEAR + (first - 1) * DAY, NEW_YEAR + last * DAY)
            catalog.execute("INSERT INTO coverage VALUES (?, ?, ?, ?)", (series, fact, *stretch))
        catalog.execute("INSERT INTO metadata VALUES (?, ?)", (series, '{"venue": {"name": "XNAS"}}'))
    catalog.close()
    return filled


def test_each_range_is_a_row(covered: Varve) -> None:
    assert covered("coverage", "fx/EUR", "-o", "csv").out == (
        "key,fact,start,end\n"
        "fx/EUR,requested,2024-01-01T00:00:00Z,2024-01-11T00:00:00Z\n"
        "fx/EUR,received,2024-01-01T00:00:00Z,2024-01-06T00:00:00Z\n"
        "fx/EUR,empty,2024-01-06T00:00:00Z,2024-01-08T00:00:00Z\n"
    )


def test_a_day_as_an_end_means_all_of_it(covered: Varve) -> None:
    rows = covered("coverage", "fx/EUR", "--start", "2024-01-05", "--end", "2024-01-06", "-o", "json").json()
    assert [(row["fact"], row["start"][:10], row["end"][:10]) for row in rows] == [
        ("requested", "2024-01-05", "2024-01-07"),
        ("received", "2024-01-05", "2024-01-06"),
        ("empty", "2024-01-06", "2024-01-07"),
    ]


def test_missing_is_what_neither_came_nor_is_empty(covered: Varve) -> None:
    def missing(*arguments: str) -> list[tuple[str, str]]:
        rows = covered("coverage", "fx/EUR", "--missing", "-o", "json", *arguments).json()
        assert all(row["key"] == "fx/EUR" and row["fact"] == "missing" for row in rows)
        return [(row["start"][:10], row["end"][:10]) for row in rows]

    assert missing() == [("2024-01-08", "2024-01-11")]
    assert missing("--start", "2023-12-31") == [("2023-12-31", "2024-01-01"), ("2024-01-08", "2024-01-11")]
    assert missing("--start", "2024-01-02", "--end", "2024-01-07") == []


def test_without_a_key_all_series_are_shown(covered: Varve) -> None:
    covered("write", "fx/GBP", "-", stdin=BARS)
    arguments = ("coverage", "--missing", "--start", "2024-01-07", "--end", "2024-01-08", "-o", "json")
    rows = covered(*arguments).json()
    assert [(row["key"], row["start"][:10]) for row in rows] == [("fx/EUR", "2024-01-08"), ("fx/GBP", "2024-01-07")]


def test_what_is_wrong_is_told(covered: Varve) -> None:
    assert "no series" in covered("coverage", "fx/USD", status=3).err
    assert "ends before" in covered("coverage", "fx/EUR", "--start", "2024-02-01", "--end", "2024-01-01", status=2).err
    assert "zone" in covered("coverage", "fx/EUR", "--start", "2024-01-01 10:00", status=2).err
    assert covered("coverage", "fx/EUR", "--start", "2024-01-01 10:00", "--tz", "UTC").out.count("\n") == 4


def test_a_series_that_nobody_fetched_has_no_rows(filled: Varve) -> None:
    assert filled("coverage", "fx/EUR").out == "key,fact,start,end\n"
    assert filled("coverage", "--missing").out == "key,fact,start,end\n"


def test_writing_the_whole_series_begins_anew(covered: Varve) -> None:
    covered("write", "fx/EUR", "-", stdin=BARS.replace("1.25,10", "1.25,11"))
    assert covered("coverage").out == "key,fact,start,end\n"


def test_info_shows_the_metadata(covered: Varve) -> None:
    assert covered("info", "fx/EUR", "-o", "json").json()["metadata"] == {"venue": {"name": "XNAS"}}
    assert '{"venue":{"name":"XNAS"}}' in covered("info", "fx/EUR", "-o", "table").out
