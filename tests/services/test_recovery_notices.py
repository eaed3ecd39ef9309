"""Mails to former recovery emails: who gets one, who does not, and how they are left out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.clients import LANGUAGES, ClientDetails
from mxlib.core.plans.changes import NewStored
from mxlib.core.vocabulary import AuditAction, OnExisting
from mxlib.mail.message import read_parts
from mxlib.services.changes import ChangeProposal
from mxlib.services.imports import PreparedImport
from mxlib.store import outbox, stored_columns
from tests.support.app import App, opened
from tests.support.audit_entries import audit_entries
from tests.support.threaded_runs import ShiftedClock

OLD, NEW = "old.nina@mail.example", "new.nina@mail.example"


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock) as made:
        made.have("nina@a.nl", "tess@a.nl", "kim@a.nl", "bo@b.nl")
        with made.services.store.write() as tx:
            for domain, username in (("a.nl", "nina"), ("a.nl", "tess"), ("b.nl", "bo")):
                email = f"old.{username}@mail.example"
                stored_columns.put(tx, "recovery_email", domain, username, email, clock.now())
        made.services.self_service.switch(LOCAL, "a.nl", on=True)
        yield made


def sent(app: App) -> list[tuple[str, str]]:
    """Let the background work; return recipient and subject of each mail so far, the oldest first."""
    app.services.self_service.work()
    app.services.outbox.send_due()
    with app.services.store.read() as tx:
        found = reversed(outbox.newest(tx, 100))
        contents = [(each.recipient, outbox.content(app.services.store.key, each) or b"") for each in found]
    return [(to, read_parts(content).subject) for to, content in contents if content]


def texts(app: App, to: str) -> list[str]:
    with app.services.store.read() as tx:
        found = [each for each in reversed(outbox.newest(tx, 100)) if each.recipient == to]
        return [read_parts(outbox.content(app.services.store.key, each) or b"").text for each in found]


def sets(app: App, address: str, email: str) -> None:
    username, _, domain = address.partition("@")
    app.services.mailboxes.set_stored(LOCAL, domain, username, "recovery_email", email)


def test_a_change_by_hand_goes_to_the_old_address_and_a_first_one_to_nobody(app: App) -> None:
    sets(app, "nina@a.nl", NEW)
    sets(app, "tess@a.nl", "")
    sets(app, "kim@a.nl", "kim@mail.example")
    sets(app, "bo@b.nl", "bo@mail.example")  # it is off there
    sets(app, "nina@a.nl", NEW)  # nothing changed
    assert sent(app) == [
        (OLD, "The recovery email of nina@a.nl was changed"),
        ("old.tess@mail.example", "The recovery email of tess@a.nl was changed"),
    ]
    (text,) = texts(app, OLD)
    assert "until then" in text.lower()
    assert NEW not in text
    assert "mxm" not in text.lower()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notes_are_in_the_language_of_the_client(app: App, language: str) -> None:
    details = ClientDetails("Bakker", ("a.nl",), language=language, self_service=True)
    app.services.clients.add(LOCAL, details)
    sets(app, "nina@a.nl", NEW)
    app.services.self_service.request("nina@a.nl", "192.0.2.1")
    assert [to for to, _ in sent(app)] == [NEW, OLD, OLD]
    mailed = {*texts(app, OLD), *texts(app, NEW)}
    assert len(mailed) == 3
    assert all("{" not in text for text in mailed)
    english = "recovery email"
    assert all((english in text) == (language == "en") for text in mailed)


def test_a_reset_within_a_day_of_a_change_mentions_it_to_both_addresses(app: App, clock: ShiftedClock) -> None:
    sets(app, "nina@a.nl", NEW)
    sent(app)
    app.services.self_service.request("nina@a.nl", "192.0.2.1")
    assert sent(app)[1:] == [(NEW, "A new password for nina@a.nl"), (OLD, "A new password was requested for nina@a.nl")]
    assert "changed within the last 24 hours" in texts(app, NEW)[0]
    assert "/password/" not in texts(app, OLD)[1]
    app.services.self_service.request("nina@a.nl", "192.0.2.1")
    assert len(sent(app)) == 4  # the same link again: the former address gets one notice a link
    clock.ahead += 86_401
    app.services.self_service.request("nina@a.nl", "192.0.2.1")
    assert [to for to, _ in sent(app)[4:]] == [NEW]
    assert "24 hours" not in texts(app, NEW)[2]


def test_where_it_was_off_a_reset_within_a_day_still_says_that_the_address_is_new(app: App) -> None:
    sets(app, "bo@b.nl", "bo@mail.example")
    app.services.self_service.switch(LOCAL, "b.nl", on=True)
    app.services.self_service.request("bo@b.nl", "192.0.2.1")
    assert [to for to, _ in sent(app)] == ["bo@mail.example", "old.bo@mail.example"]


def proposed(app: App, *addresses: str) -> PreparedImport:
    lines = "".join(f"{address},new.{address.partition('@')[0]}@mail.example\r\n" for address in addresses)
    content = f"email,recovery_email\r\n{lines}".encode()
    batch = app.services.files.batch_from_file(content, "staff.csv", "a.nl", on_existing=OnExisting.UPDATE)
    imports = app.services.imports
    return imports.confirm(LOCAL, batch, before=imports.validate(LOCAL, batch))


EVERYBODY = ("nina@a.nl", "tess@a.nl", "kim@a.nl", "bo@b.nl")


def test_an_import_counts_and_sends_the_notices(app: App) -> None:
    ready = proposed(app, *EVERYBODY)
    assert ready.notices == 2
    app.ended(app.services.imports.carry_out(LOCAL, ready, days=7))
    assert {to for to, _ in sent(app)} == {OLD, "old.tess@mail.example"}


def test_an_import_may_leave_the_mails_out_which_is_audited(app: App) -> None:
    run = app.services.imports.carry_out(LOCAL, proposed(app, *EVERYBODY), days=7, sends_notices=False)
    app.ended(run)
    assert sent(app) == []
    with app.services.store.read() as tx:
        assert stored_columns.of_mailbox(tx, "a.nl", "nina")["recovery_email"] == NEW
    assert left_out(app) == [(run, "2 people")]
    app.services.self_service.request("nina@a.nl", "192.0.2.1")
    assert [to for to, _ in sent(app)] == [NEW, OLD]  # a reset within a day says so even then


def test_a_change_of_several_counts_tells_and_may_leave_it_out(app: App) -> None:
    changes = app.services.changes

    def proposal(made: str) -> ChangeProposal:
        values = {address: f"{made}.{address[:2]}@mail.example" for address in EVERYBODY}
        return changes.plan(LOCAL, EVERYBODY, NewStored(values))

    first = proposal("one")
    assert first.notices == 2
    app.ended(changes.carry_out(LOCAL, first, days=7).run or 0)
    assert len(sent(app)) == 2
    second = proposal("two")
    assert second.notices == 3
    run = changes.carry_out(LOCAL, second, days=7, sends_notices=False).run or 0
    app.ended(run)
    assert len(sent(app)) == 2
    assert left_out(app) == [(run, "3 people")]


def left_out(app: App) -> list[tuple[int | None, str]]:
    with app.services.store.read() as tx:
        entries = audit_entries(tx)
    return [(each["run"], each["outcome"]) for each in entries if each["what"] == AuditAction.NOTICES_LEFT_OUT]


def test_an_undo_of_a_run_tells_the_address_that_the_run_set(app: App) -> None:
    run = app.services.imports.carry_out(LOCAL, proposed(app, "nina@a.nl"), days=7)
    app.ended(run)
    undo = app.services.undo.look(LOCAL, run)
    app.ended(app.services.undo.start(LOCAL, run, undo.typed))
    assert [to for to, _ in sent(app)] == [OLD, NEW]


def test_a_deleted_mailbox_leaves_nobody_to_tell(app: App) -> None:
    sets(app, "nina@a.nl", NEW)
    app.services.mailboxes.delete(LOCAL, "a.nl", "nina")
    assert sent(app) == []
