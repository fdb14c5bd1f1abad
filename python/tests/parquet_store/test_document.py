"""The code of the store's document and of its guide runs as it stands."""

import re
from pathlib import Path
from typing import Any

import pytest

GUIDE = Path(__file__).parents[3] / "docs/guides/parquet_store.md"


def code_blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)


def run_in_order(blocks: list[str], **names: Any) -> dict[str, Any]:
    """Runs blocks one after the other, as a reader of the page would."""
    for number, block in enumerate(blocks):
        exec(compile(block, f"block {number}", "exec"), names)
    return names


def test_every_code_block_of_the_document_runs(
    shared_reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = code_blocks(shared_reference / "1-parquet-store.md")
    batches: list[Any] = []
    names = run_in_order(
        [re.sub(r"from liq\.store import", "from varve.parquet_store import", block) for block in blocks],
        process=batches.append,
    )
    assert len(blocks) == 7
    assert [batch.height for batch in batches] == [4]
    shown = capsys.readouterr().out
    assert "shape: (3, 7)" in shown and "Data from 2024-01-01 to 2024-01-01" in shown
    assert "['forex/EUR_USD']" in shown and "Storage error" not in shown
    assert names["store"].read("forex/EUR_USD").equals(names["df"])


def test_every_code_block_of_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = code_blocks(GUIDE)
    assert blocks
    run_in_order(blocks)
