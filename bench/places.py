"""Where a benchmark writes: a disk, or memory, on which nothing has to be brought to a disk."""

import os
from pathlib import Path

IN_MEMORY = ("tmpfs", "ramfs")


def file_system_of(folder: Path, mounts: str | None = None) -> str:
    """The type of the file system that holds the folder, such as "ext4". `mounts` is as /proc/self/mounts has it."""
    text = Path("/proc/self/mounts").read_text() if mounts is None else mounts
    whole = os.path.realpath(folder)
    best = ("", "unknown")
    for line in text.splitlines():
        _, mounted, kind, *_ = line.split(" ")
        place = mounted.replace("\\040", " ").rstrip("/")
        if len(place) >= len(best[0]) and (whole == place or whole.startswith(f"{place}/")):
            best = (place, kind)
    return best[1]
