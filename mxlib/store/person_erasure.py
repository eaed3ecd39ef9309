"""Erase what is stored of one person, except for what is under way.

What is found is erased in short steps, so that nobody who writes waits long. When the process is killed in between,
the same erasure goes on where it was. What takes long to find is read before, or after, the transaction that needs it.
"""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from mxlib.core import notes
from mxlib.core.clients import key_of
from mxlib.core.text import person_texts
from mxlib.core.vocabulary import AT_AN_END, ERASED, AuditAction
from mxlib.store import (
    audit,
    audit_chain,
    erasure,
    events,
    first_seen,
    own_cells,
    person_search,
    run_notes,
    saved_views,
    selections,
    usage_history,
    wishes,
)
from mxlib.store.database import Store
from mxlib.store.encryption import ServerKey
from mxlib.store.manual_writes import KEPT
from mxlib.store.person import (
    active_user,
    channels_naming,
    clients_naming,
    drafts_naming,
    is_listed,
    is_text,
    links_naming,
    locks_naming,
    mails_naming,
    referring,
    runs,
    runs_naming,
    writes_naming,
)
from mxlib.store.person_search import NamingEntry, is_mailbox, is_named, is_who, may_name, without
from mxlib.store.tables import (
    attempt,
    channel,
    client,
    dated_deletion,
    draft,
    event_snooze,
    hand_over,
    handover_text,
    letterhead,
    link,
    mailbox_lock,
    mailbox_name,
    manual_write,
    mapping_answer,
    once,
    outbox_mail,
    recovery_change,
    recovery_email,
    reset_answer,
    reset_request,
    run,
    run_row,
    saved_view,
    self_service,
    sign_in_refused,
    token,
    user,
)
from mxlib.store.tables import first_seen as sightings
from mxlib.store.transaction import Tx

#: Columns of a run's row that name the person whose mailbox it is, and their values after erasure.
_ROW_ERASED: dict[str, Any] = {
    "username": ERASED, "recovery_email": "", "name": "", "sealed_password": None, "sealed_cells": None, "cells": {},
    "before": {}, "words": "", "detail": None, "differs": "",
}  # fmt: skip

#: Columns of a user but the name, and their values after erasure. That the user is disabled stays.
_USER_ERASED: dict[str, Any] = {
    "password_hash": None, "subject": None, "admin": False, "permissions": {}, "password_set_at": None,
    "last_sign_in_at": None, "password_ends_at": None, "last_sign_in_from": "", "refused_since": 0, "client_admin": [],
}  # fmt: skip

#: Columns with the name of who did something; a user's name in them becomes that of the erased user.
_ACTORS = (
    run.c.operator, user.c.created_by, token.c.created_by, client.c.created_by, draft.c.operator, draft.c.begun_by,
    manual_write.c.who, mailbox_lock.c.who, dated_deletion.c.who, handover_text.c.who, letterhead.c.who,
    hand_over.c.who, outbox_mail.c.who, link.c.who, self_service.c.who, event_snooze.c.who,
    channel.c.who,
)  # fmt: skip

#: Characters of an answer that are kept: its status.
_STATUS = 3

#: Entries, and rows, that one transaction erases: of earlier releases' entries, each may sign a block of 1,000 again.
_AT_ONCE = 25

#: Seconds between two steps, in which others write.
_PAUSE = 0.01


class StillAUser(Exception):
    """The person is a user who may sign in; the message says what to do."""

    def __init__(self, name: str) -> None:
        super().__init__(person_texts.still_a_user(name))


@dataclass(frozen=True, slots=True)
class Erased:
    """The figures of an erasure, and what stays: by kind, the runs, drafts or other things."""

    rows: int
    entries: int
    values: int
    user: bool
    stays: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        """Return whether anything named the person."""
        return bool(self.rows or self.entries or self.values or self.user or self.stays)

    @property
    def text(self) -> str:
        """Return what was erased, without naming the person."""
        return person_texts.erased(self.rows, self.entries, self.values, user=self.user)


