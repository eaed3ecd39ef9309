"""Deletions that have a date, until they are carried out or called off."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import sqlalchemy as sa

from mxlib.core.dated_deletions import AskCode, AskReason
from mxlib.core.days import Days
from mxlib.core.text import dated_deletions as texts
from mxlib.core.vocabulary import AuditAction
from mxlib.mxroute.protocol import Mailbox
from mxlib.store import audit as audit_log
from mxlib.store import mailbox_locks
from mxlib.store.records import RowRecord
from mxlib.store.tables import audit
from mxlib.store.tables import dated_deletion as table
from mxlib.store.transaction import DAYS, Tx
from mxlib.store.upsert import upsert


@dataclass(frozen=True, slots=True)
class DatedDeletion:
    """One dated deletion as stored; times in Unix seconds.

    `before` has the figures of the mailbox when it was asked for.
    """

    domain: str
    username: str
    due_at: float
    asked_at: float
    who: str
    kind: str
    address: str
    before: Mapping[str, Any]
    #: The code of why it asks instead of deleting, blank while it waits for its day, and what fills its text.
    why: str
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mailbox(self) -> str:
        """Return the full address."""
        return f"{self.username}@{self.domain}"

    @property
    def ask_reason(self) -> AskReason | None:
        """Return why it asks; None while it waits for its day."""
        return AskReason.stored(self.why, self.figures)


_UNLOCKS = (AuditAction.MAILBOX_UNLOCK, AuditAction.MAILBOX_UNLOCK_BY_LINK)

_ACTS = (AuditAction.MAILBOX_DELETE_LATER, AuditAction.MAILBOX_DELETE_CALLED_OFF)

_COLUMNS = [table.c[column.name] for column in fields(DatedDeletion)]


def put(tx: Tx, deletion: DatedDeletion) -> None:
    """Store a dated deletion, in place of an earlier one of the same mailbox."""
    upsert(tx, table, {column.name: getattr(deletion, column.name) for column in fields(DatedDeletion)})


def get(tx: Tx, domain: str, username: str) -> DatedDeletion | None:
    """Return the dated deletion of a mailbox; None without one."""
    return next(iter(_found(tx, (table.c.domain == domain) & (table.c.username == username))), None)


def every(tx: Tx) -> list[DatedDeletion]:
    """Return all dated deletions, those that ask first, then by their day."""
    return _found(tx, sa.true())


def due(tx: Tx, now: float) -> list[DatedDeletion]:
    """Return the deletions whose day has come, and that do not ask."""
    return _found(tx, (table.c.due_at <= now) & (table.c.why == ""))


def ask(tx: Tx, deletion: DatedDeletion, reason: AskReason, at: float) -> None:
    """Let a dated deletion ask before it is carried out."""
    values = {"why": reason.code.value, "figures": dict(reason.figures)}
    tx.execute(table.update().where(*_is(deletion.domain, deletion.username)).values(values))
    detail = {"code": reason.code.value, "figures": dict(reason.figures)}
    audit_log.record(
        tx, audit_log.MXM, AuditAction.MAILBOX_DELETE_ASKS, at=at, on=deletion.mailbox, outcome=texts.why(reason),
        detail=detail,
    )  # fmt: skip


def ask_after_restore(tx: Tx, made_at: float, at: float) -> None:
    """Let each deletion in a backup of `made_at` ask: it may have been called off since."""
    for deletion in _found(tx, (table.c.asked_at <= made_at) & (table.c.why == "")):
        ask(tx, deletion, AskReason(AskCode.RESTORED), at)


def note_use(tx: Tx, domain: str, boxes: Iterable[Mailbox], at: float) -> None:
    """Let deletions ask whose mailboxes sent something after the day of their lock.

    The list was read at `at`. The count restarts with each day of the host, so a look on the day of the deletion alone
    would miss daily use.
    """
    days: Days = tx.info[DAYS]
    waiting = {each.username: each for each in _found(tx, (table.c.domain == domain) & (table.c.why == ""))}
    if not waiting:
        return
    for box in boxes:
        if not box.sent or (deletion := waiting.get(box.username)) is None:
            continue
        lock = mailbox_locks.of_mailbox(tx, domain, box.username)
        since = max(deletion.asked_at, lock.since if lock else 0.0)
        if days.day(at) > days.day(since):
            ask(tx, deletion, AskReason(AskCode.SENT, {"messages": int(box.sent), "at": at}), at)


def drop(tx: Tx, domain: str, username: str, *, set_before: float | None = None) -> bool:
    """Delete a dated deletion; return whether there was one.

    With `set_before` (Unix seconds), only an older one.
    """
    gone = table.delete().where(*_is(domain, username))
    return tx.execute(gone if set_before is None else gone.where(table.c.asked_at < set_before)).rowcount > 0


def drop_own(tx: Tx, row: RowRecord) -> None:
    """Delete the date that a row put back when it failed: the row waits again, so nobody is asked."""
    if row.dated is not None:
        own = table.c.asked_at == row.dated["asked_at"]
        tx.execute(table.delete().where(*_is(row.domain, row.username), own))


def end_gone(tx: Tx, domain: str, username: str, at: float, *, missing_at: float | None = None) -> None:
    """Delete the dated deletion of a mailbox that is gone, and record that.

    With `missing_at`, only one from before that time.
    """
    if drop(tx, domain, username, set_before=missing_at):
        on, action = f"{username}@{domain}", AuditAction.MAILBOX_DELETE_CALLED_OFF
        why = texts.GONE if missing_at is None else texts.MADE_AGAIN
        audit_log.record(tx, audit_log.MXM, action, at=at, on=on, outcome=why)


def last_act(tx: Tx, mailbox: str, after: int) -> AuditAction | None:
    """Return the last act on the date of a mailbox after audit entry `after`.

    That is a date, or that it was called off; None for neither.
    """
    query = sa.select(audit.c.what).where(audit.c.on == mailbox, audit.c.id > after, audit.c.what.in_(_ACTS))
    what = tx.execute(query.order_by(audit.c.id.desc()).limit(1)).scalar()
    return None if what is None else AuditAction(what)


def is_unlocked_since(tx: Tx, deletion: DatedDeletion) -> bool:
    """Return whether a mailbox was unlocked since, even if it was locked again."""
    query = sa.select(audit.c.id).where(
        audit.c.on == deletion.mailbox, audit.c.what.in_(_UNLOCKS), audit.c.at >= deletion.asked_at
    )
    return tx.execute(query.limit(1)).first() is not None


def _is(domain: str, username: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.domain == domain, table.c.username == username


def _found(tx: Tx, where: sa.ColumnElement[bool]) -> list[DatedDeletion]:
    query = sa.select(*_COLUMNS).where(where).order_by(table.c.why == "", table.c.due_at, table.c.domain)
    return [DatedDeletion(*row) for row in tx.execute(query)]
