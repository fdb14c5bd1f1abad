"""The registry of a store of plain files: its runs and models go into the catalog."""

import collections
import contextlib
import filecmp
import json
import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import varve
from varve.errors import InvalidArgumentError, StorageError
from varve.storage_manager._moments import to_moment
from varve.storage_manager._names import free_name
from varve.storage_manager._registry_file import connect, tables_of
from varve.storage_manager._series import REGISTRY_FILE, FrameLake

_log = logging.getLogger("varve.storage_manager")

_NANOSECONDS = 1_000_000_000

_Fields = dict[str, Any]
"""A row of the registry, by column."""


def take_over_registry(lake: FrameLake, connection: sqlite3.Connection) -> None:
    """Enters runs and models, but for those that were entered before it was cut off, and takes the tables away; as they
    were they stay beside, in ``data_registry.db.before``. Raises sqlite3.Error, OSError."""
    tables = {table: _rows(connection, table) for table in sorted(tables_of(connection))}
    if not tables:
        return
    _keep(Path(lake.root, REGISTRY_FILE))
    registry = lake.registry
    now = {file.path: file.id for file in registry.data_files()}
    files = {row["id"]: now.get(row["file_path"]) for row in tables.get("data_files", ())}
    _enter_fetch_runs(registry, tables.get("fetch_runs", ()))
    runs = _enter_processing_runs(registry, tables.get("processing_runs", ()), files)
    _enter_artifacts(registry, tables.get("model_artifacts", ()), runs)
    for table in tables:
        connection.execute(f"DROP TABLE {table}")


def _keep(path: Path) -> None:
    """A copy of the registry as it was found, unless there is one."""
    unfinished = path.with_name(path.name + ".copy")
    unfinished.unlink(missing_ok=True)
    with contextlib.closing(connect(path)) as source, contextlib.closing(connect(unfinished)) as target:
        source.backup(target)
    if any(filecmp.cmp(unfinished, kept, shallow=False) for kept in path.parent.glob(f"{path.name}.before*")):
        unfinished.unlink()
    else:
        os.replace(unfinished, free_name(path, "before"))


def _rows(connection: sqlite3.Connection, table: str) -> list[_Fields]:
    """By column. A column that is not there is read as NULL."""
    found = connection.execute(f"SELECT * FROM {table} ORDER BY rowid")
    names = [column[0] for column in found.description]
    return [collections.defaultdict(lambda: None, zip(names, row, strict=True)) for row in found]


def _enter_fetch_runs(registry: varve.Registry, rows: Sequence[_Fields]) -> None:
    entered = collections.Counter(
        (run.instrument, _second(run.start), _second(run.end), run.records_fetched, _second(run.created))
        for run in registry.fetch_runs()
    )
    for row in rows:
        start, end, created = (_moment(row[name]) for name in ("start_date", "end_date", "created_at"))
        like = row["instrument"], _second(start), _second(end), row["records_fetched"], _second(created)
        if entered[like] > 0:
            entered[like] -= 1
            continue
        with _telling(f"fetch run {row['id']}"):
            registry.add_fetch_run(
                row["instrument"],
                granularity=row["granularity"],
                start=start,
                end=end,
                records_fetched=row["records_fetched"],
                api_calls_used=row["api_calls_used"],
                duration_seconds=row["duration_seconds"],
                status=row["status"],
                error_message=row["error_message"],
                created=created,
            )


def _enter_processing_runs(
    registry: varve.Registry, rows: Sequence[_Fields], files: dict[Any, int | None]
) -> dict[int, int]:
    """The new ids by the former ones. A file that is cited and not there any more is cited as ``"former 17"``."""
    entered = collections.defaultdict(list)
    for run in reversed(registry.processing_runs()):
        entered[run.run_type, run.config_hash, run.status, _second(run.created)].append(run.id)
    ids = {}
    for row in rows:
        created = _moment(row["created_at"])
        like = row["run_type"], row["config_hash"], row["status"], _second(created)
        if entered[like]:
            ids[row["id"]] = entered[like].pop()
            continue
        with _telling(f"processing run {row['id']}"):
            ids[row["id"]] = registry.add_processing_run(
                row["run_type"],
                status=row["status"],
                config_hash=row["config_hash"],
                input_files=_cited(row["input_files"], files),
                output_files=_cited(row["output_files"], files),
                duration_seconds=row["duration_seconds"],
                log_file=row["log_file"],
                created=created,
            )
    return ids


def _enter_artifacts(registry: varve.Registry, rows: Sequence[_Fields], runs: dict[int, int]) -> None:
    entered = collections.Counter(
        (one.model_type, one.version, one.file_path, _second(one.created)) for one in registry.model_artifacts()
    )
    for row in rows:
        created = _moment(row["created_at"])
        like = row["model_type"], row["version"], row["file_path"], _second(created)
        if entered[like] > 0:
            entered[like] -= 1
            continue
        with _telling(f"model {row['file_path']}"):
            registry.add_model_artifact(
                row["model_type"],
                row["version"],
                row["file_path"],
                config_hash=row["config_hash"],
                training_run_id=runs.get(row["training_run_id"]),
                metrics=json.loads(row["metrics"]) if row["metrics"] else None,
                created=created,
            )


@contextlib.contextmanager
def _telling(what: str) -> Iterator[None]:
    """One record that cannot be entered does not keep out the others."""
    try:
        yield
    except (StorageError, ValueError, TypeError) as error:
        _log.warning("%s of the former registry is not registered: %s", what, error)


def _cited(text: str, files: dict[Any, int | None]) -> list[Any]:
    try:
        ids = json.loads(text)
    except ValueError:
        ids = []
    return [files.get(id) or f"former {id}" for id in ids] if isinstance(ids, list) else []


def _moment(text: Any) -> int:
    """Nanoseconds UTC; 0 for what says no time."""
    try:
        return to_moment("time", text)
    except InvalidArgumentError:
        return 0


def _second(nanoseconds: int) -> int:
    """As exact as the registry has the time of a record."""
    return nanoseconds // _NANOSECONDS
