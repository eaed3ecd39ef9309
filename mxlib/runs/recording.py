"""What is written down when something is known: the row, its recovery email, the audit trail, in one transaction."""

from collections.abc import Iterable

from mxlib.mailboxes.plan import Action
from mxlib.mxroute.errors import MXrouteError, Refused, Unreadable
from mxlib.mxroute.messages import Answer, Mailbox
from mxlib.runs import sentences
from mxlib.runs.course import Course
from mxlib.runs.outcomes import DONE, Outcome
from mxlib.store import Tx, audit, journal, lists, recovery
from mxlib.store.records import RowRecord


def decide(tx: Tx, course: Course, row: RowRecord, outcome: Outcome, reason: str, at: float) -> None:
    """Give a row its outcome, and keep or drop the recovery email that goes with it."""
    journal.set_row(tx, course.id, row.position, outcome=outcome, reason=reason)
    if outcome in {Outcome.CREATED, Outcome.UPDATED} and row.recovery_email:
        recovery.put(tx, row.domain, row.username, row.recovery_email, at)
    if outcome is Outcome.DELETED:
        recovery.drop(tx, row.domain, row.username)
    if outcome in DONE:
        audit.append(
            tx, at=at, who=course.operator, kind="engine", what=f"mailbox.{row.action}", on=row.address, run=course.id
        )


def meanwhile(tx: Tx, course: Course, domain: str, boxes: Iterable[Mailbox], at: float) -> set[int]:
    """Give the waiting creates whose mailbox is there by now their outcome; their positions."""
    boxes = list(boxes)
    there = {box.username.lower() for box in boxes}
    lists.keep_mailboxes(tx, domain, boxes, at)
    decided = set()
    for row in journal.rows(tx, course.id, outcomes=(Outcome.WAITING,), domain=domain):
        if row.action == Action.CREATE and row.username in there:
            if row.unanswered:
                decide(tx, course, row, Outcome.CREATED, sentences.SETTLED, at)
            else:
                decide(tx, course, row, Outcome.SKIPPED, sentences.MADE_MEANWHILE, at)
            decided.add(row.position)
    return decided


def compare(tx: Tx, course: Course, domain: str, boxes: Iterable[Mailbox], at: float) -> None:
    """Say of the rows of `domain` what the host now has; a create that was given up and is there after all was made."""
    boxes = list(boxes)
    there = {box.username.lower(): box for box in boxes}
    lists.keep_mailboxes(tx, domain, boxes, at)
    touched = (Outcome.CREATED, Outcome.UPDATED, Outcome.FAILED)
    found = []
    for row in journal.rows(tx, course.id, outcomes=touched, domain=domain):
        box = there.get(row.username)
        if row.outcome == Outcome.FAILED:
            if box is None or not row.unanswered or row.action != Action.CREATE:
                continue
            decide(tx, course, row, Outcome.CREATED, sentences.SETTLED, at)
        reason, differs = sentences.compared(Action(row.action), row.quota, row.limit, box)
        found.append((row.position, reason, differs, box.quota if box else None, box.limit if box else None))
    journal.set_found(tx, course.id, found)


def told(answer: Answer | MXrouteError) -> str:
    """An answer as the journal notes it: a status, or that there was none."""
    match answer:
        case Answer():
            return str(answer.status)
        case Refused():
            return f"{answer.status} {answer.code}"
        case Unreadable():
            return f"{answer.status} unreadable"
        case _:
            return "no answer"
