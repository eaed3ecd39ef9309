"""A password behind a link that MXroute does not take: what the person is asked to do, and that the link works on."""

from collections.abc import Callable, Iterator
from email.headerregistry import Address
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.links import LinkEnd, LinkStatus, PageState, SetResult
from mxlib.core.mails import MailProblem, Refused, SendResult, Sent, TryLater
from mxlib.core.password_rules import PasswordProblem
from mxlib.core.vocabulary import Action
from mxlib.mxroute.protocol import Request
from mxlib.store import links as kept
from mxlib.store import manual_writes
from tests.support.app import GOOD, App, opened
from tests.support.links import NEW, LinkDesk
from tests.support.manual_writes import journalled
from tests.support.threaded_runs import ShiftedClock

PRIVATE, SENDER = "nina@mail.example", Address("MXM", "mxm", "agency.example")


@pytest.fixture
def desk(tmp_path: Path, clock: ShiftedClock) -> Iterator[LinkDesk]:
    with opened(tmp_path, clock) as app:
        app.host.time = clock.now
        desk = LinkDesk(app)
        desk.have(nina=PRIVATE)
        desk.start("nina@a.nl")
        desk.send()
        yield desk


@pytest.mark.parametrize(
    ("fault", "count", "problem"),
    [
        ("rate_limited", 1, PasswordProblem.BUSY),
        ("forbidden", 1, PasswordProblem.HOST_DOWN),
        ("unauthorized", 1, PasswordProblem.HOST_DOWN),
        ("plan_full", 1, PasswordProblem.REFUSED),
        ("no_done_404", 1, PasswordProblem.REFUSED),
        ("error_before", 2, PasswordProblem.NOT_ANSWERED),
        ("lost_before", 2, PasswordProblem.NOT_ANSWERED),
        ("lost_after", 2, PasswordProblem.NOT_ANSWERED),
        ("lost_late", 2, PasswordProblem.NOT_ANSWERED),
    ],
)
def test_no_failure_of_the_host_ends_a_link(
    desk: LinkDesk, clock: ShiftedClock, fault: str, count: int, problem: PasswordProblem
) -> None:
    token = desk.token(PRIVATE)
    desk.app.host.goes_wrong(fault, count=count)
    result = desk.use(token)
    assert (result.done, result.problems) == (False, (problem,))
    assert desk.services.password_links.open(token, opened=False).state is PageState.LIVING
    clock.ahead += 60
    desk.app.host.goes_wrong("rate_limited", count=0)
    desk.app.services.manual_writes.settle()
    assert desk.services.password_links.open(token, opened=False).state is PageState.LIVING
    assert desk.use(token, "Winter.in.Gent.10").done
    assert desk.password("nina@a.nl") == "Winter.in.Gent.10"


def test_a_mailbox_that_is_gone_ends_its_links_once_a_read_of_it_says_so(desk: LinkDesk) -> None:
    token, state = desk.token(PRIVATE), desk.services.password_links.open
    del desk.app.host.sandbox.account.domains["a.nl"]["nina"]
    desk.app.host.goes_wrong("error_before", on="read", count=2)
    assert desk.use(token).problems == (PasswordProblem.HOST_DOWN,)
    assert state(token, opened=False).state is PageState.LIVING
    desk.app.host.goes_wrong("error_before", count=0)
    result = desk.use(token)
    assert (result.done, result.problems, result.state) == (False, (PasswordProblem.ENDED,), PageState.ENDED)
    with desk.app.services.store.read() as tx:
        assert kept.of_mailbox(tx, "a.nl", "nina", 1)[0].end == LinkEnd.DELETED
    assert journalled(desk.app) == []


def test_one_lost_answer_is_made_good_by_sending_again(desk: LinkDesk) -> None:
    desk.app.host.goes_wrong("lost_after")
    assert desk.use(desk.token(PRIVATE)).done
    assert desk.password("nina@a.nl") == NEW


def test_a_person_waits_while_a_lost_password_may_still_be_set(desk: LinkDesk, clock: ShiftedClock) -> None:
    token = desk.token(PRIVATE)
    desk.app.host.goes_wrong("lost_late", count=2)
    assert desk.use(token).problems == (PasswordProblem.NOT_ANSWERED,)
    writes = desk.app.host.writes()
    again = desk.use(token, "Winter.in.Gent.10")
    assert again.problems == (PasswordProblem.BUSY,)
    assert 0 < again.retry_after <= 30
    assert desk.app.host.writes() == writes
    clock.ahead += 31
    assert desk.use(token, "Winter.in.Gent.10").done
    assert desk.password("nina@a.nl") == "Winter.in.Gent.10"


