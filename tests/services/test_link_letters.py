"""Letters with links: who has one, how each is audited, and which links no letter has."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest

from mxlib.auth.permissions import LOCAL, Caller, NotRecent, Permission
from mxlib.core.links import LinkOptions, LinkPurpose, LinkStatus
from mxlib.core.locks import Lock
from mxlib.core.vocabulary import AuditAction
from mxlib.runs.manager import InvalidState
from mxlib.services import handover_files
from mxlib.services.exports import NotFound
from mxlib.services.handover_files import FileOptions
from mxlib.store import mailbox_locks
from tests.support.app import GOOD, App, opened, trail
from tests.support.links import TOKEN, LinkDesk
from tests.support.threaded_runs import ShiftedClock

KIM = Caller("kim", domains={"a.nl": frozenset({Permission.SUPPORT})})
STRANGER = Caller("lee", domains={"b.nl": frozenset({Permission.SUPPORT})})
USUAL = FileOptions()


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock) as made:
        yield made


@pytest.fixture
def desk(app: App) -> LinkDesk:
    return LinkDesk(app)


def tokens(desk: LinkDesk, run: int, *, caller: Caller = LOCAL, only_unmailed: bool = False) -> dict[str, str]:
    """Print the letters of a run; return the token of each address."""
    file = desk.services.link_letters.make(caller, run, USUAL, only_unmailed=only_unmailed)
    found = {}
    for page in pypdfium2.PdfDocument(file.content):
        text = page.get_textpage().get_text_range()
        address, token = re.search(r"\w+@a\.nl", text), TOKEN.search(re.sub(r"\s", "", text))
        assert address is not None
        assert token is not None
        found[address.group()] = token.group(1)[:43]
    return found


def letters_of(app: App) -> list[str]:
    """Return the addresses whose letters the audit log has."""
    return [on for what, on, _ in trail(app) if what == AuditAction.LINK_LETTER]


def test_a_letter_has_the_living_link_and_each_is_audited(app: App, desk: LinkDesk) -> None:
    run = desk.start(*desk.have(nina="nina@mail.example", tess=""), without_mail=True, caller=KIM)
    assert set(tokens(desk, run, caller=KIM)) == {"tess@a.nl"}  # the other is made when its mail is queued
    desk.send()
    found = tokens(desk, run, caller=KIM)
    assert found["nina@a.nl"] == desk.token("nina@mail.example")
    assert desk.statuses(run) == {"nina@a.nl": LinkStatus.SENT, "tess@a.nl": LinkStatus.MADE}
    assert sorted(letters_of(app)) == ["nina@a.nl", "tess@a.nl", "tess@a.nl"]
    assert all(who == "kim" for what, _, who in trail(app) if what == AuditAction.LINK_LETTER)
    assert set(tokens(desk, run, only_unmailed=True)) == {"tess@a.nl"}
    assert desk.use(found["tess@a.nl"]).done
    assert set(tokens(desk, run)) == {"nina@a.nl"}


def test_letters_of_an_import_have_the_links_that_were_sent_for_it(app: App, desk: LinkDesk) -> None:
    asked = {"default_domain": "a.nl", "rows": [{"username": "nina", "password": GOOD}]}
    imported = app.ended(app.ask("POST", "/imports", asked).json()["data"]["id"])
    plan = desk.services.link_plans.plan(LOCAL, run=imported["id"], options=LinkOptions(without_mail=True))
    desk.services.link_plans.start(LOCAL, plan)
    assert desk.use(tokens(desk, imported["id"])["nina@a.nl"]).done


def test_a_link_that_was_sent_again_or_revoked_or_of_a_locked_mailbox_is_in_no_letter(
    app: App, desk: LinkDesk, clock: ShiftedClock
) -> None:
    run = desk.start(*desk.have(nina="", tess="", max=""), without_mail=True)
    desk.send()
    before, sent = tokens(desk, run), desk.services.sent_links
    of = {each.address: each.id for each in sent.board(LOCAL, run).people}
    sent.resend(LOCAL, of["nina@a.nl"])
    sent.revoke(LOCAL, of["tess@a.nl"])
    with app.services.store.write() as tx:
        mailbox_locks.put(tx, "a.nl", "max", Lock(clock.now(), "kim", ""))
    after = tokens(desk, run)
    assert set(after) == {"nina@a.nl"}
    assert after["nina@a.nl"] != before["nina@a.nl"]
    clock.ahead += 15 * 86_400
    with pytest.raises(InvalidState, match="Nobody gets a letter"):
        tokens(desk, run)


def test_links_that_are_planned_or_reset_or_ask_for_an_address_are_in_no_letter(
    desk: LinkDesk, clock: ShiftedClock
) -> None:
    desk.have(nina="", tess="")
    later = desk.start("nina@a.nl", without_mail=True, send_at=clock.now() + 3_600)
    asking = desk.start("tess@a.nl", purpose=LinkPurpose.RECOVERY_EMAIL)
    desk.send()
    for run in (later, asking):
        assert desk.services.sent_links.board(LOCAL, run).to_print == ()
        with pytest.raises(InvalidState, match="Nobody gets a letter"):
            tokens(desk, run)


def test_letters_with_links_ask_for_the_rights_of_copied_links(desk: LinkDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    run = desk.start(*desk.have(nina=""), without_mail=True, caller=KIM)
    for caller in (STRANGER, Caller("vera", domains={"a.nl": frozenset({Permission.VIEW})})):
        with pytest.raises(NotFound):
            tokens(desk, run, caller=caller)
    with pytest.raises(NotRecent):
        tokens(desk, run, caller=replace(KIM, recent=False))
    monkeypatch.setattr(handover_files, "MAX_LETTERS", 0)
    with pytest.raises(InvalidState, match="more than the 0 of one file"):
        tokens(desk, run, caller=KIM)
    assert desk.statuses(run) == {"nina@a.nl": LinkStatus.PLANNED}
