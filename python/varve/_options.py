"""Options with a few values to choose from, checked where they enter; the engine checks the types of the others."""

import reprlib
from typing import Any, get_args

from varve.errors import InvalidArgumentError


def check_choice(name: str, value: object, choices: Any) -> None:
    """Raises InvalidArgumentError unless ``value`` is one of those of the Literal ``choices``."""
    known = get_args(choices)
    if value not in known:
        raise InvalidArgumentError(f"{name} {reprlib.repr(value)}: expected {', '.join(known[:-1])} or {known[-1]}")
