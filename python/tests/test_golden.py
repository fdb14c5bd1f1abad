"""Lakes that earlier programs wrote, one folder a format version (tests/golden/make_lakes.py made them): whatever is on
the disks of others can be read, and written on."""

import contextlib
import decimal
import json
import math
import pathlib
import re
import sqlite3
import tarfile
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

import varve

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden"
ARCHIVES = sorted(FOLDER.glob("v*/*.tar.gz"))
NANOSECONDS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
TYPES = {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)} | {
    *("bool", "halffloat", "float", "double", "decimal128", "string", "binary", "dictionary", "date32"),
    *("time32", "time64", "timestamp", "duration", "fixed_size_binary", "null"),
}
SAME_IN_DUCKDB = ("double", "float", "int64", "uint32", "string", "dictionary", "bool")


class Golden:
    """A copy of a golden lake, since to open one may change it, and what it is to hold."""

    def __init__(self, archive: pathlib.Path, folder: pathlib.Path) -> None:
        self.root = folder / "lake"
        with tarfile.open(archive) as tar:
            tar.extractall(self.root, filter="tar")
        self.expected = json.loads(archive.with_name(archive.name.replace(".tar.gz", ".json")).read_text())
        for facts in self.expected["keys"].values():
            for state in filter(None, facts["versions"].values()):
                units = [unit_of(kind) for kind in state["columns"].values()]
                state["rows"] = [[scaled(*cell) for cell in zip(row, units, strict=True)] for row in state["rows"]]

    def open(self, **options: Any) -> varve.Lake:
        return varve.open(self.root, create=False, **options)

    def living(self) -> dict[str, dict[str, Any]]:
        """The newest state of each key that was not deleted."""
        newest = {key: list(facts["versions"].values())[-1] for key, facts in self.expected["keys"].items()}
        return {key: state for key, state in newest.items() if state is not None}

    def visible_files(self, key: str) -> list[str]:
        return sorted(map(str, self.root.glob(self.expected["keys"][key]["glob"])))


