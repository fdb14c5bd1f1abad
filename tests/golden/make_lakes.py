"""Makes the golden lakes of the present format version in tests/golden/v<N>: archives, and JSON of what they hold.

    python tests/golden/make_lakes.py

Run it once for each format version, with the program that brings the version, and commit what it makes; a lake of a
released version is never made again: it stands for what is on the disks of others. What the lakes hold is worked out
here, from the rows that go in, by lists of dicts; Varve's own reader is not asked.

`whole` was closed. `cut_short` was written by a process that died right after its last commit: the rows of that lie in
the catalog's log, and the visible tree does not show them.
"""

import argparse
import contextlib
import decimal
import gzip
import json
import math
import os
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import varve

FOLDER = Path(__file__).resolve().parent
START = 1_704_067_200_000_000_000  # 2024-01-01T00:00Z
MINUTE = 60_000_000_000
DAY = 1440 * MINUTE

Row = dict[str, Any]

BARS = pa.schema(
    [("timestamp", pa.timestamp("ns", "UTC"))]
    + [(name, pa.float64()) for name in ("open", "high", "low", "close")]
    + [("volume", pa.int64())]
)
TRADES = pa.schema(
    [
        ("timestamp", pa.timestamp("ns", "UTC")),
        ("trade_id", pa.int64()),
        ("price", pa.float64()),
        ("size", pa.float64()),
        ("side", pa.dictionary(pa.int32(), pa.string())),
    ]
)
QUOTES = pa.schema(
    [("timestamp", pa.timestamp("us", "America/New_York"))]
    + [(name, pa.float64()) for name in ("bid_price", "ask_price")]
    + [(name, pa.uint32()) for name in ("bid_size", "ask_size")]
)
INSTRUMENTS = pa.schema(
    [("symbol", pa.string()), ("tick", pa.float64()), ("listed", pa.date32()), ("open", pa.bool_())]
)
EVERY_TYPE = pa.schema(
    [("timestamp", pa.timestamp("ms", "UTC"))]
    + [(str(kind), kind) for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64())]
    + [(str(kind), kind) for kind in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())]
    + [("float32", pa.float32()), ("float64", pa.float64()), ("flag", pa.bool_()), ("day", pa.date32())]
    + [("text", pa.string()), ("bytes", pa.binary()), ("word", pa.dictionary(pa.int32(), pa.string()))]
    + [("seconds", pa.timestamp("s")), ("nanos", pa.timestamp("ns", "Asia/Kolkata")), ("micros", pa.timestamp("us"))]
    + [("float16", pa.float16()), ("money", pa.decimal128(18, 4)), ("huge", pa.decimal128(38, 10))]
    + [(str(kind), kind) for kind in (pa.time32("ms"), pa.time64("us"), pa.time64("ns"))]
    + [(str(kind), kind) for kind in (pa.duration("s"), pa.duration("ns"))]
    + [("fixed", pa.binary(3)), ("nothing", pa.null())]
)


def bars(minutes: Iterable[int], shift: float = 0.0) -> list[Row]:
    return [
        {
            "timestamp": START + minute * MINUTE,
            "open": 1.0 + minute / 1024,
            "high": 1.5 + minute / 1024 + shift,
            "low": 0.5 + minute / 1024,
            "close": 1.25 + minute / 1024 + shift,
            "volume": minute * 10,
        }
        for minute in minutes
    ]


def trades(numbers: Iterable[int], step: int) -> list[Row]:
    return [
        {
            "timestamp": START + number // 2 * step + 7,  # two share a moment
            "trade_id": number,
            "price": 42_000.25 + number % 5 / 4,
            "size": 0.001 * number,
            "side": ("B", "S", None)[number % 3],
        }
        for number in numbers
    ]


def quotes(numbers: Iterable[int]) -> list[Row]:
    return [
        {
            "timestamp": (START + number * 9 * 60 * MINUTE) // 1_000,
            "bid_price": 99.0 + number / 8,
            "ask_price": None if number == 3 else 99.5 + number / 8,
            "bid_size": number,
            "ask_size": 2**32 - 1 - number,
        }
        for number in numbers
    ]


