"""Mails to former recovery emails: how many a plan causes, and the record that a person left them out."""

from mxlib.auth.permissions import Caller
from mxlib.core.format import count as counted
from mxlib.core.plans.plan import Plan
from mxlib.core.vocabulary import AuditAction
from mxlib.store import Store, Tx, audit, self_service


def count(store: Store, plan: Plan) -> int:
    """Return how many people get a notice at their former recovery email.

    Only people in domains where reset is on do.
    """
    rows = [row.domain for row in plan.rows if row.replaces_recovery_email]
    if not rows:
        return 0
    with store.read() as tx:
        on = self_service.domains(tx)
    return sum(domain in on for domain in rows)


def audit_left_out(tx: Tx, caller: Caller, people: int, run: int, at: float) -> None:
    """Record that a person left out the mails to so many people; nothing for none."""
    if people:
        outcome, detail = counted(people, "person", "people"), {"people": people}
        audit.record(tx, caller, AuditAction.NOTICES_LEFT_OUT, at=at, run=run, outcome=outcome, detail=detail)
