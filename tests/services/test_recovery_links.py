"""Recovery emails that owners of mailboxes give, and confirm by a mail."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.links import LinkOptions, LinkPurpose, LinkStatus, PageState, RecoveryProblem
from mxlib.core.vocabulary import AuditAction
from mxlib.services.recovery_links import MAX_MAILS
from mxlib.store import hold, stored_columns
from mxlib.store import links as kept
from mxlib.store.hold import Hold
from tests.support.app import GOOD, App, opened, trail
from tests.support.links import NEW, LinkDesk
from tests.support.threaded_runs import ShiftedClock

PRIVATE = "nina@mail.example"
TOKEN = re.compile(r"/recovery/([\w-]{43})")


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock) as made:
        yield made


@pytest.fixture
def desk(app: App) -> LinkDesk:
    return LinkDesk(app)


def asked(desk: LinkDesk) -> tuple[int, str]:
    """Ask nina for a recovery email; return the run and the token in her mail."""
    desk.have(nina="")
    run = desk.start("nina@a.nl", purpose=LinkPurpose.RECOVERY_EMAIL)
    desk.send()
    return run, token(desk, "nina@a.nl")


def token(desk: LinkDesk, to: str) -> str:
    return next(found[1] for at, parts in reversed(desk.mails()) if at == to if (found := TOKEN.search(parts.text)))


def stored(app: App) -> str:
    with app.services.store.read() as tx:
        return stored_columns.of_mailbox(tx, "a.nl", "nina")["recovery_email"]


def test_the_outbox_says_that_these_mails_are_about_a_recovery_email(app: App, desk: LinkDesk) -> None:
    _, first = asked(desk)
    app.services.recovery_links.give(first, PRIVATE)
    assert [mail.about for mail in app.services.outbox.list_all(LOCAL)] == ["Link for a recovery email"] * 2


def test_the_run_of_such_links_has_its_own_words(app: App, desk: LinkDesk) -> None:
    run, first = asked(desk)
    view, board = app.services.runs.get(LOCAL, run), app.services.sent_links.board(LOCAL, run)
    assert view is not None
    assert view.title.startswith("Recovery emails of 1 person, ")
    assert (view.result_text, board.text) == ("0 gave one, 1 not yet",) * 2
    app.services.recovery_links.give(first, PRIVATE)
    app.services.outbox.send_due()
    assert app.services.recovery_links.confirm(token(desk, PRIVATE))
    [again] = app.services.runs.all(LOCAL)
    assert (again.result_text, again.asks_recovery) == ("1 gave one, 0 not yet", True)
    desk.start("nina@a.nl")
    assert [each.asks_recovery for each in app.services.runs.all(LOCAL)] == [False, True]


def test_a_mailbox_whose_password_nobody_knows_is_named_before_its_owner_is_asked(app: App, desk: LinkDesk) -> None:
    rows = [{"username": "nina"}, {"username": "tess", "password": GOOD}, {"username": "max"}]
    asked = {"default_domain": "a.nl", "rows": rows, "set_by_owners": True}
    app.ended(app.ask("POST", "/imports", asked).json()["data"]["id"])
    desk.have(lee=PRIVATE, old="")
    app.services.mailboxes.lock(LOCAL, "a.nl", "lee")
    app.services.link_plans.unlock(LOCAL, "a.nl", "lee")
    app.services.mailboxes.set_stored(LOCAL, "a.nl", "lee", "recovery_email", "")
    people = [f"{name}@a.nl" for name in ("nina", "tess", "max", "lee", "old")]

    def unread() -> tuple[str, ...]:
        options = LinkOptions(purpose=LinkPurpose.RECOVERY_EMAIL)
        found: tuple[str, ...] = app.services.link_plans.plan(LOCAL, emails=people, options=options).unread
        return found

    assert unread() == ("lee@a.nl", "max@a.nl", "nina@a.nl")
    app.services.mailboxes.update(LOCAL, "a.nl", "max", {"password": NEW})
    run = desk.start("nina@a.nl", without_mail=True)
    person = app.services.sent_links.board(LOCAL, run).people[0]
    assert desk.use(app.services.sent_links.copy_link(LOCAL, person.id).rpartition("/")[2]).done
    assert unread() == ("lee@a.nl",)
    assert app.services.link_plans.plan(LOCAL, emails=["lee@a.nl"]).unread == ()


def test_a_recovery_email_is_stored_once_its_owner_confirmed_it(app: App, desk: LinkDesk) -> None:
    run, first = asked(desk)
    recovery = app.services.recovery_links
    assert recovery.give(first, f" {PRIVATE.upper()}") is None
    assert stored(app) == ""
    app.services.outbox.send_due()
    second = token(desk, PRIVATE)
    shown = app.services.password_links.open(second, opened=True)
    assert (shown.state, shown.purpose) == (PageState.LIVING, LinkPurpose.CONFIRM_RECOVERY)
    assert recovery.email(second) == PRIVATE
    assert (recovery.email(first), recovery.email("unknown")) == ("", "")
    assert stored(app) == ""
    assert recovery.confirm(second, address="203.0.113.7")
    assert stored(app) == PRIVATE
    assert desk.statuses(run) == {"nina@a.nl": LinkStatus.SET}
    assert not recovery.confirm(second)
    assert recovery.give(first, "other@mail.example") is RecoveryProblem.ENDED
    assert (AuditAction.RECOVERY_SET, "nina@a.nl", "nina@a.nl") in trail(app)


@pytest.mark.parametrize(
    ("email", "problem"),
    [
        ("no address", RecoveryProblem.INVALID),
        ("", RecoveryProblem.INVALID),
        ("Nina@a.nl", RecoveryProblem.OWN_ADDRESS),
        ("other@b.nl", RecoveryProblem.ON_THIS_ACCOUNT),
    ],
)
def test_an_address_that_would_be_no_help_is_refused(
    app: App, desk: LinkDesk, email: str, problem: RecoveryProblem
) -> None:
    _, first = asked(desk)
    mails = len(desk.mails())
    assert app.services.recovery_links.give(first, email) is problem
    app.services.outbox.send_due()
    assert len(desk.mails()) == mails
    assert app.services.recovery_links.give(first, PRIVATE) is None


def test_a_new_address_ends_the_link_to_the_one_before(app: App, desk: LinkDesk) -> None:
    _, first = asked(desk)
    for email in ("typo@mail.example", PRIVATE):
        assert app.services.recovery_links.give(first, email) is None
    app.services.outbox.send_due()
    with app.services.store.read() as tx:
        living = [each for each in kept.of_mailbox(tx, "a.nl", "nina", 10) if each.ended_at is None]
    assert {each.purpose for each in living} == {LinkPurpose.RECOVERY_EMAIL, LinkPurpose.CONFIRM_RECOVERY}
    assert app.services.recovery_links.confirm(token(desk, PRIVATE))
    assert stored(app) == PRIVATE


def test_nobody_is_flooded_by_mails_to_confirm(app: App, desk: LinkDesk) -> None:
    _, first = asked(desk)
    give = app.services.recovery_links.give
    assert [give(first, f"victim{number}@mail.example") for number in range(MAX_MAILS)] == [None] * MAX_MAILS
    assert give(first, "one-more@mail.example") is RecoveryProblem.NOT_NOW


def test_a_link_for_a_password_gives_and_confirms_nothing(app: App, desk: LinkDesk) -> None:
    desk.have(nina="hr@mail.example")
    desk.start("nina@a.nl")
    desk.send()
    other = desk.token("hr@mail.example")
    assert app.services.recovery_links.give(other, PRIVATE) is RecoveryProblem.ENDED
    assert not app.services.recovery_links.confirm(other)
    assert not app.services.recovery_links.confirm("x" * 43)
    assert stored(app) == "hr@mail.example"
    assert app.services.runs.all(LOCAL)


def test_so_many_mails_to_confirm_leave_in_each_hour(app: App, desk: LinkDesk, clock: ShiftedClock) -> None:
    _, first = asked(desk)
    give = app.services.recovery_links.give
    for number in range(MAX_MAILS):
        give(first, f"victim{number}@mail.example")
    clock.ahead += 3_601
    assert give(first, PRIVATE) is None


def test_a_recovery_email_is_confirmed_within_a_day(app: App, desk: LinkDesk, clock: ShiftedClock) -> None:
    _, first = asked(desk)
    assert app.services.recovery_links.give(first, PRIVATE) is None
    app.services.outbox.send_due()
    second = token(desk, PRIVATE)
    clock.ahead += 86_401
    assert not app.services.recovery_links.confirm(second)
    assert stored(app) == ""
    assert app.services.recovery_links.give(first, PRIVATE) is None


def test_after_a_restore_nothing_is_given_or_confirmed_before_an_admin_continues(app: App, desk: LinkDesk) -> None:
    _, first = asked(desk)
    recovery = app.services.recovery_links
    assert recovery.give(first, PRIVATE) is None
    app.services.outbox.send_due()
    second = token(desk, PRIVATE)
    with app.services.store.write() as tx:
        hold.begin(tx, Hold(app.services.clock.now()))
    assert recovery.give(first, PRIVATE) is RecoveryProblem.NOT_NOW
    assert not recovery.confirm(second)
    assert stored(app) == ""
    with app.services.store.write() as tx:
        hold.end(tx, LOCAL, app.services.clock.now())
    assert recovery.confirm(second)


def test_neither_link_does_the_work_of_the_other_and_a_lock_ends_both(app: App, desk: LinkDesk) -> None:
    _, first = asked(desk)
    recovery = app.services.recovery_links
    assert recovery.give(first, PRIVATE) is None
    app.services.outbox.send_due()
    second = token(desk, PRIVATE)
    assert not recovery.confirm(first)
    assert recovery.give(second, "other@mail.example") is RecoveryProblem.ENDED
    app.services.mailboxes.lock(LOCAL, "a.nl", "nina")
    assert not recovery.confirm(second)
    assert recovery.give(first, PRIVATE) is RecoveryProblem.ENDED
    assert stored(app) == ""


def test_a_confirmed_recovery_email_ends_every_other_link_of_the_mailbox(app: App, desk: LinkDesk) -> None:
    _, first = asked(desk)
    desk.start("nina@a.nl", without_mail=True)
    desk.send()
    assert app.services.recovery_links.give(first, PRIVATE) is None
    app.services.outbox.send_due()
    assert app.services.recovery_links.confirm(token(desk, PRIVATE))
    with app.services.store.read() as tx:
        assert [each for each in kept.of_mailbox(tx, "a.nl", "nina", 10) if each.ended_at is None] == []
