"""Decide what a response means for its row: pure, and the one place that decides it.

A request may be lost before it takes effect, after, or take effect long after. So silence never counts as failure: a
create without a response is read back, and is sent again only once MXroute had time to commit it late.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mxlib.core.reasons import PauseReason, Reason
from mxlib.core.text import run_status
from mxlib.core.vocabulary import Action, Outcome, PauseCode, Proof, RowReason
from mxlib.mxroute.errors import (
    Conflict,
    InvalidResponse,
    MXrouteError,
    NotFound,
    PermissionDenied,
    PlanLimitReached,
    RateLimited,
    RequestRefused,
    Unauthorized,
    UnexpectedData,
    Unreachable,
)
from mxlib.mxroute.protocol import Mailbox, Response
from mxlib.runs import messages as sentences
from mxlib.store.records import RowRecord

#: How often one row is sent at most; answers of 429 do not count.
MAX_TRIES = 5

NOT_ALLOWED = PauseReason(PauseCode.NOT_ALLOWED, sentences.NOT_ALLOWED)
NO_WRITES = PauseReason(PauseCode.NO_WRITES, sentences.NO_WRITES)
KEY_REFUSED = PauseReason(PauseCode.KEY_REFUSED, run_status.KEY_REFUSED)


@dataclass(frozen=True, slots=True)
class Finish:
    """Give the row its outcome.

    `pause_if_repeated` is why the run pauses when three rows in a row end like this one. `forbidden`: unless the key
    turns out to be refused for everything; then the row waits.
    """

    outcome: Outcome
    reason: Reason | None = None
    pause_if_repeated: PauseReason | None = None
    proof: Proof = Proof.ANSWERED
    forbidden: bool = False


@dataclass(frozen=True, slots=True)
class ReadBack:
    """The effect is unknown: read it back, `after` so many seconds."""

    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Resend:
    """It did not take effect, or does no harm twice: send it again. `counted` tells whether that was a try."""

    counted: bool = True


@dataclass(frozen=True, slots=True)
class PauseRun:
    """The row is fine, but the run cannot continue: pause it for this reason."""

    reason: PauseReason


Decision = Finish | ReadBack | Resend | PauseRun


def silent(answer: object) -> bool:
    """Return whether no valid response came."""
    return isinstance(answer, Unreachable | InvalidResponse)


def odd(answer: object) -> bool:
    """Return whether MXroute responds, but with other data than was asked for."""
    return isinstance(answer, UnexpectedData)


def lost(answer: object) -> bool:
    """Return whether a write may have taken effect without a response to it."""
    return silent(answer) and getattr(answer, "sent", True)


def decide_write(row: RowRecord, answer: Response | MXrouteError) -> Decision:
    """Decide what the response to a row's own request means; `row` is as before sending."""
    action = Action(row.action)
    match answer:
        case RateLimited():
            return Resend(counted=False)
        case PermissionDenied():
            # Where it was tried before, the run was resumed since: another pause for it would not let the run move.
            pause_if_repeated = NOT_ALLOWED if row.tries <= 1 else None
            return Finish(Outcome.FAILED, _refused(answer), pause_if_repeated, forbidden=True)
        case Unauthorized():
            return PauseRun(KEY_REFUSED)
        case Unreachable(sent=False):
            return Resend(counted=False)
        case Unreachable() | InvalidResponse():
            if action is Action.CREATE or row.guarded:
                return ReadBack()
            return Resend() if row.tries < MAX_TRIES else _given_up(row)
        case Conflict() if action is Action.CREATE:
            return ReadBack() if row.unanswered else _made_meanwhile()
        case NotFound() if action is not Action.CREATE:
            return decide_gone(action, unanswered=row.unanswered)
        case PlanLimitReached():
            return Finish(Outcome.FAILED, _refused(answer), _plan_full(answer))
        case RequestRefused():
            return Finish(Outcome.FAILED, _refused(answer))
        case Response():
            return Finish(_EFFECT[action])
        case _:
            return Finish(Outcome.FAILED, _refused(answer))


