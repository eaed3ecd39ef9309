"""Apply a response to its run: first the journal in one transaction, then the memory that follows it.

The order matters: when the store refuses, nothing has changed yet, and the same response is applied again later.
"""

from dataclasses import replace
from typing import assert_never

from mxlib.core.reasons import PauseReason, Reason
from mxlib.core.vocabulary import Outcome, PauseCode, RowReason, RunStatus
from mxlib.mxroute.errors import MXrouteError, NotFound, PermissionDenied, RateLimited, RequestRefused, Unauthorized
from mxlib.mxroute.protocol import Mailbox, Response
from mxlib.runs import decisions, lifecycle, row_updates, write_guard
from mxlib.runs import messages as sentences
from mxlib.runs.decisions import Decision, Finish, PauseRun, ReadBack, Resend
from mxlib.runs.run_state import AGAIN_AFTER, PendingConfirmation, ReadTask, ReceivedResponse, RequestPurpose, RunState
from mxlib.store import Store, Tx, journal
from mxlib.store.records import RowRecord

#: How often a mailbox is read back that may not be read, while the key is good for other things.
MAX_DENIALS = 2


def apply_response(store: Store, state: RunState, received: ReceivedResponse, patience: float) -> None:
    """Take one answer; raises Unwritable, with nothing changed, when the store refuses it."""
    if decisions.odd(received.answer) and received.job.read_task.purpose is not RequestPurpose.SEND:
        _answer_is_odd(store, state, received)
        return
    match received.job.read_task.purpose:
        case RequestPurpose.SEND:
            _write_is_over(store, state, received, patience)
        case RequestPurpose.SETTLE:
            _read_back_is_over(store, state, received)
        case RequestPurpose.INSPECT:
            _row_is_inspected(store, state, received)
        case RequestPurpose.CONFIRM:
            _row_is_confirmed(store, state, received)
        case RequestPurpose.PROBE:
            _host_is_probed(store, state, received)
        case _:
            _domain_is_read(store, state, received)


def _write_is_over(store: Store, state: RunState, received: ReceivedResponse, patience: float) -> None:
    row, answer = received.job.row, received.answer
    assert row is not None  # noqa: S101 - a job that sends has its row
    unanswered = row.unanswered or decisions.lost(answer)
    step = decisions.decide_write(row, answer)
    step = _limit_decision(state, step, unanswered=unanswered, read_back=False)
    with store.write() as tx:
        journal.record_response(tx, received.job.attempt, received.at, row_updates.noted(answer))
        if unanswered != row.unanswered:
            journal.set_row(tx, state.id, row.position, having=row.outcome, unanswered=True)
        _record(tx, state, row, step, received.at)
    state.in_flight.discard(row.position)
    if isinstance(step, ReadBack):
        state.unsettled[row.position] = PendingConfirmation(row, received.moment, received.moment + patience)
    _remember(state, row.position, step)


def _read_back_is_over(store: Store, state: RunState, received: ReceivedResponse) -> None:
    read_task, answer = received.job.read_task, received.answer
    position = read_task.position
    assert position is not None  # noqa: S101 - only a row is read back
    unsettled = state.unsettled[position]
    step = decisions.decide_read_back(unsettled.row, answer, quiet_for=unsettled.quiet_until - received.moment)
    refused = isinstance(step, PauseRun)
    step = _limit_decision(state, step, unanswered=True, read_back=True)
    with store.write() as tx:
        journal.record_read(tx, state.id, position, received.job.sent_at, received.at, row_updates.noted(answer))
        if isinstance(step, Finish | Resend):
            row = journal.get_row(tx, state.id, position, having=Outcome.SETTLING)
            _record(tx, state, row, step, received.at)
    state.asked.discard(read_task)
    state.is_read(read_task)
    if isinstance(step, ReadBack):
        unsettled.due = received.moment + step.after
        if refused:
            state.is_stuck(received.moment)
    elif not isinstance(step, PauseRun):
        del state.unsettled[position]
    _remember(state, position, step, unsettled)


def _row_is_inspected(store: Store, state: RunState, received: ReceivedResponse) -> None:
    """Apply an inspection of a waiting row: it may go within seconds, or its mailbox is kept."""
    read_task, answer = received.job.read_task, received.answer
    position = read_task.position
    assert position is not None  # noqa: S101 - only a row is inspected
    box, over = write_guard.keep_text(answer.data) if isinstance(answer, Response) else None, None
    with store.write() as tx:
        journal.record_read(tx, state.id, position, received.job.sent_at, received.at, row_updates.noted(answer))
        if position in state.waiting:
            row = journal.get_row(tx, state.id, position, having=Outcome.WAITING)
            over = (
                row_updates.guard(tx, state, row, box, received.at) if box else decisions.decide_inspection(row, answer)
            )
            if isinstance(over, Finish):
                row_updates.decide(tx, state, row, over, received.at)
    state.asked.discard(read_task)
    state.is_read(read_task)
    match over:
        case Finish():
            state.waiting = sorted(set(state.waiting) - {position})
            _remember(state, position, over)
        case PauseRun():
            lifecycle.halt(state, over.reason, blind=True)
        case None if box:
            state.inspected[position] = received.moment


