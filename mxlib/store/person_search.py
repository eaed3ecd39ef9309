"""Find where a person is named: by the whole address, not as a part of another one.

The name of a user that is no address, such as `admin`, may be an ordinary word in any text. So it counts only where a
field has nothing but the name of a user.

SQL finds the candidates, and the text around the name decides. What is large is searched in blocks, each with a read
of its own, so that nobody waits.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from mxlib.core.addresses import forms
from mxlib.core.vocabulary import AuditAction, CallerKind
from mxlib.store import own_cells
from mxlib.store.database import Store
from mxlib.store.encryption import DecryptionFailed, ServerKey
from mxlib.store.functions import as_text, position
from mxlib.store.tables import audit, run, run_row
from mxlib.store.transaction import Tx

#: Entries, and runs, that one read searches.
_ENTRIES, _RUNS = 50_000, 100

#: Characters before an address or a name that make it a part of another one, besides letters and digits.
_BEFORE = frozenset(".+-_%@")

#: Characters after it that do the same, and ends of names of files, which do not.
_AFTER, _FILES = frozenset("-_+@"), (".csv", ".tsv", ".txt", ".xlsx", ".xls")
_LONGEST_END = max(map(len, _FILES))

#: Families of actions whose subject is a user.
_ABOUT_USERS = frozenset(
    {"sign_in", "sign_out", "second_factor", "identity", "password", "permission", "person", "user"}
)

#: Entries about a user, not about a mailbox of that name; they have the address that the user came from.
_SIGN_INS = frozenset(
    {
        AuditAction.SIGN_IN,
        AuditAction.SIGN_IN_REFUSED,
        AuditAction.SIGN_OUT,
        AuditAction.SIGN_OUT_EVERYWHERE,
    }
)


@dataclass(frozen=True, slots=True)
class NamingEntry:
    """An audit entry that names the person, and its columns to erase."""

    id: int
    columns: tuple[str, ...]


def is_who(name: str, person: str) -> bool:
    """Return whether the name of who acted is this person's, or names their address."""
    return name.lower() == person or is_named(name, person)


def is_named(text: str, address: str) -> bool:
    """Return whether a text names this address, given as `addresses.email` returns it.

    The name of a user that is no address is in no text.
    """
    text = text.lower()
    return any(_has(text, form) for form in forms(address) if form in text) if "@" in address else False


def _has(text: str, form: str) -> bool:
    """Return whether a text in lower case has this form as a whole."""
    at = -1
    while (at := text.find(form, at + 1)) >= 0:
        before, end = text[at - 1 : at], at + len(form)
        if not (before.isalnum() or before in _BEFORE) and not _continues(text[end : end + _LONGEST_END]):
            return True
    return False


def _continues(after: str) -> bool:
    """Return whether this text continues a name."""
    if after[:1] == ".":
        return after[1:2].isalnum() and not after.startswith(_FILES)
    return after[:1].isalnum() or after[:1] in _AFTER


def is_within(value: Any, address: str) -> bool:
    """Return whether any text in a JSON value names the person."""
    match value:
        case str():
            return is_named(value, address)
        case Mapping():
            return any(is_within(each, address) for each in value.values())
        case list() | tuple():
            return any(is_within(each, address) for each in value)
        case _:
            return False


def without(value: Any, address: str, instead: str) -> Any:
    """Return a JSON value with another text in place of those that name the person."""
    match value:
        case str():
            return instead if is_named(value, address) else value
        case Mapping():
            return {name: without(each, address, instead) for name, each in value.items()}
        case list() | tuple():
            return [without(each, address, instead) for each in value]
        case _:
            return value


def may_name(column: sa.ColumnElement[Any], address: str) -> sa.ColumnElement[bool]:
    """Match rows whose column has the address or name anywhere, as text or in JSON."""
    text = sa.func.lower(as_text(column) if isinstance(column.type, sa.JSON) else column)  # of ASCII letters only
    parts = {part for form in forms(address) for part in (form, _capital(form))}
    if isinstance(column.type, sa.JSON):
        parts = {json.dumps(part)[1:-1].lower() for part in parts}
    return sa.or_(*(position(text, sa.literal(part)) > 0 for part in sorted(parts)))


def _capital(form: str) -> str:
    """Return an address with its letters beyond ASCII as capitals."""
    return "".join(letter if letter.isascii() else letter.upper() for letter in form)


# Audit entries.


