"""The tables that the benchmarks store: made from a fixed seed, alike in every run."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

TICK = 0.01
MINUTE = 60_000_000_000
BEGIN = np.datetime64("2014-01-01", "ns").astype(np.int64)


@dataclass(frozen=True)
class Workload:
    """A table, the two columns that are read alone, a day in its middle, and a condition few of its rows meet."""

    name: str
    table: pa.Table
    two_columns: tuple[str, str]
    day: tuple[str, str]
    condition: tuple[str, str, float | str]


def _timestamps(values: np.ndarray) -> pa.Array:
    return pa.array(values, pa.int64()).cast(pa.timestamp("ns", "UTC"))


def _price_walk(random: np.random.Generator, rows: int, ticks_max: int) -> np.ndarray:
    """A walk on the grid of ticks that stays above a fifth of where it began."""
    steps = random.integers(-ticks_max, ticks_max + 1, rows)
    return 2_000 + np.abs(10_000 + np.cumsum(steps))


def bars(rows: int = 5_000_000) -> Workload:
    """One-minute bars without gaps: nine and a half years."""
    random = np.random.default_rng(1)
    close = _price_walk(random, rows, 5)
    opened = np.concatenate(([close[0]], close[:-1]))
    high = np.maximum(opened, close) + random.integers(0, 6, rows)
    low = np.minimum(opened, close) - random.integers(0, 6, rows)
    columns = {"timestamp": _timestamps(BEGIN + MINUTE * np.arange(rows, dtype=np.int64))}
    for name, ticks in (("open", opened), ("high", high), ("low", low), ("close", close)):
        columns[name] = pa.array(np.round(ticks * TICK, 2))
    columns["volume"] = pa.array(random.lognormal(5, 1.2, rows).astype(np.int64))
    rare = float(np.quantile(close * TICK, 0.999))
    return Workload(
        "bars", pa.table(columns), ("timestamp", "close"), ("2018-06-13", "2018-06-14"), ("close", ">", rare)
    )


def trades(rows: int = 10_000_000) -> Workload:
    """Trades at irregular nanoseconds over ten years, on a grid of ticks, of free sizes."""
    random = np.random.default_rng(2)
    ten_years = 3652 * 24 * 60 * MINUTE
    gaps = random.exponential(ten_years / rows, rows).astype(np.int64)
    price = _price_walk(random, rows, 2)
    columns = {
        "timestamp": _timestamps(BEGIN + np.cumsum(gaps)),
        "price": pa.array(np.round(price * TICK, 2)),
        "size": pa.array(random.lognormal(0, 1.5, rows)),
        "side": pa.array(np.array(["buy", "sell"], dtype=object)[random.integers(0, 2, rows)]),
        "trade_id": pa.array(700_000_000 + np.cumsum(random.integers(1, 4, rows))),
    }
    rare = float(np.quantile(price * TICK, 0.999))
    day = ("2018-06-13", "2018-06-14")
    return Workload("trades", pa.table(columns), ("timestamp", "price"), day, ("price", ">", rare))


def features(rows: int = 500_000) -> Workload:
    """A hundred columns of free numbers, a row a minute."""
    random = np.random.default_rng(3)
    columns = {"timestamp": _timestamps(BEGIN + MINUTE * np.arange(rows, dtype=np.int64))}
    for number in range(100):
        columns[f"feature_{number:02}"] = pa.array(random.standard_normal(rows))
    two = ("feature_10", "feature_20")
    return Workload("features", pa.table(columns), two, ("2014-06-13", "2014-06-14"), ("feature_50", ">", 3.2))


def strings(rows: int = 2_000_000) -> Workload:
    """Symbols, venues, order numbers that are all different, and short notes of which few are alike."""
    random = np.random.default_rng(4)
    symbols = np.array([f"{letter}{number:03}" for letter in "ABCDE" for number in range(100)], dtype=object)
    venues = np.array(["XNAS", "XNYS", "ARCX", "BATS", "EDGX", "IEXG", "XPHL", "XCHI"], dtype=object)
    words = np.array(["limit", "market", "iceberg", "stop", "resting", "hidden", "cross", "auction"], dtype=object)
    picked = random.integers(0, len(words), (4, rows))
    columns = {
        "timestamp": _timestamps(BEGIN + MINUTE * np.arange(rows, dtype=np.int64)),
        "symbol": pa.array(symbols[random.zipf(1.3, rows) % len(symbols)]),
        "venue": pa.array(venues[random.integers(0, len(venues), rows)]),
        "order_id": pa.array([f"{number:016x}" for number in random.integers(0, 2**63, rows)]),
        "note": pa.array([f"{a} {b} {c} {d}" for a, b, c, d in words[picked].T]),
    }
    return Workload(
        "strings", pa.table(columns), ("timestamp", "symbol"), ("2016-06-13", "2016-06-14"), ("symbol", "=", "D042")
    )


WORKLOADS: dict[str, Callable[[], Workload]] = {
    "bars": bars,
    "trades": trades,
    "features": features,
    "strings": strings,
}
