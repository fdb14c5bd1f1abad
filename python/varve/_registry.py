"""The registry of a lake: its files, where data were fetched from, what was made of them, and the models of it."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from varve import _varve
from varve._json import to_json, to_object
from varve._times import Naive, TimeLike, to_bound
from varve.errors import InvalidArgumentError

ArtifactState = Literal["whole", "missing", "changed"]


@dataclass(frozen=True, slots=True)
class FetchRun:
    """One fetch of data from a provider. Times are nanoseconds UTC; ``end`` is not inside."""

    id: int
    instrument: str
    granularity: str
    start: int
    end: int
    records_fetched: int
    api_calls_used: int
    duration_seconds: float
    status: str
    error_message: str | None
    created: int


@dataclass(frozen=True, slots=True)
class ProcessingRun:
    """One run of a program that made files from files."""

    id: int
    run_type: str
    config_hash: str
    input_files: list[Any]
    """Ids of data files."""
    output_files: list[Any]
    status: str
    duration_seconds: float | None
    log_file: str | None
    created: int


@dataclass(frozen=True, slots=True)
class ModelArtifact:
    """A file that holds a trained model."""

    id: int
    model_type: str
    version: str
    file_path: str
    """Relative to the root of the lake if it lies below it, else whole."""
    config_hash: str
    training_run_id: int | None
    metrics: dict[str, Any] | None
    bytes: int
    sha256: str
    created: int
    verified: int | None
    """When the file was last found to be as it was registered."""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A visible file of the newest version of a series. Times are nanoseconds UTC."""

    id: int
    """Stays when a write replaces what the file holds under its name, and is never given to another file."""
    path: str
    """Relative to the root of the lake."""
    key: str
    instrument: str
    """``instrument`` in the key's metadata, else the last segment of the key."""
    data_type: str
    """``data_type`` in the key's metadata, else the kind."""
    first: int | None
    """Index values, both inside; None if untimed."""
    last: int | None
    rows: int
    bytes: int
    sha256: str
    created: int
    verified: int | None
    """When ``verify`` last found what it holds whole."""
    visible: bool
    """False: it is part of no newest version any more."""


