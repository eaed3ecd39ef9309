"""docs/ shows every state that script/screenshots can bring about, and no other."""

from pathlib import Path

from script import screenshots
from script.looks import STATES

DOCS = Path(__file__).parents[2] / "docs"


def test_every_state_has_its_pictures_and_every_picture_its_state() -> None:
    wanted = {screenshots.picture_of(name, look) for name, (_, looks) in STATES.items() for look in looks}
    assert {path.name for path in DOCS.glob("*.png")} == wanted


def test_the_page_of_all_pictures_is_as_the_script_writes_it() -> None:
    assert (DOCS / "screens.md").read_text(encoding="utf-8") == screenshots.screens()


def test_every_state_has_a_caption() -> None:
    assert all((reach.__doc__ or "").endswith(".") for reach, _ in STATES.values())
