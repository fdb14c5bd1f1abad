"""What a store writes: identity, modes, types."""

from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

import varve
from parquet_store.frames import at, days, rows
from varve.parquet_store import ParquetStore, SchemaCompatibilityError, StorageError


def closes(store: ParquetStore) -> list[Any]:
    return store.read("k")["close"].to_list()


def test_append_is_the_default(store: ParquetStore) -> None:
    store.write("k", rows([0, 1]))
    store.write("k", rows([2]))
    assert store.read("k").equals(rows([0, 1, 2]))


def test_the_last_row_of_an_identity_wins_over_an_older_one(store: ParquetStore) -> None:
    store.write("k", rows([0, 1], close=[1.0, 2.0]))
    store.write("k", rows([1], close=[9.0]))
    assert closes(store) == [1.0, 9.0]


@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_the_last_row_of_an_identity_wins_inside_one_frame(store: ParquetStore, mode: str) -> None:
    store.write("k", rows([5]), mode=mode)
    store.write("k", rows([1, 0, 1, 1], close=[1.0, 2.0, 3.0, 4.0]), mode="overwrite")
    assert closes(store) == [2.0, 4.0]
    store.write("k", rows([2, 2], close=[5.0, 6.0]))
    assert closes(store) == [2.0, 4.0, 6.0]


def test_symbol_and_provider_are_part_of_the_identity(store: ParquetStore) -> None:
    store.write("k", rows([0, 0, 0], symbol=["a", "a", "b"], provider=["x", "y", "x"], close=[1, 2, 3]))
    assert sorted(closes(store)) == [1, 2, 3]
    store.write("k", rows([0], symbol=["a"], provider=["y"], close=[9]))
    assert sorted(closes(store)) == [1, 3, 9]


def test_no_other_column_is_part_of_the_identity(store: ParquetStore) -> None:
    bar = {"open": [1.0], "high": [1.0], "low": [1.0]}
    store.write("k", rows([0], instrument=["a"], close=[1.0], **bar))
    store.write("k", rows([0], instrument=["b"], close=[2.0], **bar))
    assert closes(store) == [2.0]
    store.write("k", rows([0], instrument=["b"], granularity=["M1"], close=[3.0], **bar))
    assert closes(store) == [3.0]


@pytest.mark.parametrize("bar", [{}, {"open": [1.0], "high": [1.0], "low": [1.0]}])
@pytest.mark.parametrize("more", [{}, {"granularity": ["M1"]}])
def test_a_new_column_of_the_identity_tells_rows_apart(
    store: ParquetStore, bar: dict[str, list[float]], more: dict[str, list[str]]
) -> None:
    store.write("k", rows([0], close=[1.0], **bar))
    store.write("k", rows([0], close=[2.0], symbol=["a"], **bar, **more))
    store.write("k", rows([0], close=[3.0], symbol=["b"], **bar, **more))
    assert sorted(closes(store)) == [1.0, 2.0, 3.0]
    store.write("k", rows([0], close=[4.0], symbol=["b"], **bar))
    assert sorted(closes(store)) == [1.0, 2.0, 4.0]


def test_rows_without_identity_are_all_kept_in_order(store: ParquetStore) -> None:
    frame = pl.DataFrame({"name": ["b", "a", "b"], "value": [1, 2, 1]})
    store.write("k", frame)
    store.write("k", frame)
    assert store.read("k").equals(pl.concat([frame, frame]))
    store.write("k", frame, mode="overwrite")
    assert store.read("k").equals(frame)


def test_rows_without_timestamp_are_told_apart_by_symbol(store: ParquetStore) -> None:
    store.write("k", pl.DataFrame({"symbol": ["a", "b", "a"], "sector": [1, 2, 3]}))
    store.write("k", pl.DataFrame({"symbol": ["b"], "sector": [4]}))
    assert sorted(store.read("k").rows()) == [("a", 3), ("b", 4)]


def test_overwrite_replaces_all_rows(store: ParquetStore) -> None:
    store.write("k", rows([0, 1, 2]))
    store.write("k", rows([7]), mode="overwrite")
    assert store.read("k").equals(rows([7]))


