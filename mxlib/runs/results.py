"""The results of a run: every input row, with its true outcome."""

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from mxlib.core import client_setup
from mxlib.core.files import writer
from mxlib.core.reasons import Reason
from mxlib.core.schema import COLUMNS, SCHEMA, VALUES
from mxlib.core.text import reasons
from mxlib.core.vocabulary import DONE, OPEN, Action, Outcome, RowReason
from mxlib.runs import messages
from mxlib.store import Store, journal, known_passwords, own_cells, run_passwords
from mxlib.store.encryption import DecryptionFailed
from mxlib.store.records import RowRecord

#: What the results add to a row's own columns.
ADDED = ("line", "address", "name", "outcome", "reason", "host_quota", "host_limit", "password")

#: What the results add after that. Programs read a CSV by the position of its columns: new ones come last.
SETTINGS = ("recovery_email", "quota", "limit", "server", "imap_port", "smtp_port")

#: What a person reads first: who gets which mailbox, its password and its settings; then what happened.
_FIRST = (
    "name", "address", "password", "recovery_email", "quota", "host_quota", "limit", "host_limit", "server",
    "imap_port", "smtp_port", "outcome", "reason",
)  # fmt: skip

#: What a letter of a mail merge needs, before the row's own columns.
MAIL_MERGE = ("name", "address", "password", "recovery_email", "server", "imap_port", "smtp_port")

#: The earlier state of an existing mailbox; shown when a row has one.
OLD = tuple(f"old_{column.name}" for column in VALUES)

#: The column for rows whose own columns cannot be decrypted.
OWN = "own columns"

#: How results leave; text cells of a workbook stay what they are, a CSV in a spreadsheet may not.
KINDS = ("xlsx", "csv")

_PORTS = {f"{each.name.lower()}_port": str(each.port) for each in client_setup.SERVICES}

#: The file in the zip of rows whose domain is not written to.
ELSEWHERE = "other-rows"


@dataclass(frozen=True, slots=True)
class RowVisibility:
    """The rows that a reader may see, and the domains whose figures may be shown."""

    shows_figures: Callable[[str], bool]
    shows: Callable[[RowRecord], bool]


#: The own cells of a row, by the names of their columns.
Cells = dict[str, str]

_FRAME = {
    "line": "int64",
    "address": "str",
    "outcome": "str",
    "reason": "str",
    **{column.name: "Int64" if column.is_number else "str" for column in VALUES},
    "host_quota": "Int64",
    "host_limit": "Int64",
    **{f"old_{column.name}": "Int64" if column.is_number else "str" for column in VALUES},
}


#: The visibility of a reader who may see everything.
EVERYTHING = RowVisibility(lambda _domain: True, lambda _row: True)


def rows_frame(
    store: Store, run: int, *, with_passwords: bool = False, seen: RowVisibility = EVERYTHING
) -> pd.DataFrame:
    """Return every row of a run, in file order.

    The columns are line, address, outcome, reason, those of VALUES (quota, limit, recovery_email, name), host_quota
    and host_limit. The earlier state of the mailbox is in the same columns with the prefix `old_`; a row without an
    earlier mailbox has none. With `with_passwords` also `password`, filled for each mailbox made and blank otherwise.
    Here and below, `seen` says which rows are shown, and in which domains figures of mailboxes that existed before
    the run may be shown.
    """
    rows = rows_of(store, run, seen)
    columns = {name: [getattr(row, name) for row in rows] for name in _FRAME if name not in OLD}
    columns |= {name: [old_values(row)[name] for row in rows] for name in OLD}
    frame = pd.DataFrame(columns).astype(_FRAME)
    if with_passwords:
        passwords = passwords_of(store, run, rows)
        frame["password"] = pd.Series([passwords.get(row.position, "") for row in rows], dtype="str")
    return frame


def rows_of(store: Store, run: int, seen: RowVisibility = EVERYTHING) -> list[RowRecord]:
    """Return every row in file order."""
    with store.read() as tx:
        shown = list(filter(seen.shows, journal.rows(tx, run)))
    return [
        row if row.action != Action.DELETE or seen.shows_figures(row.domain) else _without_figures(row) for row in shown
    ]


def all_rows(
    store: Store, run: int, *, with_passwords: bool = False, seen: RowVisibility = EVERYTHING
) -> list[tuple[RowRecord, str]]:
    """Return every row in file order, with the password of the mailbox it made.

    The password is blank without `with_passwords`, and where it was changed since.
    """
    rows = rows_of(store, run, seen)
    passwords = passwords_of(store, run, rows) if with_passwords else {}
    return [(row, passwords.get(row.position, "")) for row in rows]


def password_of(store: Store, run: int, row: RowRecord) -> str:
    """Return the password of a mailbox that the run made.

    It is blank where MXM has none, or something changed it since.
    """
    return passwords_of(store, run, [row]).get(row.position, "")


