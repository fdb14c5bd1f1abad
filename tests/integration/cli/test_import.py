"""Files of many shapes come in right, or not at all."""

import gzip

import polars
import pyarrow
import pyarrow.parquet
import pytest
from program import BARS, Varve, bars

KLINES = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,trade_count,taker_buy_base,taker_buy_quote,ignore"
)


def test_key_follows_from_the_file(varve: Varve) -> None:
    for name in ("a.csv", "b.tsv", "deep/c.csv.gz"):
        text = BARS.replace(",", "\t") if name.endswith(".tsv") else BARS
        varve.write_file(name, gzip.compress(text.encode()) if name.endswith(".gz") else text)
    done = varve("import", "a.csv", "b.tsv", "deep/c.csv.gz", "--key", "bars/{stem}")
    assert done.err.count("3 rows added") == 3
    assert varve.keys() == ["bars/a", "bars/b", "bars/c"]


def test_unknown_placeholder_is_an_error_before_anything_is_read(varve: Varve) -> None:
    varve.write_file("a.csv", BARS)
    assert "the only placeholder is {stem}" in varve("import", "a.csv", "--key", "{symbol}", status=2).err
    assert varve.keys() == []


def test_importing_twice_changes_nothing(varve: Varve) -> None:
    varve.write_file("a.csv", BARS)
    varve("import", "a.csv")
    before = varve.state()
    assert "3 unchanged" in varve("import", "a.csv").err
    assert varve.state() == before


def test_importing_twice_without_identity_changes_nothing(varve: Varve) -> None:
    varve.write_file("a.csv", "time,price,size\n1,5,1\n1,5,1\n2,5,1\n")
    varve("import", "a.csv")
    assert varve("ls", "-o", "json").json()[0]["rows"] == 3
    assert "brought in before" in varve("import", "a.csv").err
    assert varve("ls", "-o", "json").json()[0]["rows"] == 3


TICKS = "time,price,size\n1,5,1\n1,5,1\n2,5,1\n"
LATER = "time,price,size\n3,5,1\n4,5,1\n"


@pytest.fixture
def ticks(varve: Varve) -> Varve:
    """The program, with two files of rows without identity that are not in the lake yet."""
    varve.write_file("tr1.csv", TICKS)
    varve.write_file("tr2.csv", LATER)
    return varve


def test_a_restored_version_has_the_files_that_it_had(ticks: Varve) -> None:
    ticks("import", "tr1.csv", "--key", "t")
    ticks("import", "tr2.csv", "--key", "t")
    ticks("delete", "t", "--yes")
    ticks("restore", "t", "--as-of", "1")
    assert "brought in before" in ticks("import", "tr1.csv", "--key", "t").err
    ticks("restore", "t", "--as-of", "2")
    assert ticks("import", "tr2.csv", "tr1.csv", "--key", "t").err.count("brought in before") == 2
    assert len(ticks.rows("t")) == 5


@pytest.mark.parametrize("verb", ["write", "append", "replace"])
def test_whatever_brings_a_file_in_remembers_it(ticks: Varve, verb: str) -> None:
    ticks("import", "tr1.csv", "--key", "t")
    ticks(verb, "t", "tr2.csv")
    rows = ticks.rows("t")
    assert "brought in before" in ticks("import", "tr2.csv", "--key", "t").err
    assert "brought in before" in ticks("append", "t", "tr2.csv").err
    assert ticks.rows("t") == rows and len(rows) == (5 if verb == "append" else 2)


def test_a_file_is_remembered_though_its_rows_were_there(ticks: Varve) -> None:
    ticks("write", "t", "-", stdin=TICKS.replace("size", "volume"))
    ticks("rename-columns", "t", "volume=size")
    ticks("write", "t", "tr1.csv")
    assert "brought in before" in ticks("import", "tr1.csv", "--key", "t").err
    assert len(ticks.rows("t")) == 3


def test_a_pipe_always_adds_its_rows(ticks: Varve) -> None:
    ticks("append", "t", "-", stdin=TICKS)
    assert "brought in before" in ticks("import", "tr1.csv", "--key", "t").err
    ticks("append", "t", "-", stdin=TICKS)
    assert len(ticks.rows("t")) == 6


