"""Links: planned, sent, followed, used once, and ended by whatever makes them wrong."""

from contextlib import closing
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.core import links
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.links import (
    LinkEnd,
    LinkOptions,
    LinkPurpose,
    LinkRefusal,
    LinkStatus,
    PageState,
)
from mxlib.core.password_rules import PasswordProblem
from mxlib.core.text.links import SET_BY_OTHER
from mxlib.core.vocabulary import AuditAction, RunKind
from mxlib.runs.manager import InvalidState
from mxlib.services import build
from mxlib.services.exports import NotFound
from mxlib.services.sent_links import Reminded
from mxlib.settings import Settings
from mxlib.store import Tx
from mxlib.store import links as kept
from mxlib.store.links import LinkRecord
from tests.support.app import App, trail
from tests.support.links import NEW, LinkDesk

KIM = Caller("kim", domains={"a.nl": frozenset({Permission.SUPPORT})})
VIEWER = Caller("vera", domains={"a.nl": frozenset({Permission.VIEW})})
PRIVATE = "nina@mail.example"


@pytest.fixture
def desk(app: App) -> LinkDesk:
    return LinkDesk(app)


def records(app: App, username: str = "nina") -> list[LinkRecord]:
    with app.services.store.read() as tx:
        return kept.of_mailbox(tx, "a.nl", username, 100)


def test_a_person_sets_their_password_by_the_link_in_the_mail(app: App, desk: LinkDesk) -> None:
    desk.have(nina=PRIVATE)
    run = desk.start("nina@a.nl")
    assert desk.statuses(run) == {"nina@a.nl": LinkStatus.PLANNED}
    app.services.link_maker.work()
    assert desk.statuses(run) == {"nina@a.nl": LinkStatus.QUEUED}
    app.services.outbox.send_due()
    assert desk.statuses(run) == {"nina@a.nl": LinkStatus.SENT}
    token = desk.token(PRIVATE)
    shown = app.services.password_links.open(token, opened=False)
    assert (shown.state, shown.address, shown.purpose) == (PageState.LIVING, "nina@a.nl", LinkPurpose.INVITE)
    assert desk.statuses(run) == {"nina@a.nl": LinkStatus.SENT}
    app.services.password_links.open(token, opened=True)
    assert desk.statuses(run) == {"nina@a.nl": LinkStatus.OPENED}
    assert desk.use(token).done
    assert desk.password("nina@a.nl") == NEW
    assert desk.statuses(run) == {"nina@a.nl": LinkStatus.SET}
    assert app.services.password_links.open(token, opened=True).state is PageState.SPENT
    again = desk.use(token, "Winter.in.Gent.10")
    assert (again.done, again.state, desk.password("nina@a.nl")) == (False, PageState.SPENT, NEW)
    app.services.outbox.send_due()
    to, parts = desk.mails()[-1]
    assert (to, parts.subject) == (PRIVATE, "The password of nina@a.nl was changed")
    assert NEW not in parts.text
    assert (AuditAction.MAILBOX_UPDATE, "nina@a.nl", "nina@a.nl") in trail(app)


def test_a_run_of_links_is_a_run_like_others_that_has_ended(app: App, desk: LinkDesk) -> None:
    desk.have(nina=PRIVATE)
    run = desk.start("nina@a.nl", caller=KIM)
    view = app.services.runs.get(KIM, run)
    assert view is not None
    assert (view.kind, view.total, view.open, view.domains) == (RunKind.LINKS, 1, 0, ("a.nl",))
    assert app.services.runs.get(VIEWER, run) is None
    assert not app.services.undo.possible(LOCAL, view)
    assert app.services.runs.rows(LOCAL, run).empty
    assert [each.id for each in app.services.runs.all(LOCAL)] == [run]
    assert app.services.runs.unended(LOCAL) == ()
    assert view.title.startswith("Links to 1 person")


