"""Self-service reset: requests that all do the same, and what the background makes of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.clients import ClientDetails
from mxlib.core.links import LinkPurpose, LinkRefusal, PageState
from mxlib.core.self_service import MAX_OF_ADDRESS, MAX_OF_NETWORK, Counts, ResetOutcome
from mxlib.core.vocabulary import AuditAction
from mxlib.mail.message import read_parts
from mxlib.runs.manager import InvalidState
from mxlib.services.exports import NotFound
from mxlib.store import (
    FILE,
    Store,
    hold,
    manual_writes,
    outbox,
    recovery_changes,
    reset_answers,
    reset_requests,
    stored_columns,
)
from mxlib.store import tables as t
from mxlib.store.hold import Hold
from tests.support.app import App, opened, trail
from tests.support.threaded_runs import ShiftedClock

NINA, PRIVATE = "nina@a.nl", "nina@mail.example"
HERE, ELSEWHERE = "192.0.2.1", "192.0.2.9"


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock) as made:
        made.have(NINA, "tess@a.nl", "b@b.nl")
        recovers(made, NINA, PRIVATE)
        made.services.self_service.switch(LOCAL, "a.nl", on=True)
        for domain in ("a.nl", "b.nl"):
            made.services.lists.mailboxes(LOCAL, domain)
        yield made


def recovers(app: App, address: str, email: str) -> None:
    username, _, domain = address.partition("@")
    with app.services.store.write() as tx:
        stored_columns.put(tx, "recovery_email", domain, username, email, app.services.clock.now())


def ask(app: App, address: str = NINA, *, by: str = HERE) -> int:
    """Ask once, let the background work and send, and return how many mails it queued."""
    app.services.self_service.request(address, by)
    return worked(app)


def worked(app: App) -> int:
    """Let the background work and send; return how many mails it queued."""
    queued = app.services.self_service.work().mails
    app.services.outbox.send_due()
    return queued


def mails(app: App, to: str = PRIVATE) -> list[str]:
    """Return the texts of the mails to an address, oldest first."""
    with app.services.store.read() as tx:
        found = [each for each in reversed(outbox.newest(tx, 100)) if each.recipient == to]
        return [read_parts(outbox.content(app.services.store.key, each) or b"").text for each in found]


def token_in(text: str) -> str:
    return text.partition("/password/")[2].split()[0]


def outcomes(app: App, address: str = NINA) -> list[Any]:
    username, _, domain = address.partition("@")
    with app.services.store.read() as tx:
        return [(each.outcome, each.times) for each in reset_answers.of_mailbox(tx, domain, username, 50)]


@contextmanager
def statements(app: App) -> Iterator[list[str]]:
    """Collect the statements of this block."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


def test_a_request_mails_a_link_that_sets_the_password(app: App) -> None:
    assert ask(app, f"  {NINA.upper()} ") == 1
    (text,) = mails(app)
    opened_link = app.services.password_links.open(token_in(text), opened=False)
    assert (opened_link.state, opened_link.address) == (PageState.LIVING, NINA)
    assert opened_link.expires_at == pytest.approx(app.services.clock.now() + 3_600, abs=5)
    done = app.services.password_links.set_password(token_in(text), "Own.Choice-2026", "Own.Choice-2026")
    assert done.done
    assert app.host.sandbox.password_of(NINA) == "Own.Choice-2026"
    assert app.services.password_links.open(token_in(text), opened=False).state is PageState.SPENT


KINDS = {
    "known": NINA,
    "unknown": "nobody@a.nl",
    "without a recovery email": "tess@a.nl",
    "off": "b@b.nl",
    "another domain": "nina@else.example",
    "malformed": "nina at a.nl",
    "blank": "",
    "too long": "x" * 100_000 + "@a.nl",
    "strange": "\udcff\x00@a.nl",
}


