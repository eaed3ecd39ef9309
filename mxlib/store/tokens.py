"""Tokens of the HTTP API: never themselves, only what they hash to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

import sqlalchemy as sa

from mxlib.store.database import Tx
from mxlib.store.tables import token as table


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """One token as the store has it; `permissions` maps a domain to names of permissions."""

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


_COLUMNS = [table.c[column.name] for column in fields(TokenRecord)]


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
) -> int:
    """Keep a new token; its number."""
    told = tx.execute(
        table.insert().values(
            name=name, digest=digest, admin=admin, permissions=permissions, created_by=by, created_at=at,
            expires_at=expires_at,
        )
    )  # fmt: skip
    return int((told.inserted_primary_key or (0,))[0])


def find(tx: Tx, digest: bytes) -> TokenRecord | None:
    """The token that hashes to `digest`."""
    row = tx.execute(sa.select(*_COLUMNS).where(table.c.digest == digest)).first()
    return TokenRecord(*row) if row else None


def every(tx: Tx) -> list[TokenRecord]:
    """All tokens, newest first; those that work no more too."""
    return [TokenRecord(*row) for row in tx.execute(sa.select(*_COLUMNS).order_by(table.c.id.desc()))]


def used(tx: Tx, number: int, at: float) -> None:
    """Note that a token was used."""
    tx.execute(table.update().where(table.c.id == number).values(last_used_at=at))


def revoke(tx: Tx, number: int, at: float) -> bool:
    """End a token; whether there was one to end."""
    ended = table.update().where(table.c.id == number, table.c.revoked_at.is_(None)).values(revoked_at=at)
    return tx.execute(ended).rowcount == 1
