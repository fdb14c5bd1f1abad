"""The registry: data files, fetch runs, processing runs, model artifacts."""

import datetime
import hashlib
import pathlib
import shutil
import sqlite3

import polars as pl
import pytest
from conftest import make_bars

import varve

NEW_YEAR = 1_704_067_200_000_000_000  # 2024-01-01
DAY = 86_400_000_000_000


@pytest.fixture
def registry(lake: varve.Lake) -> varve.Registry:
    return lake.registry


@pytest.fixture
def model(lake: varve.Lake) -> pathlib.Path:
    path = pathlib.Path(lake.root, "models", "tcnae_v1.pt")
    path.parent.mkdir()
    path.write_bytes(b"trained")
    return path


def test_a_fetch_run_is_kept_whole(registry: varve.Registry) -> None:
    created = datetime.datetime(2024, 2, 1, 12, tzinfo=datetime.UTC)
    run = registry.add_fetch_run(
        "EUR_USD",
        granularity="H1",
        start="2024-01-01",
        end=datetime.date(2024, 1, 31),
        records_fetched=500,
        api_calls_used=2,
        duration_seconds=0.1234567890123,
        status="partial",
        error_message="rate limit",
        created=created,
    )
    assert registry.fetch_run(run) == varve.FetchRun(
        id=run,
        instrument="EUR_USD",
        granularity="H1",
        start=NEW_YEAR,
        end=NEW_YEAR + 31 * DAY,
        records_fetched=500,
        api_calls_used=2,
        duration_seconds=0.1234567890123,
        status="partial",
        error_message="rate limit",
        created=NEW_YEAR + 31 * DAY + DAY // 2,
    )


def test_runs_are_listed_by_what_is_given(registry: varve.Registry) -> None:
    for instrument, status in (("EUR_USD", "success"), ("GBP_USD", "success"), ("EUR_USD", "failed")):
        registry.add_fetch_run(instrument, start=NEW_YEAR, end=NEW_YEAR + DAY, status=status)
    assert [run.id for run in registry.fetch_runs()] == [1, 2, 3]
    assert [run.id for run in registry.fetch_runs("EUR_USD")] == [1, 3]
    assert [run.id for run in registry.fetch_runs("EUR_USD", status="failed")] == [3]
    assert registry.fetch_runs(granularity="M1") == []


def test_runs_cite_files_by_id(lake: varve.Lake, registry: varve.Registry, bars: pl.DataFrame) -> None:
    lake.write("raw/EUR_USD", bars)
    lake.write("features", bars)
    ids = {file.key: file.id for file in registry.data_files()}
    run = registry.add_processing_run(
        "preprocessing",
        status="success",
        config_hash="c0ffee",
        input_files=[ids["raw/EUR_USD"]],
        output_files=[ids["features"]],
        duration_seconds=1.5,
        log_file=pathlib.Path("logs/1.txt"),
    )
    found = registry.processing_runs("preprocessing")
    assert found == [registry.processing_run(run)]
    assert registry.data_file(found[0].input_files[0]).key == "raw/EUR_USD"
    assert (found[0].duration_seconds, found[0].log_file, found[0].config_hash) == (1.5, "logs/1.txt", "c0ffee")


def test_an_artifact_is_checked_by_its_bytes(registry: varve.Registry, model: pathlib.Path) -> None:
    run = registry.add_processing_run("training", status="success")
    id = registry.add_model_artifact("tcnae", "1", model, training_run_id=run, metrics={"sharpe": 1.25})
    found = registry.model_artifact(id)
    assert found.file_path == "models/tcnae_v1.pt"
    assert (found.bytes, found.sha256) == (7, hashlib.sha256(b"trained").hexdigest())
    assert (found.training_run_id, found.metrics, found.verified) == (run, {"sharpe": 1.25}, None)
    assert registry.check_model_artifact(id) == "whole"
    assert registry.model_artifacts("tcnae")[0].verified is not None
    model.write_bytes(b"tampers")
    assert registry.check_model_artifact(id) == "changed"
    model.unlink()
    assert registry.check_model_artifact(id) == "missing"


