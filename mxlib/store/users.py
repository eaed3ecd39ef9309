"""Who may sign in, the browsers that are signed in, and the sign-ins that were refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import sqlalchemy as sa

from mxlib.core.vocabulary import AuditAction
from mxlib.store.tables import audit
from mxlib.store.tables import session as sessions
from mxlib.store.tables import sign_in_refused as refused
from mxlib.store.tables import user as users
from mxlib.store.transaction import Tx


@dataclass(frozen=True, slots=True)
class UserRecord:
    """One user as the store has it; `permissions` maps a domain to names of permissions."""

    id: int
    name: str
    password_hash: str | None = field(repr=False)
    subject: str | None
    admin: bool
    permissions: Mapping[str, Sequence[str]]
    created_by: str
    created_at: float
    password_set_at: float | None
    last_sign_in_at: float | None
    disabled_at: float | None

    @property
    def has_password(self) -> bool:
        """Whether this user can sign in with a password, and not only at a provider."""
        return self.password_hash is not None


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One signed-in browser; `digest` is what its id hashes to."""

    digest: bytes = field(repr=False)
    user: int
    name: str
    began_at: float
    seen_at: float
    address: str
    agent: str
    admin: bool
    permissions: Mapping[str, Sequence[str]]


#: What a session has of its user.
_OF_USER = frozenset({"name", "admin", "permissions"})

_USER = [users.c[column.name] for column in fields(UserRecord)]
_SESSION = [(users if column.name in _OF_USER else sessions).c[column.name] for column in fields(SessionRecord)]


# Users.


def add(tx: Tx, *, name: str, admin: bool, permissions: Mapping[str, Sequence[str]], by: str, at: float) -> int:
    """Keep a new user, without any way to sign in yet; the number."""
    told = tx.execute(
        users.insert().values(name=name, admin=admin, permissions=permissions, created_by=by, created_at=at)
    )
    return int((told.inserted_primary_key or (0,))[0])


def change(tx: Tx, number: int, **values: Any) -> None:
    """Set columns of a user."""
    tx.execute(users.update().where(users.c.id == number).values(**values))


def get(tx: Tx, number: int) -> UserRecord | None:
    """The user of that number."""
    return _user(tx, users.c.id == number)


def named(tx: Tx, name: str) -> UserRecord | None:
    """The user of exactly that name."""
    return _user(tx, users.c.name == name)


def of_subject(tx: Tx, subject: str) -> UserRecord | None:
    """The user whose account at the provider this is."""
    return _user(tx, users.c.subject == subject)


def list_users(tx: Tx) -> list[UserRecord]:
    """All users by name, disabled ones too."""
    return [UserRecord(*row) for row in tx.execute(sa.select(*_USER).order_by(users.c.name))]


def any_exist(tx: Tx) -> bool:
    """Whether there is a user at all."""
    return tx.execute(sa.select(users.c.id).limit(1)).first() is not None


def any_has_password(tx: Tx) -> bool:
    """Whether there is a user with a password who is not disabled."""
    able = users.c.password_hash.is_not(None) & users.c.disabled_at.is_(None)
    return tx.execute(sa.select(users.c.id).where(able).limit(1)).first() is not None


def _user(tx: Tx, condition: sa.ColumnElement[bool]) -> UserRecord | None:
    row = tx.execute(sa.select(*_USER).where(condition)).first()
    return UserRecord(*row) if row else None


# Sessions.


def begin(tx: Tx, digest: bytes, user: int, at: float, address: str, agent: str) -> None:
    """Keep a new session."""
    tx.execute(
        sessions.insert().values(digest=digest, user=user, began_at=at, seen_at=at, address=address, agent=agent)
    )


def session(tx: Tx, digest: bytes) -> SessionRecord | None:
    """The session that hashes to `digest`, of a user who is not disabled."""
    query = sa.select(*_SESSION).join(users).where(sessions.c.digest == digest, users.c.disabled_at.is_(None))
    row = tx.execute(query).first()
    return SessionRecord(*row) if row else None


def signed_in(tx: Tx, *, began_since: float, seen_since: float) -> dict[int, int]:
    """In how many browsers users are signed in, by number.

    Sessions that ran out are not counted.
    """
    counted = sa.select(sessions.c.user, sa.func.count()).group_by(sessions.c.user)
    alive = counted.where(sessions.c.began_at >= began_since, sessions.c.seen_at >= seen_since)
    return {int(user): int(many) for user, many in tx.execute(alive)}


def saw(tx: Tx, digest: bytes, at: float) -> None:
    """Note that a session is in use."""
    tx.execute(sessions.update().where(sessions.c.digest == digest).values(seen_at=at))


def sessions_of(tx: Tx, user: int) -> list[bytes]:
    """The sessions of a user, by digest."""
    return [bytes(row[0]) for row in tx.execute(sa.select(sessions.c.digest).where(sessions.c.user == user))]


def end(tx: Tx, digest: bytes) -> bool:
    """Forget a session; whether there was one."""
    return tx.execute(sessions.delete().where(sessions.c.digest == digest)).rowcount == 1


def end_all(tx: Tx, user: int, keep: bytes = b"") -> list[bytes]:
    """Forget the sessions of a user but `keep`; those that ended."""
    condition = (sessions.c.user == user) & (sessions.c.digest != keep)
    ended = [bytes(row[0]) for row in tx.execute(sa.select(sessions.c.digest).where(condition))]
    tx.execute(sessions.delete().where(condition))
    return ended


def forget_sessions(tx: Tx, *, began_before: float, seen_before: float) -> int:
    """Forget sessions that ran out; how many."""
    old = (sessions.c.began_at < began_before) | (sessions.c.seen_at < seen_before)
    return tx.execute(sessions.delete().where(old)).rowcount


# Refused sign-ins.


def refuse(tx: Tx, at: float, name: bytes, address: str) -> int:
    """Note a refused sign-in; the number of the note."""
    told = tx.execute(refused.insert().values(at=at, name=name, address=address))
    return int((told.inserted_primary_key or (0,))[0])


def refusals(tx: Tx, since: float, *, name: bytes | None = None, address: str | None = None) -> list[float]:
    """When sign-ins were refused since then, of that name and from that address.

    The latest first.
    """
    query = sa.select(refused.c.at).where(refused.c.at >= since).order_by(refused.c.at.desc())
    if name is not None:
        query = query.where(refused.c.name == name)
    if address is not None:
        query = query.where(refused.c.address == address)
    return [float(row[0]) for row in tx.execute(query)]


def forgive(tx: Tx, name: bytes, address: str) -> None:
    """Forget the refusals of a name from an address."""
    tx.execute(refused.delete().where(refused.c.name == name, refused.c.address == address))


def forget_refusals(tx: Tx, before: float) -> int:
    """Forget refusals that count no more; how many."""
    return tx.execute(refused.delete().where(refused.c.at < before)).rowcount


def sign_ins(tx: Tx, *, since: float, after: int) -> tuple[int, list[tuple[str, str, float]]]:
    """Sign-ins since then among entries of the audit trail after that one: the last entry, and name, address, time."""
    last = tx.execute(sa.select(sa.func.max(audit.c.id))).scalar() or 0
    query = sa.select(audit.c.on, audit.c.address, audit.c.at).order_by(audit.c.id)
    query = query.where(audit.c.what == AuditAction.SIGN_IN, audit.c.at >= since, audit.c.id > after)
    return int(last), [(str(name), str(address), float(at)) for name, address, at in tx.execute(query)]
