"""The peers read every encoding that Varve chooses, which it does by the shape of the values."""

import random
import struct
from collections.abc import Callable, Iterator
from decimal import Context, Decimal
from itertools import accumulate
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reading_test import expect_columns
from rewriting_test import expect_same_values
from sample_tables import SEED, make_array, types
from varve_tool import dump, rewrite

Counter = Callable[[str, int], None]
ROWS = 3_000
ROWS_PER_GROUP = 1_500
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def numbers(shape: str, dice: random.Random) -> Iterator[int]:
    """What the values of a column are made from."""
    free = (dice.getrandbits(63) for _ in range(ROWS))
    few = [dice.getrandbits(63) for _ in range(5)]
    match shape:
        case "one":
            return iter([few[0]] * ROWS)
        case "few":
            return iter(dice.choices(few, k=ROWS))
        case "steps":
            return accumulate(dice.choices([60, 60, 60, 420], k=ROWS))
        case "free":
            return free
        case _:  # few at first, then more than a dictionary is good for
            return iter([*dice.choices(few, k=ROWS // 4), *(next(free) for _ in range(ROWS - ROWS // 4))])


def value(kind: pa.DataType, number: int, shape: str) -> Any:
    if pa.types.is_null(kind):
        return None
    if pa.types.is_boolean(kind):
        return number % 3 == 0
    if pa.types.is_floating(kind):
        # Steps lie on a grid, the rest has digits to its end.
        return float(number % 2000) / 8 if shape == "steps" or kind.bit_width == 16 else single(number, kind)
    if pa.types.is_decimal(kind):
        return Decimal(number % 10**kind.precision).scaleb(-kind.scale, Context(prec=60))
    if pa.types.is_dictionary(kind) and kind.index_type.bit_width == 8:
        return "ABC"[number % 3]
    if pa.types.is_dictionary(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return f"eth-perp/{number}"
    if pa.types.is_fixed_size_binary(kind):
        return (number % 256**kind.byte_width).to_bytes(kind.byte_width, "big")
    if pa.types.is_binary(kind):
        return number.to_bytes(8, "little")
    if pa.types.is_time(kind):
        return number % (86_400 * PER_SECOND[kind.unit])
    if pa.types.is_date64(kind):
        return number % 20_000 * 86_400_000
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):  # until 2242, which every program can show
        return number % (2**33 * PER_SECOND[kind.unit])
    return number % 2 ** (16 if pa.types.is_date(kind) else kind.bit_width - 1)


def single(number: int, kind: pa.DataType) -> float:
    fraction = 1 + number / 2**64
    return fraction if kind.bit_width == 64 else float(struct.unpack("<f", struct.pack("<f", fraction))[0])


def shaped_table(shape: str, nulls: str) -> pa.Table:
    arrays, fields = [], []
    for name, (kind, _) in types().items():
        if kind == pa.null() and nulls == "required":
            continue
        dice = random.Random(f"{SEED} {name} {shape}")
        values = [value(kind, number, shape) for number in numbers(shape, dice)]
        if nulls == "some":
            values = [None if dice.random() < 0.1 else value for value in values]
        arrays.append(make_array(kind, values))
        fields.append(pa.field(name, arrays[-1].type, nullable=nulls != "required"))
    return pa.table(arrays, pa.schema(fields))


SHAPES = ("one", "few", "steps", "free", "late")
# Of each physical type: all encodings that Varve has for it. (Strings are PLAIN only where a dictionary in memory has
# more entries than a file's may have.)
ENCODINGS = {
    "BOOLEAN": {"RLE"},
    "INT32": {"PLAIN", "DELTA_BINARY_PACKED", "RLE_DICTIONARY"},
    "INT64": {"PLAIN", "DELTA_BINARY_PACKED", "RLE_DICTIONARY"},
    "FLOAT": {"PLAIN", "BYTE_STREAM_SPLIT", "RLE_DICTIONARY"},
    "DOUBLE": {"PLAIN", "BYTE_STREAM_SPLIT", "RLE_DICTIONARY"},
    "BYTE_ARRAY": {"DELTA_LENGTH_BYTE_ARRAY", "RLE_DICTIONARY"},
    "FIXED_LEN_BYTE_ARRAY": {"PLAIN", "RLE_DICTIONARY"},
}


def encodings_of_pages(path: Path) -> Iterator[tuple[str, str]]:
    """Physical type and encoding of data pages: dictionaries are PLAIN, levels RLE, which booleans may be too."""
    metadata = pq.read_metadata(path)
    for group in range(metadata.num_row_groups):
        for position in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(position)
            kind = chunk.physical_type
            aside = {"PLAIN"} if chunk.has_dictionary_page else set()
            aside |= {"RLE"} if kind != "BOOLEAN" else set()
            yield from ((kind, encoding) for encoding in chunk.encodings if encoding not in aside)


CODECS = ("zstd", "snappy", "lz4", "gzip", "none")


@pytest.mark.parametrize(
    ("codec", "nulls"), [("auto", "none"), ("auto", "required"), *((codec, "some") for codec in ("auto", *CODECS))]
)
def test_peers_read_every_encoding_of_every_type(tmp_path: Path, codec: str, nulls: str, count_cells: Counter) -> None:
    session = duckdb.connect()
    session.execute("set timezone = 'UTC'")
    seen = set()
    for shape in SHAPES:
        table = shaped_table(shape, nulls)
        first, path = tmp_path / "first.parquet", tmp_path / "second.parquet"
        pq.write_table(table, first)
        rewrite(first, path, codec, ROWS_PER_GROUP)
        seen.update(encodings_of_pages(path))
        count_cells("written by Varve, read by Varve", expect_columns(dump(path), table))
        for reader, found in {
            "PyArrow": pq.read_table(path, page_checksum_verification=True),
            "Polars": pl.read_parquet(path).to_arrow(),
            "DuckDB": session.sql(f"from read_parquet('{path}')").to_arrow_table(),
        }.items():
            count_cells(f"written by Varve, read by {reader}", expect_same_values(found, table))
    wanted = {(kind, encoding) for kind, encodings in ENCODINGS.items() for encoding in encodings}
    if codec == "none":  # streams of bytes are made for it
        wanted -= {("FLOAT", "BYTE_STREAM_SPLIT"), ("DOUBLE", "BYTE_STREAM_SPLIT")}
    assert seen == wanted