def passwords_of(store: Store, run: int, rows: Iterable[RowRecord]) -> dict[int, str]:
    """Return the passwords of mailboxes that these rows made, by position.

    One is blank where something changed it since.
    """
    done = {row.position: row for row in rows if row.outcome in DONE}
    passwords = _opened(store, run, done.values())
    with store.read() as tx:
        changed = known_passwords.changed_since(tx, run, {done[position].address for position in passwords})
    return {at: "" if done[at].address in changed else password for at, password in passwords.items()}


def old_values(row: RowRecord) -> dict[str, object]:
    """Return the earlier state of a row's mailbox, by names of `OLD`.

    Unknown figures give None, unknown texts are blank.
    """
    was = row.was
    return {
        f"old_{column.name}": was.get(column.name) if column.is_number else str(was.get(column.name) or "")
        for column in VALUES
    }


@dataclass(frozen=True, slots=True)
class Layout:
    """The order of columns of a file of results, and the delimiter of a CSV.

    `server` is the mail server that mail apps connect to. With `mail_merge`, the file has only people with a password,
    and the columns that a letter needs.
    """

    server: str = ""
    for_people: bool = True
    delimiter: str = ","
    mail_merge: bool = False


#: The order of columns on which programs rely.
FOR_PROGRAMS = Layout(for_people=False)


def results_file(
    store: Store, run: int, kind: str, seen: RowVisibility = EVERYTHING, layout: Layout = FOR_PROGRAMS
) -> bytes:
    """Return every input row with its own columns, outcome, MXroute's figures and new passwords.

    Only mailboxes that the run made have one, as long as nothing changed it. `kind` is `xlsx`, whose text cells no
    spreadsheet calculates, or `csv`.
    """
    rows = rows_of(store, run, seen)
    passwords = passwords_of(store, run, rows)
    if layout.mail_merge:
        rows = _to_merge(rows, passwords)
    return _file(_with_own_cells(store, run, rows), passwords, kind, layout)


def results_csv(store: Store, run: int, seen: RowVisibility = EVERYTHING) -> bytes:
    """Return the results as CSV for programs."""
    return results_file(store, run, "csv", seen)


def results_zip(store: Store, run: int, seen: RowVisibility = EVERYTHING, layout: Layout = FOR_PROGRAMS) -> bytes:
    """Return the results by domain, as .xlsx and CSV: nobody gets the passwords of other domains."""
    rows = rows_of(store, run, seen)
    passwords = passwords_of(store, run, rows)
    with store.read() as tx:
        record = journal.get_run(tx, run)
    shown = {row.domain for row in rows}
    files: dict[str, list[tuple[RowRecord, Cells]]] = {
        name: [] for name in (record.domains if record else ()) if name in shown
    }
    for row, cells in _with_own_cells(store, run, rows):
        files.setdefault(row.domain if row.domain in files else ELSEWHERE, []).append((row, cells))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, some in files.items():
            for kind in KINDS:
                archive.writestr(f"{name}.{kind}", _file(some, passwords, kind, layout))
    return packed.getvalue()


def mail_merge_by(
    store: Store, run: int, seen: RowVisibility, layout: Layout, groups: Mapping[str, str]
) -> dict[str, bytes]:
    """Return a workbook for mail merge of each group of domains.

    `groups` has the group of each domain.
    """
    rows = rows_of(store, run, seen)
    passwords = passwords_of(store, run, rows)
    found: dict[str, list[tuple[RowRecord, Cells]]] = {}
    for row, cells in _with_own_cells(store, run, _to_merge(rows, passwords)):
        found.setdefault(groups[row.domain], []).append((row, cells))
    return {name: _file(some, passwords, "xlsx", layout) for name, some in found.items()}


def _to_merge(rows: Iterable[RowRecord], passwords: Mapping[int, str]) -> list[RowRecord]:
    """Return the rows whose people get a password."""
    return [row for row in rows if passwords.get(row.position, "") not in ("", messages.UNREADABLE)]


def failed_csv(store: Store, run: int, seen: RowVisibility = EVERYTHING) -> bytes:
    """Return the rows that are not done as CSV."""
    return failed_file(store, run, "csv", seen)


def failed_file(
    store: Store, run: int, kind: str, seen: RowVisibility = EVERYTHING, layout: Layout = FOR_PROGRAMS
) -> bytes:
    """Return every row that is not done, in the import format with outcome and reason. `kind` is `xlsx` or `csv`."""
    rows = [row for row in rows_of(store, run, seen) if row.outcome not in DONE]
    passwords = _opened(store, run, rows)
    lines = (
        (
            *(
                passwords.get(row.position, "") if column.is_secret else _cell(getattr(row, column.name))
                for column in SCHEMA
            ),
            row.outcome,
            row.reason or (reasons.NOT_YET if row.outcome in OPEN else ""),
        )
        for row in rows
    )
    header = (*COLUMNS, "outcome", "reason")
    if kind == "csv":
        return writer.table_csv(header, lines, verbatim={"password"}, delimiter=layout.delimiter)
    return writer.table_xlsx(header, lines, verbatim={"password"})


