"""Everything that is stored of one person, to hand out.

A person is an address: of a mailbox, of its recovery, or of a user who signs in.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from mxlib.core.schema import COLUMNS
from mxlib.core.text import reasons
from mxlib.store import (
    drafts,
    events,
    first_seen,
    mailbox_lists,
    person_search,
    run_notes,
    saved_views,
    selections,
    usage_history,
)
from mxlib.store.database import Store
from mxlib.store.encryption import DecryptionFailed, ServerKey
from mxlib.store.person_search import is_mailbox, is_named, is_who, is_within, may_name
from mxlib.store.tables import (
    attempt,
    audit,
    channel,
    client,
    dated_deletion,
    draft,
    link,
    mailbox_lock,
    mailbox_name,
    manual_write,
    mapping_answer,
    metadata,
    outbox_mail,
    recovery_change,
    recovery_email,
    reset_answer,
    run,
    run_row,
    saved_view,
    sign_in_refused,
    token,
    user,
)
from mxlib.store.tables import first_seen as sightings
from mxlib.store.transaction import Tx

#: Runs whose texts one read searches.
_RUNS = 100


def held(store: Store, address: str) -> dict[str, Any]:
    """Return everything that is stored of a person, as JSON; times in Unix seconds."""
    _, entries = person_search.entries(store, address)
    rows = person_search.rows(store, address)
    _, runs_found = runs(store, address)
    of_drafts = list(drafts_naming(store, address))
    with store.read() as tx:
        return {
            "address": address,
            "mailbox": _mailbox(tx, address),
            "recovery_email_of": [
                f"{row.username}@{row.domain}"
                for row in tx.execute(sa.select(recovery_email).where(is_text(recovery_email.c.email, address)))
            ],
            "recovery_email_until_lately_of": [
                f"{row.username}@{row.domain}"
                for row in tx.execute(sa.select(recovery_change).where(is_text(recovery_change.c.email, address)))
            ],
            "rows_of_runs": [_row(tx, store.key, *place) for place in rows],
            "runs_that_name": runs_found,
            "writes_by_hand": [_plain(row, "sealed_password", "wrapped_key") for row in writes_naming(tx, address)],
            "drafts": of_drafts,
            "user": _user(tx, address),
            "locks_that_name": [_lock(row) for row in locks_naming(tx, address)],
            "clients_that_name": [_client(row) for row in clients_naming(tx, address)],
            "links": [_plain(row, "sealed_token", "wrapped_key", "token_digest") for row in links_naming(tx, address)],
            "views_that_name": [_plain(row, "key") for row in saved_views.naming(tx, address)],
            "selections": [{"shown_at": at} for _, at in selections.naming(tx, store.key, address)],
            "events": events.naming(tx, address),
            "channels": [_plain(row, "sealed") for row in channels_naming(tx, address)],
            "mails": [_plain(row, "sealed_message", "wrapped_key") for row in mails_naming(tx, address)],
            "tokens_that_name": list(tokens_naming(tx, address)),
            "sign_ins_refused": [
                {"time": row.at, "from": row.address}
                for row in tx.execute(
                    sa.select(sign_in_refused).where(sign_in_refused.c.name == store.key.mark(address))
                )
            ],
            "audit_entries": [_entry(tx, each.id) for each in entries],
        }


def is_known(found: dict[str, Any]) -> bool:
    """Return whether anything but the host's list names the person, by the result of `held`."""
    mailbox = found["mailbox"].keys() - {"last_list"}
    return bool(mailbox) or any(found[part] for part in found.keys() - {"address", "mailbox"})


def active_user(tx: Tx, address: str) -> str:
    """Return the name of the active user of this address; blank without one."""
    return tx.scalar(sa.select(user.c.name).where(is_text(user.c.name, address), user.c.disabled_at.is_(None))) or ""