def instruments(symbols: Iterable[str], tick: float) -> list[Row]:
    return [
        {"symbol": symbol, "tick": tick, "listed": 19_000 + len(symbol), "open": len(symbol) > 2} for symbol in symbols
    ]


def every_type() -> list[Row]:
    def whole(bits: int, signed: bool) -> list[int]:
        return [-(2 ** (bits - 1)), 0, 2 ** (bits - 1) - 1] if signed else [0, 1, 2**bits - 1]

    values: dict[str, list[Any]] = {"timestamp": [START // 1_000_000 + minute * 60_000 for minute in range(4)]}
    for bits in (8, 16, 32, 64):
        values[f"int{bits}"] = [*whole(bits, True), None]
        values[f"uint{bits}"] = [*whole(bits, False), None]
    values["float32"] = [0.5, -0.0, math.inf, None]
    values["float64"] = [0.1, math.nan, -5e-324, None]
    values["flag"] = [True, False, True, None]
    values["day"] = [0, -1, 19_723, None]
    values["text"] = ["", "Zürich ☃", 'a,"b"\n', None]
    values["bytes"] = [b"", b"\x00\xff", b"varve", None]
    values["word"] = ["one", "two", "one", None]
    for name, scale in (("seconds", 1), ("micros", 10**6), ("nanos", 10**9)):
        values[name] = [-scale, 0, START // 10**9 * scale + 1, None]
    values["fixed"] = [b"abc", b"\x00\x00\xff", bytes(3), None]
    values["nothing"] = [None] * 4
    values["float16"] = [0.5, -2.0, math.inf, None]
    values["money"] = [*map(decimal.Decimal, ("0.0001", "-12.3400", "0.0000")), None]
    huge = ("1234567890123456789012345678.0123456789", "-1.5000000000", "0.0000000000")
    values["huge"] = [*map(decimal.Decimal, huge), None]
    for name, scale in (("time32[ms]", 10**3), ("time64[us]", 10**6), ("time64[ns]", 10**9)):
        values[name] = [0, 12 * 3600 * scale + 1, 24 * 3600 * scale - 1, None]
    for name in ("duration[s]", "duration[ns]"):
        values[name] = [-1, 0, 10**9, None]
    return [{name: values[name][row] for name in EVERY_TYPE.names} for row in range(4)]


def write_hours(folder: Path, hours: range) -> list[Row]:
    """A file as another program writes it, with a time that any archive keeps. Returns its rows."""
    rows = bars(hour * 60 for hour in hours)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hours[0]:02}.parquet"
    pq.write_table(pa.Table.from_arrays([to_array(rows, field) for field in BARS], schema=BARS), path)
    os.utime(path, ns=(START, START))
    return rows


class Series:
    """What a key is expected to hold, version by version."""

    def __init__(self, glob: str, identity: list[str] | None) -> None:
        self.glob = glob
        self.identity = identity
        self.versions: dict[int, dict[str, Any] | None] = {}
        self.columns: dict[str, str] = {}
        self.rows: list[Row] = []

    def keep(self, version: int) -> None:
        order = [name for name in ("timestamp", "symbol", "trade_id") if name in self.columns]
        if self.identity is not None or "timestamp" in self.columns:
            self.rows.sort(key=lambda row: [row[name] for name in order])
        rows = [[to_json(row.get(name)) for name in self.columns] for row in self.rows]
        self.versions[version] = {"columns": dict(self.columns), "rows": rows}

    def put(self, rows: list[Row]) -> None:
        """Rows with an identity that is there take the place of those."""
        if self.identity is not None:
            fresh = {tuple(row[name] for name in self.identity) for row in rows}
            self.rows = [row for row in self.rows if tuple(row[name] for name in self.identity) not in fresh]
        self.rows = self.rows + rows


def type_name(kind: pa.DataType) -> str:
    return "dictionary" if pa.types.is_dictionary(kind) else str(kind)


def to_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return format(value, "f") if isinstance(value, decimal.Decimal) else value


class Maker:
    """A lake, and what it is expected to hold."""

    def __init__(self, lake: varve.Lake) -> None:
        self.lake = lake
        self.series: dict[str, Series] = {}

    def change(self, verb: str, key: str, schema: pa.Schema, rows: list[Row], **options: Any) -> None:
        """`write`, `append` or `upsert` of rows of that schema."""
        glob = options.pop("glob", f"{key}/*.parquet")
        series = self.series.setdefault(key, Series(glob, options.pop("unique", None)))
        table = pa.Table.from_arrays([to_array(rows, field) for field in schema], schema=schema)
        commit = getattr(self.lake, verb)(key, table, **options)
        if verb == "write":
            series.rows, series.columns = [], {}
        for field in schema:
            series.columns[field.name] = type_name(field.type)
        series.put(rows)
        series.keep(commit.version)

    def delete(self, key: str, first: int, last: int) -> None:
        series = self.series[key]
        commit = self.lake.delete(key, first, last)
        series.rows = [row for row in series.rows if not first <= row["timestamp"] <= last]
        series.keep(commit.version)

    def adopt(self, key: str, *hours: range) -> None:
        """Files of bars that lie there, and stay where they are."""
        series = self.series[key] = Series(f"{key}/*.parquet", ["timestamp"])
        for part in hours:
            series.put(write_hours(Path(self.lake.root, key), part))
        series.columns = {field.name: type_name(field.type) for field in BARS}
        self.lake.adopt(key, kind="ohlcv", identity=["timestamp"])
        series.keep(1)

    def rename(self, key: str, new_key: str) -> None:
        series = self.series.pop(key)
        series.glob = f"{new_key}/*.parquet"
        series.keep(self.lake.rename(key, new_key).version)
        self.series[new_key] = series

    def end(self, key: str) -> None:
        self.series[key].versions[self.lake.delete(key).version] = None

    def expected(self) -> dict[str, Any]:
        keys = {
            key: {"glob": series.glob, "versions": {str(version): state for version, state in series.versions.items()}}
            for key, series in sorted(self.series.items())
        }
        return {"keys": keys}


def to_array(rows: list[Row], field: pa.Field) -> pa.Array:
    values = [row[field.name] for row in rows]
    if pa.types.is_timestamp(field.type):
        return pa.array(values, pa.int64()).cast(field.type)
    if pa.types.is_duration(field.type) or pa.types.is_time64(field.type):
        return pa.array(values, pa.int64()).cast(field.type)
    if pa.types.is_date32(field.type) or pa.types.is_time32(field.type):
        return pa.array(values, pa.int32()).cast(field.type)
    if pa.types.is_float16(field.type):
        return pa.array(values, pa.float32()).cast(field.type)
    return pa.array(values, field.type)


def grow_bars(maker: Maker) -> None:
    """Several files; rows replaced, added late, removed; compaction."""
    options = {"kind": "ohlcv", "target_rows_per_file": 16, "compression": "zstd", "unique": ["timestamp"]}
    maker.change("write", "fx/EUR_USD", BARS, bars(range(40)), metadata={"unit": "EUR"}, **options)
    maker.change("upsert", "fx/EUR_USD", BARS, bars(range(12, 15), shift=0.125))
    maker.change("append", "fx/EUR_USD", BARS, bars(range(44, 48)))
    maker.change("append", "fx/EUR_USD", BARS, bars([42]))
    maker.delete("fx/EUR_USD", START + 5 * MINUTE, START + 9 * MINUTE)


def lay_out(maker: Maker) -> None:
    """Each layout, over the bounds of its periods."""
    month = {"kind": "trades", "layout": "month", "compression": "snappy", "unique": ["timestamp", "trade_id"]}
    maker.change("write", "ticks/BTC", TRADES, trades(range(30), 4 * DAY), glob="ticks/BTC/*/*/*.parquet", **month)
    maker.change("upsert", "ticks/BTC", TRADES, trades(range(28, 34), 4 * DAY))
    day = {"kind": "quotes", "layout": "day", "compression": "lz4"}
    maker.change("write", "quotes/ES", QUOTES, quotes(range(8)), glob="quotes/ES/*/*/*/*.parquet", **day)
    maker.change("append", "quotes/ES", QUOTES, quotes([1, 9]))  # no identity: both stay
    paths = "{exchange}/{symbol}/year={yyyy}/month={mm}/{symbol_lower}_{yyyymm}.parquet"
    template = {"layout": paths, "compression": "gzip", "unique": ["timestamp"]}
    rows = [row | {"timestamp": row["timestamp"] + index * 9 * DAY} for index, row in enumerate(bars(range(9)))]
    maker.change("write", "nyse/IBM", BARS, rows[:8], glob="nyse/IBM/year=*/month=*/ibm_*.parquet", **template)
    maker.change("append", "nyse/IBM", BARS, rows[8:])


def vary_columns(maker: Maker) -> None:
    """Columns that come, widen, go and get other names; every type; no index; a date as index."""
    narrow = pa.schema([("timestamp", pa.timestamp("s", "UTC")), ("x", pa.int16()), ("y", pa.string())])
    wide = pa.schema([("timestamp", pa.timestamp("s", "UTC")), ("x", pa.int64()), ("z", pa.bool_())])
    second = START // 10**9
    series = {"kind": "generic", "compression": "none", "identity": []}
    maker.change("write", "columns", narrow, [{"timestamp": second, "x": 1, "y": "a"}], **series)
    maker.change("append", "columns", wide, [{"timestamp": second + 1, "x": 2**40, "z": True}])
    kept = maker.series["columns"]
    commit = maker.lake.drop_columns("columns", ["y"])
    del kept.columns["y"]
    kept.keep(commit.version)
    commit = maker.lake.rename_columns("columns", {"z": "y"})
    kept.columns = {name if name != "z" else "y": kind for name, kind in kept.columns.items()}
    kept.rows = [{"timestamp": row["timestamp"], "x": row["x"], "y": row.get("z")} for row in kept.rows]
    kept.keep(commit.version)
    maker.change("write", "types", EVERY_TYPE, every_type(), kind="generic")
    untimed = {"kind": "definitions", "index": "", "glob": "instruments/*.parquet", "unique": ["symbol"]}
    maker.change("write", "instruments", INSTRUMENTS, instruments(["IBM", "GE", "AAPL"], 0.5), **untimed)
    maker.change("upsert", "instruments", INSTRUMENTS, instruments(["GE", "F"], 0.25))
    daily = pa.schema([("timestamp", pa.date32()), ("x", pa.float32())])
    maker.change("write", "days", daily, [{"timestamp": 19_723 + day, "x": day / 2} for day in range(5)])


def name_keys(maker: Maker) -> None:
    """A key that became another, one that needs escapes, one that is gone, one without rows."""
    maker.change("write", "old/name", BARS, bars(range(3)), unique=["timestamp"])
    maker.change("append", "old/name", BARS, bars([3]))
    maker.rename("old/name", "new/name")
    maker.change("append", "new/name", BARS, bars([4]))
    maker.change("write", "A=1/50%/.Ünï", BARS, bars(range(2)), glob="A%3D1/50%25/%2EÜnï/*.parquet")
    maker.change("write", "gone", BARS, bars(range(2)))
    maker.end("gone")
    maker.change("write", "empty", BARS, [])


def keep_decimals(maker: Maker) -> None:
    """Prices as decimals, of more places later on, and of an old version with those of then."""
    options = {"kind": "trades", "prices": "decimal", "unique": ["timestamp", "trade_id"], "target_rows_per_file": 8}
    maker.change("write", "ticks/decimal", TRADES, trades(range(12), MINUTE), **options)
    finer = [row | {"price": 42_000.0625} for row in trades(range(12, 15), MINUTE)]
    maker.change("append", "ticks/decimal", TRADES, finer)


def take_in(maker: Maker) -> None:
    """Files of somebody else's, as they lie: some of them written anew later, others not."""
    maker.adopt("found", range(12), range(12, 20))
    maker.change("upsert", "found", BARS, bars([13 * 60], shift=0.5))


def describe(maker: Maker) -> dict[str, Any]:
    """What hangs on a lake beside its rows."""
    lake = maker.lake
    lake.make_snapshot("first", ["fx/EUR_USD", "ticks/BTC"])
    maker.change("append", "fx/EUR_USD", BARS, bars([60]))
    hour = 60 * MINUTE
    known = varve.CoverageChange(
        requested=[(START, START + 3 * hour)],
        received=[(START, START + hour)],
        empty=[(START + hour, START + 2 * hour)],
    )
    lake.record_coverage("fx/EUR_USD", known)
    lake.set_retention_policy(varve.RetentionPolicy(versions_max=100))
    registry = lake.registry
    registry.add_fetch_run(
        instrument="EUR_USD", granularity="M1", start=START, end=START + DAY, records_fetched=40, api_calls_used=2,
        duration_seconds=0.5, status="completed",
    )  # fmt: skip
    registry.add_processing_run(
        run_type="features", config_hash="ab12", input_files=[1], output_files=[], status="completed"
    )
    return {
        "snapshots": {"first": lake.snapshot("first")},
        "metadata": {"fx/EUR_USD": {"unit": "EUR"}},
        "missing": {"fx/EUR_USD": [[START + 2 * hour, START + 3 * hour]]},
        "versions_max": 100,
        "fetch_runs": 1,
        "processing_runs": 1,
    }


def make_whole(root: Path) -> dict[str, Any]:
    with varve.open(root) as lake:
        maker = Maker(lake)
        for make in (grow_bars, lay_out, vary_columns, name_keys, keep_decimals, take_in):
            make(maker)
        facts = describe(maker)
        return maker.expected() | facts


def make_cut_short(root: Path) -> dict[str, Any]:
    """The process that calls it must end without another word."""
    lake = varve.open(root, publish_delay_seconds=100_000)
    maker = Maker(lake)
    maker.change("write", "fx/EUR_USD", BARS, bars(range(20)), unique=["timestamp"], published=True)
    maker.change("upsert", "fx/EUR_USD", BARS, bars([3, 20], shift=0.25))
    maker.change("write", "fx/new", BARS, bars(range(2)))
    return maker.expected()


MAKERS = {"whole": make_whole, "cut_short": make_cut_short}


def pack(root: Path, archive: Path) -> None:
    """With hard links and times, and the same bytes for the same lake."""
    with (
        archive.open("wb") as file,
        gzip.GzipFile("", "wb", 9, file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in sorted(root.rglob("*")):
            tar.add(path, path.relative_to(root).as_posix(), recursive=False, filter=without_owner)


def without_owner(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def format_version(root: Path) -> int:
    with contextlib.closing(sqlite3.connect(root / ".varve/catalog.sqlite")) as catalog:
        (version,) = catalog.execute("PRAGMA user_version").fetchone()
    return int(version)


def make(name: str, replace: bool) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        root, facts, packed = (Path(scratch) / part for part in (name, "facts.json", "packed"))
        subprocess.run([sys.executable, __file__, "--one", name, root, facts], check=True)
        pack(root, packed)
        folder = FOLDER / f"v{format_version(root)}"  # which may merge the catalog's log, but is packed by now
        archive = folder / f"{name}.tar.gz"
        if archive.exists() and not replace:
            raise SystemExit(f"{archive} is there: a golden lake of a released version is never made again")
        folder.mkdir(exist_ok=True)
        archive.write_bytes(packed.read_bytes())
        (folder / f"{name}.json").write_bytes(facts.read_bytes())
        print(f"{archive}: {archive.stat().st_size} bytes")


def make_one(name: str, root: str, facts: str) -> None:
    expected = json.dumps(MAKERS[name](Path(root)), ensure_ascii=False, separators=(",", ":"))
    Path(facts).write_text(expected.replace("],[", "],\n[").replace('{"columns"', '\n{"columns"') + "\n")
    os._exit(0)  # as a process that dies: nothing is closed that was not


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes the golden lakes of the present format version.")
    parser.add_argument("--replace", action="store_true", help="also where they are there: the version is not released")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        make_one(*options.one)
    for name in MAKERS:
        make(name, options.replace)


if __name__ == "__main__":
    main()
