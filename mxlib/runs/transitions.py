"""What an answer does to its run: first the journal in one transaction, then the memory that follows it.

The order matters: when the store refuses, nothing has changed yet, and the same answer is taken again later.
"""

from typing import assert_never

from mxlib.core.text import messages
from mxlib.mxroute.errors import Disallowed, MXrouteError, NotFound, RateLimited, Refused, Unauthorized
from mxlib.mxroute.protocol import Answer, Mailbox
from mxlib.runs import decisions, lifecycle, row_updates, write_guard
from mxlib.runs import messages as sentences
from mxlib.runs.decisions import Again, Done, Halt, Settle, Step
from mxlib.runs.outcomes import Outcome, RunStatus
from mxlib.runs.run_state import AGAIN_AFTER, Course, Errand, Heard, Purpose, Unsettled
from mxlib.store import Store, Tx, journal
from mxlib.store.records import RowRecord

#: How often a mailbox is read back that may not be read, while the key is good for other things.
MOST_DENIALS = 2


def digest(store: Store, course: Course, heard: Heard, patience: float) -> None:
    """Take one answer; raises Unwritable, with nothing changed, when the store refuses it."""
    if decisions.odd(heard.answer) and heard.job.errand.purpose is not Purpose.SEND:
        _answer_is_odd(store, course, heard)
        return
    match heard.job.errand.purpose:
        case Purpose.SEND:
            _write_is_over(store, course, heard, patience)
        case Purpose.SETTLE:
            _read_back_is_over(store, course, heard)
        case Purpose.INSPECT:
            _row_is_inspected(store, course, heard)
        case Purpose.CONFIRM:
            _row_is_confirmed(store, course, heard)
        case Purpose.PROBE:
            _host_is_probed(store, course, heard)
        case _:
            _domain_is_read(store, course, heard)


def _write_is_over(store: Store, course: Course, heard: Heard, patience: float) -> None:
    row, answer = heard.job.row, heard.answer
    assert row is not None  # noqa: S101 - a job that sends has its row
    unanswered = row.unanswered or decisions.lost(answer)
    step = decisions.of_write(row, answer)
    step = _as_it_stands(course, step, unanswered=unanswered, read_back=False)
    with store.write() as tx:
        journal.heard(tx, heard.job.attempt, heard.at, row_updates.told(answer))
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
    step = decisions.of_read_back(unsettled.row, answer, quiet_for=unsettled.quiet_until - heard.moment)
    refused = isinstance(step, Halt)
    step = _as_it_stands(course, step, unanswered=True, read_back=True)
    with store.write() as tx:
        journal.looked(tx, course.id, position, heard.job.sent_at, heard.at, row_updates.told(answer))
        if isinstance(step, Done | Again):
            row = journal.get_row(tx, course.id, position, having=Outcome.SETTLING)
            _record(tx, course, row, step, heard.at)
    course.asked.discard(errand)
    course.is_read(errand)
    if isinstance(step, Settle):
        unsettled.due = heard.moment + step.after
        if refused:
            course.is_stuck(heard.moment)
    elif not isinstance(step, Halt):
        del course.unsettled[position]
    _remember(course, position, step, unsettled)


def _row_is_inspected(store: Store, course: Course, heard: Heard) -> None:
    """A look at the mailbox of a row that waits: it may go within seconds, or it is kept."""
    errand, answer = heard.job.errand, heard.answer
    position = errand.position
    assert position is not None  # noqa: S101 - only a row is inspected
    box, over = write_guard.told(answer.data) if isinstance(answer, Answer) else None, None
    with store.write() as tx:
        journal.looked(tx, course.id, position, heard.job.sent_at, heard.at, row_updates.told(answer))
        if position in course.waiting:
            row = journal.get_row(tx, course.id, position, having=Outcome.WAITING)
            over = row_updates.guard(tx, course, row, box, heard.at) if box else decisions.of_inspection(row, answer)
            if isinstance(over, Done):
                row_updates.decide(tx, course, row, over, heard.at)
    course.asked.discard(errand)
    course.is_read(errand)
    match over:
        case Done():
            course.waiting = sorted(set(course.waiting) - {position})
            _remember(course, position, over)
        case Halt():
            lifecycle.halt(course, over.reason, blind=True)
        case None if box:
            course.inspected[position] = heard.moment