def test_a_person_waits_no_longer_than_the_pace_allows(desk: LinkDesk) -> None:
    desk.app.host.busy = 25.0
    result = desk.use(desk.token(PRIVATE))
    assert (result.problems, result.retry_after) == ((PasswordProblem.BUSY,), 25.0)
    assert journalled(desk.app) == []
    desk.app.host.busy = 5.0
    assert desk.use(desk.token(PRIVATE)).done


def test_a_mailbox_that_is_being_locked_takes_no_password(desk: LinkDesk) -> None:
    with desk.app.services.store.write() as tx:
        manual_writes.add(
            tx, desk.app.services.store.key, "", at=desk.app.services.clock.now(), who="kim", kind="operator",
            address="", action=Action.LOCK.value, domain="a.nl", username="nina", asked={}, recovery_email="",
            settle_at=4e9, passwords_until=0.0,
        )  # fmt: skip
    assert desk.use(desk.token(PRIVATE)).problems == (PasswordProblem.BUSY,)
    assert desk.password("nina@a.nl") == GOOD


class Scripted:
    """A transport that answers as a test says."""

    catches = False

    def __init__(self, *results: SendResult) -> None:
        self.results = list(results)

    def send(self, message: object) -> SendResult:
        return self.results.pop(0)


def test_the_board_says_what_the_mail_server_answered(
    desk: LinkDesk, clock: ShiftedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    app: App = desk.app
    run = desk.start("nina@a.nl")
    app.services.link_maker.work()
    refusal = Refused(MailProblem.ANSWERED, 550, "no such user here")
    server = Scripted(TryLater(MailProblem.ANSWERED, 451, "try later"), Sent(250, "ok"), refusal)
    monkeypatch.setattr(app.services.outbox, "_transport", server)
    monkeypatch.setattr(app.services.outbox, "_sender_or_none", lambda: SENDER)
    app.services.outbox.send_due()
    [person] = app.services.sent_links.board(LOCAL, run).people
    assert (person.status, person.happened) == (LinkStatus.DELAYED, "The server answered: 451 try later")
    clock.ahead += 3_600
    app.services.outbox.send_due()
    [person] = app.services.sent_links.board(LOCAL, run).people
    assert (person.status, person.happened) == (LinkStatus.SENT, "")
    monkeypatch.undo()
    app.services.sent_links.resend(LOCAL, person.id)
    monkeypatch.setattr(app.services.outbox, "_transport", server)
    monkeypatch.setattr(app.services.outbox, "_sender_or_none", lambda: SENDER)
    app.services.outbox.send_due()
    [person] = app.services.sent_links.board(LOCAL, run).people
    assert (person.status, person.happened) == (LinkStatus.REFUSED, "The server answered: 550 no such user here")
    assert not person.can_be_reminded  # the same mail would be refused again


def test_no_password_is_made_of_the_names_of_the_agency(desk: LinkDesk) -> None:
    links = desk.services.password_links
    name = "hallesche-druckerei"
    links._settings = links._settings.model_copy(update={"public_url": f"https://{name}.example"})
    [problem] = desk.use(desk.token(PRIVATE), "Hallesche-Druckerei1").problems
    assert problem is PasswordProblem.OWN_NAME


def while_it_waits(desk: LinkDesk, act: Callable[[], object]) -> None:
    """Let something happen once while the next write waits for its slot."""

    def once(request: Request) -> None:
        if request.kind == "write":
            desk.app.host.waits = lambda _request: None
            act()

    desk.app.host.waits = once


def test_a_link_that_is_revoked_while_its_password_waits_sends_nothing(desk: LinkDesk) -> None:
    links, token = desk.services.sent_links, desk.token(PRIVATE)
    [person] = links.of_mailbox(LOCAL, "a.nl", "nina")
    while_it_waits(desk, lambda: links.revoke(LOCAL, person.id))
    writes = desk.app.host.writes()
    result = desk.use(token)
    assert (result.done, result.problems, result.state) == (False, (PasswordProblem.ENDED,), PageState.ENDED)
    assert (desk.app.host.writes(), desk.password("nina@a.nl")) == (writes, GOOD)
    assert journalled(desk.app) == []


def test_a_form_that_is_sent_twice_at_once_sets_the_first_password(desk: LinkDesk) -> None:
    token, second = desk.token(PRIVATE), list[SetResult]()
    while_it_waits(desk, lambda: second.append(desk.use(token, "Winter.in.Gent.10")))
    assert desk.use(token).done
    assert [each.problems for each in second] == [(PasswordProblem.BUSY,)]
    assert desk.password("nina@a.nl") == NEW
