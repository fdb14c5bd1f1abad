"""`info` shows how files store their columns."""

import pathlib

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from program import BARS, Varve


def make_file(varve: Varve, rows: int = 3_000) -> pathlib.Path:
    path = varve.folder / "bars.parquet"
    frame = pl.DataFrame({"x": range(rows), "symbol": ["EUR", "GBP", "USD"] * (rows // 3)})
    pq.write_table(frame.to_arrow(), path, row_group_size=1_000, compression="snappy")
    return path


def test_files_of_a_series_are_explained_by_column(filled: Varve) -> None:
    rows = filled("info", "fx/EUR", "--files", "-o", "json").json()
    assert [row["column"] for row in rows] == ["timestamp", "open", "high", "low", "close", "volume"]
    (name,) = {row["file"] for row in rows}
    assert (filled.lake / name).is_file()
    close = rows[4]
    assert (close["type"], close["physical"], close["row_groups"], close["values"]) == ("float64", "DOUBLE", 1, 3)
    assert (close["min"], close["max"], close["nulls"]) == ("1.25", "1.75", 0)


def test_row_groups_are_shown_one_by_one(outside: Varve) -> None:
    path = make_file(outside)
    rows = outside("info", path, "--row-groups", "-o", "json").json()
    assert [(row["row_group"], row["column"]) for row in rows] == [(g, c) for g in range(3) for c in ("x", "symbol")]
    columns = outside("info", path, "-o", "json").json()
    assert [row["stored_bytes"] for row in columns] == [sum(r["stored_bytes"] for r in rows[c::2]) for c in range(2)]
    assert columns[1]["codec"] == "SNAPPY" and columns[1]["dictionary_values"] == 9


def test_a_file_needs_no_lake_and_says_who_wrote_it(outside: Varve) -> None:
    done = outside("info", make_file(outside))
    assert "3000 rows in 3 row groups" in done.err and "parquet-cpp-arrow" in done.err
    assert done.out.startswith("file,row_groups,column,type,physical,encodings,codec,bytes_per_value")


def test_a_terminal_gets_a_table(filled: Varve) -> None:
    shown = filled.on_terminal("info", "fx/EUR", "--files", COLUMNS="200").out
    assert "encodings" in shown and "6 rows" in shown


def test_all_rows_are_in_the_table(outside: Varve) -> None:
    path = outside.folder / "wide.parquet"
    pq.write_table(pa.table({f"c{number}": [1] for number in range(50)}), path)
    shown = outside.on_terminal("info", path, COLUMNS="200").out
    assert all(f"c{number} " in shown for number in range(50))


def test_the_parts_of_nested_columns_are_shown(outside: Varve) -> None:
    path = outside.folder / "nested.parquet"
    pq.write_table(pa.table({"flat": [1], "levels": [[1, 2]]}), path)
    rows = outside("info", path, "-o", "json").json()
    assert [(row["column"], row["type"], row["values"]) for row in rows] == [
        ("flat", "int64", 1),
        ("levels.list.element", None, 2),
    ]


def test_what_is_no_parquet_file_is_corruption(outside: Varve) -> None:
    path = outside.write_file("bars.parquet", BARS)
    assert "bars.parquet" in outside("info", path, status=7).err
    cut = make_file(outside)
    cut.write_bytes(cut.read_bytes()[:-4])
    outside("info", cut, status=7)


def test_a_word_that_is_no_file_is_a_key(filled: Varve) -> None:
    filled("info", "bars.parquet", status=3)
    filled("info", "fx/GBP", "--files", status=3)