@pytest.mark.parametrize(
    "other",
    [
        rows([0], close=["text"]),
        rows([0], symbol=["a"], value=[True]),
        pl.DataFrame({"value": [1, 2]}),
        pl.DataFrame({"symbol": ["a"], "close": [1.0]}),
        rows([0]).with_columns(pl.col("timestamp").dt.replace_time_zone(None)),
        rows([0]).with_columns(pl.col("timestamp").dt.cast_time_unit("ns")),
        days(3),
    ],
)
def test_overwrite_checks_nothing(store: ParquetStore, other: pl.DataFrame) -> None:
    first = rows([0, 1], symbol=["a", "b"], close=[1.0, 2.0])
    for written in (first, other, first, other):
        store.write("k", written, mode="overwrite")
        assert store.read("k").equals(written) and store.read("k").schema == written.schema
    store.write("k", other)
    assert store.read("k").columns == other.columns


def test_what_cannot_take_the_place_of_a_key_leaves_it_as_it_was(store: ParquetStore) -> None:
    first = rows([0, 1], symbol=["a", "b"], close=[1.0, 2.0])
    store.write("k", first)
    with varve.open(store.data_root) as lake:
        lake.set_metadata("k", {"source": "feed"})
    lists = pl.Series("lists", [[1]])
    with pytest.raises(varve.NotSupportedError):  # other identity
        store.write("k", rows([0]).with_columns(lists), mode="overwrite")
    store.write("plain", rows([0, 1]))
    with pytest.raises(varve.StorageError):
        store.write("plain", rows([2], symbol=["a"]).with_columns(lists, side=pl.lit("buy")))
    assert store.read("k").equals(first) and store.read("plain").equals(rows([0, 1]))
    with varve.open(store.data_root) as lake:
        assert lake.info("k").metadata["source"] == "feed"


def test_overwrite_takes_timestamps_with_and_without_a_zone(store: ParquetStore) -> None:
    naive = rows([0]).with_columns(pl.col("timestamp").dt.replace_time_zone(None))
    for written in (naive, rows([0]), naive, rows([1])):
        store.write("k", written, mode="overwrite")
        assert store.read("k").schema == written.schema and store.read("k").equals(written)


def test_metadata_of_a_key_stay_when_it_is_written_anew(store: ParquetStore) -> None:
    store.write("k", rows([0]))
    with varve.open(store.data_root) as lake:
        lake.set_metadata("k", {"source": "feed"})
        store.write("k", rows([0]).with_columns(pl.col("timestamp").dt.replace_time_zone(None)), mode="overwrite")
        store.write("k", rows([0], value=["text"], symbol=["a"]), mode="overwrite")
        store.write("k", rows([0], value=["text"], provider=["b"]))
        assert lake.metadata("k") == {"source": "feed"}


def test_an_unknown_mode_is_an_error(store: ParquetStore) -> None:
    for frame in (rows([0]), rows([])):
        with pytest.raises(StorageError, match="mode 'replace'"):
            store.write("k", frame, mode="replace")
    assert not store.exists("k")


@pytest.mark.parametrize("mode", ["append", "overwrite"])
@pytest.mark.parametrize("nothing", [pl.DataFrame(), rows([]), pl.DataFrame({"other": []})])
def test_an_empty_frame_changes_nothing(store: ParquetStore, mode: str, nothing: pl.DataFrame) -> None:
    store.write("new", nothing, mode=mode)
    assert store.list_keys() == [] and store.read("new").shape == (0, 0)
    store.write("k", rows([0]))
    store.write("k", nothing, mode=mode)
    assert store.read("k").equals(rows([0]))


@pytest.mark.parametrize(
    ("stored", "new", "result"),
    [
        (pl.Int64, pl.Float64, pl.Float64),
        (pl.Float64, pl.Int64, pl.Float64),
        (pl.Int32, pl.Int64, pl.Int64),
        (pl.Int64, pl.Int32, pl.Int64),
        (pl.Float32, pl.Float64, pl.Float64),
        (pl.Int8, pl.UInt8, pl.Int16),
        (pl.UInt64, pl.Int64, pl.Float64),
        (pl.UInt32, pl.UInt64, pl.UInt64),
    ],
)
def test_numbers_of_two_types_become_the_wider_one(
    store: ParquetStore, stored: pl.DataType, new: pl.DataType, result: pl.DataType
) -> None:
    store.write("k", rows([0], close=pl.Series([1], dtype=stored)))
    store.write("k", rows([1], close=pl.Series([2], dtype=new)))
    assert store.read("k").schema["close"] == result
    assert closes(store) == [1, 2]


