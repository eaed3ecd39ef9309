"""Decide the outcome of an unanswered write by hand, and audit it."""

from collections.abc import Mapping

from mxlib.core.links import LinkEnd
from mxlib.core.locks import Lock
from mxlib.core.mailbox_change import MailboxChange
from mxlib.core.schema import RECOVERY_EMAIL
from mxlib.core.vocabulary import ACTION_DONE, Action, AuditAction, CallerKind
from mxlib.mxroute.protocol import Mailbox
from mxlib.store import (
    Tx,
    audit,
    dated_deletions,
    erasure,
    links,
    mailbox_creators,
    mailbox_locks,
    manual_writes,
    recovery_changes,
    reset_answers,
    stored_columns,
)
from mxlib.store.audit import Actor
from mxlib.store.mailbox_creators import Maker
from mxlib.store.manual_writes import ManualWrite

_FOUND = "no answer came; found there"
GONE = "no answer came; it is gone"
_AS_ASKED = "no answer came; it is as asked"
_NOT_READABLE = "no answer came; whether the password was set cannot be read back"
_NOT_DONE = "no answer came; it was not done"
#: The reason when a later write settles an earlier one.
MEANWHILE = "no answer came; a later change tells"

#: Why writes end the links of their mailbox.
_LINKS_END = {
    Action.CREATE: LinkEnd.RECREATED,
    Action.DELETE: LinkEnd.DELETED,
    Action.LOCK: LinkEnd.LOCKED,
    Action.UNLOCK: LinkEnd.PASSWORD_SET,
}

#: Whether an unanswered write was done, by (its action, that of a later write that worked); others stay unknown.
_BY_LATER = {
    (Action.CREATE, Action.CREATE): False,
    (Action.CREATE, Action.UPDATE): True,
    (Action.CREATE, Action.DELETE): True,
    (Action.DELETE, Action.CREATE): True,
    (Action.DELETE, Action.UPDATE): False,
    (Action.DELETE, Action.DELETE): False,
    (Action.UNLOCK, Action.CREATE): False,
    # Whether a lock took effect is known by its own answer alone.
    **dict.fromkeys(((Action.LOCK, later) for later in Action), False),
}


def outcome_by_later(write: ManualWrite, later: Action) -> bool | None:
    """Return whether a write was done, by what a later write found.

    None when that does not show it.
    """
    return _BY_LATER.get((Action(write.action), later))


def decide_outcome(tx: Tx, write: ManualWrite, box: Mailbox | None) -> tuple[bool, str]:
    """Decide by the mailbox now whether a write counts as done.

    Returns that, and the phrase that explains it.
    """
    match Action(write.action):
        case Action.CREATE:
            if box and (maker := mailbox_creators.find_maker(tx, write.mailbox, at=write.at)) is not None:
                return False, _made_by(maker)
            return (True, _FOUND) if box else (False, _NOT_DONE)
        case Action.DELETE:
            return (False, _NOT_DONE) if box else (True, GONE)
        case Action.LOCK:
            return False, _NOT_DONE  # it is sent again instead, since no read back shows it
        case Action.UPDATE | Action.UNLOCK:
            if box is None:
                return False, _NOT_DONE
            if write.sealed_password is not None:
                return True, _NOT_READABLE
            figures = {name: value for name, value in write.asked.items() if name != "detail"}
            as_asked = all(getattr(box, name, None) == value for name, value in figures.items())
            return (True, _AS_ASKED) if as_asked else (False, _NOT_DONE)


def made_since(tx: Tx, write: ManualWrite) -> str | None:
    """Return who made the mailbox again since a write was asked for.

    It is a phrase; None when nobody did.
    """
    maker = mailbox_creators.find_maker(tx, write.mailbox, at=write.at)
    return None if maker is None else _made_by(maker)


def _made_by(maker: Maker) -> str:
    return "no answer came; " + ("someone made it by hand" if maker.run is None else f"run {maker.run} made it")


