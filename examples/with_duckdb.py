"""A lake for users of DuckDB: relations go in, tables and files are queried where they are."""

import duckdb

import varve

rows = """
    select timestamptz '2024-03-04 00:00:00Z' + to_minutes(step::int) as timestamp,
           1.0 as open, 2.0 as high, 0.5 as low, 1.5 as close, step as volume
    from range(5760) steps(step)
"""
lake = varve.open("data")
lake.upsert("forex/EUR_USD", duckdb.sql(rows))

# What a read gave is a table to DuckDB under the name of its variable.
day = lake.read("forex/EUR_USD", "2024-03-05", "2024-03-05")
busiest = duckdb.execute("select max(volume) from day").fetchall()
print(busiest)

# Or DuckDB reads the files of one version, which stay as they are.
files = lake.files("forex/EUR_USD", lake.info("forex/EUR_USD").version)
bars = duckdb.read_parquet(files, union_by_name=True)
assert bars.aggregate("count(*), max(volume)").fetchall() == [(5_760, 5_759)] and busiest == [(2_879,)]
