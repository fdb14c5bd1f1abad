"""Installs a wheel into fresh environments, with each of the optional packages and without any, and uses it there:
installed_wheel.py WHEEL. What its libraries need must lie in it or be part of what every Linux has. Ends with the
number of environments in which it passed and failed.
"""

import io
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile

EXTRAS = [[], ["numpy"], ["polars"], ["pyarrow"], ["pandas", "pyarrow"], ["duckdb"]]

# What a wheel for many Linuxes may leave to the system (PEP 600).
SYSTEM = ("ld-linux", "libc.", "libm.", "libdl.", "libpthread.", "librt.", "libstdc++.", "libgcc_s.", "libz.")

USE = """
import datetime, importlib.util, tempfile

import varve

has = lambda name: importlib.util.find_spec(name) is not None
times = [datetime.datetime(2024, 1, 1, hour, tzinfo=datetime.UTC) for hour in range(24)]
bars = {"timestamp": times, **{name: [1.5] * 24 for name in ("open", "high", "low", "close")}}
with tempfile.TemporaryDirectory() as folder:
    with varve.open(folder) as lake:
        for compression in ("auto", "zstd", "snappy", "lz4", "gzip", "none"):
            lake.write(f"fx/{compression}", bars, compression=compression, published=True)
            assert lake.read(f"fx/{compression}", where="close > 1").num_rows == 24
        next_day = [time + datetime.timedelta(days=1) for time in times]
        assert lake.append("fx/auto", {**bars, "timestamp": next_day}).version == 2
        assert lake.verify().clean
        day = lake.read("fx/auto", "2024-01-02", "2024-01-02")
        assert len(day) == 24
        if has("numpy"):
            assert day["close"].sum() == 36
        if has("polars"):
            assert lake.scan("fx/auto").collect().height == 48
            assert day.to_polars()["close"].sum() == 36
        if has("pyarrow"):
            assert day.to_arrow().num_rows == 24
        if has("pandas") and has("pyarrow"):
            assert day.to_pandas()["close"].sum() == 36
        if has("duckdb"):
            import duckdb
            assert duckdb.sql("SELECT count(*) FROM day").fetchall() == [(24,)]
"""


def missing_libraries(wheel: Path) -> set[str]:
    """What libraries of the wheel need and neither it nor the system has."""
    carried, needed = set(), set()
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if ".so" not in Path(name).name:
                continue
            carried.add(Path(name).name)
            for section in ELFFile(io.BytesIO(archive.read(name))).iter_sections():
                if isinstance(section, DynamicSection):
                    needed |= {tag.needed for tag in section.iter_tags("DT_NEEDED")}
    return {name for name in needed - carried if not name.startswith(SYSTEM)}


def try_wheel(wheel: Path, packages: list[str]) -> str:
    """What is wrong with it there; empty if nothing is."""
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "environment"
        venv.create(environment, with_pip=True)
        python = environment / "bin/python"
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, *packages]
        if (done := subprocess.run(install, capture_output=True, text=True)).returncode != 0:
            return done.stderr
        done = subprocess.run([python, "-c", USE], cwd=folder, capture_output=True, text=True)
        return done.stderr if done.returncode != 0 else ""


def main() -> int:
    wheel = Path(sys.argv[1]).resolve()
    if missing := missing_libraries(wheel):
        print(f"{wheel.name} needs {', '.join(sorted(missing))} and does not carry it\n0 passed, 1 failed, 0 skipped")
        return 1
    failed = 0
    for packages in EXTRAS:
        wrong = try_wheel(wheel, packages)
        failed += bool(wrong)
        print(f"{' and '.join(packages) or 'nothing'} installed beside: {wrong or 'works'}", flush=True)
    print(f"{len(EXTRAS) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