def _row_is_confirmed(store: Store, course: Course, heard: Heard) -> None:
    """A mailbox that a list contradicts was read by itself; whoever may not read it leaves its row as it is."""
    errand, answer = heard.job.errand, heard.answer
    position = errand.position
    assert position is not None  # noqa: S101 - only a row is confirmed
    known = isinstance(answer, Answer | NotFound)
    with store.write() as tx:
        journal.looked(tx, course.id, position, heard.job.sent_at, heard.at, row_updates.told(answer))
        if known:
            box = Mailbox.from_data(answer.data) if isinstance(answer, Answer) else None
            row_updates.confirm(tx, course, journal.get_row(tx, course.id, position), box, heard.at)
    course.asked.discard(errand)
    if decisions.silent(answer) or isinstance(answer, RateLimited):
        return
    course.is_read(errand)
    course.to_confirm.pop(position, None)
    if not known:
        course.note = sentences.NOT_CHECKED


def _host_is_probed(store: Store, course: Course, heard: Heard) -> None:
    """A probe tells whether the key is refused for everything; then what it was refused for waits."""
    errand, answer = heard.job.errand, heard.answer
    silent = decisions.silent(answer) or isinstance(answer, RateLimited)
    refused = isinstance(answer, Unauthorized)
    ends = course.status is RunStatus.STOPPING or course.is_left
    waits = {
        at: lost
        for at, lost in course.forbidden.items()
        if not silent and ((lost or not ends) if refused else (lost and lost.denials < MOST_DENIALS))
    }
    with store.write() as tx:
        journal.looked(tx, course.id, None, heard.job.sent_at, heard.at, row_updates.told(answer))
        for position, unsettled in waits.items():
            row = journal.get_row(tx, course.id, position, having=Outcome.FAILED)
            outcome = Outcome.SETTLING if unsettled else Outcome.WAITING
            tries = row.tries if unsettled else decisions.tries_left_over(row)
            journal.set_row(tx, course.id, position, outcome=outcome, reason="", tries=tries)
    course.asked.discard(errand)
    if silent:
        return
    course.is_read(errand)
    for position, unsettled in waits.items():
        if unsettled:
            unsettled.denials += not refused
            course.unsettled[position] = unsettled
        else:
            course.waits(position)
    denied, was = course.denied, course.to_probe
    course.forbidden, course.denied, course.suspected = {}, {}, False
    if refused and was:
        if ends:
            course.is_stuck(heard.moment)
        lifecycle.halt(course, messages.KEY_REFUSED, blind=True)
        if course.why == sentences.NOT_ALLOWED:
            course.why, course.unsaved = messages.KEY_REFUSED, True
    elif not refused:
        for read, why in denied.items():
            _domain_may_not_be_read(course, read, why)


def _domain_may_not_be_read(course: Course, errand: Errand, why: str) -> None:
    if errand.purpose is Purpose.CHECK:
        course.note = sentences.NOT_CHECKED
        (course.to_check or set()).discard(errand.domain)
    else:
        lifecycle.halt(course, why, blind=True)


def _answer_is_odd(store: Store, course: Course, heard: Heard) -> None:
    """The host answers a read, but not what it was asked: it is asked again, and after that the run pauses."""
    errand, answer = heard.job.errand, heard.answer
    with store.write() as tx:
        journal.looked(tx, course.id, errand.position, heard.job.sent_at, heard.at, row_updates.told(answer))
    course.asked.discard(errand)
    course.trouble = str(answer)
    enough = course.puts_off(errand, heard.moment)
    if errand.purpose is Purpose.SETTLE and errand.position in course.unsettled:
        course.unsettled[errand.position].due = course.later[errand]
    if not enough:
        return
    course.is_read(errand)
    if course.status is RunStatus.STOPPING or course.is_left:
        _give_up_reading(course, errand, heard.moment)
    else:
        lifecycle.halt(course, sentences.not_told(answer), blind=True)


def _give_up_reading(course: Course, errand: Errand, moment: float) -> None:
    """A run that is being stopped ends without what the host does not tell."""
    if errand.purpose is Purpose.SETTLE:
        course.is_stuck(moment)
    else:
        course.note = sentences.NOT_CHECKED
        (course.to_check or set()).discard(errand.domain)
        course.to_confirm.pop(errand.position if errand.position is not None else -1, None)


def _as_it_stands(course: Course, step: Step, *, unanswered: bool, read_back: bool) -> Step:
    """What a step becomes in a run that is being stopped, or was: nothing is sent again, and nothing is guessed."""
    ends = course.status is RunStatus.STOPPING or course.is_left
    if not ends or isinstance(step, Done | Settle):
        return step
    if not unanswered:
        return Done(Outcome.NOT_ATTEMPTED, sentences.STOPPED)
    if read_back and isinstance(step, Again):
        return Done(Outcome.FAILED, sentences.STOPPED_UNANSWERED)
    return Settle()


