"""How a run pauses, stops and ends: first in the journal, then in memory; `halt` the other way round."""

from dataclasses import replace

from mxlib.core.plans.plan import Action
from mxlib.core.text import messages
from mxlib.runs import messages as sentences
from mxlib.runs import row_updates
from mxlib.runs.outcomes import Outcome, RunStatus
from mxlib.runs.run_state import Note, PendingConfirmation, RunState
from mxlib.store import Store, Tx, audit, journal, run_passwords

#: Rows done in one transaction when they ask nothing of the host, so that nobody waits long for the next one.
AT_ONCE = 200


def halt(course: RunState, why: str, *, blind: bool = False) -> None:
    """Pause a run in memory; `save` brings that to the store. One that is being stopped stays so, and reads on."""
    if course.status is RunStatus.STOPPING or course.is_left:
        return
    course.blind = course.blind or blind
    if course.status in {RunStatus.RUNNING, RunStatus.QUEUED}:
        course.status, course.why, course.unsaved = RunStatus.PAUSED, why, True
        course.to_look.clear()


def stop(store: Store, course: RunState, moment: float, patience: float, note: Note | None = None) -> None:
    """Give every row that waits its outcome, unless it may be done already: that is read back first."""
    with store.write() as tx:
        lost = [row for row in journal.rows(tx, course.id, outcomes=(Outcome.WAITING,)) if row.unanswered]
        journal.set_rows(
            tx, course.id, Outcome.WAITING, only=False, outcome=Outcome.NOT_ATTEMPTED, reason=sentences.STOPPED
        )
        journal.set_rows(tx, course.id, Outcome.WAITING, only=True, outcome=Outcome.SETTLING)
        journal.set_run(tx, course.id, status=RunStatus.STOPPING, why="")
        for each in (*course.notes, *([note] if note else ())):
            each(tx)
    for row in lost:
        course.unsettled[row.position] = PendingConfirmation(
            replace(row, outcome=Outcome.SETTLING), moment, moment + patience
        )
    course.status, course.why, course.unsaved, course.blind = RunStatus.STOPPING, "", False, False
    course.notes = ()
    course.held = False
    course.waiting.clear()
    course.kept_here.clear()
    course.to_look.clear()
    course.denied.clear()


def save(store: Store, course: RunState, at: float) -> None:
    """Write a run's status down."""
    with store.write() as tx:
        journal.set_run(tx, course.id, status=course.status, why=course.why, seen=False)
        if course.status is RunStatus.RUNNING:
            journal.begin(tx, course.id, at)
        if course.status is RunStatus.PAUSED:
            _note(tx, course, "run.paused", at, course.why)
        for note in course.notes:
            note(tx)
    course.unsaved, course.notes = False, ()


def keep_here(store: Store, course: RunState, at: float) -> None:
    """Do some of the rows that change nothing but a recovery email."""
    now = course.kept_here[:AT_ONCE]
    with store.write() as tx:
        for position in now:
            row = journal.get_row(tx, course.id, position, having=Outcome.WAITING)
            row_updates.keep_here(tx, course, row, at)
    del course.kept_here[: len(now)]


def finish(store: Store, course: RunState, at: float) -> None:
    """End a run: every row has its outcome, and its domains were compared as far as the host answered."""
    status = RunStatus.STOPPED if course.status is RunStatus.STOPPING else RunStatus.FINISHED
    with store.write() as tx:
        for row in course.unsettled.values():
            reason = sentences.MAY_EXIST if row.row.action == Action.CREATE else sentences.MAY_BE_DONE
            journal.set_row(tx, course.id, row.row.position, having=Outcome.SETTLING, reason=reason)
        count, first = journal.differences(tx, course.id)
        journal.set_run(
            tx,
            course.id,
            status=status,
            finished_at=at,
            checked_at=at if course.compared and not course.note else None,
            differences=count,
            difference=first,
            note=course.note,
            seen=False,
        )
        run_passwords.keep_from(tx, course.id, at)
        told = messages.counted(journal.counts(tx, [course.id]).get(course.id, {}))
        _note(tx, course, f"run.{status}", at, ". ".join(filter(None, [told, course.note])))


def settle_at_last(store: Store, course: RunState, at: float) -> None:
    """Have the operator see that a stopped run has its last outcomes, and keep its passwords from then on."""
    with store.write() as tx:
        run_passwords.keep_from(tx, course.id, at)
        journal.set_run(tx, course.id, seen=False)


def _note(tx: Tx, course: RunState, what: str, at: float, outcome: str) -> None:
    audit.append(
        tx, at=at, who=course.operator, kind="engine", what=what, on=f"run {course.id}", run=course.id, outcome=outcome
    )