def is_text(column: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    """Match rows whose column is this text, given in lower case."""
    return sa.func.lower(column) == text


def is_listed(tx: Tx, address: str) -> bool:
    """Return whether the host's last list has the mailbox of this address."""
    return "last_list" in _mailbox(tx, address)


def runs(store: Store, address: str) -> tuple[int, list[int]]:
    """Return the last run that was searched, and those that name the person."""
    with store.read() as tx:
        last = tx.scalar(sa.select(sa.func.max(run.c.id))) or 0
    found: list[int] = []
    for after in range(0, last, _RUNS):
        with store.read() as tx:
            found += runs_naming(tx, store.key, address, after, min(after + _RUNS, last))
    return last, found


def runs_naming(tx: Tx, key: ServerKey, address: str, after: int, last: int) -> Iterator[int]:
    """Yield the runs whose texts or file name the person.

    They come after one number and up to another.
    """
    columns = [run.c[name] for name in ("file_name", "why", "note", "difference")]
    candidates = sa.or_(run.c.sealed_notes.is_not(None), *(may_name(each, address) for each in columns))
    query = sa.select(run.c.id, run.c.sealed_notes, *columns).where(run.c.id > after, run.c.id <= last)
    for number, sealed, *texts in tx.execute(query.where(candidates).order_by(run.c.id)):
        notes = (note.to_json() for note in run_notes.unseal(key, sealed))
        if any(is_within(each, address) for each in (*texts, *notes)):
            yield number


def writes_name(row: sa.Row[*tuple[Any, ...]], address: str) -> bool:
    """Return whether a write by hand names the person."""
    mailbox = f"{row.username}@{row.domain}" == address
    texts = (row.asked, row.recovery_email, row.outcome)
    return mailbox or is_who(row.who, address) or any(is_within(text, address) for text in texts)


def writes_naming(tx: Tx, address: str) -> list[sa.Row[*tuple[Any, ...]]]:
    """Return the writes by hand that name the person."""
    texts = [manual_write.c[name] for name in ("who", "asked", "recovery_email", "outcome")]
    candidates = sa.or_(is_mailbox(manual_write, address), *(may_name(each, address) for each in texts))
    return [row for row in tx.execute(sa.select(manual_write).where(candidates)) if writes_name(row, address)]


def tokens_naming(tx: Tx, address: str) -> Iterator[str]:
    """Yield the names of tokens that name the person."""
    for name in tx.execute(sa.select(token.c.name).where(may_name(token.c.name, address))).scalars():
        if is_named(name, address):
            yield name


def locks_naming(tx: Tx, address: str) -> list[sa.Row[*tuple[Any, ...]]]:
    """Return the locks of other mailboxes whose reason or actor names the person."""
    names = sa.or_(may_name(mailbox_lock.c.who, address), may_name(mailbox_lock.c.reason, address))
    rows = tx.execute(sa.select(mailbox_lock).where(names, ~is_mailbox(mailbox_lock, address))).all()
    return [row for row in rows if is_who(row.who, address) or is_named(row.reason, address)]


def _lock(row: sa.Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return {"mailbox": f"{row.username}@{row.domain}", "since": row.at, "by": row.who, "reason": row.reason}


def clients_naming(tx: Tx, address: str) -> Iterator[sa.Row[*tuple[Any, ...]]]:
    """Yield the clients whose name, contacts or notes name the person."""
    for row in tx.execute(sa.select(client)).all():
        if any(is_within(text, address) for text in (row.name, row.contacts, row.notes)):
            yield row


def _client(row: sa.Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return {"name": row.name, "contacts": row.contacts, "notes": row.notes}


def channels_naming(tx: Tx, address: str) -> list[sa.Row[*tuple[Any, ...]]]:
    """Return the channels to the person, by them, or with their name."""
    return [
        row
        for row in tx.execute(sa.select(channel))
        if is_who(row.who, address) or is_named(row.place, address) or is_named(row.name, address)
    ]


def mails_naming(tx: Tx, address: str) -> list[sa.Row[*tuple[Any, ...]]]:
    """Return the mails to the person, those they caused, and those whose answer names them."""
    names = sa.or_(*(may_name(outbox_mail.c[name], address) for name in ("recipient", "words", "reference", "who")))
    rows = tx.execute(sa.select(outbox_mail).where(names)).all()
    texts = ("recipient", "words", "reference")
    return [row for row in rows if is_who(row.who, address) or any(is_named(row._mapping[t], address) for t in texts)]


def links_naming(tx: Tx, address: str) -> list[sa.Row[*tuple[Any, ...]]]:
    """Return the links of the mailbox, to the person, by them, or with their name."""
    texts = ("recipient", "who", "words")
    names = sa.or_(is_mailbox(link, address), *(may_name(link.c[name], address) for name in texts))
    return [
        row
        for row in tx.execute(sa.select(link).where(names))
        if f"{row.username}@{row.domain}" == address
        or is_who(row.who, address)
        or any(is_named(text, address) for text in (row.recipient, row.words))
    ]


def drafts_naming(store: Store, address: str) -> Iterator[dict[str, Any]]:
    """Yield the drafts that name the person, with the rows that do.

    Each is read for itself, so that no read lasts long. Those that cannot be opened are among them, since nobody can
    know.
    """
    with store.read() as tx:
        numbers = tx.execute(sa.select(draft.c.id).order_by(draft.c.changed_at)).scalars().all()
    for number in numbers:
        with store.read() as tx:
            found = _draft_naming(tx, store.key, address, number)
        if found:
            yield found


def _draft_naming(tx: Tx, key: ServerKey, address: str, number: str) -> dict[str, Any] | None:
    columns = (draft.c.operator, draft.c.begun_by, draft.c.file_name, draft.c.changed_at)
    found = tx.execute(sa.select(*columns).where(draft.c.id == number)).first()
    if found is None:  # started or discarded meanwhile
        return None
    about = {"operator": found.operator, "file": found.file_name, "changed_at": found.changed_at}
    try:
        content = drafts.content(tx, key, number)
    except DecryptionFailed:
        return about | {"rows": [], "readable": False}
    file, packed = content or (b"", b"")
    rows = list(_rows_of_draft(packed, address)) if packed else []
    by = any(is_who(name, address) for name in (found.operator, found.begun_by or ""))
    if rows or by or is_named(found.file_name, address) or is_named(drafts.file_text(file), address):
        return about | {"rows": rows, "readable": True}
    return None


def _rows_of_draft(packed: bytes, address: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a draft that name the person, without passwords."""
    about, table = drafts.read_rows(packed)
    shown = [name for name in table.column_names if name in COLUMNS and name != "password"]
    for row in table.select(shown).to_pylist():
        mailbox = f"{row['username']}@{row['domain'] or about['domain']}".lower()
        if mailbox == address or is_within(row, address):
            yield row


def _plain(row: sa.Row[*tuple[Any, ...]], *without: str) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name not in without}


def _entry(tx: Tx, number: int) -> dict[str, Any]:
    row = tx.execute(sa.select(audit).where(audit.c.id == number)).one()
    return {
        "id": row.id, "time": row.at, "who": row.who, "kind": row.kind, "what": row.what, "on": row.on,
        "from": row.address, "run": row.run, "outcome": row.outcome, "detail": row.detail,
    }  # fmt: skip


def _mailbox(tx: Tx, address: str) -> dict[str, Any]:
    username, _, domain = address.partition("@")
    found: dict[str, Any] = {}
    for table, column, name in ((recovery_email, "email", "recovery_email"), (mailbox_name, "name", "name")):
        row = tx.execute(sa.select(table).where(is_mailbox(table, address))).first()
        if row is not None:
            found |= {name: getattr(row, column), f"{name}_set_at": row.set_at}
    lock = tx.execute(sa.select(mailbox_lock).where(is_mailbox(mailbox_lock, address))).first()
    if lock is not None:
        found["locked"] = {"since": lock.at, "by": lock.who, "reason": lock.reason}
    deletion = tx.execute(sa.select(dated_deletion).where(is_mailbox(dated_deletion, address))).first()
    if deletion is not None:
        found["deletion"] = _plain(deletion, "username", "domain")
    for table, name in ((reset_answer, "resets_asked"), (recovery_change, "recovery_emails_until_lately")):
        if rows := tx.execute(sa.select(table).where(is_mailbox(table, address))).all():
            found[name] = [_plain(each, "id", "username", "domain") for each in rows]
    first = tx.scalar(sa.select(sightings.c.at).where(is_mailbox(sightings, address)))
    if first is not None or username in (aside := first_seen.aside(tx, domain)):
        found["first_seen"] = first if first is not None else aside[username]
    if days := usage_history.held(tx, domain, username):
        found["use_by_day"] = days
    listed = mailbox_lists.mailboxes(tx, domain)
    for box in listed.mailboxes if listed else ():
        if box.username.lower() == username:
            found["last_list"] = {"quota": box.quota, "usage": box.usage, "limit": box.limit, "sent": box.sent}
    return found


def _row(tx: Tx, key: ServerKey, number: int, position: int) -> dict[str, Any]:
    query = sa.select(run_row, run.c.created_at, run.c.operator, run.c.file_name).join(run, run.c.id == run_row.c.run)
    row = tx.execute(query.where(run_row.c.run == number, run_row.c.position == position)).one()
    requests = sa.select(attempt.c.kind, attempt.c.sent_at, attempt.c.heard_at, attempt.c.answer)
    sent = tx.execute(requests.where(attempt.c.run == number, attempt.c.position == position))
    return {
        "run": row.run, "line": row.line, "file": row.file_name, "operator": row.operator, "time": row.created_at,
        "action": row.action, "mailbox": f"{row.username}@{row.domain}", "recovery_email": row.recovery_email,
        "name": row.name, "quota": row.quota, "limit": row.limit, "before": row.before, "outcome": row.outcome,
        "reason": reasons.stored_text(row.code, row.detail, row.words, row.action),
        "own_columns": person_search.cells_of(key, row), "password_kept": row.sealed_password is not None,
        "requests": [_plain(each) for each in sent],
    }  # fmt: skip


def referring() -> Iterator[tuple[sa.Table, sa.Column[Any]]]:
    """Yield the tables of sign-in data, each with its column that refers to users.

    Tokens are left out: they stay revoked, so that their runs stay apart.
    """
    for table in metadata.sorted_tables:
        for column in table.c:
            if column.references(user.c.id) and table is not token:
                yield table, column


def _user(tx: Tx, address: str) -> dict[str, Any] | None:
    found = tx.execute(sa.select(user).where(is_text(user.c.name, address))).first()
    if found is None:
        return None
    of_user: dict[str, list[dict[str, Any]]] = {}
    for table, column in referring():
        # Without secrets and hashes.
        columns = [each for each in table.c if not isinstance(each.type, sa.LargeBinary) and each is not column]
        rows = tx.execute(sa.select(*columns).where(column == found.id)) if columns else ()
        of_user[table.name] = [_plain(each) for each in rows]
    tokens = tx.execute(sa.select(token.c.name).where(token.c.owner == found.id)).scalars()
    chosen = sa.select(mapping_answer.c.answer, mapping_answer.c.answered_at)
    views = sa.select(saved_view.c.name, saved_view.c.parameters, saved_view.c.saved_at)
    return _plain(found, "password_hash", "id") | {
        "sign_in_data": of_user,
        "tokens": list(tokens),
        "runs": list(tx.execute(sa.select(run.c.id).where(run.c.operator == found.name)).scalars()),
        "column_choices": [
            _plain(each) for each in tx.execute(chosen.where(mapping_answer.c.answered_by == found.name))
        ],
        "saved_views": [_plain(each) for each in tx.execute(views.where(saved_view.c.who == found.name))],
    }
