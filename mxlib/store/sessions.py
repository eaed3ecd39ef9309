"""Sessions: browsers that are signed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

import sqlalchemy as sa

from mxlib.store import pending_sign_ins, signals
from mxlib.store.signals import Signal
from mxlib.store.tables import session as sessions
from mxlib.store.tables import user as users
from mxlib.store.transaction import Tx


@dataclass(frozen=True, slots=True)
class SignInBefore:
    """A user's sign-in before the present one: time and address, and refused ones since then."""

    at: float | None = None
    address: str = ""
    refused: int = 0


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One signed-in browser; `digest` is the hash of its id."""

    digest: bytes = field(repr=False)
    user: int
    name: str
    began_at: float
    seen_at: float
    address: str
    agent: str
    proved_at: float | None
    by_provider: bool
    admin: bool
    permissions: Mapping[str, Sequence[str]]
    client_admin: Sequence[str]
    before_at: float | None
    before_from: str
    before_refused: int

    @property
    def before(self) -> SignInBefore:
        """Return the user's sign-in before the one that began this session."""
        return SignInBefore(self.before_at, self.before_from, self.before_refused)


#: Columns of a session that come from its user.
_OF_USER = frozenset({"name", "admin", "permissions", "client_admin"})

_SESSION = [(users if column.name in _OF_USER else sessions).c[column.name] for column in fields(SessionRecord)]


def begin(
    tx: Tx, digest: bytes, user: int, at: float, address: str, agent: str, before: SignInBefore, *,
    by_provider: bool = False, proved_at: float | None = None,
) -> None:  # fmt: skip
    """Store a new session; `before` is the user's last sign-in.

    Without `proved_at`, a sign-in by password counts as a proof at its begin.
    """
    tx.execute(
        sessions.insert().values(
            digest=digest, user=user, began_at=at, seen_at=at, address=address, agent=agent, by_provider=by_provider,
            before_at=before.at, before_from=before.address, before_refused=before.refused, proved_at=proved_at,
        )
    )  # fmt: skip


def find(tx: Tx, digest: bytes) -> SessionRecord | None:
    """Return the session that hashes to `digest`, of a user who is not disabled."""
    query = sa.select(*_SESSION).join(users).where(sessions.c.digest == digest, users.c.disabled_at.is_(None))
    row = tx.execute(query).first()
    return SessionRecord(*row) if row else None


def signed_in(tx: Tx, began_since: float, seen_since: float) -> dict[int, int]:
    """Return in how many browsers each user is signed in, by number.

    Sessions that have ended are not counted.
    """
    counted = sa.select(sessions.c.user, sa.func.count()).group_by(sessions.c.user)
    alive = counted.where(sessions.c.began_at >= began_since, sessions.c.seen_at >= seen_since)
    return {int(user): int(many) for user, many in tx.execute(alive)}


def open_of_user(tx: Tx, user: int, began_since: float, seen_since: float) -> list[SessionRecord]:
    """Return the sessions of a user that have not ended, by last use."""
    alive = (sessions.c.began_at >= began_since) & (sessions.c.seen_at >= seen_since)
    query = sa.select(*_SESSION).join(users).where(sessions.c.user == user, alive)
    return [SessionRecord(*row) for row in tx.execute(query.order_by(sessions.c.seen_at.desc(), sessions.c.digest))]


def touch(tx: Tx, digest: bytes, at: float) -> None:
    """Record that a session is in use."""
    tx.execute(sessions.update().where(sessions.c.digest == digest).values(seen_at=at))


def prove(tx: Tx, digest: bytes, at: float) -> None:
    """Record that the user of a session confirmed who they are."""
    tx.execute(sessions.update().where(sessions.c.digest == digest).values(proved_at=at))


def of_user(tx: Tx, user: int) -> list[bytes]:
    """Return the sessions of a user, by digest."""
    return [bytes(row[0]) for row in tx.execute(sa.select(sessions.c.digest).where(sessions.c.user == user))]


def end(tx: Tx, digest: bytes) -> bool:
    """Delete a session; return whether there was one."""
    signals.send(tx, Signal.SESSIONS)
    return tx.execute(sessions.delete().where(sessions.c.digest == digest)).rowcount == 1


def end_all(tx: Tx, user: int, keep: bytes = b"") -> list[bytes]:
    """Delete the sessions and pending sign-ins of a user but `keep`.

    Return the sessions that ended.
    """
    pending_sign_ins.end_all(tx, user, keep)
    signals.send(tx, Signal.SESSIONS)
    condition = (sessions.c.user == user) & (sessions.c.digest != keep)
    ended = [bytes(row[0]) for row in tx.execute(sa.select(sessions.c.digest).where(condition))]
    tx.execute(sessions.delete().where(condition))
    return ended


def clear(tx: Tx) -> None:
    """Delete the sessions and pending sign-ins of all users."""
    pending_sign_ins.clear(tx)
    signals.send(tx, Signal.SESSIONS)
    tx.execute(sessions.delete())


def forget_expired(tx: Tx, began_before: float, seen_before: float) -> int:
    """Delete sessions that have ended; return how many."""
    old = (sessions.c.began_at < began_before) | (sessions.c.seen_at < seen_before)
    return tx.execute(sessions.delete().where(old)).rowcount
