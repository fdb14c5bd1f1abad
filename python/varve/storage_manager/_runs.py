"""What is recorded of fetches, of programs that made files from files, and of models."""

import contextlib
import json
import operator
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np

from varve._times import TimeLike
from varve.errors import DataNotFoundError, InvalidArgumentError
from varve.storage_manager._moments import to_moment
from varve.storage_manager._registry_file import RegistryFile
from varve.storage_manager._series import FrameLake

CitedFile = int | str | os.PathLike[str]
"""The id of a data file, or its path."""

CitedFiles = Iterable[CitedFile] | str | os.PathLike[str]
"""Files, also as JSON text of such a list; or the path of one."""


class Runs:
    """The calls of a store that record what was done."""

    _root: Path
    _registry_file: RegistryFile

    def _lake(self) -> FrameLake:
        raise NotImplementedError

    def _register(self, change: Callable[[], None]) -> None:
        raise NotImplementedError

    def _file_ids(self) -> Mapping[str, int]:
        raise NotImplementedError

    def log_fetch_run(
        self,
        instrument: str,
        granularity: str = "",
        start_date: TimeLike | None = None,
        end_date: TimeLike | None = None,
        records_fetched: SupportsIndex = 0,
        api_calls_used: SupportsIndex = 0,
        duration_seconds: float = 0.0,
        status: str = "success",
        error_message: str | None = None,
    ) -> int:
        """Records a fetch (``status`` is ``"success"``, ``"partial"`` or ``"failed"``) and returns its id. What is not
        known is empty, or 0; of the two dates both are given or none.

        Raises InvalidArgumentError for an empty instrument or status, a negative number, or an end before the start.
        """
        if (start_date is None) != (end_date is None):
            raise InvalidArgumentError("start_date and end_date: give both of them, or none")
        lake = self._lake()
        run = lake.registry.add_fetch_run(
            instrument,
            granularity=granularity,
            start=0 if start_date is None else to_moment("start_date", start_date),
            end=0 if end_date is None else to_moment("end_date", end_date),
            records_fetched=_whole("records_fetched", records_fetched),
            api_calls_used=_whole("api_calls_used", api_calls_used),
            duration_seconds=_seconds(duration_seconds),
            status=status,
            error_message=error_message,
        )
        self._register(lambda: self._registry_file.enter_fetch_run(lake, run))
        return run

    def log_processing_run(
        self,
        run_type: str,
        config_hash: str = "",
        input_files: CitedFiles = (),
        output_files: CitedFiles = (),
        status: str = "success",
        duration_seconds: float | None = None,
        log_file: str | os.PathLike[str] | None = None,
    ) -> int:
        """Records a run (``run_type`` is ``"preprocessing"``, ``"training"``, ``"evaluation"``, …) and returns its id.
        Files are cited by their ids in ``data_files``, which stay, or by the paths that saves returned; a list may be
        its JSON text.

        Raises InvalidArgumentError for an empty type or status or a negative duration, DataNotFoundError for a path
        that no registered file has, StorageIoError if paths are to be looked up and the registry cannot be written.
        """
        lake = self._lake()
        run = lake.registry.add_processing_run(
            run_type,
            status=status,
            config_hash=config_hash,
            input_files=self._cite("input_files", input_files),
            output_files=self._cite("output_files", output_files),
            duration_seconds=None if duration_seconds is None else _seconds(duration_seconds),
            log_file=log_file,
        )
        self._register(lambda: self._registry_file.enter_processing_run(lake, run))
        return run

    def register_model_artifact(
        self,
        model_type: str,
        version: str,
        file_path: str | os.PathLike[str],
        config_hash: str = "",
        training_run_id: int | None = None,
        metrics: Mapping[str, Any] | str | None = None,
    ) -> int:
        """Registers the file of a model (``model_type`` is ``"tcnae"``, ``"gbdt"``, ``"context_manager"``, …) with its
        checksum, and returns its id. A relative path begins at ``data_root``, or at the working directory if the file
        is only there. ``metrics`` is an object or its JSON text, with numbers of Python or NumPy.

        Raises DataNotFoundError if there is no such file or training run, InvalidArgumentError for an empty type or
        version, or metrics that are no JSON object.
        """
        if not _is_path(file_path):
            raise InvalidArgumentError(f"file_path {file_path!r}: expected a path")
        lake = self._lake()
        artifact = lake.registry.add_model_artifact(
            model_type,
            version,
            file_path if (self._root / file_path).exists() else _resolved(file_path),
            config_hash=config_hash,
            training_run_id=training_run_id,
            metrics=_to_metrics(metrics),
        )
        self._register(lambda: self._registry_file.enter_model_artifact(lake, artifact))
        return artifact

    def _cite(self, name: str, files: CitedFiles) -> list[int]:
        """Their ids."""
        cited = _to_list(name, files)
        if any(_is_path(file) for file in cited):
            ids = {str(self._root / path): id for path, id in self._file_ids().items()}
            cited = [self._id_of(file, ids) if _is_path(file) else file for file in cited]
        return [_whole(name, file) for file in cited]

    def _id_of(self, path: Any, ids: Mapping[str, int]) -> int:
        """Of a path that a save returned, or that the registry has."""
        for candidate in (_resolved(path), self._root / path):
            if str(candidate) in ids:
                return ids[str(candidate)]
        raise DataNotFoundError(f"no registered file {path}")


def _is_path(file: object) -> bool:
    return isinstance(file, (str, os.PathLike))


def _resolved(path: str | os.PathLike[str]) -> Path:
    try:
        return Path(path).resolve()
    except (ValueError, RuntimeError) as error:  # a null in it, links in a circle
        raise InvalidArgumentError(f"path {path!r}: {error}") from None


def _whole(name: str, value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise InvalidArgumentError(f"{name} {value!r}: expected a whole number") from None


def _seconds(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InvalidArgumentError(f"duration_seconds {value!r}: expected a number") from None


def _to_list(name: str, files: Any) -> list[Any]:
    if isinstance(files, str):
        with contextlib.suppress(ValueError):
            found = json.loads(files)
            return found if isinstance(found, list) else [files]
    if _is_path(files):
        return [files]
    if isinstance(files, (bytes, Mapping)) or not isinstance(files, Iterable):
        raise InvalidArgumentError(f"{name} {files!r}: expected a list of ids or paths")
    return list(files)


def _to_metrics(metrics: Any) -> Any:
    """As an object that JSON has, if it is one."""
    if not isinstance(metrics, str):
        return _plain(metrics)
    try:
        return json.loads(metrics)
    except ValueError:
        raise InvalidArgumentError(f"metrics {metrics!r}: expected an object, or the JSON text of one") from None


def _plain(value: Any) -> Any:
    """Numbers and arrays of NumPy as those of Python, which JSON has."""
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    return value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value
