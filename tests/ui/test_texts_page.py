"""The page of texts: what is typed is checked and previewed at once, and only saved when it is sound."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL
from mxlib.core.clients import ClientDetails
from mxlib.core.handover.stationery import Letterhead
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
    tab.text_input(key="text-subject-0-mail-en").input("{nobody}").run()
    said = errors(tab)
    assert [error.split(":")[0] for error in said] == ["Subject", "Text", "Text", "Text"]
    for key in ("save-text", "text-test"):
        tab.button(key=key).click().run()
        assert errors(tab) == said, "Each is said once, below its field."
    assert app.services.outbox.list_all(LOCAL) == ()
    tab.selectbox(key="texts-kind").set_value("Letter").run()
    tab.selectbox(key="texts-kind").set_value("Mail").run()
    assert tab.text_area(key=field).value == "{addr} {password}"
    assert not app.services.handover_texts.get(LOCAL, ALL_CLIENTS, TextKind.MAIL, "en").is_own


def test_what_is_typed_leaves_as_a_mail_before_it_is_saved(app: App) -> None:
    tab = chosen(TextKind.MAIL)
    tab.text_area(key="text-body-0-mail-en").input("Typed: {address}\n{help}").run()
    assert any("the line with {help}" in plain(caption.value) for caption in tab.caption)
    tab.text_input(key="text-test-to").input("nobody").run()
    tab.button(key="text-test").click().run()
    assert any("is not an email address" in error for error in errors(tab))
    tab.text_input(key="text-test-to").input("you@agency.example").run()
    tab.button(key="text-test").click().run()
    [mail] = app.services.outbox.list_all(LOCAL)
    assert mail.to == "you@agency.example"
    assert "Typed: robin.example@example.com" in app.services.outbox.read(LOCAL, mail.id).text


def test_the_sample_letter_is_of_what_is_typed(app: App) -> None:
    tab = chosen(TextKind.LETTER)
    field = "text-body-0-letter-en"
    tab.text_area(key=field).input("For {salutation} {name} in {own:Room}: {address}").run()
    assert "For Ms Robin Example in Room: robin.example@example.com" in shown(tab)
    [address] = re.findall(r"/texts/0/en/letter\.pdf\?typed=(\w+)", str([each.proto for each in tab.get("html")]))
    letter = app.services.text_samples.letter(LOCAL, ALL_CLIENTS, "en", address)
    assert "For Ms Robin Example in Room" in pypdfium2.PdfDocument(letter)[0].get_textpage().get_text_range()
    tab.text_area(key=field).input("No address").run()
    assert "letter.pdf" not in str([each.proto for each in tab.get("html")])


def test_a_client_may_have_letters_without_a_logo(app: App) -> None:
    client = app.services.clients.add(LOCAL, ClientDetails("Bakker", ("a.nl",), language="nl"))
    texts = app.services.handover_texts
    held = io.BytesIO()
    Image.new("RGB", (100, 40)).save(held, "PNG")
    general = texts.letterhead(LOCAL, ALL_CLIENTS)
    texts.save_letterhead(LOCAL, ALL_CLIENTS, Letterhead("Agency", logo=held.getvalue()), before=general)
    tab = chosen(TextKind.LETTER, client)
    tab.checkbox(key=f"without-logo-{client}-0.0").check().run()
    tab.button(key="save-letterhead").click().run()
    assert not errors(tab)
    assert texts.letterhead(LOCAL, client).letterhead == Letterhead(without_logo=True)
    found = texts.stationery(TextKind.LETTER, ["a.nl", "other.nl"])
    assert [found[domain].letterhead.logo for domain in ("a.nl", "other.nl")] == [b"", held.getvalue()]
    assert found["a.nl"].letterhead.agency == "Agency"


def test_an_address_for_help_that_nobody_can_use_is_refused(app: App) -> None:
    tab = page("texts")
    tab.text_input(key="help-0-0.0").input("help@bergmann").run()
    tab.button(key="save-letterhead").click().run()
    assert any("no email address" in error for error in errors(tab))
    assert app.services.handover_texts.letterhead(LOCAL, ALL_CLIENTS).letterhead == Letterhead()


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