def note_done(
    tx: Tx, at: float, actor: Actor, action: Action, domain: str, username: str, stored: Mapping[str, str],
    outcome: str, detail: Mapping[str, object] | None, reason: str = "", *, sets_password: bool = False,
) -> None:  # fmt: skip
    """Record a write that was done, with the values that are stored here.

    `reason` is that of a lock; `sets_password` says that a new password counts as set.
    """
    if (ends := _LINKS_END.get(action) or (LinkEnd.PASSWORD_SET if sets_password else None)) is not None:
        links.end_all(tx, domain, username, ends, at)
    if action in {Action.CREATE, Action.DELETE}:  # a new mailbox inherits nothing of an earlier one of its name
        stored_columns.drop(tx, domain, username)
        recovery_changes.drop(tx, domain, username)
        reset_answers.drop(tx, domain, username)
        stored_columns.apply(tx, domain, username, stored, at)
        dated_deletions.drop(tx, domain, username)
    if action is Action.LOCK:
        mailbox_locks.put(tx, domain, username, Lock(at, actor.name, reason))
    elif action is Action.CREATE:
        mailbox_locks.end_gone(tx, domain, username, at)
    elif action is not Action.UPDATE:
        mailbox_locks.drop(tx, domain, username)
    audit.record(tx, actor, ACTION_DONE[action], at=at, on=f"{username}@{domain}", outcome=outcome, detail=detail)
    if action is Action.UPDATE:
        note_stored(tx, at, actor, domain, username, stored)


def note_stored(tx: Tx, at: float, actor: Actor, domain: str, username: str, stored: Mapping[str, str]) -> None:
    """Store values of an existing mailbox, and log it; blank ones stay as they are."""
    recovery_changes.note(tx, domain, username, stored.get(RECOVERY_EMAIL.name, ""), at)
    stored_columns.apply(tx, domain, username, stored, at)
    for column, value in stored.items():
        if value:
            stored_columns.record(tx, actor, column, value, at=at, on=f"{username}@{domain}")


def note_settled(tx: Tx, at: float, write: ManualWrite, *, done: bool, why: str) -> None:
    """Record the outcome of a write that got no answer."""
    actor = Actor(write.who, CallerKind(write.kind), write.address)
    asked = str(write.asked.get("detail", ""))
    outcome = f"asked: {asked}; {why}" if asked else why
    if done:
        action = Action(write.action)
        facts = _change(write).facts if action in {Action.UPDATE, Action.UNLOCK} else {}
        detail = {**facts, "answered": False}
        # The owner of a link was asked to try to sign in: only what MXroute confirmed ends it.
        sets_password = write.sealed_password is not None and actor.kind is not CallerKind.LINK
        note_done(
            tx, at, actor, action, write.domain, write.username, write.stored, outcome, detail,
            sets_password=sets_password,
        )  # fmt: skip
    else:
        outcome, detail = f"{write.action}: {outcome}", {"action": write.action, "answered": False}
        audit.record(tx, actor, AuditAction.MAILBOX_NOT_DONE, at=at, on=write.mailbox, outcome=outcome, detail=detail)


def note_lock(tx: Tx, at: float, write: ManualWrite) -> None:
    """Record a lock that MXroute confirmed when it was sent again."""
    actor, why = Actor(write.who, CallerKind(write.kind), write.address), str(write.asked.get("reason", ""))
    note_done(tx, at, actor, Action.LOCK, write.domain, write.username, write.stored, why, None, why)


def _change(write: ManualWrite) -> MailboxChange:
    asked = write.asked
    return MailboxChange(password=write.sealed_password is not None, quota=asked.get("quota"), limit=asked.get("limit"))


def drop(tx: Tx, number: int) -> None:
    """Forget a write; its password is erased from every file soon."""
    if manual_writes.drop(tx, number):
        erasure.begin(tx)
