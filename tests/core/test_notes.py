"""Notes about a file: closed codes, a sentence for each, and the same after they were stored."""

import json
import re
from pathlib import Path

import pytest

from mxlib.core.notes import Note, NoteCode, from_json
from mxlib.core.text import notes

DOCS = Path(__file__).parents[2] / "docs" / "api.md"

#: Figures with which each code has a sentence.
FIGURES: dict[NoteCode, tuple[str | int, ...]] = {
    NoteCode.ABOVE_HEADER: ("Staff", 3),
    NoteCode.OLD_ENCODING: ("windows-1252", "Köln"),
    NoteCode.SHEET_NOT_READ: ("Client B", 2),
    NoteCode.HEADER_CUT: (2,),
    NoteCode.COLUMN_WITHOUT_HEADER: (2,),
    NoteCode.PRIVATE_ADDRESSES: (2,),
    NoteCode.SET_BY_OWNERS: (2,),
}


@pytest.mark.parametrize("code", NoteCode)
def test_every_code_has_a_sentence_and_is_the_same_after_storage(code: NoteCode) -> None:
    note = Note(code, FIGURES.get(code, ("x.",)), (3, 4), ("Phone",))
    assert re.fullmatch(r"[^\n]+\.", notes.sentence(note))
    assert from_json(json.loads(json.dumps(note.to_json()))) == note


def test_a_note_of_an_earlier_release_keeps_its_sentence() -> None:
    assert notes.sentence(from_json("Column 'x' is not used.")) == "Column 'x' is not used."


def test_the_api_page_lists_every_code() -> None:
    table = DOCS.read_text(encoding="utf-8").split("| note | meaning |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == [code.value for code in NoteCode]
