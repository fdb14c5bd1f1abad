"""A series as a Polars LazyFrame: the rows are those of Polars, and only what is asked for is read."""

import datetime
import decimal
import functools
import gc
import operator
import pathlib
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from conftest import make_bars
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import varve
from varve._polars_predicates import Translator

UTC = datetime.UTC
FIRST = datetime.datetime(2024, 1, 1, tzinfo=UTC)
ROWS = 40


def every_type() -> pl.DataFrame:
    """Rows at minutes, one file for some of them, with nulls, NaN and values that are equal or nearly so."""
    steps = range(ROWS)

    def spread(values: list[Any], dtype: Any) -> pl.Series:
        return pl.Series([values[step % len(values)] for step in steps], dtype=dtype)

    moments = [FIRST + datetime.timedelta(minutes=step) for step in steps]
    old = [datetime.datetime(1969, 12, 31, 23, 59, 59, 999_999 - step) for step in range(3)]
    return pl.DataFrame(
        {
            "timestamp": pl.Series(moments, dtype=pl.Datetime("ns", "UTC")),
            "byte": spread([-128, 0, 5, None, 127], pl.Int8),
            "whole": spread([0, -3, None, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1], pl.Int64),
            "count": spread([0, 2**64 - 1, 5, None], pl.UInt64),
            "number": spread([0.0, -0.0, 1.5, None, float("nan"), float("inf"), -2.25], pl.Float64),
            "single": spread([0.1, 1.5, None, float("nan"), -1.0], pl.Float32),
            "text": spread(["EUR", "", None, "USD", "żółć"], pl.String),
            "side": spread(["B", "S", None], pl.Categorical),
            "flag": spread([True, False, None], pl.Boolean),
            "day": spread([datetime.date(2024, 1, 1), None, datetime.date(1969, 12, 31)], pl.Date),
            "clock": spread([datetime.time(9, 30), None, datetime.time(16)], pl.Time),
            "wait": spread([datetime.timedelta(seconds=1), None, datetime.timedelta(0)], pl.Duration("us")),
            "seen": spread([*old, None], pl.Datetime("us")),
            "price": spread([decimal.Decimal("1.10"), None, decimal.Decimal("-2.25")], pl.Decimal(9, 2)),
            "raw": spread([b"", b"\xff", None], pl.Binary),
        }
    )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[varve.Lake]:
    with varve.open(tmp_path_factory.mktemp("scan") / "lake", publish_delay_seconds=0) as lake:
        lake.write("k", every_type(), target_rows_per_file=7)
        yield lake


VALUES: dict[str, list[Any]] = {
    "byte": [-128, 5, 127, 200, 2.5],
    "whole": [0, 2**53, 2**53 + 1, -3, 2.5, 2.0**53, 2.0**60, -1e300],
    "count": [0, 5, 2**64 - 1, 2.5],
    "number": [0.0, -0.0, 1.5, float("nan"), float("inf"), -2.25, 1, 2**53 + 1],
    "single": [0.1, 1.5, float("nan"), 1, pl.lit(0.1, dtype=pl.Float32)],
    "text": ["EUR", "", "zzz", "żółć"],
    "side": ["B", "X"],
    "flag": [True, False],
    "day": [datetime.date(2024, 1, 1), datetime.date(1900, 1, 1), datetime.datetime(2024, 1, 1)],
    "clock": [datetime.time(9, 30), datetime.time(23)],
    "wait": [datetime.timedelta(seconds=1), datetime.timedelta(microseconds=-1)],
    "seen": [datetime.datetime(1969, 12, 31, 23, 59, 59, 999_998), datetime.date(1970, 1, 1)],
    "price": [decimal.Decimal("1.10"), decimal.Decimal("1.101"), 1, 1.1],
    "raw": [b"", b"\xff"],
    "timestamp": [FIRST + datetime.timedelta(minutes=7), FIRST - datetime.timedelta(days=1)],
}