def decide_read_back(row: RowRecord, answer: Response | MXrouteError, *, quiet_for: float) -> Decision:
    """Decide what reading a row's mailbox back means.

    For `quiet_for` more seconds MXroute may still commit the request.
    """
    match answer:
        case Response() | NotFound():
            box = _box(answer) if isinstance(answer, Response) else None
            if (outcome := decide_comparison(row, box)) is not None:
                return settled(outcome, Proof.READ_BACK)
            if quiet_for > 0:
                return ReadBack(after=quiet_for)
            return Resend() if row.tries < MAX_TRIES else _given_up(row)
        case Unreachable() | InvalidResponse() | RateLimited():
            return ReadBack()
        case PermissionDenied():
            return Finish(Outcome.FAILED, Reason.of(RowReason.NOT_READABLE, str(answer)), forbidden=True)
        case _:
            return decide_refused_read(answer)


def decide_inspection(row: RowRecord, answer: Response | MXrouteError) -> Finish | PauseRun | None:
    """Decide what a failed inspection means. None: inspect again."""
    match answer:
        case Response():
            return Finish(Outcome.SKIPPED, Reason(RowReason.USE_UNKNOWN if row.guarded else RowReason.STATE_UNKNOWN))
        case NotFound():
            if row.action == Action.DELETE and row.tries and not row.unanswered:
                return Finish(Outcome.DELETED, proof=Proof.AGAINST_ANSWER)
            return decide_gone(Action(row.action), unanswered=row.unanswered)
        case Unreachable() | InvalidResponse() | RateLimited():
            return None
        case PermissionDenied():
            return Finish(Outcome.FAILED, _refused(answer), forbidden=True)
        case _:
            return decide_refused_read(answer)


def decide_failed_inspection(row: RowRecord, *, there: bool) -> Finish | None:
    """Decide the outcome of a waiting row from the first read of its domain.

    None: send it as planned. A list without the mailbox decides nothing: an update or a deletion is inspected by
    itself before it is sent.
    """
    if row.action != Action.CREATE or not there:
        return None
    if not row.unanswered and not row.tries:
        return _made_meanwhile()
    proof = Proof.READ_BACK if row.unanswered else Proof.AGAINST_ANSWER
    return settled(Outcome.CREATED, proof)


def tries_left_over(row: RowRecord) -> int:
    """Return the tries of a row that waits after a refusal.

    The fact that it was sent is kept, as an existing mailbox may be its own.
    """
    return min(row.tries, 1)


def decide_comparison(row: RowRecord, box: Mailbox | None) -> Outcome | None:
    """Return the true outcome of a row that was given up without a response.

    It comes from MXroute's final state; None if that does not show it.
    """
    match Action(row.action):
        case Action.CREATE if box is not None:
            return Outcome.CREATED
        case Action.DELETE if box is None:
            return Outcome.DELETED
        case Action.UPDATE if box is not None and row.sealed_password is None and box.quota == row.quota:
            return Outcome.UPDATED
        case _:
            return None


def decide_list(row: RowRecord, box: Mailbox | None) -> Finish | None:
    """Decide what the final list shows of a row that seemed not done: it took effect after all."""
    tried = row.unanswered or (row.outcome in {Outcome.FAILED, Outcome.NOT_ATTEMPTED} and row.tries > 0)
    outcome = decide_comparison(row, box) if tried else None
    if outcome is None:
        return None
    proof = Proof.READ_BACK if row.unanswered else Proof.AGAINST_ANSWER
    return settled(outcome, proof)


def contradicts(row: RowRecord, box: Mailbox | None) -> bool:
    """Return whether a list shows something that only reading the mailbox itself can prove."""
    match Action(row.action):
        case Action.CREATE:
            return row.outcome == Outcome.CREATED and box is None
        case Action.DELETE if row.outcome == Outcome.DELETED:
            return box is not None
        case Action.DELETE:
            return decide_list(row, box) is not None
        case Action.UPDATE:
            return row.outcome == Outcome.UPDATED and _is_as_it_was(row, box)
        case Action.LOCK | Action.UNLOCK:  # no response shows a password
            return False


