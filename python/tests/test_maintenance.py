"""Verify, repair, backup, rebuild-catalog, doctor, stats."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from conftest import make_bars

import varve


@pytest.fixture
def filled(tmp_path: Path, bars: pl.DataFrame) -> Iterator[varve.Lake]:
    with varve.open(tmp_path / "lake") as lake:  # closing it publishes
        lake.write("fx/EUR", bars)
        lake.append("small", bars.head(3))
    with varve.open(tmp_path / "lake") as lake:
        yield lake


def damage(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 0xFF]))


def test_verify_tells_how_far_it_is(filled: varve.Lake) -> None:
    told: list[tuple[int, int]] = []
    assert filled.verify(progress=lambda done, total: told.append((done, total))).clean
    assert told and all(done <= total for done, total in told)


def test_what_progress_raises_ends_the_work(filled: varve.Lake) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        filled.verify(progress=stop)
    assert filled.verify().clean


def test_repair_mends_from_a_backup(filled: varve.Lake, tmp_path: Path) -> None:
    copy = filled.backup(tmp_path / "copy")
    assert copy.keys == 2 and copy.files == 2 and not copy.damaged
    damage(Path(filled.root) / filled.files("fx/EUR")[0])
    assert [finding.key for finding in filled.verify().findings] != []
    report = filled.repair("fx/EUR", from_backup=tmp_path / "copy")
    assert report.whole and report.rows_lost == 0
    assert report.steps[0].outcome == "mended"
    assert filled.verify().clean
    assert filled.repair().steps == []


def test_repair_says_what_is_lost(filled: varve.Lake) -> None:
    path = Path(filled.root) / filled.files("small")[0]
    damage(path)
    report = filled.repair()
    lost = [step for step in report.steps if step.outcome == "lost"]
    assert [step.rows for step in lost] == [3] and report.rows_lost == 3 and not report.whole
    assert lost[0].first is not None and lost[0].key == "small"
    assert len(filled.read("small")) == 0
    (finding,) = filled.verify().findings  # the version before cannot be read
    assert finding.key == "small"


def test_a_backup_is_a_lake_and_becomes_one_again(filled: varve.Lake, tmp_path: Path) -> None:
    told: list[int] = []
    assert filled.backup(tmp_path / "copy", progress=lambda done, total: told.append(done)).files_copied >= 1
    assert told
    assert filled.backup(tmp_path / "copy").files_copied == 0
    with varve.open(tmp_path / "copy", read_only=True) as copy:
        assert copy.list_keys() == ["fx/EUR", "small"]
    assert varve.restore_lake(tmp_path / "copy", tmp_path / "back").keys == 2
    with varve.open(tmp_path / "back", create=False) as back:
        assert back.info("fx/EUR").rows == filled.info("fx/EUR").rows
        assert back.verify().clean
    with pytest.raises(varve.AlreadyExistsError):
        varve.restore_lake(tmp_path / "copy", tmp_path / "back")
    with pytest.raises(varve.DataNotFoundError):
        varve.restore_lake(tmp_path / "nothing", tmp_path / "more")


def test_a_lost_catalog_is_made_anew(filled: varve.Lake) -> None:
    root = Path(filled.root)
    rows = filled.info("fx/EUR").rows
    with pytest.raises(varve.AlreadyExistsError):
        varve.rebuild_catalog(root)
    with pytest.raises(varve.ConcurrentWriteError):
        varve.rebuild_catalog(root, replace=True)
    filled.close()
    for name in ("catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"):
        (root / ".varve" / name).unlink(missing_ok=True)
    report = varve.rebuild_catalog(root)
    assert report.keys == 2 and report.catalog_copy and not report.findings
    with varve.open(root, create=False) as lake:
        assert lake.info("fx/EUR").rows == rows
        assert lake.verify().clean


def test_doctor_and_stats(filled: varve.Lake) -> None:
    report = filled.doctor()
    assert report.well
    assert {"hard links", "free space", "catalog", "SQLite"} <= {symptom.subject for symptom in report.symptoms}
    stats = filled.stats()
    assert stats.keys == 2 and stats.versions == 2 and stats.by_layout["range"].keys == 2
    assert stats.rows == sum(info.rows for info in filled.info_all())


def test_stats_tell_what_a_vacuum_would_remove(filled: varve.Lake) -> None:
    filled.upsert("fx/EUR", make_bars(0, 1, close=9.0))
    assert filled.stats().free_files == 0
    free = filled.stats(all_for=0, hourly_for=0)
    assert free.free_files == free.old_files == filled.vacuum(all_for=0, hourly_for=0).files > 0
