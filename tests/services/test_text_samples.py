"""Samples of texts as they are typed: the letter as it prints, and the mail as it leaves."""

from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden
from mxlib.core.handover.stationery import Letterhead
from mxlib.core.handover.texts import Text, TextKind
from mxlib.mail.message import InvalidRecipient, Parts
from mxlib.services.exports import NotFound
from mxlib.services.handover_texts import ALL_CLIENTS, InvalidText
from mxlib.services.text_samples import MAX_TYPED
from tests.support.app import App, opened

KIM, BOSS = Caller("kim", domains={}), Caller("boss", admin=True)
TO = "you@agency.example"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with opened(tmp_path) as made:
        yield made


def printed(pdf: bytes) -> str:
    return str(pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range())


def newest(app: App) -> Parts:
    outbox = app.services.outbox
    return outbox.read(LOCAL, outbox.list_all(LOCAL)[0].id)


def test_a_letter_has_the_text_as_it_is_typed_and_nobody_elses(app: App) -> None:
    samples = app.services.text_samples
    typed = samples.keep(LOCAL, Text("Typed for {address} in {own:Room}."))
    assert "Typed for robin.example@example.com in Room." in printed(samples.letter(LOCAL, ALL_CLIENTS, "en", typed))
    assert "Your mailbox robin.example@example.com is ready." in printed(samples.letter(LOCAL, ALL_CLIENTS, "en"))
    assert samples.keep(LOCAL, Text("Typed for {address} in {own:Room}.")) == typed
    for caller, number in ((BOSS, typed), (LOCAL, "0" * 32)):
        with pytest.raises(NotFound):
            samples.letter(caller, ALL_CLIENTS, "en", number)
    with pytest.raises(Forbidden):
        samples.letter(KIM, ALL_CLIENTS, "en", typed)
    with pytest.raises(InvalidText):
        samples.letter(LOCAL, ALL_CLIENTS, "en", samples.keep(LOCAL, Text("No address")))


def test_nobody_but_an_admin_keeps_a_typed_text(app: App) -> None:
    with pytest.raises(Forbidden, match="Ask an admin"):
        app.services.text_samples.keep(KIM, Text("For {address}"))


def test_the_oldest_typed_text_makes_room(app: App) -> None:
    samples = app.services.text_samples
    first = samples.keep(LOCAL, Text("For {address}"))
    for number in range(MAX_TYPED):
        samples.keep(LOCAL, Text(f"{number} for {{address}}"))
    with pytest.raises(NotFound):
        samples.letter(LOCAL, ALL_CLIENTS, "en", first)


def test_a_text_leaves_as_a_mail_before_it_is_saved(app: App) -> None:
    texts, samples = app.services.handover_texts, app.services.text_samples
    head = texts.letterhead(LOCAL, ALL_CLIENTS)
    texts.save_letterhead(LOCAL, ALL_CLIENTS, Letterhead("Bergmann", "help@a.test"), before=head)
    typed = Text("Typed for {name}, {address}.\n\nHelp: {help}\n{agency}", "Mailbox {address}")
    said = samples.send_mail(LOCAL, ALL_CLIENTS, TextKind.MAIL, "de", typed, TO)
    assert TO in said
    mail = newest(app)
    assert mail.subject == "Mailbox robin.example@example.com"
    assert "Typed for Robin Example, robin.example@example.com." in mail.text
    assert "Help: help@a.test\r\nBergmann" in mail.text
    assert "automatisch verschickt" in mail.text
    assert "Example-Password-1" not in mail.text + mail.html


@pytest.mark.parametrize("kind", [TextKind.LINK, TextKind.RESET])
def test_a_mail_with_a_link_leaves_with_one_that_opens_nothing(app: App, kind: TextKind) -> None:
    text = app.services.handover_texts.get(LOCAL, ALL_CLIENTS, kind, "en").text
    app.services.text_samples.send_mail(LOCAL, ALL_CLIENTS, kind, "en", text, TO)
    assert "an-example-of-a-link" in newest(app).text


def test_a_wrong_text_or_recipient_sends_nothing(app: App) -> None:
    send = app.services.text_samples.send_mail
    with pytest.raises(InvalidText):
        send(LOCAL, ALL_CLIENTS, TextKind.MAIL, "en", Text("No address", "Hello"), TO)
    with pytest.raises(InvalidRecipient):
        send(LOCAL, ALL_CLIENTS, TextKind.MAIL, "en", Text("{address}", "Hello"), "nobody")
    with pytest.raises(Forbidden):
        send(KIM, ALL_CLIENTS, TextKind.MAIL, "en", Text("{address}", "Hello"), TO)
    assert app.services.outbox.list_all(LOCAL) == ()