def erase(store: Store, address: str, by: audit.Identity) -> Erased:
    """Erase what is stored of a person, and record it; call `erasure.finish` afterwards.

    Raises StillAUser for an active user.
    """
    with store.read() as tx:
        _must_not_sign_in(tx, address)
    searched, entries = person_search.entries(store, address)
    rows = person_search.rows(store, address)
    last_run, runs_found = runs(store, address)
    erased, values, kept = 0, 0, set()
    for begin in range(0, len(rows), _AT_ONCE):
        with _step(store, address) as tx:
            for number, position in rows[begin : begin + _AT_ONCE]:
                if _erase_row(tx, store.key, address, number, position):
                    erased += 1
                else:
                    kept.add(number)
    for begin in range(0, len(entries), _AT_ONCE):
        with _step(store, address) as tx:
            _erase_entries(tx, entries[begin : begin + _AT_ONCE])
    for begin in range(0, len(runs_found), _AT_ONCE):
        with _step(store, address) as tx:
            values += _erase_texts_of_runs(tx, store.key, address, runs_found[begin : begin + _AT_ONCE])
    with _step(store, address) as tx:
        late = person_search.entries_between(tx, address, searched)
        _erase_entries(tx, late)
        late_runs = list(runs_naming(tx, store.key, address, last_run, sys.maxsize))
        values += _erase_texts_of_runs(tx, store.key, address, late_runs)
        values += _erase_values(tx, store.key, address)
        is_user = _erase_user(tx, address)
        done = Erased(erased, len(entries) + len(late), values, is_user, ())
        audit.record(tx, by, AuditAction.PERSON_ERASE, at=store.clock.now(), on="a person", outcome=done.text)
    return replace(done, stays=tuple(_stays(store, address, kept)))


@contextmanager
def _step(store: Store, address: str) -> Iterator[Tx]:
    """Open a transaction of an erasure; raises StillAUser for an active user."""
    time.sleep(_PAUSE)
    with store.write() as tx:
        _must_not_sign_in(tx, address)
        erasure.begin(tx)
        yield tx


def _must_not_sign_in(tx: Tx, address: str) -> None:
    if name := active_user(tx, address):
        raise StillAUser(name)


def _stays(store: Store, address: str, runs: Iterable[int]) -> Iterator[tuple[str, str]]:
    """Yield what is not erased: its kind, and which it is."""
    for number in sorted(runs):
        yield "run", str(number)
    with store.read() as tx:
        waits, listed = bool(writes_naming(tx, address)), is_listed(tx, address)
    if waits:
        yield "write", ""
    for each in drafts_naming(store, address):
        yield "draft", f"{each['file'] or 'a draft'} of {each['operator']}"
    if listed:
        yield "host", ""


def _erase_entries(tx: Tx, entries: Iterable[NamingEntry]) -> None:
    by_columns: dict[tuple[str, ...], list[int]] = {}
    for entry in entries:
        by_columns.setdefault(entry.columns, []).append(entry.id)
    for columns, numbers in by_columns.items():
        audit_chain.erase(tx, numbers, columns)


def _erase_row(tx: Tx, key: ServerKey, address: str, number: int, position: int) -> bool:
    """Erase the person in a row of a run; return whether the run has ended.

    The row of another mailbox loses only what names the person.
    """
    if tx.scalar(sa.select(run.c.status).where(run.c.id == number)) not in AT_AN_END:
        return False
    place = (run_row.c.run == number) & (run_row.c.position == position)
    row = tx.execute(sa.select(run_row).where(place)).one()
    if f"{row.username}@{row.domain}" == address:
        of_row = (attempt.c.run == number) & (attempt.c.position == position)
        tx.execute(attempt.update().where(of_row).values(answer=sa.func.substr(attempt.c.answer, 1, _STATUS)))
        tx.execute(run_row.update().where(place).values(_ROW_ERASED))
        return True
    values = {name: without(getattr(row, name), address, "") for name in ("recovery_email", "before")}
    values |= {name: without(getattr(row, name), address, ERASED) for name in ("words", "detail", "differs")}
    if (cells := person_search.cells_of(key, row)) != (left := without(cells, address, ERASED)):
        values["sealed_cells"] = own_cells.seal(key, left, "")
    tx.execute(run_row.update().where(place).values(values))
    return True


