"""The code of the store's document and of its guide runs as it stands, and the document's own class reads the store."""

import re
import sys
import types
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal

from storage_manager.frames import bars, features, query
from varve.storage_manager import StorageManager

GUIDE = Path(__file__).parents[3] / "docs/guides/storage_manager.md"
INSTRUMENTS = ("EUR_USD", "GBP_USD")


class SamplePandas:
    """pandas, whose frame of ``{...}``, which the document has where data stand, is a sample."""

    def __init__(self, *samples: pd.DataFrame) -> None:
        self._samples = list(samples)

    def __getattr__(self, name: str) -> Any:
        return getattr(pd, name)

    def DataFrame(self, *given: Any, **named: Any) -> pd.DataFrame:  # noqa: N802
        return self._samples.pop(0) if given == ({...},) else pd.DataFrame(*given, **named)


class Downloader:
    api_calls_made = 2

    def __init__(self, api_key: str, account_id: str) -> None: ...

    def fetch_historical(self, instrument: str, start: datetime, end: datetime) -> pd.DataFrame:
        return bars("2022-03-01", 24 * 40)


def code_blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)


def run(block: str, names: dict[str, Any]) -> None:
    exec(compile(block, "block", "exec"), names)


@pytest.fixture
def document(shared_reference: Path) -> list[str]:
    """Its blocks, with the import changed."""
    blocks = code_blocks(shared_reference / "2-storage-manager.md")
    assert len(blocks) == 7
    return [block.replace("from storage import", "from varve.storage_manager import") for block in blocks]


@pytest.fixture
def names(document: list[str]) -> dict[str, Any]:
    """What its schemas and its class define."""
    found: dict[str, Any] = {}
    for block in document[:4]:
        run(block, found)
    return found


def test_every_code_block_of_the_document_runs(
    document: list[str],
    names: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    names["pd"] = SamplePandas(bars("2022-01-03"), features("2022-01-03"))
    run(document[4], names)
    assert type(names["storage"]) is StorageManager
    assert names["file_path"] == "data/raw/ohlcv/EUR_USD/year=2022/month=01/eur_usd_202201.parquet"
    assert len(names["train_data"]) == 48
    assert len(names["integrity_results"]) == 2 and all(names["integrity_results"].values())

    oanda = types.SimpleNamespace(OANDADownloader=Downloader)
    monkeypatch.setitem(sys.modules, "oanda_downloader", oanda)  # type: ignore[arg-type]
    names |= {"instruments": INSTRUMENTS, "start": None, "end": None}
    run(document[5], names)
    logged = query(names["storage"], "SELECT instrument, records_fetched, api_calls_used, status FROM fetch_runs")
    assert logged == [(instrument, 960, 2, "success") for instrument in INSTRUMENTS]

    Path("csv").mkdir()
    bars("2023-01-30", 48).to_csv("csv/usd_jpy.csv", index=False)
    run(document[6], names)
    names["migrate_csv_to_parquet"](Path("csv"), names["storage"])
    assert capsys.readouterr().out == "Migrated USD_JPY: 48 records\n"
    assert len(names["storage"].load_data_by_date_range("ohlcv", datetime(2023, 1, 1), datetime(2024, 1, 1))) == 48


def test_the_files_have_the_schemas_of_the_document(names: dict[str, Any], storage: StorageManager) -> None:
    storage.save_ohlcv_data(bars(), "EUR_USD")
    for data_type in ("features", "latents"):
        schema = names[f"{data_type}_schema"]
        columns = [name for name in schema.names if name not in ("timestamp", "year", "month")]
        values = {name: range(48) for name in columns}
        storage.save_features(pd.DataFrame({"timestamp": bars()["timestamp"], **values}), data_type)
    for data_type, path in query(storage, "SELECT data_type, file_path FROM data_files"):
        found = pq.ParquetFile(storage.data_root / path).schema_arrow.remove_metadata()
        assert found == names[f"{data_type}_schema"]


def test_the_class_of_the_document_reads_and_verifies_the_store(names: dict[str, Any], storage: StorageManager) -> None:
    for instrument in INSTRUMENTS:
        storage.save_ohlcv_data(bars("2021-12-20", 24 * 60), instrument)
    storage.save_features(features("2021-12-20", 24 * 60))
    theirs = names["StorageManager"](storage.data_root)
    start, end = pd.Timestamp("2021-12-24 05:00", tz="UTC"), pd.Timestamp("2022-02-01", tz="UTC")
    for query_ in (("ohlcv", start, end, "EUR_USD"), ("features", start, end), ("features", start, end, "ALL")):
        found = storage.load_data_by_date_range(*query_)
        assert len(found) == 24 * 39 - 4
        assert_frame_equal(found, theirs.load_data_by_date_range(*query_).reset_index(drop=True))
    assert theirs.verify_data_integrity() == storage.verify_data_integrity()


def test_every_code_block_of_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found: dict[str, Any] = {}
    blocks = code_blocks(GUIDE)
    assert blocks
    for block in blocks:
        run(block, found)
