"""Rules of names and places: a file can be found, is used, and says what it holds."""

import re
from pathlib import Path

from checks.sizes import Tag, tags
from checks.tree import Tree, source_folder

# Words that say nothing about what a thing is. A face may be forced to one by the document it follows.
EMPTY_WORDS = {"util", "utils", "common", "misc", "core", "helper", "helpers", "manager", "handler"}
EMPTY_NAMES = {"data", "info", "process"}
FORCED_NAMES = {"storage_manager"}
EMPTY_TYPES = re.compile(r"(Manager|Helper|Handler|Util|Utils)$")
SNAKE_CASE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
NAMED_FOLDERS = ("src/", "tests/", "python/", "tools/", "bench/", "examples/", "cmake/")
# What lies here keeps the names that it came with.
DATA_FOLDERS = ("tests/golden/", "tests/data/", "examples/data/")
# Names that a tool asks for.
GIVEN_NAMES = {"CMakeLists.txt", "README.md", "Dependencies.cmake", "Compiler.cmake", "Sanitizers.cmake"}
GIVEN_NAMES |= {"VarveModule.cmake", "Warnings.cmake", ".clang-tidy", ".clang-format", ".gitignore"}


def check_file_names(tree: Tree) -> list[str]:
    """Files and folders are snake_case, and their words mean something."""
    found = []
    for file in tree.select("", under=NAMED_FOLDERS):
        if file.startswith(DATA_FOLDERS):
            continue
        *folders, name = file.split("/")
        for part in folders + ([] if name in GIVEN_NAMES else [name]):
            stem = part.split(".")[0]
            words = set(stem.split("_"))
            if not SNAKE_CASE.fullmatch(part):
                found.append(f"{file}: {part} is not snake_case")
            elif (words & EMPTY_WORDS or stem in EMPTY_NAMES) and stem not in FORCED_NAMES:
                found.append(f"{file}: {part} does not say what it is; name the subject")
    return found


def check_type_names(tree: Tree) -> list[str]:
    """Types are named by what they are."""
    return [
        f"{tag.file}:{tag.line}: {tag.name} does not say what it is; name the subject"
        for tag in tags(tree)
        if tag.kind in ("class", "struct") and EMPTY_TYPES.search(tag.name)
    ]


def check_one_definition(tree: Tree) -> list[str]:
    """Two types of one name in one namespace are one to the linker, which takes either's functions for both."""
    first: dict[tuple[str, str], Tag] = {}
    found = []
    for tag in tags(tree):
        if tag.kind not in ("class", "struct") or "__anon" in tag.scope + tag.name:
            continue
        other = first.setdefault((tag.scope, tag.name), tag)
        if other.file != tag.file:
            found.append(f"{tag.file}:{tag.line}: {tag.name} is also in {other.file}:{other.line}; name one anew")
    return found


def check_header_start(tree: Tree) -> list[str]:
    """A header begins with a sentence that says what it holds, then #pragma once."""
    found = []
    for file in tree.select(".h"):
        lines = tree.lines(file)
        comment = []
        while len(comment) < len(lines) and lines[len(comment)].startswith("//"):
            comment.append(lines[len(comment)])
        if not re.match(r"// [^\sa-z]|// [a-z0-9_:]*[A-Z_:(`]", lines[0]):
            found.append(f"{file}:1: the first line is to be a sentence that says what the header holds")
        elif not comment[-1].rstrip().endswith((".", ":", ")")):
            found.append(f"{file}:{len(comment)}: the opening comment does not end as a sentence")
        elif lines[len(comment)] != "#pragma once":
            found.append(f"{file}:{len(comment) + 1}: #pragma once is to follow the opening comment")
    return found


def check_listed(tree: Tree) -> list[str]:
    """Every source is named in a CMakeLists.txt; unit tests are found by their place."""
    found = []
    for file in tree.select(".cpp"):
        if file.startswith("tests/unit/") and file.endswith("_test.cpp"):
            continue
        if not any(names(tree, cmake, file) for cmake in nearest_lists(tree, file)):
            found.append(f"{file}: no CMakeLists.txt beside or above it names it")
    return found


def nearest_lists(tree: Tree, file: str) -> list[str]:
    above = [str(folder / "CMakeLists.txt") for folder in Path(file).parents if folder != Path(".")]
    return [cmake for cmake in above if cmake in tree.files]


def names(tree: Tree, cmake: str, file: str) -> bool:
    relative = str(Path(file).relative_to(Path(cmake).parent))
    stem = relative.removesuffix(".cpp")
    words = re.split(r"[\s()]+", re.sub(r"#.*", "", tree.text(cmake) or ""))
    return relative in words or (stem in words and re.search(r"\$\{\w+\}\.cpp", tree.text(cmake) or "") is not None)


def check_included(tree: Tree) -> list[str]:
    """Every header is included somewhere besides in its own source."""
    used = {}
    for include in tree.includes:
        used.setdefault(include.name, set()).add(include.file)
    found = []
    for file in tree.select(".h"):
        name = file.removeprefix("src/").removeprefix("tests/")
        users = used.get(name, set()) | used.get(Path(file).name, set())
        own = file.removesuffix(".h") + ".cpp"
        if not users - {own}:
            found.append(f"{file}: nobody includes it")
    return found


def check_documents(tree: Tree) -> list[str]:
    """A document has exactly one title, on top."""
    found = []
    for file in tree.select(".md"):
        outside_code = re.sub(r"^```.*?^```", "", tree.text(file) or "", flags=re.MULTILINE | re.DOTALL)
        titles = re.findall(r"^# .*", outside_code, flags=re.MULTILINE)
        if len(titles) != 1 or not outside_code.startswith("# "):
            found.append(f"{file}: {len(titles)} titles (# ...); there is to be one, in the first line")
    return found


def check_links(tree: Tree) -> list[str]:
    """A document links to files that are there."""
    found = []
    for file in tree.select(".md"):
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", tree.text(file) or ""):
            if not (tree.root / file).parent.joinpath(target).exists():
                found.append(f"{file}: the link to {target} leads nowhere")
    return found


def check_tests_mirror(tree: Tree) -> list[str]:
    """A folder with sources has unit tests."""
    tested = {file.split("/")[2] for file in tree.select("_test.cpp", under="tests/unit/")}
    with_sources = {source_folder(file) for file in tree.select(".cpp", under="src/")}
    return [f"src/varve/{folder}: no tests in tests/unit/{folder}" for folder in sorted(with_sources - tested - {None})]


RULES = {
    "file names": check_file_names,
    "type names": check_type_names,
    "one definition": check_one_definition,
    "header start": check_header_start,
    "sources listed": check_listed,
    "headers used": check_included,
    "documents": check_documents,
    "links": check_links,
    "folders tested": check_tests_mirror,
}
