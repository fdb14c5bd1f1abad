"""Tables that hold every flat type, with the values that break readers: ends of ranges, NaN, empty and long text."""

import decimal
import functools
import random
import struct
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

SEED = 20240305
# How many nulls a table has; "empty" has no rows, "required" says in its schema that there are no nulls.
NULLS = ("none", "some", "all", "empty", "required")
Generator = Callable[[random.Random], Any]


def integer(bits: int, *, signed: bool = True) -> Generator:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    near = [low, low + 1, high - 1, high, 0, 1]
    return lambda dice: dice.choice(near) if dice.random() < 0.1 else dice.randint(max(low, -100), min(high, 100))


def walk(step: int, start: int = 0) -> Generator:
    """Mostly even steps, as of bars: what delta encodings are made for."""
    state = [start]

    def draw(dice: random.Random) -> int:
        state[0] += step * dice.choice([1, 1, 1, 1, 7])
        return state[0]

    return draw


def floating(dice: random.Random) -> float:
    special = [0.0, -0.0, float("inf"), float("-inf"), float("nan"), 5e-324, 1.7976931348623157e308]
    return dice.choice(special) if dice.random() < 0.1 else round(dice.uniform(1, 2), 5)


def single(dice: random.Random) -> float:
    return float(struct.unpack("<f", struct.pack("<f", max(-3e38, min(3e38, floating(dice)))))[0])


def half(dice: random.Random) -> float:
    return float(dice.randint(-2048, 2048)) / 8


def text(dice: random.Random) -> str:
    special = ["", "a", "naïve", "東京", "🜚🜚", "x" * 300, 'quote " back \\ slash', "line\nfeed\ttab"]
    return dice.choice(special) if dice.random() < 0.2 else f"AAPL-{dice.randint(0, 40)}"


def prefixed(dice: random.Random) -> str:
    return f"forex/EUR_USD/{dice.randint(0, 5)}/{dice.randint(0, 100_000)}"


def some_bytes(length: int | None = None) -> Generator:
    return lambda dice: dice.randbytes(length if length is not None else dice.choice([0, 1, 3, 17, 40]))


def decimals(precision: int, scale: int) -> Generator:
    high = 10**precision - 1

    def draw(dice: random.Random) -> decimal.Decimal:
        unscaled = dice.choice([0, 1, -1, high, -high]) if dice.random() < 0.2 else dice.randint(-high, high)
        return decimal.Decimal(unscaled).scaleb(-scale, decimal.Context(prec=60))

    return draw


def types() -> dict[str, tuple[pa.DataType, Generator]]:
    """Column name to type and generator of values (of integers for times)."""
    seconds = 1_700_000_000
    columns: dict[str, tuple[pa.DataType, Generator]] = {
        "boolean": (pa.bool_(), lambda dice: dice.random() < 0.3),
        "boolean_runs": (pa.bool_(), lambda dice, state=[False, 0]: run_of(dice, state)),
        "float16": (pa.float16(), half),
        "float32": (pa.float32(), single),
        "float64": (pa.float64(), floating),
        "price_on_grid": (pa.float64(), lambda dice: round(1.1 + dice.randint(0, 50) * 0.0001, 4)),
        "decimal_5_2": (pa.decimal128(5, 2), decimals(5, 2)),
        "decimal_9_0": (pa.decimal128(9, 0), decimals(9, 0)),
        "decimal_18_5": (pa.decimal128(18, 5), decimals(18, 5)),
        "decimal_38_10": (pa.decimal128(38, 10), decimals(38, 10)),
        "date": (pa.date32(), integer(16)),
        "date64": (pa.date64(), lambda dice: dice.randint(-20_000, 20_000) * 86_400_000),
        "string": (pa.string(), text),
        "prefixed_string": (pa.string(), prefixed),
        "large_string": (pa.large_string(), text),
        "binary": (pa.binary(), some_bytes()),
        "fixed_binary": (pa.binary(5), some_bytes(5)),
        "uuid_bytes": (pa.binary(16), some_bytes(16)),
        "dictionary": (pa.dictionary(pa.int32(), pa.string()), text),
        "ordered_dictionary": (pa.dictionary(pa.int8(), pa.string(), ordered=True), lambda dice: dice.choice("ABC")),
        "null": (pa.null(), lambda dice: None),
        "walk_int64": (pa.int64(), walk(60)),
        "walk_int32": (pa.int32(), walk(3)),
    }
    for bits in (8, 16, 32, 64):
        columns[f"int{bits}"] = (getattr(pa, f"int{bits}")(), integer(bits))
        columns[f"uint{bits}"] = (getattr(pa, f"uint{bits}")(), integer(bits, signed=False))
    for unit, factor in (("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)):
        time_of_day = pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)
        columns[f"time_{unit}"] = (time_of_day, lambda dice, most=86_400 * factor: dice.randrange(most))
        columns[f"timestamp_{unit}"] = (pa.timestamp(unit), walk(60 * factor, seconds * factor))
        columns[f"timestamp_{unit}_utc"] = (pa.timestamp(unit, "UTC"), walk(60 * factor, seconds * factor))
        columns[f"timestamp_{unit}_zone"] = (pa.timestamp(unit, "America/New_York"), walk(factor, -seconds * factor))
        columns[f"duration_{unit}"] = (pa.duration(unit), integer(48))
    return columns


def run_of(dice: random.Random, state: list[Any]) -> bool:
    if state[1] == 0:
        state[0], state[1] = not state[0], dice.randint(1, 90)
    state[1] -= 1
    return bool(state[0])


def make_array(kind: pa.DataType, values: list[Any]) -> pa.Array:
    if pa.types.is_date(kind) or pa.types.is_time(kind) or pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        integers = pa.int32() if kind.bit_width == 32 else pa.int64()
        return pa.array(values, integers).view(kind)
    if pa.types.is_dictionary(kind):
        return pa.array(values, kind.value_type).dictionary_encode().cast(kind)
    return pa.array(values, kind)


def make_table(nulls: str, rows: int, names: Sequence[str] | None = None) -> pa.Table:
    """A table of the named columns (all by default). The same arguments give the same table."""
    return cached_table(nulls, rows, None if names is None else tuple(names))


@functools.cache
def cached_table(nulls: str, rows: int, names: tuple[str, ...] | None) -> pa.Table:
    count = 0 if nulls == "empty" else rows
    chance = {"some": 0.2, "all": 1.0}.get(nulls, 0.0)
    arrays, fields = [], []
    for name, (kind, generator) in types().items():
        if names is not None and name not in names:
            continue
        if nulls == "required" and kind == pa.null():
            continue
        dice = random.Random(f"{SEED} {name} {nulls}")
        values = [None if dice.random() < chance else generator(dice) for _ in range(count)]
        arrays.append(make_array(kind, values))
        fields.append(pa.field(name, arrays[-1].type, nullable=nulls != "required"))
    return pa.table(arrays, pa.schema(fields))