@pytest.mark.parametrize(
    ("stored", "new"),
    [
        (pl.Series([True]), pl.Series([1])),
        (pl.Series([1]), pl.Series([True])),
        (pl.Series(["a"]), pl.Series(["a"], dtype=pl.Categorical)),
        (pl.Series(["a"], dtype=pl.Categorical), pl.Series(["a"])),
        (pl.Series(["a"]), pl.Series([1.0])),
        (pl.Series([1.0]), pl.Series(["a"])),
        (pl.Series([None], dtype=pl.Null), pl.Series([1.0])),
        (pl.Series([1.0]), pl.Series([None], dtype=pl.Null)),
        (pl.Series([datetime(2024, 1, 1)], dtype=pl.Datetime("us")), pl.Series([1], dtype=pl.Datetime("ns"))),
        (pl.Series([date(2024, 1, 1)]), pl.Series([datetime(2024, 1, 1)])),
    ],
)
def test_other_types_do_not_go_together(store: ParquetStore, stored: pl.Series, new: pl.Series) -> None:
    before = rows([0], c=stored)
    store.write("k", before)
    text = f"^Schema incompatible for append: column 'c' has type {stored.dtype} but new data has {new.dtype}"
    with pytest.raises(SchemaCompatibilityError, match=text.replace("(", r"\(").replace(")", r"\)")):
        store.write("k", rows([1], c=new))
    assert store.read("k").equals(before)


def test_timestamps_of_two_units_do_not_go_together(store: ParquetStore) -> None:
    store.write("k", rows([0]))
    for other in (pl.col("timestamp").dt.cast_time_unit("ns"), pl.col("timestamp").dt.replace_time_zone(None)):
        with pytest.raises(SchemaCompatibilityError, match="^Schema incompatible for append: column 'timestamp'"):
            store.write("k", rows([1]).with_columns(other))
    assert store.read("k").equals(rows([0]))


def test_a_frame_with_timestamps_does_not_go_with_one_without(store: ParquetStore) -> None:
    for first, second in ((rows([0]), rows([0]).drop("timestamp")), (rows([0]).drop("timestamp"), rows([0]))):
        store.write("k", first, mode="overwrite")
        with pytest.raises(SchemaCompatibilityError, match="^Schema incompatible for append: column 'timestamp'"):
            store.write("k", second)
        assert store.read("k").equals(first)


@pytest.mark.parametrize("stored", [pl.UInt64, pl.Float64])
def test_integers_are_not_rounded(store: ParquetStore, stored: pl.DataType) -> None:
    before = rows([0], close=pl.Series([1], dtype=stored))
    store.write("k", before)
    with pytest.raises(SchemaCompatibilityError, match="^Schema incompatible for append: column 'close'.*round"):
        store.write("k", rows([1], close=[2**53 + 1]))
    assert store.read("k").equals(before)


def test_new_columns_are_null_in_old_rows_and_missing_ones_in_new(store: ParquetStore) -> None:
    store.write("k", rows([0], a=[1], b=["x"]))
    store.write("k", rows([1], a=[2], c=[2.5]))
    expected = pl.concat([rows([0], a=[1], b=["x"]), rows([1], a=[2], c=[2.5])], how="diagonal")
    assert store.read("k").equals(expected)


@pytest.mark.parametrize("layout", ["range", "month"])
def test_columns_may_differ_from_month_to_month(store: ParquetStore, layout: str) -> None:
    store.config = type(store.config)(layout=layout)
    january, march = (
        days(2).rename({"day": "a"}),
        days(2, datetime(2024, 3, 1, tzinfo=at(0).tzinfo)).rename({"day": "b"}),
    )
    store.write("k", march)
    store.write("k", january)
    assert store.read("k").select("timestamp", "a", "b").equals(pl.concat([january, march], how="diagonal"))


def test_what_is_no_frame_is_refused(store: ParquetStore) -> None:
    refused: list[Any] = [{"timestamp": []}, None, rows([0]).lazy()]
    for wrong in refused:
        with pytest.raises(StorageError, match="Failed to write data"):
            store.write("k", wrong)


def test_rows_without_a_time_are_refused(store: ParquetStore) -> None:
    store.write("k", rows([0]))
    with pytest.raises(StorageError, match="timestamp"):
        store.write("k", rows([1, 2]).with_columns(pl.lit(None, pl.Datetime("us", "UTC")).alias("timestamp")))
    assert store.read("k").equals(rows([0]))


def test_naive_data_take_naive_rows(store: ParquetStore) -> None:
    naive = rows([0, 1]).with_columns(pl.col("timestamp").dt.replace_time_zone(None))
    store.write("k", naive[:1])
    store.write("k", naive[1:])
    assert store.read("k").equals(naive)