def test_a_plan_says_who_gets_a_link_and_why_others_do_not(app: App, desk: LinkDesk) -> None:
    people = desk.have(nina=PRIVATE, hr1="hr@mail.example", hr2="hr@mail.example", none="", own="own@a.nl", on="x@b.nl")
    plan = app.services.link_plans.plan(LOCAL, emails=[*people, "gone@a.nl", "nina@else.nl"])
    assert [each.address for each in plan.people] == ["nina@a.nl", "hr1@a.nl", "hr2@a.nl"]
    assert plan.mails == 2
    assert {each.address: each.reason for each in plan.refused} == {
        "none@a.nl": LinkRefusal.NO_RECOVERY_EMAIL, "own@a.nl": LinkRefusal.OWN_ADDRESS,
        "on@a.nl": LinkRefusal.ON_THIS_ACCOUNT, "gone@a.nl": LinkRefusal.NO_MAILBOX,
        "nina@else.nl": LinkRefusal.NO_MAILBOX,
    }  # fmt: skip
    for_letters = app.services.link_plans.plan(LOCAL, emails=["none@a.nl"], options=LinkOptions(without_mail=True))
    assert [(each.address, each.recipient) for each in for_letters.people] == [("none@a.nl", "")]


def test_a_caller_plans_links_only_where_they_may_support_mailboxes(app: App, desk: LinkDesk) -> None:
    desk.have(nina=PRIVATE)
    assert len(app.services.link_plans.plan(KIM, emails=["nina@a.nl"]).people) == 1
    plan = app.services.link_plans.plan(VIEWER, emails=["nina@a.nl", "gone@a.nl"])
    assert {each.reason for each in plan.refused} == {LinkRefusal.NOT_ALLOWED}
    with pytest.raises(InvalidState):
        app.services.link_plans.start(VIEWER, plan)
    with pytest.raises(InvalidState, match="something changed"):
        app.services.link_plans.start(VIEWER, app.services.link_plans.plan(KIM, emails=["nina@a.nl"]))


def test_several_links_to_one_address_go_in_one_mail(app: App, desk: LinkDesk) -> None:
    people = desk.have(nina="hr@mail.example", tess="HR@mail.example", mila="mila@mail.example")
    run = desk.start(*people)
    desk.send()
    assert sorted(to for to, _ in desk.mails()) == ["hr@mail.example", "mila@mail.example"]
    _, parts = next(each for each in desk.mails() if each[0] == "hr@mail.example")
    assert all(f"{name}@a.nl" in parts.text for name in ("nina", "tess"))
    assert parts.text.count("/password/") == 2
    assert set(desk.statuses(run).values()) == {LinkStatus.SENT}


def test_links_for_letters_are_made_and_not_mailed(app: App, desk: LinkDesk) -> None:
    desk.have(nina="")
    run = desk.start("nina@a.nl", without_mail=True)
    desk.send()
    assert desk.mails() == []
    assert desk.statuses(run) == {"nina@a.nl": LinkStatus.MADE}
    [person] = app.services.sent_links.board(LOCAL, run).people
    assert desk.use(app.services.sent_links.copy_link(LOCAL, person.id).rpartition("/")[2]).done


def test_the_options_of_links_have_bounds(app: App) -> None:
    for options in (LinkOptions(expires_days=0), LinkOptions(expires_days=61), LinkOptions(language="xx"),
                    LinkOptions(send_at=9e12)):  # fmt: skip
        with pytest.raises(InvalidBody):
            app.services.link_plans.plan(LOCAL, emails=["nina@a.nl"], options=options)


def test_a_password_that_breaks_a_rule_spends_nothing(app: App, desk: LinkDesk) -> None:
    desk.have(nina=PRIVATE)
    desk.start("nina@a.nl")
    desk.send()
    token, writes = desk.token(PRIVATE), app.host.writes()
    assert desk.use(token, NEW, "another").problems == (PasswordProblem.DIFFERENT,)
    assert PasswordProblem.TOO_SHORT in desk.use(token, "Ab1").problems
    assert app.host.writes() == writes
    assert desk.use(token).done


