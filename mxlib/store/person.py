"""Everything that is stored of one person, to hand out or to erase.

A person is an address: of a mailbox, of its recovery, or of a user who signs in.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from mxlib.core.text import reasons
from mxlib.core.vocabulary import AT_AN_END, ERASED, AuditAction
from mxlib.store import audit_chain, erasure, mailbox_lists, own_cells
from mxlib.store.encryption import DecryptionFailed, ServerKey
from mxlib.store.tables import (
    attempt,
    audit,
    draft,
    first_seen,
    mailbox_name,
    manual_write,
    mapping_answer,
    metadata,
    once,
    recovery_email,
    run,
    run_row,
    token,
    user,
)
from mxlib.store.transaction import Tx

#: Entries about a user, not about a mailbox of that name; they have the address that the user came from.
_SIGN_INS = (
    AuditAction.SIGN_IN,
    AuditAction.SIGN_IN_REFUSED,
    AuditAction.SIGN_OUT,
    AuditAction.SIGN_OUT_EVERYWHERE,
)

#: Columns of a run's row that name the person, and their values after erasure.
_ROW_ERASED: dict[str, Any] = {
    "username": ERASED, "recovery_email": "", "name": "", "sealed_password": None, "sealed_cells": None, "cells": {},
    "before": {}, "words": "", "detail": None, "differs": "",
}  # fmt: skip

#: Characters of an answer that are kept: its status.
_STATUS = 3


@dataclass(frozen=True, slots=True)
class Erased:
    """The figures of an erasure, and what stays: by kind, the runs, drafts or other things."""

    rows: int
    entries: int
    values: int
    user: bool
    stays: tuple[tuple[str, str], ...]


def held(tx: Tx, key: ServerKey, address: str) -> dict[str, Any]:
    """Return everything that is stored of a person, as JSON; times in Unix seconds."""
    username, _, domain = address.partition("@")
    return {
        "address": address,
        "mailbox": _mailbox(tx, domain, username),
        "recovery_email_of": [
            f"{row.username}@{row.domain}"
            for row in tx.execute(sa.select(recovery_email).where(_is(recovery_email.c.email, address)))
        ],
        "rows_of_runs": list(_rows(tx, key, domain, username, address)),
        "writes_by_hand": [
            _plain(row, "sealed_password", "wrapped_key")
            for row in tx.execute(sa.select(manual_write).where(_of_mailbox(manual_write, domain, username)))
        ],
        "drafts_of_the_domain": _drafts(tx, domain),
        "user": _user(tx, address),
        "audit_entries": [
            {"id": row.id, "time": row.at, "who": row.who, "kind": row.kind, "what": row.what, "on": row.on,
             "from": row.address, "run": row.run, "outcome": row.outcome, "detail": row.detail}
            for row in tx.execute(sa.select(audit).where(_about(address)).order_by(audit.c.id))
        ],
    }  # fmt: skip


def is_known(found: dict[str, Any]) -> bool:
    """Return whether anything but the host's list names the person, by the result of `held`."""
    mailbox = found["mailbox"].keys() - {"last_list"}
    parts = ("recovery_email_of", "rows_of_runs", "writes_by_hand", "user", "audit_entries")
    return bool(mailbox) or any(found[part] for part in parts)


def active_user(tx: Tx, address: str) -> str:
    """Return the name of the active user of this address; blank without one."""
    return tx.scalar(sa.select(user.c.name).where(_is(user.c.name, address), user.c.disabled_at.is_(None))) or ""


def erase(tx: Tx, address: str) -> Erased:
    """Erase what is stored of a person, except for what is under way.

    Call `erasure.finish` after the transaction. The person must not be an active user.
    """
    username, _, domain = address.partition("@")
    erasure.begin(tx)
    stays = list(_stays(tx, domain, username, address))
    entries = _erase_entries(tx, address)
    rows = _erase_rows(tx, domain, username, address)
    values = 0
    for table in (recovery_email, mailbox_name, first_seen):
        values += tx.execute(table.delete().where(_of_mailbox(table, domain, username))).rowcount
    values += tx.execute(recovery_email.delete().where(_is(recovery_email.c.email, address))).rowcount
    return Erased(rows, entries, values, _erase_user(tx, address), tuple(stays))


