"""Locks, unlocks and resets through faults, lost answers, deaths and pauses: no lock is said while a person gets in."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mxlib.core.locks import Lock
from mxlib.core.plans.plan import PlannedRow
from mxlib.core.vocabulary import OPEN, Action, Outcome
from mxlib.sandbox.faults import NAMED, Rule
from mxlib.sandbox.state import Change
from mxlib.store import mailbox_locks
from mxlib.store.records import RowRecord
from tests.support.audit_entries import audit_entries
from tests.support.hypothesis_profiles import examples
from tests.support.run_properties import DOMAINS, EXAMPLES, rules, run_to_the_end
from tests.support.simulation import Simulation, plan, row

pytestmark = pytest.mark.slow

THEIRS, NOBODYS, BEFORE = "theirs", "a password that nobody knows", Lock(1.0, "kim", "left us")
ACTIONS = (Action.LOCK, Action.LOCK, Action.UNLOCK, Action.UPDATE)

#: Ways to lose the response to a write of one mailbox, on top of all other faults.
LOST = [NAMED[name] for name in ("lost_after", "lost_before", "lost_late", "error_after", "error_late", "stalled")]


def planned(position: int, action: Action, domain: str) -> PlannedRow:
    """Return a row that locks, unlocks or resets a mailbox that is there."""
    base = row(position, f"user{position}", domain, action=action)
    password = "" if action is Action.LOCK else f"Changed-{position}-x"
    before = {"quota": 1024, "limit": 9600, "recovery_email": ""}
    return replace(base, password=password, quota=None, limit=None, before=before)


@st.composite
def drawn_runs(draw: st.DrawFn) -> tuple[list[PlannedRow], set[str], list[Rule]]:
    """Draw rows, which of their mailboxes are locked before, and lost responses."""
    actions = draw(st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=8))
    rows = [planned(at, action, draw(st.sampled_from(DOMAINS[:2]))) for at, action in enumerate(actions)]
    addresses = st.sampled_from([each.address for each in rows])
    about = st.builds(Rule, st.sampled_from(LOST), address=addresses, count=st.integers(1, 12))
    return rows, draw(st.sets(addresses)), draw(st.lists(about, max_size=4))


@settings(
    max_examples=examples(EXAMPLES // 10),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    drawn_runs(),
    st.lists(rules, max_size=3),
    st.lists(st.integers(0, 80), max_size=4),
    st.lists(st.tuples(st.integers(0, 80), st.sampled_from(("pause", "resume", "stop"))), max_size=3),
)
def test_no_mailbox_is_called_locked_while_a_known_password_opens_it(
    drawn: tuple[list[PlannedRow], set[str], list[Rule]],
    faults: list[Rule],
    kills: list[int],
    steers: list[tuple[int, str]],
) -> None:
    rows, locked, lost = drawn
    here = Simulation(*lost, *faults)
    for each in rows:
        password = NOBODYS if each.address in locked else THEIRS
        here.sandbox.account.apply(Change("create", each.domain, each.username, password=password))
        if each.address in locked:
            with here.store.write() as tx:
                mailbox_locks.put(tx, each.domain, each.username, BEFORE)
    run = here.start(plan(*rows, name="a"))
    for step in range(81):
        for at, action in steers:
            if at == step:
                getattr(here.engine, action)(run, *(("A test.",) if action == "pause" else ()))
        if step in kills:
            here.kill()
        here.step()
        for each in rows:
            never_wrong(here, each)
    run_to_the_end(here, run)

    for planned_row, result in zip(rows, here.rows(run), strict=True):
        never_wrong(here, planned_row)
        check(here, run, planned_row, result, was_locked=planned_row.address in locked)


def lock_of(here: Simulation, each: PlannedRow) -> Lock | None:
    with here.store.read() as tx:
        return mailbox_locks.of_mailbox(tx, each.domain, each.username)


def never_wrong(here: Simulation, each: PlannedRow) -> None:
    """Check that no known password opens a locked mailbox, unless an unlock is on its way."""
    if lock_of(here, each) is not None:
        password = here.sandbox.password_of(each.address)
        assert password != THEIRS
        assert password != each.password or each.action is Action.UNLOCK


def check(here: Simulation, run: int, planned_row: PlannedRow, result: RowRecord, *, was_locked: bool) -> None:
    outcome, lock = Outcome(result.outcome), lock_of(here, planned_row)
    password = here.sandbox.password_of(planned_row.address)
    with here.store.read() as tx:
        entries = [entry["what"] for entry in audit_entries(tx, run=run) if entry["on"] == planned_row.address]
    assert outcome not in OPEN
    match Action(planned_row.action):
        case Action.LOCK:
            assert result.sealed_password is None
            assert entries.count("mailbox.lock") == (outcome is Outcome.UPDATED)
            assert (outcome is Outcome.UPDATED) <= (password not in {THEIRS, NOBODYS})
            assert (lock is not None) == (was_locked or outcome is Outcome.UPDATED)
            assert was_locked <= (lock == BEFORE and password == NOBODYS)
        case Action.UNLOCK:
            assert (outcome is Outcome.UPDATED) <= (password == planned_row.password)
            assert (outcome is Outcome.UPDATED) <= (lock is None and was_locked)
            # What may have been set without an answer ends the lock as well.
            assert (password == planned_row.password) <= (lock is None)
        case _:
            assert lock == (BEFORE if was_locked else None)
            assert was_locked <= (password == NOBODYS)
