"""Records of the catalog as rows of the registry's file."""

import json
from datetime import timedelta
from typing import Any

import varve
from varve.storage_manager._moments import EPOCH

Row = tuple[Any, ...]


def to_file_row(file: varve.DataFile) -> Row:
    return (
        *(file.id, file.path, file.instrument, file.data_type, to_iso(file.first), to_iso(file.last)),
        *(file.rows, file.bytes, file.sha256, to_stamp(file.created), to_stamp(file.verified)),
    )


def to_fetch_row(run: varve.FetchRun) -> Row:
    unknown = run.start == run.end == 0
    return (
        *(run.id, run.instrument, run.granularity),
        *(("", "") if unknown else (to_iso(run.start), to_iso(run.end))),
        *(run.records_fetched, run.api_calls_used, run.duration_seconds, run.status, run.error_message),
        to_stamp(run.created),
    )


def to_processing_row(run: varve.ProcessingRun) -> Row:
    return (
        *(run.id, run.run_type, run.config_hash, json.dumps(run.input_files), json.dumps(run.output_files)),
        *(run.status, run.duration_seconds, run.log_file, to_stamp(run.created)),
    )


def to_artifact_row(artifact: varve.ModelArtifact) -> Row:
    metrics = None if artifact.metrics is None else json.dumps(artifact.metrics)
    return (
        *(artifact.id, artifact.model_type, artifact.version, artifact.file_path, artifact.config_hash),
        *(artifact.training_run_id, metrics, to_stamp(artifact.created)),
    )


def to_iso(nanoseconds: int | None) -> str:
    """``2022-01-03T10:00:00+00:00``, with as many digits of the second as there are; empty if untimed."""
    if nanoseconds is None:
        return ""
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    digits = f"{rest:09d}"
    fraction = "" if rest == 0 else f".{digits[:6] if digits.endswith('000') else digits}"
    return f"{EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}{fraction}+00:00"


def to_stamp(nanoseconds: int | None) -> str | None:
    """As CURRENT_TIMESTAMP of SQLite: UTC, whole seconds."""
    if nanoseconds is None:
        return None
    return f"{EPOCH + timedelta(seconds=nanoseconds // 1_000_000_000):%Y-%m-%d %H:%M:%S}"
