"""verify, repair, backup, restore-lake, rebuild-catalog, doctor, stats."""

import shutil
from pathlib import Path

from program import Varve


def visible_file(varve: Varve) -> Path:
    (path,) = (varve.lake / "fx" / "EUR").glob("*.parquet")
    return path


def damage(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 0xFF]))


def test_repair_of_a_whole_lake_is_silent(filled: Varve) -> None:
    done = filled("repair")
    assert done.out == "" and "1 series, 1 files: nothing to repair" in done.err
    filled("repair", "fx/GBP", status=3)


def test_repair_publishes_what_is_missing(filled: Varve) -> None:
    visible_file(filled).unlink()
    (step,) = filled("repair", "-o", "json").json()
    assert step["outcome"] == "published" and step["key"] == "fx/EUR"
    assert visible_file(filled).is_file()
    filled("verify")


def test_an_old_file_that_comes_back_is_found_and_put_aside(filled: Varve) -> None:
    former = visible_file(filled)
    exported = filled.folder / "old.parquet"
    filled("export", "fx/EUR", "--out", exported)
    filled("write", "fx/EUR", "-", stdin="timestamp,close\n2024-02-01T00:00:00Z,1\n")
    exported.rename(former)
    (finding,) = filled("verify", "-o", "json", status=20).json()
    assert finding["key"] == "fx/EUR" and finding["file"] == f"fx/EUR/{former.name}"
    assert "not part of the newest version" in finding["finding"]
    (step,) = filled("repair", "-o", "json").json()
    assert step["file"] == finding["file"] and ".varve/quarantine/" in step["what"]
    assert not former.exists()
    filled("verify")


def test_repair_takes_files_from_a_backup(filled: Varve) -> None:
    before = filled("read", "fx/EUR").out
    filled("backup", "copy")
    damage(visible_file(filled))
    filled("verify", status=20)
    done = filled("repair", "--from-backup", "copy", "-o", "json")
    assert done.json()[0]["outcome"] == "mended"
    assert filled("read", "fx/EUR").out == before
    filled("repair", "--from-backup", "nothing", status=3)


def test_repair_lists_what_is_lost(filled: Varve) -> None:
    damage(visible_file(filled))
    done = filled("repair", "-o", "json", status=20)
    lost = done.json()[0]
    assert lost["outcome"] == "lost" and lost["rows_lost"] == 3 and lost["first"] == "2024-01-01T00:00:00Z"
    assert "3 rows lost" in done.err
    assert "in version 1: " in filled("verify", status=20).out


def test_a_backup_is_a_lake_and_is_brought_up_to_date(filled: Varve) -> None:
    assert "1 files copied" in filled("backup", "copy").err
    assert "0 files copied" in filled("backup", "copy").err
    copy = Varve(filled.folder, environment={"VARVE_LAKE": str(filled.folder / "copy")})
    assert copy("read", "fx/EUR").out == filled("read", "fx/EUR").out
    filled("backup", filled.lake / "inside", status=2)
    filled.write_file("full/file", "")
    assert "hint" not in filled("backup", "full", status=4).err


def test_a_backup_is_restored(filled: Varve) -> None:
    filled("backup", "copy")
    filled("restore-lake", "copy", "back")
    back = Varve(filled.folder, environment={"VARVE_LAKE": str(filled.folder / "back")})
    assert back("read", "fx/EUR").out == filled("read", "fx/EUR").out
    back("verify")
    assert "hint" not in filled("restore-lake", "copy", "back", status=4).err
    filled("restore-lake", "nothing", "more", status=3)


def test_a_lost_catalog_is_made_anew(filled: Varve) -> None:
    before = filled("read", "fx/EUR").out
    assert "hint: --replace" in filled("rebuild-catalog", status=4).err
    (filled.lake / ".varve/catalog.sqlite").unlink()
    assert filled("doctor", "-o", "json", status=20).json()[0]["health"] == "fail"
    done = filled("rebuild-catalog")
    assert "1 series, 1 files, 3 rows" in done.err and "catalog-backups" in done.err
    assert filled("read", "fx/EUR").out == before
    filled("rebuild-catalog", "--replace")
    filled("verify")


def test_what_files_alone_cannot_tell_is_said(filled: Varve) -> None:
    filled("delete", "fx/EUR", "--start", "2024-01-01", "--end", "2024-12-31", "--yes")
    (filled.lake / ".varve/catalog.sqlite").unlink()
    shutil.rmtree(filled.lake / ".varve/catalog-backups")
    done = filled("rebuild-catalog", status=20)
    assert "0 series" in done.err and "series without rows and columns that only removed rows had" in done.err
    assert filled("ls", "-o", "json").json() == []


def test_doctor_says_how_it_is(filled: Varve) -> None:
    symptoms = {symptom["subject"]: symptom for symptom in filled("doctor", "-o", "json").json()}
    assert symptoms["catalog"]["health"] == "ok" and symptoms["data files"]["health"] == "ok"
    visible_file(filled).write_bytes(b"")
    symptoms = {symptom["subject"]: symptom for symptom in filled("doctor", "-o", "json", status=20).json()}
    assert symptoms["data files"]["health"] == "fail" and "repair" in symptoms["data files"]["advice"]


def test_stats_count(filled: Varve) -> None:
    filled("write", "fx/EUR", "-", stdin="timestamp,open,high,low,close,volume\n2024-01-02T00:00:00Z,1,1,1,1,1\n")
    sums = {row["what"]: row["value"] for row in filled("stats", "-o", "json").json()}
    assert sums["keys"] == 1 and sums["rows"] == 1 and sums["versions"] == 2
    assert sums["layout range: files"] == sums["files"] and sums["old files"] == 1
