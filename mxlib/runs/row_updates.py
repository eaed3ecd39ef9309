"""Record results: the row, what is stored here, and the audit entry, in one transaction."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Literal

from mxlib.core.dated_deletions import AskCode, AskReason
from mxlib.core.links import LinkEnd
from mxlib.core.locks import Lock
from mxlib.core.mailbox_change import MailboxChange
from mxlib.core.reasons import Reason
from mxlib.core.schema import RECOVERY_EMAIL
from mxlib.core.text import reasons
from mxlib.core.vocabulary import (
    ACTION_DONE,
    CLEAR,
    DONE,
    MAILBOX_REPLACED,
    Action,
    AuditAction,
    Outcome,
    Proof,
    RowReason,
)
from mxlib.mxroute.errors import InvalidResponse, MXrouteError, RequestRefused
from mxlib.mxroute.protocol import Mailbox, Response
from mxlib.runs import comparison, decisions, write_guard
from mxlib.runs.decisions import Finish
from mxlib.runs.run_state import RunState
from mxlib.store import (
    Tx,
    audit,
    clients,
    dated_deletions,
    first_seen,
    hold,
    journal,
    links,
    mailbox_creators,
    mailbox_lists,
    mailbox_locks,
    manual_writes,
    recovery_changes,
    reset_answers,
    stored_columns,
)
from mxlib.store.dated_deletions import DatedDeletion
from mxlib.store.records import RowRecord

#: Outcomes after which a dated deletion is not done.
_NOT_DELETED = frozenset({Outcome.SKIPPED, Outcome.FAILED, Outcome.NOT_ATTEMPTED})

#: Why a dated deletion asks that its run did not do, where that is more than the reason of its row.
_ASKS = {
    RowReason.STOPPED: AskCode.STOPPED,
    RowReason.STOPPED_UNANSWERED: AskCode.STOPPED,
    RowReason.RESTORED: AskCode.RESTORED,
}

_NOT_READABLE = "no answer came; whether the password was set cannot be read back"


def decide(tx: Tx, state: RunState, row: RowRecord, step: Finish, at: float) -> None:
    """Give a row its outcome, and keep or drop the values that are stored here."""
    step = _unless_made_by_others(tx, state, row, step)
    outcome = step.outcome
    journal.set_row(
        tx, state.id, row.position, having=row.outcome, outcome=outcome, reason=step.reason, proof=step.proof
    )
    if outcome in DONE:
        change = _change(row) if row.action == Action.UPDATE and outcome is Outcome.UPDATED else None
        action = ACTION_DONE[Action(row.action)]
        text, facts = (change.text, change.facts) if change else (row.lock_reason, None)
        audit.record(tx, state.actor, action, at=at, on=row.address, run=state.id, outcome=text, detail=facts)
    _end_links(tx, state, row, outcome, at)
    if outcome is Outcome.CREATED:
        # Values of an earlier mailbox of this name are not its own; values set since the run began are.
        stored_columns.drop(tx, row.domain, row.username, set_before=state.created_at)
        recovery_changes.drop(tx, row.domain, row.username)
        reset_answers.drop(tx, row.domain, row.username)
        mailbox_locks.end_gone(tx, row.domain, row.username, at, set_before=state.created_at)
        dated_deletions.drop(tx, row.domain, row.username, set_before=state.created_at)
    elif outcome is Outcome.DELETED:
        _note_dropped(tx, row)
        stored_columns.drop(tx, row.domain, row.username)
        recovery_changes.drop(tx, row.domain, row.username)
        reset_answers.drop(tx, row.domain, row.username)
        mailbox_locks.drop(tx, row.domain, row.username)
        dated_deletions.drop(tx, row.domain, row.username)
    elif outcome is Outcome.UPDATED:
        _lock_or_unlock(tx, state, row, at)
    elif row.action == Action.UNLOCK and (row.unanswered or _is_unanswered(step)):
        _unlock_unanswered(tx, state, row, at)
    elif outcome in _NOT_DELETED and step.reason is not None:
        put_date_back(tx, state, row, step.reason, at)
    if outcome in {Outcome.CREATED, Outcome.UPDATED}:
        _keep_stored(tx, state, row, at)


def _end_links(tx: Tx, state: RunState, row: RowRecord, outcome: Outcome, at: float) -> None:
    """End the links of a mailbox that is new, is gone, or has another password."""
    if outcome is Outcome.CREATED:  # those sent since the run began are of this mailbox
        links.end_all(tx, row.domain, row.username, LinkEnd.RECREATED, at, before=state.created_at)
    elif outcome is Outcome.DELETED:
        links.end_all(tx, row.domain, row.username, LinkEnd.DELETED, at)
    elif outcome is Outcome.UPDATED and row.action == Action.LOCK:
        links.end_all(tx, row.domain, row.username, LinkEnd.LOCKED, at)
    elif outcome is Outcome.UPDATED and (row.sealed_password is not None or row.action == Action.UNLOCK):
        links.end_all(tx, row.domain, row.username, LinkEnd.PASSWORD_SET, at)


def put_date_back(tx: Tx, state: RunState, row: RowRecord, kept: Reason, at: float) -> None:
    """Let the dated deletion of a kept mailbox ask, unless it is withdrawn."""
    if (
        row.dated is None
        or kept.code is RowReason.GONE
        or dated_deletions.get(tx, row.domain, row.username) is not None
        or _withdrawn(tx, state, row) is not None
    ):
        return
    deletion = dated_deletions.DatedDeletion(
        row.domain, row.username, row.dated["due_at"], row.dated["asked_at"], state.operator, row.dated["kind"],
        address="", before=row.dated["before"], why="",
    )  # fmt: skip
    dated_deletions.put(tx, deletion)
    code = _ASKS.get(kept.code)
    dated_deletions.ask(tx, deletion, AskReason(code) if code else AskReason.not_done(kept), at)


def wait_again(tx: Tx, state: RunState, position: int, outcome: Literal[Outcome.WAITING, Outcome.SETTLING]) -> None:
    """Let a row that failed wait to be sent again, or be read back.

    Its dated deletion no longer asks.
    """
    row = journal.get_row(tx, state.id, position, having=Outcome.FAILED)
    dated_deletions.drop_own(tx, row)
    tries = row.tries if outcome is Outcome.SETTLING else decisions.tries_left_over(row)
    journal.set_row(tx, state.id, position, outcome=outcome, reason=None, tries=tries)


def _withdrawn(tx: Tx, state: RunState, row: RowRecord) -> Reason | None:
    """Return why a row is withdrawn; None while it is not."""
    return write_guard.withdrawn(row, dated_deletions.last_act(tx, row.address, state.planned_after))


def _may_be_withdrawn(tx: Tx, state: RunState, row: RowRecord) -> Reason | None:
    """Return why a dated deletion may be withdrawn: a restore forgot what was called off after the backup."""
    restored = row.dated is not None and hold.has_ended_since(tx, state.created_at)
    return Reason(RowReason.RESTORED) if restored else None


def _lock_or_unlock(tx: Tx, state: RunState, row: RowRecord, at: float) -> None:
    match Action(row.action):
        case Action.LOCK:
            mailbox_locks.put(tx, row.domain, row.username, Lock(at, state.operator, row.lock_reason))
        case Action.UNLOCK:
            mailbox_locks.drop(tx, row.domain, row.username)
        case _:
            pass


def _is_unanswered(step: Finish) -> bool:
    return step.reason is not None and step.reason.code is RowReason.NO_ANSWER


def _unlock_unanswered(tx: Tx, state: RunState, row: RowRecord, at: float) -> None:
    """End a lock whose unlock is given up: its password may be set, and MXroute cannot show it."""
    lock = mailbox_locks.of_mailbox(tx, row.domain, row.username)
    if lock is None or lock.since >= state.created_at:
        return
    mailbox_locks.drop(tx, row.domain, row.username)
    audit.record(
        tx, state.actor, AuditAction.MAILBOX_UNLOCK, at=at, on=row.address, run=state.id,
        outcome=_NOT_READABLE, detail={"password": True, "answered": False},
    )  # fmt: skip


def _note_dropped(tx: Tx, row: RowRecord) -> None:
    """Note the lock and the date of a deleted mailbox, which may still be there."""
    lock = mailbox_locks.of_mailbox(tx, row.domain, row.username)
    deletion = dated_deletions.get(tx, row.domain, row.username)
    dropped = {"lock": lock and asdict(lock), "deletion": deletion and asdict(deletion)}
    if lock or deletion or "dropped" in row.before:
        journal.set_row(tx, row.run, row.position, before=row.before | {"dropped": dropped})


def _restore_dropped(tx: Tx, row: RowRecord) -> None:
    """Restore lock and date of a mailbox that was not deleted, unless it has others."""
    dropped = row.before.get("dropped") or {}
    if (lock := dropped.get("lock")) and mailbox_locks.of_mailbox(tx, row.domain, row.username) is None:
        mailbox_locks.put(tx, row.domain, row.username, Lock(**lock))
    if (deletion := dropped.get("deletion")) and dated_deletions.get(tx, row.domain, row.username) is None:
        dated_deletions.put(tx, DatedDeletion(**deletion))


def _unless_made_by_others(tx: Tx, state: RunState, row: RowRecord, step: Finish) -> Finish:
    """Decide a row whose mailbox exists without a confirmation: its own, unless others made it."""
    if step.outcome is not Outcome.CREATED or step.proof is Proof.ANSWERED:
        return step
    maker = mailbox_creators.find_maker(tx, row.address, after=state.planned_after, but=state.lineage)
    return step if maker is None else Finish(Outcome.SKIPPED, Reason.of(RowReason.CREATED_BY_ANOTHER, run=maker.run))


def keep_here(tx: Tx, state: RunState, row: RowRecord, at: float) -> None:
    """Do a row that changes nothing but what is kept here alone."""
    if row.guarded and (
        stays := write_guard.kept_here(row.before, stored_columns.of_mailbox(tx, row.domain, row.username))
    ):
        journal.set_row(tx, state.id, row.position, having=row.outcome, outcome=Outcome.SKIPPED, reason=stays.reason)
        return
    since = write_guard.ChangesSincePlan() if row.guarded else _since_planned(tx, state, row, at)
    if since.actions or since.is_new:
        made = since.is_new or not MAILBOX_REPLACED.isdisjoint(since.actions)
        reason = Reason(RowReason.RECREATED if made else RowReason.CHANGED_SINCE_PLAN)
        journal.set_row(tx, state.id, row.position, having=row.outcome, outcome=Outcome.SKIPPED, reason=reason)
        return
    reason = Reason.of(RowReason.STORED_HERE, stored=comparison.stored_changes(row))
    if row.limit is not None:
        reason.detail["limit"] = row.limit
    journal.set_row(tx, state.id, row.position, having=row.outcome, outcome=Outcome.UPDATED, reason=reason)
    _keep_stored(tx, state, row, at)


def _keep_stored(tx: Tx, state: RunState, row: RowRecord, at: float) -> None:
    """Store or drop a row's values; an update keeps the earlier ones for undo."""
    if row.action == Action.UPDATE and row.stored:
        had = stored_columns.of_mailbox(tx, row.domain, row.username)
        _found(tx, row, {name: had[name] for name in row.stored})
        for name, asked in row.stored.items():
            stored_columns.record(tx, state.actor, name, asked, at=at, on=row.address, run=state.id)
        asked = row.stored.get(RECOVERY_EMAIL.name, "")
        recovery_changes.note(tx, row.domain, row.username, asked, at, sends_notice=not row.is_without_notice)
    stored_columns.apply(tx, row.domain, row.username, row.stored, at)