def test_an_unknown_token_shows_nothing(app: App, desk: LinkDesk) -> None:
    for token in ("", "x", "x" * 10_000, "\ud800"):
        assert app.services.password_links.open(token, opened=True).state is PageState.UNKNOWN
        assert desk.use(token).state is PageState.UNKNOWN


def test_a_new_link_takes_the_place_of_the_living_one(app: App, desk: LinkDesk) -> None:
    desk.have(nina=PRIVATE)
    run = desk.start("nina@a.nl")
    desk.send()
    first = desk.token(PRIVATE)
    [person] = app.services.sent_links.board(LOCAL, run).people
    app.services.sent_links.resend(KIM, person.id)
    app.services.outbox.send_due()
    second = desk.token(PRIVATE)
    assert first != second
    assert desk.use(first).state is PageState.ENDED
    assert desk.statuses(run) == {"nina@a.nl": LinkStatus.SENT}
    assert desk.use(second).done
    with pytest.raises(InvalidState, match="was set"):
        app.services.sent_links.resend(KIM, records(app)[0].id)


def test_a_reminder_mails_the_same_link_again(app: App, desk: LinkDesk) -> None:
    people = desk.have(nina=PRIVATE, tess="tess@mail.example")
    run = desk.start(*people)
    desk.send()
    first = desk.token(PRIVATE)
    desk.use(desk.token("tess@mail.example"))
    desk.wait(links.REMIND_AFTER_S)
    board = app.services.sent_links.board(LOCAL, run)
    assert (board.text, len(board.to_remind), board.mailed_lately) == ("1 set theirs, 1 not yet", 1, 0)
    assert app.services.sent_links.remind(KIM, run) == Reminded(1, 0)
    app.services.outbox.send_due()
    to, parts = desk.mails()[-1]
    assert (to, parts.subject) == (PRIVATE, "Reminder: Set the password of nina@a.nl")
    assert desk.token(PRIVATE) == first
    assert desk.use(first).done
    assert app.services.sent_links.remind(KIM, run) == Reminded(0, 0)


@pytest.mark.parametrize("opened", [False, True])
def test_nobody_is_reminded_twice_in_a_row(app: App, desk: LinkDesk, opened: bool) -> None:
    sent = app.services.sent_links
    run = desk.start(*desk.have(nina=PRIVATE, tess="tess@mail.example", max="max@mail.example"))
    desk.send()
    desk.wait(links.REMIND_AFTER_S)
    desk.services.sent_links.resend(LOCAL, sent.board(LOCAL, run).people[2].id)
    app.services.password_links.open(desk.token(PRIVATE), opened=opened)
    assert sent.remind(KIM, run) == Reminded(2, 1)
    assert sent.remind(KIM, run) == Reminded(0, 3)  # they wait to leave
    app.services.outbox.send_due()
    mails = len(desk.mails())
    assert sent.remind(KIM, run) == Reminded(0, 3)  # they left just now
    app.services.outbox.send_due()
    assert (len(desk.mails()), sent.board(LOCAL, run).to_remind) == (mails, ())
    desk.wait(links.REMIND_AFTER_S)
    assert sent.remind(KIM, run) == Reminded(3, 0)


def test_a_revoked_link_is_dead_and_its_waiting_mail_does_not_leave(app: App, desk: LinkDesk) -> None:
    desk.have(nina=PRIVATE)
    run = desk.start("nina@a.nl")
    app.services.link_maker.work()
    [record] = records(app)
    app.services.sent_links.revoke(KIM, record.id)
    app.services.outbox.send_due()
    assert desk.mails() == []
    assert desk.statuses(run) == {"nina@a.nl": LinkStatus.REVOKED}
    assert (records(app)[0].end, records(app)[0].sealed_token) == (LinkEnd.REVOKED, None)


