"""The series of the store: their keys, where their files lie, what the registry says of them."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

import varve
from varve._shared_series import find_series, to_compression
from varve.errors import InvalidArgumentError

FrameLake = varve.Lake[pd.DataFrame]
"""A lake whose reads give pandas frames."""

INDEX = "timestamp"
BARS = "ohlcv"
FEATURES = ("features", "normalized", "latents")
ALL_INSTRUMENTS = "ALL"
"""What the registry has as the instrument of features."""

BARS_PREFIX = "raw/ohlcv"
FEATURES_PREFIX = "processed"
SPLITS_PREFIX = "splits"
REGISTRY_FILE = "raw/metadata/data_registry.db"
CACHE = "cache"
DIRECTORIES = (
    BARS_PREFIX,
    "raw/metadata",
    *(f"{FEATURES_PREFIX}/{data_type}" for data_type in FEATURES),
    f"{SPLITS_PREFIX}/train",
    f"{SPLITS_PREFIX}/validation",
    CACHE,
)

_MONTH = "year={yyyy}/month={mm}"
_BARS_LAYOUT = "raw/ohlcv/{instrument}:raw/ohlcv/{instrument}/" + _MONTH + "/{instrument_lower}_{yyyymm}.parquet"
_SPLIT_LAYOUT = "splits/{split}/{instrument}:splits/{split}/{instrument}.parquet"
_WINDOW_LAYOUT = "splits/{split}/{window}/{instrument}:splits/{split}/window={window}/{instrument}.parquet"


@dataclass(frozen=True, slots=True)
class Series:
    """What is fixed when a series is made."""

    key: str
    layout: str
    kind: str
    data_type: str
    instrument: str
    identity: tuple[str, ...] | None = None
    """Columns that a row's timestamp is unique with; None: those that the kind knows."""

    def options(self, compression: str | None) -> dict[str, Any]:
        """Of the write that makes it. Raises InvalidArgumentError for a compression that there is not."""
        return {
            "index": INDEX,
            "kind": self.kind,
            "identity": None if self.identity is None else [INDEX, *self.identity],
            "layout": self.layout,
            "compression": to_compression("uncompressed" if compression is None else compression),
            "metadata": {"instrument": self.instrument, "data_type": self.data_type},
        }


def bars_of(instrument: str) -> Series:
    """Raises InvalidArgumentError for what names no instrument."""
    name = check_name("instrument", instrument)
    return Series(f"{BARS_PREFIX}/{name}", _BARS_LAYOUT, BARS, BARS, name)


def features_of(data_type: str, identity: tuple[str, ...] = ()) -> Series:
    """Raises InvalidArgumentError for what is no type of features."""
    if data_type not in FEATURES:
        raise InvalidArgumentError(f"data_type {data_type!r}: expected one of {', '.join(FEATURES)}")
    key = f"{FEATURES_PREFIX}/{data_type}"
    layout = f"{key}:{key}/{_MONTH}/{data_type}_{{yyyymm}}.parquet"
    kind = "latents" if data_type == "latents" else "features"
    return Series(key, layout, kind, data_type, ALL_INSTRUMENTS, identity)


def split_of(split: str, name: str, window: str | None = None) -> Series:
    """``split`` is ``"train"`` or ``"validation"``, ``window`` that of a walk forward."""
    folder = f"{SPLITS_PREFIX}/{split}" if window is None else f"{SPLITS_PREFIX}/{split}/{window}"
    layout = _SPLIT_LAYOUT if window is None else _WINDOW_LAYOUT
    return Series(f"{folder}/{check_name('instrument', name)}", layout, "generic", split, name)


def check_name(what: str, name: object) -> str:
    """A name that is one directory. Raises InvalidArgumentError for others."""
    if not isinstance(name, str) or name in ("", ".", "..") or "/" in name or not name.isprintable():
        raise InvalidArgumentError(f"{what} {name!r}: expected a name without slashes, such as EUR_USD")
    return name


def series_of_bars(lake: FrameLake, instrument: str | None = None) -> list[varve.SeriesInfo]:
    """Those that are stored, of one instrument or of all, by key. Series of other doors of the lake that lie deeper or
    have no timestamps are none of them."""
    found = lake.info_all(BARS_PREFIX) if instrument is None else [find_series(lake, bars_of(instrument).key)]
    depth = BARS_PREFIX.count("/") + 1
    return [info for info in found if info is not None and info.index == INDEX and info.key.count("/") == depth]


def check_data_type(data_type: object) -> None:
    """Raises InvalidArgumentError for what is neither bars nor features."""
    if data_type not in (BARS, *FEATURES):
        raise InvalidArgumentError(f"data_type {data_type!r}: expected one of {', '.join((BARS, *FEATURES))}")
