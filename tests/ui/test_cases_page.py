"""Awkward files on the page: what it shows is right by the same table as for the API.

One browser tab takes them all, one after another.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.api.schemas import previews
from mxlib.core.editing import columns
from mxlib.core.text import labels
from mxlib.core.validation.row_kinds import kinds
from mxlib.sandbox.state import Account, Mailbox
from tests.support.app import opened as server
from tests.support.mapping_page import asks
from tests.support.pages import opened, plain, sent
from tests.support.reading_cases import CASES, Case, trouble

FILES = Path(__file__).parents[1] / "files" / "cases"
_DOMAINS = ("clienta.nl", "clientb.nl", "studio-noord.example")

#: Cases whose columns the page asks for, where a program is refused: the header that it proposes.
ASKED = {
    "names-only-header.csv": ("Voornaam", "Achternaam", "Afdeling"),
    "hidden-sheet.xlsx": ("Benutzer", "Kennwort"),
}


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppTest]:
    """Yield one tab for all files, on the import page."""
    with server(tmp_path_factory.mktemp("cases")) as app:
        account = Account.of(*_DOMAINS)
        for case in CASES.values():
            for address in case.existing:
                username, _, domain = address.partition("@")
                account.domains[domain][username] = Mailbox(username)
        app.host.sandbox.account = account
        yield opened("import_mailboxes", domain="clienta.nl")


def taken_in(tab: AppTest, name: str) -> None:
    """Choose a file, in place of the one before."""
    for key in ("discard", "map_discard"):
        if any(button.key == key for button in tab.button):
            tab.button(key=key).click().run()
    tab.checkbox(key="generate_first").uncheck()
    content = (FILES / name).read_bytes()
    if name.endswith(".xls"):  # no browser offers it here, but such a file may have another name
        name = f"{name}.csv"
    tab.file_uploader(key="upload").upload(name, content).run()
    assert not tab.exception


def notes_of(tab: AppTest) -> list[dict[str, str]]:
    return [{"message": plain(str(caption.value))} for caption in tab.caption]


def answer_of(tab: AppTest, case: Case) -> dict[str, Any]:
    """Return what the page shows in the shape of the API: the texts as shown, the values as validated."""
    if not tab.data_editor:
        return {"success": False, "error": {"message": plain("\n".join(str(error.value) for error in tab.error))}}
    if case.existing:
        tab.segmented_control(key="on_existing").set_value("update").run()
        assert not tab.exception
    editor = tab.session_state["preview"].editor
    validated = editor.validate_rows().iloc[editor.shown]
    shown = tab.data_editor[0].value
    assert shown["fix"].fillna("").tolist() == columns.problems(validated).tolist()
    words = [labels.kind(kind) for kind in kinds(validated)]
    status = [cells[0] for cells in shown["status"]]
    assert [word for word, tick in zip(status, validated["ticked"], strict=True) if tick] == [
        word for word, tick in zip(words, validated["ticked"], strict=True) if tick
    ]
    shape = previews.preview(validated, updating=editor.updates)
    return {"success": True, "data": {"rows": shape["rows"], "notes": notes_of(tab)}}


@pytest.mark.parametrize("name", CASES)
def test_the_page_shows_what_is_right(tab: AppTest, name: str) -> None:
    case = CASES[name]
    taken_in(tab, name)
    if name in ASKED:
        assert tab.session_state["mapping"].sheet.header[: len(ASKED[name])] == ASKED[name]
        return
    if asks(tab) and not tab.error:  # else it says why the file cannot be read as it is, and proposes another way
        assert not tab.button(key="map_done").disabled
        tab.button(key="map_done").click().run()
    found = trouble(case, answer_of(tab, case))
    clear = sent(tab)
    found += [f"in clear: {secret}" for secret in case.hidden if secret in clear]
    assert not found, "\n".join(found)