def test_data_files_are_the_visible_ones(lake: varve.Lake, registry: varve.Registry, bars: pl.DataFrame) -> None:
    lake.write("fx/EUR", bars)
    lake.append("fx/EUR", make_bars(10_000, 5_000))
    files = registry.data_files()
    assert [f"{lake.root}/{file.path}" for file in files] == lake.files("fx/EUR")
    assert sum(file.rows for file in files) == 6_000
    first = files[0]
    path = pathlib.Path(lake.root, first.path)
    assert (first.instrument, first.data_type, first.bytes) == ("EUR", "ohlcv", path.stat().st_size)
    assert first.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (first.first, first.verified, first.visible) == (NEW_YEAR, None, True)
    assert lake.verify().clean
    assert all(file.verified is not None for file in registry.data_files())
    lake.set_metadata("fx/EUR", {"instrument": "EUR_USD", "data_type": "normalized"})
    assert len(registry.data_files(instrument="EUR_USD", data_type="normalized")) == len(files)
    assert registry.data_files("fx/EUR", start="2024-02-01") == []


def test_the_view_says_the_same(lake: varve.Lake, registry: varve.Registry, bars: pl.DataFrame) -> None:
    lake.write("a/b/c", bars)
    lake.write("top", bars)
    lake.set_metadata("top", {"instrument": "ALL", "data_type": "latents"})
    lake.verify("top")
    files = registry.data_files()
    lake.close()
    copy = shutil.copy(pathlib.Path(lake.root, ".varve", "catalog.sqlite"), pathlib.Path(lake.root).parent)
    with sqlite3.connect(copy) as catalog:
        rows = catalog.execute(
            "SELECT id, key, instrument, data_type, start_date, end_date, record_count, file_size, checksum, "
            "created_at, last_verified, name FROM data_files ORDER BY start_date, id"
        ).fetchall()
    catalog.close()
    assert [row[:-1] for row in rows] == [
        (
            *(file.id, file.key, file.instrument, file.data_type, file.first, file.last),
            *(file.rows, file.bytes, file.sha256, file.created, file.verified),
        )
        for file in files
    ]
    assert [row[-1] for row in rows] == [pathlib.Path(file.path).name for file in files]


def test_what_makes_no_sense_is_refused(registry: varve.Registry, model: pathlib.Path) -> None:
    stretch = {"start": NEW_YEAR, "end": NEW_YEAR + DAY}
    for wrong in (
        {"instrument": ""},
        {"status": ""},
        {"end": NEW_YEAR - 1},
        {"records_fetched": -1},
        {"duration_seconds": float("nan")},
        {"start": "2024-01-01 10:00"},
        {"created": "yesterday"},
        {"api_calls_used": 1.5},
    ):
        with pytest.raises(varve.InvalidArgumentError):
            registry.add_fetch_run(**{"instrument": "EUR_USD", "status": "success", **stretch, **wrong})
    with pytest.raises(varve.InvalidArgumentError, match="input_files"):
        registry.add_processing_run("training", status="success", input_files=[{1, 2}])
    with pytest.raises(varve.InvalidArgumentError, match="log_file"):
        registry.add_processing_run("training", status="success", log_file=5)
    for metrics in ({"loss": float("inf")}, [1], "loss"):
        with pytest.raises(varve.InvalidArgumentError, match="metrics"):
            registry.add_model_artifact("tcnae", "1", model, metrics=metrics)
    with pytest.raises(varve.InvalidArgumentError, match="file_path"):
        registry.add_model_artifact("tcnae", "1", None)
    for missing in ({"file_path": "nowhere.pt"}, {"training_run_id": 9}):
        with pytest.raises(varve.DataNotFoundError):
            registry.add_model_artifact("tcnae", "1", **{"file_path": model, **missing})
    assert registry.fetch_runs() == registry.processing_runs() == registry.model_artifacts() == []


def test_unknown_ids_are_not_found(registry: varve.Registry) -> None:
    for find in (registry.fetch_run, registry.processing_run, registry.model_artifact, registry.data_file):
        with pytest.raises(varve.DataNotFoundError, match="9"):
            find(9)
    with pytest.raises(varve.DataNotFoundError):
        registry.check_model_artifact(9)


def test_naive_times_need_a_zone_or_a_careless_lake(tmp_path: pathlib.Path) -> None:
    day = datetime.datetime(2024, 1, 1)
    with varve.open(tmp_path / "lake") as strict, pytest.raises(varve.InvalidArgumentError, match="zone"):
        strict.registry.add_fetch_run("EUR_USD", start=day, end=day, status="success")
    with varve.open(tmp_path / "lake", naive="utc") as careless:
        run = careless.registry.add_fetch_run("EUR_USD", start=day, end="2024-01-01 12:00", status="success")
        assert careless.registry.fetch_run(run).end == NEW_YEAR + DAY // 2
