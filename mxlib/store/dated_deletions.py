"""Deletions that have a date, until they are carried out or called off."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from mxlib.core.vocabulary import AuditAction
from mxlib.store.tables import audit
from mxlib.store.tables import dated_deletion as table
from mxlib.store.transaction import Tx


@dataclass(frozen=True, slots=True)
class DatedDeletion:
    """One dated deletion as stored; times in Unix seconds.

    `before` has the figures of the mailbox when it was asked for.
    """

    domain: str
    username: str
    due_at: float
    asked_at: float
    who: str
    kind: str
    address: str
    before: Mapping[str, Any]
    #: Why it asks instead of deleting; blank while it waits for its day.
    why: str

    @property
    def mailbox(self) -> str:
        """Return the full address."""
        return f"{self.username}@{self.domain}"


_COLUMNS = [table.c[column.name] for column in fields(DatedDeletion)]


def put(tx: Tx, deletion: DatedDeletion) -> None:
    """Store a dated deletion, in place of an earlier one of the same mailbox."""
    row = {column.name: getattr(deletion, column.name) for column in fields(DatedDeletion)}
    tx.execute(
        insert(table).values(row).on_conflict_do_update(index_elements=[table.c.domain, table.c.username], set_=row)
    )


def get(tx: Tx, domain: str, username: str) -> DatedDeletion | None:
    """Return the dated deletion of a mailbox; None without one."""
    return next(iter(_found(tx, (table.c.domain == domain) & (table.c.username == username))), None)


def every(tx: Tx) -> list[DatedDeletion]:
    """Return all dated deletions, those that ask first, then by their day."""
    return _found(tx, sa.true())


def due(tx: Tx, now: float) -> list[DatedDeletion]:
    """Return the deletions whose day has come, and that do not ask."""
    return _found(tx, (table.c.due_at <= now) & (table.c.why == ""))


def ask(tx: Tx, domain: str, username: str, why: str) -> None:
    """Let a dated deletion ask before it is carried out."""
    tx.execute(table.update().where(*_is(domain, username)).values(why=why))


def drop(tx: Tx, domain: str, username: str) -> bool:
    """Delete a dated deletion; return whether there was one."""
    return tx.execute(table.delete().where(*_is(domain, username))).rowcount > 0


def drop_made_again(tx: Tx, domain: str, usernames: Collection[str], missing_at: float) -> None:
    """Delete the dated deletions of listed mailboxes that were missing at `missing_at`."""
    for username in usernames:
        tx.execute(table.delete().where(*_is(domain, username), table.c.asked_at < missing_at))


def is_unlocked_since(tx: Tx, deletion: DatedDeletion) -> bool:
    """Return whether a mailbox was unlocked since, even if it was locked again."""
    query = sa.select(audit.c.id).where(
        audit.c.on == deletion.mailbox, audit.c.what == AuditAction.MAILBOX_UNLOCK, audit.c.at >= deletion.asked_at
    )
    return tx.execute(query.limit(1)).first() is not None


def _is(domain: str, username: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.domain == domain, table.c.username == username


def _found(tx: Tx, where: sa.ColumnElement[bool]) -> list[DatedDeletion]:
    query = sa.select(*_COLUMNS).where(where).order_by(table.c.why == "", table.c.due_at, table.c.domain)
    return [DatedDeletion(*row) for row in tx.execute(query)]
