"""A lake for users of pandas: the index of times is the index of the series."""

import pandas as pd

import varve

minutes = pd.date_range("2024-03-04", "2024-03-08", freq="min", inclusive="left", tz="UTC").as_unit("ns")
bars = pd.DataFrame({"open": 1.0, "high": 2.0, "low": 0.5, "close": 1.5, "volume": range(len(minutes))}, index=minutes)

lake = varve.open("data")
lake.upsert("forex/EUR_USD", bars)  # an index without a name becomes the column timestamp

day = lake.read("forex/EUR_USD", "2024-03-05", "2024-03-05").to_pandas(index="timestamp")
print(day.resample("1h")["volume"].sum())

# Whole days, rows by condition, a few columns: what is not asked for is not read.
busy = lake.read("forex/EUR_USD", "2024-03-06", columns=["volume"], where="volume > 5000")
assert len(day) == 1_440 and busy["volume"].min() == 5_001
pd.testing.assert_frame_equal(day, bars.loc["2024-03-05"].rename_axis("timestamp"), check_freq=False)