def _found(tx: Tx, row: RowRecord, now: Mapping[str, object]) -> None:
    """Note a mailbox's state right before its row, where it differs from the plan."""
    other = {name: value for name, value in now.items() if value != row.was.get(name)}
    if other:
        journal.set_row(tx, row.run, row.position, before=row.before | {"found": row.before.get("found", {}) | other})


def _change(row: RowRecord) -> MailboxChange:
    """Return what a row changed at MXroute, as for a change by hand."""
    password = row.sealed_password is not None
    limit = row.limit if password and row.limit != row.was.get("limit") else None  # alone it is not sent
    return MailboxChange(password=password, had=row.was.get("quota"), quota=row.quota, limit=limit)


def guard(tx: Tx, state: RunState, row: RowRecord, box: Mailbox, at: float) -> Finish | None:
    """Decide a row whose mailbox is not as planned; None when it may be sent."""
    if (row.unanswered or row.tries) and (late := decisions.decide_comparison(row, box)) is not None:
        # The run's own change, not one by others.
        proof = Proof.READ_BACK if row.unanswered else Proof.AGAINST_ANSWER
        return decisions.settled(late, proof)
    if (off := _withdrawn(tx, state, row) or _may_be_withdrawn(tx, state, row)) is not None:
        return Finish(Outcome.SKIPPED, off)
    stays = (
        write_guard.reason_to_keep(row.action, row.before, box, stored_columns.of_mailbox(tx, row.domain, row.username))
        if row.guarded
        else write_guard.unplanned(row, box, _since_planned(tx, state, row, at))
    )
    if stays is not None:
        return Finish(Outcome.SKIPPED, stays.reason)
    locked = mailbox_locks.of_mailbox(tx, row.domain, row.username) is not None
    if (against := write_guard.against_lock(row, locked=locked)) is not None:
        return Finish(Outcome.SKIPPED, against)
    restoring = row.action == Action.UPDATE
    if state.undo_of is not None and audit.touched_since(tx, row.address, state.undo_of, restoring=restoring):
        return Finish(Outcome.SKIPPED, Reason(RowReason.CHANGED_SINCE_RUN))
    if row.action == Action.UPDATE and not row.tries and not row.unanswered:
        _found(tx, row, {"quota": box.quota, "limit": box.limit})
    return None


