"""Each rule of tools/tidy lets a clean tree pass and catches what it is there for."""

import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from checks import floors, names, sizes, text  # noqa: E402
from checks.tree import Tree, edges  # noqa: E402

RULES = floors.RULES | sizes.RULES | names.RULES | text.RULES

HEADER = "// Finds the gaps of a series.\n#pragma once\n"
CLEAN = {
    "docs/floors.svg": "<svg><!-- edges: market-table --></svg>\n",
    "src/varve/market/CMakeLists.txt": "varve_module(market\n  SOURCES gaps.cpp\n  DEPENDS table\n)\n",
    "src/varve/market/gaps.h": HEADER
    + '\n#include "varve/table/table.h"\n\nint find_gaps(int a, int b, int c, int d);\n',
    "src/varve/market/gaps.cpp": '#include "varve/market/gaps.h"\n\n#include <vector>\n\n#include <fmt/format.h>\n',
    "src/varve/table/CMakeLists.txt": "varve_module(table SOURCES table.cpp)\n",
    "src/varve/table/table.h": HEADER,
    "src/varve/table/table.cpp": '#include "varve/table/table.h"\n',
    "tests/unit/market/gaps_test.cpp": '#include "varve/market/gaps.h"\n',
    "tests/unit/table/table_test.cpp": '#include "varve/table/table.h"\n',
    "README.md": "# Varve\n\n[the floors](docs/floors.svg)\n\n```sh\n# a comment, no title\n```\n",
}


@pytest.fixture
def tree_with(tmp_path):
    """Makes the clean tree with some files changed or added (text or bytes), or taken away (None)."""

    def make(changes: dict[str, str | bytes | None]) -> Tree:
        files = {name: content for name, content in (CLEAN | changes).items() if content is not None}
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        (tmp_path / "tools").mkdir(exist_ok=True)
        shutil.copy(ROOT / "tools/floors.toml", tmp_path / "tools")
        return Tree(tmp_path, list(files))

    return make


def source(*lines: str) -> str:
    return '#include "varve/market/gaps.h"\n' + "\n".join(lines) + "\n"


def header(*lines: str) -> str:
    return HEADER + "\n".join(lines) + "\n"


GAPS_CPP, GAPS_H, TEST = "src/varve/market/gaps.cpp", "src/varve/market/gaps.h", "tests/unit/market/gaps_test.cpp"
SCRIPT = "#!/usr/bin/env python3\n"

