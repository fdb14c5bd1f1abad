"""Tests of varve.storage_manager."""
