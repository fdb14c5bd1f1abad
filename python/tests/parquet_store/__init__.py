"""Tests of varve.parquet_store."""
