"""Reads directories as somebody does who never heard of Varve: glob_reader.py (duckdb | polars) ROOT KEY...

Says "seen KEY ROWS DIGEST" where a directory has changed, "wrong ..." for rows out of order and files that cannot be
read, and "read" after each round. A file that went between listing and opening means to list again.
"""

import sys
from collections.abc import Callable
from pathlib import Path

NANOSECONDS_PER_HOUR = 3600 * 1_000_000_000
Rows = list[tuple[int, int]]


def duckdb_reader() -> Callable[[list[str]], Rows]:
    import duckdb

    connection = duckdb.connect(config={"threads": 1})
    query = "SELECT epoch_ns(timestamp), value FROM read_parquet($files)"
    return lambda files: connection.execute(query, {"files": files}).fetchall()


def polars_reader() -> Callable[[list[str]], Rows]:
    import polars

    def read(files: list[str]) -> Rows:
        return polars.read_parquet(files).select(polars.col("timestamp").cast(polars.Int64), "value").rows()

    return read


def digest(rows: Rows) -> int:
    total = 0
    for time, value in sorted(rows):
        total = (total * 1_000_003 + time // NANOSECONDS_PER_HOUR * 7919 + value) % (2**31 - 1)
    return total


def read_key(read: Callable[[list[str]], Rows], folder: Path) -> Rows:
    while True:
        files = sorted(str(file) for file in folder.glob("*.parquet"))
        try:
            return read(files) if files else []
        except Exception as error:
            if all(Path(file).exists() for file in files):
                print(f"wrong {folder.name}: {error}", flush=True)
                return []


def main(engine: str, root: str, *keys: str) -> None:
    read = {"duckdb": duckdb_reader, "polars": polars_reader}[engine]()
    seen: dict[str, tuple[int, int]] = {}
    while True:
        for key in keys:
            rows = read_key(read, Path(root) / key)
            times = [time for time, _ in rows]
            if times != sorted(times):
                print(f"wrong {key}: rows are out of order", flush=True)
            now = len(rows), digest(rows)
            if seen.get(key) != now:
                print("seen", key, *now, flush=True)
            seen[key] = now
        print("read", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