def _row_is_confirmed(store: Store, state: RunState, received: ReceivedResponse) -> None:
    """Apply a direct read of a mailbox that a list contradicts.

    Without permission to read it, its row stays as it is.
    """
    read_task, answer = received.job.read_task, received.answer
    position = read_task.position
    assert position is not None  # noqa: S101 - only a row is confirmed
    known = isinstance(answer, Response | NotFound)
    with store.write() as tx:
        journal.record_read(tx, state.id, position, received.job.sent_at, received.at, row_updates.noted(answer))
        if known:
            box = Mailbox.from_data(answer.data) if isinstance(answer, Response) else None
            row_updates.confirm(tx, state, journal.get_row(tx, state.id, position), box, received.at)
    state.asked.discard(read_task)
    if decisions.silent(answer) or isinstance(answer, RateLimited):
        return
    state.is_read(read_task)
    state.to_confirm.pop(position, None)
    if not known:
        state.note = sentences.NOT_CHECKED


def _host_is_probed(store: Store, state: RunState, received: ReceivedResponse) -> None:
    """Apply a probe: if the key is refused for everything, the refused rows wait."""
    read_task, answer = received.job.read_task, received.answer
    silent = decisions.silent(answer) or isinstance(answer, RateLimited)
    refused = isinstance(answer, Unauthorized)
    ends = state.status is RunStatus.STOPPING or state.is_left
    waits = {
        at: lost
        for at, lost in state.forbidden.items()
        if not silent and ((lost or not ends) if refused else (lost and lost.denials < MAX_DENIALS))
    }
    with store.write() as tx:
        journal.record_read(tx, state.id, None, received.job.sent_at, received.at, row_updates.noted(answer))
        for position, unsettled in waits.items():
            row_updates.wait_again(tx, state, position, Outcome.SETTLING if unsettled else Outcome.WAITING)
    state.asked.discard(read_task)
    if silent:
        return
    state.is_read(read_task)
    for position, unsettled in waits.items():
        if unsettled:
            unsettled.denials += not refused
            state.unsettled[position] = unsettled
        else:
            state.waits(position)
    denied, was = state.denied, state.to_probe
    state.forbidden, state.denied, state.suspected = {}, {}, False
    if refused and was:
        if ends:
            state.is_stuck(received.moment)
        lifecycle.halt(state, decisions.KEY_REFUSED, blind=True)
        if state.pause_reason is not None and state.pause_reason.code is PauseCode.NOT_ALLOWED:
            state.pause_reason, state.unsaved = decisions.KEY_REFUSED, True
    elif not refused:
        for read, why in denied.items():
            _domain_may_not_be_read(state, read, why)


def _domain_may_not_be_read(state: RunState, read_task: ReadTask, why: PauseReason) -> None:
    if read_task.purpose is RequestPurpose.CHECK:
        state.note = sentences.NOT_CHECKED
        (state.to_check or set()).discard(read_task.domain)
    else:
        lifecycle.halt(state, why, blind=True)


def _answer_is_odd(store: Store, state: RunState, received: ReceivedResponse) -> None:
    """Retry a read after an odd response; then pause the run."""
    read_task, answer = received.job.read_task, received.answer
    with store.write() as tx:
        journal.record_read(
            tx, state.id, read_task.position, received.job.sent_at, received.at, row_updates.noted(answer)
        )
    state.asked.discard(read_task)
    state.trouble = str(answer)
    enough = state.puts_off(read_task, received.moment)
    if read_task.purpose is RequestPurpose.SETTLE and read_task.position in state.unsettled:
        state.unsettled[read_task.position].due = state.later[read_task]
    if not enough:
        return
    state.is_read(read_task)
    if state.status is RunStatus.STOPPING or state.is_left:
        _give_up_reading(state, read_task, received.moment)
    else:
        lifecycle.halt(state, decisions.reads_refused(answer), blind=True)


def _give_up_reading(state: RunState, read_task: ReadTask, moment: float) -> None:
    """End a stopping run without what MXroute does not report."""
    if read_task.purpose is RequestPurpose.SETTLE:
        state.is_stuck(moment)
    else:
        state.note = sentences.NOT_CHECKED
        (state.to_check or set()).discard(read_task.domain)
        state.to_confirm.pop(read_task.position if read_task.position is not None else -1, None)


