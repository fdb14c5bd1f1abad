"""Any sequence of writes, deletes and reads is that of a simple model: a frame for each key."""

import itertools
import tempfile
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from varve.parquet_store import ParquetStore, ParquetStoreConfig

FIRST = datetime(2024, 1, 30, 22, 0, tzinfo=UTC)
SCHEMA: dict[str, Any] = {"timestamp": pl.Datetime("us", "UTC"), "symbol": pl.String, "close": pl.Float64}
IDENTITY = ["timestamp", "symbol"]

hours = st.integers(0, 60)
row = st.tuples(hours, st.sampled_from(["a", "b"]), st.integers(0, 9))
keys = st.sampled_from(["x", "x/y", "z"])
frames = st.lists(row, max_size=12)
writes = st.tuples(st.sampled_from(["append", "overwrite"]), keys, frames)
deletes: st.SearchStrategy[Any] = st.tuples(st.just("delete"), keys, st.just([]))
consolidations: st.SearchStrategy[Any] = st.tuples(st.just("consolidate"), keys, st.just([]))
configs: st.SearchStrategy[ParquetStoreConfig] = st.builds(
    ParquetStoreConfig, target_rows_per_file=st.integers(1, 6), layout=st.sampled_from(["range", "range", "month"])
)
changes: st.SearchStrategy[Any] = st.tuples(st.just("configure"), keys, configs)


def to_frame(drawn: list[tuple[int, str, int]]) -> pl.DataFrame:
    values = [(FIRST + timedelta(hours=hour), symbol, float(close)) for hour, symbol, close in drawn]
    return pl.DataFrame(values, schema=SCHEMA, orient="row")


class Model:
    """What is stored, as frames in memory."""

    def __init__(self) -> None:
        self.frames: dict[str, pl.DataFrame] = {}

    def write(self, key: str, frame: pl.DataFrame, mode: str) -> None:
        if frame.is_empty():
            return
        old = self.frames.get(key, frame.clear()) if mode == "append" else frame.clear()
        self.frames[key] = pl.concat([old, frame]).unique(IDENTITY, keep="last").sort(IDENTITY)

    def read(self, key: str) -> pl.DataFrame:
        if key in self.frames:
            return self.frames[key]
        below = [frame for name, frame in sorted(self.frames.items()) if name.startswith(f"{key}/")]
        return pl.concat(below).sort("timestamp", maintain_order=True) if below else pl.DataFrame()

    def delete(self, key: str) -> bool:
        doomed = [key] if key in self.frames else [name for name in self.frames if name.startswith(f"{key}/")]
        for name in doomed:
            del self.frames[name]
        return bool(doomed)


def within(frame: pl.DataFrame, first: date, last: date) -> pl.DataFrame:
    return frame.filter(pl.col("timestamp").dt.date().is_between(first, last)) if frame.width else frame


def change(store: ParquetStore, model: Model, step: tuple[str, str, Any]) -> None:
    verb, key, drawn = step
    if isinstance(drawn, ParquetStoreConfig):
        store.config = drawn
    elif verb == "delete":
        assert store.delete(key) == model.delete(key)
    elif verb == "consolidate":
        assert store.consolidate(key, 1_000)["rows_processed"] == model.read(key).height
    else:
        frame = to_frame(drawn)
        store.write(key, frame, mode=verb)
        model.write(key, frame, verb)


def compare(store: ParquetStore, model: Model) -> None:
    assert store.list_keys() == sorted(model.frames)
    for key in ("x", "x/y", "z"):
        expected = model.read(key)
        assert store.exists(key) == (expected.height > 0)
        assert store.read(key).equals(expected)
        first, last = date(2024, 1, 31), date(2024, 2, 1)
        assert store.read(key, first, last).equals(within(expected, first, last))
        assert store.read_latest(key, 3).equals(expected.tail(3))
        assert sum(batch.height for batch in store.read(key, batch_size=4)) == expected.height
        times = expected["timestamp"].dt.date().to_list() if expected.height else []
        assert store.get_date_range(key) == ((times[0], times[-1]) if times else None)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(config=configs, steps=st.lists(st.one_of(writes, writes, deletes, consolidations, changes), max_size=10))
def test_the_store_is_its_model(config: ParquetStoreConfig, steps: list[tuple[str, str, Any]]) -> None:
    if config.layout == "month":  # no key lies below one whose directories are those of months
        steps = [(verb, key.partition("/")[0], drawn) for verb, key, drawn in steps]
    else:
        steps = [step for step in steps if not isinstance(step[2], ParquetStoreConfig) or step[2].layout == "range"]
    with tempfile.TemporaryDirectory() as folder:
        store, model = ParquetStore(folder, config), Model()
        for step in steps:
            change(store, model, step)
            compare(store, model)
        compare(ParquetStore(folder), model)


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(drawn=st.lists(row, min_size=1, max_size=40), cuts=st.lists(st.integers(0, 40), max_size=4))
def test_any_split_of_the_rows_gives_the_same_frame(drawn: list[tuple[int, str, int]], cuts: list[int]) -> None:
    whole = to_frame(drawn)
    with tempfile.TemporaryDirectory() as folder:
        store = ParquetStore(folder, ParquetStoreConfig(target_rows_per_file=5))
        store.write("whole", whole)
        edges = [0, *sorted(cuts), whole.height]
        for begin, end in itertools.pairwise(edges):
            store.write("parts", whole[begin:end])
        assert store.read("parts").equals(store.read("whole"))
