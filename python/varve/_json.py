"""JSON that users bring, as the text that the engine keeps."""

import json
from typing import Any

from varve.errors import InvalidArgumentError


def to_json(name: str, value: object) -> str:
    """JSON text of ``value``, which callers know as ``name``. Raises InvalidArgumentError for what JSON cannot say."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"{name}: {error}") from None


def to_object(text: str) -> dict[str, Any]:
    if text == "{}":
        return {}  # as mostly, and quicker
    found: dict[str, Any] = json.loads(text)
    return found
