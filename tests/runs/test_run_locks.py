"""Runs and locks: what comes between the inspection of a mailbox and its request, and what a lost answer leaves."""

from dataclasses import replace

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.clients import ClientDetails, Terms
from mxlib.core.dated_deletions import AskCode
from mxlib.core.locks import Lock
from mxlib.core.plans.plan import PlannedRow
from mxlib.core.vocabulary import Action, AuditAction
from mxlib.runs import write_guard
from mxlib.sandbox.faults import NAMED, Rule
from mxlib.sandbox.state import Change
from mxlib.store import audit, clients, dated_deletions, journal, mailbox_locks, manual_writes
from mxlib.store.dated_deletions import DatedDeletion
from tests.support.simulation import START, Simulation, plan, row

KNOWN = {"quota": 1024, "limit": 9600, "recovery_email": ""}


def acts(action: Action, password: str = "") -> PlannedRow:
    return row(0, action=action, password=password, quota=None, limit=None, before=KNOWN)


def existing(*rules: Rule) -> Simulation:
    """Return a simulation in which user0@a.nl exists."""
    here = Simulation(*rules)
    here.sandbox.account.apply(Change("create", "a.nl", "user0", password="theirs"))
    return here


def until_inspected(here: Simulation, run: int) -> None:
    for _ in range(100):
        if here.engine.states[run].inspected:
            return
        here.step()
    raise AssertionError("Nothing was inspected.")


def writes(here: Simulation) -> list[str]:
    return [entry.method for entry in here.sandbox.log if entry.method != "GET"]


def locked(here: Simulation) -> Lock | None:
    with here.store.read() as tx:
        return mailbox_locks.of_mailbox(tx, "a.nl", "user0")


def dates(here: Simulation) -> list[str]:
    """Return why each dated deletion asks."""
    with here.store.read() as tx:
        return [each.why for each in dated_deletions.every(tx)]


def notes(here: Simulation, action: AuditAction) -> None:
    """Record an act of a person on user0@a.nl."""
    with here.store.write() as tx:
        audit.record(tx, LOCAL, action, at=here.clock.now(), on="user0@a.nl")


def journals(here: Simulation, action: Action, password: str = "") -> None:
    """Journal a write by hand that is being sent."""
    with here.store.write() as tx:
        manual_writes.add(
            tx, here.store.key, password, at=here.clock.now(), who="kim", kind="operator", address="",
            action=action.value, domain="a.nl", username="user0", asked={}, recovery_email="", name="",
            settle_at=here.clock.now() + 60.0, passwords_until=here.clock.now() + 86_400.0,
        )  # fmt: skip


class TestCapsBetweenLookAndRequest:
    @pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE])
    def test_a_cap_that_was_lowered_since_skips_the_rows_over_it(self, action: Action) -> None:
        here = Simulation()
        before = {} if action is Action.CREATE else KNOWN
        if action is Action.UPDATE:
            for at in range(3):
                here.sandbox.account.apply(Change("create", "a.nl", f"user{at}", password="theirs"))
        rows = [
            row(at, action=action, password="New-Secret-1", quota=quota, limit=None, before=before)
            for at, quota in enumerate((2048, 512, 0))
        ]
        if action is Action.CREATE:
            rows = [replace(each, limit=9600) for each in rows]
        with here.store.write() as tx:
            clients.add(tx, ClientDetails("A", ("a.nl",), terms=Terms(max_quota=4096)), by="kim", at=START)
        run = here.start(plan(*rows))
        while not here.engine.states[run].sends or (action is Action.UPDATE and not here.engine.states[run].inspected):
            here.step()
        assert writes(here) == []
        with here.store.write() as tx:
            clients.change(tx, 1, ClientDetails("A", ("a.nl",), terms=Terms(max_quota=1024)))
        here.run()
        done = "created" if action is Action.CREATE else "updated"
        assert here.outcomes(run) == ["skipped", done, "skipped"]
        with here.store.read() as tx:
            assert [each.code for each in journal.rows(tx, run) if each.outcome == "skipped"] == ["quota_over_cap"] * 2

    def test_a_quota_that_the_mailbox_has_may_stay(self) -> None:
        here = existing()
        with here.store.write() as tx:
            clients.add(tx, ClientDetails("A", ("a.nl",), terms=Terms(max_quota=512)), by="kim", at=START)
        run = here.start(
            plan(row(0, action=Action.UPDATE, password="New-Secret-1", quota=1024, limit=None, before=KNOWN))
        )
        here.run()
        assert here.outcomes(run) == ["updated"]


class TestBetweenInspectionAndRequest:
    def test_a_lock_by_hand_stops_a_reset(self) -> None:
        here = existing()
        run = here.start(plan(acts(Action.UPDATE, "New-Secret-1")))
        until_inspected(here, run)
        with here.store.write() as tx:
            mailbox_locks.put(tx, "a.nl", "user0", Lock(START, "kim"))
        here.run()
        assert (here.outcomes(run), writes(here)) == (["skipped"], [])

    @pytest.mark.parametrize(
        ("planned", "by_hand"), [(Action.UPDATE, Action.LOCK), (Action.LOCK, Action.UPDATE)], ids=["reset", "lock"]
    )
    def test_a_write_by_hand_under_way_stops_a_row(self, planned: Action, by_hand: Action) -> None:
        here = existing()
        run = here.start(plan(acts(planned, "New-Secret-1" if planned is Action.UPDATE else "")))
        until_inspected(here, run)
        journals(here, by_hand, "Known-Secret-1" if by_hand is Action.UPDATE else "")
        here.run()
        assert (here.outcomes(run), writes(here)) == (["skipped"], [])
        assert locked(here) is None

    @pytest.mark.parametrize(
        ("act", "code"),
        [(AuditAction.MAILBOX_DELETE_CALLED_OFF, "called_off"), (AuditAction.MAILBOX_DELETE_LATER, "other_date"),
         (AuditAction.MAILBOX_UNLOCK, "changed_since_plan")],
    )  # fmt: skip
    def test_an_act_that_is_done_already_stops_a_deletion(self, act: AuditAction, code: str) -> None:
        here = existing()
        run = here.start(plan(acts(Action.DELETE)))
        until_inspected(here, run)
        notes(here, act)
        here.run()
        assert (here.outcomes(run), writes(here)) == (["skipped"], [])
        assert here.rows(run)[0].code == code


