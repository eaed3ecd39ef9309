"""Pending sign-ins: the password was right, and steps are left before a session begins.

One that ends without a right code is a refused try of its user: another person may know the password.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import sqlalchemy as sa

from mxlib.core.vocabulary import AuditAction
from mxlib.store import audit
from mxlib.store.tables import pending_sign_in as pending
from mxlib.store.tables import user as users
from mxlib.store.transaction import Tx
from mxlib.store.users import count_refusal

#: Outcome in the audit log of a sign-in that ended after the password.
NOT_COMPLETED = "right password, not completed"

#: Steps that take a right code: of the second factor, or of the app that becomes one.
PROOFS = frozenset({"code", "enroll"})


@dataclass(frozen=True, slots=True)
class PendingRecord:
    """One browser between password and session.

    `digest` is the hash of its id, `passed` the names of steps, `address` that of the client.
    """

    digest: bytes = field(repr=False)
    user: int
    began_at: float
    how: str
    passed: Sequence[str]
    address: str


_COLUMNS = tuple(pending.c[column.name] for column in fields(PendingRecord))


def begin(tx: Tx, digest: bytes, user: int, at: float, how: str, address: str = "") -> None:
    """Store a new pending sign-in, without any step passed."""
    tx.execute(pending.insert().values(digest=digest, user=user, began_at=at, how=how, passed=[], address=address))


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


def complete(tx: Tx, record: PendingRecord) -> None:
    """Delete a pending sign-in that is complete.

    Others of the same user and address go with it: they are earlier tries of the same person.
    """
    tx.execute(pending.delete().where(pending.c.user == record.user, pending.c.address == record.address))


def clear(tx: Tx) -> None:
    """Delete the pending sign-ins of all users."""
    tx.execute(pending.delete())


def end_all(tx: Tx, user: int, keep: bytes = b"") -> None:
    """Delete the pending sign-ins of a user but `keep`."""
    _refuse(tx, (pending.c.user == user) & (pending.c.digest != keep))


def forget_expired(tx: Tx, *, before: float) -> None:
    """Delete pending sign-ins that have ended."""
    _refuse(tx, pending.c.began_at < before)


def _refuse(tx: Tx, which: sa.ColumnElement[bool]) -> None:
    """Delete pending sign-ins, and record those without a right code, as of when they began."""
    of_user = sa.select(users.c.name, *_COLUMNS).join_from(pending, users).where(which).order_by(pending.c.began_at)
    for name, *columns in tx.execute(of_user).all():
        record = PendingRecord(*columns)
        if not PROOFS.intersection(record.passed):
            actor = audit.Actor(name, address=record.address)
            audit.record(tx, actor, AuditAction.SIGN_IN_REFUSED, at=record.began_at, on=name, outcome=NOT_COMPLETED)
            count_refusal(tx, name)
    tx.execute(pending.delete().where(which))