def _limit_decision(state: RunState, step: Decision, *, unanswered: bool, read_back: bool) -> Decision:
    """Limit a decision in a run that is stopping or stopped: nothing is sent again, and nothing guessed."""
    ends = state.status is RunStatus.STOPPING or state.is_left
    if not ends or isinstance(step, ReadBack):
        return step
    if isinstance(step, Finish):  # repeated refusals would let their rows wait, for a pause that cannot come
        return replace(step, pause_if_repeated=None)
    if not unanswered:
        return Finish(Outcome.NOT_ATTEMPTED, Reason(RowReason.STOPPED))
    if read_back and isinstance(step, Resend):
        return Finish(Outcome.FAILED, Reason(RowReason.STOPPED_UNANSWERED))
    return ReadBack()


def _record(tx: Tx, state: RunState, row: RowRecord, step: Decision, at: float) -> None:
    was = row.outcome
    match step:
        case Finish():
            row_updates.decide(tx, state, row, step, at)
            alike = state.note_failure(row.position, step.pause_if_repeated)
            if state.is_repeated(alike, step.pause_if_repeated):
                for position in alike:
                    row_updates.wait_again(tx, state, position, Outcome.WAITING)
        case ReadBack():
            journal.set_row(tx, state.id, row.position, having=was, outcome=Outcome.SETTLING)
        case Resend():
            tries = row.tries if step.counted else row.tries - 1
            journal.set_row(tx, state.id, row.position, having=was, outcome=Outcome.WAITING, tries=tries)
        case PauseRun():
            tries = decisions.tries_left_over(row)
            journal.set_row(tx, state.id, row.position, having=was, outcome=Outcome.WAITING, tries=tries)
        case _:
            assert_never(step)


def _remember(state: RunState, position: int, step: Decision, unsettled: PendingConfirmation | None = None) -> None:
    """Update the memory to match the journal; `unsettled` is the row's earlier uncertainty, if any."""
    match step:
        case Finish():
            if step.forbidden:
                state.forbidden[position] = unsettled
            reason = step.pause_if_repeated
            state.similar_failures, state.similar_failures_reason = state.note_failure(position, reason), reason
            if reason is not None and state.is_repeated(state.similar_failures, reason):
                for alike in state.similar_failures:
                    state.waits(alike)
                    state.suspected = alike in state.forbidden or state.suspected
                    state.forbidden.pop(alike, None)
                state.similar_failures = []
                lifecycle.halt(state, reason)
        case Resend():
            state.waits(position)
        case PauseRun():
            if position not in state.unsettled:
                state.waits(position)
            lifecycle.halt(state, step.reason, blind=True)
        case ReadBack():
            pass


def _domain_is_read(store: Store, state: RunState, received: ReceivedResponse) -> None:
    """Apply a list read before anything is sent, or for the comparison at the end."""
    read_task, answer = received.job.read_task, received.answer
    boxes = _mailboxes(answer)
    decided: set[int] = set()
    to_confirm: dict[int, tuple[str, str]] = {}
    with store.write() as tx:
        journal.record_read(tx, state.id, None, received.job.sent_at, received.at, row_updates.noted(answer))
        doubted = (
            boxes == [] and read_task not in state.doubted and row_updates.had_mailboxes(tx, state, read_task.domain)
        )
        if read_task.purpose is RequestPurpose.LOOK and boxes is not None and not doubted:
            decided = row_updates.meanwhile(tx, state, read_task.domain, boxes, received.at)
        if read_task.purpose is RequestPurpose.CHECK and boxes is not None and not doubted:
            to_confirm = row_updates.compare(tx, state, read_task.domain, boxes, received.at)
    state.asked.discard(read_task)
    if doubted:  # it would decide much, and may be a mistake of the host
        state.doubted.add(read_task)
        state.later[read_task] = received.moment + AGAIN_AFTER
        state.trouble = sentences.none_listed(read_task.domain)
        return
    state.waiting = sorted(set(state.waiting) - decided) if decided else state.waiting
    if decisions.silent(answer) or isinstance(answer, RateLimited):
        return
    state.is_read(read_task)
    state.doubted.discard(read_task)
    if isinstance(answer, PermissionDenied) and state.status is not RunStatus.STOPPING:
        state.denied[read_task] = decisions.decide_denied_read(answer).reason
        return
    refused = isinstance(answer, RequestRefused) and not isinstance(answer, NotFound)
    if refused and state.status is not RunStatus.STOPPING:
        lifecycle.halt(state, decisions.decide_refused_read(answer).reason, blind=True)
    elif read_task.purpose is RequestPurpose.CHECK:
        state.note = state.note if boxes is not None else sentences.NOT_CHECKED
        state.compared = True
        state.to_confirm |= to_confirm
        (state.to_check or set()).discard(read_task.domain)
    else:
        state.to_look.discard(read_task.domain)


def _mailboxes(answer: Response | MXrouteError) -> list[Mailbox] | None:
    """Return the mailboxes of a domain's list; None without a list."""
    if not isinstance(answer, Response) or not isinstance(answer.data, list):
        return None
    return [Mailbox.from_data(item) for item in answer.data]
