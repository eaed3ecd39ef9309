"""The README tells the truth."""

import os
import re
from pathlib import Path

from mxlib.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_settings_are_all_there_with_their_defaults_and_meanings() -> None:
    rows = re.findall(r"^\| `(\w+)` \|(?: `(.*)`)? \| (.*) \|$", README, re.MULTILINE)
    assert [(name, (default, meaning)) for name, default, meaning in rows] == list(Settings.variables().items())


def test_every_variable_that_it_names_exists() -> None:
    named = set(re.findall(r"\bMXM?(?:ROUTE)?_[A-Z_]+", README))
    assert named <= Settings.variables().keys()


def test_the_commands_that_it_names_can_be_run() -> None:
    commands = set(re.findall(r"\bscript/(\w+)", README))
    assert {"server", "test"} <= commands
    assert all(os.access(ROOT / "script" / command, os.X_OK) for command in commands)


def test_what_it_links_to_is_there() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_the_rooms_that_it_lists_are_the_rooms_there_are() -> None:
    rooms = {path.name for path in (ROOT / "mxlib").iterdir() if (path / "__init__.py").is_file()}
    structure = README.split("## How it is built")[1]
    assert {room for room in rooms if not re.search(rf"\b{room}  +\S", structure)} == set()
