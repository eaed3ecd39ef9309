"""Which text holds for whom, and who may change it."""

from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.clock import SystemClock
from mxlib.core.clients import ClientDetails
from mxlib.core.handover.stationery import Letterhead
from mxlib.core.handover.texts import Text, TextKind
from mxlib.core.text.standard_texts import STANDARD
from mxlib.core.vocabulary import AuditAction
from mxlib.runs.manager import InvalidState
from mxlib.services.clients import ClientService
from mxlib.services.handover_texts import ALL_CLIENTS, HandoverTexts, InvalidText
from mxlib.store import FILE, Store, audit, stored_columns

KIM = Caller("kim", domains={"a.nl": frozenset({Permission.VIEW})})
OWN, GENERAL = Text("Own: {address} {password}"), Text("General: {address} {password}")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / FILE, SystemClock())


@pytest.fixture
def service(store: Store) -> HandoverTexts:
    return HandoverTexts(store, SystemClock(), "mail.example.test")


@pytest.fixture
def client(store: Store) -> int:
    return ClientService(store, SystemClock()).add(LOCAL, ClientDetails("A", ("a.nl", "b.nl"), language="nl"))


def save(service: HandoverTexts, client: int, text: Text, language: str = "nl") -> None:
    before = service.get(LOCAL, client, TextKind.MESSAGE, language)
    service.save(LOCAL, client, TextKind.MESSAGE, language, text, before=before)


def body(service: HandoverTexts, domain: str, language: str = "") -> str:
    return service.stationery(TextKind.MESSAGE, [domain], language=language)[domain].text.body


def test_letters_name_the_settings_page_where_the_public_pages_have_a_host(store: Store, client: int) -> None:
    of = {
        url: HandoverTexts(store, SystemClock(), "mail.example.test", url).stationery(TextKind.LETTER, ["a.nl", "c.nl"])
        for url in ("", "https://password.agency.example/")
    }
    pages = {url: {each.settings_page for each in found.values()} for url, found in of.items()}
    expected = {"https://password.agency.example/mail-settings"}
    assert pages == {"": {""}, "https://password.agency.example/": expected}


def test_a_text_is_looked_up_by_client_then_for_all_then_the_standard_one(service: HandoverTexts, client: int) -> None:
    standard = STANDARD[TextKind.MESSAGE, "nl"].body
    assert body(service, "a.nl") == standard
    save(service, ALL_CLIENTS, GENERAL)
    edited = service.get(LOCAL, client, TextKind.MESSAGE, "nl")
    assert (edited.text, edited.is_own) == (GENERAL, False)
    save(service, client, Text(f"\r\n{OWN.body} \r\n"))
    edited = service.get(LOCAL, client, TextKind.MESSAGE, "nl")
    assert (edited.text, edited.is_own) == (OWN, True)
    assert body(service, "a.nl") == OWN.body
    assert body(service, "b.nl") == OWN.body
    assert body(service, "a.nl", "de") == STANDARD[TextKind.MESSAGE, "de"].body
    assert body(service, "other.nl", "nl") == GENERAL.body
    assert body(service, "other.nl") == STANDARD[TextKind.MESSAGE, "en"].body
    service.reset(LOCAL, client, TextKind.MESSAGE, "nl")
    assert body(service, "a.nl") == GENERAL.body
    service.reset(LOCAL, ALL_CLIENTS, TextKind.MESSAGE, "nl")
    assert body(service, "a.nl") == standard


def test_a_blank_letterhead_takes_that_of_all_clients(service: HandoverTexts, client: int) -> None:
    general = service.letterhead(LOCAL, ALL_CLIENTS)
    service.save_letterhead(LOCAL, ALL_CLIENTS, Letterhead("Agency", "help@x.nl"), before=general, language="fr")
    service.save_letterhead(LOCAL, client, Letterhead(" A  B "), before=service.letterhead(LOCAL, client))
    found = service.stationery(TextKind.LETTER, ["a.nl", "other.nl"])
    assert (found["a.nl"].letterhead, found["a.nl"].language) == (Letterhead("A B", "help@x.nl"), "nl")
    assert (found["other.nl"].letterhead.agency, found["other.nl"].language) == ("Agency", "fr")
    for wrong in (Letterhead("a" * 201), Letterhead(help_address="a\x07"), Letterhead(logo=b"no picture")):
        with pytest.raises(InvalidText):
            service.save_letterhead(LOCAL, client, wrong, before=service.letterhead(LOCAL, client))


