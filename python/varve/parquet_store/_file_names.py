"""Names of data files by the first and last time in them."""

import datetime
import os
import re

_FORMAT = "%Y%m%dT%H%M%S"
_NAME = re.compile(r"([0-9]{8}T[0-9]{6})-([0-9]{8}T[0-9]{6})\.parquet")


def generate_filename(start_ts: datetime.datetime, end_ts: datetime.datetime) -> str:
    """``20240101T100000-20240101T235959.parquet``, by the clocks that the two times show; nothing is converted."""
    return f"{start_ts.strftime(_FORMAT)}-{end_ts.strftime(_FORMAT)}.parquet"


def parse_filename(filename: str) -> tuple[datetime.datetime, datetime.datetime] | None:
    """First and last time, UTC, of a name or whole path; None for a name of another form or with no such date."""
    found = _NAME.fullmatch(os.path.basename(filename))
    if found is None:
        return None
    try:
        first, last = (datetime.datetime.strptime(text, _FORMAT) for text in found.groups())
    except ValueError:
        return None
    return first.replace(tzinfo=datetime.UTC), last.replace(tzinfo=datetime.UTC)


def is_timestamp_filename(filename: str) -> bool:
    """Whether ``parse_filename`` understands it."""
    return parse_filename(filename) is not None
