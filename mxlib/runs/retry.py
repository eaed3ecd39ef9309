"""A second try: the rows of a run that failed or were not attempted become a run of their own."""

from collections.abc import Callable

from mxlib.core.notes import Note, NoteCode
from mxlib.core.plans.plan import Plan
from mxlib.core.vocabulary import AT_AN_END, ERASED, RETRIED, Action, AuditAction, RunKind, RunStatus
from mxlib.runs.messages import DONE_BY_ANOTHER, undoes_already
from mxlib.store import Tx, audit, dated_deletions, journal, run_passwords
from mxlib.store.audit import Actor
from mxlib.store.encryption import ServerKey
from mxlib.store.records import RunRecord

#: Whether a caller may see a run.
Visible = Callable[[RunRecord], bool]


class InvalidState(Exception):
    """The state of the run does not allow the request. The message says why in one sentence."""


class NotOwner(InvalidState):
    """Runs go on in another process: this one only shows them."""


class SameImport(Exception):
    """A run of the same import goes on; the message names it."""

    def __init__(self, run: int) -> None:
        super().__init__(f"Run {run} imports the same rows already. Wait for its end, or start them again.")
        self.run = run


def everywhere(_run: RunRecord) -> bool:
    """Return that a run is visible, for acts of MXM itself."""
    return True


def must_see(tx: Tx, run: int, visible: Visible) -> None:
    """Raise InvalidState, which names no number, for a run that is not visible."""
    record = journal.get_run(tx, run)
    if record is not None and not visible(record):
        raise InvalidState(DONE_BY_ANOTHER)


def retry(
    tx: Tx, server_key: ServerKey, run: int, actor: Actor, at: float, *, visible: Visible = everywhere
) -> int:  # fmt: skip
    """Journal a run of the rows of `run` that are not done, passwords included.

    Returns its number, or that of an earlier one; raises InvalidState if that is not `visible`.
    """
    record = journal.get_run(tx, run)
    if record is None or record.status not in AT_AN_END:
        raise InvalidState("The run is not at its end yet. Stop it first, or wait.")
    rows = [row for row in journal.rows(tx, run, outcomes=RETRIED) if row.username != ERASED]
    if not rows:
        raise InvalidState("No row of this run failed.")
    sealed = {row.position: row.sealed_password for row in rows if row.sealed_password}
    passwords = run_passwords.opened(tx, server_key, run, sealed)
    if run_passwords.forgotten(record) and any(row.action not in {Action.DELETE, Action.LOCK} for row in rows):
        raise InvalidState("The passwords of this run were forgotten. Download the failed rows and import them again.")
    by_owners = sum(row.set_by_owner for row in rows)
    plan = Plan(
        record.file_name,
        record.file_digest,
        tuple(row.planned(passwords.get(row.position, "")) for row in rows),
        RunKind(record.kind),
        record.undo_of,
        (Note(NoteCode.SET_BY_OWNERS, (by_owners,)),) if by_owners else (),
    )
    running = journal.find_run(tx, operator=actor.name, idempotency_key=None, plan_digest=plan.digest)
    if running is not None:
        must_see(tx, running, visible)
        return running
    if record.undo_of is not None and (undo := journal.find_undo(tx, record.undo_of)) is not None:
        must_see(tx, undo, visible)
        raise InvalidState(undoes_already(undo, record.undo_of))
    number = journal.add_run(
        tx, plan, server_key, operator=actor.name, status=RunStatus.QUEUED, at=at,
        retention_days=record.retention_days, retry_of=run,
        unanswered={row.position for row in rows if row.unanswered},
    )  # fmt: skip
    for row in rows:
        dated_deletions.drop_own(tx, row)
    outcome, detail = f"{len(rows)} rows of run {run}", {"rows": len(rows), "of": run}
    audit.record(tx, actor, AuditAction.RUN_RETRY, at=at, run=number, outcome=outcome, detail=detail)
    return number