# Rule, the change that breaks it, a part of what the rule is to say.
BROKEN = [
    ("folders", {"src/varve/loose.cpp": ""}, "src/varve/loose.cpp: a file in src belongs"),
    ("folders", {"src/varve/attic/a.cpp": ""}, "attic has no floor"),
    ("folders", {"tests/unit/attic/a_test.cpp": ""}, "no module picks up this test"),
    ("floors", {GAPS_CPP: source('#include "varve/lake/lake.h"')}, "gaps.cpp:2: market (floor 3) may not include lake"),
    ("floors", {GAPS_CPP: source('#include "varve/lake/lake.h"')}, "points up"),
    ("floors", {GAPS_CPP: source('#include "varve/catalog/key.h"')}, "points sideways"),
    ("floors", {TEST: source('#include "varve/store/store.h"')}, "market (floor 3) may not include store (floor 4)"),
    ("floors", {"src/varve/cli/main.cpp": '#include "varve/store/store.h"\n'}, "cli is a door"),
    ("floors", {GAPS_CPP: source('#include "varve/attic/a.h"')}, "tools/floors.toml does not know"),
    ("foreign headers", {GAPS_CPP: source("#include <sqlite3.h>")}, "only catalog may include sqlite3.h"),
    ("foreign headers", {GAPS_CPP: source("#include <openssl/err.h>")}, "only base and net may include"),
    ("foreign headers", {GAPS_CPP: source("#include <curl/curl.h>")}, "curl/curl.h has no folder"),
    ("foreign headers", {GAPS_CPP: source('#include "../table/table.h"')}, "../table/table.h has no folder"),
    ("foreign headers", {GAPS_H: header("#include <fmt/format.h>")}, "never into a header of ours"),
    ("foreign headers", {"src/varve/table/table.cpp": "#include <nlohmann/json.hpp>\n"}, "floor 3 and above"),
    ("foreign headers", {TEST: '#include "gaps.h"\n'}, "without its folder"),
    (
        "declared dependencies",
        {GAPS_CPP: source('#include "varve/base/time.h"')},
        "base is included but not in DEPENDS",
    ),
    (
        "declared dependencies",
        {"src/varve/market/CMakeLists.txt": "varve_module(market SOURCES gaps.cpp DEPENDS table base LIBRARIES fmt)"},
        "base is in DEPENDS but never included",
    ),
    ("own header first", {GAPS_CPP: '#include <vector>\n#include "varve/market/gaps.h"\n'}, "to be included first"),
    ("picture of the floors", {"docs/floors.svg": "<svg><!-- edges: market-base --></svg>"}, "run tools/draw_floors"),
    ("picture of the floors", {"docs/floors.svg": None}, "run tools/draw_floors"),
    ("file lines", {GAPS_CPP: "\n" * 601}, "601 lines, at most 600"),
    ("file lines", {GAPS_H: "\n" * 301}, "301 lines, at most 300"),
    ("sources in a folder", {f"src/varve/market/a{i}.cpp": "" for i in range(15)}, "16 sources, at most 15"),
    ("function lines", {GAPS_CPP: source("int f() {", *["  g();"] * 69, "}")}, "f has 71 lines, at most 70"),
    ("function lines", {"tools/a.py": "def f():\n" + "    g()\n" * 70}, "f has 71 lines"),
    ("parameters", {GAPS_H: header("int f(int a, std::map<int, int> b, int c, int d, int e = g(1, 2));")}, "takes 5"),
    ("line length", {GAPS_CPP: "// " + "a" * 118 + "\n"}, "gaps.cpp:1: 121 columns"),
    ("file bytes", {"tests/golden/a.bin": b"\xff" * ((1 << 20) + 1)}, "1048577 bytes"),
    ("file names", {"src/varve/market/GapFinder.cpp": ""}, "GapFinder.cpp is not snake_case"),
    ("file names", {"src/varve/market/gap_helpers.cpp": ""}, "does not say what it is"),
    ("file names", {"src/varve/util/gaps.cpp": ""}, "util does not say what it is"),
    ("file names", {"python/varve/data.py": ""}, "data.py does not say what it is"),
    ("type names", {GAPS_H: header("class GapManager {};")}, "GapManager does not say what it is"),
    (
        "one definition",
        {GAPS_H: header("namespace a {", "struct Gap {};", "}"), TEST: source("namespace a {", "class Gap {};", "}")},
        "Gap is also in",
    ),
    ("header start", {GAPS_H: "#pragma once\n"}, "the first line is to be a sentence"),
    ("header start", {GAPS_H: "// gaps\n#pragma once\n"}, "the first line is to be a sentence"),
    ("header start", {GAPS_H: "// Finds the gaps\n#pragma once\n"}, "does not end as a sentence"),
    ("header start", {GAPS_H: "// Finds the gaps.\n\n#ifndef GAPS_H\n"}, "#pragma once is to follow"),
    ("sources listed", {"src/varve/market/orphan.cpp": ""}, "orphan.cpp: no CMakeLists.txt"),
    ("headers used", {"src/varve/market/orphan.h": HEADER}, "orphan.h: nobody includes it"),
    (
        "headers used",
        {"src/varve/market/a.h": HEADER, "src/varve/market/a.cpp": '#include "varve/market/a.h"\n'},
        "a.h: nobody includes it",
    ),
    ("documents", {"docs/guide.md": "# One\n\n# Two\n"}, "2 titles"),
    ("documents", {"docs/guide.md": "Text\n\n# Title\n"}, "in the first line"),
    ("links", {"docs/guide.md": "# A\n\n[b](../missing.md)\n"}, "the link to ../missing.md leads nowhere"),
    ("folders tested", {TEST: None}, "no tests in tests/unit/market"),
    ("unfinished", {GAPS_CPP: source("// TO" + "DO: all of it")}, "finish it or file an issue"),
    ("machine paths", {"README.md": "# Varve\n\ncd /wo" + "rk/main\n"}, "a path of one machine"),
    ("absent documents", {GAPS_CPP: source("// see design" + ".md")}, "is not in the tree"),
    ("absent documents", {GAPS_CPP: source("// section 4 of " + "the design")}, "is not in the tree"),
    ("addresses", {"tools/fetch": "curl https:" + "//packages.example\n"}, "no address in build files"),
    ("whitespace", {GAPS_CPP: source("int a; ")}, "gaps.cpp:2: trailing blank or tab"),
    ("whitespace", {GAPS_CPP: source("\tint a;")}, "trailing blank or tab"),
    ("whitespace", {GAPS_CPP: "int a;"}, "one line end"),
    ("banned", {GAPS_CPP: source("std::cerr << 1;")}, "log through base/log.h"),
    ("banned", {GAPS_CPP: source("#if 0")}, "delete what is switched off"),
    ("banned", {GAPS_CPP: source("auto* a = new Gap();")}, "std::make_unique"),
    ("banned", {GAPS_CPP: source("  delete gap;")}, "let the owner be a unique_ptr"),
    ("banned", {GAPS_CPP: source("using namespace std;")}, "name what is meant"),
    ("banned", {TEST: source("TEST(Gaps, DISABLED_FindsNone) {}")}, "mend or delete the test"),
    ("banned", {TEST: source("std::this_thread::sleep_for(1s);")}, "wait for a condition"),
    ("banned", {"tests/integration/test_gaps.py": "    time.sleep(1)\n"}, "wait for a condition"),
    ("banned", {"tools/a": SCRIPT + "breakpoint()\n"}, "remove the leftover"),
    ("banned", {"python/varve/lake.py": "print(1)\n"}, "a library does not print"),
    ("banned", {"tools/a": SCRIPT + "try:\n    f()\nexcept:\n    g()\n"}, "say which exceptions"),
    ("banned", {GAPS_CPP: source("int Bad; // NOLINT")}, "name the check in brackets"),
]