def test_a_lock_without_an_answer_is_sent_again_though_its_deletion_is_called_off() -> None:
    here = existing(Rule(NAMED["lost_after"]))
    run = here.start(plan(replace(acts(Action.LOCK), before=KNOWN | {"for_deletion": True})))
    while not here.rows(run)[0].unanswered:
        here.step()
    notes(here, AuditAction.MAILBOX_DELETE_CALLED_OFF)
    here.run()
    assert here.outcomes(run) == ["updated"]
    assert locked(here) is not None


def test_a_dated_deletion_that_waits_since_the_key_is_refused_for_everything_does_not_ask() -> None:
    here = existing(Rule(NAMED["forbidden"], "delete"), Rule(NAMED["unauthorized"], "read", first=3, count=None))
    date = {"due_at": START, "asked_at": START - 9e6, "kind": "operator", "before": {}}
    run = here.start(plan(replace(acts(Action.DELETE), before=KNOWN | {"dated": date})))
    asked = False
    while here.record(run).status != "paused":
        here.step()
        asked = asked or dates(here) == [AskCode.NOT_DONE]
    assert (asked, here.outcomes(run), dates(here)) == (True, ["waiting"], [])


def test_an_unlock_given_up_without_an_answer_ends_the_lock() -> None:
    here = existing(Rule(NAMED["lost_after"], count=None))
    with here.store.write() as tx:
        mailbox_locks.put(tx, "a.nl", "user0", Lock(START - 1.0, "kim"))
    run = here.start(plan(acts(Action.UNLOCK, "New-Secret-1")))
    here.run()
    assert here.outcomes(run) == ["failed"]
    assert locked(here) is None


def test_a_deletion_that_was_not_done_leaves_lock_and_date() -> None:
    here = existing(Rule(NAMED["yes_undone"], "delete"))
    date = DatedDeletion("a.nl", "user0", START + 9e6, START - 1.0, "kim", "operator", "", {"usage": 1.0}, "")
    with here.store.write() as tx:
        mailbox_locks.put(tx, "a.nl", "user0", Lock(START - 1.0, "kim", "left us"))
        dated_deletions.put(tx, date)
    run = here.start(plan(acts(Action.DELETE)))
    here.run()
    assert here.outcomes(run) == ["failed"]
    assert locked(here) == Lock(START - 1.0, "kim", "left us")
    with here.store.read() as tx:
        assert dated_deletions.get(tx, "a.nl", "user0") == date


def test_a_row_that_waits_after_a_lost_answer_forbids_a_lock_for_a_minute() -> None:
    here = existing(Rule(NAMED["lost_after"], count=None))
    run = here.start(plan(acts(Action.UPDATE, "New-Secret-1")))
    while not here.rows(run)[0].unanswered:
        here.step()
    here.engine.pause(run, "for the test")
    assert here.outcomes(run) == ["waiting"]
    with here.store.read() as tx:
        assert mailbox_locks.may_still_set_password(tx, "a.nl", "user0", here.clock.now()) > 0
        assert mailbox_locks.may_still_set_password(tx, "a.nl", "user0", here.clock.now() + 61.0) == 0


def test_a_lock_of_a_paused_run_is_not_on_its_way() -> None:
    here = existing(Rule(NAMED["lost_after"], count=None))
    run = here.start(plan(acts(Action.LOCK)))
    while not here.rows(run)[0].unanswered:
        here.step()
    with here.store.read() as tx:
        assert mailbox_locks.being_locked(tx, "a.nl") == {"user0"}
    here.engine.pause(run, "for the test")
    with here.store.read() as tx:
        assert mailbox_locks.being_locked(tx, "a.nl") == set()
        assert mailbox_locks.may_still_lock(tx, "a.nl", "user0", here.clock.now()) > 0
        assert mailbox_locks.may_still_lock(tx, "a.nl", "user0", here.clock.now() + 61.0) == 0


def test_locks_under_way_are_read_from_the_rows_of_open_runs() -> None:
    here = existing()
    here.start(plan(acts(Action.LOCK)))
    statements: list[str] = []
    with here.store.read() as tx:
        raw = tx.connection.driver_connection
        assert raw is not None
        raw.set_trace_callback(statements.append)
        mailbox_locks.being_locked(tx, "a.nl")
        raw.set_trace_callback(None)
        plans = [str(step) for each in statements for step in raw.execute(f"EXPLAIN QUERY PLAN {each}")]
    assert any("run_by_status" in step for step in plans), plans
    assert not any("row_by_mailbox" in step for step in plans), plans


@pytest.mark.parametrize(("action", "kept"), [(Action.LOCK, True), (Action.DELETE, False)])
def test_a_lock_keeps_a_mailbox_from_a_second_one_but_not_from_its_deletion(action: Action, kept: bool) -> None:
    here = existing()
    waiting = here.rows(here.start(plan(acts(action))))[0]
    assert (write_guard.against_lock(waiting, locked=True) is not None) is kept
    assert write_guard.against_lock(waiting, locked=False) is None
