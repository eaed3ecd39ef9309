"""The pauses, stops and ends of a run.

Each is set in the journal first and then in memory; `halt` does it the other way round.
"""

from dataclasses import replace

from mxlib.core.reasons import PauseReason, Reason
from mxlib.core.text import run_status
from mxlib.core.vocabulary import AuditAction, Outcome, RowReason, RunStatus
from mxlib.runs import row_updates
from mxlib.runs.run_state import Note, PendingConfirmation, RunState
from mxlib.store import Store, audit, journal, run_passwords

#: Rows done in one transaction when they ask nothing of the host, so that nobody waits long for the next one.
AT_ONCE = 200


def halt(state: RunState, reason: PauseReason, *, blind: bool = False) -> None:
    """Pause a run in memory; `save` brings that to the store. One that is being stopped stays so, and reads on."""
    if state.status is RunStatus.STOPPING or state.is_left:
        return
    state.blind = state.blind or blind
    if state.status in {RunStatus.RUNNING, RunStatus.QUEUED}:
        state.status, state.pause_reason, state.unsaved = RunStatus.PAUSED, reason, True
        state.to_look.clear()


def stop(store: Store, state: RunState, moment: float, patience: float, note: Note | None = None, *, at: float) -> None:
    """Give every row that waits its outcome, unless it may be done already: that is read back first.

    `moment` is of the monotonic clock, `at` the time. Dated deletions that were not sent ask.
    """
    with store.write() as tx:
        lost = []
        for row in journal.rows(tx, state.id, outcomes=(Outcome.WAITING,)):
            if row.unanswered:
                lost.append(row)
            else:
                row_updates.put_date_back(tx, state, row, Reason(RowReason.STOPPED), at)
        journal.set_rows(
            tx, state.id, Outcome.WAITING, only=False, outcome=Outcome.NOT_ATTEMPTED, reason=Reason(RowReason.STOPPED)
        )
        journal.set_rows(tx, state.id, Outcome.WAITING, only=True, outcome=Outcome.SETTLING)
        journal.set_run(tx, state.id, status=RunStatus.STOPPING, why="", why_code="")
        for each in (*state.notes, *([note] if note else ())):
            each(tx)
    for row in lost:
        state.unsettled[row.position] = PendingConfirmation(
            replace(row, outcome=Outcome.SETTLING), moment, moment + patience
        )
    state.status, state.pause_reason, state.unsaved, state.blind = RunStatus.STOPPING, None, False, False
    state.notes = ()
    state.held = False
    state.waiting.clear()
    state.kept_here.clear()
    state.to_look.clear()
    state.denied.clear()


def save(store: Store, state: RunState, at: float) -> None:
    """Write a run's status down."""
    with store.write() as tx:
        code = state.pause_reason.code if state.pause_reason else None
        journal.set_run(tx, state.id, status=state.status, why=state.why, why_code=code or "", seen=False)
        if state.status is RunStatus.RUNNING:
            journal.begin(tx, state.id, at)
        if state.status is RunStatus.PAUSED:
            detail = {"code": code}
            audit.record(tx, state.actor, AuditAction.RUN_PAUSED, at=at, run=state.id, outcome=state.why, detail=detail)
        for note in state.notes:
            note(tx)
    state.unsaved, state.notes = False, ()


def keep_here(store: Store, state: RunState, at: float) -> None:
    """Do some of the rows that change nothing but a recovery email."""
    now = state.kept_here[:AT_ONCE]
    with store.write() as tx:
        for position in now:
            row = journal.get_row(tx, state.id, position, having=Outcome.WAITING)
            row_updates.keep_here(tx, state, row, at)
    del state.kept_here[: len(now)]


def finish(store: Store, state: RunState, at: float) -> None:
    """End a run: every row has its outcome, and its domains were compared as far as the host answered."""
    status = RunStatus.STOPPED if state.status is RunStatus.STOPPING else RunStatus.FINISHED
    with store.write() as tx:
        for row in state.unsettled.values():
            reason = Reason(RowReason.MAY_BE_DONE)
            journal.set_row(tx, state.id, row.row.position, having=Outcome.SETTLING, reason=reason)
        count, first = journal.differences(tx, state.id)
        journal.set_run(
            tx,
            state.id,
            status=status,
            finished_at=at,
            checked_at=at if state.compared and not state.note else None,
            differences=count,
            difference=first,
            note=state.note,
            seen=False,
        )
        run_passwords.keep_from(tx, state.id, at)
        counts = journal.counts(tx, [state.id]).get(state.id, {})
        outcomes = run_status.counted(counts)
        action = AuditAction.RUN_STOPPED if status is RunStatus.STOPPED else AuditAction.RUN_FINISHED
        outcome = ". ".join(filter(None, [outcomes, state.note]))
        audit.record(tx, state.actor, action, at=at, run=state.id, outcome=outcome, detail={"counts": counts})


def settle_at_last(store: Store, state: RunState, at: float) -> None:
    """Notify the operator that the outcomes of a stopped run are final. Its passwords are kept from then on."""
    with store.write() as tx:
        run_passwords.keep_from(tx, state.id, at)
        journal.set_run(tx, state.id, seen=False)
