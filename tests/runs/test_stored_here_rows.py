"""Rows that change only values stored here are done without a request, unless others changed the mailbox meanwhile."""

from typing import Any

import pytest

from mxlib.core.vocabulary import CLEAR, Action, AuditAction, Outcome, RowReason
from mxlib.runs import write_guard
from mxlib.store import audit, stored_columns
from mxlib.store.audit import Actor
from tests.support.deletions import BEFORE, existing
from tests.support.simulation import Simulation, plan, row, rows

OLD, NEW = "old@x.example", "new@x.example"


def change(position: int, **changes: Any):
    """Return a row that changes the recovery email alone."""
    blank = {"action": Action.UPDATE, "password": "", "quota": None, "limit": None, "before": BEFORE}
    return row(position, **blank | {"recovery_email": NEW} | changes)


def stored(here: Simulation, name: str = "user1") -> str:
    """Return the recovery email that is stored for a mailbox."""
    with here.store.read() as tx:
        return stored_columns.of_mailbox(tx, "a.nl", name)["recovery_email"]


def queued_behind_another(here: Simulation, planned: Any) -> int:
    """Start a run of one row that waits for another run on its domain."""
    existing(here, "user1")
    here.start(plan(*rows(1)))
    return here.start(plan(planned, name="late.csv"))


def test_a_value_is_stored_without_a_request() -> None:
    here = Simulation()
    run = queued_behind_another(here, change(1, limit=500))
    here.run()
    done = here.rows(run)[0]
    assert (done.outcome, stored(here)) == (Outcome.UPDATED, NEW)
    assert (done.code, done.detail) == (RowReason.STORED_HERE, {"stored": {"recovery_email": "set"}, "limit": 500})
    assert not [job for job in here.sandbox.log if job.method in {"PATCH", "PUT", "DELETE"}]


@pytest.mark.parametrize(
    ("action", "code"),
    [
        (AuditAction.RECOVERY_SET, RowReason.CHANGED_SINCE_PLAN),
        (AuditAction.MAILBOX_UPDATE, RowReason.CHANGED_SINCE_PLAN),
        (AuditAction.MAILBOX_DELETE, RowReason.RECREATED),
        (AuditAction.MAILBOX_CREATE, RowReason.RECREATED),
    ],
)
def test_a_value_of_a_mailbox_that_others_changed_meanwhile_is_not_stored(action: AuditAction, code: RowReason) -> None:
    here = Simulation()
    run = queued_behind_another(here, change(1))
    with here.store.write() as tx:
        audit.record(tx, Actor("ann"), action, at=here.clock.now(), on="user1@a.nl")
    here.run()
    assert (here.outcomes(run), here.rows(run)[0].code) == (["skipped"], code)
    assert stored(here) == ""


@pytest.mark.parametrize(("now", "outcome", "left"), [(NEW, "updated", ""), (OLD, "skipped", OLD)])
def test_an_undo_restores_a_value_only_if_it_is_unchanged_since_the_run(now: str, outcome: str, left: str) -> None:
    here = Simulation()
    before = {"recovery_email": NEW, "unchanged": True}
    run = queued_behind_another(here, change(1, recovery_email=CLEAR, before=before))
    with here.store.write() as tx:
        stored_columns.apply(tx, "a.nl", "user1", {"recovery_email": now}, here.clock.now())
    here.run()
    assert (here.outcomes(run), stored(here)) == ([outcome], left)
    if outcome == "skipped":
        assert here.rows(run)[0].code == RowReason.VALUE_CHANGED


@pytest.mark.parametrize(
    "data",
    [None, [], "jan", {}, {"usage": 1, "sent": 0, "quota": 5}, {"usage": "much", "sent": 0, "quota": 5, "limit": 1}],
)
def test_a_mailbox_without_all_figures_is_not_guessed(data: object) -> None:
    assert write_guard.keep_text(data) is None
