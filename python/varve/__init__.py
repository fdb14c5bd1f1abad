"""Varve: an embedded market-data lake. Bars, ticks, quotes and features as open Parquet files, changed atomically.

>>> lake = varve.open("data")
>>> lake.upsert("forex/EUR_USD", bars)
>>> lake.read("forex/EUR_USD", start="2024-03-05", end="2024-03-06", columns=["timestamp", "close"])
"""

from varve._adoption import AdoptedSeries, AdoptReport
from varve._coverage import Coverage, CoverageChange, TimeRange
from varve._history import Diff, RetentionPolicy, SnapshotInfo, VacuumReport, VersionInfo
from varve._lake import Lake, SchemaVersion, SeriesInfo
from varve._maintenance import (
    Amount,
    BackupReport,
    DoctorReport,
    Finding,
    LakeStats,
    RebuildReport,
    RepairReport,
    RepairStep,
    Symptom,
    VerifyReport,
    rebuild_catalog,
    restore_lake,
)
from varve._opening import open
from varve._parquet import ParquetFile, ParquetWriter, read_parquet, write_parquet
from varve._predicates import Column, Condition, Predicate, col
from varve._progress import Progress
from varve._registry import DataFile, FetchRun, ModelArtifact, ProcessingRun, Registry
from varve._stream import Stream
from varve._table import Table
from varve._transaction import Commit, Transaction
from varve._writing import Source
from varve.errors import (
    AlreadyExistsError,
    CancelledError,
    ConcurrentWriteError,
    DataCorruptionError,
    DataNotFoundError,
    DeadlineError,
    ForkedHandleError,
    InvalidArgumentError,
    NotSupportedError,
    OutcomeUnknownError,
    PathTraversalError,
    ReadOnlyError,
    SchemaCompatibilityError,
    StorageError,
    StorageIoError,
    UnavailableError,
)

__version__ = "0.1.0"

__all__ = [
    "AdoptReport",
    "AdoptedSeries",
    "AlreadyExistsError",
    "Amount",
    "BackupReport",
    "CancelledError",
    "Column",
    "Commit",
    "ConcurrentWriteError",
    "Condition",
    "Coverage",
    "CoverageChange",
    "DataCorruptionError",
    "DataFile",
    "DataNotFoundError",
    "DeadlineError",
    "Diff",
    "DoctorReport",
    "FetchRun",
    "Finding",
    "ForkedHandleError",
    "InvalidArgumentError",
    "Lake",
    "LakeStats",
    "ModelArtifact",
    "NotSupportedError",
    "OutcomeUnknownError",
    "ParquetFile",
    "ParquetWriter",
    "PathTraversalError",
    "Predicate",
    "ProcessingRun",
    "Progress",
    "ReadOnlyError",
    "RebuildReport",
    "Registry",
    "RepairReport",
    "RepairStep",
    "RetentionPolicy",
    "SchemaCompatibilityError",
    "SchemaVersion",
    "SeriesInfo",
    "SnapshotInfo",
    "Source",
    "StorageError",
    "StorageIoError",
    "Stream",
    "Symptom",
    "Table",
    "TimeRange",
    "Transaction",
    "UnavailableError",
    "VacuumReport",
    "VerifyReport",
    "VersionInfo",
    "col",
    "open",
    "read_parquet",
    "rebuild_catalog",
    "restore_lake",
    "write_parquet",
]
