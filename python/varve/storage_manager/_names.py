"""Names of files that are put aside."""

import itertools
from pathlib import Path


def free_name(path: Path, ending: str) -> Path:
    """A path beside this one that nothing has: ``data_registry.db.before``, ``data_registry.db.before-2``."""
    names = (f"{path.name}.{ending}" + ("" if number == 1 else f"-{number}") for number in itertools.count(1))
    return next(beside for name in names if not (beside := path.with_name(name)).exists())
