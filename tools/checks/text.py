"""Rules of text: what must not stand in a file."""

import re

from checks.tree import SCRIPTS, Tree

# Spelled in two parts so that this file passes its own rule.
UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
MACHINE_PATH = re.compile(r"(?<![\w.}$)\]-])/(work|root|home|t" + r"mp)/\w")
# Documents that a reader of this tree does not have; what they say is to be said here.
ABSENT_DOCUMENTS = re.compile(r"\b(design|style|brief)" + r"\.md\b|\bsection \d+ of the (design|style|brief)\b")
BUILD_FILES = ("tools/", "third_party/", "cmake/", ".ci/", "Makefile", "CMake", "pyproject.toml", "web/package")
NOT_OURS = ("web/package-lock.json",)

# Pattern, where it is looked for, where it is allowed, and what to do instead.
BANNED = [
    (r"\bstd::(cout|cerr|clog)\b|\b(printf|puts)\s*\(", ("src/",), ("src/varve/cli/",), "log through base/log.h"),
    (r"^\s*#\s*if\s+[01]\b", ("src/", "tests/", "bench/", "python/"), (), "delete what is switched off"),
    (r"\bnew\s+[A-Za-z_:]+[\s({;\[<]", ("src/",), (), "std::make_unique, or a value"),
    (r"^[^/=]*\bdelete\s+[a-z_\[]", ("src/",), (), "let the owner be a unique_ptr"),
    (r"\busing namespace\b(?!.*literals)", ("src/", "python/src/"), (), "name what is meant"),
    (r"\bDISABLED_", ("tests/",), ("tests/tools/",), "mend or delete the test"),
    (
        r"\bsleep_(for|until)\(|(?<![.\w>])u?sleep\(\d|\btime\.sleep\(",
        ("tests/", "python/tests/"),
        (),
        "wait for a condition",
    ),
    (
        r"\b(breakpoint|set_trace)\(\)|^import pdb",
        ("python/", "tools/", "tests/"),
        ("tests/tools/",),
        "remove the leftover",
    ),
    (r"^\s*print\(", ("python/varve/",), ("python/varve/__main__.py",), "a library does not print"),
    (r"^\s*except\s*:", ("python/", "tools/"), (), "say which exceptions"),
    (
        r"\bNOLINT(NEXTLINE|BEGIN)?\b(?!\()",
        ("src/", "tests/", "python/"),
        ("tests/tools/",),
        "name the check in brackets",
    ),
]


def matching_lines(tree: Tree, pattern: re.Pattern[str], files: list[str]) -> list[tuple[str, str]]:
    """Place and matched text of every line that holds the pattern."""
    found = []
    for file in files:
        if tree.text(file) is None or file in NOT_OURS:
            continue
        for number, line in enumerate(tree.lines(file), 1):
            if match := pattern.search(line):
                found.append((f"{file}:{number}", match.group().strip()))
    return found


def code_of(line: str) -> str:
    """A line of code without its comment and the text of its strings."""
    line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
    return re.sub(r"(?<!:)//.*|^\s*\*.*|^\s*#\s.*", "", line)


def check_unfinished(tree: Tree) -> list[str]:
    """Nothing is left for later in a comment; what is to be done is an issue."""
    return [
        f"{place}: {text}: finish it or file an issue" for place, text in matching_lines(tree, UNFINISHED, tree.files)
    ]


def check_banned(tree: Tree) -> list[str]:
    """What is written differently here, and how."""
    found = []
    for pattern, where, exempt, instead in BANNED:
        compiled = re.compile(pattern)
        for file in tree.cpp + tree.python:
            if not file.startswith(where) or (exempt and file.startswith(exempt)):
                continue
            for number, line in enumerate(tree.lines(file), 1):
                if match := compiled.search(line if "NOLINT" in line else code_of(line)):
                    found.append(f"{file}:{number}: {match.group().strip()}: {instead}")
    return found


def check_machine_paths(tree: Tree) -> list[str]:
    """No file knows the machine that it was written on."""
    return [
        f"{place}: {text}... is a path of one machine" for place, text in matching_lines(tree, MACHINE_PATH, tree.files)
    ]


def check_absent_documents(tree: Tree) -> list[str]:
    """A reference leads to something in the tree."""
    places = matching_lines(tree, ABSENT_DOCUMENTS, tree.files)
    return [f"{place}: {text} is not in the tree; name a document that is" for place, text in places]


def check_addresses(tree: Tree) -> list[str]:
    """Where packages come from is the machine's business: no address stands in what builds Varve."""
    files = tree.select("", under=BUILD_FILES)
    address = re.compile(r"\bhttps?:" + r"//(?!www\.w3\.org/)\S+")  # w3.org: the name of SVG, not an address
    return [f"{place}: {text}: no address in build files" for place, text in matching_lines(tree, address, files)]


def check_whitespace(tree: Tree) -> list[str]:
    """No trailing blanks, no tabs, one line end at the end."""
    found = []
    for file in tree.files:
        text = tree.text(file)
        if not text or file.startswith("tests/golden/") or not is_prose_or_code(file):
            continue
        if not text.endswith("\n") or text.endswith("\n\n"):
            found.append(f"{file}: is to end with one line end")
        for number, line in enumerate(text.split("\n"), 1):
            if line != line.rstrip() or ("\t" in line and not file.startswith("Makefile")):
                found.append(f"{file}:{number}: trailing blank or tab")
    return found


def is_prose_or_code(file: str) -> bool:
    suffixes = (".h", ".cpp", ".py", ".pyi", ".md", ".cmake", ".txt", ".toml", ".json", "Makefile")
    return file.endswith(suffixes) or (file.startswith(SCRIPTS) and "." not in file.rsplit("/", 1)[-1])


RULES = {
    "unfinished": check_unfinished,
    "banned": check_banned,
    "machine paths": check_machine_paths,
    "absent documents": check_absent_documents,
    "addresses": check_addresses,
    "whitespace": check_whitespace,
}
