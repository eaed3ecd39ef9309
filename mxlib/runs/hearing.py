"""What an answer does to its run: first the journal in one transaction, then the memory that follows it.

The order matters: when the store refuses, nothing has changed yet, and the same answer is taken again later.
"""

from typing import assert_never

from mxlib.mailboxes import words
from mxlib.mxroute.errors import MXrouteError, NotFound, RateLimited, Refused
from mxlib.mxroute.messages import Answer, Mailbox
from mxlib.runs import deciding, guarding, recording, sentences
from mxlib.runs.course import Course, Heard, Purpose, Unsettled
from mxlib.runs.deciding import Again, Done, Halt, Settle, Step
from mxlib.runs.outcomes import Outcome, RunStatus
from mxlib.store import Store, Tx, audit, journal, vault
from mxlib.store.records import RowRecord

#: Rows done in one transaction when they ask nothing of the host, so that nobody waits long for the next one.
AT_ONCE = 200


def digest(store: Store, course: Course, heard: Heard, patience: float) -> None:
    """Take one answer; raises Unwritable, with nothing changed, when the store refuses it."""
    match heard.job.errand.purpose:
        case Purpose.SEND:
            _write_is_over(store, course, heard, patience)
        case Purpose.SETTLE:
            _read_back_is_over(store, course, heard)
        case Purpose.INSPECT:
            _row_is_inspected(store, course, heard)
        case _:
            _domain_is_read(store, course, heard)


def _write_is_over(store: Store, course: Course, heard: Heard, patience: float) -> None:
    row, answer = heard.job.row, heard.answer
    assert row is not None  # noqa: S101 - a job that sends has its row
    unanswered = row.unanswered or deciding.lost(answer)
    step = deciding.of_write(row, answer)
    step = _as_it_stands(course, step, unanswered=unanswered)
    with store.write() as tx:
        journal.heard(tx, heard.job.attempt, heard.at, recording.told(answer))
        if unanswered != row.unanswered:
            journal.set_row(tx, course.id, row.position, having=row.outcome, unanswered=True)
        _record(tx, course, row, step, heard.at)
    course.in_flight.discard(row.position)
    if isinstance(step, Settle):
        course.unsettled[row.position] = Unsettled(row, heard.moment, heard.moment + patience)
    _remember(course, row.position, step)


def _read_back_is_over(store: Store, course: Course, heard: Heard) -> None:
    errand, answer = heard.job.errand, heard.answer
    position = errand.position
    assert position is not None  # noqa: S101 - only a row is read back
    unsettled = course.unsettled[position]
    step = deciding.of_read_back(unsettled.row, answer, quiet_for=unsettled.quiet_until - heard.moment)
    step = _as_it_stands(course, step, unanswered=True)
    with store.write() as tx:
        journal.looked(tx, course.id, position, heard.job.sent_at, heard.at, recording.told(answer))
        if isinstance(step, Done | Again):
            row = journal.get_row(tx, course.id, position, having=Outcome.SETTLING)
            _record(tx, course, row, step, heard.at)
    course.asked.discard(errand)
    if isinstance(step, Settle):
        unsettled.due = heard.moment + step.after
    elif not isinstance(step, Halt):
        del course.unsettled[position]
    _remember(course, position, step)


def _row_is_inspected(store: Store, course: Course, heard: Heard) -> None:
    """A look at the mailbox of a row that waits: it may go within seconds, or it is kept."""
    errand, answer = heard.job.errand, heard.answer
    position = errand.position
    assert position is not None  # noqa: S101 - only a row is inspected
    box, over = guarding.told(answer.data) if isinstance(answer, Answer) else None, None
    with store.write() as tx:
        journal.looked(tx, course.id, position, heard.job.sent_at, heard.at, recording.told(answer))
        if position in course.waiting:
            row = journal.get_row(tx, course.id, position, having=Outcome.WAITING)
            over = recording.guard(tx, course, row, box) if box else deciding.of_inspection(row, answer)
            if isinstance(over, Done):
                recording.decide(tx, course, row, over.outcome, over.reason, heard.at)
    course.asked.discard(errand)
    match over:
        case Done():
            course.waiting = sorted(set(course.waiting) - {position})
        case Halt():
            halt(course, over.reason, blind=True)
        case None if box:
            course.inspected[position] = heard.moment


def _as_it_stands(course: Course, step: Step, *, unanswered: bool) -> Step:
    """What a step becomes in a run that is being stopped: nothing is sent again."""
    if course.status is not RunStatus.STOPPING or isinstance(step, Done | Settle):
        return step
    if unanswered:
        return Done(Outcome.FAILED, sentences.STOPPED_UNANSWERED)
    return Done(Outcome.NOT_ATTEMPTED, sentences.STOPPED)


def _record(tx: Tx, course: Course, row: RowRecord, step: Step, at: float) -> None:
    was = row.outcome
    match step:
        case Done():
            recording.decide(tx, course, row, step.outcome, step.reason, at)
            alike = course.alike_with(row.position, step.thrice)
            if course.too_alike(alike, step.thrice):
                for position in alike:
                    journal.set_row(
                        tx, course.id, position, having=Outcome.FAILED, outcome=Outcome.WAITING, reason="", tries=0
                    )
        case Settle():
            journal.set_row(tx, course.id, row.position, having=was, outcome=Outcome.SETTLING)
        case Again():
            tries = row.tries if step.counted else row.tries - 1
            journal.set_row(tx, course.id, row.position, having=was, outcome=Outcome.WAITING, tries=tries)
        case Halt():
            journal.set_row(tx, course.id, row.position, having=was, outcome=Outcome.WAITING, tries=row.tries - 1)
        case _:
            assert_never(step)