@st.composite
def comparisons(draw: st.DrawFn) -> pl.Expr:
    name = draw(st.sampled_from(list(VALUES)))
    column, value = pl.col(name), draw(st.sampled_from(VALUES[name]))
    signs = ["eq", "ne"] if name in ("flag", "side") else ["eq", "ne", "lt", "le", "gt", "ge"]
    plain = [item for item in VALUES[name] if not isinstance(item, pl.Expr)]
    forms = [
        lambda: getattr(column, draw(st.sampled_from(signs)))(value),
        lambda: getattr(column, draw(st.sampled_from(signs)))(value),
        column.is_null,
        column.is_not_null,
    ]
    if len({type(item) for item in plain}) == 1:
        forms.append(lambda: column.is_in(draw(st.lists(st.sampled_from(plain), max_size=3))))
        forms.append(lambda: column.is_in([*draw(st.lists(st.sampled_from(plain), max_size=2)), None]))
    if len(signs) > 2:
        closed = draw(st.sampled_from(["both", "left", "right", "none"]))
        forms.append(lambda: column.is_between(value, draw(st.sampled_from(VALUES[name])), closed=closed))
    if name == "flag":
        forms.append(lambda: column)
    if name in ("whole", "count"):
        forms.append(lambda: column % 2 == 1)  # what only Polars can do
    return draw(st.sampled_from(forms))()


def joined(terms: st.SearchStrategy[pl.Expr]) -> st.SearchStrategy[pl.Expr]:
    return st.one_of(
        st.tuples(terms, terms).map(lambda pair: pair[0] & pair[1]),
        st.tuples(terms, terms).map(lambda pair: pair[0] | pair[1]),
        terms.map(lambda term: ~term),
    )


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(predicate=st.recursive(comparisons(), joined, max_leaves=5))
def test_rows_are_those_of_a_filter_after_collect(filled: varve.Lake, predicate: pl.Expr) -> None:
    plan = filled.scan("k")
    try:
        expected = every_type().filter(predicate)
    except pl.exceptions.PolarsError:
        with pytest.raises(pl.exceptions.PolarsError):
            plan.filter(predicate).collect()
        return
    assert plan.filter(predicate).collect().equals(expected), predicate
    assert plan.filter(predicate).select("whole").collect().equals(expected.select("whole")), predicate
    assert plan.filter(predicate).head(3).collect().equals(expected.head(3)), predicate


PUSHED: list[tuple[pl.Expr, bool]] = [
    (pl.col("whole") > 5, True),
    (pl.lit(5) < pl.col("whole"), True),
    (pl.col("number") >= 1.5, True),
    (pl.col("text") == "EUR", True),
    (pl.col("text").is_in(["EUR", "USD"]), True),
    (~pl.col("text").is_in(["EUR"]), True),
    (pl.col("side") == "B", True),
    (pl.col("flag"), True),
    (pl.col("day") <= datetime.date(2024, 1, 1), True),
    (pl.col("clock") > datetime.time(10), True),
    (pl.col("price") == decimal.Decimal("1.10"), True),
    (pl.col("number").is_between(0.5, 2.5, closed="left"), True),
    (pl.col("timestamp") >= FIRST, True),
    ((pl.col("whole") > 5) | pl.col("number").is_null(), True),
    ((pl.col("whole") > 5) & (pl.col("whole") % 2 == 1), False),
]


@pytest.mark.parametrize(("expression", "exact"), PUSHED, ids=str)
def test_expressions_are_taken_over(filled: varve.Lake, expression: pl.Expr, exact: bool) -> None:
    seen: list[pl.Expr] = []

    def source(
        columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, batch: int | None
    ) -> Iterator[pl.DataFrame]:
        assert predicate is not None
        seen.append(predicate)
        yield every_type().filter(predicate)

    schema = every_type().schema
    pl.io.plugins.register_io_source(source, schema=schema).filter(expression).collect()
    pushed = Translator(schema).translate(seen[0])
    assert pushed is not None and pushed.exact == exact, seen[0]


@pytest.mark.parametrize(
    "expression",
    [
        pl.col("whole") % 2 == 1,
        pl.col("whole") == pl.col("count").cast(pl.Int64),
        pl.col("number") == float("nan"),
        (pl.col("whole") > 5) | (pl.col("whole") % 2 == 1),
        ~((pl.col("whole") > 5) & (pl.col("whole") % 2 == 1)),
        pl.col("text").is_in(["EUR", None]),
        pl.col("text").str.to_lowercase() == "eur",
        pl.col("whole").is_in([]),
    ],
    ids=str,
)
def test_what_would_mean_something_else_is_left_to_polars(expression: pl.Expr) -> None:
    assert Translator(every_type().schema).translate(expression) is None