def test_each_request_runs_the_same_statements_and_stores_as_many_bytes(app: App) -> None:
    """Neither time nor size tells what exists, nor whether a limit was reached."""
    ran: dict[str, list[str]] = {}
    for name, address in KINDS.items():
        with statements(app) as seen:
            app.services.self_service.request(address, HERE)
        ran[name] = seen
    for _ in range(MAX_OF_ADDRESS + 1):
        with statements(app) as seen:
            app.services.self_service.request(NINA, HERE)
    ran["over a limit"] = seen
    assert len({tuple(each) for each in ran.values()}) == 1
    assert len(ran["known"]) > 3
    with app.services.store.read() as tx:
        rows = tx.execute(sa.select(t.reset_request)).all()
    assert len({(len(row.sealed), len(row.address), len(row.network)) for row in rows}) == 1
    stored = b"".join(row.sealed for row in rows)
    assert b"nina" not in stored


def test_limits_hold_per_address_and_network_and_survive_a_restart(tmp_path: Path) -> None:
    clock = ShiftedClock()
    with opened(tmp_path, clock) as app:
        for number in range(MAX_OF_ADDRESS + 5):
            app.services.self_service.request(NINA, f"192.0.2.{number}")
    store = Store.open(tmp_path / FILE, clock)
    with store.read() as tx:
        assert len(tx.execute(sa.select(t.reset_request.c.id)).all()) == MAX_OF_ADDRESS
    store.close()


def test_a_network_has_its_limit_whatever_it_asks_for(app: App, clock: ShiftedClock) -> None:
    for number in range(MAX_OF_NETWORK + 5):
        app.services.self_service.request(f"p{number}@a.nl", f"2001:db8::{number:x}")
    with app.services.store.read() as tx:
        assert len(tx.execute(sa.select(t.reset_request.c.id)).all()) == MAX_OF_NETWORK
    app.services.self_service.request(NINA, "2001:db8::77")
    assert app.services.self_service.work().mails == 0
    assert ask(app, by="2001:db8:1::1") == 1
    clock.ahead += 3_601
    assert ask(app, by="2001:db8::77") == 1


@pytest.mark.parametrize(
    ("counts", "over"),
    [
        (Counts(1_000, 3, 20_000, 30), False),
        (Counts(1_001, 1, 1, 1), True),
        (Counts(1, 4, 1, 1), True),
        (Counts(1, 1, 20_001, 1), True),
        (Counts(1, 1, 1, 31), True),
    ],
)
def test_the_new_request_counts_against_each_limit(counts: Counts, over: bool) -> None:
    assert counts.is_over is over


def test_a_repeated_request_mails_the_same_link_at_most_three_times_an_hour(app: App, clock: ShiftedClock) -> None:
    assert [ask(app) for _ in range(5)] == [1, 1, 1, 0, 0]
    texts = mails(app)
    assert len({token_in(text) for text in texts}) == 1
    assert outcomes(app) == [
        (ResetOutcome.MAILED_ENOUGH, 2), (ResetOutcome.MAILED_AGAIN, 1), (ResetOutcome.MAILED_AGAIN, 1),
        (ResetOutcome.MAILED, 1),
    ]  # fmt: skip
    clock.ahead += 3_601
    assert ask(app) == 1
    assert token_in(mails(app)[-1]) != token_in(texts[0])
    assert app.services.password_links.open(token_in(texts[0]), opened=False).state is not PageState.LIVING


def test_requests_of_others_neither_end_nor_replace_an_invite(app: App) -> None:
    services = app.services
    plan = services.link_plans.plan(LOCAL, emails=[NINA])
    services.link_plans.start(LOCAL, plan)
    services.link_maker.work()
    services.outbox.send_due()
    invite = token_in(mails(app)[0])
    assert ask(app, by=ELSEWHERE) == 1
    assert services.password_links.open(invite, opened=False).state is PageState.LIVING
    assert services.password_links.open(token_in(mails(app)[1]), opened=False).purpose is LinkPurpose.RESET


def test_why_nothing_was_mailed_is_shown_to_support_and_to_nobody_else(app: App, clock: ShiftedClock) -> None:
    recovers(app, "b@b.nl", "b@mail.example")
    for address in ("tess@a.nl", "b@b.nl", "nobody@a.nl", "nina@else.example"):
        assert ask(app, address) == 0
    assert outcomes(app, "tess@a.nl") == [(LinkRefusal.NO_RECOVERY_EMAIL, 1)]
    assert outcomes(app, "b@b.nl") == [(LinkRefusal.RESET_OFF, 1)]
    with app.services.store.read() as tx:
        assert len(tx.execute(sa.select(t.reset_answer)).all()) == 2
    viewer = Caller("kim", domains={"a.nl": frozenset({Permission.VIEW})})
    (shown,) = app.services.self_service.asked(viewer, "a.nl", "tess")
    assert shown.text.startswith("Reset requested")
    assert shown.text.endswith(": no recovery email.")
    with pytest.raises(Forbidden):
        app.services.self_service.asked(viewer, "b.nl", "b")


