"""Pending sign-ins: the password was right, and steps are left before a session begins."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from mxlib.store.tables import pending_sign_in as pending
from mxlib.store.tables import user as users
from mxlib.store.transaction import Tx


@dataclass(frozen=True, slots=True)
class PendingRecord:
    """One browser between password and session.

    `digest` is the hash of its id, `passed` the names of steps.
    """

    digest: bytes = field(repr=False)
    user: int
    began_at: float
    how: str
    passed: Sequence[str]


_COLUMNS = (pending.c.digest, pending.c.user, pending.c.began_at, pending.c.how, pending.c.passed)


def begin(tx: Tx, digest: bytes, user: int, at: float, how: str) -> None:
    """Store a new pending sign-in, without any step passed."""
    tx.execute(pending.insert().values(digest=digest, user=user, began_at=at, how=how, passed=[]))


def find(tx: Tx, digest: bytes, *, since: float) -> PendingRecord | None:
    """Return the pending sign-in that hashes to `digest`, if it began since then.

    None for that of a disabled user.
    """
    wanted = (pending.c.digest == digest) & (pending.c.began_at >= since) & users.c.disabled_at.is_(None)
    row = tx.execute(sa.select(*_COLUMNS).join(users).where(wanted)).first()
    return PendingRecord(*row) if row else None


def pass_step(tx: Tx, record: PendingRecord, step: str) -> None:
    """Record that a step is passed."""
    passed = [*record.passed, step]
    tx.execute(pending.update().where(pending.c.digest == record.digest).values(passed=passed))


def end(tx: Tx, digest: bytes) -> None:
    """Delete a pending sign-in."""
    tx.execute(pending.delete().where(pending.c.digest == digest))


def clear(tx: Tx) -> None:
    """Delete the pending sign-ins of all users."""
    tx.execute(pending.delete())


def end_all(tx: Tx, user: int, keep: bytes = b"") -> None:
    """Delete the pending sign-ins of a user but `keep`."""
    tx.execute(pending.delete().where(pending.c.user == user, pending.c.digest != keep))


def forget_expired(tx: Tx, *, before: float) -> None:
    """Delete pending sign-ins that have ended."""
    tx.execute(pending.delete().where(pending.c.began_at < before))
