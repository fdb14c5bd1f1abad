"""A lake for users of PyArrow: tables and record batches go in and out over the same memory."""

import pyarrow as pa

import varve

first = 1_709_596_800_000_000_000  # 2024-03-05T00:00Z
trades = pa.table(
    {
        "timestamp": pa.array([first + 1_000_000 * step for step in range(10_000)], pa.timestamp("ns", "UTC")),
        "price": [100 + step % 7 / 100 for step in range(10_000)],
        "size": pa.array(range(10_000), pa.int64()),
    }
)

lake = varve.open("data")
lake.append("trades/BTC_USD", trades)
lake.append("trades/ETH_USD", iter(trades.to_batches(max_chunksize=1_000)))  # one commit, whatever the pieces

table = pa.table(lake.read("trades/BTC_USD", where="size >= 9990"))
print(table)

# A reader of record batches holds one of them in memory.
reader = pa.RecordBatchReader.from_stream(lake.replay(["trades/BTC_USD", "trades/ETH_USD"], batch_rows=4_096))
total = sum(batch["size"].to_numpy().sum() for batch in reader)
assert table.num_rows == 10 and total == 2 * sum(range(10_000))
