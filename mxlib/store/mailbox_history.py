"""History of one mailbox, from the journal of runs and from writes by hand."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from mxlib.core.text import reasons
from mxlib.store.tables import attempt, audit, run, run_row
from mxlib.store.transaction import Tx

#: Outcomes of rows that did nothing to the mailbox, nor tried to.
_NOTHING = ("skipped", "unchanged", "not_attempted")


@dataclass(frozen=True, slots=True)
class InRun:
    """A row of a run about the mailbox.

    `at` is the last response of the host, or the run's start.
    """

    at: float
    who: str
    run: int
    file_name: str
    action: str
    outcome: str
    code: str
    detail: dict[str, Any] | None
    words: str

    @property
    def reason(self) -> str:
        """Return why its row has its outcome, as text."""
        return reasons.stored_text(self.code, self.detail, self.words, self.action)


@dataclass(frozen=True, slots=True)
class ManualAction:
    """An entry of the audit log about the mailbox that belongs to no run."""

    at: float
    who: str
    what: str
    outcome: str
    detail: dict[str, Any] | None


def in_runs(tx: Tx, domain: str, username: str, most: int) -> list[InRun]:
    """Return the latest rows about a mailbox, newest first. Rows that were left out of their runs are not included."""
    received_at = (
        sa.select(sa.func.max(attempt.c.heard_at))
        .where(attempt.c.run == run_row.c.run, attempt.c.position == run_row.c.position)
        .scalar_subquery()
    )
    at = sa.func.coalesce(received_at, run.c.started_at, run.c.created_at)
    row = (run_row.c[name] for name in ("action", "outcome", "code", "detail", "words"))
    query = (
        sa.select(at, run.c.operator, run.c.id, run.c.file_name, *row)
        .join(run, run.c.id == run_row.c.run)
        .where(run_row.c.domain == domain, run_row.c.username == username, run_row.c.outcome.not_in(_NOTHING))
        .order_by(run.c.id.desc())
        .limit(most)
    )
    return [InRun(*row) for row in tx.execute(query)]


def manual_actions(tx: Tx, domain: str, username: str, most: int) -> list[ManualAction]:
    """Return the latest entries about a mailbox, newest first."""
    query = (
        sa.select(audit.c.at, audit.c.who, audit.c.what, audit.c.outcome, audit.c.detail)
        .where(audit.c.on == f"{username}@{domain}", audit.c.run.is_(None))
        .order_by(audit.c.id.desc())
        .limit(most)
    )
    return [ManualAction(*row) for row in tx.execute(query)]


def plan_was_full(tx: Tx) -> float | None:
    """Return when MXroute refused the latest create of a run because its plan was full.

    None when the latest create had another response.
    """
    query = (
        sa.select(attempt.c.heard_at, attempt.c.answer)
        .where(attempt.c.kind == "create", attempt.c.heard_at.is_not(None))
        .order_by(attempt.c.id.desc())
        .limit(1)
    )
    found = tx.execute(query).first()
    return found.heard_at if found and found.answer.startswith("422") else None
