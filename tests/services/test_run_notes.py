"""The notes about a file stay with its run: in the API and on its page, and encrypted in the database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.notes import Note, NoteCode, to_keep
from mxlib.store import FILE, run_notes
from mxlib.store.encryption import ServerKey
from tests.support import app as support
from tests.support.app import App, data
from tests.support.pages import opened

TEXT = "Staff of Bergmann;;\nusername;password;phone\nnina;Geheim.2026x;31\nTotal: 1;;\n"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with support.opened(tmp_path) as opened_app:
        yield opened_app


def started(app: App, text: str = TEXT, **more: str) -> int:
    content = {"content": text.encode(), "headers": {"Content-Type": "text/csv", **more}}
    run = data(app.ask("POST", "/imports?default_domain=a.nl&file=staff.csv", **content), 202)
    return int(run["id"])


def test_a_run_shows_the_notes_of_its_preview(app: App) -> None:
    content = {"content": TEXT.encode(), "headers": {"Content-Type": "text/csv"}}
    previewed = data(app.ask("POST", "/email-accounts/import/preview?default_domain=a.nl", **content))
    shown = app.ended(started(app))
    assert [note["code"] for note in shown["notes"]] == ["above_header", "column_unused", "lines_left_out"]
    assert shown["notes"] == previewed["notes"]


def test_a_run_of_an_ordinary_file_has_no_notes(app: App) -> None:
    assert "notes" not in app.ended(started(app, "username,password\nnina,Geheim.2026x\n"))


def test_the_notes_are_on_the_page_of_the_run(app: App) -> None:
    run = started(app)
    app.ended(run)
    tab = opened("jobs", run=str(run))
    assert any("Column 'phone' is not used." in caption.value for caption in tab.caption)


def test_nothing_of_the_notes_is_in_the_database_in_clear(app: App, tmp_path: Path) -> None:
    app.ended(started(app))
    assert b"nina" in b"".join(file.read_bytes() for file in tmp_path.glob(f"{FILE}*"))
    assert not any(b"Bergmann" in file.read_bytes() for file in tmp_path.glob(f"{FILE}*"))


def test_who_sees_only_some_rows_sees_no_notes(app: App) -> None:
    run = started(app, "note;;\nusername;domain;password\nnina;a.nl;Geheim.2026x\nbad name;b.nl;Geheim.2026x\n")
    assert app.ended(run)["notes"]
    app.services.users.add(LOCAL, "boss", "correct horse battery", admin=True)
    app.services.users.add(LOCAL, "lee", "correct horse battery", permissions={"a.nl": ["import"]})
    view = app.services.runs.get(app.services.users.caller("lee"), run)
    assert view is not None
    assert (view.hidden, view.notes) == (1, ())


def test_notes_under_another_key_are_missing() -> None:
    found = (Note(NoteCode.GIGABYTES),)
    key = ServerKey.make("one")
    sealed = run_notes.seal(key, found)
    assert run_notes.unseal(key, sealed) == found
    assert run_notes.unseal(ServerKey.make("two"), sealed) == ()
    assert run_notes.unseal(ServerKey.make("two"), None) == ()


def test_a_run_keeps_no_cell_of_a_person() -> None:
    note = Note(NoteCode.OLD_ENCODING, ("windows-1251", "Ирина"))
    assert to_keep([note, Note(NoteCode.GIGABYTES)]) == (
        Note(NoteCode.OLD_ENCODING, ("windows-1251", "")),
        Note(NoteCode.GIGABYTES),
    )
