"""ArcticDB on LMDB, driven by bench/store_bench.py: arcticdb_peer.py FOLDER, in an environment that has it.

Takes a JSON list [verb, key, arguments...] a line and answers with a list of the seconds that the call took and, if it
read, the number of rows. Tables come as Arrow
files, and are made pandas frames, ArcticDB's own form, before the clock starts.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import arcticdb
import pandas as pd
import pyarrow as pa


def load(path: str) -> pd.DataFrame:
    with pa.memory_map(path) as source:
        return pa.ipc.open_file(source).read_all().to_pandas().set_index("timestamp")


def sync(path: Path) -> None:
    file = os.open(path, os.O_RDWR)
    os.fsync(file)
    os.close(file)


def main(folder: str) -> None:
    library = arcticdb.Arctic(f"lmdb://{folder}?map_size=8GB").get_library("bench", create_if_missing=True)

    def prepare(verb: str, key: str, arguments: list[str]) -> Callable[[], Any]:
        if verb in ("write", "append", "update"):
            frame = load(arguments[0])
            return lambda: getattr(library, verb)(key, frame)
        if verb == "write_and_sync":
            frame = load(arguments[0])

            def write_and_sync() -> None:
                library.write(key, frame)
                for path in Path(folder).rglob("*"):
                    if path.is_file():
                        sync(path)

            return write_and_sync
        if verb == "read":
            span = (pd.Timestamp(arguments[0]), pd.Timestamp(arguments[1]))
            return lambda: library.read(key, date_range=span).data
        return lambda: library.tail(key, int(arguments[0])).data

    for line in sys.stdin:
        verb, key, *arguments = json.loads(line)
        work = prepare(verb, key, arguments)
        started = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - started
        print(json.dumps([seconds, len(result) if isinstance(result, pd.DataFrame) else None]), flush=True)
        del result


if __name__ == "__main__":
    main(sys.argv[1])
