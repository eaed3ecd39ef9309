"""The page of texts: what is typed is checked and previewed at once, and only saved when it is sound."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL
from mxlib.core.clients import ClientDetails
from mxlib.core.handover.texts import TextKind
from mxlib.core.text.handover_texts import KIND_LABELS
from mxlib.services.handover_texts import ALL_CLIENTS
from tests.support.app import App, opened
from tests.support.pages import opened as page
from tests.support.pages import plain


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with opened(tmp_path) as made:
        yield made


def chosen(kind: TextKind, client: int = ALL_CLIENTS) -> AppTest:
    tab = page("texts")
    tab.selectbox(key="texts-client").set_value(client)
    tab.selectbox(key="texts-kind").set_value(KIND_LABELS[kind]).run()
    assert not tab.exception
    return tab


def errors(tab: AppTest) -> list[str]:
    assert not tab.exception
    return [plain(error.value) for error in tab.error]


def shown(tab: AppTest) -> str:
    return "\n".join(text.value for text in tab.text)


def test_a_text_is_previewed_saved_and_set_back(app: App) -> None:
    client = app.services.clients.add(LOCAL, ClientDetails("Bakker", ("a.nl",), language="nl"))
    tab = chosen(TextKind.MESSAGE, client)
    field = f"text-body-{client}-message-nl"
    assert "Hallo Robin Example," in shown(tab)
    tab.text_area(key=field).input("Nieuw: {address}").run()
    assert "Nieuw: robin.example@a.nl" in shown(tab)
    tab.button(key="save-text").click().run()
    assert not errors(tab)
    assert app.services.handover_texts.message(LOCAL, "kim@a.nl") == "Nieuw: kim@a.nl"
    tab.button(key="reset-text").click().run()
    assert not errors(tab)
    assert "Hallo Robin Example," in shown(tab)
    assert tab.text_area(key=field).value.startswith("Hallo {name}")


def test_what_is_wrong_is_said_at_once_and_what_was_typed_stays(app: App) -> None:
    tab = chosen(TextKind.MAIL)
    field = "text-body-0-mail-en"
    tab.text_area(key=field).input("{addr} {password}").run()
    assert [error.split(":")[0] for error in errors(tab)] == ["Text"] * 3
    tab.button(key="save-text").click().run()
    assert any("no password goes by mail" in error for error in errors(tab))
    tab.selectbox(key="texts-kind").set_value("Letter").run()
    tab.selectbox(key="texts-kind").set_value("Mail").run()
    assert tab.text_area(key=field).value == "{addr} {password}"
    assert not app.services.handover_texts.get(LOCAL, ALL_CLIENTS, TextKind.MAIL, "en").is_own


def test_the_letterhead_is_saved_and_shown_on_the_letter(app: App) -> None:
    held = io.BytesIO()
    Image.new("RGB", (100, 40)).save(held, "PNG")
    tab = page("texts")
    tab.text_input(key="agency-0-0.0").input("Bergmann")
    tab.text_input(key="help-0-0.0").input("help@bergmann.test")
    tab.file_uploader(key="logo-0-0.0").upload("logo.png", held.getvalue()).run()
    tab.button(key="save-letterhead").click().run()
    assert not errors(tab)
    head = app.services.handover_texts.letterhead(LOCAL, ALL_CLIENTS).letterhead
    assert (head.agency, head.help_address, head.logo) == ("Bergmann", "help@bergmann.test", held.getvalue())
    assert "Bergmann" in shown(tab)


def test_a_logo_that_is_no_picture_is_refused(app: App) -> None:
    tab = page("texts")
    tab.file_uploader(key="logo-0-0.0").upload("logo.png", b"no picture").run()
    tab.button(key="save-letterhead").click().run()
    assert any("no PNG or JPEG" in error for error in errors(tab))
