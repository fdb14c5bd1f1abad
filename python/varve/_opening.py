"""The way into a lake."""

import os
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, overload

from varve import _varve
from varve._lake import Lake, Output
from varve._options import check_choice
from varve._table import Table
from varve._times import Naive

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow


class OpenOptions(TypedDict, total=False):
    """What ``open`` takes besides the path and the output."""

    create: bool
    read_only: bool
    lock_timeout_seconds: float
    publish_delay_seconds: float
    threads: int
    naive: Naive


@overload
def open(
    path: str | os.PathLike[str], *, output: Literal["table"] = "table", **options: Unpack[OpenOptions]
) -> Lake[Table]: ...
@overload
def open(
    path: str | os.PathLike[str], *, output: Literal["polars"], **options: Unpack[OpenOptions]
) -> "Lake[polars.DataFrame]": ...
@overload
def open(
    path: str | os.PathLike[str], *, output: Literal["pandas"], **options: Unpack[OpenOptions]
) -> "Lake[pandas.DataFrame]": ...
@overload
def open(
    path: str | os.PathLike[str], *, output: Literal["arrow"], **options: Unpack[OpenOptions]
) -> "Lake[pyarrow.Table]": ...
def open(
    path: str | os.PathLike[str],
    *,
    create: bool = True,
    read_only: bool = False,
    lock_timeout_seconds: float = 30.0,
    publish_delay_seconds: float = 0.15,
    threads: int = 0,
    output: Output = "table",
    naive: Naive = "error",
) -> Lake[Any]:
    """Opens the lake at ``path``, and makes it first where there is none (unless ``create`` is False).

    What a crash left behind is mended on the way. ``lock_timeout_seconds`` is how long a write waits for another
    writer of its key, ``publish_delay_seconds`` how long small commits may take to show in the visible tree (0: each
    call that writes waits for that); ``threads`` are 4,096 at most, 0 means one a processor. ``output`` is what reads
    give: a ``varve.Table``, or what its ``to_polars``, ``to_pandas``, ``to_arrow`` make of it (streams give tables).
    ``naive="utc"`` takes times without a zone as UTC instead of raising.

    Raises DataNotFoundError, InvalidArgumentError (the path is a file, or an option is bad), DataCorruptionError,
    StorageIoError.
    """
    check_choice("output", output, Output)
    check_choice("naive", naive, Naive)
    native = _varve.open_lake(
        os.fspath(path),
        create=create,
        read_only=read_only,
        lock_timeout_seconds=lock_timeout_seconds,
        publish_delay_seconds=publish_delay_seconds,
        threads=threads,
    )
    return Lake(native, output, naive)
