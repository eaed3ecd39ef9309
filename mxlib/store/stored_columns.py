"""Values of mailboxes that MXM stores, as MXroute cannot: recovery emails and full names."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from mxlib.core.links import LinkEnd
from mxlib.core.vocabulary import CLEAR, AuditAction
from mxlib.store import audit, links
from mxlib.store.tables import mailbox_name, recovery_email
from mxlib.store.transaction import Tx
from mxlib.store.upsert import upsert

#: The table of each column, and the column of that table with its values.
_TABLES = {
    "recovery_email": (recovery_email, recovery_email.c.email),
    "name": (mailbox_name, mailbox_name.c.name),
}

#: The audit action for setting each.
ACTIONS = {"recovery_email": AuditAction.RECOVERY_SET, "name": AuditAction.NAME_SET}


def of_domain(tx: Tx, column: str, domain: str) -> dict[str, str]:
    """Return the value of each username of `domain` that has one."""
    table, value = _TABLES[column]
    return {row[0]: row[1] for row in tx.execute(sa.select(table.c.username, value).where(table.c.domain == domain))}


def of_mailbox(tx: Tx, domain: str, username: str) -> dict[str, str]:
    """Return every value of a mailbox, by column; blank where it has none."""
    return {
        column: tx.execute(sa.select(value).where(*_is(table, domain, username))).scalar() or ""
        for column, (table, value) in _TABLES.items()
    }


def by_address(tx: Tx, column: str) -> dict[str, str]:
    """Return the value of each mailbox that has one, in every domain."""
    table, value = _TABLES[column]
    return {f"{row[0]}@{row[1]}": row[2] for row in tx.execute(sa.select(table.c.username, table.c.domain, value))}


def put(tx: Tx, column: str, domain: str, username: str, text: str, at: float) -> None:
    """Store a value of an existing mailbox, in place of an earlier one."""
    table, value = _TABLES[column]
    upsert(tx, table, {"domain": domain, "username": username, value.name: text, "set_at": at})


def apply(tx: Tx, domain: str, username: str, asked: Mapping[str, str], at: float) -> None:
    """Store the values in `asked`, by column: CLEAR forgets a value, blank leaves it as it is.

    Another recovery email ends the links of the mailbox.
    """
    if recovery := asked.get("recovery_email"):
        _end_links(tx, domain, username, "" if recovery == CLEAR else recovery, at)
    for column, text in asked.items():
        if text == CLEAR:
            drop(tx, domain, username, columns=[column])
        elif text:
            put(tx, column, domain, username, text, at)


def _end_links(tx: Tx, domain: str, username: str, recovery_email: str, at: float) -> None:
    if of_mailbox(tx, domain, username)["recovery_email"] != recovery_email:
        links.end_all(tx, domain, username, LinkEnd.RECOVERY_EMAIL_CHANGED, at)


def drop(
    tx: Tx, domain: str, username: str, *, set_before: float | None = None, columns: Iterable[str] = tuple(_TABLES)
) -> None:
    """Forget the values of a mailbox that is gone.

    With `set_before` (Unix seconds), only those that are older.
    """
    for table, _ in (_TABLES[column] for column in columns):
        gone = table.delete().where(*_is(table, domain, username))
        tx.execute(gone if set_before is None else gone.where(table.c.set_at < set_before))


def record(tx: Tx, by: audit.Identity, column: str, asked: str, *, at: float, on: str, run: int | None = None) -> None:
    """Record in the audit log that a value was set, or removed by CLEAR."""
    removed = asked == CLEAR
    outcome, detail = "removed" if removed else "", {"removed": removed}
    audit.record(tx, by, ACTIONS[column], at=at, on=on, run=run, outcome=outcome, detail=detail)


def _is(table: sa.Table, domain: str, username: str) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.domain == domain, table.c.username == username
