"""Real files, imported and read back, against Polars' reading of the same files, row by row."""

from pathlib import Path

import polars
import pytest
from polars.testing import assert_frame_equal
from program import Varve

KLINES = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,trade_count,taker_buy_base,taker_buy_quote,ignore"
)
MOMENT = polars.Datetime("ns", "UTC")


def read_back(varve: Varve, key: str) -> polars.DataFrame:
    """By the program, as Parquet: what comes out of the lake, not what lies in it."""
    varve("export", key, "--out", "out.parquet")
    return polars.read_parquet(varve.folder / "out.parquet")


def by_polars(path: Path, **options: object) -> polars.DataFrame:
    return polars.read_csv(path, infer_schema_length=None, **options)


def from_text(frame: polars.DataFrame, column: str = "timestamp") -> polars.DataFrame:
    text = polars.col(column).str.replace(r"\+00:00$", "")
    parsed = text.str.to_datetime(time_unit="ns", strict=True).dt.replace_time_zone("UTC")
    return frame.with_columns(parsed.alias(column)).rename({column: "timestamp"})


CSV_FILES = {
    "bars/btc-perp-20211231-20220201-1m.csv": (45_031, ["--tz", "UTC"]),
    "bars/gbpusd-m1-bid-2012.csv": (30_117, []),
    "bars/gbpusd-m1-ask-2012.csv": (30_117, []),
    "bars/6EH4-xcme-1m-202401.csv.gz": (29_996, []),
    "ticks/usdjpy-ticks.csv": (1_000, []),
}


@pytest.mark.parametrize("name", CSV_FILES)
def test_csv_with_text_times(varve: Varve, shared_data: Path, name: str) -> None:
    rows, options = CSV_FILES[name]
    path = shared_data / name
    varve("import", path, "--key", "x", *options)
    frame = by_polars(path)
    expected = from_text(frame, frame.columns[0])
    assert expected.height == rows
    assert_frame_equal(read_back(varve, "x"), expected, check_exact=True)
    listed = polars.read_parquet(varve.lake / "x" / "*.parquet")
    assert_frame_equal(listed, expected, check_exact=True)
    again = varve("import", path, "--key", "x", *options).err
    assert "0 rows added" in again or "brought in before" in again
    assert read_back(varve, "x").height == rows


def test_float_volumes_stay_floats(varve: Varve, shared_data: Path) -> None:
    varve("import", shared_data / "bars/btc-perp-20211231-20220201-1m.csv", "--key", "btc", "--tz", "UTC")
    assert varve("head", "btc", "-n", "1", "-o", "json").json()[0]["volume"] == 2300413.7295
    varve("import", shared_data / "bars/6EH4-xcme-1m-202401.csv.gz", "--key", "6E")
    assert varve("head", "6E", "-n", "1", "-o", "csv").out.splitlines()[1].endswith(",205")


def test_file_without_a_zone_needs_one(varve: Varve, shared_data: Path) -> None:
    error = varve("import", shared_data / "bars/btc-perp-20211231-20220201-1m.csv", status=2).err
    assert "line 2" in error and '"2021-12-31 23:01:00.000000"' in error and "--tz" in error
    assert varve.keys() == []


@pytest.mark.parametrize(("day", "rows"), [("27", 10), ("28", 11)])
def test_klines_without_header(varve: Varve, shared_data: Path, day: str, rows: int) -> None:
    path = shared_data / f"bars/ADABTC-1m-2021-11-{day}.csv"
    assert "no header row" in varve("import", path, status=2).err
    varve("import", path, "--key", "x", "--columns", KLINES)
    frame = by_polars(path, has_header=False, new_columns=KLINES.split(","))
    moments = [polars.from_epoch(name, time_unit="ms").cast(MOMENT).alias(name) for name in ("open_time", "close_time")]
    expected = frame.with_columns(moments).rename({"open_time": "timestamp"})
    assert expected.height == rows
    assert_frame_equal(read_back(varve, "x"), expected, check_exact=True)


TARDIS_FILES = ["bitmex_trades_XBTUSD", "deribit_incremental_book_L2_BTC-PERPETUAL", "huobi-dm-swap_quotes_BTC-USD"]


@pytest.mark.parametrize("name", TARDIS_FILES)
def test_tardis_files(varve: Varve, shared_data: Path, name: str) -> None:
    path = shared_data / f"tardis/{name}.csv"
    varve("import", path, "--key", "x")
    seen = read_back(varve, "x")
    frame = by_polars(path)
    times = [
        polars.from_epoch(column, time_unit="us").cast(MOMENT).alias(column)
        for column in ("timestamp", "local_timestamp")
    ]
    order = [column for column in ("timestamp", "id") if column in frame.columns]  # trades are told apart by their id
    expected = frame.with_columns(times).sort(order, maintain_order=True)
    types = {"local_timestamp": seen.schema["local_timestamp"]}
    for column in ("price", "ask_price", "bid_price"):
        if column in frame.columns:
            types[column] = polars.Float64()
    if seen.schema["local_timestamp"] == polars.Int64:
        expected = expected.with_columns(frame.sort(order, maintain_order=True)["local_timestamp"])
    assert_frame_equal(seen, expected.cast(types), check_exact=True)


def test_parquet_trades_keep_all_rows(varve: Varve, shared_data: Path) -> None:
    path = shared_data / "ticks/btcusdt-trades.parquet"
    for _ in range(2):
        varve("import", path, "--key", "trades")
        assert varve("info", "trades", "-o", "json").json()["rows"] == 2_001
    expected = polars.read_parquet(path)
    seen = read_back(varve, "trades")
    assert_frame_equal(seen, expected.sort("timestamp", "trade_id"), check_exact=True)
    assert seen.schema == expected.schema
