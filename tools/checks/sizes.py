"""Rules of size: what is small can be read."""

import ast
import json
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from checks.tree import Tree, source_folder

SOURCE_LINES_MAX = 600
HEADER_LINES_MAX = 300
SOURCES_IN_FOLDER_MAX = 15
FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 4
LINE_LENGTH_MAX = 120
FILE_BYTES_MAX = 1 << 20


@dataclass(frozen=True)
class Tag:
    """What ctags says of one thing in a file."""

    file: str
    name: str
    kind: str
    scope: str  # with "__anon" in it for what no other file sees
    line: int
    end: int
    signature: str


def tags(tree: Tree) -> list[Tag]:
    """The functions, prototypes and types of all C++ files. Raises RuntimeError if Universal Ctags is missing."""
    if not tree.cpp:
        return []
    if not shutil.which("ctags"):
        raise RuntimeError("universal-ctags is missing: run tools/setup")
    command = ["ctags", "--output-format=json", "--fields=+neSs", "--kinds-C++=fpcs", "--language-force=C++", "-L-"]
    done = subprocess.run(command, cwd=tree.root, input="\n".join(tree.cpp), check=True, capture_output=True, text=True)
    found = []
    for line in done.stdout.splitlines():
        tag = json.loads(line)
        start = tag["line"]
        signature = tag.get("signature", "")
        end = tag.get("end", start)
        found.append(Tag(tag["path"], tag["name"], tag["kind"], tag.get("scope", ""), start, end, signature))
    return found


def check_source_lines(tree: Tree) -> list[str]:
    """Files stay within the limits of CONTRIBUTING.md."""
    found = []
    for file in tree.cpp + tree.python:
        limit = HEADER_LINES_MAX if file.endswith(".h") else SOURCE_LINES_MAX
        count = (tree.text(file) or "").count("\n")
        if count > limit:
            found.append(f"{file}: {count} lines, at most {limit}: split it by subject")
    return found


def check_folder_size(tree: Tree) -> list[str]:
    """A folder holds few sources."""
    counts = Counter(str(Path(file).parent) for file in tree.select(".cpp", under="src/"))
    return [
        f"{folder}: {count} sources, at most {SOURCES_IN_FOLDER_MAX}: split the folder by subject"
        for folder, count in counts.items()
        if count > SOURCES_IN_FOLDER_MAX
    ]


def check_function_lines(tree: Tree) -> list[str]:
    """No function is longer than a screen."""
    lengths = [(t.file, t.line, t.name, t.end - t.line + 1) for t in tags(tree) if t.kind == "function"]
    for file in tree.python:
        for node in ast.walk(ast.parse(tree.text(file) or "")):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lengths.append((file, node.lineno, node.name, (node.end_lineno or node.lineno) - node.lineno + 1))
    return [
        f"{file}:{line}: {name} has {length} lines, at most {FUNCTION_LINES_MAX}"
        for file, line, name, length in lengths
        if length > FUNCTION_LINES_MAX
    ]


def parameter_count(signature: str) -> int:
    """The parameters of "(int a, std::map<int, int> b)"; 0 for "()" and "(void)"."""
    inside = re.sub(r'"(\\.|[^"\\])*"', '""', signature).strip()[1:].rsplit(")", 1)[0]
    inside = re.sub(r"->|<<|<=|>=", "", inside)
    depth, count = 0, 1
    for character in inside:
        depth += {"(": 1, "<": 1, "{": 1, "[": 1, ")": -1, ">": -1, "}": -1, "]": -1}.get(character, 0)
        count += character == "," and depth == 0
    return count if inside.strip() not in ("", "void") else 0


def check_parameters(tree: Tree) -> list[str]:
    """What a header declares takes few parameters; more are an options struct with defaults at the field."""
    return [
        f"{tag.file}:{tag.line}: {tag.name} takes {parameter_count(tag.signature)} parameters, at most {PARAMETERS_MAX}"
        for tag in tags(tree)
        if tag.kind in ("function", "prototype") and tag.file.endswith(".h") and source_folder(tag.file)
        if parameter_count(tag.signature) > PARAMETERS_MAX
    ]


def check_line_length(tree: Tree) -> list[str]:
    """Lines fit into the window."""
    return [
        f"{file}:{number}: {len(line)} columns, at most {LINE_LENGTH_MAX}"
        for file in tree.cpp + tree.python + tree.select(".cmake", "CMakeLists.txt", ".pyi")
        for number, line in enumerate(tree.lines(file), 1)
        if len(line) > LINE_LENGTH_MAX
    ]


def check_file_bytes(tree: Tree) -> list[str]:
    """No large file enters the history."""
    return [
        f"{file}: {size} bytes, at most {FILE_BYTES_MAX}"
        for file in tree.files
        if (size := (tree.root / file).stat().st_size) > FILE_BYTES_MAX
    ]


RULES = {
    "file lines": check_source_lines,
    "sources in a folder": check_folder_size,
    "function lines": check_function_lines,
    "parameters": check_parameters,
    "line length": check_line_length,
    "file bytes": check_file_bytes,
}
