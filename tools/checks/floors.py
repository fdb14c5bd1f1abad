"""Rules of structure: who may include whom, and who may include what from outside."""

import re

from checks.tree import Include, Tree, edges, source_folder, tested_folder

EDGES_IN_PICTURE = re.compile(r"<!-- edges: (.*?) -->", re.DOTALL)


def allowed(tree: Tree, folder: str) -> set[str]:
    """The folders that `folder` may include, itself among them."""
    own = tree.folders[folder]
    below = {name for name, other in tree.folders.items() if other["floor"] < own["floor"]}
    return (below & set(own["sees"]) if "sees" in own else below) | {folder}


def check_folders(tree: Tree) -> list[str]:
    """Sources lie in a folder of the table; nothing lies loose in src/varve."""
    found = []
    for file in tree.select("", under="src/"):
        folder = source_folder(file)
        if folder is None:
            found.append(f"{file}: a file in src belongs into a folder src/varve/<folder>")
        elif folder not in tree.folders:
            found.append(f"{file}: the folder {folder} has no floor in tools/floors.toml")
    for file in tree.select("_test.cpp", under="tests/unit/"):
        if tested_folder(file) not in tree.folders:
            found.append(f"{file}: no module picks up this test; its place is tests/unit/<folder>/")
    return found


def check_floors(tree: Tree) -> list[str]:
    """A file includes its own folder and lower floors only; so does its unit test."""
    found = []
    for include in tree.includes:
        home = source_folder(include.file) or tested_folder(include.file)
        if home not in tree.folders or include.folder is None:
            continue
        if include.folder not in tree.folders:
            found.append(f"{include.place}: {include.name} lies in a folder that tools/floors.toml does not know")
        elif include.folder not in allowed(tree, home):
            found.append(f"{include.place}: {arrow(tree, home, include.folder)}; move the shared part down")
    return found


def arrow(tree: Tree, home: str, target: str) -> str:
    floors = tree.folders[home]["floor"], tree.folders[target]["floor"]
    if floors[0] <= floors[1]:
        direction = "sideways" if floors[0] == floors[1] else "up"
        return f"{home} (floor {floors[0]}) may not include {target} (floor {floors[1]}): that points {direction}"
    return f"{home} is a door and may not include {target}: it speaks to the lake"


def check_foreign(tree: Tree) -> list[str]:
    """A foreign library is included in its one folder, and ours as "varve/..."."""
    return [message for include in tree.includes if (message := foreign_message(tree, include))]


def foreign_message(tree: Tree, include: Include) -> str | None:
    name, home = include.name, source_folder(include.file)
    if is_system(tree, name) or name.startswith("varve/") or (home == "python" and f"python/src/{name}" in tree.files):
        return None
    if home is None:  # tests, benchmarks and examples may look into files with any library
        return f"{include.place}: {name} is included without its folder" if include.quoted and "/" not in name else None
    for prefix, rule in tree.floors["sources_only"].items():
        if name.startswith(prefix):
            if include.file.endswith(".h"):
                return f"{include.place}: {name} belongs into sources, never into a header of ours"
            if tree.folders.get(home, {"floor": 0})["floor"] < rule["floor"]:
                return f"{include.place}: {name} is for floor {rule['floor']} and above"
            return None
    owners = [folder for folder, own in tree.folders.items() if matches(name, own.get("foreign", []))]
    if home in owners:
        return None
    if owners:
        return f"{include.place}: only {' and '.join(owners)} may include {name}"
    return f'{include.place}: {name} has no folder in tools/floors.toml; ours are written "varve/<folder>/<file>.h"'


def matches(name: str, headers: list[str]) -> bool:
    return any(name == header or (header.endswith("/") and name.startswith(header)) for header in headers)


def is_system(tree: Tree, name: str) -> bool:
    system = tree.floors["system"]
    standard = "." not in name and "/" not in name
    return standard or name in system["headers"] or name.startswith(tuple(system["prefixes"]))


def check_depends(tree: Tree) -> list[str]:
    """What a module's CMakeLists.txt declares under DEPENDS is what its files include."""
    found = []
    for folder in tree.folders:
        cmake = f"src/varve/{folder}/CMakeLists.txt"
        if cmake not in tree.files:
            continue
        declared = set(depends(tree.text(cmake) or ""))
        included = {target for source, target in edges(tree) if source == folder}
        found += [f"{cmake}: {name} is included but not in DEPENDS" for name in sorted(included - declared)]
        found += [
            f"{cmake}: {name} is in DEPENDS but never included" for name in sorted(declared - included - {folder})
        ]
    return found


def depends(cmake: str) -> list[str]:
    words: list[str] = []
    for call in re.findall(r"varve_module\(([^)]*)\)", re.sub(r"#.*", "", cmake)):
        keyword = ""
        for word in call.split()[1:]:
            if word in ("SOURCES", "DEPENDS", "LIBRARIES"):
                keyword = word
            elif keyword == "DEPENDS":
                words.append(word)
    return words


def check_own_header_first(tree: Tree) -> list[str]:
    """The first include of a source is its own header, which proves that the header stands alone."""
    found = []
    first: dict[str, Include] = {}
    for include in tree.includes:
        first.setdefault(include.file, include)
    for file, include in first.items():
        header = file.removesuffix(".cpp") + ".h"
        if file.endswith(".cpp") and header in tree.files and not header.endswith("/" + include.name):
            found.append(f"{include.place}: {header} is to be included first")
    return found


def check_picture(tree: Tree) -> list[str]:
    """The picture of the floors shows the arrows that there are."""
    picture = EDGES_IN_PICTURE.search(tree.text("docs/floors.svg") or "") if "docs/floors.svg" in tree.files else None
    shown = set(picture.group(1).split()) if picture else set()
    real = {f"{source}-{target}" for source, target in edges(tree)}
    if picture and shown == real:
        return []
    return [f"docs/floors.svg: not what the includes say ({' '.join(sorted(shown ^ real))}); run tools/draw_floors"]


RULES = {
    "folders": check_folders,
    "floors": check_floors,
    "foreign headers": check_foreign,
    "declared dependencies": check_depends,
    "own header first": check_own_header_first,
    "picture of the floors": check_picture,
}
