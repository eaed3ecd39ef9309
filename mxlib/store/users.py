"""Users of this server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import sqlalchemy as sa

from mxlib.store import signals
from mxlib.store.signals import Signal
from mxlib.store.tables import user as users
from mxlib.store.transaction import Tx


@dataclass(frozen=True, slots=True)
class UserRecord:
    """One user as stored; `permissions` maps domains and keys of clients to names of permissions."""

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
    #: End of a password that another person made; None for one that the user chose.
    password_ends_at: float | None
    #: Address of the last sign-in, and how many were refused since then.
    last_sign_in_from: str
    refused_since: int
    #: Keys of `permissions` that were given as client admin.
    client_admin: Sequence[str]

    @property
    def has_password(self) -> bool:
        """Return whether this user can sign in with a password, not only at a provider."""
        return self.password_hash is not None


#: Columns that say what a user may do.
_RIGHTS = frozenset({"admin", "permissions", "client_admin", "disabled_at"})

_USER = [users.c[column.name] for column in fields(UserRecord)]


def add(
    tx: Tx,
    *,
    name: str,
    admin: bool,
    permissions: Mapping[str, Sequence[str]],
    by: str,
    at: float,
    client_admin: Sequence[str] = (),
) -> int:
    """Store a new user, without any way to sign in yet; return the number."""
    signals.send(tx, Signal.SESSIONS)  # the first user ends work without a sign-in
    inserted = tx.execute(
        users.insert().values(
            name=name,
            admin=admin,
            permissions=permissions,
            created_by=by,
            created_at=at,
            client_admin=list(client_admin),
        )
    )
    return int((inserted.inserted_primary_key or (0,))[0])


def change(tx: Tx, number: int, **values: Any) -> None:
    """Set columns of a user; changed rights are signalled to open pages."""
    if _RIGHTS & values.keys():
        signals.send(tx, Signal.SESSIONS)
    tx.execute(users.update().where(users.c.id == number).values(**values))


def count_refusal(tx: Tx, name: str) -> None:
    """Count a refused sign-in of the user of that name since their last sign-in."""
    tx.execute(users.update().where(users.c.name == name).values(refused_since=users.c.refused_since + 1))


def get(tx: Tx, number: int) -> UserRecord | None:
    """Return the user of that number."""
    return _user(tx, users.c.id == number)


def named(tx: Tx, name: str) -> UserRecord | None:
    """Return the user of exactly that name."""
    return _user(tx, users.c.name == name)


def of_subject(tx: Tx, subject: str) -> UserRecord | None:
    """Return the user with this account at the provider."""
    return _user(tx, users.c.subject == subject)


def list_users(tx: Tx) -> list[UserRecord]:
    """Return all users by name, disabled ones too."""
    return [UserRecord(*row) for row in tx.execute(sa.select(*_USER).order_by(users.c.name))]


def any_exist(tx: Tx) -> bool:
    """Return whether any user exists."""
    return tx.execute(sa.select(users.c.id).limit(1)).first() is not None


def any_has_password(tx: Tx) -> bool:
    """Return whether any user with a password is not disabled."""
    able = users.c.password_hash.is_not(None) & users.c.disabled_at.is_(None)
    return tx.execute(sa.select(users.c.id).where(able).limit(1)).first() is not None


def _user(tx: Tx, condition: sa.ColumnElement[bool]) -> UserRecord | None:
    row = tx.execute(sa.select(*_USER).where(condition)).first()
    return UserRecord(*row) if row else None
