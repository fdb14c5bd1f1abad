"""The files that rows came from."""

import hashlib
import pathlib
from typing import Any

import pytest
from conftest import make_bars

import varve

TRADES = varve.Source("trades.csv", hashlib.sha256(b"trades").hexdigest())


def append(lake: varve.Lake, source: varve.Source | None) -> varve.Commit:
    return lake.append("k", make_bars(0, 10), identity=[], source=source)


def test_an_append_of_a_source_that_is_there_adds_nothing(lake: varve.Lake) -> None:
    assert not append(lake, TRADES).source_seen
    again = append(lake, TRADES)
    assert again.source_seen and again.version == 1 and again.rows_added == 0
    assert append(lake, None).rows_added == 10
    assert lake.info("k").rows == 20


def test_a_source_can_be_added_again(lake: varve.Lake) -> None:
    append(lake, TRADES)
    assert append(lake, varve.Source(TRADES.name, TRADES.sha256, again=True)).rows_added == 10


def test_a_source_of_which_rows_were_removed_is_refused(lake: varve.Lake) -> None:
    append(lake, TRADES)
    lake.delete("k", end="2024-01-01T00:03Z")
    with pytest.raises(varve.AlreadyExistsError, match=r"trades\.csv"):
        append(lake, TRADES)


def test_each_of_many_series_has_the_source(lake: varve.Lake) -> None:
    tables = {key: make_bars(0, 10) for key in ("a", "b")}
    lake.append_many(tables, identity=[], source=TRADES)
    assert [commit.source_seen for commit in lake.append_many(tables, identity=[], source=TRADES)] == [True, True]


def test_a_file_is_a_source_by_its_name_and_bytes(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "trades.csv"
    path.write_bytes(b"trades")
    assert varve.Source.of_file(path) == TRADES
    assert varve.Source.of_file(path, again=True).again
    with pytest.raises(FileNotFoundError):
        varve.Source.of_file(tmp_path / "none")


@pytest.mark.parametrize("bad", ["trades.csv", ("trades.csv", TRADES.sha256), varve.Source("a", "00")])
def test_what_is_no_source_is_refused(lake: varve.Lake, bad: Any) -> None:
    with pytest.raises(varve.InvalidArgumentError):
        append(lake, bad)
    assert not lake.exists("k")