@pytest.mark.parametrize(
    ("email", "refusal"),
    [(NINA, LinkRefusal.OWN_ADDRESS), ("boss@b.nl", LinkRefusal.ON_THIS_ACCOUNT), ("?", ResetOutcome.NO_ADDRESS)],
)
def test_no_link_goes_to_a_trap(app: App, email: str, refusal: Any) -> None:
    recovers(app, NINA, email)
    assert ask(app) == 0
    assert outcomes(app) == [(refusal, 1)]


def test_a_locked_mailbox_gets_no_link_and_loses_the_one_it_had(app: App) -> None:
    ask(app)
    app.services.mailboxes.lock(LOCAL, "a.nl", "nina")
    assert app.services.password_links.open(token_in(mails(app)[0]), opened=False).state is PageState.ENDED
    assert ask(app) == 0
    assert outcomes(app)[0] == (LinkRefusal.LOCKED, 1)


def test_turning_it_off_ends_the_links_of_the_domain(app: App) -> None:
    ask(app)
    app.services.self_service.switch(LOCAL, "a.nl", on=False)
    assert app.services.password_links.open(token_in(mails(app)[0]), opened=False).state is PageState.ENDED
    assert ask(app) == 0
    assert [what for what, on, _ in trail(app) if on == "a.nl"] == ["client.reset_on", "client.reset_off"]


def test_it_is_off_until_an_admin_turns_it_on_and_follows_the_client(app: App) -> None:
    service, clients = app.services.self_service, app.services.clients
    recovers(app, "b@b.nl", "b@mail.example")
    number = clients.add(LOCAL, ClientDetails("Bakker", ("b.nl",)))
    assert not service.is_on(LOCAL, "b.nl")
    clients.change(LOCAL, number, lambda old: ClientDetails(old.name, ("b.nl", "a.nl"), self_service=True))
    assert service.domains(LOCAL) == frozenset()
    assert ask(app, "b@b.nl") == 1
    with pytest.raises(InvalidState, match="Bakker"):
        service.switch(LOCAL, "b.nl", on=False)
    clients.change(LOCAL, number, lambda old: ClientDetails(old.name, ("b.nl",), self_service=True))
    assert not service.is_on(LOCAL, "a.nl")  # what it was before it had a client does not come back
    clients.delete(LOCAL, number)
    assert not service.is_on(LOCAL, "b.nl")
    assert (
        app.services.password_links.open(token_in(mails(app, "b@mail.example")[0]), opened=False).state
        is PageState.ENDED
    )
    with pytest.raises(NotFound):
        service.switch(LOCAL, "else.example", on=True)
    with pytest.raises(Forbidden):
        service.switch(Caller("kim"), "a.nl", on=True)


def test_it_is_offered_while_it_is_on_anywhere(app: App) -> None:
    assert app.services.self_service.is_offered()
    app.services.self_service.switch(LOCAL, "a.nl", on=False)
    assert not app.services.self_service.is_offered()


def test_the_next_link_goes_to_a_changed_recovery_email(app: App) -> None:
    ask(app)
    app.services.mailboxes.set_stored(LOCAL, "a.nl", "nina", "recovery_email", "new@mail.example")
    assert app.services.password_links.open(token_in(mails(app)[0]), opened=False).state is PageState.ENDED
    assert ask(app) >= 1
    assert "was changed within the last 24 hours" in mails(app, "new@mail.example")[0]


def test_a_link_is_never_mailed_to_another_address_than_before(app: App) -> None:
    ask(app)
    recovers(app, NINA, "new@mail.example")
    assert ask(app) == 1
    assert token_in(mails(app, "new@mail.example")[0]) != token_in(mails(app)[0])
    assert app.services.password_links.open(token_in(mails(app)[0]), opened=False).state is PageState.ENDED


