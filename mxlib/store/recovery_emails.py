"""Recovery emails: where a mailbox's owner may reset its password."""

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from mxlib.store.tables import recovery_email as table
from mxlib.store.text_search import contains
from mxlib.store.transaction import Tx


def of_domain(tx: Tx, domain: str) -> dict[str, str]:
    """Return the recovery email of each username of `domain` that has one."""
    rows = tx.execute(sa.select(table.c.username, table.c.email).where(table.c.domain == domain))
    return {row.username: row.email for row in rows}


def of_mailbox(tx: Tx, domain: str, username: str) -> str:
    """Return the recovery email of a mailbox; blank without one."""
    found = sa.select(table.c.email).where(table.c.domain == domain, table.c.username == username)
    return tx.execute(found).scalar() or ""


def holding(tx: Tx, text: str) -> set[str]:
    """Return the addresses of mailboxes whose recovery email contains `text`, in any case."""
    found = sa.select(table.c.username, table.c.domain).where(contains(table.c.email, text))
    return {f"{row.username}@{row.domain}" for row in tx.execute(found)}


def put(tx: Tx, domain: str, username: str, email: str, at: float) -> None:
    """Store `email` for a mailbox that exists, in place of an earlier one."""
    row = insert(table).values(domain=domain, username=username, email=email, set_at=at)
    tx.execute(
        row.on_conflict_do_update(
            index_elements=[table.c.domain, table.c.username], set_={"email": email, "set_at": at}
        )
    )


def drop(tx: Tx, domain: str, username: str, *, set_before: float | None = None) -> None:
    """Delete the recovery email of a mailbox that is gone.

    With `set_before` (Unix seconds) only if it is older.
    """
    gone = table.delete().where(table.c.domain == domain, table.c.username == username)
    tx.execute(gone if set_before is None else gone.where(table.c.set_at < set_before))