def is_overtaken(tx: Tx, state: RunState, row: RowRecord) -> bool:
    """Return whether an act of others is against a row since its inspection.

    What a deletion takes is lost, so each change by others keeps it back: an unlock that is done already, say.
    """
    locked = mailbox_locks.of_mailbox(tx, row.domain, row.username) is not None
    against = write_guard.against_lock(row, locked=locked) or _withdrawn(tx, state, row)
    if against is not None or manual_writes.is_open(tx, row.domain, row.username):
        return True
    deletes = row.action == Action.DELETE and not row.guarded
    return deletes and bool(audit.actions_since(tx, row.address, state.planned_after, but=state.lineage))


def is_over_cap(tx: Tx, row: RowRecord) -> bool:
    """Return whether a row sets a quota over the largest of its client now.

    The list is read only where the quota is over: the mailbox may have it already.
    """
    most = clients.largest_quota(tx, row.domain)
    if not write_guard.is_over_cap(row, None, most):
        return False
    kept = mailbox_lists.mailboxes(tx, row.domain)
    box = next((each for each in kept.mailboxes if each.username.lower() == row.username), None) if kept else None
    return write_guard.is_over_cap(row, box, most)


def _since_planned(tx: Tx, state: RunState, row: RowRecord, at: float) -> write_guard.ChangesSincePlan:
    first = first_seen.since(tx, row.domain, row.username)
    was_listed = row.before.get("usage") is not None or first_seen.is_listed_since(tx, row.domain, state.planned_at)
    return write_guard.ChangesSincePlan(
        actions=audit.actions_since(tx, row.address, state.planned_after, but=state.lineage),
        is_new=first is not None and first > state.planned_at and was_listed,
        is_unsure=manual_writes.is_open(tx, row.domain, row.username),
        same_day=state.planned_at // 86_400 == at // 86_400,
    )


