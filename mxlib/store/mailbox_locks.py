"""Locked mailboxes, and those whose lock is on its way.

A lock is stored when MXroute confirmed that it set the password that nobody knows.
"""

from collections.abc import Collection

import sqlalchemy as sa

from mxlib.core.locks import Lock
from mxlib.core.text import locks as texts
from mxlib.core.vocabulary import AuditAction
from mxlib.store import audit
from mxlib.store.tables import attempt, manual_write, run, run_row
from mxlib.store.tables import mailbox_lock as table
from mxlib.store.transaction import Tx
from mxlib.store.upsert import upsert

_LOCK = [table.c[name] for name in ("at", "who", "reason")]

#: Writes and rows without a recorded outcome.
_OPEN_WRITE = manual_write.c.status.in_(("sending", "uncertain"))
_UNDER_WAY = run_row.c.outcome.in_(("sending", "settling")) | ((run_row.c.outcome == "waiting") & run_row.c.unanswered)

#: Seconds for which a request of a run may take effect.
_ROW_COUNTS = 60.0

#: Runs that may still send.
_ACTIVE = run.c.status.in_(("queued", "running", "paused", "stopping"))
#: Of these, runs that send again by themselves.
_MOVING = run.c.status.in_(("queued", "running", "stopping"))


def of_mailbox(tx: Tx, domain: str, username: str) -> Lock | None:
    """Return the lock of a mailbox; None without one."""
    found = tx.execute(sa.select(*_LOCK).where(*_is(domain, username))).first()
    return Lock(*found) if found else None


def of_domain(tx: Tx, domain: str) -> dict[str, Lock]:
    """Return the lock of each locked username of `domain`."""
    found = tx.execute(sa.select(table.c.username, *_LOCK).where(table.c.domain == domain))
    return {username: Lock(*lock) for username, *lock in found}


def usernames(tx: Tx) -> dict[str, set[str]]:
    """Return the locked usernames by domain."""
    found: dict[str, set[str]] = {}
    for domain, username in tx.execute(sa.select(table.c.domain, table.c.username)):
        found.setdefault(domain, set()).add(username)
    return found


def put(tx: Tx, domain: str, username: str, lock: Lock) -> None:
    """Store the lock of a mailbox, in place of an earlier one."""
    row = {"domain": domain, "username": username, "at": lock.since, "who": lock.by, "reason": lock.reason}
    upsert(tx, table, row)


def drop(tx: Tx, domain: str, username: str, *, set_before: float | None = None) -> bool:
    """Delete the lock of a mailbox; return whether there was one.

    With `set_before` (Unix seconds), only an older one.
    """
    gone = table.delete().where(*_is(domain, username))
    return tx.execute(gone if set_before is None else gone.where(table.c.at < set_before)).rowcount > 0


def end_gone(tx: Tx, domain: str, username: str, at: float, *, set_before: float | None = None) -> None:
    """Delete the lock of a mailbox that is gone, and record that.

    With `set_before` (Unix seconds), only an older one.
    """
    if drop(tx, domain, username, set_before=set_before):
        action = AuditAction.MAILBOX_LOCK_ENDED
        audit.record(tx, audit.MXM, action, at=at, on=f"{username}@{domain}", outcome=texts.MADE_AGAIN)


def end_made_again(tx: Tx, domain: str, usernames: Collection[str], missing_at: float, at: float) -> None:
    """End the locks of listed mailboxes that were missing at `missing_at`.

    Each is another mailbox of the same name, unless it was locked after that list was read.
    """
    for username in sorted(usernames):
        end_gone(tx, domain, username, at, set_before=missing_at)


def holds(tx: Tx, domain: str, username: str) -> bool:
    """Return whether a mailbox is locked, or its lock was sent and has no outcome."""
    return of_mailbox(tx, domain, username) is not None or bool(being_locked(tx, domain, username))


def being_locked(tx: Tx, domain: str, username: str = "") -> set[str]:
    """Return the usernames of `domain` whose lock was sent, and has no outcome.

    With `username`, of that mailbox alone. A paused run sends no lock again, so its rows do not count.
    """
    rows = sa.select(run_row.c.username).where(
        run_row.c.run.in_(_runs(tx, _MOVING)), run_row.c.domain == domain, run_row.c.action == "lock", _UNDER_WAY
    )
    writes = sa.select(manual_write.c.username).where(
        manual_write.c.domain == domain, manual_write.c.action == "lock", _OPEN_WRITE
    )
    if username:
        rows = rows.where(run_row.c.username == username)
        writes = writes.where(manual_write.c.username == username)
    return {*tx.execute(rows).scalars(), *tx.execute(writes).scalars()}


def all_being_locked(tx: Tx) -> set[str]:
    """Return the addresses of all mailboxes whose lock was sent, and has no outcome."""
    rows = sa.select(run_row.c.username, run_row.c.domain).where(
        run_row.c.run.in_(_runs(tx, _MOVING)), run_row.c.action == "lock", _UNDER_WAY
    )
    writes = sa.select(manual_write.c.username, manual_write.c.domain).where(
        manual_write.c.action == "lock", _OPEN_WRITE
    )
    return {f"{row.username}@{row.domain}" for query in (rows, writes) for row in tx.execute(query)}


def may_still_lock(tx: Tx, domain: str, username: str, now: float) -> float:
    """Return how many seconds a sent lock may still take effect."""
    return _under_way(tx, domain, username, now, locks=True)


def may_still_set_password(tx: Tx, domain: str, username: str, now: float) -> float:
    """Return how many seconds a known password may still be set."""
    return _under_way(tx, domain, username, now, locks=False)


def _under_way(tx: Tx, domain: str, username: str, now: float, *, locks: bool) -> float:
    """Return how many seconds open writes may take effect; a run's row counts as `_ROW_COUNTS`."""
    kind = manual_write.c.action == "lock" if locks else manual_write.c.sealed_password.is_not(None)
    until = tx.scalar(
        sa.select(sa.func.max(manual_write.c.settle_at)).where(
            manual_write.c.domain == domain, manual_write.c.username == username, _OPEN_WRITE, kind
        )
    )
    of_row = run_row.c.action == "lock" if locks else run_row.c.sealed_password.is_not(None)
    last = (
        sa.select(sa.func.max(attempt.c.sent_at))
        .where(attempt.c.run == run_row.c.run, attempt.c.position == run_row.c.position, attempt.c.kind != "read")
        .scalar_subquery()
    )
    started = sa.select(run.c.created_at).where(run.c.id == run_row.c.run).scalar_subquery()  # a retry sent nothing yet
    rows = sa.select(run_row.c.outcome, sa.func.coalesce(last, started)).where(
        run_row.c.run.in_(_runs(tx, _ACTIVE)),
        run_row.c.domain == domain,
        run_row.c.username == username,
        of_row,
        _UNDER_WAY,
    )
    # A row that waits may wait for ever, in a paused run; what it sent may not.
    left = [sent_at + _ROW_COUNTS - now if waits == "waiting" else _ROW_COUNTS for waits, sent_at in tx.execute(rows)]
    return max(0.0, (until or now) - now, *left)


def _runs(tx: Tx, where: sa.ColumnElement[bool]) -> list[int]:
    """Return the runs of a status: few, while the rows of a domain may be very many."""
    return list(tx.execute(sa.select(run.c.id).where(where)).scalars())


def _is(domain: str, username: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.domain == domain, table.c.username == username
