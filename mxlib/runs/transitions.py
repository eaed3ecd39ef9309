"""What an answer does to its run: first the journal in one transaction, then the memory that follows it.

The order matters: when the store refuses, nothing has changed yet, and the same answer is taken again later.
"""

from typing import assert_never

from mxlib.core.text import messages
from mxlib.mxroute.errors import MXrouteError, NotFound, PermissionDenied, RateLimited, RequestRefused, Unauthorized
from mxlib.mxroute.protocol import Mailbox, Response
from mxlib.runs import decisions, lifecycle, row_updates, write_guard
from mxlib.runs import messages as sentences
from mxlib.runs.decisions import Decision, Finish, PauseRun, ReadBack, Resend
from mxlib.runs.outcomes import Outcome, RunStatus
from mxlib.runs.run_state import AGAIN_AFTER, PendingConfirmation, ReadTask, ReceivedResponse, RequestPurpose, RunState
from mxlib.store import Store, Tx, journal
from mxlib.store.records import RowRecord

#: How often a mailbox is read back that may not be read, while the key is good for other things.
MAX_DENIALS = 2


def apply_response(store: Store, course: RunState, heard: ReceivedResponse, patience: float) -> None:
    """Take one answer; raises Unwritable, with nothing changed, when the store refuses it."""
    if decisions.odd(heard.answer) and heard.job.errand.purpose is not RequestPurpose.SEND:
        _answer_is_odd(store, course, heard)
        return
    match heard.job.errand.purpose:
        case RequestPurpose.SEND:
            _write_is_over(store, course, heard, patience)
        case RequestPurpose.SETTLE:
            _read_back_is_over(store, course, heard)
        case RequestPurpose.INSPECT:
            _row_is_inspected(store, course, heard)
        case RequestPurpose.CONFIRM:
            _row_is_confirmed(store, course, heard)
        case RequestPurpose.PROBE:
            _host_is_probed(store, course, heard)
        case _:
            _domain_is_read(store, course, heard)


def _write_is_over(store: Store, course: RunState, heard: ReceivedResponse, patience: float) -> None:
    row, answer = heard.job.row, heard.answer
    assert row is not None  # noqa: S101 - a job that sends has its row
    unanswered = row.unanswered or decisions.lost(answer)
    step = decisions.decide_write(row, answer)
    step = _as_it_stands(course, step, unanswered=unanswered, read_back=False)
    with store.write() as tx:
        journal.record_response(tx, heard.job.attempt, heard.at, row_updates.told(answer))
        if unanswered != row.unanswered:
            journal.set_row(tx, course.id, row.position, having=row.outcome, unanswered=True)
        _record(tx, course, row, step, heard.at)
    course.in_flight.discard(row.position)
    if isinstance(step, ReadBack):
        course.unsettled[row.position] = PendingConfirmation(row, heard.moment, heard.moment + patience)
    _remember(course, row.position, step)


def _read_back_is_over(store: Store, course: RunState, heard: ReceivedResponse) -> None:
    errand, answer = heard.job.errand, heard.answer
    position = errand.position
    assert position is not None  # noqa: S101 - only a row is read back
    unsettled = course.unsettled[position]
    step = decisions.decide_read_back(unsettled.row, answer, quiet_for=unsettled.quiet_until - heard.moment)
    refused = isinstance(step, PauseRun)
    step = _as_it_stands(course, step, unanswered=True, read_back=True)
    with store.write() as tx:
        journal.record_read(tx, course.id, position, heard.job.sent_at, heard.at, row_updates.told(answer))
        if isinstance(step, Finish | Resend):
            row = journal.get_row(tx, course.id, position, having=Outcome.SETTLING)
            _record(tx, course, row, step, heard.at)
    course.asked.discard(errand)
    course.is_read(errand)
    if isinstance(step, ReadBack):
        unsettled.due = heard.moment + step.after
        if refused:
            course.is_stuck(heard.moment)
    elif not isinstance(step, PauseRun):
        del course.unsettled[position]
    _remember(course, position, step, unsettled)