def _is(column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    return sa.func.lower(column) == text.lower()


def _of_mailbox(table: sa.Table, domain: str, username: str) -> sa.ColumnElement[bool]:
    return (table.c.domain == domain) & (table.c.username == username)


def _about(address: str) -> sa.ColumnElement[bool]:
    """Match entries that name the person anywhere."""
    return sa.or_(_is(audit.c.on, address), _is(audit.c.who, address), _named(address))


def _named(address: str) -> sa.ColumnElement[bool]:
    """Match entries that name the person in their texts."""
    texts = ((audit.c.outcome, address), (sa.type_coerce(audit.c.detail, sa.Text), json.dumps(address)[1:-1]))
    return sa.or_(*(sa.func.instr(sa.func.lower(text), part.lower()) > 0 for text, part in texts))


def _plain(row: sa.Row[*tuple[Any, ...]], *without: str) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in without}


def _mailbox(tx: Tx, domain: str, username: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for table, column, name in ((recovery_email, "email", "recovery_email"), (mailbox_name, "name", "name")):
        row = tx.execute(sa.select(table).where(_of_mailbox(table, domain, username))).first()
        if row is not None:
            found |= {name: getattr(row, column), f"{name}_set_at": row.set_at}
    first = tx.scalar(sa.select(first_seen.c.at).where(_of_mailbox(first_seen, domain, username)))
    if first is not None:
        found["first_seen"] = first
    listed = mailbox_lists.mailboxes(tx, domain)
    for box in listed.mailboxes if listed else ():
        if box.username.lower() == username:
            found["last_list"] = {"quota": box.quota, "usage": box.usage, "limit": box.limit, "sent": box.sent}
    return found


def _rows(tx: Tx, key: ServerKey, domain: str, username: str, address: str) -> Iterator[dict[str, Any]]:
    query = (
        sa.select(run_row, run.c.created_at, run.c.operator, run.c.file_name)
        .join(run, run.c.id == run_row.c.run)
        .where(_of_mailbox(run_row, domain, username) | _is(run_row.c.recovery_email, address))
    )
    for row in tx.execute(query.order_by(run_row.c.run, run_row.c.position)):
        requests = sa.select(attempt.c.kind, attempt.c.sent_at, attempt.c.heard_at, attempt.c.answer)
        sent = tx.execute(requests.where(attempt.c.run == row.run, attempt.c.position == row.position))
        try:
            cells = own_cells.unseal(key, row.sealed_cells)
        except DecryptionFailed:
            cells = {}
        yield {
            "run": row.run, "line": row.line, "file": row.file_name, "operator": row.operator, "time": row.created_at,
            "action": row.action, "mailbox": f"{row.username}@{row.domain}", "recovery_email": row.recovery_email,
            "name": row.name, "quota": row.quota, "limit": row.limit, "before": row.before, "outcome": row.outcome,
            "reason": reasons.stored_text(row.code, row.detail, row.reason, row.action), "own_columns": cells,
            "password_kept": row.sealed_password is not None, "requests": [_plain(each) for each in sent],
        }  # fmt: skip


def _drafts(tx: Tx, domain: str) -> list[dict[str, Any]]:
    columns = (draft.c.id, draft.c.operator, draft.c.file_name, draft.c.domains, draft.c.changed_at)
    found = tx.execute(sa.select(*columns)).all()
    return [
        {"operator": row.operator, "file": row.file_name, "changed_at": row.changed_at}
        for row in found
        if domain in row.domains
    ]


def _user(tx: Tx, address: str) -> dict[str, Any] | None:
    found = tx.execute(sa.select(user).where(_is(user.c.name, address))).first()
    if found is None:
        return None
    of_user: dict[str, list[dict[str, Any]]] = {}
    for table, column in _referring():
        # Without secrets and hashes.
        columns = [each for each in table.c if not isinstance(each.type, sa.LargeBinary) and each is not column]
        rows = tx.execute(sa.select(*columns).where(column == found.id)) if columns else ()
        of_user[table.name] = [_plain(each) for each in rows]
    tokens = tx.execute(sa.select(token.c.id, token.c.name).where(token.c.owner == found.id))
    return _plain(found, "password_hash", "id") | {
        "sign_in_data": of_user,
        "tokens": [each.name for each in tokens],
        "runs": list(tx.execute(sa.select(run.c.id).where(run.c.operator == found.name)).scalars()),
    }


def _stays(tx: Tx, domain: str, username: str, address: str) -> Iterator[tuple[str, str]]:
    """Yield what is not erased: its kind, and which it is."""
    rows = sa.select(run.c.id).join(run_row, run_row.c.run == run.c.id).where(run.c.status.not_in(AT_AN_END))
    named = _of_mailbox(run_row, domain, username) | _is(run_row.c.recovery_email, address)
    for number in tx.execute(rows.where(named).distinct()).scalars():
        yield "run", str(number)
    if tx.scalar(sa.select(manual_write.c.id).where(_of_mailbox(manual_write, domain, username)).limit(1)):
        yield "write", ""
    for each in _drafts(tx, domain):
        yield "draft", f"{each['file'] or 'a draft'} of {each['operator']}"
    listed = mailbox_lists.mailboxes(tx, domain)
    if listed and any(box.username.lower() == username for box in listed.mailboxes):
        yield "host", ""


def _erase_entries(tx: Tx, address: str) -> int:
    sign_in = audit.c.what.in_(_SIGN_INS)
    on, who = _is(audit.c.on, address), _is(audit.c.who, address)
    due = (
        (on, ("on", "outcome", "detail")),
        (on & sign_in, ("address",)),
        (_named(address), ("outcome", "detail")),
        (who, ("who", "address")),
    )
    # All are found first: what is erased no longer matches.
    found = [
        (list(tx.execute(sa.select(audit.c.id).where(condition).order_by(audit.c.id)).scalars()), columns)
        for condition, columns in due
    ]
    for numbers, columns in found:
        audit_chain.erase(tx, numbers, columns)
    return len({number for numbers, _ in found for number in numbers})


def _erase_rows(tx: Tx, domain: str, username: str, address: str) -> int:
    """Erase rows of ended runs; return how many.

    A row that has the person as a recovery email loses that alone.
    """
    ended = run_row.c.run.in_(sa.select(run.c.id).where(run.c.status.in_(AT_AN_END)))
    theirs = _of_mailbox(run_row, domain, username) & ended
    rows = tx.execute(sa.select(run_row.c.run, run_row.c.position).where(theirs)).all()
    for row in rows:
        of_row = (attempt.c.run == row.run) & (attempt.c.position == row.position)
        tx.execute(attempt.update().where(of_row).values(answer=sa.func.substr(attempt.c.answer, 1, _STATUS)))
    tx.execute(run_row.update().where(theirs).values(_ROW_ERASED))
    recovery = _is(run_row.c.recovery_email, address) & ended
    return len(rows) + tx.execute(run_row.update().where(recovery).values(recovery_email="")).rowcount


def _referring() -> Iterator[tuple[sa.Table, sa.Column[Any]]]:
    """Yield the tables of sign-in data, each with its column that refers to users.

    Tokens are left out: they stay revoked, so that their runs stay apart.
    """
    for table in metadata.sorted_tables:
        for column in table.c:
            if column.references(user.c.id) and table is not token:
                yield table, column


def _erase_user(tx: Tx, address: str) -> bool:
    """Erase a disabled user: the row stays without a name, since tokens and runs refer to it."""
    found = tx.execute(sa.select(user.c.id, user.c.name).where(_is(user.c.name, address))).first()
    if found is None:
        return False
    for table, column in _referring():
        tx.execute(table.delete().where(column == found.id))
    name = f"{ERASED} {found.id}"
    tx.execute(user.update().where(user.c.id == found.id).values(name=name, password_hash=None, subject=None))
    tx.execute(run.update().where(run.c.operator == found.name).values(operator=name, idempotency_key=None))
    tx.execute(once.delete().where(once.c.caller == found.name))
    tx.execute(mapping_answer.delete().where(mapping_answer.c.answered_by == found.name))
    for column in (user.c.created_by, token.c.created_by, draft.c.operator, draft.c.begun_by):
        tx.execute(column.table.update().where(column == found.name).values({column: name}))
    return True
