"""A private address beside a username is no mailbox: it is offered as the recovery email."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.mapping.read_file import ReadFile
from mxlib.core.notes import NoteCode
from tests.support import app as support
from tests.support.app import App
from tests.support.pages import opened, preview

TEXT = "username,email\nnina,nina@freemail.example\ntess,tess@a.nl\nkim,kim@web.example\nlee,\n"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with support.opened(tmp_path) as opened_app:
        opened_app.services.lists.domains(LOCAL)
        yield opened_app


def read(app: App, text: str) -> ReadFile:
    file = app.services.files.read(LOCAL, text.encode(), "staff.csv", "a.nl")
    assert isinstance(file, ReadFile)
    return file


def test_a_click_fills_the_recovery_emails_and_can_be_undone(app: App) -> None:
    tab = preview(opened("import_mailboxes", domain="a.nl"), TEXT.encode(), "staff.csv")
    editor = tab.session_state["preview"].editor
    tab.button(key="use_private").click().run()
    assert not tab.exception
    rows = editor.latest.rows
    assert rows["recovery_email"].tolist() == ["nina@freemail.example", "", "kim@web.example", ""]
    assert rows["username"].tolist() == ["nina", "tess", "kim", "lee"]
    editor.undo()
    assert set(editor.latest.rows["recovery_email"]) == {""}


def test_what_stands_there_already_stays(app: App) -> None:
    file = read(app, TEXT)
    draft = preview(opened("import_mailboxes", domain="a.nl"), TEXT.encode()).session_state["preview"].editor.draft
    filled = draft.with_rows(draft.rows.assign(recovery_email=["x@own.example", "", "", ""]))
    with_private = filled.with_recovery_emails(app.services.files.private_addresses(file))
    assert with_private.rows["recovery_email"].tolist() == ["x@own.example", "", "kim@web.example", ""]


@pytest.mark.parametrize(
    "text",
    [
        "username,email\nnina,nina@a.nl\n",
        "username,email,recovery\nnina,nina@freemail.example,\n",
        "email\nnina@freemail.example\n",
        "username,email\nNina Maas,nina@freemail.example\n",
        "username,email\nnina,none\n",
    ],
)
def test_no_other_address_is_offered(app: App, text: str) -> None:
    file = read(app, text)
    assert NoteCode.PRIVATE_ADDRESSES not in {note.code for note in file.notes}
    assert app.services.files.private_addresses(file) == {}
