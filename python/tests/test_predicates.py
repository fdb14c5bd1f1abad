"""Conditions on rows, made in Python and pushed into reads."""

import datetime
import decimal
import pathlib
from typing import Any

import numpy as np
import polars as pl
import pytest

import varve
from varve import Predicate, col

UTC = datetime.UTC


@pytest.fixture
def frame() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "n": [1, 2, 3, None, 5],
            "x": [0.5, float("nan"), 2.5, 3.5, None],
            "symbol": ["EUR", "USD", "EUR", None, "GBP"],
            "flag": [True, False, None, True, False],
            "at": pl.Series(
                [datetime.datetime(2024, 1, day, tzinfo=UTC) for day in range(1, 6)], dtype=pl.Datetime("ns", "UTC")
            ),
            "day": [datetime.date(2024, 1, day) for day in range(1, 6)],
            "time": [datetime.time(hour) for hour in range(5)],
            "wait": [datetime.timedelta(seconds=seconds) for seconds in range(5)],
            "price": pl.Series(["0.10", "0.20", "0.30", "0.40", "0.50"]).cast(pl.Decimal(9, 2)),
            "id": pl.Series([2**63, 2**63 + 1, 0, 1, 2], dtype=pl.UInt64),
            "raw": [b"a", b"b", b"c", b"\xff", None],
            "row": range(5),
        }
    )


@pytest.fixture
def path(tmp_path: pathlib.Path, frame: pl.DataFrame) -> pathlib.Path:
    varve.write_parquet(frame, tmp_path / "rows.parquet", rows_per_group=2)
    return tmp_path / "rows.parquet"


CASES: list[tuple[Predicate, list[int]]] = [
    (col("n") == 2, [1]),
    (col("n") != 2, [0, 2, 4]),
    (col("n") < 3, [0, 1]),
    (col("n") <= 2.5, [0, 1]),
    (col("n") > np.int64(3), [4]),
    (col("n") >= 10**30, []),
    (col("x") >= 2.5, [2, 3]),
    (col("symbol") == "EUR", [0, 2]),
    (col("symbol").is_in(["USD", "GBP"]), [1, 4]),
    (col("symbol").is_in([]), []),
    (col("symbol").is_null(), [3]),
    (~col("symbol").is_null(), [0, 1, 2, 4]),
    (col("flag") == True, [0, 3]),  # noqa: E712
    (col("flag") == np.bool_(False), [1, 4]),
    (col("at") >= datetime.datetime(2024, 1, 4, tzinfo=UTC), [3, 4]),
    (col("at") < datetime.date(2024, 1, 2), [0]),
    (col("day") == datetime.date(2024, 1, 2), [1]),
    (col("time") > datetime.time(3), [4]),
    (col("wait") <= datetime.timedelta(seconds=1), [0, 1]),
    (col("price") == decimal.Decimal("0.3"), [2]),
    (col("price") < decimal.Decimal("2E-1"), [0]),
    (col("id") > 2**63, [1]),
    (col("raw") == b"\xff", [3]),
    ((col("n") > 1) & (col("symbol") == "EUR"), [2]),
    ((col("n") == 1) | (col("n") == 5), [0, 4]),
    (~(col("n") > 1), [0]),
]


@pytest.mark.parametrize(("where", "rows"), CASES, ids=lambda case: repr(case) if isinstance(case, Predicate) else "")
def test_rows_are_kept_where_the_condition_is_true(path: pathlib.Path, where: Predicate, rows: list[int]) -> None:
    assert varve.read_parquet(path, ["row"], where=where).to_polars()["row"].to_list() == rows
    batches = varve.ParquetFile(path).batches(["row"], where=where)
    assert [row for table in batches for row in table.to_polars()["row"].to_list()] == rows


def test_ranges_and_conditions_go_together(path: pathlib.Path) -> None:
    where = col("symbol") == "EUR"
    assert varve.read_parquet(path, ["row"], start="2024-01-02", index="at", where=where).to_polars()[
        "row"
    ].to_list() == [2]


def test_conditions_tell_their_columns_and_how_they_read() -> None:
    where = (col("close") > 100.5) & ~col("symbol").is_in(["A", "B"])
    assert where.columns == ["close", "symbol"]
    assert "close > 100.5" in repr(where) and "symbol in" in repr(where)
    assert repr(col("close")) == "col('close')"


def test_conditions_have_no_truth_of_their_own() -> None:
    with pytest.raises(TypeError, match="join conditions by &"):
        bool(col("a") > 1)
    with pytest.raises(TypeError, match="join conditions by &"):
        0 < col("a") < 1  # noqa: B015


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "is_null"),
        ([1], "list"),
        (col("b"), "Column"),
        (datetime.datetime(2024, 1, 1), "no zone"),
        (decimal.Decimal("nan"), "not finite"),
        (10**39, "38 digits"),
        (datetime.time(1, tzinfo=UTC), "zone"),
    ],
)
def test_values_that_are_none_are_refused(value: Any, message: str) -> None:
    with pytest.raises(varve.InvalidArgumentError, match=message):
        col("a") == value  # noqa: B015


def test_conditions_are_checked_against_the_file(path: pathlib.Path) -> None:
    with pytest.raises(varve.DataNotFoundError, match="nowhere"):
        varve.read_parquet(path, where=col("nowhere") == 1)
    with pytest.raises(varve.InvalidArgumentError, match="symbol"):
        varve.read_parquet(path, where=col("symbol") > 1)
    with pytest.raises(varve.InvalidArgumentError, match="condition"):
        varve.read_parquet(path, where=5)  # type: ignore[arg-type]
    with pytest.raises(varve.InvalidArgumentError, match="expected a value"):
        varve.read_parquet(path, where="symbol = EUR")
    with pytest.raises(varve.InvalidArgumentError, match="condition"):
        (col("n") > 1) & True  # type: ignore[operator]


@pytest.mark.parametrize(
    "value", [datetime.timedelta(days=200_000), datetime.datetime(2400, 1, 1, tzinfo=datetime.UTC)]
)
def test_values_beyond_nanoseconds_are_named(value: object) -> None:
    with pytest.raises(varve.InvalidArgumentError, match="beyond what 64 bits of nanoseconds reach"):
        _ = col("wait") >= value
