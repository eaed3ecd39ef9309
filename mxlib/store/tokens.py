"""Tokens of the HTTP API, stored as hashes only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import sqlalchemy as sa

from mxlib.store.tables import token as table
from mxlib.store.tables import user as users
from mxlib.store.transaction import Tx
from mxlib.store.users import UserRecord


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """One token as stored; `permissions` maps a domain to names of permissions.

    `owner` is the user who is responsible for it: its creator, or the admin it was handed over to. A token of the
    command line has none.
    """

    id: int
    name: str
    digest: bytes = field(repr=False)
    admin: bool
    permissions: Mapping[str, Sequence[str]]
    created_by: str
    created_at: float
    expires_at: float | None
    last_used_at: float | None
    revoked_at: float | None
    owner: UserRecord | None = field(default=None, repr=False)


_OWN = [table.c[column.name] for column in fields(TokenRecord) if column.name != "owner"]
_OWNER = [users.c[column.name].label(f"owner_{column.name}") for column in fields(UserRecord)]
_WHOLE = sa.select(*_OWN, *_OWNER).select_from(table.outerjoin(users, table.c.owner == users.c.id))


def add(
    tx: Tx,
    *,
    name: str,
    digest: bytes,
    admin: bool,
    permissions: Mapping[str, Sequence[str]],
    by: str,
    at: float,
    expires_at: float | None,
    owner: int | None = None,
) -> int:
    """Store a new token; return its number."""
    inserted = tx.execute(
        table.insert().values(
            name=name, digest=digest, admin=admin, permissions=permissions, created_by=by, created_at=at,
            expires_at=expires_at, owner=owner,
        )
    )  # fmt: skip
    return int((inserted.inserted_primary_key or (0,))[0])


def find(tx: Tx, digest: bytes) -> TokenRecord | None:
    """Return the token that hashes to `digest`."""
    return next(iter(_found(tx, table.c.digest == digest)), None)


def list_tokens(tx: Tx) -> list[TokenRecord]:
    """Return all tokens, newest first, including those that no longer work."""
    return _found(tx, sa.true())


def of_owner(tx: Tx, user: int) -> list[TokenRecord]:
    """Return the tokens that a user is responsible for, newest first, including ended ones."""
    return _found(tx, table.c.owner == user)


def used(tx: Tx, number: int, at: float) -> None:
    """Record that a token was used."""
    tx.execute(table.update().where(table.c.id == number).values(last_used_at=at))


def revoke(tx: Tx, number: int, at: float) -> bool:
    """End a token; return whether there was one to end."""
    ended = table.update().where(table.c.id == number, table.c.revoked_at.is_(None)).values(revoked_at=at)
    return tx.execute(ended).rowcount == 1


def hand_over(tx: Tx, number: int, user: int) -> None:
    """Make another user responsible for a token."""
    tx.execute(table.update().where(table.c.id == number).values(owner=user))


def _found(tx: Tx, where: sa.ColumnElement[bool]) -> list[TokenRecord]:
    own, found = len(_OWN), tx.execute(_WHOLE.where(where).order_by(table.c.id.desc()))
    return [
        replace(TokenRecord(*row[:own]), owner=UserRecord(*row[own:]) if row[own] is not None else None)
        for row in found
    ]