def _row_is_inspected(store: Store, course: RunState, heard: ReceivedResponse) -> None:
    """A look at the mailbox of a row that waits: it may go within seconds, or it is kept."""
    errand, answer = heard.job.errand, heard.answer
    position = errand.position
    assert position is not None  # noqa: S101 - only a row is inspected
    box, over = write_guard.keep_text(answer.data) if isinstance(answer, Response) else None, None
    with store.write() as tx:
        journal.record_read(tx, course.id, position, heard.job.sent_at, heard.at, row_updates.told(answer))
        if position in course.waiting:
            row = journal.get_row(tx, course.id, position, having=Outcome.WAITING)
            over = (
                row_updates.guard(tx, course, row, box, heard.at) if box else decisions.decide_inspection(row, answer)
            )
            if isinstance(over, Finish):
                row_updates.decide(tx, course, row, over, heard.at)
    course.asked.discard(errand)
    course.is_read(errand)
    match over:
        case Finish():
            course.waiting = sorted(set(course.waiting) - {position})
            _remember(course, position, over)
        case PauseRun():
            lifecycle.halt(course, over.reason, blind=True)
        case None if box:
            course.inspected[position] = heard.moment


def _row_is_confirmed(store: Store, course: RunState, heard: ReceivedResponse) -> None:
    """A mailbox that a list contradicts was read by itself; whoever may not read it leaves its row as it is."""
    errand, answer = heard.job.errand, heard.answer
    position = errand.position
    assert position is not None  # noqa: S101 - only a row is confirmed
    known = isinstance(answer, Response | NotFound)
    with store.write() as tx:
        journal.record_read(tx, course.id, position, heard.job.sent_at, heard.at, row_updates.told(answer))
        if known:
            box = Mailbox.from_data(answer.data) if isinstance(answer, Response) else None
            row_updates.confirm(tx, course, journal.get_row(tx, course.id, position), box, heard.at)
    course.asked.discard(errand)
    if decisions.silent(answer) or isinstance(answer, RateLimited):
        return
    course.is_read(errand)
    course.to_confirm.pop(position, None)
    if not known:
        course.note = sentences.NOT_CHECKED


def _host_is_probed(store: Store, course: RunState, heard: ReceivedResponse) -> None:
    """A probe tells whether the key is refused for everything; then what it was refused for waits."""
    errand, answer = heard.job.errand, heard.answer
    silent = decisions.silent(answer) or isinstance(answer, RateLimited)
    refused = isinstance(answer, Unauthorized)
    ends = course.status is RunStatus.STOPPING or course.is_left
    waits = {
        at: lost
        for at, lost in course.forbidden.items()
        if not silent and ((lost or not ends) if refused else (lost and lost.denials < MAX_DENIALS))
    }
    with store.write() as tx:
        journal.record_read(tx, course.id, None, heard.job.sent_at, heard.at, row_updates.told(answer))
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


def _domain_may_not_be_read(course: RunState, errand: ReadTask, why: str) -> None:
    if errand.purpose is RequestPurpose.CHECK:
        course.note = sentences.NOT_CHECKED
        (course.to_check or set()).discard(errand.domain)
    else:
        lifecycle.halt(course, why, blind=True)


def _answer_is_odd(store: Store, course: RunState, heard: ReceivedResponse) -> None:
    """The host answers a read, but not what it was asked: it is asked again, and after that the run pauses."""
    errand, answer = heard.job.errand, heard.answer
    with store.write() as tx:
        journal.record_read(tx, course.id, errand.position, heard.job.sent_at, heard.at, row_updates.told(answer))
    course.asked.discard(errand)
    course.trouble = str(answer)
    enough = course.puts_off(errand, heard.moment)
    if errand.purpose is RequestPurpose.SETTLE and errand.position in course.unsettled:
        course.unsettled[errand.position].due = course.later[errand]
    if not enough:
        return
    course.is_read(errand)
    if course.status is RunStatus.STOPPING or course.is_left:
        _give_up_reading(course, errand, heard.moment)
    else:
        lifecycle.halt(course, sentences.not_told(answer), blind=True)


def _give_up_reading(course: RunState, errand: ReadTask, moment: float) -> None:
    """A run that is being stopped ends without what the host does not tell."""
    if errand.purpose is RequestPurpose.SETTLE:
        course.is_stuck(moment)
    else:
        course.note = sentences.NOT_CHECKED
        (course.to_check or set()).discard(errand.domain)
        course.to_confirm.pop(errand.position if errand.position is not None else -1, None)