@pytest.mark.parametrize("rule", RULES)
def test_clean_tree_passes(tree_with, rule):
    assert RULES[rule](tree_with({})) == []


@pytest.mark.parametrize(("rule", "changes", "message"), BROKEN, ids=lambda part: part if isinstance(part, str) else "")
def test_rule_catches(tree_with, rule, changes, message):
    found = RULES[rule](tree_with(changes))
    assert any(message in line for line in found), found


def test_every_rule_has_a_case():
    assert {rule for rule, *_ in BROKEN} == set(RULES)


@pytest.mark.parametrize(
    "line",
    [
        "Gap(const Gap&) = delete;",
        "// a new series, new rows",
        'throw Error("new key: delete the old");',
        "auto gap = std::make_unique<Gap>();",
        "std::snprintf(buffer, size);",
        "int a;  // NOLINT(performance-no-int-to-ptr)",
        "clock.sleep(seconds(1));",
    ],
)
def test_banned_words_are_fine_where_they_mean_something_else(tree_with, line):
    assert text.check_banned(tree_with({GAPS_CPP: source(line), TEST: source(line)})) == []


def test_types_of_one_name_in_namespaces_of_their_own_are_fine(tree_with):
    files = {GAPS_H: header("namespace a {", "struct Gap;", "struct Gap {};", "}")}
    files[GAPS_CPP] = source("namespace {", "struct Gap {};", "}", "namespace b {", "struct Gap {};", "}")
    assert names.check_one_definition(tree_with(files | {TEST: source("namespace {", "struct Gap {};", "}")})) == []


@pytest.mark.parametrize(
    ("signature", "count"),
    [("()", 0), ("(void)", 0), ("(int a)", 1), ("(std::map<int, int> a, int b)", 2), ("(int a = f(1, 2))", 1)],
)
def test_parameters_are_counted_at_the_top_level(signature, count):
    assert sizes.parameter_count(signature) == count


def test_edges_are_those_of_sources_and_headers_only(tree_with):
    tree = tree_with({"tests/integration/all_test.cpp": '#include "varve/lake/lake.h"\n'})
    assert edges(tree) == [("market", "table")]


def test_the_tree_itself_knows_files_that_git_does_not_know_yet():
    assert "tools/tidy" in Tree(ROOT).files