def test_filters_of_any_length_and_depth_keep_their_rows(filled: varve.Lake) -> None:
    frame = every_type()
    many = functools.reduce(operator.or_, [pl.col("whole") == -number for number in range(400)])
    assert filled.scan("k").filter(many).collect().equals(frame.filter(many))
    deep = pl.col("byte") > 0
    for _ in range(150):
        deep = ~((deep | (pl.col("whole") == -3)) & (pl.col("count") != 5))
    assert filled.scan("k").filter(deep).collect().equals(frame.filter(deep))
    wide = pl.col("whole").is_in(range(-5_000, 5_000))
    assert filled.scan("k").filter(wide).collect().equals(frame.filter(wide))


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_filters_on_an_index_of_any_unit_keep_its_rows(lake: varve.Lake, unit: Any, zone: str) -> None:
    """On both sides of 1970, where rounding goes another way, against moments between and on the rows."""
    moments = pl.Series("timestamp", range(-20, 20), dtype=pl.Int64).cast(pl.Datetime(unit, "UTC"))
    frame = pl.DataFrame([moments.dt.convert_time_zone(zone), pl.Series("close", range(40))])
    lake.write("k", frame, target_rows_per_file=5)
    plan = lake.scan("k")
    index = pl.col("timestamp")
    for literal_unit in ("ms", "us", "ns"):
        for number in (-3_000_000, -5_001, -5, 0, 1, 7_999, 3_000_001):
            bound = pl.lit(number).cast(pl.Datetime(literal_unit, zone))
            for keep in (index < bound, index <= bound, index > bound, index >= bound, index == bound, index != bound):
                for kept in (keep, ~keep, keep & (pl.col("close") > 3)):
                    assert plan.filter(kept).collect().equals(frame.filter(kept)), kept


class Watched:
    """A lake of the engine that notes with what it is read."""

    def __init__(self, native: Any) -> None:
        self._native = native
        self.reads: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._native, name)

    def read_batches(self, key: str, batch_rows: int, **options: Any) -> Any:
        self.reads.append(options)
        return self._native.read_batches(key, batch_rows, **options)


@pytest.fixture
def watched(lake: varve.Lake) -> Watched:
    lake.write("k", make_bars(0, 1_000), target_rows_per_file=100)
    lake._native = Watched(lake._native)  # type: ignore[assignment]
    return lake._native  # type: ignore[return-value]


def test_projection_reaches_the_engine(lake: varve.Lake, watched: Watched) -> None:
    frame = lake.scan("k").select("close", "volume").collect()
    assert frame.columns == ["close", "volume"] and frame.height == 1_000
    assert sorted(watched.reads[0]["columns"]) == ["close", "volume"]


def test_filters_and_ranges_reach_the_engine(lake: varve.Lake, watched: Watched) -> None:
    start = FIRST + datetime.timedelta(minutes=90)
    plan = lake.scan("k").filter(pl.col("timestamp") >= start, pl.col("volume") < 95)
    assert plan.collect()["volume"].to_list() == [90, 91, 92, 93, 94]
    (read,) = watched.reads
    assert read["start"] == int(start.timestamp()) * 10**9 and read["end"] is None
    assert "volume < 95" in repr(read["where"])


def test_a_limit_reaches_the_engine(lake: varve.Lake, watched: Watched) -> None:
    assert lake.scan("k").head(5).collect().equals(make_bars(0, 5))
    assert watched.reads[0]["limit"] == 5


def test_rows_can_be_counted_without_a_column(lake: varve.Lake, watched: Watched) -> None:
    assert lake.scan("k").select(pl.len()).collect().item() == 1_000
    assert lake.scan("k").filter(pl.col("volume") >= 10).select(pl.len()).collect().item() == 990


def test_a_range_and_a_condition_of_the_scan_hold_besides_filters(lake: varve.Lake, watched: Watched) -> None:
    plan = lake.scan("k", "2024-01-01T00:10Z", "2024-01-01T00:20Z", closed="left", where="volume > 12")
    assert plan.collect()["volume"].to_list() == [13, 14, 15, 16, 17, 18, 19]
    later = pl.col("timestamp") > FIRST + datetime.timedelta(minutes=17)
    assert plan.filter(later).collect()["volume"].to_list() == [18, 19]