def entries(store: Store, address: str) -> tuple[int, list[NamingEntry]]:
    """Return the last entry that was searched, and the entries that name the person."""
    found: list[NamingEntry] = []
    with store.read() as tx:
        first, last = tx.execute(sa.select(sa.func.min(audit.c.id), sa.func.max(audit.c.id))).one()
    for after in range((first or 1) - 1, last or 0, _ENTRIES):
        with store.read() as tx:
            found += entries_between(tx, address, after, min(after + _ENTRIES, last))
    return last or 0, found


def entries_between(tx: Tx, address: str, after: int, last: int | None = None) -> list[NamingEntry]:
    """Return the entries that name the person, after one number and up to another."""
    texts = [audit.c[name] for name in ("who", "on", "outcome", "detail")]
    query = sa.select(audit.c.id, audit.c.kind, audit.c.what, *texts).where(audit.c.id > after).order_by(audit.c.id)
    if last is not None:
        query = query.where(audit.c.id <= last)
    rows = tx.execute(query.where(sa.or_(*(may_name(column, address) for column in texts))))
    return [NamingEntry(row.id, columns) for row in rows if (columns := _naming(row, address))]


def _naming(row: sa.Row[*tuple[Any, ...]], address: str) -> tuple[str, ...]:
    """Return the columns of an entry to erase with the person."""
    columns = set()
    of_user = "@" in address or row.what.partition(".")[0] in _ABOUT_USERS
    on = of_user and row.on.lower() == address
    who = ("@" in address or row.kind == CallerKind.OPERATOR) and row.who.lower() == address
    if on or is_named(row.outcome, address) or is_within(row.detail, address) or _hands_over(row, address):
        columns |= {"outcome", "detail"}
    if on or is_named(row.on, address):
        columns.add("on")
    if who or is_named(row.who, address):
        columns.add("who")
    if who or (on and row.what in _SIGN_INS):
        columns.add("address")
    return tuple(sorted(columns))


def _hands_over(row: sa.Row[*tuple[Any, ...]], name: str) -> bool:
    """Return whether an entry names this user as responsible for a token."""
    match row.what:
        case AuditAction.TOKEN_HAND_OVER:
            return bool(row.outcome.startswith(f"from {name} to ") or row.outcome.endswith(f" to {name}"))
        case AuditAction.TOKEN_REVOKE:
            return bool(row.outcome == f"its maker is disabled: {name}")
        case _:
            return False


# Rows of runs.


def rows(store: Store, address: str) -> list[tuple[int, int]]:
    """Return run and position of each row that names the person."""
    with store.read() as tx:
        last = tx.scalar(sa.select(sa.func.max(run.c.id))) or 0
    found: list[tuple[int, int]] = []
    for after in range(0, last, _RUNS):
        with store.read() as tx:
            found += _rows_of(tx, store.key, address, after, after + _RUNS)
    return found


def _rows_of(tx: Tx, key: ServerKey, address: str, after: int, last: int) -> Iterator[tuple[int, int]]:
    texts = [run_row.c[name] for name in ("recovery_email", "before", "words", "detail", "differs")]
    candidates = sa.or_(
        is_mailbox(run_row, address), run_row.c.sealed_cells.is_not(None), *(may_name(each, address) for each in texts)
    )
    query = sa.select(run_row).where(run_row.c.run > after, run_row.c.run <= last, candidates)
    for row in tx.execute(query.order_by(run_row.c.run, run_row.c.position)):
        if f"{row.username}@{row.domain}" == address or row_names(row, cells_of(key, row), address):
            yield row.run, row.position


def row_names(row: sa.Row[*tuple[Any, ...]], cells: Mapping[str, str], address: str) -> bool:
    """Return whether a row of a run names the person anywhere but as its mailbox."""
    texts = (row.recovery_email, row.before, row.words, row.detail, row.differs)
    return any(is_within(text, address) for text in texts) or is_within(cells, address)


def cells_of(key: ServerKey, row: sa.Row[*tuple[Any, ...]]) -> dict[str, str]:
    """Return the own columns of a row; none when another key sealed them."""
    try:
        return own_cells.unseal(key, row.sealed_cells)
    except DecryptionFailed:
        return {}


def is_mailbox(table: sa.Table, address: str) -> sa.ColumnElement[bool]:
    """Match the mailbox of this address."""
    username, _, domain = address.partition("@")
    return (table.c.domain == domain) & (table.c.username == username)
