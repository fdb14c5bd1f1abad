"""Prices that files keep as decimals: what Varve and other programs read."""

import decimal
import random

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import varve


def bars(closes: list[float], first: int = 0) -> pl.DataFrame:
    times = pl.datetime_range(pl.datetime(2024, 1, 1), interval="1s", end=pl.datetime(2024, 1, 20), eager=True)
    return pl.DataFrame({"timestamp": times[first : first + len(closes)].dt.replace_time_zone("UTC"), "close": closes})


@pytest.mark.parametrize("places", range(10))
def test_every_reader_reads_the_decimals_that_were_written(lake: varve.Lake, places: int) -> None:
    choice = random.Random(places)
    ticks = [choice.randrange(1, 10 ** choice.randrange(2, 16)) for _ in range(2000)]
    closes = [tick / 10**places for tick in ticks]
    lake.append("k", bars(closes), identity=["timestamp"], prices="decimal")
    assert lake.read("k").to_polars()["close"].to_list() == closes
    expected = [decimal.Decimal(tick) / 10**places for tick in ticks]
    assert lake.read("k", prices="decimal").to_arrow().column("close").to_pylist() == expected
    lake.close()
    glob = f"{lake.root}/k/*.parquet"
    [path] = lake_files(lake)
    assert pq.read_table(path).column("close").to_pylist() == expected
    assert pl.read_parquet(glob)["close"].to_list() == expected
    rows = duckdb.sql(f"SELECT close FROM '{glob}' ORDER BY timestamp").fetchall()
    assert [row[0] for row in rows] == expected
    assert pa.types.is_decimal(pq.read_schema(path).field("close").type)
    assert pq.ParquetFile(path).schema.column(1).physical_type == "INT64"


def lake_files(lake: varve.Lake) -> list[str]:
    import pathlib

    return sorted(str(path) for path in pathlib.Path(lake.root, "k").glob("*.parquet"))


def test_what_is_no_decimal_is_shown(lake: varve.Lake) -> None:
    with pytest.raises(varve.SchemaCompatibilityError, match="column close.*row 1 is 0.30000000000000004"):
        lake.append("k", bars([1.5, 0.1 + 0.2]), prices="decimal")
    with pytest.raises(varve.InvalidArgumentError, match="float or decimal"):
        lake.append("k", bars([1.5]), prices="double")  # type: ignore[arg-type]
    with pytest.raises(varve.InvalidArgumentError, match="price_columns"):
        lake.append("k", bars([1.5]), prices="decimal", price_columns="close")
    assert lake.list_keys() == []


def test_info_tells_how_prices_are_kept(lake: varve.Lake) -> None:
    lake.append("k", bars([1.5, 2.25]), prices="decimal", price_columns=["close"])
    lake.append("f", bars([1.5, 2.25]))
    assert (lake.info("k").prices, lake.info("k").price_scales) == ("decimal", {"close": 2})
    assert (lake.info("f").prices, lake.info("f").price_scales) == ("float", {})