def test_a_plan_stays_at_its_version(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    plan = lake.scan("k")
    lake.write("k", make_bars(0, 3))
    assert plan.collect().equals(bars) and lake.scan("k").collect().height == 3
    assert lake.scan("k", as_of=1).collect().equals(bars)
    lake.make_snapshot("now")
    lake.delete("k")
    assert lake.scan("k", as_of="now").collect().height == 3


def test_a_version_that_is_gone_is_named(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    plan = lake.scan("k")
    lake.write("k", make_bars(0, 3))
    lake.vacuum("k", all_for=0, hourly_for=0)
    with pytest.raises((pl.exceptions.ComputeError, varve.DataNotFoundError), match="version 1"):
        plan.collect()


def test_what_is_wrong_is_said_at_once(lake: varve.Lake, bars: pl.DataFrame) -> None:
    with pytest.raises(varve.DataNotFoundError, match="nothing"):
        lake.scan("nothing")
    lake.write("k", bars)
    with pytest.raises(varve.InvalidArgumentError, match="zone"):
        lake.scan("k", start="2024-01-01T00:00:00")


def test_an_empty_series_keeps_its_columns(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars.head(0))
    assert lake.scan("k").collect().equals(bars.head(0))
    assert lake.scan("k").filter(pl.col("close") > 5).collect().schema == bars.schema


def test_series_are_joined_and_streamed(lake: varve.Lake) -> None:
    lake.write("a", make_bars(0, 5_000), target_rows_per_file=500)
    lake.write("b", make_bars(2_500, 5_000), target_rows_per_file=500)
    plan = lake.scan("a").join(lake.scan("b"), on="timestamp").select(pl.col("volume").sum())
    assert plan.collect().item() == sum(range(2_500, 5_000)) == plan.collect(engine="streaming").item()


def test_plans_leave_nothing_behind(lake: varve.Lake, bars: pl.DataFrame) -> None:
    lake.write("k", bars)
    lake.scan("k").head(1).collect()
    gc.collect()
    lake.write("k", make_bars(0, 3))
    assert lake.vacuum("k", all_for=0, hourly_for=0).versions == 1


def test_prices_as_decimals_are_filtered_as_such(lake: varve.Lake) -> None:
    closes = pl.Series("close", [(100 + step) / 100 for step in range(100)])
    lake.write("k", make_bars(0, 100).with_columns(closes), prices="decimal")
    plan = lake.scan("k", prices="decimal")
    assert plan.collect_schema()["close"].is_decimal()
    for bound in (decimal.Decimal("1.10"), decimal.Decimal("1.1000000000000001"), decimal.Decimal("1.105")):
        for filtered in (pl.col("close") < bound, pl.col("close") >= bound, pl.col("close") == bound):
            assert plan.filter(filtered).collect().equals(plan.collect().filter(filtered))


@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(predicate=st.recursive(comparisons(), joined, max_leaves=4))
def test_an_expression_as_a_condition_reads_the_rows_that_it_keeps(filled: varve.Lake, predicate: pl.Expr) -> None:
    try:
        read = filled.read("k", where=predicate).to_polars()
    except varve.InvalidArgumentError:
        assume(False)
    assert read.equals(every_type().filter(predicate)), predicate


def test_expressions_are_conditions_of_every_read(filled: varve.Lake, tmp_path: pathlib.Path) -> None:
    where = (pl.col("number") > 1) & pl.col("text").is_in(["EUR", "USD"])
    expected = every_type().filter(where)["timestamp"].to_list()
    assert expected

    def moments(table: varve.Table) -> list[datetime.datetime]:
        return table.to_polars()["timestamp"].to_list()

    assert moments(filled.read("k", columns=["timestamp"], where=where)) == expected
    assert moments(filled.head("k", 2, where=where)) == expected[:2]
    assert moments(filled.tail("k", 2, where=where)) == expected[-2:]
    assert [moment for part in filled.read_batches("k", where=where) for moment in moments(part)] == expected
    assert moments(filled.read_many(["k"], where=where)) == expected
    assert [moment for part in filled.replay(["k"], where=where) for moment in moments(part)] == expected
    assert filled.scan("k", where=where).collect()["timestamp"].to_list() == expected
    varve.write_parquet(every_type(), tmp_path / "k.parquet")
    assert moments(varve.read_parquet(tmp_path / "k.parquet", where=where)) == expected


def test_conditions_of_which_polars_keeps_a_part_to_itself_are_refused(filled: varve.Lake) -> None:
    numbers = pl.col("text").cast(pl.Int64) == 5
    for part in (pl.col("whole") > 1) & numbers, numbers & (pl.col("whole") > 1):
        with pytest.raises(varve.InvalidArgumentError, match="filter a scan"):
            filled.read("k", where=part)


def test_expressions_that_are_no_condition_are_refused(filled: varve.Lake) -> None:
    with pytest.raises(varve.InvalidArgumentError, match="filter a scan"):
        filled.read("k", where=pl.col("whole") % 2 == 1)
    with pytest.raises(varve.InvalidArgumentError, match="where: "):
        filled.read("k", where=pl.col("text") > 5)
    with pytest.raises(varve.DataNotFoundError, match="vwap"):
        filled.read("k", where=pl.col("vwap") > 5)