def _as_it_stands(course: RunState, step: Decision, *, unanswered: bool, read_back: bool) -> Decision:
    """What a step becomes in a run that is being stopped, or was: nothing is sent again, and nothing is guessed."""
    ends = course.status is RunStatus.STOPPING or course.is_left
    if not ends or isinstance(step, Finish | ReadBack):
        return step
    if not unanswered:
        return Finish(Outcome.NOT_ATTEMPTED, sentences.STOPPED)
    if read_back and isinstance(step, Resend):
        return Finish(Outcome.FAILED, sentences.STOPPED_UNANSWERED)
    return ReadBack()


def _record(tx: Tx, course: RunState, row: RowRecord, step: Decision, at: float) -> None:
    was = row.outcome
    match step:
        case Finish():
            row_updates.decide(tx, course, row, step, at)
            alike = course.note_failure(row.position, step.pause_reason_if_repeated)
            if course.is_repeated(alike, step.pause_reason_if_repeated):
                for position in alike:
                    tries = decisions.tries_left_over(journal.get_row(tx, course.id, position, having=Outcome.FAILED))
                    journal.set_row(tx, course.id, position, outcome=Outcome.WAITING, reason="", tries=tries)
        case ReadBack():
            journal.set_row(tx, course.id, row.position, having=was, outcome=Outcome.SETTLING)
        case Resend():
            tries = row.tries if step.counted else row.tries - 1
            journal.set_row(tx, course.id, row.position, having=was, outcome=Outcome.WAITING, tries=tries)
        case PauseRun():
            tries = decisions.tries_left_over(row)
            journal.set_row(tx, course.id, row.position, having=was, outcome=Outcome.WAITING, tries=tries)
        case _:
            assert_never(step)


def _remember(course: RunState, position: int, step: Decision, unsettled: PendingConfirmation | None = None) -> None:
    """Bring the memory to where `_record` brought the journal; `unsettled` is how the row was so, if it was."""
    match step:
        case Finish():
            if step.forbidden:
                course.forbidden[position] = unsettled
            course.similar_failures, course.similar_failures_reason = (
                course.note_failure(position, step.pause_reason_if_repeated),
                step.pause_reason_if_repeated,
            )
            if course.is_repeated(course.similar_failures, step.pause_reason_if_repeated):
                for alike in course.similar_failures:
                    course.waits(alike)
                    course.suspected = alike in course.forbidden or course.suspected
                    course.forbidden.pop(alike, None)
                course.similar_failures = []
                lifecycle.halt(course, step.pause_reason_if_repeated)
        case Resend():
            course.waits(position)
        case PauseRun():
            if position not in course.unsettled:
                course.waits(position)
            lifecycle.halt(course, step.reason, blind=True)
        case ReadBack():
            pass


def _domain_is_read(store: Store, course: RunState, heard: ReceivedResponse) -> None:
    """A look before anything is sent, or the comparison at the end."""
    errand, answer = heard.job.errand, heard.answer
    boxes = _mailboxes(answer)
    decided: set[int] = set()
    to_confirm: dict[int, tuple[str, str]] = {}
    with store.write() as tx:
        journal.record_read(tx, course.id, None, heard.job.sent_at, heard.at, row_updates.told(answer))
        doubted = boxes == [] and errand not in course.doubted and row_updates.had_mailboxes(tx, course, errand.domain)
        if errand.purpose is RequestPurpose.LOOK and boxes is not None and not doubted:
            decided = row_updates.meanwhile(tx, course, errand.domain, boxes, heard.at)
        if errand.purpose is RequestPurpose.CHECK and boxes is not None and not doubted:
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
    if isinstance(answer, PermissionDenied) and course.status is not RunStatus.STOPPING:
        course.denied[errand] = decisions.decide_denied_read(answer).reason
        return
    refused = isinstance(answer, RequestRefused) and not isinstance(answer, NotFound)
    if refused and course.status is not RunStatus.STOPPING:
        lifecycle.halt(course, decisions.decide_refused_read(answer).reason, blind=True)
    elif errand.purpose is RequestPurpose.CHECK:
        course.note = course.note if boxes is not None else sentences.NOT_CHECKED
        course.compared = True
        course.to_confirm |= to_confirm
        (course.to_check or set()).discard(errand.domain)
    else:
        course.to_look.discard(errand.domain)


def _mailboxes(answer: Response | MXrouteError) -> list[Mailbox] | None:
    """The mailboxes that a domain's list holds; None when there was no list."""
    if not isinstance(answer, Response) or not isinstance(answer.data, list):
        return None
    return [Mailbox.from_data(item) for item in answer.data]