def had_mailboxes(tx: Tx, state: RunState, domain: str) -> bool:
    """Return whether `domain` is known to have mailboxes besides those that this run has deleted."""
    kept = mailbox_lists.mailboxes(tx, domain)
    there = {box.username.lower() for box in kept.mailboxes} if kept else set()
    for row in journal.rows(tx, state.id, outcomes=(Outcome.CREATED, Outcome.DELETED), domain=domain):
        (there.add if row.outcome == Outcome.CREATED else there.discard)(row.username)
    return bool(there)


def meanwhile(tx: Tx, state: RunState, domain: str, boxes: Iterable[Mailbox], at: float) -> set[int]:
    """Decide waiting rows that the current state has overtaken; return their positions."""
    boxes = list(boxes)
    there = {box.username.lower(): box for box in boxes}
    mailbox_lists.keep_mailboxes(tx, domain, boxes, at)
    decided = set()
    most = clients.largest_quota(tx, domain)
    for row in journal.rows(tx, state.id, outcomes=(Outcome.WAITING,), domain=domain):
        box = there.get(row.username)
        over = decisions.decide_failed_inspection(row, there=box is not None)
        if box is not None and row.guarded:
            over = guard(tx, state, row, box, at)
        if over is None and write_guard.is_over_cap(row, box, most):
            over = Finish(Outcome.SKIPPED, Reason(RowReason.QUOTA_OVER_CAP))
        if over is not None:
            decide(tx, state, row, over, at)
            decided.add(row.position)
    return decided


