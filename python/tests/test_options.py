"""Options and arguments of the wrong type or value: refused by name, with what was found and what was expected."""

import os
import pathlib
import re
from typing import Any

import pandas as pd
import polars as pl
import pytest

import varve

WHOLE = "expected a whole number of 64 bits"


def refused(message: str) -> Any:
    return pytest.raises(varve.InvalidArgumentError, match=re.escape(message))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 1.5}, f"limit 1.5 of type float: {WHOLE}"),
        ({"limit": 2**70}, f"limit 1180591620717411303424 of type int: {WHOLE}"),
        ({"limit": True}, f"limit True of type bool: {WHOLE}"),
        ({"closed": None}, "closed None of type NoneType: expected text"),
        ({"closed": "neither"}, "neither"),
        ({"as_of": 1.5}, "as_of 1.5 of type float: expected a version of 64 bits, a snapshot's name or a moment"),
        ({"start": 2**63}, "start 9223372036854775808 of type int: expected a time"),
        ({"end": -(2**63) - 1}, "end -9223372036854775809 of type int: expected a time"),
        ({"start": 1.5}, "1.5"),
        ({"zone": 1}, "zone 1 of type int: expected text"),
    ],
)
def test_read_names_the_option_it_refuses(
    lake: varve.Lake, bars: pl.DataFrame, options: dict[str, Any], message: str
) -> None:
    lake.write("k", bars)
    with refused(message):
        lake.read("k", **options)


@pytest.mark.parametrize("verb", ["write", "append", "upsert"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": 1}, "kind 1 of type int: expected text"),
        ({"index": b"x"}, "index b'x' of type bytes: expected text"),
        ({"layout": 7}, "layout 7 of type int: expected text"),
        ({"compression": 9}, "compression 9 of type int: expected text"),
        ({"target_rows_per_file": 1.5}, f"target_rows_per_file 1.5 of type float: {WHOLE}"),
    ],
)
def test_writes_name_the_option_they_refuse(
    lake: varve.Lake, bars: pl.DataFrame, verb: str, options: dict[str, Any], message: str
) -> None:
    with refused(message):
        getattr(lake, verb)("k", bars, **options)
    assert lake.list_keys() == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threads": 10**6}, "threads 1000000: expected 0 to 4096"),
        ({"threads": -1}, "threads -1: expected 0"),
        ({"threads": 1.5}, f"threads 1.5 of type float: {WHOLE}"),
        ({"create": "yes"}, "create 'yes' of type str: expected True or False"),
        ({"read_only": 1}, "read_only 1 of type int: expected True or False"),
        ({"lock_timeout_seconds": "x"}, "lock_timeout_seconds 'x' of type str: expected a number"),
        ({"lock_timeout_seconds": float("nan")}, "lock_timeout_seconds"),
        ({"output": "foo"}, "output 'foo': expected table, polars, pandas or arrow"),
        ({"naive": "foo"}, "naive 'foo': expected error or utc"),
        ({"naive": None}, "naive None: expected error or utc"),
    ],
)
def test_open_refuses_before_it_makes_a_lake(tmp_path: pathlib.Path, options: dict[str, Any], message: str) -> None:
    with refused(message):
        varve.open(tmp_path / "lake", **options)
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("verb", ["read", "head", "tail", "exists", "time_range", "info", "files", "verify", "delete"])
@pytest.mark.parametrize("key", [0, 1, b"k"])
def test_keys_are_text(lake: varve.Lake, verb: str, key: Any) -> None:
    with refused(f"key {key!r} of type {type(key).__name__}: expected text"):
        getattr(lake, verb)(key)


def test_what_is_no_key_prefix_or_count_is_refused(lake: varve.Lake, bars: pl.DataFrame) -> None:
    with refused("key None of type NoneType: expected text"):
        lake.write(None, bars)  # type: ignore[arg-type]
    for list_of in (lake.list_keys, lake.info_all):
        with refused("prefix 1 of type int: expected text"):
            list_of(1)  # type: ignore[arg-type]
    for end in (lake.head, lake.tail):
        with refused(f"rows 'x' of type str: {WHOLE}"):
            end("k", "x")  # type: ignore[arg-type]


def test_slices_are_of_whole_rows() -> None:
    table = varve.Table({"a": [1, 2, 3]})
    with refused(f"start 1.5 of type float: {WHOLE}"):
        table.slice(1.5, 1)  # type: ignore[arg-type]
    with refused(f"length 'x' of type str: {WHOLE}"):
        table.slice(0, "x")  # type: ignore[arg-type]


def test_long_values_are_shown_in_short(lake: varve.Lake) -> None:
    with pytest.raises(varve.InvalidArgumentError) as raised:
        lake.read(["x" * 1_000] * 1_000)  # type: ignore[arg-type]
    assert len(str(raised.value)) < 500


def test_naive_is_checked_wherever_it_is_taken(tmp_path: pathlib.Path) -> None:
    wrong: Any = "foo"
    with refused("naive 'foo'"):
        varve.Table({"a": [1]}, naive=wrong)
    with refused("naive 'foo'"):
        varve.write_parquet({"a": [1]}, tmp_path / "a.parquet", naive=wrong)
    varve.write_parquet({"a": [1]}, tmp_path / "a.parquet")
    with refused("naive 'foo'"):
        varve.read_parquet(tmp_path / "a.parquet", naive=wrong)


NAMES = "of type str: expected a list of names"


def test_a_name_is_not_a_list_of_its_letters(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    for read in (lake.read, lake.head, lake.tail):
        with refused(f"columns 'close' {NAMES}"):
            read("k", columns="close")
    for write in (lake.write, lake.append, lake.upsert):
        with refused(f"identity 'timestamp' {NAMES}"):
            write("new", bars, identity="timestamp")
    with refused(f"columns 'close' {NAMES}"):
        varve.Table(bars).select("close")
    assert lake.list_keys() == ["k"]


@pytest.mark.parametrize("columns", [5, [1], ["close", None], [b"close"]])
def test_what_are_no_names_is_refused(lake: varve.Lake, bars: pl.DataFrame, columns: Any) -> None:
    lake.write("k", bars)
    with refused(f"columns {columns!r} of type {type(columns).__name__}: expected a list of names"):
        lake.read("k", columns=columns)


@pytest.mark.parametrize("columns", [("close", "open"), {"close": 1, "open": 2}, pd.Index(["close", "open"])])
def test_names_come_in_any_order_that_can_be_gone_through(lake: varve.Lake, bars: pl.DataFrame, columns: Any) -> None:
    lake.write("k", bars)
    assert lake.read("k", columns=columns).column_names == ["close", "open"]
    assert lake.read("k", columns=iter(columns)).column_names == ["close", "open"]


def test_paths_are_taken_whole(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    varve.write_parquet({"a": [1]}, "x")
    message = r'"x\x00y'
    with refused(message):
        varve.read_parquet("x\0y")
    with refused(message):
        varve.write_parquet({"a": [2]}, "x\0y")
    with refused(r"x\x00y"):
        varve.open("x\0y")
    assert os.listdir() == ["x"] and varve.read_parquet("x").to_arrow()["a"].to_pylist() == [1]


def test_no_columns_at_all_are_refused(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    for read in (lake.read, lake.head, lake.tail):
        with refused("columns [] of type list: expected one name or more"):
            read("k", columns=[])
    with refused("columns () of type tuple: expected one name or more"):
        varve.Table(bars).select(())