def test_a_file_whose_rows_were_replaced_comes_in_again(ticks: Varve) -> None:
    ticks("import", "tr1.csv", "--key", "t")
    ticks("replace", "t", "tr2.csv")
    assert "3 rows added" in ticks("import", "tr1.csv", "--key", "t").err
    assert len(ticks.rows("t")) == 5


def test_a_file_that_is_there_in_part_is_refused_and_can_be_replaced(ticks: Varve) -> None:
    ticks("import", "tr1.csv", "tr2.csv", "--key", "t")
    ticks("delete", "t", "--start", "1970-01-01T00:00:02Z", "--end", "1970-01-01T00:00:02Z")
    done = ticks("import", "tr1.csv", "tr2.csv", "--key", "t", status=4).err
    assert 'a part of "tr1.csv" is in series "t"' in done and "t: the file was brought in before" in done
    assert "from 1970-01-01T00:00:01Z to 1970-01-01T00:00:02Z by replace" in done and "hint" not in done
    ticks("replace", "t", "tr1.csv", "--start", "1970-01-01T00:00:01Z", "--end", "1970-01-01T00:00:02Z")
    assert "brought in before" in ticks("import", "tr1.csv", "--key", "t").err
    assert len(ticks.rows("t")) == 5


def test_several_files_make_one_series(varve: Varve) -> None:
    varve.write_file("b.csv", bars("2024-01-02T00:00:00Z,1,2,1,2,5"))
    varve.write_file("a.csv", BARS)
    varve("import", "b.csv", "a.csv", "--key", "fx")
    assert [row["volume"] for row in varve.rows("fx")] == [10, 20, 30, 5]


def test_errors_of_the_lake_name_file_and_key(varve: Varve) -> None:
    varve("write", "fx", "-", stdin="time,x\n1,text\n")
    for name in ("a.csv", "b.csv"):
        varve.write_file(name, "time,x\n2,5\n")
    error = varve("import", "a.csv", "b.csv", "--key", "fx", status=6).err
    assert 'varve: a.csv: series "fx": ' in error and 'varve: b.csv: series "fx": ' in error
    for command in ("append", "upsert"):
        assert "varve: a.csv: " in varve(command, "fx", "a.csv", status=6 if command == "append" else 2).err
    assert 'varve: standard input: series "fx": ' in varve("append", "fx", "-", stdin="time,x\n2,5\n", status=6).err


def test_naive_times_need_a_zone(varve: Varve) -> None:
    varve.write_file("a.csv", "timestamp,x\n2024-07-01 09:30:00,1\n")
    error = varve("import", "a.csv", status=2).err
    assert 'a.csv: line 2, column timestamp: "2024-07-01 09:30:00" names no zone' in error and "--tz" in error
    assert varve.keys() == []
    varve("import", "a.csv", "--tz", "America/New_York")
    assert varve.rows("a")[0]["timestamp"] == "2024-07-01T13:30:00Z"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1637971200", "2021-11-27T00:00:00Z"),
        ("1637971200123", "2021-11-27T00:00:00.123Z"),
        ("1637971200123456", "2021-11-27T00:00:00.123456Z"),
        ("1637971200123456789", "2021-11-27T00:00:00.123456789Z"),
        ("1637971200.25", "2021-11-27T00:00:00.250Z"),
        ("2021-11-27", "2021-11-27T00:00:00Z"),
        ("2021-11-27T01:00:00+01:00", "2021-11-27T00:00:00Z"),
    ],
)
def test_times_are_told_by_form_and_size(varve: Varve, cell: str, expected: str) -> None:
    varve("write", "x", "-", stdin=f"time,x\n{cell},1\n")
    assert varve.rows("x")[0]["timestamp"] == expected


def test_klines_without_header_are_named_on_the_command_line(varve: Varve) -> None:
    prices = "0.00002853,0.00002854,0.00002851,0.00002854"
    varve.write_file("k.csv", f"1637971200000,{prices},36304.20000000,1637971259999,1.03547608,79,1,0.5,0\n")
    assert "no header row" in varve("import", "k.csv", status=2).err
    varve("import", "--columns", KLINES, "k.csv")
    (bar,) = varve.rows("k")
    assert bar["open"] == 0.00002853 and bar["volume"] == 36304.2 and bar["trade_count"] == 79
    assert bar["close_time"] == "2021-11-27T00:00:59.999Z"


