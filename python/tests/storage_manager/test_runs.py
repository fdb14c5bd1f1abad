"""Fetch runs, processing runs and model artifacts."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import varve
from storage_manager.frames import bars, features, query
from varve.storage_manager import DataNotFoundError, InvalidArgumentError, StorageManager


def test_a_fetch_run_has_defaults_for_what_the_document_leaves_out(storage: StorageManager) -> None:
    run = storage.log_fetch_run(instrument="EUR_USD", records_fetched=500, api_calls_used=2, status="success")
    (row,) = query(storage, "SELECT * FROM fetch_runs")
    assert row[:-1] == (run, "EUR_USD", "", "", "", 500, 2, 0.0, "success", None)


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        (datetime(2022, 1, 1), datetime(2022, 2, 1, 12, tzinfo=UTC), "2022-02-01T12:00:00+00:00"),
        (date(2022, 1, 1), date(2022, 1, 31), "2022-01-31T00:00:00+00:00"),
        ("2022-01-01", "2022-01-31T23:59:59+00:00", "2022-01-31T23:59:59+00:00"),
    ],
)
def test_a_fetch_run_is_kept_whole(storage: StorageManager, start: Any, end: Any, shown: str) -> None:
    run = storage.log_fetch_run(
        "EUR_USD", "H1", start, end, np.int64(7), 3, 1.25, status="partial", error_message="rate limit"
    )
    (row,) = query(storage, "SELECT * FROM fetch_runs")
    expected = (run, "EUR_USD", "H1", "2022-01-01T00:00:00+00:00", shown, 7, 3, 1.25, "partial", "rate limit")
    assert row[:-1] == expected
    with varve.open(storage.data_root) as lake:
        assert lake.registry.fetch_run(run).records_fetched == 7


def test_runs_are_numbered(storage: StorageManager) -> None:
    assert [storage.log_fetch_run("EUR_USD") for _ in range(3)] == [1, 2, 3]
    assert [storage.log_processing_run("training") for _ in range(2)] == [1, 2]


def test_a_processing_run_cites_files_by_id_or_path(storage: StorageManager, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = storage.save_ohlcv_data(bars(), "EUR_USD")
    made = storage.save_features(features())
    ids = [id for (id,) in query(storage, "SELECT id FROM data_files ORDER BY data_type DESC")]
    registered = "processed/features/year=2022/month=01/features_202201.parquet"
    monkeypatch.chdir(storage.data_root)
    near = Path("processed/features/year=2022/month=01/features_202201.parquet")
    for outputs in ([made], [registered], [near], [ids[1]]):
        run = storage.log_processing_run(
            run_type="preprocessing",
            config_hash="c0ffee",
            input_files=[raw, ids[0]] if isinstance(raw, str) else [],
            output_files=outputs,  # type: ignore[arg-type]
            status="success",
            duration_seconds=2.5,
            log_file=Path("logs/1.txt"),
        )
        (row,) = query(storage, "SELECT * FROM processing_runs WHERE id = ?", run)
        assert row[1:3] == ("preprocessing", "c0ffee")
        assert (json.loads(row[3]), json.loads(row[4])) == ([ids[0], ids[0]], [ids[1]])
        assert row[5:8] == ("success", 2.5, "logs/1.txt")


def test_files_may_be_one_path_or_json_text(storage: StorageManager) -> None:
    path = storage.save_ohlcv_data(bars(), "EUR_USD")
    assert isinstance(path, str)
    for files in (path, Path(path), "[1]", json.dumps([path])):
        run = storage.log_processing_run("training", input_files=files)
        assert query(storage, "SELECT input_files FROM processing_runs WHERE id = ?", run) == [("[1]",)]


def test_files_that_another_door_has_written_are_found(storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars(count=1), "EUR_USD")
    with varve.open(storage.data_root) as lake:
        lake.write("more", {"value": [1]}, published=True)
        (path,) = lake.files("more")
        (file,) = lake.registry.data_files("more")
    run = storage.log_processing_run("training", input_files=[path])
    assert query(storage, "SELECT input_files FROM processing_runs WHERE id = ?", run) == [(f"[{file.id}]",)]


def test_runs_cite_ids_that_saves_do_not_change(storage: StorageManager) -> None:
    path = storage.save_ohlcv_data(bars(), "EUR_USD")
    run = storage.log_processing_run("training", input_files=[path])  # type: ignore[list-item]
    storage.save_ohlcv_data(bars(close=3.0), "EUR_USD")
    cited = json.loads(query(storage, "SELECT input_files FROM processing_runs WHERE id = ?", run)[0][0])
    assert query(storage, "SELECT instrument FROM data_files WHERE id = ?", *cited) == [("EUR_USD",)]


def test_a_model_is_registered(storage: StorageManager) -> None:
    model = storage.data_root / "models" / "tcnae_v1.pt"
    model.parent.mkdir()
    model.write_bytes(b"trained")
    run = storage.log_processing_run("training")
    id = storage.register_model_artifact("tcnae", "1.0", "models/tcnae_v1.pt", "c0ffee", run, {"sharpe": 1.5})
    (row,) = query(storage, "SELECT * FROM model_artifacts")
    assert row[:-1] == (id, "tcnae", "1.0", "models/tcnae_v1.pt", "c0ffee", run, '{"sharpe": 1.5}')
    assert storage.register_model_artifact("gbdt", "1", model) == id + 1
    assert query(storage, "SELECT file_path, metrics FROM model_artifacts WHERE id = ?", id + 1) == [
        ("models/tcnae_v1.pt", None)
    ]


def test_a_model_may_lie_elsewhere(storage: StorageManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.bin").write_bytes(b"trained")
    monkeypatch.chdir(tmp_path)
    storage.register_model_artifact("gbdt", "1", "model.bin")
    assert query(storage, "SELECT file_path FROM model_artifacts") == [(str(tmp_path / "model.bin"),)]


@pytest.mark.parametrize(
    ("metrics", "shown"),
    [
        ({"loss": np.float32(0.5), "epochs": np.int64(7), "curve": np.array([1.0, 0.5])}, None),
        ('{"loss": 0.5, "epochs": 7, "curve": [1.0, 0.5]}', None),
        ({}, "{}"),
        (None, "null"),
    ],
)
def test_metrics_may_be_of_numpy_or_json_text(storage: StorageManager, metrics: Any, shown: str | None) -> None:
    (storage.data_root / "model.bin").write_bytes(b"trained")
    storage.register_model_artifact("gbdt", "1", "model.bin", metrics=metrics)
    ((found,),) = query(storage, "SELECT metrics FROM model_artifacts")
    assert json.loads(found or "null") == json.loads(shown or '{"loss": 0.5, "epochs": 7, "curve": [1.0, 0.5]}')


@pytest.mark.parametrize(
    "wrong",
    [
        {"metrics": [1]},
        {"metrics": "loss"},
        {"metrics": "[1]"},
        {"metrics": {"loss": float("nan")}},
        {"metrics": {"made": datetime(2022, 1, 1)}},
        {"file_path": None},
        {"file_path": 5},
        {"file_path": "a\0b"},
        {"model_type": ""},
        {"version": 1},
        {"training_run_id": "1"},
    ],
)
def test_models_that_make_no_sense_are_refused(storage: StorageManager, wrong: dict[str, Any]) -> None:
    (storage.data_root / "model.bin").write_bytes(b"trained")
    with pytest.raises(InvalidArgumentError):
        storage.register_model_artifact(**{"model_type": "gbdt", "version": "1", "file_path": "model.bin", **wrong})
    assert query(storage, "SELECT * FROM model_artifacts") == []


def test_what_is_not_there_is_not_registered(storage: StorageManager) -> None:
    (storage.data_root / "model.bin").write_bytes(b"trained")
    with pytest.raises(DataNotFoundError, match="nowhere"):
        storage.register_model_artifact("gbdt", "1", "nowhere.bin")
    with pytest.raises(DataNotFoundError, match="7"):
        storage.register_model_artifact("gbdt", "1", "model.bin", training_run_id=7)
    with pytest.raises(DataNotFoundError, match="nowhere"):
        storage.log_processing_run("training", input_files=["nowhere.parquet"])
    assert query(storage, "SELECT * FROM model_artifacts") == query(storage, "SELECT * FROM processing_runs") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"instrument": ""},
        {"status": ""},
        {"records_fetched": -1},
        {"records_fetched": 1.5},
        {"api_calls_used": "two"},
        {"duration_seconds": float("nan")},
        {"duration_seconds": "long"},
        {"start_date": "2022-01-01"},
        {"start_date": "2022-01-02", "end_date": "2022-01-01"},
        {"start_date": "yesterday", "end_date": "today"},
        {"start_date": [], "end_date": []},
        {"start_date": datetime(1, 1, 1), "end_date": datetime(9999, 1, 1)},
    ],
)
def test_fetch_runs_that_make_no_sense_are_refused(storage: StorageManager, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError):
        storage.log_fetch_run(**{"instrument": "EUR_USD", **wrong})
    assert query(storage, "SELECT * FROM fetch_runs") == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"run_type": ""},
        {"status": ""},
        {"input_files": 1},
        {"input_files": {1: 2}},
        {"output_files": [1.5]},
        {"output_files": ["a\0b"]},
        {"log_file": 5},
        {"duration_seconds": -1},
    ],
)
def test_processing_runs_that_make_no_sense_are_refused(storage: StorageManager, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError):
        storage.log_processing_run(**{"run_type": "training", **wrong})
    assert query(storage, "SELECT * FROM processing_runs") == []
