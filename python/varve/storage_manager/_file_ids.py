"""Ids of files that a former registry gave them.

They stay: where the catalog has another for the file, the former one is kept in the metadata of its series.
"""

import contextlib
from collections.abc import Iterable, Mapping

import varve
from varve.errors import DataNotFoundError
from varve.storage_manager._series import BARS_PREFIX, FEATURES_PREFIX, SPLITS_PREFIX, FrameLake

_FILE_IDS = "file_ids"
_OWN = tuple(f"{prefix}/" for prefix in (BARS_PREFIX, FEATURES_PREFIX, SPLITS_PREFIX))


def keep_ids(lake: FrameLake, files: Iterable[varve.DataFile], registered: Mapping[str, int]) -> dict[str, int]:
    """Ids of the files by path: that which was kept, else that which is registered, else that of the catalog. The
    caller holds a lock that keeps others out."""
    by_key: dict[str, list[varve.DataFile]] = {}
    for file in files:
        by_key.setdefault(file.key, []).append(file)
    ids: dict[str, int] = {}
    for key, own in by_key.items():
        kept = _kept_ids(lake, key) if key.startswith(_OWN) else {}
        ids |= {file.path: kept.get(file.path, registered.get(file.path, file.id)) for file in own}
        differing = {file.path: ids[file.path] for file in own if ids[file.path] != file.id}
        if key.startswith(_OWN) and not differing.items() <= kept.items():
            _keep(lake, key, kept | differing)
    return ids


def _kept_ids(lake: FrameLake, key: str) -> dict[str, int]:
    try:
        kept = lake.metadata(key).get(_FILE_IDS)
    except DataNotFoundError:
        return {}
    return kept if isinstance(kept, dict) else {}


def _keep(lake: FrameLake, key: str, ids: dict[str, int]) -> None:
    with contextlib.suppress(DataNotFoundError):  # removed meanwhile
        lake.set_metadata(key, {**lake.metadata(key), _FILE_IDS: ids})