@pytest.fixture(params=ARCHIVES, ids=lambda path: f"{path.parent.name}-{path.name.partition('.')[0]}")
def golden(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Golden:
    return Golden(request.param, tmp_path)


def type_name(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        return "dictionary"
    return str(kind).removeprefix("large_")


def unit_of(kind: str) -> int:
    """Nanoseconds of the unit of a column of times; 0 for others."""
    unit = re.match(r"(?:timestamp|time32|time64|duration)\[(\w+)", kind)
    return NANOSECONDS[unit[1]] if unit else 0


def scaled(value: Any, unit: int) -> Any:
    return value * unit if unit and value is not None else value


def plain(column: pa.ChunkedArray) -> list[Any]:
    """Values as the files beside the lakes have them: days and nanoseconds as numbers, bytes as hexadecimal digits."""
    if unit := unit_of(str(column.type)):
        whole = column.cast(pa.int32()) if pa.types.is_time32(column.type) else column.cast(pa.int64())
        return [scaled(value, unit) for value in whole.to_pylist()]
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    return [plain_value(value) for value in column.to_pylist()]


def plain_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def as_float(value: Any) -> Any:
    return float(value) if isinstance(value, decimal.Decimal) else value


def as_floats(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Prices, which files may keep as decimals."""
    return pa.chunked_array([pa.array(map(as_float, column.to_pylist()), pa.float64())])


def rows_of(table: pa.Table) -> list[list[Any]]:
    return [list(row) for row in zip(*map(plain, table.columns), strict=True)]


def expect_every_version(lake: varve.Lake, golden: Golden) -> None:
    for key, facts in golden.expected["keys"].items():
        assert [str(version.version) for version in lake.versions(key)] == list(facts["versions"])
        for version, state in facts["versions"].items():
            if state is None:
                with pytest.raises(varve.DataNotFoundError):
                    lake.read(key, as_of=int(version))
                continue
            table = lake.read(key, as_of=int(version)).to_arrow()
            types = {field.name: type_name(field.type) for field in table.schema}
            assert list(types.items()) == list(state["columns"].items()), f"{key}, version {version}"
            assert rows_of(table) == state["rows"], f"{key}, version {version}"


def test_all_versions_are_read_by_one_who_may_only_read(golden: Golden) -> None:
    before = {path: path.stat().st_mtime_ns for path in golden.root.rglob("*") if path.is_file()}
    with golden.open(read_only=True) as lake:
        assert lake.list_keys() == sorted(golden.living(), key=str.encode)
        expect_every_version(lake, golden)
        assert lake.verify().clean
    after = {path: path.stat().st_mtime_ns for path in golden.root.rglob("*") if path.is_file()}
    beside = {path for path in after if path.name in ("catalog.sqlite-shm", "catalog.sqlite-wal")}
    assert {path: time for path, time in after.items() if path not in beside} == {
        path: time for path, time in before.items() if path not in beside
    }


def test_all_versions_are_read_by_one_who_may_write(golden: Golden) -> None:
    with golden.open() as lake:
        expect_every_version(lake, golden)
        assert lake.verify().findings == []
        assert [symptom.what for symptom in lake.doctor().symptoms if symptom.health == "fail"] == []
    with golden.open() as lake:  # as today's program left it
        expect_every_version(lake, golden)


def test_other_programs_see_the_newest_rows(golden: Golden) -> None:
    golden.open().close()  # publishes what was not visible yet
    for key, state in golden.living().items():
        files = golden.visible_files(key)
        if not state["rows"]:
            assert files == []
            continue
        table = pl.concat([pl.read_parquet(file) for file in files]).to_arrow()
        for place, kind in enumerate(state["columns"].values()):
            if kind == "double":
                table = table.set_column(place, table.column_names[place], as_floats(table.column(place)))
        found = rows_of(table)
        assert sorted(map(repr, found)) == sorted(map(repr, state["rows"])), key
        names = [name for name, kind in state["columns"].items() if kind in SAME_IN_DUCKDB]
        places = [list(state["columns"]).index(name) for name in names]
        columns = ", ".join(f'"{name}"' for name in names)
        tuples = duckdb.sql(f"SELECT {columns} FROM read_parquet({files})").fetchall()
        wanted = [[row[place] for place in places] for row in state["rows"]]
        assert sorted(repr([*map(plain_value, map(as_float, row))]) for row in tuples) == sorted(map(repr, wanted)), key


def test_what_hangs_on_the_lake_is_there(golden: Golden) -> None:
    expected = golden.expected
    with golden.open(read_only=True) as lake:
        for name, versions in expected.get("snapshots", {}).items():
            assert lake.snapshot(name) == versions
            for key, version in versions.items():
                assert lake.read(key, as_of=name).num_rows == len(
                    expected["keys"][key]["versions"][str(version)]["rows"]
                )
        for key, metadata in expected.get("metadata", {}).items():
            assert lake.info(key).metadata == metadata
        for key, ranges in expected.get("missing", {}).items():
            assert [[found.start, found.end] for found in lake.missing(key)] == ranges
        assert lake.retention_policy.versions_max == expected.get("versions_max", 500)
        assert len(lake.registry.fetch_runs()) == expected.get("fetch_runs", 0)
        assert len(lake.registry.processing_runs()) == expected.get("processing_runs", 0)


def test_it_can_be_written_on(golden: Golden) -> None:
    with golden.open(publish_delay_seconds=0) as lake:
        for key, facts in golden.expected["keys"].items():
            newest, state = list(facts["versions"].items())[-1]
            if state is None:
                continue
            commit = lake.write(key, lake.head(key, 1))
            assert commit.version == int(newest) + (len(state["rows"]) > 1)
            assert lake.restore(key, int(newest)).version >= int(newest)
            assert rows_of(lake.read(key).to_arrow()) == state["rows"]
            lake.compact(key)
        lake.vacuum(all_for=0, hourly_for=0)
        assert lake.verify().findings == []


def test_it_can_be_copied_and_its_catalog_made_anew(golden: Golden, tmp_path: pathlib.Path) -> None:
    with golden.open() as lake:
        lake.backup(tmp_path / "copy")
    with varve.open(tmp_path / "copy", read_only=True) as copy:
        expect_every_version(copy, golden)
    varve.rebuild_catalog(golden.root, replace=True)
    with golden.open() as lake:
        for key, state in golden.living().items():
            if state["rows"]:
                assert rows_of(lake.read(key).to_arrow()) == state["rows"], key


def test_each_format_version_has_its_lakes(lake: varve.Lake, tmp_path: pathlib.Path) -> None:
    present = version_of(pathlib.Path(lake.root))
    made = sorted(int(folder.name.removeprefix("v")) for folder in FOLDER.glob("v*"))
    assert made == list(range(1, present + 1)), (
        f"the format has version {present} and there are golden lakes of {made}: if it was raised, make those of the "
        "new version with tests/golden/make_lakes.py, and leave the old ones as they are"
    )
    for archive in ARCHIVES:
        golden = Golden(archive, tmp_path / archive.parent.name / archive.name)
        assert f"v{version_of(golden.root)}" == archive.parent.name
    assert sum(path.stat().st_size for path in FOLDER.glob("v*/*")) < 300_000


def test_they_hold_what_there_is_of_types_and_files(tmp_path: pathlib.Path) -> None:
    newest = max(ARCHIVES, key=lambda path: (int(path.parent.name.removeprefix("v")), path.name))
    golden = Golden(newest, tmp_path)
    kinds = {kind for state in golden.living().values() for kind in state["columns"].values()}
    assert {re.sub(r"[\[(].*", "", kind) for kind in kinds} == TYPES
    with golden.open(read_only=True) as lake:
        infos = [lake.info(key) for key in golden.living()]
        assert {info.prices for info in infos} == {"float", "decimal"}
        assert {info.layout for info in infos if "{" not in info.layout} == {"range", "month", "day"}
        assert "adopt" in {lake.versions(info.key)[0].operation for info in infos}
        adopted = [path for path in lake.files("found") if "/" in path and not path.startswith(".varve")]
        assert any(pathlib.Path(path).name == "00.parquet" for path in adopted)


def test_a_lake_of_a_later_version_is_refused(golden: Golden) -> None:
    present = version_of(golden.root)
    with contextlib.closing(sqlite3.connect(golden.root / ".varve/catalog.sqlite")) as catalog:
        catalog.execute(f"PRAGMA user_version = {present + 1}")
    for read_only in (True, False):
        with pytest.raises(varve.NotSupportedError, match="version"):
            golden.open(read_only=read_only)


def version_of(root: pathlib.Path) -> int:
    with contextlib.closing(sqlite3.connect(f"file:{root}/.varve/catalog.sqlite?mode=ro", uri=True)) as catalog:
        (version,) = catalog.execute("PRAGMA user_version").fetchone()
    return int(version)
