"""The parts of the store's contract that stand beside the store itself."""

import copy
import dataclasses
import inspect
import pickle
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

import varve
from parquet_store.frames import rows
from varve.parquet_store import (
    ConcurrentWriteError,
    DataCorruptionError,
    DataNotFoundError,
    ParquetStore,
    ParquetStoreConfig,
    PathTraversalError,
    SchemaCompatibilityError,
    StorageError,
    TimeSeriesStore,
    create_parquet_store_from_env,
    generate_filename,
    is_timestamp_filename,
    key_builder,
    load_parquet_config_from_env,
    parse_filename,
)


def test_the_configuration_has_its_defaults_and_cannot_change() -> None:
    config = ParquetStoreConfig()
    assert dataclasses.asdict(config) == {
        "target_rows_per_file": 150_000,
        "compression": "zstd",
        "compression_level": 3,
        "lock_timeout_seconds": 30,
        "layout": "range",
    }
    assert ParquetStoreConfig.compression == "zstd"
    assert dataclasses.replace(config, compression="lzo") == ParquetStoreConfig(compression="lzo")
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.compression = "lz4"  # type: ignore[misc]


@pytest.mark.parametrize(
    "error",
    [DataNotFoundError, DataCorruptionError, ConcurrentWriteError, PathTraversalError, SchemaCompatibilityError],
)
def test_every_error_is_a_storage_error(error: type[Exception]) -> None:
    assert issubclass(error, StorageError) and issubclass(StorageError, Exception)


def test_a_store_is_a_time_series_store(store: ParquetStore) -> None:
    assert isinstance(store, TimeSeriesStore)
    assert not isinstance(object(), TimeSeriesStore)
    for name in ("write", "read_latest", "exists", "delete", "list_keys", "get_date_range"):
        expected, found = (inspect.signature(getattr(one, name)) for one in (TimeSeriesStore, ParquetStore))
        assert list(expected.parameters) == list(found.parameters)


def test_the_root_is_resolved_and_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = ParquetStore("./x/../deep/data")
    assert store.data_root == tmp_path.resolve() / "deep" / "data" and store.data_root.is_dir()
    assert ParquetStore(tmp_path).config == ParquetStoreConfig()


def test_keys_are_built_from_their_parts() -> None:
    assert key_builder.bars("EUR_USD", "1m") == "EUR_USD/bars/1m"
    assert key_builder.features("EUR_USD", "momentum") == "EUR_USD/features/momentum"
    assert key_builder.indicators("EUR_USD", "rsi", "14") == "EUR_USD/indicators/rsi/14"
    assert key_builder.fundamentals("AAPL") == "AAPL/fundamentals"
    assert key_builder.quotes("AAPL") == "AAPL/quotes"
    assert key_builder.corp_actions("AAPL") == "AAPL/corp_actions"


def test_file_names_go_both_ways() -> None:
    first, last = datetime(2024, 1, 1, 10, 0, 0, 5), datetime(2024, 1, 1, 23, 59, 59, tzinfo=UTC)
    name = generate_filename(first, last)
    assert name == "20240101T100000-20240101T235959.parquet"
    parsed = parse_filename(f"/data/forex/{name}")
    assert parsed == (datetime(2024, 1, 1, 10, tzinfo=UTC), last)
    assert parsed is not None and all(time.tzinfo is UTC for time in parsed)
    assert is_timestamp_filename(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "data.parquet",
        "20240101T100000.parquet",
        "20240101T100000-20240101T235959.csv",
        "20240101T100000-20240101T235959.parquet.tmp",
        "20241301T100000-20240101T235959.parquet",
        "20240101T100000-20240230T000000.parquet",
        "x20240101T100000-20240101T235959.parquet",
        "20240101T100000-20240101T235959.parquet\n",
        "2024010\u0661T100000-20240101T235959.parquet",
    ],
)
def test_other_names_are_not_parsed(name: str) -> None:
    assert parse_filename(name) is None and not is_timestamp_filename(name)


def test_the_environment_configures() -> None:
    env = {
        "LIQ_STORAGE_TARGET_ROWS": "10",
        "LIQ_STORAGE_COMPRESSION": "lz4",
        "LIQ_STORAGE_COMPRESSION_LEVEL": "7",
        "LIQ_STORAGE_LOCK_TIMEOUT": "5",
    }
    assert load_parquet_config_from_env(env) == ParquetStoreConfig(10, "lz4", 7, 5)
    assert load_parquet_config_from_env({"OTHER": "1"}) == ParquetStoreConfig()


@pytest.mark.parametrize("name", ["TARGET_ROWS", "COMPRESSION_LEVEL", "LOCK_TIMEOUT"])
def test_a_bad_number_in_the_environment_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"LIQ_STORAGE_{name}"):
        load_parquet_config_from_env({f"LIQ_STORAGE_{name}": "many"})


@pytest.mark.parametrize("nothing", [None, {}])
def test_no_mapping_means_the_environment_of_the_process(
    nothing: dict[str, str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIQ_STORAGE_TARGET_ROWS", "11")
    monkeypatch.setenv("DATA_ROOT", str(tmp_path / "from_env"))
    assert load_parquet_config_from_env(nothing).target_rows_per_file == 11
    store = create_parquet_store_from_env(nothing)
    assert store.data_root == tmp_path / "from_env" and store.config.target_rows_per_file == 11


def test_the_root_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert create_parquet_store_from_env({"OTHER": "1"}).data_root == tmp_path / "data"
    assert create_parquet_store_from_env({"DATA_ROOT": "~/lake"}).data_root == tmp_path / "home" / "lake"


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_root_is_an_error(blank: str) -> None:
    with pytest.raises(ValueError, match="DATA_ROOT must be set"):
        create_parquet_store_from_env({"DATA_ROOT": blank})


def test_a_store_goes_through_pickle_and_copy(store: ParquetStore) -> None:
    store.config = ParquetStoreConfig(target_rows_per_file=7)
    store.write("k", rows([0]))
    for other in (pickle.loads(pickle.dumps(store)), copy.copy(store)):
        assert other.config == store.config and other.read("k").equals(rows([0]))


def test_without_polars_the_error_says_what_to_install() -> None:
    program = "import sys; sys.modules['polars'] = None; import varve; import varve.parquet_store"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "ImportError: varve.parquet_store needs polars: pip install polars" in run.stderr


def test_a_key_is_a_series_of_the_lake(store: ParquetStore) -> None:
    store.write("forex/EUR", rows([0]))
    store.write("forex/EUR", rows([0], close=[7.0]))
    with varve.open(store.data_root) as lake:
        assert lake.read("forex/EUR", as_of=1).to_polars().equals(rows([0]))
        assert lake.verify().clean
