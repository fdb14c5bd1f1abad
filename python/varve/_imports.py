"""Packages that Varve works with and does not need."""

import importlib
import sys
from typing import Any


def optional(module: str, purpose: str) -> Any:
    """The module, imported now. Raises ImportError that says what needs it and how to get it."""
    try:
        return sys.modules.get(module) or importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(f"{purpose} needs {package}: pip install {package}", name=package) from error
