"""Flag over environment over the lake's file over the user's file over default."""

from program import BARS, Varve


def first_letter(varve: Varve, *arguments: object, **environment: str) -> str:
    """What the output begins with tells the format: [ JSON, { NDJSON, t CSV, | Markdown."""
    return varve("head", "fx/EUR", *arguments, **environment).out[0]


def test_precedence(filled: Varve) -> None:
    assert first_letter(filled) == "t"
    filled.write_file("home/.config/varve/config.toml", "output = 'json'\n")
    assert first_letter(filled) == "["
    filled.write_file("lake/varve.toml", "output = 'ndjson'\n")
    assert first_letter(filled) == "{"
    assert first_letter(filled, VARVE_OUTPUT="markdown") == "|"
    assert first_letter(filled, "-o", "csv", VARVE_OUTPUT="markdown") == "t"


def test_flags_may_stand_before_the_command_too(filled: Varve) -> None:
    environment = filled.environment | {"VARVE_OUTPUT": "markdown"}
    assert Varve(filled.folder, environment)("-o", "csv", "head", "fx/EUR").out.startswith("timestamp,")


def test_lake_is_the_nearest_folder_above(filled: Varve) -> None:
    below = filled.lake / "notes" / "today"
    below.mkdir(parents=True)
    inside = Varve(filled.folder)
    inside.environment.pop("VARVE_LAKE")
    inside.folder = below
    assert inside("ls").out.splitlines()[1].startswith("fx/EUR,")


def test_lake_flag_beats_the_environment(filled: Varve) -> None:
    filled("init", "other")
    assert filled("ls", "--lake", "other", "-o", "json").json() == []
    assert filled("--lake", "other", "ls", "-o", "json").json() == []


def test_zone_can_be_set_for_good(filled: Varve) -> None:
    filled.write_file("lake/varve.toml", "tz = 'America/New_York'\n")
    filled("write", "x", "-", stdin="time,x\n2024-07-01 09:30,1\n")
    assert filled.rows("x")[0]["timestamp"] == "2024-07-01T13:30:00Z"


def test_a_mistake_in_a_file_is_told(filled: Varve) -> None:
    filled.write_file("lake/varve.toml", "\ncolour = 'never'\n")
    assert 'varve.toml, line 2: there is no setting "colour"' in filled("ls", status=2).err


def test_settings_file_is_left_alone(filled: Varve) -> None:
    path = filled.write_file("lake/varve.toml", "output = 'json'\n")
    filled("upsert", "fx/EUR", "-", stdin=BARS)
    filled("verify")
    assert path.read_text() == "output = 'json'\n"