def compare(tx: Tx, state: RunState, domain: str, boxes: Iterable[Mailbox], at: float) -> dict[int, tuple[str, str]]:
    """Compare the rows of `domain` with MXroute; rows given up may have taken effect.

    Returns rows that the list contradicts, each with the domain and name to read it by.
    """
    boxes = list(boxes)
    there = {box.username.lower(): box for box in boxes}
    mailbox_lists.keep_mailboxes(tx, domain, boxes, at)
    not_done = (Outcome.FAILED, Outcome.SKIPPED, Outcome.NOT_ATTEMPTED)
    touched = (Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED, *not_done)
    found, to_confirm = [], {}
    for row in journal.rows(tx, state.id, outcomes=touched, domain=domain):
        box = there.get(row.username)
        if decisions.contradicts(row, box):
            to_confirm[row.position] = (domain, row.username)
        if row.outcome in not_done:
            late = None if row.position in to_confirm else decisions.decide_list(row, box)
            if late is None or _unless_made_by_others(tx, state, row, late).outcome not in DONE:
                continue
            row = _redecide(tx, state, row, late, at)
        found.append(_found_at_host(row, box))
    journal.set_found(tx, state.id, found)
    return to_confirm


def confirm(tx: Tx, state: RunState, row: RowRecord, box: Mailbox | None, at: float) -> None:
    """Compare one row with its mailbox, read by itself since a list contradicted the row."""
    touched = audit.touched_since(tx, row.address, state.id)
    if (step := decisions.decide_contradiction(row, box, touched=touched)) is None:
        if row.outcome in DONE:
            journal.set_found(tx, state.id, [_found_at_host(row, box)])
        return
    if _unless_made_by_others(tx, state, row, step) is not step:
        return
    if step.outcome in DONE:
        journal.set_found(tx, state.id, [_found_at_host(_redecide(tx, state, row, step, at), box)])
        return
    # MXroute may still do it late, and then MXM is the one that requested it.
    journal.set_row(
        tx, state.id, row.position, having=row.outcome, outcome=step.outcome, reason=step.reason, differs="",
        unanswered=True, host_quota=None, host_limit=None,
    )  # fmt: skip
    _restore_stored(tx, row, at)
    if row.action == Action.DELETE:
        _restore_dropped(tx, row)
        if step.reason is not None:
            put_date_back(tx, state, row, step.reason, at)
    audit.record(
        tx, state.actor, AuditAction.MAILBOX_NOT_DONE, at=at, on=row.address, run=state.id,
        outcome=reasons.text(step.reason, Action(row.action)) if step.reason else "", detail={"action": row.action},
    )  # fmt: skip


def _redecide(tx: Tx, state: RunState, row: RowRecord, step: Finish, at: float) -> RowRecord:
    decide(tx, state, row, step, at)
    return replace(row, outcome=step.outcome, proof=step.proof)


def _found_at_host(row: RowRecord, box: Mailbox | None) -> tuple[int, Reason, str, int | None, int | None]:
    reason, differs = comparison.compare(row, box)
    return row.position, reason, differs, box.quota if box else None, box.limit if box else None


def _restore_stored(tx: Tx, row: RowRecord, at: float) -> None:
    """Restore the earlier stored values of a row without effect, unless changed since."""
    now = stored_columns.of_mailbox(tx, row.domain, row.username)
    for name, has in now.items():
        asked = row.stored.get(name, "")
        had = str(row.was.get(name) or "") if row.action != Action.CREATE else ""
        if (asked or row.action == Action.DELETE) and has == ("" if asked == CLEAR else asked):
            stored_columns.apply(tx, row.domain, row.username, {name: had or CLEAR}, at)


def noted(answer: Response | MXrouteError) -> str:
    """Return a response as the journal notes it: a status, or that there was none."""
    match answer:
        case Response():
            return str(answer.status)
        case RequestRefused():
            return f"{answer.status} {answer.code}"
        case InvalidResponse():
            return f"{answer.status} unreadable"
        case _:
            return "no answer"