def _erase_values(tx: Tx, key: ServerKey, address: str) -> int:
    """Erase single values: of the mailbox, of others that name the person, and of texts; return how many."""
    username, _, domain = address.partition("@")
    values = int(first_seen.forget_aside(tx, domain, username)) + usage_history.erase(tx, domain, username)
    for table in (recovery_email, mailbox_name, sightings):
        values += tx.execute(table.delete().where(is_mailbox(table, address))).rowcount
    values += tx.execute(recovery_email.delete().where(is_text(recovery_email.c.email, address))).rowcount
    values += tx.execute(reset_answer.delete().where(is_mailbox(reset_answer, address))).rowcount
    values += tx.execute(reset_request.delete().where(reset_request.c.address == key.mark(address))).rowcount
    former = is_mailbox(recovery_change, address) | is_text(recovery_change.c.email, address)
    values += tx.execute(recovery_change.delete().where(former)).rowcount
    values += tx.execute(sign_in_refused.delete().where(sign_in_refused.c.name == key.mark(address))).rowcount
    values += _erase_writes(tx, address) + _erase_tokens(tx, address)
    values += saved_views.remove_naming(tx, address) + events.erase(tx, address)
    values += selections.remove_naming(tx, key, address)
    values += _erase_clients(tx, address) + _erase_locks(tx, address)
    return values + _erase_links(tx, address) + _erase_mails(tx, address) + _erase_channels(tx, address)


def _erase_texts_of_runs(tx: Tx, key: ServerKey, address: str, numbers: Sequence[int]) -> int:
    columns = [run.c[name] for name in ("file_name", "why", "note", "difference")]
    for number in numbers:
        row = tx.execute(sa.select(*columns).where(run.c.id == number)).one()
        left = {name: without(text, address, ERASED) for name, text in row._mapping.items()}
        if kept := run_notes.unseal(key, tx.scalar(sa.select(run.c.sealed_notes).where(run.c.id == number))):
            notes_left = [notes.from_json(without(note.to_json(), address, ERASED)) for note in kept]
            left["sealed_notes"] = run_notes.seal(key, notes_left)
        tx.execute(run.update().where(run.c.id == number).values(left))
    return len(numbers)


def _erase_writes(tx: Tx, address: str) -> int:
    """Erase the person in writes by hand; return in how many.

    Those to the person's own mailbox, and those without a recorded outcome, stay.
    """
    erased = 0
    for row in writes_naming(tx, address):
        values = {"address": ""} if row.who.lower() == address and row.address else {}
        if row.status == KEPT and f"{row.username}@{row.domain}" != address:
            texts = {"recovery_email": "", "asked": ERASED, "outcome": ERASED}
            values |= {name: without(getattr(row, name), address, instead) for name, instead in texts.items()}
        changed = {name: value for name, value in values.items() if value != getattr(row, name)}
        if changed:
            tx.execute(manual_write.update().where(manual_write.c.id == row.id).values(changed))
            erased += 1
    return erased


def _erase_tokens(tx: Tx, address: str) -> int:
    """Erase names of tokens that name the person; return how many."""
    erased = 0
    for row in tx.execute(sa.select(token.c.id, token.c.name).where(may_name(token.c.name, address))).all():
        if is_named(row.name, address):
            tx.execute(token.update().where(token.c.id == row.id).values(name=ERASED))
            erased += 1
    return erased


def _erase_locks(tx: Tx, address: str) -> int:
    """Erase what names the person in locks and dated deletions; return how many.

    The lock of a mailbox that is gone goes as a whole. That of one that exists stays, without its reason: nobody knows
    its password.
    """
    own = is_mailbox(mailbox_lock, address)
    if not is_listed(tx, address):
        erased = tx.execute(mailbox_lock.delete().where(own)).rowcount
        erased += tx.execute(dated_deletion.delete().where(is_mailbox(dated_deletion, address))).rowcount
    else:
        erased = tx.execute(mailbox_lock.update().where(own, mailbox_lock.c.reason != "").values(reason="")).rowcount
    by_them = sa.func.lower(dated_deletion.c.who) == address
    tx.execute(dated_deletion.update().where(by_them).values(address=""))
    for row in locks_naming(tx, address):
        place = (mailbox_lock.c.domain == row.domain) & (mailbox_lock.c.username == row.username)
        tx.execute(mailbox_lock.update().where(place).values(reason=without(row.reason, address, ERASED)))
        erased += 1
    return erased


