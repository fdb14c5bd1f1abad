"""The Python lines of the README."""

from datetime import UTC, datetime

import varve

bars = {  # a dict of columns, or anything with __arrow_c_stream__: Polars, PyArrow, pandas, DuckDB
    "timestamp": [datetime(2024, 3, 5, hour, tzinfo=UTC) for hour in range(24)],
    "open": [1.0850] * 24,
    "high": [1.0862] * 24,
    "low": [1.0841] * 24,
    "close": [1.0853] * 24,
}
lake = varve.open("data")
lake.upsert("forex/EUR_USD", bars)
morning = lake.read("forex/EUR_USD", "2024-03-05", "2024-03-05T11:59:59Z", columns=["timestamp", "close"])
print(morning)  # morning.to_polars(), .to_pandas(), .to_arrow(), morning["close"] for NumPy
