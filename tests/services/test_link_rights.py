"""Links ask for rights, the state of the mailbox and a usable store at each act, and leave audit entries."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.links import LinkEnd, LinkOptions, LinkPurpose, LinkRefusal, PageState
from mxlib.core.password_rules import PasswordProblem
from mxlib.core.vocabulary import Action, AuditAction
from mxlib.runs.manager import InvalidState
from mxlib.services.exports import NotFound
from mxlib.store import hold, manual_writes, stored_columns
from mxlib.store.hold import Hold
from tests.support.app import App, opened, trail
from tests.support.links import NEW, LinkDesk
from tests.support.threaded_runs import ShiftedClock

SUPPORT = frozenset({Permission.SUPPORT})
KIM = Caller("kim", domains={"a.nl": SUPPORT, "b.nl": SUPPORT})
#: The same person, whose permission in b.nl was taken away.
KIM_NOW = Caller("kim", domains={"a.nl": SUPPORT})
STRANGER = Caller("lee", domains={"b.nl": SUPPORT})
VIEWER = Caller("vera", domains={"a.nl": frozenset({Permission.VIEW})})
PRIVATE = "nina@mail.example"


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock) as made:
        yield made


@pytest.fixture
def desk(app: App) -> LinkDesk:
    return LinkDesk(app)


def have_bob(desk: LinkDesk) -> None:
    """Create bob in b.nl with a recovery email."""
    desk.app.have("bob@b.nl")
    desk.app.services.lists.mailboxes(LOCAL, "b.nl", refresh=True)
    with desk.app.services.store.write() as tx:
        stored_columns.put(tx, "recovery_email", "b.nl", "bob", "bob@mail.example", desk.app.services.clock.now())


def is_being_locked(app: App) -> None:
    with app.services.store.write() as tx:
        manual_writes.add(
            tx, app.services.store.key, "", at=app.services.clock.now(), who="kim", kind="operator", address="",
            action=Action.LOCK.value, domain="a.nl", username="nina", asked={}, recovery_email="", settle_at=4e9,
            passwords_until=0.0,
        )  # fmt: skip


def test_a_board_shows_and_reminds_those_of_domains_that_the_caller_may_support_today(
    desk: LinkDesk, clock: ShiftedClock
) -> None:
    desk.have(nina=PRIVATE)
    have_bob(desk)
    run = desk.start("nina@a.nl", "bob@b.nl", caller=KIM)
    desk.send()
    board = desk.services.sent_links.board(KIM_NOW, run)
    assert ([each.address for each in board.people], board.hidden) == (["nina@a.nl"], 1)
    before = len(desk.mails())
    clock.ahead += 2 * 86_400
    assert desk.services.sent_links.remind(KIM_NOW, run).people == 1
    desk.app.services.outbox.send_due()
    assert [to for to, _ in desk.mails()[before:]] == [PRIVATE]


def test_a_run_and_a_mailbox_of_others_show_nothing_of_their_links(desk: LinkDesk) -> None:
    desk.have(nina=PRIVATE)
    run = desk.start("nina@a.nl", caller=KIM)
    for act in (desk.services.sent_links.board, desk.services.sent_links.version, desk.services.sent_links.remind):
        with pytest.raises(NotFound):
            act(STRANGER, run)
    with pytest.raises(NotFound):
        desk.services.link_plans.plan(STRANGER, run=run)
    for caller in (STRANGER, VIEWER):
        with pytest.raises(Forbidden):
            desk.services.sent_links.of_mailbox(caller, "a.nl", "nina")
        assert desk.services.sent_links.newest(caller) == ()
    assert len(desk.services.sent_links.of_mailbox(KIM, "a.nl", "nina")) == 1


def test_each_act_on_links_is_audited(desk: LinkDesk, clock: ShiftedClock) -> None:
    desk.have(nina=PRIVATE)
    run = desk.start("nina@a.nl", caller=KIM)
    desk.send()
    clock.ahead += 2 * 86_400
    desk.services.sent_links.remind(KIM, run)
    number = desk.services.sent_links.of_mailbox(KIM, "a.nl", "nina")[0].id
    desk.services.sent_links.resend(KIM, number)
    desk.services.sent_links.revoke(KIM, desk.services.sent_links.latest(KIM, number).id)
    acts = [(what, on) for what, on, who in trail(desk.app) if who == "kim"]
    assert acts == [
        (AuditAction.LINK_SEND, f"run {run}"), (AuditAction.LINK_REMIND, "nina@a.nl"),
        (AuditAction.LINK_RESEND, "nina@a.nl"), (AuditAction.LINK_REVOKE, "nina@a.nl"),
    ]  # fmt: skip


def test_a_link_is_copied_by_a_caller_who_confirmed_who_they_are(desk: LinkDesk) -> None:
    desk.have(nina=PRIVATE)
    desk.start("nina@a.nl")
    desk.send()
    [link] = desk.services.sent_links.of_mailbox(KIM, "a.nl", "nina")
    with pytest.raises(Forbidden):
        desk.services.sent_links.copy_link(replace(KIM, recent=False), link.id)


def test_a_link_is_not_sent_again_to_a_mailbox_that_may_have_none(desk: LinkDesk) -> None:
    desk.have(nina=PRIVATE, tess="tess@mail.example")
    desk.start("nina@a.nl", "tess@a.nl")
    desk.send()
    [nina], [tess] = (desk.services.sent_links.of_mailbox(KIM, "a.nl", name) for name in ("nina", "tess"))
    before = len(desk.mails())
    desk.app.services.mailboxes.lock(LOCAL, "a.nl", "nina")
    desk.services.link_plans._facts._panel_user = "tess"
    for number in (nina.id, tess.id):
        with pytest.raises(InvalidState):
            desk.services.sent_links.resend(KIM, number)
    desk.app.services.outbox.send_due()
    assert len(desk.mails()) == before


def test_a_link_that_is_sent_again_goes_to_the_recovery_email_of_today(desk: LinkDesk) -> None:
    desk.have(nina=PRIVATE)
    desk.start("nina@a.nl")
    desk.send()
    [link] = desk.services.sent_links.of_mailbox(KIM, "a.nl", "nina")
    before = len(desk.mails())
    desk.app.services.mailboxes.set_stored(LOCAL, "a.nl", "nina", "recovery_email", "new@mail.example")
    desk.services.sent_links.resend(KIM, link.id)
    desk.app.services.outbox.send_due()
    assert [to for to, _ in desk.mails()[before:]] == ["new@mail.example"]


def test_a_reminder_goes_to_nobody_whose_recovery_email_is_another_one_now(desk: LinkDesk, clock: ShiftedClock) -> None:
    desk.have(nina=PRIVATE)
    run = desk.start("nina@a.nl")
    desk.send()
    before = len(desk.mails())
    with desk.app.services.store.write() as tx:
        stored_columns.put(tx, "recovery_email", "a.nl", "nina", "new@mail.example", desk.app.services.clock.now())
    clock.ahead += 2 * 86_400
    assert desk.services.sent_links.remind(KIM, run).people == 0
    desk.app.services.outbox.send_due()
    assert len(desk.mails()) == before


def test_no_choice_gives_the_account_s_own_or_a_locked_mailbox_a_link(desk: LinkDesk) -> None:
    desk.have(nina="", tess="")
    desk.services.link_plans._facts._panel_user = "tess"
    is_being_locked(desk.app)
    plan = desk.services.link_plans.plan(
        LOCAL, emails=["nina@a.nl", "tess@a.nl"], options=LinkOptions(without_mail=True)
    )
    assert plan.people == ()
    assert [each.reason for each in plan.refused] == [LinkRefusal.LOCKED, LinkRefusal.PANEL_ACCOUNT]


def test_a_link_for_a_letter_is_not_made_for_a_mailbox_that_is_being_locked(desk: LinkDesk) -> None:
    desk.have(nina="")
    desk.start("nina@a.nl", without_mail=True)
    [link] = desk.services.sent_links.of_mailbox(LOCAL, "a.nl", "nina")
    is_being_locked(desk.app)
    with pytest.raises(InvalidState):
        desk.services.sent_links.copy_link(LOCAL, link.id)
    desk.services.link_maker.work()
    assert desk.services.sent_links.get(LOCAL, link.id).end is LinkEnd.LOCKED


def test_a_planned_link_is_not_made_for_a_mailbox_that_is_gone_or_being_locked(
    desk: LinkDesk, clock: ShiftedClock
) -> None:
    desk.have(nina=PRIVATE, tess="tess@mail.example")
    desk.start("nina@a.nl", "tess@a.nl")
    is_being_locked(desk.app)
    desk.app.host.sandbox.account.domains["a.nl"].pop("tess")
    clock.ahead += 60
    desk.look()
    desk.send()
    assert desk.mails() == []
    ends = [desk.services.sent_links.of_mailbox(LOCAL, "a.nl", name)[0].end for name in ("nina", "tess")]
    assert ends == [LinkEnd.LOCKED, LinkEnd.DELETED]


def test_after_a_restore_no_link_is_made_or_used_before_an_admin_continues(desk: LinkDesk) -> None:
    desk.have(nina=PRIVATE, tess="tess@mail.example")
    desk.start("nina@a.nl")
    desk.send()
    token, now = desk.token(PRIVATE), desk.app.services.clock.now()
    desk.start("tess@a.nl")
    with desk.app.services.store.write() as tx:
        hold.begin(tx, Hold(now))
    before, writes = len(desk.mails()), desk.app.host.writes()
    assert desk.services.link_maker.work().next_at is not None
    assert desk.use(token).problems == (PasswordProblem.BUSY,)
    desk.app.services.outbox.send_due()
    assert (len(desk.mails()), desk.app.host.writes()) == (before, writes)
    with desk.app.services.store.write() as tx:
        hold.end(tx, LOCAL, now)
    assert desk.use(token).done


def test_a_link_that_asks_for_a_recovery_email_sets_no_password(desk: LinkDesk) -> None:
    desk.have(nina="")
    desk.start("nina@a.nl", purpose=LinkPurpose.RECOVERY_EMAIL)
    desk.send()
    token = desk.mails()[-1][1].text.partition("/recovery/")[2].split()[0]
    assert desk.services.password_links.open(token, opened=False).state is PageState.LIVING
    writes = desk.app.host.writes()
    assert not desk.use(token).done
    assert desk.app.host.writes() == writes


def test_no_password_is_made_of_the_name_of_the_person(desk: LinkDesk) -> None:
    desk.have(nina=PRIVATE)
    desk.app.services.mailboxes.set_stored(LOCAL, "a.nl", "nina", "name", "Hadewych Quillfeather")
    desk.start("nina@a.nl")
    desk.send()
    assert desk.use(desk.token(PRIVATE), "Hadewych.Quillfeather1").problems == (PasswordProblem.OWN_NAME,)


def test_both_times_of_a_link_have_bounds(desk: LinkDesk) -> None:
    desk.have(nina=PRIVATE)
    for name in ("send_at", "valid_from"):
        for at in (1.0, 9e12):
            with pytest.raises(InvalidBody) as raised:
                desk.services.link_plans.plan(LOCAL, emails=["nina@a.nl"], options=replace(LinkOptions(), **{name: at}))
            assert raised.value.field == name


def test_a_plan_that_is_started_twice_with_one_key_is_one_run(desk: LinkDesk) -> None:
    plan = desk.services.link_plans.plan(KIM, emails=desk.have(nina=PRIVATE))
    assert desk.services.link_plans.start(KIM, plan, key="once") == desk.services.link_plans.start(
        KIM, plan, key="once"
    )
    assert len(desk.services.sent_links.of_mailbox(KIM, "a.nl", "nina")) == 1


def test_links_lead_to_the_host_of_the_public_pages(desk: LinkDesk) -> None:
    desk.services.link_maker._settings = desk.app.services.settings.model_copy(
        update={"portal_url": "https://password.agency.example", "public_url": "https://mxm.agency.example"}
    )
    desk.have(nina=PRIVATE)
    desk.start("nina@a.nl")
    desk.send()
    assert f"https://password.agency.example/password/{desk.token(PRIVATE)}" in desk.mails()[-1][1].text
    assert desk.use(desk.token(PRIVATE), NEW).done
