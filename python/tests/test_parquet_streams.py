"""Parquet files opened once, gone through in pieces, written in pieces."""

import pathlib
import threading
from concurrent.futures import ThreadPoolExecutor

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import make_bars

import varve


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    """A file of 1,000 bars in row groups of 300."""
    varve.write_parquet(make_bars(0, 1_000), tmp_path / "bars.parquet", rows_per_group=300)
    return tmp_path / "bars.parquet"


@pytest.fixture
def new(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "new.parquet"


def test_an_open_file_tells_what_it_holds(path: pathlib.Path, bars: pl.DataFrame) -> None:
    with varve.ParquetFile(path) as file:
        assert (file.num_rows, file.num_row_groups, file.columns) == (1_000, 4, bars.columns)
        assert file.schema["timestamp"] == "timestamp[ns, UTC]"
        assert file.created_by is not None and file.created_by.startswith("varve")
        assert file.read(["close"]).to_polars().equals(bars.select("close"))
        assert file.read(start="2024-01-01T10:00:00Z").num_rows == 400
    with pytest.raises(varve.InvalidArgumentError, match="closed"):
        file.read()


def test_metadata_and_nested_columns_are_told(new: pathlib.Path) -> None:
    pq.write_table(pa.table({"flat": [1], "levels": [[1]]}).replace_schema_metadata({"source": "desk"}), new)
    file = varve.ParquetFile(new)
    assert (file.columns, file.nested_columns, file.metadata["source"]) == (["flat"], ["levels"], "desk")


def test_an_open_file_is_read_by_many_threads(path: pathlib.Path, bars: pl.DataFrame) -> None:
    file = varve.ParquetFile(path)
    found: list[bool] = []
    threads = [threading.Thread(target=lambda: found.append(file.read().to_polars().equals(bars))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 8


def read_until_closed(file: varve.ParquetFile, begun: threading.Event) -> None:
    while True:
        begun.set()
        file.read()


def test_a_file_may_be_closed_while_others_read_it(path: pathlib.Path) -> None:
    varve.write_parquet(make_bars(0, 200_000), path)
    for _ in range(10):
        file, begun = varve.ParquetFile(path), threading.Event()
        with ThreadPoolExecutor(1) as threads:
            reading = threads.submit(read_until_closed, file, begun)
            begun.wait()
            file.close()
            with pytest.raises(varve.InvalidArgumentError, match="closed"):
                reading.result()


def test_threads_share_one_pass(path: pathlib.Path) -> None:
    batches = varve.ParquetFile(path).batches(rows_max=7)
    with ThreadPoolExecutor(4) as threads:
        counts = threads.map(lambda _: sum(table.num_rows for table in batches), range(4))
        assert sum(counts) == 1_000


def test_batches_are_row_groups_or_parts_of_them(path: pathlib.Path, bars: pl.DataFrame) -> None:
    file = varve.ParquetFile(path)
    assert [table.num_rows for table in file.batches()] == [300, 300, 300, 100]
    assert [table.num_rows for table in file.batches(rows_max=200)] == [200, 100] * 3 + [100]
    assert pl.concat([table.to_polars() for table in file.batches(["close"])]).equals(bars.select("close"))
    with pytest.raises(varve.InvalidArgumentError, match="rows_max 0 of type int: expected a whole number from 1"):
        file.batches(rows_max=0)


def test_batches_are_an_arrow_stream(path: pathlib.Path, bars: pl.DataFrame) -> None:
    file = varve.ParquetFile(path)
    assert pl.DataFrame(file.batches()).equals(bars)
    reader = pa.RecordBatchReader.from_stream(file.batches(columns=["volume"]))
    assert [batch.num_rows for batch in reader] == [300, 300, 300, 100]
    assert file.batches(columns=["volume"]).schema == {"volume": "int64"}


def test_batches_go_on_after_the_file_is_closed(path: pathlib.Path) -> None:
    with varve.ParquetFile(path) as file:
        batches = file.batches()
    first = next(batches)
    assert first.num_rows == 300
    assert pa.RecordBatchReader.from_stream(batches).read_all().num_rows == 700
    assert list(batches) == []


def test_a_damaged_row_group_is_told_by_both_doors(path: pathlib.Path) -> None:
    content = bytearray(path.read_bytes())
    content[20:200] = bytes(180)  # the first page
    path.write_bytes(content)
    with pytest.raises(varve.DataCorruptionError, match="row group 0"):
        next(varve.ParquetFile(path).batches())
    with pytest.raises(Exception, match="row group 0"):
        pa.RecordBatchReader.from_stream(varve.ParquetFile(path).batches()).read_all()


def test_explain_shows_encodings_and_bytes(path: pathlib.Path) -> None:
    file = varve.ParquetFile(path)
    chunks, columns = file.explain().to_polars(), file.explain(by_row_group=False).to_polars()
    assert chunks.height == 24 and columns.height == 6
    volume = columns.row(5, named=True)
    assert (volume["column"], volume["type"], volume["values"]) == ("volume", "int64", 1_000)
    assert (volume["min"], volume["max"], volume["nulls"]) == ("0", "999", 0)
    assert volume["stored_bytes"] == chunks.filter(column="volume")["stored_bytes"].sum()


def test_rows_written_in_pieces_are_one_file(new: pathlib.Path, bars: pl.DataFrame) -> None:
    with varve.ParquetWriter(new, sorted_by=["timestamp"], rows_per_group=300) as writer:
        for first in range(0, 1_000, 70):
            writer.write(bars.slice(first, 70))
        assert not new.exists()
    assert writer.closed
    assert pl.read_parquet(new).equals(bars)
    assert varve.ParquetFile(new).num_row_groups == 4
    assert [file.name for file in new.parent.iterdir()] == [new.name]


def test_close_gives_the_bytes_once(new: pathlib.Path, bars: pl.DataFrame) -> None:
    writer = varve.ParquetWriter(new, durable=True)
    writer.write(bars)
    assert writer.close() == new.stat().st_size
    for again in (writer.close, lambda: writer.write(bars)):
        with pytest.raises(varve.InvalidArgumentError, match="closed"):
            again()


def test_an_exception_leaves_what_was_there(path: pathlib.Path, bars: pl.DataFrame) -> None:
    before = path.read_bytes()
    with pytest.raises(RuntimeError), varve.ParquetWriter(path) as writer:  # noqa: PT012
        writer.write(bars)
        raise RuntimeError
    assert path.read_bytes() == before and len(list(path.parent.iterdir())) == 1


def test_a_table_of_other_columns_ends_the_writer(new: pathlib.Path, bars: pl.DataFrame) -> None:
    writer = varve.ParquetWriter(new)
    writer.write(bars)
    with pytest.raises(varve.InvalidArgumentError, match="close: float64"):
        writer.write(bars.select("close"))
    assert writer.closed and list(new.parent.iterdir()) == []


def test_a_writer_that_is_dropped_leaves_nothing(new: pathlib.Path, bars: pl.DataFrame) -> None:
    writer = varve.ParquetWriter(new)
    writer.write(bars)
    del writer
    assert list(new.parent.iterdir()) == []


@pytest.mark.parametrize("schema", [{"close": "float64"}, pl.DataFrame({"close": [1.5]})])
def test_a_schema_makes_a_file_without_rows(new: pathlib.Path, schema: object) -> None:
    with varve.ParquetWriter(new, schema):
        pass
    assert pl.read_parquet(new).schema == {"close": pl.Float64}
    with pytest.raises(varve.InvalidArgumentError, match="other|close"), varve.ParquetWriter(new, schema) as writer:
        writer.write({"open": [1.0]})


def test_nothing_written_is_no_file(new: pathlib.Path) -> None:
    with pytest.raises(varve.InvalidArgumentError, match="no table was written"), varve.ParquetWriter(new):
        pass
    with pytest.raises(varve.InvalidArgumentError, match="brotlo"):
        varve.ParquetWriter(new, compression="brotlo")
    assert list(new.parent.iterdir()) == []