def _remember(course: Course, position: int, step: Step) -> None:
    """Bring the memory to where `_record` brought the journal."""
    match step:
        case Done():
            course.alike, course.alike_in = course.alike_with(position, step.thrice), step.thrice
            if course.too_alike(course.alike, step.thrice):
                for alike in course.alike:
                    course.waits(alike)
                course.alike = []
                halt(course, step.thrice)
        case Again():
            course.waits(position)
        case Halt():
            if position not in course.unsettled:
                course.waits(position)
            halt(course, step.reason, blind=True)
        case Settle():
            pass


def _domain_is_read(store: Store, course: Course, heard: Heard) -> None:
    """A look after a pause, the comparison at the end, or a probe."""
    errand, answer = heard.job.errand, heard.answer
    boxes = _mailboxes(answer) if errand.purpose is not Purpose.PROBE else None
    decided: set[int] = set()
    with store.write() as tx:
        journal.looked(tx, course.id, None, heard.job.sent_at, heard.at, recording.told(answer))
        if errand.purpose is Purpose.LOOK and boxes is not None:
            decided = recording.meanwhile(tx, course, errand.domain, boxes, heard.at)
        if errand.purpose is Purpose.CHECK and boxes is not None:
            recording.compare(tx, course, errand.domain, boxes, heard.at)
    course.asked.discard(errand)
    course.waiting = sorted(set(course.waiting) - decided) if decided else course.waiting
    if deciding.silent(answer) or isinstance(answer, RateLimited):
        return
    refused = isinstance(answer, Refused) and not isinstance(answer, NotFound)
    if refused and course.status is not RunStatus.STOPPING:
        halt(course, deciding.of_refused_read(answer).reason, blind=True)
    elif errand.purpose is Purpose.CHECK:
        course.note = course.note if boxes is not None else sentences.NOT_CHECKED
        course.compared = True
        (course.to_check or set()).discard(errand.domain)
    else:
        course.to_look.discard(errand.domain)


def _mailboxes(answer: Answer | MXrouteError) -> list[Mailbox] | None:
    """The mailboxes that a domain's list holds; None when there was no list."""
    if not isinstance(answer, Answer) or not isinstance(answer.data, list):
        return None
    return [Mailbox.from_data(item) for item in answer.data]


def halt(course: Course, why: str, *, blind: bool = False) -> None:
    """Pause a run in memory; `save` brings that to the store. One that is being stopped stays so."""
    course.blind = course.blind or blind
    if course.status in {RunStatus.RUNNING, RunStatus.QUEUED}:
        course.status, course.why, course.unsaved = RunStatus.PAUSED, why, True
        course.to_look.clear()


def stop(store: Store, course: Course) -> None:
    """Give every row that waits its outcome; the run ends once the others have theirs."""
    with store.write() as tx:
        for unanswered, outcome, reason in (
            (False, Outcome.NOT_ATTEMPTED, sentences.STOPPED),
            (True, Outcome.FAILED, sentences.STOPPED_UNANSWERED),
        ):
            journal.set_rows(tx, course.id, Outcome.WAITING, only=unanswered, outcome=outcome, reason=reason)
        journal.set_run(tx, course.id, status=RunStatus.STOPPING, why="")
    course.status, course.why, course.unsaved, course.blind = RunStatus.STOPPING, "", False, False
    course.waiting.clear()
    course.kept_here.clear()
    course.to_look.clear()


def save(store: Store, course: Course, at: float) -> None:
    """Write a run's status down."""
    with store.write() as tx:
        journal.set_run(tx, course.id, status=course.status, why=course.why, seen=False)
        if course.status is RunStatus.RUNNING:
            journal.begin(tx, course.id, at)
        if course.status is RunStatus.PAUSED:
            _note(tx, course, "run.paused", at, course.why)
    course.unsaved = False


def keep_here(store: Store, course: Course, at: float) -> None:
    """Do some of the rows that change nothing but a recovery email."""
    now = course.kept_here[:AT_ONCE]
    with store.write() as tx:
        for position in now:
            row = journal.get_row(tx, course.id, position, having=Outcome.WAITING)
            recording.keep_here(tx, course, row, at)
    del course.kept_here[: len(now)]


def finish(store: Store, course: Course, at: float) -> None:
    """End a run: every row has its outcome, and its domains were compared as far as the host answered."""
    status = RunStatus.STOPPED if course.status is RunStatus.STOPPING else RunStatus.FINISHED
    with store.write() as tx:
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
        vault.keep_from(tx, course.id, at)
        told = words.counted(journal.counts(tx, [course.id]).get(course.id, {}))
        _note(tx, course, f"run.{status}", at, ". ".join(filter(None, [told, course.note])))


def _note(tx: Tx, course: Course, what: str, at: float, outcome: str) -> None:
    audit.append(
        tx, at=at, who=course.operator, kind="engine", what=what, on=f"run {course.id}", run=course.id, outcome=outcome
    )
