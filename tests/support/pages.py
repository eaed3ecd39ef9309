"""Pages of the dashboard in Streamlit's AppTest: opening one, reading its preview."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from mxlib.auth.permissions import Caller
from mxlib.auth.sign_in import Authenticator
from mxlib.ui.app import layout

ENTRY = Path(__file__).parents[2] / "mxlib" / "ui" / "shell" / "main.py"


PAGES = Path(__file__).parents[2] / "pages"


FILE = (
    b"username,password,quota,limit,recovery_email,domain\r\n"
    b"nina.berg,Geheim.2026x,2048,,nina@example.org,\r\n"
    b"jan jansen,Geheim.2026x,1024,,,\r\n"
    b"tess.groen,,512,,,\r\n"
    b"nina.berg,Geheim.2026x,,,,\r\n"
)


def opened(page: str = "email_accounts", **query: str) -> AppTest:
    """Return a browser tab on that page."""
    tab = AppTest.from_file(str(ENTRY), default_timeout=60)
    for name, value in query.items():
        tab.query_params[name] = value
    return visit(tab, page)


def visit(tab: AppTest, page: str) -> AppTest:
    """Open a page in a new tab by its address, as a link from elsewhere does: no other page is drawn before."""
    if page != "overview":
        tab._page_hash = calc_hash(layout._PLACES[page][2])
    tab.run()
    assert not tab.exception
    return tab


def search(tab: AppTest, text: str) -> AppTest:
    """Open the search of all pages, and type into it."""
    tab.button(key="jump-open").click().run()
    tab.text_input(key="jump-query").set_value(text).run()
    assert not tab.exception
    return tab


def preview(tab: AppTest, content: bytes = FILE, name: str = "staff.csv", *, generate: bool = False) -> AppTest:
    """Upload a file and open its preview."""
    checkbox = tab.checkbox(key="generate_first")
    (checkbox.check if generate else checkbox.uncheck)().run()
    tab.file_uploader(key="upload").upload(name, content).run()
    assert not tab.exception
    return tab


def grid_key(tab: AppTest) -> str:
    return str(tab.session_state["preview"].editor.key)


def statuses(tab: AppTest) -> list[str]:
    return [status[0] for status in tab.data_editor[0].value["status"]]


def plain(markdown: str) -> str:
    """Return Markdown as it is read, without backslashes before special characters."""
    return markdown.replace("\\", "")


def sent(tab: AppTest) -> str:
    """Return everything that was sent to the browser: every element, and the cells of every table."""
    assert not tab.exception
    pieces: list[str] = []

    def walk(block: object) -> None:
        for child in getattr(block, "children", {}).values():
            walk(child)
        if (proto := getattr(block, "proto", None)) is not None:
            pieces.append(proto.SerializeToString().decode("utf-8", "replace"))

    for at in range(4):
        if at in tab._tree.children:
            walk(tab._tree.children[at])
    pieces += [each.value.to_csv() for kind in (tab.dataframe, tab.data_editor) for each in kind]
    return "\n".join(pieces)


def just_signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a page of a test, which has no session, for one of a person who has just signed in."""
    resolve = Authenticator.caller

    def caller(self: Authenticator, name: str | None, address: str, session: str = "") -> Caller:
        found = resolve(self, name, address, session)
        return found if session else replace(found, recent=True)

    monkeypatch.setattr(Authenticator, "caller", caller)
