"""That what tools/teeth wants to break is there to be broken; to break it takes long, and is a proof of its own."""

import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from loading import load

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def teeth() -> ModuleType:
    return load("teeth")


@pytest.fixture(scope="module")
def table() -> dict:
    return tomllib.loads((ROOT / "tools/teeth.toml").read_text())


def test_every_break_finds_its_lines_once(teeth, table):
    for broken in teeth.left_out_syncs() + teeth.swapped_steps(table):
        text = (ROOT / broken.file).read_text()
        assert text.count(broken.old) == 1, f"{broken.name}: {broken.file} has {text.count(broken.old)} of its lines"
        assert broken.new != broken.old


def test_every_sync_is_left_out_by_a_name_of_its_own(teeth):
    names = [broken.name for broken in teeth.left_out_syncs()]
    assert len(names) == len(set(names)) > 20


def test_what_is_called_harmless_is_a_break(teeth, table):
    names = {broken.name for broken in teeth.left_out_syncs() + teeth.swapped_steps(table)}
    assert set(table["harmless"]) <= names