def decide_contradiction(row: RowRecord, box: Mailbox | None, *, touched: bool) -> Finish | None:
    """Decide the outcome of a confirmed row that its mailbox contradicts; None keeps it.

    `touched`: changed, deleted or created again by others since.
    """
    if row.outcome in {Outcome.FAILED, Outcome.SKIPPED, Outcome.NOT_ATTEMPTED}:
        return decide_list(row, box)
    usage = row.before.get("usage")
    made_again = touched or (box is not None and usage is not None and box.usage < usage)
    if made_again or not contradicts(row, box):
        return None
    return Finish(Outcome.FAILED, Reason(RowReason.NOT_DONE))


def _is_as_it_was(row: RowRecord, box: Mailbox | None) -> bool:
    """Return whether an update of the quota alone did not take effect."""
    alone = row.asks_host and row.sealed_password is None and row.quota is not None
    return alone and box is not None and box.quota != row.quota and box.quota == row.was.get("quota")


def decide_gone(action: Action, *, unanswered: bool) -> Finish:
    """Decide what it means that a mailbox to change or delete does not exist."""
    if action is Action.DELETE and unanswered:
        return Finish(Outcome.DELETED, proof=Proof.READ_BACK)
    return Finish(Outcome.SKIPPED, Reason(RowReason.GONE))


def decide_denied_read(answer: object) -> PauseRun:
    """Decide what MXroute's refusal to list a domain means, as its key works for others."""
    return PauseRun(reads_refused(answer))


def decide_refused_read(answer: object) -> PauseRun:
    """Decide what it means that MXroute refuses reads: without them nothing is sent, and nothing guessed."""
    if isinstance(answer, Unauthorized):
        return PauseRun(KEY_REFUSED)
    return PauseRun(reads_refused(answer))


def reads_refused(answer: object) -> PauseReason:
    """Return why a run pauses that cannot read what it needs."""
    return PauseReason(PauseCode.READS_REFUSED, sentences.reads_refused(answer))


def settled(outcome: Outcome, proof: Proof) -> Finish:
    """Return the end of a row that took effect without an answer, or against it."""
    code = RowReason.AGAINST_ANSWER if proof is Proof.AGAINST_ANSWER else RowReason.READ_BACK
    return Finish(outcome, Reason(code), proof=proof)


def _refused(error: MXrouteError) -> Reason:
    """Return what MXroute refused with, in its own words."""
    if not isinstance(error, RequestRefused):
        return Reason.of(RowReason.REFUSED, str(error))
    code = RowReason.REFUSED
    if isinstance(error, PermissionDenied):
        code = RowReason.NOT_ALLOWED
    elif isinstance(error, PlanLimitReached):
        code = RowReason.PLAN_FULL
    return Reason.of(code, error.message, status=error.status, error=error.code, field=error.field)


def _plan_full(error: PlanLimitReached) -> PauseReason:
    return PauseReason(PauseCode.PLAN_FULL, run_status.plan_full(error.message), error.message)


def _made_meanwhile() -> Finish:
    return Finish(Outcome.SKIPPED, Reason(RowReason.CREATED_MEANWHILE))


def _box(answer: Response) -> Mailbox:
    return Mailbox.from_data(answer.data if isinstance(answer.data, Mapping) else {})


def _given_up(row: RowRecord) -> Finish:
    return Finish(Outcome.FAILED, Reason.of(RowReason.NO_ANSWER, tries=row.tries), NO_WRITES)


_EFFECT = {
    Action.CREATE: Outcome.CREATED,
    Action.UPDATE: Outcome.UPDATED,
    Action.DELETE: Outcome.DELETED,
    Action.LOCK: Outcome.UPDATED,
    Action.UNLOCK: Outcome.UPDATED,
}