def _file(rows: Sequence[tuple[RowRecord, Cells]], passwords: dict[int, str], kind: str, layout: Layout) -> bytes:
    own = dict.fromkeys(name for _, cells in rows for name in cells)
    old = OLD if any(row.was for row, _ in rows) else ()
    added: tuple[str, ...] = (*ADDED[:-1], *old, ADDED[-1], *SETTINGS)
    renamed: tuple[str, ...] = added
    if layout.mail_merge:
        added = renamed = MAIL_MERGE
    elif layout.for_people:
        added = renamed = (*_FIRST, *old, *(name for name in added if name not in (*_FIRST, *old)))
    else:  # an own column that was there under its own name stays so
        taken = {name.casefold() for name in own}
        renamed = tuple(f"{name} (MXM)" if name in SETTINGS and name in taken else name for name in added)
    header = [f"{name} (file)" if name.casefold() in renamed else name for name in own]
    lines = (
        _ordered([values[name] for name in added], [cells.get(name, "") for name in own], for_people=layout.for_people)
        for row, cells in rows
        for values in (_values(row, passwords.get(row.position), layout.server),)
    )
    columns = _ordered([*renamed], header, for_people=layout.for_people)
    if kind == "csv":
        return writer.table_csv(columns, lines, verbatim={"password"}, delimiter=layout.delimiter)
    return writer.table_xlsx(columns, lines, verbatim={"password"})


def _ordered(added: list[str], own: list[str], *, for_people: bool) -> list[str]:
    return [*added, *own] if for_people else [*own, *added]


def _values(row: RowRecord, password: str | None, server: str) -> dict[str, str]:
    """Return the cells of a row by the names of `ADDED`, `OLD` and `SETTINGS`.

    `password` is blank when it was changed since, and None without one.
    """
    to_use = server if row.outcome in DONE and row.action != Action.DELETE else ""
    set_by_owner = reasons.SET_BY_OWNER if row.set_by_owner and row.outcome in DONE else ""
    return {
        "line": str(row.line or ""),
        "address": row.address,
        "name": row.name,
        "outcome": row.outcome,
        "reason": " ".join(filter(None, (row.reason, reasons.OTHER_PASSWORD if password == "" else "", set_by_owner))),
        "host_quota": _cell(row.host_quota),
        "host_limit": _cell(row.host_limit),
        **{name: _cell(value) for name, value in old_values(row).items()},
        "password": password or "",
        "recovery_email": row.recovery_email,
        "quota": _cell(row.quota),
        "limit": _cell(row.limit),
        "server": to_use,
        **{name: _PORTS[name] if to_use else "" for name in ("imap_port", "smtp_port")},
    }


def _with_own_cells(store: Store, run: int, rows: Sequence[RowRecord]) -> list[tuple[RowRecord, Cells]]:
    """Return rows with their own cells, without columns that only hidden rows filled in.

    The header of such a column may be about the hidden rows.
    """
    found = [(row, _own(store, row)) for row in rows]
    with store.read() as tx:
        record = journal.get_run(tx, run)
    if record is None or len(rows) == record.total:
        return found
    used = {name for _, cells in found for name, cell in cells.items() if cell.strip()}
    return [(row, {name: cell for name, cell in cells.items() if name in used}) for row, cells in found]


def own_cells_of(store: Store, row: RowRecord) -> Cells:
    """Return the row's own cells by their columns; none if the key is lost."""
    try:
        return own_cells.unseal(store.key, row.sealed_cells)
    except DecryptionFailed:
        return {}


def _own(store: Store, row: RowRecord) -> Cells:
    """Return the row's own cells; if the key is lost, say so in their place."""
    found = own_cells_of(store, row)
    return found if found or row.sealed_cells is None else {OWN: messages.OWN_UNREADABLE}


def _without_figures(row: RowRecord) -> RowRecord:
    """Return a row that deletes without what its mailbox has or had."""
    row = replace(row, host_quota=None, host_limit=None, before={})
    return row.with_reason(Reason(RowReason.NOT_AS_PLANNED)) if row.outcome == Outcome.SKIPPED else row


def _opened(store: Store, run: int, rows: Iterable[RowRecord]) -> dict[int, str]:
    sealed = {row.position: row.sealed_password for row in rows if row.sealed_password is not None}
    with store.read() as tx:
        try:
            return run_passwords.opened(tx, store.key, run, sealed)
        except DecryptionFailed:
            return dict.fromkeys(sealed, messages.UNREADABLE)


def _cell(value: object) -> str:
    return "" if value is None else str(value)
