"""Whether files are what was registered."""

import hashlib
import logging
from pathlib import Path

import varve
from varve.storage_manager._series import FrameLake

_log = logging.getLogger("varve.storage_manager")


def verify_files(lake: FrameLake) -> dict[str, bool]:
    """Reads every file of the newest versions, and notes in the catalog which ones are whole. By visible path: whether
    the file is there, can be decoded, and has the bytes that were committed. Saves meanwhile are no damage."""
    before = {file.id: (file.sha256, file.verified) for file in lake.registry.data_files()}
    findings = lake.verify().findings
    for finding in findings:
        _log.warning("%s: %s", finding.file or finding.key or "the lake", finding.what)
    suspected = {finding.file for finding in findings}  # also what older versions have had under such a path
    results = {}
    for file in lake.registry.data_files():
        is_damaged = before.get(file.id) == (file.sha256, file.verified) and not lake.read_only
        results[file.path] = not is_damaged and (file.path not in suspected or _has_its_bytes(lake, file))
    return results


def verify_artifacts(lake: FrameLake) -> dict[str, bool]:
    """By path; of a file that was registered several times, by its newest checksum."""
    newest = {artifact.file_path: artifact.id for artifact in lake.registry.model_artifacts()}
    return {path: lake.registry.check_model_artifact(id) == "whole" for path, id in newest.items()}


def _has_its_bytes(lake: FrameLake, file: varve.DataFile) -> bool:
    """Whether the visible file has those of the newest version, also of one that was committed meanwhile."""
    expected = file.sha256
    while _checksum(Path(lake.root, file.path)) != expected:
        now = [one.sha256 for one in lake.registry.data_files(file.key) if one.path == file.path]
        if now in ([], [expected]):
            return False
        (expected,) = now
    return True


def _checksum(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
