"""Second factors of users, and their recovery codes."""

from collections.abc import Collection
from dataclasses import dataclass, field

import sqlalchemy as sa

from mxlib.store.tables import recovery_code as codes
from mxlib.store.tables import second_factor as factors
from mxlib.store.transaction import Tx


@dataclass(frozen=True, slots=True)
class FactorRecord:
    """The second factor of one user.

    `last_step` is the time step of the last accepted code; `wrong` counts the wrong codes since then.
    """

    sealed_secret: bytes = field(repr=False)
    enrolled_at: float
    last_step: int
    wrong: int
    wrong_at: float


_COLUMNS = tuple(factors.c[name] for name in FactorRecord.__slots__)


def find(tx: Tx, user: int) -> FactorRecord | None:
    """Return the second factor of a user."""
    row = tx.execute(sa.select(*_COLUMNS).where(factors.c.user == user)).first()
    return FactorRecord(*row) if row else None


def enrolled(tx: Tx) -> dict[int, float]:
    """Return the users who have a second factor, each with the time of enrollment."""
    return {int(user): float(at) for user, at in tx.execute(sa.select(factors.c.user, factors.c.enrolled_at))}


def enroll(tx: Tx, user: int, sealed_secret: bytes, at: float, step: int) -> None:
    """Store the second factor of a user in place of any other."""
    tx.execute(factors.delete().where(factors.c.user == user))
    tx.execute(factors.insert().values(user=user, sealed_secret=sealed_secret, enrolled_at=at, last_step=step))


def accept(tx: Tx, user: int, step: int) -> None:
    """Record that the code of a time step was accepted, and clear the wrong ones."""
    tx.execute(factors.update().where(factors.c.user == user).values(last_step=step, wrong=0))


def count_wrong(tx: Tx, user: int, at: float) -> None:
    """Count a wrong code."""
    tx.execute(factors.update().where(factors.c.user == user).values(wrong=factors.c.wrong + 1, wrong_at=at))


def remove(tx: Tx, user: int) -> bool:
    """Delete a user's second factor and recovery codes; return whether there was one."""
    tx.execute(codes.delete().where(codes.c.user == user))
    return tx.execute(factors.delete().where(factors.c.user == user)).rowcount == 1


def replace_codes(tx: Tx, user: int, digests: Collection[bytes]) -> None:
    """Store recovery codes of a user, as hashes, in place of all others."""
    tx.execute(codes.delete().where(codes.c.user == user))
    tx.execute(codes.insert(), [{"digest": digest, "user": user} for digest in digests])


def use_code(tx: Tx, user: int, digest: bytes) -> bool:
    """Delete a recovery code; return whether there was such a one."""
    return tx.execute(codes.delete().where(codes.c.user == user, codes.c.digest == digest)).rowcount == 1


def codes_left(tx: Tx, user: int) -> int:
    """Return the number of recovery codes that a user has."""
    query = sa.select(sa.func.count()).select_from(codes).where(codes.c.user == user)
    return int(tx.execute(query).scalar() or 0)


def has_codes(tx: Tx, user: int, digests: Collection[bytes]) -> bool:
    """Return whether exactly these are the recovery codes of a user."""
    return {bytes(row[0]) for row in tx.execute(sa.select(codes.c.digest).where(codes.c.user == user))} == set(digests)