def test_a_message_has_the_name_and_asks_for_the_permission(service: HandoverTexts, store: Store, client: int) -> None:
    with store.write() as tx:
        stored_columns.put(tx, "name", "a.nl", "kim", "Kim Jansen", 1.0)
    text = service.message(KIM, "kim@a.nl", password="Secret-1a")
    assert "Kim Jansen" in text
    assert "Secret-1a" in text
    assert "dat ontvangt u apart" in service.message(KIM, "kim@a.nl")
    with pytest.raises(Forbidden):
        service.message(KIM, "kim@b.nl")


def test_only_admins_see_and_change_texts(service: HandoverTexts, client: int) -> None:
    before, head = service.get(LOCAL, client, TextKind.MESSAGE, "nl"), service.letterhead(LOCAL, client)
    for act in (
        lambda: service.get(KIM, client, TextKind.MESSAGE, "nl"),
        lambda: service.save(KIM, client, TextKind.MESSAGE, "nl", OWN, before=before),
        lambda: service.reset(KIM, client, TextKind.MESSAGE, "nl"),
        lambda: service.letterhead(KIM, client),
        lambda: service.save_letterhead(KIM, client, Letterhead("X"), before=head),
        lambda: service.check(KIM, client, TextKind.MESSAGE, OWN),
        lambda: service.preview(KIM, client, TextKind.MESSAGE, "nl", OWN),
        lambda: service.sample_letter(KIM, client, "nl", OWN),
        lambda: service.sample_mail(KIM, client, TextKind.MAIL, "nl", OWN),
    ):
        with pytest.raises(Forbidden):
            act()


def test_a_wrong_or_outdated_text_is_not_stored(service: HandoverTexts, client: int) -> None:
    before = service.get(LOCAL, client, TextKind.MESSAGE, "nl")
    with pytest.raises(InvalidText, match="address"):
        save(service, client, Text("Hello"))
    save(service, client, OWN)
    with pytest.raises(InvalidState, match="changed it"):
        service.save(LOCAL, client, TextKind.MESSAGE, "nl", GENERAL, before=before)
    assert body(service, "a.nl") == OWN.body
    head = service.letterhead(LOCAL, client)
    service.save_letterhead(LOCAL, client, Letterhead("First"), before=head)
    with pytest.raises(InvalidState, match="changed it"):
        service.save_letterhead(LOCAL, client, Letterhead("Second"), before=head)
    assert service.letterhead(LOCAL, client).letterhead.agency == "First"
    for wrong in ((client, "xx"), (99, "nl")):
        with pytest.raises(InvalidState):
            service.get(LOCAL, wrong[0], TextKind.MESSAGE, wrong[1])


def test_a_letter_for_print_is_checked_against_the_page(service: HandoverTexts, client: int) -> None:
    assert service.check(LOCAL, client, TextKind.LETTER, Text("{address}" + "\nx" * 20))
    assert service.sample_letter(LOCAL, client, "nl", Text("For {address}")).startswith(b"%PDF")
    with pytest.raises(InvalidText):
        service.sample_letter(LOCAL, client, "nl", Text("No address"))
    shown = service.preview(LOCAL, client, TextKind.LETTER, "nl", Text("For {address}"))
    assert shown.text.body == f"For {shown.person.address}"
    assert shown.person.address.endswith("@a.nl")


def test_changes_are_audited_and_go_with_the_client(service: HandoverTexts, store: Store, client: int) -> None:
    save(service, client, OWN)
    service.save_letterhead(LOCAL, client, Letterhead("X"), before=service.letterhead(LOCAL, client))
    service.reset(LOCAL, client, TextKind.MESSAGE, "nl")
    service.reset(LOCAL, client, TextKind.MESSAGE, "nl")
    with store.read() as tx:
        entries = audit.find(tx, audit.AuditFilter(what="client", client=client))
    assert [(entry.what, entry.on) for entry in entries[:3]] == [
        (AuditAction.TEXT_RESET, "A"), (AuditAction.LETTERHEAD_CHANGE, "A"), (AuditAction.TEXT_CHANGE, "A"),
    ]  # fmt: skip
    ClientService(store, SystemClock()).delete(LOCAL, client)
    with store.read() as tx:
        for name in ("handover_text", "letterhead"):
            assert tx.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar() == 0
