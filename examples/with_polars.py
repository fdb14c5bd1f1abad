"""A lake for users of Polars: frames in, frames or lazy frames out, filters that reach the files."""

from datetime import UTC, datetime, timedelta

import polars as pl

import varve

minutes = pl.datetime_range(
    datetime(2024, 3, 4), datetime(2024, 3, 8), "1m", closed="left", time_unit="ns", time_zone="UTC", eager=True
)
steps = pl.int_range(len(minutes), eager=True)
bars = pl.DataFrame(
    {"timestamp": minutes, "open": 1.0, "high": 2.0, "low": 0.5, "close": 1 + steps / 1e5, "volume": steps}
)

lake = varve.open("data", output="polars")  # reads give Polars frames
lake.upsert("forex/EUR_USD", bars)
assert lake.read("forex/EUR_USD").equals(bars)

# A plan: only these two columns are read, and of the files only what can hold such rows.
day = datetime(2024, 3, 5, tzinfo=UTC)
hourly = (
    lake.scan("forex/EUR_USD")
    .filter(pl.col("timestamp").is_between(day, day + timedelta(days=1), closed="left"), pl.col("volume") > 2_000)
    .group_by_dynamic("timestamp", every="1h")
    .agg(pl.col("volume").sum())
    .collect()
)
print(hourly)

# More rows than memory holds: table by table, and back in the same way.
lake.write("copy", (part.to_polars() for part in lake.read_batches("forex/EUR_USD", batch_rows=1_000)))
assert lake.read("copy").equals(bars) and hourly["volume"].sum() == sum(range(2_001, 2_880))