def test_the_account_s_own_mailbox_gets_no_link(tmp_path: Path) -> None:
    with opened(tmp_path, user="nina") as made:
        made.have(NINA)
        recovers(made, NINA, PRIVATE)
        made.services.self_service.switch(LOCAL, "a.nl", on=True)
        assert ask(made) == 0
        assert outcomes(made) == [(LinkRefusal.PANEL_ACCOUNT, 1)]


def test_nothing_is_answered_after_a_restore_before_an_admin_continues(app: App) -> None:
    with app.services.store.write() as tx:
        hold.begin(tx, Hold(app.services.clock.now()))
    app.services.self_service.request(NINA, HERE)
    done = app.services.self_service.work()
    assert (done.requests, done.mails) == (0, 0)
    assert done.next_at is not None
    with app.services.store.write() as tx:
        hold.end(tx, LOCAL, app.services.clock.now())
    assert worked(app) == 1


def test_a_request_waits_for_a_list_and_is_given_up_after_a_while(tmp_path: Path, clock: ShiftedClock) -> None:
    with opened(tmp_path, clock) as made:
        made.have(NINA)
        recovers(made, NINA, PRIVATE)
        made.services.self_service.switch(LOCAL, "a.nl", on=True)
        made.host.down = True
        assert ask(made) == 0
        assert made.services.self_service.work().next_at is not None
        made.host.down = False
        made.services.lists._outcomes.clear()  # a failed read is not repeated for a while
        assert worked(made) == 1
        clock.ahead += 400
        made.host.down = True
        assert ask(made) == 1  # the last list has it
        assert ask(made, "late@a.nl") == 0
        clock.ahead += 1_801
        assert made.services.self_service.work().next_at is None


def test_strangers_cause_no_more_than_one_read_of_a_list_in_minutes(app: App, clock: ShiftedClock) -> None:
    ask(app)
    before = len(app.host.sent)
    for number in range(20):
        ask(app, f"guess{number}@a.nl", by=f"192.0.2.{number}")
        ask(app, f"guess{number}@b.nl", by=f"192.0.3.{number}")
    assert len(app.host.sent) == before
    clock.ahead += 400
    for number in range(20):
        ask(app, f"guess{number}@a.nl", by=f"192.0.2.{number}")
    assert sum("email-accounts" in sent.path for sent in app.host.sent[before:]) <= 1


def test_a_caller_proves_by_a_code_that_the_mail_came(app: App) -> None:
    ask(app)
    ask(app)
    codes = [each.code for each in app.services.self_service.asked(LOCAL, "a.nl", "nina")]
    assert len(set(codes)) == 2
    assert all(len(code) == 6 for code in codes)
    for code, text in zip(reversed(codes), mails(app), strict=True):
        assert f": {code}" in text
    viewer = Caller("kim", domains={"a.nl": frozenset({Permission.VIEW})})
    assert [each.code for each in app.services.self_service.asked(viewer, "a.nl", "nina")] == ["", ""]


def test_outcomes_are_kept_for_thirty_days(app: App, clock: ShiftedClock) -> None:
    ask(app)
    for _ in range(29):
        clock.ahead += 86_000
        app.services.housekeeping.tidy()
    app.services.self_service.work()
    assert len(outcomes(app)) == 1
    for _ in range(2):
        clock.ahead += 86_000
        app.services.housekeeping.tidy()
    app.services.self_service.work()
    assert outcomes(app) == []


def test_outcomes_stay_while_the_clock_may_be_wrong(app: App, clock: ShiftedClock) -> None:
    ask(app)
    clock.ahead += 40 * 86_400
    app.services.self_service.work()
    assert len(outcomes(app)) == 1


def test_a_deleted_mailbox_leaves_no_outcomes(app: App) -> None:
    ask(app)
    app.services.mailboxes.delete(LOCAL, "a.nl", "nina")
    assert outcomes(app) == []
    assert app.services.password_links.open(token_in(mails(app)[0]), opened=False).state is PageState.ENDED


def test_no_address_token_or_code_is_in_the_audit_log(app: App) -> None:
    ask(app)
    (code,) = (each.code for each in app.services.self_service.asked(LOCAL, "a.nl", "nina"))
    text = str(trail(app))
    for secret in (token_in(mails(app)[0]), code, PRIVATE):
        assert secret not in text
    assert (AuditAction.LINK_RESET.value, NINA, "self-service") in trail(app)