def test_columns_get_other_names(varve: Varve) -> None:
    varve.write_file("a.csv", "Zeit;Auf;High;Low;Close;Menge\n2024-01-01T00:00Z;1;2;0,5;1;7\n")
    error = varve("import", "a.csv", "--map", "timestamp=Zeit", "--map", "open=Auf", status=2).err
    assert 'line 2, column Low: "0,5" is not a number' in error
    varve.write_file("a.csv", "Zeit;Auf;High;Low;Close;Menge\n2024-01-01T00:00Z;1;2;0.5;1;7\n")
    varve("import", "a.csv", "--map", "timestamp=Zeit", "--map", "open=Auf", "--map", "volume=Menge")
    (bar,) = varve.rows("a")
    assert bar["open"] == 1.0 and bar["low"] == 0.5 and bar["volume"] == 7
    assert varve("info", "a", "-o", "json").json()["kind"] == "ohlcv"


def test_bad_rows_are_shown_and_nothing_is_written(varve: Varve) -> None:
    rows = [f"2024-01-01T00:{minute:02}:00Z,1,2,1,{'oops' if minute % 4 == 3 else 1.5},5" for minute in range(60)]
    varve.write_file("a.csv", bars(*rows))
    error = varve("import", "a.csv", status=2).err
    assert "15 of 60 rows do not parse" in error
    assert 'line 5, column close: "oops" is not a number' in error and "and 5 more" in error
    assert error.count("is not a number") == 10
    assert varve.keys() == []
    assert "45 rows added" in varve("import", "a.csv", "--skip-bad").err


def test_one_bad_file_does_not_keep_the_others_out(varve: Varve) -> None:
    varve.write_file("a.csv", BARS)
    varve.write_file("b.csv", "no,hour,here\n1,2,3\n")
    varve.write_file("c.csv", BARS)
    error = varve("import", "a.csv", "b.csv", "c.csv", status=3).err
    assert "b.csv: no time column" in error and "1 of 3 files" in error
    assert varve.keys() == ["a", "c"]


def test_parquet_keeps_its_types(varve: Varve) -> None:
    table = pyarrow.table({
        "timestamp": pyarrow.array([1, 2], pyarrow.timestamp("ms", "UTC")),
        "price": pyarrow.array([1.5, None], pyarrow.float32()),
        "size": pyarrow.array([1, 2], pyarrow.uint16()),
        "venue": pyarrow.array(["X", "Y"]).dictionary_encode(),
    })  # fmt: skip
    pyarrow.parquet.write_table(table, varve.folder / "t.parquet")
    varve("import", "t.parquet")
    types = {column["name"]: column["type"] for column in varve("info", "t", "-o", "json").json()["columns"]}
    assert types == {
        "timestamp": "timestamp[ms, UTC]", "price": "float32", "size": "uint16", "venue": "dictionary<string>",
    }  # fmt: skip


def test_naive_parquet_times_need_a_zone(varve: Varve) -> None:
    table = pyarrow.table({"time": pyarrow.array([0], pyarrow.timestamp("us")), "x": [1]})
    pyarrow.parquet.write_table(table, varve.folder / "t.parquet")
    assert "--tz" in varve("import", "t.parquet", status=2).err
    varve("import", "t.parquet", "--tz", "+01:00")
    assert varve.rows("t") == [{"time": "1969-12-31T23:00:00Z", "x": 1}]


def test_files_are_open_to_other_readers(varve: Varve) -> None:
    varve.write_file("a.csv", BARS)
    varve("import", "a.csv", "--key", "fx/EUR")
    seen = polars.read_parquet(varve.lake / "fx/EUR/*.parquet")
    expected = polars.read_csv(BARS.encode(), schema_overrides={"timestamp": polars.Datetime("ns", "UTC")})
    assert seen.equals(expected)
