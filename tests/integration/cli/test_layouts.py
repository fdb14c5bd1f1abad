"""Series lie where their layout says."""

import pytest
from program import Varve

ROWS = """timestamp,close
2023-12-31T12:00:00Z,1
2024-01-01T00:00:00Z,2
2024-01-02T12:00:00Z,3
"""
LATER = "timestamp,close\n2024-01-03T00:00:00Z,4\n"
TEMPLATE = "fx/{pair}:raw/{pair}/year={yyyy}/month={mm}/{pair_lower}_{yyyymm}.parquet"

FILES = {
    "month": [
        "fx/EUR/2023/12/20231231T120000-20231231T120000.parquet",
        "fx/EUR/2024/01/20240101T000000-20240102T120000.parquet",
    ],
    "day": [
        "fx/EUR/2023/12/31/20231231T120000-20231231T120000.parquet",
        "fx/EUR/2024/01/01/20240101T000000-20240101T000000.parquet",
        "fx/EUR/2024/01/02/20240102T120000-20240102T120000.parquet",
    ],
    TEMPLATE: ["raw/EUR/year=2023/month=12/eur_202312.parquet", "raw/EUR/year=2024/month=01/eur_202401.parquet"],
}


def files(varve: Varve, lake: str = "lake") -> list[str]:
    root = varve.folder / lake
    return sorted(str(path.relative_to(root)) for path in root.glob("**/*.parquet"))


@pytest.mark.parametrize("layout", FILES)
@pytest.mark.parametrize("verb", ["write", "append", "upsert"])
def test_the_first_write_fixes_the_layout(varve: Varve, verb: str, layout: str) -> None:
    identity = ("--identity", "timestamp")
    varve(verb, "fx/EUR", "-", "--layout", layout, *identity, stdin=ROWS)
    assert files(varve) == FILES[layout]
    assert varve("info", "fx/EUR", "-o", "json").json()["layout"] == layout
    varve("upsert", "fx/EUR", "-", stdin=LATER)
    assert [row["close"] for row in varve.rows("fx/EUR")] == [1, 2, 3, 4]
    varve("verify")
    assert "layout" in varve("upsert", "fx/EUR", "-", "--layout", "range", stdin=LATER, status=2).err


def test_import_takes_a_layout(varve: Varve) -> None:
    path = varve.write_file("EUR.csv", ROWS)
    varve("import", path, "--key", "fx/{stem}", "--layout", TEMPLATE)
    assert files(varve) == FILES[TEMPLATE]


@pytest.mark.parametrize(
    ("layout", "reason"),
    [
        ("week", "range, month, day"),
        ("{pair}/{mm}/x.parquet", "without a year"),
        ("{pair}/{yyyymm}.parquet", "used again"),
        ("../{pair}/x.parquet", "bad path template"),
        ("{a}/{b}/{c}/x.parquet", "does not fit"),
    ],
)
def test_a_bad_layout_is_an_error_and_nothing_is_written(varve: Varve, layout: str, reason: str) -> None:
    assert reason in varve("write", "fx/EUR", "-", "--layout", layout, stdin=ROWS, status=2).err
    assert files(varve) == []
    assert varve("ls").out.count("\n") <= 1
