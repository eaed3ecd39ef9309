"""Relations of runs: same import, or a retry of another's failed rows."""

import sqlalchemy as sa

from mxlib.core.plans.plan import Plan
from mxlib.core.vocabulary import Action, AuditAction
from mxlib.store.tables import audit, run, run_row
from mxlib.store.transaction import Tx


def same_import(tx: Tx, plan: Plan, since: float | None = None) -> list[int]:
    """Return runs that import the same file into a domain of `plan`.

    Without a file, those with the same mailboxes. They are open, or were started `since` then.
    """
    counts = run.c.status.not_in(("finished", "stopped"))
    rivals = (counts if since is None else counts | (run.c.created_at >= since)) & (run.c.kind == plan.kind.value)
    query = sa.select(run.c.id, run.c.domains).where(rivals, run.c.file_digest == plan.file_digest)
    if plan.file_digest:
        return [number for number, domains in tx.execute(query) if set(domains) & set(plan.domains)]
    asked = [(row.action.value, row.username, row.domain) for row in plan.rows if row.acts]
    found = tx.execute(query.where(run.c.total == len(plan.rows))).all()
    return [number for number, _ in found if asked and asked == _asked(tx, number)]


def _asked(tx: Tx, number: int) -> list[tuple[str, str, str]]:
    query = sa.select(run_row.c.action, run_row.c.username, run_row.c.domain, run_row.c.outcome)
    found = tx.execute(query.where(run_row.c.run == number).order_by(run_row.c.position))
    return [
        (action, name, domain) for action, name, domain, outcome in found if outcome not in ("skipped", "unchanged")
    ]


def locking_in(tx: Tx, number: int) -> set[str]:
    """Return the domains in which a run locks or unlocks mailboxes."""
    changes = run_row.c.action.in_((Action.LOCK, Action.UNLOCK))
    query = sa.select(run_row.c.domain).where(run_row.c.run == number, changes).distinct()
    return set(tx.execute(query).scalars())


def started_by(tx: Tx, number: int, who: str, kind: str) -> bool:
    """Return whether this user or token started the run, or one that it retries."""
    following: int | None = number
    while following is not None:
        started = audit.c.what.in_((AuditAction.RUN_START, AuditAction.RUN_RETRY)) & (audit.c.run == following)
        query = sa.select(audit.c.id).where(started, audit.c.who == who, audit.c.kind == kind).limit(1)
        if tx.execute(query).first() is not None:
            return True
        following = tx.execute(sa.select(run.c.retry_of).where(run.c.id == following)).scalar()
    return False