def test_a_person_who_resets_their_password_is_set_on_the_board_of_their_link(app: App, desk: LinkDesk) -> None:
    people = desk.have(nina=PRIVATE, tess="tess@mail.example", max="max@mail.example")
    run, sent = desk.start(*people), app.services.sent_links
    desk.send()
    later = desk.start("max@a.nl")
    desk.send()
    sent.revoke(LOCAL, next(each.id for each in sent.board(LOCAL, run).people if each.address == "tess@a.nl"))
    version = sent.version(LOCAL, run)
    for name in ("nina", "tess"):
        assert desk.use(desk.reset(name)).done
    assert desk.use(desk.token("max@mail.example")).done
    assert set(desk.statuses(run).values()) == {LinkStatus.SET}
    board, view = sent.board(LOCAL, run), app.services.runs.get(LOCAL, run)
    assert (board.text, board.to_send_again) == ("3 set theirs, 0 not yet", ())
    assert {each.happened for each in board.people} == {SET_BY_OTHER}
    assert view is not None
    assert view.set_theirs == 3
    assert sent.version(LOCAL, run) != version
    assert app.services.link_plans.plan(LOCAL, run=run).people == ()
    assert desk.statuses(later) == {"max@a.nl": LinkStatus.SET}


def test_a_reset_before_a_link_or_of_a_mailbox_made_again_sets_nothing_on_its_board(app: App, desk: LinkDesk) -> None:
    desk.have(nina=PRIVATE, tess="tess@mail.example")
    assert desk.use(desk.reset("nina")).done
    run = desk.start("nina@a.nl", "tess@a.nl")
    desk.send()
    app.services.mailboxes.delete(LOCAL, "a.nl", "tess")
    desk.have(tess="tess@mail.example")
    assert desk.use(desk.reset("tess")).done
    assert desk.statuses(run) == {"nina@a.nl": LinkStatus.SENT, "tess@a.nl": LinkStatus.REVOKED}
    assert app.services.sent_links.board(LOCAL, run).done == 0


def test_links_without_a_public_address_lead_to_the_port_that_is_served(tmp_path: Path) -> None:
    with closing(build(Settings(data_dir=tmp_path), port=8600)) as served:
        assert served.link_maker.url("a-token") == "http://127.0.0.1:8600/password/a-token"


def test_a_copied_link_works_and_is_audited(app: App, desk: LinkDesk) -> None:
    desk.have(nina=PRIVATE)
    desk.start("nina@a.nl")
    desk.send()
    url = app.services.sent_links.copy_link(KIM, records(app)[0].id)
    assert url == f"http://127.0.0.1:8501/password/{desk.token(PRIVATE)}"
    assert (AuditAction.LINK_COPY, "nina@a.nl", "kim") in trail(app)
    desk.use(desk.token(PRIVATE))
    with pytest.raises(InvalidState, match="ended"):
        app.services.sent_links.copy_link(KIM, records(app)[0].id)
    for act in (app.services.sent_links.copy_link, app.services.sent_links.resend, app.services.sent_links.revoke):
        with pytest.raises(NotFound):
            act(VIEWER, records(app)[0].id)
        with pytest.raises(NotFound):
            act(LOCAL, 2**70)


def test_the_links_that_are_due_are_read_once_for_all_mails(desk: LinkDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    people = {f"user{number}": f"user{number % 20}@mail.example" for number in range(40)}
    run, asked, read = desk.start(*desk.have(**people)), [], kept.due

    def due(tx: Tx, now: float, most: int) -> list[LinkRecord]:
        asked.append(most)
        return read(tx, now, most)

    monkeypatch.setattr(kept, "due", due)
    desk.send()
    assert len(asked) == 1
    assert set(desk.statuses(run).values()) == {LinkStatus.SENT}
    assert len(desk.mails()) == 20