def test_requests_that_wait_for_a_list_hold_up_no_others(app: App) -> None:
    app.services.self_service.switch(LOCAL, "c.nl", on=True)
    app.host.down = True
    for number in range(120):
        app.services.self_service.request(f"p{number}@c.nl", f"192.0.2.{number}")
    assert ask(app) == 1
    assert app.services.self_service.work().next_at == pytest.approx(app.services.clock.now() + 60, abs=5)


def test_where_it_is_on_is_shown_by_permission(app: App) -> None:
    kim = Caller("kim", domains={"b.nl": frozenset({Permission.VIEW})})
    assert not app.services.self_service.is_on(kim, "b.nl")
    for act in (lambda: app.services.self_service.is_on(kim, "a.nl"), lambda: app.services.self_service.domains(kim)):
        with pytest.raises(Forbidden):
            act()


def test_a_mailbox_that_is_being_locked_gets_no_link(app: App) -> None:
    with app.services.store.write() as tx:
        manual_writes.add(
            tx, app.services.store.key, "", at=app.services.clock.now(), who="kim", kind="operator", address="",
            action="lock", domain="a.nl", username="nina", asked={}, recovery_email="", settle_at=4e9,
            passwords_until=0.0,
        )  # fmt: skip
    assert ask(app) == 0
    assert outcomes(app) == [(LinkRefusal.LOCKED, 1)]


def test_two_workers_answer_a_request_once(app: App) -> None:
    app.services.self_service.request(NINA, HERE)
    with app.services.store.read() as tx:
        [request] = reset_requests.waiting(tx, 9)
    assert [app.services.self_service._answer(request) for _ in range(2)] == [1, 0]


def test_nothing_is_offered_or_mailed_without_a_mail_server(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(app.services.outbox), "is_set", property(lambda _self: False))
    assert not app.services.self_service.is_offered()
    assert ask(app) == 0
    assert outcomes(app) == [(ResetOutcome.NO_MAIL_SERVER, 1)]


def test_a_clock_that_was_ahead_locks_nobody_out(app: App, clock: ShiftedClock) -> None:
    clock.ahead += 10 * 86_400
    for number in range(MAX_OF_NETWORK):
        app.services.self_service.request(f"p{number}@a.nl", HERE)
    clock.ahead -= 10 * 86_400
    assert ask(app) == 1


def test_a_network_counts_for_an_hour_also_what_was_answered(app: App) -> None:
    for number in range(MAX_OF_NETWORK):
        app.services.self_service.request(f"p{number}@a.nl", HERE)
    app.services.self_service.work()
    assert ask(app) == 0


def test_an_address_in_another_case_has_the_same_limit(app: App) -> None:
    for number in range(MAX_OF_ADDRESS + 2):
        app.services.self_service.request(NINA.upper() if number % 2 else NINA, f"192.0.2.{number}")
    with app.services.store.read() as tx:
        assert len(reset_requests.waiting(tx, 99)) == MAX_OF_ADDRESS


def test_equal_outcomes_join_within_an_hour_alone(app: App, clock: ShiftedClock) -> None:
    ask(app, "tess@a.nl")
    clock.ahead += 3_601
    ask(app, "tess@a.nl")
    assert [times for _, times in outcomes(app, "tess@a.nl")] == [1, 1]


def test_a_few_former_recovery_emails_get_a_notice_and_never_the_one_of_today(app: App) -> None:
    for number in (1, 2, 3, 4, 5, 2):
        email = f"former{number}@mail.example"
        app.services.mailboxes.set_stored(LOCAL, "a.nl", "nina", "recovery_email", email)
    with app.services.store.read() as tx:
        former = recovery_changes.recent(tx, "a.nl", "nina", app.services.clock.now())
    assert former == [PRIVATE, "former1@mail.example", "former3@mail.example"]


def test_a_notice_that_is_due_is_not_forgotten_for_its_age(app: App, clock: ShiftedClock) -> None:
    app.services.mailboxes.set_stored(LOCAL, "a.nl", "nina", "recovery_email", "new@mail.example")
    with app.services.store.write() as tx:
        assert recovery_changes.forget(tx, clock.now() + 99 * 86_400) == 0
        assert [each.email for each in recovery_changes.due(tx, 9)] == [PRIVATE]
