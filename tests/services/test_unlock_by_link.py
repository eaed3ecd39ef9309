"""Unlock by a link: the lock ends at once, and nobody knows the password until the owner sets one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.links import LinkEnd, LinkOptions, LinkRefusal, LinkStatus
from mxlib.core.plans.changes import LaterDeletion
from mxlib.core.vocabulary import Action, AuditAction
from mxlib.runs.manager import InvalidState
from mxlib.services.confirmed_writes import OutcomeUnknown
from mxlib.services.exports import NotFound
from mxlib.services.manual_writes import MailboxLocked
from mxlib.store import dated_deletions, known_passwords, manual_writes
from mxlib.store import links as kept
from tests.support.app import App, data, opened, refused, trail
from tests.support.links import NEW, LinkDesk
from tests.support.threaded_runs import ShiftedClock

KIM = Caller("kim", domains={"a.nl": frozenset({Permission.SUPPORT})})
VIEWER = Caller("vera", domains={"a.nl": frozenset({Permission.VIEW})})
PRIVATE = "nina@mail.example"
UNLOCK = "/domains/a.nl/email-accounts/nina/unlock"
UNLOCKS = LinkOptions(unlocks=True)


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock) as made:
        yield made


@pytest.fixture
def desk(app: App) -> LinkDesk:
    """Return a desk with nina, who is locked."""
    desk = LinkDesk(app)
    desk.have(nina=PRIVATE, tess="tess@mail.example")
    app.services.mailboxes.lock(LOCAL, "a.nl", "nina", "left us")
    return desk


def lock_of(app: App) -> object:
    return app.services.mailboxes.read(LOCAL, "a.nl", "nina").lock


def test_the_lock_ends_and_nothing_is_set_before_the_owner_sets_it(app: App, desk: LinkDesk) -> None:
    unknown, writes = desk.password("nina@a.nl"), app.host.writes()
    run = desk.services.link_plans.unlock(KIM, "A.nl", "Nina")
    assert lock_of(app) is None
    desk.send()
    assert desk.statuses(run) == {"nina@a.nl": LinkStatus.SENT}
    assert (desk.password("nina@a.nl"), app.host.writes()) == (unknown, writes)
    assert (AuditAction.MAILBOX_UNLOCK_BY_LINK, "nina@a.nl", "kim") in trail(app)
    history = app.services.histories.of(LOCAL, "a.nl", "nina")
    assert history.events[0].what == "Unlocked a mailbox by a link"
    assert desk.use(desk.token(PRIVATE)).done
    assert desk.password("nina@a.nl") == NEW


def test_nobody_is_known_to_have_the_password_meanwhile(app: App, desk: LinkDesk) -> None:
    app.services.mailboxes.unlock(KIM, "a.nl", "nina", NEW)
    with app.services.store.read() as tx:
        assert [each.address for each in known_passwords.find(tx, ["kim"]).unchanged] == ["nina@a.nl"]
    app.services.mailboxes.lock(KIM, "a.nl", "nina")
    desk.services.link_plans.unlock(KIM, "a.nl", "nina")
    with app.services.store.read() as tx:
        assert known_passwords.find(tx, ["kim"]).unchanged == ()


def test_a_lock_meanwhile_ends_the_link_and_a_new_password_is_possible(app: App, desk: LinkDesk) -> None:
    desk.services.link_plans.unlock(KIM, "a.nl", "nina")
    desk.send()
    app.services.mailboxes.lock(LOCAL, "a.nl", "nina")
    assert not desk.use(desk.token(PRIVATE)).done
    with app.services.store.read() as tx:
        assert kept.of_mailbox(tx, "a.nl", "nina", 1)[0].end == LinkEnd.LOCKED
    desk.services.link_plans.unlock(KIM, "a.nl", "nina")
    app.services.mailboxes.update(LOCAL, "a.nl", "nina", {"password": NEW})
    assert desk.password("nina@a.nl") == NEW


def test_several_are_unlocked_at_once_and_the_others_say_why_not(app: App, desk: LinkDesk) -> None:
    people = desk.have(lee="", own="own@a.nl")
    for name in ("lee", "own"):
        app.services.mailboxes.lock(LOCAL, "a.nl", name)
    plan = desk.services.link_plans.plan(KIM, emails=["nina@a.nl", "tess@a.nl", *people], options=UNLOCKS)
    assert [each.address for each in plan.people] == ["nina@a.nl"]
    assert {each.address: each.reason for each in plan.refused} == {
        "tess@a.nl": LinkRefusal.NOT_LOCKED, "lee@a.nl": LinkRefusal.NO_RECOVERY_EMAIL,
        "own@a.nl": LinkRefusal.OWN_ADDRESS,
    }  # fmt: skip
    desk.services.link_plans.start(KIM, plan)
    locked = app.services.lists.cached_frame("a.nl").set_index("username")["is_locked"]
    assert locked[locked].index.tolist() == ["lee", "own"]
    run = desk.start("lee@a.nl", unlocks=True, without_mail=True)
    desk.send()
    assert desk.statuses(run) == {"lee@a.nl": LinkStatus.MADE}


def test_a_lock_without_an_outcome_is_not_ended(app: App, desk: LinkDesk, clock: ShiftedClock) -> None:
    app.host.goes_wrong("lost_before", count=2)
    with pytest.raises(OutcomeUnknown):
        app.services.mailboxes.lock(LOCAL, "a.nl", "tess")
    app.host.goes_wrong("lost_before", count=0)
    with pytest.raises(MailboxLocked) as refusal:
        desk.services.link_plans.unlock(KIM, "a.nl", "tess")
    assert refusal.value.code == "BEING_LOCKED"
    with app.services.store.read() as tx:
        assert [each.action for each in manual_writes.find_open(tx)] == [Action.LOCK]


def test_a_lock_stays_where_no_link_can_go(app: App, desk: LinkDesk) -> None:
    app.services.mailboxes.set_stored(LOCAL, "a.nl", "nina", "recovery_email", "")
    with pytest.raises(InvalidState, match="no recovery email"):
        desk.services.link_plans.unlock(KIM, "a.nl", "nina")
    with pytest.raises(Forbidden):
        desk.services.link_plans.unlock(VIEWER, "a.nl", "nina")
    with pytest.raises(NotFound):
        desk.services.link_plans.unlock(KIM, "a.nl", "gone")
    with pytest.raises(InvalidBody, match="leaves at once"):
        desk.start("nina@a.nl", unlocks=True, send_at=app.services.clock.now() + 3_600)
    assert lock_of(app) is not None


def test_a_dated_deletion_asks_after_an_unlock_by_link(app: App, desk: LinkDesk, clock: ShiftedClock) -> None:
    change = LaterDeletion(clock.now() + 30 * 86_400)
    app.ended(app.services.changes.start(LOCAL, ["tess@a.nl"], change, confirm=1).run or 0)
    desk.services.link_plans.unlock(KIM, "a.nl", "tess")
    with app.services.store.read() as tx:
        deletion = dated_deletions.get(tx, "a.nl", "tess")
        assert deletion is not None
        assert dated_deletions.is_unlocked_since(tx, deletion)


def test_a_script_unlocks_by_link(app: App, desk: LinkDesk) -> None:
    refused(app.ask("POST", UNLOCK, {"link": True, "password": NEW}), 400, "not both", "link")
    shown = data(app.ask("POST", UNLOCK, {"link": True}))
    assert (shown["locked"], "password" in shown) == (None, False)
    refused(app.ask("POST", UNLOCK, {"link": True}), 409, "is not locked")
    desk.send()
    assert desk.use(desk.token(PRIVATE)).done


def test_a_script_that_gets_no_answer_of_the_host_finds_the_lock_as_it_was(app: App, desk: LinkDesk) -> None:
    app.host.down = True
    refused(app.ask("POST", UNLOCK, {"link": True}), 503, "MXroute")
    app.host.down = False
    assert lock_of(app) is not None
    assert data(app.ask("POST", UNLOCK, {"link": True}))["locked"] is None
