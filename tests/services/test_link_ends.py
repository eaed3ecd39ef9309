"""Links end with whatever makes them wrong: by hand, in runs, by lists, and by time."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.links import LinkEnd, LinkPurpose, LinkStatus, PageState
from mxlib.core.password_rules import PasswordProblem
from mxlib.core.vocabulary import Action, RunKind
from mxlib.mxroute.protocol import Request
from mxlib.runs.manager import InvalidState
from mxlib.services.confirmed_writes import OutcomeUnknown
from mxlib.services.manual_write_outcomes import decide_outcome, note_settled
from mxlib.store import clock_guard, manual_writes, stored_columns
from mxlib.store import links as kept
from mxlib.store.links import NewLink
from tests.support.app import opened
from tests.support.links import NEW, LinkDesk
from tests.support.simulation import plan, row
from tests.support.threaded_runs import ShiftedClock, until

PRIVATE = "nina@mail.example"


@pytest.fixture
def desk(tmp_path: Path, clock: ShiftedClock) -> Iterator[LinkDesk]:
    with opened(tmp_path, clock) as app:
        desk = LinkDesk(app)
        desk.have(nina=PRIVATE, tess="tess@mail.example")
        desk.start("nina@a.nl", "tess@a.nl")
        desk.send()
        yield desk


def ended(desk: LinkDesk, username: str = "nina") -> tuple[str, bool]:
    """Return why the newest link of a mailbox ended, and whether anything of its token is left."""
    with desk.app.services.store.read() as tx:
        record = kept.of_mailbox(tx, "a.nl", username, 1)[0]
    return record.end, record.sealed_token is not None


def run(desk: LinkDesk, kind: RunKind, **changes: Any) -> None:
    """Carry out a run of one row for nina."""
    planned = replace(row(0, username="nina", domain="a.nl", **changes), position=0)
    runs = desk.app.services.runs
    number = runs.start(LOCAL, replace(plan(planned, name="x"), kind=kind), days=7)
    until(lambda: (view := runs.get(LOCAL, number)) is not None and view.finished_at is not None)


def remove(desk: LinkDesk) -> None:
    desk.app.services.mailboxes.delete(LOCAL, "a.nl", "nina")


def set_password(desk: LinkDesk) -> None:
    desk.app.services.mailboxes.update(LOCAL, "a.nl", "nina", {"password": NEW})


def lock(desk: LinkDesk) -> None:
    desk.app.services.mailboxes.lock(LOCAL, "a.nl", "nina")


def set_recovery(desk: LinkDesk) -> None:
    desk.app.services.mailboxes.set_stored(LOCAL, "a.nl", "nina", "recovery_email", "other@mail.example")


def remove_recovery(desk: LinkDesk) -> None:
    desk.app.services.mailboxes.set_stored(LOCAL, "a.nl", "nina", "recovery_email", "")


def run_password(desk: LinkDesk) -> None:
    run(desk, RunKind.CHANGE, action=Action.UPDATE, password=NEW, quota=None, limit=None)


def run_recovery(desk: LinkDesk) -> None:
    other = "other@mail.example"
    run(desk, RunKind.CHANGE, action=Action.UPDATE, password="", quota=None, limit=None, recovery_email=other)


def run_lock(desk: LinkDesk) -> None:
    run(desk, RunKind.CHANGE, action=Action.LOCK, password="", quota=None, limit=None)


def run_deletion(desk: LinkDesk) -> None:
    run(desk, RunKind.DELETE, action=Action.DELETE, password="", quota=None, limit=None)


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (set_password, LinkEnd.PASSWORD_SET),
        (set_recovery, LinkEnd.RECOVERY_EMAIL_CHANGED),
        (remove_recovery, LinkEnd.RECOVERY_EMAIL_CHANGED),
        (lock, LinkEnd.LOCKED),
        (remove, LinkEnd.DELETED),
        (run_password, LinkEnd.PASSWORD_SET),
        (run_recovery, LinkEnd.RECOVERY_EMAIL_CHANGED),
        (run_lock, LinkEnd.LOCKED),
        (run_deletion, LinkEnd.DELETED),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_what_changes_a_mailbox_ends_its_links_and_no_others(
    desk: LinkDesk, act: Callable[[LinkDesk], None], code: LinkEnd
) -> None:
    token = desk.token(PRIVATE)
    act(desk)
    assert ended(desk) == (code, False)
    assert ended(desk, "tess") == ("", True)
    writes = desk.app.host.writes()
    result = desk.use(token, "Winter.in.Gent.10")
    assert (result.done, result.state, desk.app.host.writes()) == (False, PageState.ENDED, writes)


@pytest.mark.parametrize("fault", ["lost_before", "lost_after"])
def test_a_password_without_an_answer_ends_links_once_it_counts_as_done(
    desk: LinkDesk, clock: ShiftedClock, fault: str
) -> None:
    desk.app.host.goes_wrong(fault, count=2)
    with pytest.raises(OutcomeUnknown):
        set_password(desk)
    assert ended(desk) == ("", True)
    assert desk.use(desk.token(PRIVATE)).problems == (PasswordProblem.BUSY,)
    desk.app.host.goes_wrong(fault, count=0)
    clock.ahead += 61
    desk.app.services.manual_writes.settle()
    assert ended(desk) == (LinkEnd.PASSWORD_SET, False)
    assert ended(desk, "tess") == ("", True)


def test_a_password_without_an_answer_ends_no_link_while_it_is_not_done(desk: LinkDesk, clock: ShiftedClock) -> None:
    desk.app.host.goes_wrong("lost_before", count=2)
    with pytest.raises(OutcomeUnknown):
        set_password(desk)
    with desk.app.services.store.read() as tx:
        [write] = manual_writes.find_open(tx)
        assert decide_outcome(tx, write, None)[0] is False
    with desk.app.services.store.write() as tx:
        note_settled(tx, clock.now(), write, done=False, why="no answer came")
    assert ended(desk) == ("", True)


def test_a_quota_without_an_answer_ends_no_link(desk: LinkDesk, clock: ShiftedClock) -> None:
    desk.app.host.goes_wrong("lost_before", on="any", count=4)
    with pytest.raises(OutcomeUnknown):
        desk.app.services.mailboxes.update(LOCAL, "a.nl", "nina", {"quota": 2_048})
    desk.app.host.goes_wrong("lost_before", count=0)
    clock.ahead += 61
    desk.app.services.manual_writes.settle()
    assert ended(desk) == ("", True)


def test_what_changes_nothing_of_this_leaves_links_alone(desk: LinkDesk) -> None:
    mailboxes = desk.app.services.mailboxes
    mailboxes.update(LOCAL, "a.nl", "nina", {"quota": 2_048})
    mailboxes.update(LOCAL, "a.nl", "nina", {"name": "Nina Berg"})
    mailboxes.set_stored(LOCAL, "a.nl", "nina", "recovery_email", PRIVATE)
    run(desk, RunKind.CHANGE, action=Action.UPDATE, password="", quota=4_096, limit=None)
    assert ended(desk) == ("", True)
    assert desk.use(desk.token(PRIVATE)).done


def test_a_mailbox_that_was_made_again_has_none_of_the_links_before(desk: LinkDesk) -> None:
    remove(desk)
    desk.app.services.mailboxes.create(LOCAL, "a.nl", {"username": "nina", "password": NEW, "recovery_email": PRIVATE})
    assert ended(desk) == (LinkEnd.DELETED, False)
    desk.start("nina@a.nl")
    run(desk, RunKind.DELETE, action=Action.DELETE, password="", quota=None, limit=None)
    assert ended(desk) == (LinkEnd.DELETED, False)


def test_a_mailbox_that_others_made_again_has_none_of_the_links_before(desk: LinkDesk, clock: ShiftedClock) -> None:
    boxes = desk.app.host.sandbox.account.domains["a.nl"]
    box = boxes.pop("nina")
    clock.ahead += 60
    desk.look()
    assert ended(desk) == ("", True)
    boxes["nina"] = box
    clock.ahead += 60
    desk.look()
    assert ended(desk) == (LinkEnd.RECREATED, False)


def test_a_planned_link_leaves_the_living_one_until_it_is_made(desk: LinkDesk, clock: ShiftedClock) -> None:
    earlier = desk.token(PRIVATE)
    at = clock.now() + 3_600
    first = desk.start("nina@a.nl", send_at=at)
    second = desk.start("nina@a.nl", send_at=at)
    assert desk.statuses(first) == {"nina@a.nl": LinkStatus.REVOKED}  # another planned one took its place
    desk.send()
    assert desk.services.password_links.open(earlier, opened=False).state is PageState.LIVING
    assert len(desk.mails()) == 2
    clock.ahead += 3_601
    desk.send()
    assert desk.services.password_links.open(earlier, opened=False).state is PageState.ENDED
    assert desk.statuses(second) == {"nina@a.nl": LinkStatus.SENT}
    assert desk.use(desk.token(PRIVATE)).done


def test_a_planned_link_ends_when_the_living_one_is_used(desk: LinkDesk, clock: ShiftedClock) -> None:
    number = desk.start("nina@a.nl", send_at=clock.now() + 3_600)
    assert desk.use(desk.token(PRIVATE)).done
    assert desk.statuses(number) == {"nina@a.nl": LinkStatus.SET}
    assert ended(desk) == (LinkEnd.PASSWORD_SET, False)
    mails = len(desk.mails())
    clock.ahead += 3_601
    desk.services.link_maker.work()
    assert len(desk.mails()) == mails


def test_a_planned_link_is_looked_at_again_before_it_is_sent(desk: LinkDesk, clock: ShiftedClock) -> None:
    number = desk.start("nina@a.nl", "tess@a.nl", send_at=clock.now() + 3_600, valid_from=clock.now() + 7_200)
    before = len(desk.mails())
    desk.send()
    assert (len(desk.mails()), set(desk.statuses(number).values())) == (before, {LinkStatus.PLANNED})
    lock(desk)
    with desk.app.services.store.write() as tx:
        stored_columns.put(tx, "recovery_email", "a.nl", "tess", "silent@mail.example", clock.now())
    clock.ahead += 3_601
    desk.send()
    assert len(desk.mails()) == before
    assert (ended(desk)[0], ended(desk, "tess")[0]) == (LinkEnd.LOCKED, LinkEnd.RECOVERY_EMAIL_CHANGED)
    assert desk.services.sent_links.board(LOCAL, number).to_remind == ()


def test_a_new_link_is_offered_to_those_who_may_get_one(desk: LinkDesk) -> None:
    """A lock, a link for a letter, and one that lives."""
    sent = desk.services.sent_links
    number = desk.start(*desk.have(anna="anna@mail.example", jan="", kim="kim@mail.example"), without_mail=True)
    desk.send()
    anna, jan, kim = sent.board(LOCAL, number).people
    for each in (anna, jan):
        sent.revoke(LOCAL, each.id)
    assert [each.address for each in sent.board(LOCAL, number).to_send_again] == [anna.address, jan.address]
    for each in (anna, kim):
        desk.services.mailboxes.lock(LOCAL, "a.nl", each.address.partition("@")[0])
    assert [each.address for each in sent.board(LOCAL, number).to_send_again] == [jan.address]


def test_a_link_holds_from_its_day_until_its_end(desk: LinkDesk, clock: ShiftedClock) -> None:
    clock.ahead -= 1.0
    number = desk.start("nina@a.nl", valid_from=clock.now() + 86_400, expires_days=1)
    desk.send()
    token = desk.token(PRIVATE)
    assert "The link works from" in desk.mails()[-1][1].text
    assert desk.use(token).state is PageState.NOT_YET
    clock.ahead += 86_401
    assert desk.services.password_links.open(token, opened=False).state is PageState.LIVING
    clock.ahead += 86_400
    assert desk.use(token).state is PageState.EXPIRED
    assert desk.statuses(number) == {"nina@a.nl": LinkStatus.EXPIRED}
    desk.services.link_maker.work()
    assert ended(desk) == ("", True), "the clock may be wrong"
    clock.ahead += clock_guard.HELD_S + 1
    desk.services.link_maker.work()
    assert ended(desk) == (LinkEnd.EXPIRED, False)
    assert desk.use(token).state is PageState.EXPIRED


def test_one_used_link_ends_the_other_of_its_mailbox(desk: LinkDesk) -> None:
    invite = desk.token(PRIVATE)
    desk.app.services.self_service.switch(LOCAL, "a.nl", on=True)
    desk.app.services.self_service.request("nina@a.nl", "192.0.2.1")
    assert desk.app.services.self_service.work().mails == 1
    desk.app.services.outbox.send_due()
    reset = desk.token(PRIVATE)
    assert invite != reset
    assert desk.services.password_links.open(invite, opened=False).state is PageState.LIVING
    assert desk.use(reset).done
    assert desk.use(invite).state is PageState.ENDED
    with desk.app.services.store.read() as tx:
        found = {each.purpose: each.end for each in kept.of_mailbox(tx, "a.nl", "nina", 9)}
    assert found == {LinkPurpose.RESET: LinkEnd.SET, LinkPurpose.INVITE: LinkEnd.PASSWORD_SET}


def test_no_new_link_goes_to_an_address_of_this_account_that_nobody_vouched_for(desk: LinkDesk) -> None:
    [link] = desk.app.services.sent_links.of_mailbox(LOCAL, "a.nl", "nina")
    before = len(desk.mails())
    with desk.app.services.store.write() as tx:
        stored_columns.put(tx, "recovery_email", "a.nl", "nina", "boss@a.nl", 1.0)
    with pytest.raises(InvalidState, match="on this MXroute account"):
        desk.app.services.sent_links.resend(LOCAL, link.id)
    desk.send()
    assert len(desk.mails()) == before


def test_a_mailbox_that_is_made_again_by_hand_or_by_a_run_has_none_of_the_links_before(desk: LinkDesk) -> None:
    boxes, mailboxes = desk.app.host.sandbox.account.domains["a.nl"], desk.app.services.mailboxes
    boxes.pop("nina")
    mailboxes.create(LOCAL, "a.nl", {"username": "nina", "password": NEW})
    assert ended(desk) == (LinkEnd.RECREATED, False)
    desk.look()
    desk.start("nina@a.nl", without_mail=True)
    desk.services.link_maker.work()
    boxes.pop("nina")
    run(desk, RunKind.IMPORT, password=NEW)
    assert ended(desk) == (LinkEnd.RECREATED, False)


def test_a_list_ends_no_link_that_was_sent_since_the_list_before(desk: LinkDesk, clock: ShiftedClock) -> None:
    boxes = desk.app.host.sandbox.account.domains["a.nl"]
    box = boxes.pop("nina")
    clock.ahead += 60
    desk.look()
    boxes["nina"] = box
    clock.ahead += 60
    new = NewLink(LinkPurpose.INVITE, "a.nl", "nina", "", PRIVATE, "en", clock.now(), clock.now(), clock.now() + 86_400)
    with desk.app.services.store.write() as tx:
        kept.add(tx, new, who="kim", at=clock.now())
    clock.ahead += 60
    desk.look()
    assert ended(desk)[0] == ""


def test_a_run_ends_no_link_that_was_sent_since_it_began(desk: LinkDesk, clock: ShiftedClock) -> None:
    desk.app.host.sandbox.account.domains["a.nl"].pop("nina")

    def once(request: Request) -> None:
        if request.kind == "write":
            desk.app.host.waits = lambda _request: None
            clock.ahead += 5
            now = clock.now()
            new = NewLink(LinkPurpose.INVITE, "a.nl", "nina", "", PRIVATE, "en", now, now, now + 86_400)
            with desk.app.services.store.write() as tx:
                kept.add(tx, new, who="kim", at=now)

    desk.app.host.waits = once
    run(desk, RunKind.IMPORT, password=NEW)
    assert desk.app.host.sandbox.account.domains["a.nl"]["nina"].password == NEW
    assert ended(desk)[0] == ""
