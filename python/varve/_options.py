"""Options with a few values to choose from, checked where they enter; the engine checks the types of the others."""

import functools
import reprlib
from collections.abc import Iterable
from typing import Any, get_args

from varve.errors import InvalidArgumentError

_choices = functools.cache(get_args)  # a call of typing's costs as much as a short read


def check_choice(name: str, value: object, choices: Any) -> None:
    """Raises InvalidArgumentError unless ``value`` is one of those of the Literal ``choices``."""
    if value not in (known := _choices(choices)):
        raise InvalidArgumentError(f"{name} {reprlib.repr(value)}: expected {', '.join(known[:-1])} or {known[-1]}")


def to_names(option: str, value: object) -> list[str]:
    """The names of a list of them. Raises InvalidArgumentError for a text, which would be one of its letters."""
    names = list(value) if isinstance(value, Iterable) and not isinstance(value, str | bytes) else None
    if names is None or not all(isinstance(name, str) for name in names):
        raise _refusal(option, value, "a list of names")
    return names


def to_columns(value: object) -> list[str] | None:
    """The columns of a read, all of them for None. Raises InvalidArgumentError for none at all."""
    if value is None:
        return None
    names = to_names("columns", value)
    if not names:
        raise _refusal("columns", value, "one name or more")
    return names


def to_count(option: str, value: object) -> int:
    """A number of rows. Raises InvalidArgumentError for anything but a whole number from 1 to 2^63 - 1."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise _refusal(option, value, "a whole number from 1")
    return value


def _refusal(option: str, value: object, expected: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"{option} {reprlib.repr(value)} of type {type(value).__name__}: expected {expected}")
