"""Single Parquet files: written, read by others, and read from others."""

import datetime
import pathlib

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import make_bars

import varve


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "bars.parquet"


@pytest.mark.parametrize("compression", ["auto", "none", "zstd", "zstd:9", "snappy", "lz4", "gzip"])
def test_others_read_what_varve_writes(path: pathlib.Path, bars: pl.DataFrame, compression: str) -> None:
    size = varve.write_parquet(bars, path, compression=compression, sorted_by=["timestamp"])
    assert path.stat().st_size == size
    assert pl.read_parquet(path).equals(bars)
    assert pl.from_arrow(pq.read_table(path)).equals(bars)  # type: ignore[union-attr]
    assert duckdb.sql(f"select sum(volume) from '{path}'").fetchall() == [(int(bars["volume"].sum()),)]


def test_varve_reads_what_others_write(path: pathlib.Path, bars: pl.DataFrame) -> None:
    bars.write_parquet(path)
    assert varve.read_parquet(path).to_polars().equals(bars)
    pq.write_table(bars.to_arrow(), path)
    assert varve.read_parquet(path).to_polars().equals(bars)
    duckdb.sql(f"copy (select * from bars) to '{path}' (format parquet)")
    assert varve.read_parquet(path, columns=["close"]).to_polars().equals(bars.select("close"))


def test_columns_and_ranges_are_taken(path: pathlib.Path) -> None:
    varve.write_parquet(make_bars(0, 3 * 1_440), path, rows_per_group=500, sorted_by=["timestamp"])
    table = varve.read_parquet(path, ["close"], start="2024-01-02", end=datetime.date(2024, 1, 2))
    assert (table.num_rows, table.column_names) == (1_440, ["close"])
    assert varve.read_parquet(path, start="2024-02-01").num_rows == 0


def test_a_failed_write_leaves_what_was_there(path: pathlib.Path, bars: pl.DataFrame) -> None:
    varve.write_parquet(bars, path)
    with pytest.raises(varve.NotSupportedError, match="levels"):
        varve.write_parquet(pa.table({"levels": [[1]]}), path)
    with pytest.raises(varve.InvalidArgumentError, match="brotlo"):
        varve.write_parquet(bars, path, compression="brotlo")
    assert pl.read_parquet(path).equals(bars) and len(list(path.parent.iterdir())) == 1


def test_what_is_no_parquet_file_is_corruption(path: pathlib.Path, bars: pl.DataFrame) -> None:
    path.write_text("timestamp,close\n2024-01-01,1.5\n")
    with pytest.raises(varve.DataCorruptionError, match="bars.parquet"):
        varve.read_parquet(path)
    varve.write_parquet(bars, path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(varve.DataCorruptionError, match="bars.parquet"):
        varve.read_parquet(path)


def test_a_missing_file_is_not_found(path: pathlib.Path) -> None:
    with pytest.raises(varve.DataNotFoundError, match="bars.parquet"):
        varve.read_parquet(path)


def test_nested_columns_leave_the_flat_ones_readable(path: pathlib.Path) -> None:
    pq.write_table(pa.table({"flat": [1, 2], "levels": [[1], [2]]}), path)
    assert varve.read_parquet(path, columns=["flat"]).num_rows == 2
    for columns in (["levels"], None):
        with pytest.raises(varve.NotSupportedError, match="levels"):
            varve.read_parquet(path, columns=columns)


def test_bad_options_of_files_are_named(path: pathlib.Path) -> None:
    varve.write_parquet({"close": [1.0]}, path)
    for columns in ("close", [], [1]):
        with pytest.raises(varve.InvalidArgumentError, match="^columns .* expected"):
            varve.read_parquet(path, columns=columns)
    with pytest.raises(varve.InvalidArgumentError, match="^sorted_by 'close' of type str: expected a list of names"):
        varve.write_parquet({"close": [1.0]}, path, sorted_by="close")
    for rows in (0, 1.5, True):
        with pytest.raises(varve.InvalidArgumentError, match="^rows_per_group .* expected a whole number from 1"):
            varve.write_parquet({"close": [1.0]}, path, rows_per_group=rows)