def _erase_clients(tx: Tx, address: str) -> int:
    """Remove the person from clients: contacts, and texts that name them.

    Returns from how many.
    """
    rows = list(clients_naming(tx, address))
    for row in rows:
        contacts = [without(each, address, ERASED) for each in row.contacts if each["address"] != address]
        left = {"contacts": contacts, "notes": without(row.notes, address, ERASED)}
        if without(row.name, address, ERASED) != row.name:
            left |= {"name": f"{ERASED} {row.id}", "key": key_of(f"{ERASED} {row.id}")}
        tx.execute(client.update().where(client.c.id == row.id).values(left))
    return len(rows)


def _erase_links(tx: Tx, address: str) -> int:
    """Delete the links of the person's mailbox, and those that went to the person.

    Return how many.

    Links of others lose only what names the person.
    """
    rows = links_naming(tx, address)
    for row in rows:
        place = link.c.id == row.id
        if f"{row.username}@{row.domain}" == address or is_named(row.recipient, address):
            tx.execute(link.delete().where(place))
        else:
            tx.execute(link.update().where(place).values(words=without(row.words, address, ERASED)))
    return len(rows)


def _erase_mails(tx: Tx, address: str) -> int:
    """Delete the mails to the person, also those that wait; return how many.

    Mails to others lose only what names the person.
    """
    rows = mails_naming(tx, address)
    for row in rows:
        place = outbox_mail.c.id == row.id
        if is_named(row.recipient, address):
            tx.execute(outbox_mail.delete().where(place))
        else:
            left = {name: without(getattr(row, name), address, ERASED) for name in ("words", "reference")}
            tx.execute(outbox_mail.update().where(place).values(left))
    return len(rows)


def _erase_channels(tx: Tx, address: str) -> int:
    """Let no channel go to the person or name them; return how many did.

    One that has no other recipient is disabled.
    """
    rows = channels_naming(tx, address)
    for row in rows:
        left: dict[str, Any] = {"name": without(row.name, address, ERASED)}
        if is_named(row.place, address):
            others = [each for each in row.place.split(", ") if not is_named(each, address)]
            left |= {"place": ", ".join(others), "is_enabled": row.is_enabled and bool(others)}
        tx.execute(channel.update().where(channel.c.id == row.id).values(left))
    return len(rows)


def _erase_user(tx: Tx, address: str) -> bool:
    """Erase a disabled user, and the person's name wherever it shows who acted.

    The row stays without a name, since tokens and runs refer to it. Returns whether there is such a user.
    """
    found = tx.execute(sa.select(user.c.id).where(is_text(user.c.name, address))).first()
    name = f"{ERASED} {found.id}" if found else ERASED
    if found:
        for table, column in referring():
            tx.execute(table.delete().where(column == found.id))
        tx.execute(user.update().where(user.c.id == found.id).values(name=name, **_USER_ERASED))
    wishes.erase(tx, address, name)
    for column in (once.c.caller, mapping_answer.c.answered_by, saved_view.c.who):
        for who in _naming(tx, column, address):
            tx.execute(column.table.delete().where(column == who))
    for column in _ACTORS:
        for who in _naming(tx, column, address):
            also = {"idempotency_key": None} if column is run.c.operator else {}
            erased = name if who.lower() == address else _erased_token(who)
            tx.execute(column.table.update().where(column == who).values({column.name: erased, **also}))
    return found is not None


def _naming(tx: Tx, column: sa.Column[Any], address: str) -> list[str]:
    """Return the names in a column that name the person."""
    names = tx.execute(sa.select(column).where(may_name(column, address)).distinct()).scalars()
    return [who for who in names if is_who(who, address)]


def _erased_token(who: str) -> str:
    """Return a name without the person; the number of a token keeps its runs apart."""
    _, found, number = who.rpartition(" (token ")
    return f"{ERASED}{found}{number}" if found else ERASED
