"""CSV files of bars that become series."""

from datetime import datetime
from pathlib import Path

import pytest
from pandas.testing import assert_frame_equal

from storage_manager.frames import bars, saved_form
from varve.storage_manager import DataNotFoundError, MigratedFile, StorageManager, migrate_csv_to_parquet


@pytest.fixture
def csv_dir(tmp_path: Path) -> Path:
    """Two files of bars, one of something else, one that is no CSV file."""
    folder = tmp_path / "csv"
    folder.mkdir()
    bars("2022-01-20", 24 * 20).to_csv(folder / "eur_usd.csv", index=False)
    bars("2022-02-01").to_csv(folder / "GBP_USD.csv", index=False)
    (folder / "broken.csv").write_text("time,price\n1,2\n")
    (folder / "empty.csv").write_text("")
    (folder / "notes.txt").write_text("not to be read")
    return folder


def test_each_file_has_its_result(csv_dir: Path, storage: StorageManager) -> None:
    results = {result.csv_file.name: result for result in migrate_csv_to_parquet(csv_dir, storage, progress=False)}
    assert list(results) == ["GBP_USD.csv", "broken.csv", "empty.csv", "eur_usd.csv"]
    moved = results["eur_usd.csv"]
    assert (moved.instrument, moved.records, moved.migrated, moved.error) == ("EUR_USD", 480, True, None)
    assert [Path(path).name for path in moved.paths] == ["eur_usd_202201.parquet", "eur_usd_202202.parquet"]
    assert len(results["GBP_USD.csv"].paths) == 1
    broken = results["broken.csv"]
    assert not broken.migrated and broken.records == 0 and "no column 'timestamp'" in (broken.error or "")
    assert not results["empty.csv"].migrated
    found = storage.load_data_by_date_range("ohlcv", datetime(2022, 1, 1), datetime(2023, 1, 1), "EUR_USD")
    assert_frame_equal(found, saved_form(bars("2022-01-20", 24 * 20), "EUR_USD"))


def test_it_may_be_called_again(csv_dir: Path, storage: StorageManager) -> None:
    first, again = (migrate_csv_to_parquet(csv_dir, storage, progress=False) for _ in range(2))
    assert first == again
    assert len(storage.load_data_by_date_range("ohlcv", datetime(2022, 1, 1), datetime(2023, 1, 1))) == 528


def test_it_says_what_it_has_done(csv_dir: Path, storage: StorageManager, capsys: pytest.CaptureFixture[str]) -> None:
    migrate_csv_to_parquet(csv_dir, storage)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Migrated GBP_USD: 48 records" and lines[3] == "Migrated EUR_USD: 480 records"
    assert lines[1].startswith("Failed BROKEN: InvalidArgumentError: ")


def test_progress_is_told_file_by_file(
    csv_dir: Path, storage: StorageManager, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[MigratedFile, int, int]] = []
    results = migrate_csv_to_parquet(csv_dir, storage, lambda *news: told.append(news))
    assert told == [(result, number, 4) for number, result in enumerate(results, 1)]
    assert capsys.readouterr().out == ""


def test_times_without_a_zone_are_utc_and_floats_are_exact(tmp_path: Path, storage: StorageManager) -> None:
    (tmp_path / "x.csv").write_text("timestamp,close\n2022-01-01 00:00:00,0.30000000000000004\n")
    migrate_csv_to_parquet(tmp_path, storage, progress=False)
    found = storage.load_data_by_date_range("ohlcv", datetime(2022, 1, 1), datetime(2022, 1, 1), "X")
    assert found["close"].tolist() == [0.30000000000000004]


def test_a_directory_that_is_not_there_is_not_found(tmp_path: Path, storage: StorageManager) -> None:
    with pytest.raises(DataNotFoundError, match="nowhere"):
        migrate_csv_to_parquet(tmp_path / "nowhere", storage)


def test_times_that_are_numbers_are_refused(tmp_path: Path, storage: StorageManager) -> None:
    (tmp_path / "x.csv").write_text("timestamp,close\n1640995200,1.5\n")
    (result,) = migrate_csv_to_parquet(tmp_path, storage, progress=False)
    assert not result.migrated and "'timestamp' is int64: expected timestamps" in (result.error or "")
