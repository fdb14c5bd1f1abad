"""Files adopted, and prices kept as decimals, on the command line."""

from program import BARS, Varve


def put(varve: Varve, path: str) -> None:
    (varve.lake / path).parent.mkdir(parents=True, exist_ok=True)
    varve("export", "fx/EUR", "--out", varve.lake / path)


def test_a_folder_becomes_a_series(filled: Varve) -> None:
    put(filled, "raw/GBP/bars.parquet")
    before = (filled.lake / "raw/GBP/bars.parquet").read_bytes()
    assert filled("adopt", "raw/GBP", "--dry-run", "-o", "json").json()[0]["rows"] == 3
    filled("info", "raw/GBP", status=3)
    assert "1 series adopted" in filled("adopt", "raw/GBP", "--identity", "timestamp").err
    assert filled("read", "raw/GBP").out == filled("read", "fx/EUR").out
    assert (filled.lake / "raw/GBP/bars.parquet").read_bytes() == before
    assert "hint" not in filled("adopt", "raw/GBP", status=4).err
    filled("verify")


def test_a_template_finds_keys(filled: Varve) -> None:
    for name in ("AAPL", "MSFT"):
        put(filled, f"raw/{name}/2024/01/data.parquet")
    template = "raw/{symbol}/{yyyy}/{mm}/data.parquet"
    assert "2 series adopted" in filled("adopt", "--layout", template).err
    assert filled("ls", "-o", "json").json()[0]["key"] == "AAPL"
    assert "a series already" in filled("adopt", "--layout", template).err
    assert "template" in filled("adopt", status=2).err


def test_loose_files_are_rewritten(filled: Varve) -> None:
    put(filled, "loose/sub/b.parquet")
    filled("adopt", "loose", status=2)
    dry = filled("adopt", "loose", "--rewrite", "--layout", "month", "--dry-run", "-o", "json").json()
    assert dry[0]["rows"] == 3
    told = filled("adopt", "loose", "--rewrite", "--layout", "month", "--prices", "decimal").err
    assert "the files that loose had are in .varve/originals/" in told
    assert filled("read", "loose").out == filled("read", "fx/EUR").out
    assert filled("info", "loose", "-o", "json").json()["prices"] == "decimal"
    assert not (filled.lake / "loose/sub").exists()
    filled("verify")


def test_keys_that_cannot_be_rewritten_are_told(filled: Varve) -> None:
    put(filled, "raw/AAPL/data.parquet")
    (filled.lake / "raw/MSFT").mkdir()
    (filled.lake / "raw/MSFT/data.parquet").write_text("no Parquet")
    told = filled("adopt", "--layout", "raw/{symbol}/data.parquet", "--rewrite", status=20).err
    assert "MSFT: " in told
    assert "1 series adopted" in told


def test_prices_are_kept_as_decimals(varve: Varve) -> None:
    varve("write", "k", "-", "--prices", "decimal", stdin=BARS)
    assert varve("read", "k").out == BARS
    info = varve("info", "k", "-o", "json").json()
    assert (info["prices"], info["price_scales"]["close"]) == ("decimal", 2)
    row = varve("head", "k", "-n", "1", "--prices", "decimal", "-o", "json").json()[0]
    assert row["close"] == "1.25"
    bad = BARS.replace("1.25,10", "0.30000000000000004,10")
    assert "row 0 is 0.30000000000000004" in varve("write", "k", "-", stdin=bad, status=6).err
    varve("write", "x", "-", "--prices", "decimal", "--price-columns", "close,volume", stdin=BARS)
    varve("write", "y", "-", "--price-columns", "close", stdin=BARS, status=2)
