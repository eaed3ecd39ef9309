"""Writes by hand that are on their way, or of unknown outcome.

Each is journalled before it is sent. A row is deleted once its outcome is in the audit log; it stays only while it
keeps a password that may have been set.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import sqlalchemy as sa

from mxlib.core.schema import STORED_HERE
from mxlib.store.encryption import ServerKey
from mxlib.store.tables import manual_write as table
from mxlib.store.transaction import Tx

#: On its way; sent without a response; outcome recorded, with the password that it may have set.
SENDING, UNCERTAIN, KEPT = "sending", "uncertain", "kept"


@dataclass(frozen=True, slots=True)
class ManualWrite:
    """One write by hand as stored; `asked` holds figures and phrases, never a password."""

    id: int
    at: float
    who: str
    kind: str
    address: str
    action: str
    domain: str
    username: str
    asked: Mapping[str, Any]
    recovery_email: str
    status: str
    settle_at: float
    outcome: str
    passwords_until: float
    sealed_password: bytes | None = field(repr=False)
    wrapped_key: bytes | None = field(repr=False)
    name: str

    @property
    def mailbox(self) -> str:
        """Return the full address."""
        return f"{self.username}@{self.domain}"

    @property
    def stored(self) -> dict[str, str]:
        """The values that are to be kept here, by column."""
        return {column.name: getattr(self, column.name) for column in STORED_HERE}


_COLUMNS = [table.c[column.name] for column in fields(ManualWrite)]
_OPEN = table.c.status.in_((SENDING, UNCERTAIN))


def add(tx: Tx, key: ServerKey, password: str, **values: object) -> int:
    """Journal a write that is about to be sent; return its number.

    Its password is sealed with a key of its own.
    """
    sealed, wrapped = None, None
    if password:
        own, wrapped = key.new_run_key()
        sealed = own.seal_password(password, 0)
    row = table.insert().values(status=SENDING, outcome="", sealed_password=sealed, wrapped_key=wrapped, **values)
    return int((tx.execute(row).inserted_primary_key or (0,))[0])


def password(key: ServerKey, write: ManualWrite) -> str:
    """Return the password that a write asked for; blank without one.

    Raises `encryption.DecryptionFailed` under another server key.
    """
    if write.sealed_password is None or write.wrapped_key is None:
        return ""
    return key.unwrap(write.wrapped_key).open_password(write.sealed_password, 0)


def get(tx: Tx, number: int) -> ManualWrite | None:
    """Return one write, while it is stored."""
    return next(iter(_found(tx, table.c.id == number)), None)


def find_open(tx: Tx, *, due: float | None = None) -> list[ManualWrite]:
    """Return writes whose outcome is not recorded, oldest first.

    With `due`, those to read back by then.
    """
    return _found(tx, _OPEN if due is None else _OPEN & (table.c.settle_at <= due))


def find_of_mailbox(tx: Tx, domain: str, username: str) -> list[ManualWrite]:
    """Return every write to a mailbox that is still stored, oldest first."""
    return _found(tx, (table.c.domain == domain) & (table.c.username == username))


def find_kept(tx: Tx) -> list[ManualWrite]:
    """Return every unanswered write that is still stored, oldest first."""
    return _found(tx, table.c.status.in_((UNCERTAIN, KEPT)))


def change(tx: Tx, number: int, **values: object) -> bool:
    """Change columns of a write whose outcome is not recorded.

    Return whether that is still so.
    """
    return tx.execute(table.update().where(table.c.id == number, _OPEN).values(**values)).rowcount > 0


def drop(tx: Tx, number: int) -> bool:
    """Delete a write and its password; return whether it had one."""
    query = sa.select(table.c.sealed_password.is_not(None)).where(table.c.id == number)
    sealed = bool(tx.execute(query).scalar())
    tx.execute(table.delete().where(table.c.id == number))
    return sealed


def usernames_on_their_way(tx: Tx, domain: str) -> set[str]:
    """Return the mailboxes of a domain whose create by hand has no recorded outcome."""
    query = sa.select(table.c.username).where(table.c.domain == domain, table.c.action == "create", _OPEN)
    return set(tx.execute(query).scalars())


def is_open(tx: Tx, domain: str, username: str) -> bool:
    """Return whether a write to a mailbox has no recorded outcome."""
    query = sa.select(table.c.id).where(table.c.domain == domain, table.c.username == username, _OPEN).limit(1)
    return tx.execute(query).first() is not None


def _found(tx: Tx, where: sa.ColumnElement[bool]) -> list[ManualWrite]:
    return [ManualWrite(*row) for row in tx.execute(sa.select(*_COLUMNS).where(where).order_by(table.c.id))]