class Registry:
    """What ``lake.registry`` gives. Each call is one transaction, durable when it returns; none makes a version.

    What adds returns the id of the new record. Records come in the order of their ids, data files in that of time;
    filters that are given must all agree. ``created`` is now unless it is said.
    """

    def __init__(self, native: _varve.Lake, naive: Naive) -> None:
        self._native = native
        self._naive: Naive = naive

    def add_fetch_run(
        self,
        instrument: str,
        *,
        start: TimeLike,
        end: TimeLike,
        status: str,
        granularity: str = "",
        records_fetched: int = 0,
        api_calls_used: int = 0,
        duration_seconds: float = 0.0,
        error_message: str | None = None,
        created: TimeLike | None = None,
    ) -> int:
        """Records a fetch from ``start`` up to and without ``end``; a day as ``end`` means all of it.

        Raises InvalidArgumentError for an empty instrument or status, a negative number, or an end before the start;
        ReadOnlyError.
        """
        return self._native.add_fetch_run(
            instrument=instrument,
            granularity=granularity,
            start=self._bound(start),
            end=self._bound(end),
            records_fetched=records_fetched,
            api_calls_used=api_calls_used,
            duration_seconds=duration_seconds,
            status=status,
            error_message=error_message,
            created=self._bound(created),
            zone=self._zone(),
        )

    def add_processing_run(
        self,
        run_type: str,
        *,
        status: str,
        config_hash: str = "",
        input_files: Sequence[Any] = (),
        output_files: Sequence[Any] = (),
        duration_seconds: float | None = None,
        log_file: str | os.PathLike[str] | None = None,
        created: TimeLike | None = None,
    ) -> int:
        """Records a run; files are cited by the ids of ``data_files``. Raises InvalidArgumentError for an empty type or
        status, files that are no JSON, a negative duration; ReadOnlyError."""
        return self._native.add_processing_run(
            run_type=run_type,
            config_hash=config_hash,
            input_files=to_json("input_files", list(input_files)),
            output_files=to_json("output_files", list(output_files)),
            status=status,
            duration_seconds=duration_seconds,
            log_file=None if log_file is None else _to_path("log_file", log_file),
            created=self._bound(created),
            zone=self._zone(),
        )

    def add_model_artifact(
        self,
        model_type: str,
        version: str,
        file_path: str | os.PathLike[str],
        *,
        config_hash: str = "",
        training_run_id: int | None = None,
        metrics: Mapping[str, Any] | None = None,
        created: TimeLike | None = None,
    ) -> int:
        """Registers a model's file with its checksum. A relative path begins at the root of the lake.

        Raises DataNotFoundError if there is no such file or training run, InvalidArgumentError for an empty type or
        version or metrics that are no JSON object, ReadOnlyError.
        """
        return self._native.add_model_artifact(
            model_type=model_type,
            version=version,
            file_path=_to_path("file_path", file_path),
            config_hash=config_hash,
            training_run_id=training_run_id,
            metrics=None if metrics is None else _to_json_object("metrics", metrics),
            created=self._bound(created),
            zone=self._zone(),
        )

    def fetch_runs(
        self, instrument: str | None = None, *, granularity: str | None = None, status: str | None = None
    ) -> list[FetchRun]:
        """Fetch runs, oldest first; only those with what is given."""
        found = self._native.fetch_runs(instrument=instrument, granularity=granularity, status=status)
        return [FetchRun(**fields) for fields in found]

    def processing_runs(
        self, run_type: str | None = None, *, config_hash: str | None = None, status: str | None = None
    ) -> list[ProcessingRun]:
        """Processing runs, oldest first; only those with what is given."""
        found = self._native.processing_runs(run_type=run_type, config_hash=config_hash, status=status)
        return [_to_processing_run(fields) for fields in found]

    def model_artifacts(
        self, model_type: str | None = None, *, version: str | None = None, training_run_id: int | None = None
    ) -> list[ModelArtifact]:
        """Artifacts, oldest first; only those with what is given."""
        found = self._native.model_artifacts(model_type=model_type, version=version, training_run_id=training_run_id)
        return [_to_model_artifact(fields) for fields in found]

    def data_files(
        self,
        key: str | None = None,
        *,
        instrument: str | None = None,
        data_type: str | None = None,
        start: TimeLike | None = None,
        end: TimeLike | None = None,
    ) -> list[DataFile]:
        """Files of the newest versions that overlap the range, both ends inside."""
        found = self._native.data_files(
            key=key,
            instrument=instrument,
            data_type=data_type,
            start=self._bound(start),
            end=self._bound(end),
            zone=self._zone(),
        )
        return [DataFile(**fields) for fields in found]

    def fetch_run(self, id: int) -> FetchRun:
        """Raises DataNotFoundError."""
        return FetchRun(**self._native.fetch_run(id))

    def processing_run(self, id: int) -> ProcessingRun:
        """Raises DataNotFoundError."""
        return _to_processing_run(self._native.processing_run(id))

    def model_artifact(self, id: int) -> ModelArtifact:
        """Raises DataNotFoundError."""
        return _to_model_artifact(self._native.model_artifact(id))

    def data_file(self, id: int) -> DataFile:
        """Also one that is not visible any more, as long as the lake remembers it. Raises DataNotFoundError."""
        return DataFile(**self._native.data_file(id))

    def check_model_artifact(self, id: int) -> ArtifactState:
        """Reads the artifact's file and compares it with its checksum. Raises DataNotFoundError for a bad id."""
        return self._native.check_model_artifact(id)

    def _bound(self, at: TimeLike | None) -> int | str | None:
        return to_bound(at, self._naive)

    def _zone(self) -> str:
        return "UTC" if self._naive == "utc" else ""


def _to_path(name: str, path: str | os.PathLike[str]) -> str:
    try:
        return os.fspath(path)
    except TypeError as error:
        raise InvalidArgumentError(f"{name}: {error}") from None


def _to_json_object(name: str, value: Mapping[str, Any]) -> str:
    if not isinstance(value, Mapping):
        raise InvalidArgumentError(f"{name} {value!r}: expected a JSON object, such as a dict")
    return to_json(name, dict(value))


def _to_processing_run(fields: "_varve.ProcessingRunFields") -> ProcessingRun:
    values: dict[str, Any] = dict(fields)
    for name in ("input_files", "output_files"):
        values[name] = json.loads(values[name])
    return ProcessingRun(**values)


def _to_model_artifact(fields: "_varve.ModelArtifactFields") -> ModelArtifact:
    values: dict[str, Any] = dict(fields)
    if values["metrics"] is not None:
        values["metrics"] = to_object(values["metrics"])
    return ModelArtifact(**values)