def _record(tx: Tx, course: Course, row: RowRecord, step: Step, at: float) -> None:
    was = row.outcome
    match step:
        case Done():
            row_updates.decide(tx, course, row, step, at)
            alike = course.alike_with(row.position, step.thrice)
            if course.too_alike(alike, step.thrice):
                for position in alike:
                    tries = decisions.tries_left_over(journal.get_row(tx, course.id, position, having=Outcome.FAILED))
                    journal.set_row(tx, course.id, position, outcome=Outcome.WAITING, reason="", tries=tries)
        case Settle():
            journal.set_row(tx, course.id, row.position, having=was, outcome=Outcome.SETTLING)
        case Again():
            tries = row.tries if step.counted else row.tries - 1
            journal.set_row(tx, course.id, row.position, having=was, outcome=Outcome.WAITING, tries=tries)
        case Halt():
            tries = decisions.tries_left_over(row)
            journal.set_row(tx, course.id, row.position, having=was, outcome=Outcome.WAITING, tries=tries)
        case _:
            assert_never(step)


def _remember(course: Course, position: int, step: Step, unsettled: Unsettled | None = None) -> None:
    """Bring the memory to where `_record` brought the journal; `unsettled` is how the row was so, if it was."""
    match step:
        case Done():
            if step.forbidden:
                course.forbidden[position] = unsettled
            course.alike, course.alike_in = course.alike_with(position, step.thrice), step.thrice
            if course.too_alike(course.alike, step.thrice):
                for alike in course.alike:
                    course.waits(alike)
                    course.suspected = alike in course.forbidden or course.suspected
                    course.forbidden.pop(alike, None)
                course.alike = []
                lifecycle.halt(course, step.thrice)
        case Again():
            course.waits(position)
        case Halt():
            if position not in course.unsettled:
                course.waits(position)
            lifecycle.halt(course, step.reason, blind=True)
        case Settle():
            pass


def _domain_is_read(store: Store, course: Course, heard: Heard) -> None:
    """A look before anything is sent, or the comparison at the end."""
    errand, answer = heard.job.errand, heard.answer
    boxes = _mailboxes(answer)
    decided: set[int] = set()
    to_confirm: dict[int, tuple[str, str]] = {}
    with store.write() as tx:
        journal.looked(tx, course.id, None, heard.job.sent_at, heard.at, row_updates.told(answer))
        doubted = boxes == [] and errand not in course.doubted and row_updates.had_mailboxes(tx, course, errand.domain)
        if errand.purpose is Purpose.LOOK and boxes is not None and not doubted:
            decided = row_updates.meanwhile(tx, course, errand.domain, boxes, heard.at)
        if errand.purpose is Purpose.CHECK and boxes is not None and not doubted:
            to_confirm = row_updates.compare(tx, course, errand.domain, boxes, heard.at)
    course.asked.discard(errand)
    if doubted:  # it would decide much, and may be a mistake of the host
        course.doubted.add(errand)
        course.later[errand] = heard.moment + AGAIN_AFTER
        course.trouble = sentences.none_listed(errand.domain)
        return
    course.waiting = sorted(set(course.waiting) - decided) if decided else course.waiting
    if decisions.silent(answer) or isinstance(answer, RateLimited):
        return
    course.is_read(errand)
    course.doubted.discard(errand)
    if isinstance(answer, Disallowed) and course.status is not RunStatus.STOPPING:
        course.denied[errand] = decisions.of_denied_read(answer).reason
        return
    refused = isinstance(answer, Refused) and not isinstance(answer, NotFound)
    if refused and course.status is not RunStatus.STOPPING:
        lifecycle.halt(course, decisions.of_refused_read(answer).reason, blind=True)
    elif errand.purpose is Purpose.CHECK:
        course.note = course.note if boxes is not None else sentences.NOT_CHECKED
        course.compared = True
        course.to_confirm |= to_confirm
        (course.to_check or set()).discard(errand.domain)
    else:
        course.to_look.discard(errand.domain)


def _mailboxes(answer: Answer | MXrouteError) -> list[Mailbox] | None:
    """The mailboxes that a domain's list holds; None when there was no list."""
    if not isinstance(answer, Answer) or not isinstance(answer.data, list):
        return None
    return [Mailbox.from_data(item) for item in answer.data]
