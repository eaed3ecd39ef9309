"""Map a sheet to rows: the meaning of each column, and the values of its cells."""

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import address_forms, formula_guard, headers, quotas, spreadsheet_marks
from mxlib.core import arrow_text as columns
from mxlib.core.addresses import are_emails, are_usernames, domain
from mxlib.core.arrow_text import Mask
from mxlib.core.files.errors import FileRefused
from mxlib.core.files.sheet import Sheet
from mxlib.core.headers import ADDRESS
from mxlib.core.mapping import footers, secret_cells, titles
from mxlib.core.mapping.footers import FooterKind
from mxlib.core.notes import Note, NoteCode
from mxlib.core.passwords import are_hashes
from mxlib.core.schema import (
    COLUMNS,
    LAST_NAME,
    MAX_CELL_LENGTH,
    MAX_TEXT_LENGTH,
    MEANINGS,
    NAME,
    NAME_PARTS,
    RECOVERY_EMAIL,
    ROW_METADATA,
)
from mxlib.core.text import file_problems, findings

#: The meaning of a column that MXM leaves alone; the results return it nevertheless.
IGNORE = "ignore"

_NAME_PARTS = frozenset(part.name for part in NAME_PARTS)

#: Columns whose cells may hold an address in another form, such as `Name <address>`.
_ADDRESSES = frozenset({"username", ADDRESS, "recovery_email"})
_HASH_FUNCTION = "passwordhashfunction"

#: Encodings that no byte order mark or rule proves, so that letters depend on a guess.
_OLD_ENCODINGS = frozenset({"windows-1250", "windows-1251", "windows-1252", "shift_jis"})


@dataclass(frozen=True, slots=True)
class ColumnConflict:
    """Two columns that claim one meaning.

    It is a question to the operator, and a refusal where nobody can be asked.
    """

    meaning: str
    first: int
    second: int
    sentence: str


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The meanings of a sheet's columns, by position.

    `names` are the headers as shown, made distinct where two are alike. `conflicts` are meanings that two columns
    claim; `columns` has the first of the two. `secret` are columns of passwords, in use or not. `name_parts` are
    columns of first and last names, which fill a blank name and remain the row's own columns.
    """

    names: tuple[str, ...]
    columns: AnyMapping[str, int]
    conflicts: tuple[ColumnConflict, ...]
    ignored: frozenset[int]
    secret: frozenset[int]
    in_gigabytes: bool
    name_parts: AnyMapping[str, int] = field(default_factory=dict)

    @property
    def unused(self) -> tuple[int, ...]:
        """Return the positions of the row's own columns: all that have no meaning here."""
        return tuple(at for at in range(len(self.names)) if at not in self.columns.values())

    @property
    def names_who(self) -> bool:
        """Return whether a column identifies the mailbox of a row."""
        return not headers.WHO.isdisjoint(self.columns)


def detect_columns(header: Sequence[str], *, chosen: AnyMapping[int, str] | None = None) -> ColumnMapping:
    """Detect the meanings of a header's columns.

    `chosen` overrides the detection by position, with one of MEANINGS or IGNORE.
    """
    chosen = chosen or {}
    found: dict[str, int] = {}
    conflicts: list[ColumnConflict] = []
    for at, (name, by_itself) in enumerate(zip(header, headers.meanings_of(header), strict=True)):
        meaning = chosen.get(at, by_itself or IGNORE)
        if meaning not in headers.MEANINGS:
            continue
        first = found.setdefault(meaning, at)
        if first != at:
            sentence = file_problems.two_columns(header[first], name, MEANINGS[meaning].plural)
            conflicts.append(ColumnConflict(meaning, first, at, sentence))
    passwords = {at for at, name in enumerate(header) if _speaks_of_passwords(name)}
    return ColumnMapping(
        names=_distinct_names(header),
        columns=found,
        conflicts=tuple(conflicts),
        ignored=frozenset(at for at, meaning in chosen.items() if meaning not in headers.MEANINGS),
        secret=frozenset(passwords | {at for at, meaning in chosen.items() if meaning == "password"}),
        in_gigabytes="quota" in found and headers.is_in_gigabytes(header[found["quota"]]),
        name_parts={meaning: at for at, meaning in chosen.items() if meaning in _NAME_PARTS},
    )


def without_secrets(sheet: Sheet, mapping: ColumnMapping) -> ColumnMapping:
    """Return the mapping with secret columns detected by content too, whatever their headers say."""
    secret = {at for at in mapping.secret if at not in mapping.unused or _is_password(sheet.header[at])}
    secret |= {at for at in mapping.unused if secret_cells.holds_secrets(sheet.header[at], sheet.table.column(at))}
    return replace(mapping, secret=frozenset(secret))


def _is_password(name: str) -> bool:
    return headers.meaning_of(name) == "password"


def _speaks_of_passwords(name: str) -> bool:
    return _is_password(name) or secret_cells.is_secret_header(name)


def rows_from_sheet(
    sheet: Sheet,
    mapping: ColumnMapping,
    *,
    usernames: pa.Array | None = None,
    known: frozenset[str] | None = None,
) -> tuple[pd.DataFrame, tuple[Note, ...]]:
    """Return the rows table of a sheet, and notes on how its columns were read.

    `usernames` are the ones to use for a sheet that has none itself. `known` are the domains of the account, None while
    they were never read. Raises FileRefused when two columns claim one
    meaning, or when no column holds usernames or addresses.
    """
    if mapping.conflicts:
        raise FileRefused(mapping.conflicts[0].sentence)
    if usernames is None and not mapping.names_who:
        raise FileRefused(file_problems.no_address_column(sheet.header))
    blank = pa.nulls(len(sheet), pa.large_string()).fill_null("")
    raw = {meaning: _with_dates(sheet, at) for meaning, at in mapping.columns.items()}
    long = {meaning: columns.are_longer(cells, MAX_CELL_LENGTH) for meaning, cells in raw.items()}
    cells = dict.fromkeys(COLUMNS, blank) | {
        meaning: _read(_bounded(cells, long[meaning], meaning), meaning, mapping) for meaning, cells in raw.items()
    }
    if usernames is not None:
        cells["username"] = usernames
    if mapping.name_parts:
        cells[NAME.name] = pc.if_else(pc.equal(cells[NAME.name], ""), _joined_names(sheet, mapping), cells[NAME.name])
    notes = list(_notes(sheet, mapping))
    if (inner := _inner_addresses(sheet, raw, long)).any():
        notes.append(Note(NoteCode.ADDRESS_READ, lines=tuple(sheet.table.lines[inner].tolist())))
    if (private := private_addresses(sheet, mapping, known)).any():
        whose = (mapping.names[mapping.columns[ADDRESS]],)
        notes.append(Note(NoteCode.PRIVATE_ADDRESSES, (int(private.sum()),), columns=_named(whose)))
    if ADDRESS in cells:
        _fill_from_addresses(cells, cells.pop(ADDRESS), known)
    if (quoted := _in_single_quotes(cells["password"])).any():
        bare = pc.utf8_slice_codeunits(cells["password"], 1, -1)
        cells["password"] = pc.if_else(pa.array(quoted), bare, cells["password"])
        notes.append(Note(NoteCode.SINGLE_QUOTES, lines=tuple(sheet.table.lines[quoted].tolist())))
    below = _below(sheet, mapping, cells["password"])
    if below:
        notes.append(Note(NoteCode.LINES_LEFT_OUT, lines=tuple(sheet.table.lines[sorted(below)].tolist())))
        if usernames is not None:  # nobody is called so
            cells["username"] = pc.if_else(pa.array(_at(below, len(sheet))), "", cells["username"])
    fault, fault_column = _faults(sheet, mapping, cells["password"], long, below)
    if (quoted := fault == findings.BLANK_BEFORE_QUOTE).any():  # what stands there is a piece of the password
        cells["password"] = pc.if_else(pa.array(quoted), "", cells["password"])
    besides = {
        "line": sheet.table.lines,
        "ticked": ~_at(below, len(sheet)),
        "origin": np.arange(len(sheet)),
        "fault": _text_column(fault),
        "fault_column": _text_column(fault_column),
    }
    index = pd.RangeIndex(len(sheet))
    rows = pd.DataFrame(
        {meaning: columns.column_of(cells[meaning], index) for meaning in COLUMNS}
        | {name: besides.get(name, plain) for name, plain in ROW_METADATA.items()},
        index=index,
    )
    return rows, tuple(notes)


def private_addresses(sheet: Sheet, mapping: ColumnMapping, known: frozenset[str] | None) -> Mask:
    """Return which rows have an address of an unknown domain next to a username.

    None where a column holds recovery emails, or the domains of the account are not `known`.
    """
    meanings = mapping.columns.keys()
    if known is None or not {"username", ADDRESS} <= meanings or RECOVERY_EMAIL.name in meanings:
        return np.zeros(len(sheet), dtype=bool)
    addresses = address_cells(sheet, mapping)
    names = pc.utf8_lower(columns.stripped(_bounded_cells(sheet, mapping.columns["username"])))
    of = columns.each(pc.replace_substring_regex(addresses, "^.*@", ""), domain)
    private: Mask = are_emails(addresses) & are_usernames(names) & ~columns.is_among(of, known)
    return private


def address_cells(sheet: Sheet, mapping: ColumnMapping) -> pa.Array:
    """Return the column of addresses as it is read."""
    return _read(_bounded_cells(sheet, mapping.columns[ADDRESS]), ADDRESS, mapping)


def _bounded_cells(sheet: Sheet, at: int) -> pa.Array:
    cells = sheet.table.column(at)
    return columns.cut(cells, columns.are_longer(cells, MAX_CELL_LENGTH))


def _inner_addresses(sheet: Sheet, raw: AnyMapping[str, pa.Array], long: AnyMapping[str, Mask]) -> Mask:
    """Return which rows have a cell with more than the address in it."""
    found = np.zeros(len(sheet), dtype=bool)
    for meaning in _ADDRESSES & raw.keys():
        found |= address_forms.hold_more(formula_guard.plain(_bounded(raw[meaning], long[meaning], meaning)))
    return found


def _below(sheet: Sheet, mapping: ColumnMapping, passwords: pa.Array) -> AnyMapping[int, FooterKind]:
    """Return the rows that are sums or lines below the table, by position."""
    usernames = {at for meaning, at in mapping.columns.items() if meaning in headers.WHO}
    names = {at for meaning, at in mapping.columns.items() if meaning == NAME.name} | set(mapping.name_parts.values())
    return footers.find(sheet, passwords, who=usernames | names, usernames=usernames)


def _at(positions: Iterable[int], rows: int) -> Mask:
    """Return a mask of the rows at some positions."""
    found = np.zeros(rows, dtype=bool)
    found[list(positions)] = True
    return found


def _in_single_quotes(passwords: pa.Array) -> Mask:
    """Return which passwords are in single quotes, if all are and there are several."""
    filled = ~columns.is_blank(passwords)
    quoted = columns.contain(passwords, "^'.+'$")
    return quoted if filled.sum() > 1 and (quoted == filled).all() else np.zeros_like(filled)


def _with_dates(sheet: Sheet, at: int) -> pa.Array:
    """Return a column in which the dates of a workbook are marked."""
    cells = sheet.table.column(at)
    if not sheet.table.dates:
        return cells
    dated = np.zeros(len(sheet), dtype=bool)
    dated[[row for row, column in sheet.table.dates if column == at]] = True
    mark, between = (pa.scalar(text, pa.large_string()) for text in (spreadsheet_marks.DATE, ""))
    marked = pc.binary_join_element_wise(mark, cells, between)
    return pc.if_else(pa.array(dated), marked, cells)


def original_cells(sheet: Sheet, origin: int, mapping: ColumnMapping) -> dict[str, str]:
    """Return a row's own columns, which have no meaning here, by name; never a password."""
    cells = sheet.table.row(origin)
    return {
        mapping.names[at]: secret_cells.own_cell(mapping.names[at], formula_guard.unguard(cells[at]))
        if at < len(cells)
        else ""
        for at in mapping.unused
        if at not in mapping.secret
    }


def _bounded(cells: pa.Array, long: Mask, meaning: str) -> pa.Array:
    """Cut the cells that are too long to inspect, as a page shows them.

    A password that is too long is left out altogether.
    """
    if not long.any():
        return cells
    return pc.if_else(pa.array(long), "", cells) if meaning == "password" else columns.cut(cells, long)


def _read(cells: pa.Array, meaning: str, mapping: ColumnMapping) -> pa.Array:
    """Return the cells of a column, read by its meaning."""
    if meaning == "password":
        typed = columns.stripped(cells)
        missing = pc.or_(pc.equal(typed, ""), pc.equal(typed, "****"))
        return pc.if_else(missing, "", cells)
    plain = formula_guard.plain(cells)
    if meaning in _ADDRESSES:
        plain = address_forms.read(plain)
    plain = spreadsheet_marks.restored(secret_cells.cover(plain, meaning), plain)
    if MEANINGS[meaning].is_lower_case:
        return pc.ascii_lower(plain)
    return columns.each(plain, _from_gigabytes) if meaning == "quota" and mapping.in_gigabytes else plain


def _from_gigabytes(cell: str) -> str:
    """Convert a quota from GB to MB.

    A cell that cannot be read, or that has its own unit, stays as it is.
    """
    megabytes = quotas.quota(f"{cell} GB")
    return cell if megabytes is None else str(megabytes)


def _joined_names(sheet: Sheet, mapping: ColumnMapping) -> pa.Array:
    """Return full names made from first and last names: titles in front, no remarks."""
    parts: list[pa.Array] = []
    in_front = None
    for part in NAME_PARTS:
        if part.name in mapping.name_parts:
            cells = sheet.table.column(mapping.name_parts[part.name])
            cells = columns.cut(cells, columns.are_longer(cells, MAX_CELL_LENGTH))
            cells = secret_cells.cover(formula_guard.plain(cells), NAME.name)
            front, bare = titles.split(cells)
            if part is LAST_NAME and parts:
                in_front, cells = front, bare
            else:
                cells = columns.stripped(pc.binary_join_element_wise(front, bare, pa.scalar(" ", pa.large_string())))
            parts.append(cells)
    if in_front is not None and pc.any(pc.not_equal(in_front, "")).as_py():
        parts.insert(0, in_front)
    joined = pc.binary_join_element_wise(*parts, pa.scalar(" ", pa.large_string()))
    return columns.stripped(pc.replace_substring(joined, "  ", " ") if len(parts) > 2 else joined)


def _fill_from_addresses(cells: dict[str, pa.Array], addresses: pa.Array, known: frozenset[str] | None) -> None:
    """Fill blank usernames and domains from full addresses.

    A filled username wins over the address; where the two agree, the address fills a blank domain. An address of a
    domain that is not `known` is a private one, and fills none. A person's name is no username next to an address.
    """
    usernames, domains = cells["username"], cells["domain"]
    blank = pc.equal(usernames, "")
    named = pc.match_substring_regex(usernames, r"^[^@]*[^@\s]\s+[^@\s][^@]*$")
    if pc.any(named).as_py():  # people's names, which are no usernames
        named = pc.and_(named, pc.match_substring_regex(addresses, r"^[^@\s]+@[^@\s]+$"))
        cells[NAME.name] = pc.if_else(pc.and_(named, pc.equal(cells[NAME.name], "")), usernames, cells[NAME.name])
        blank = pc.or_(blank, named)
    cells["username"] = pc.if_else(blank, addresses, usernames)
    whole = pc.binary_join_element_wise(usernames, pa.scalar("", pa.large_string()), pa.scalar("@", pa.large_string()))
    agreed = pc.and_(pc.invert(blank), pc.equal(domains, ""))
    if pc.any(agreed).as_py():
        local = pc.replace_substring_regex(addresses, "@[^@]*$", "@")
        agreed = pc.and_(agreed, pc.equal(local, whole))
        if known is not None:
            of = columns.each(pc.replace_substring_regex(addresses, "^.*@", ""), domain)
            agreed = pc.and_(agreed, pa.array(columns.is_among(of, known)))
        cells["domain"] = pc.if_else(agreed, pc.replace_substring_regex(addresses, "^.*@", ""), domains)


def _faults(
    sheet: Sheet,
    mapping: ColumnMapping,
    passwords: pa.Array,
    long: AnyMapping[str, Mask],
    below: AnyMapping[int, FooterKind],
) -> tuple[np.ndarray, np.ndarray]:
    """Return the fault that reading found in each row, and the column that fixes it.

    A later fault replaces an earlier one.
    """
    fault = np.full(len(sheet), "", dtype=object)
    column = np.full(len(sheet), "", dtype=object)

    def say(where: Mask | list[int] | np.ndarray, sentence: str, fixed_in: str) -> None:
        fault[where], column[where] = sentence, fixed_in

    text = sheet.options.sheet is None
    say(columns.contain_sign(passwords, "\r\n"), findings.BROKEN_PASSWORD, "password")
    crowded = sheet.table.crowded(len(sheet.header))
    say(crowded, findings.ONE_VALUE_TOO_MANY if text else findings.VALUE_WITHOUT_HEADER, "password")
    say(sorted(sheet.table.stray), findings.STRAY_QUOTE, "password")
    if text and (quoted := _blank_before_quote(sheet)).any():
        say(quoted, findings.BLANK_BEFORE_QUOTE, "password")
    for at, name in enumerate(sheet.header):
        if headers.letters(name) == _HASH_FUNCTION:
            filled = ~columns.is_blank(columns.stripped(sheet.table.column(at)))
            # The rules find the hashes that look like one by themselves.
            say(filled & ~columns.is_blank(passwords) & ~are_hashes(passwords), findings.PASSWORD_HASH, "password")
    for at, kind in below.items():
        say([at], findings.TOTAL if kind is FooterKind.SUM else findings.BELOW_THE_TABLE, "username")
    first = next((meaning for meaning, at in mapping.columns.items() if at == 0), IGNORE)
    if first != "password":
        fixed_in, cells = first if first in COLUMNS else "username", sheet.table.column(0)
        cells = columns.cut(cells, columns.are_longer(cells, MAX_CELL_LENGTH))
        comment = columns.mask(pc.starts_with(cells, "#"))
        if comment.any():
            comment &= ~(spreadsheet_marks.failed(cells) | spreadsheet_marks.without_value(cells))
            say(comment, findings.COMMENT_AMONG_ROWS, fixed_in)
    if sheet.options.header_line:
        say(_header_again(sheet, mapping), findings.HEADER_AGAIN, "username")
    if columns.are_longer(sheet.table.rows.flatten(), MAX_TEXT_LENGTH).any():
        for at in mapping.unused:
            say(
                columns.are_longer(sheet.table.column(at), MAX_TEXT_LENGTH),
                findings.text_too_long(mapping.names[at]),
                "username",
            )
    # The password comes last and wins: it was left out altogether, while other cells were only cut.
    for meaning in sorted(long, key="password".__eq__):
        say(long[meaning], findings.too_long(meaning), meaning if meaning in COLUMNS else "username")
    return fault, column


def _blank_before_quote(sheet: Sheet) -> Mask:
    """Return which rows have a cell with blanks before its opening quote."""
    values = sheet.table.rows.values
    cells = columns.contain_sign(values, '"')
    cells[cells] = columns.contain(values.filter(pa.array(cells)), r'^[ \t]+"')
    found = np.zeros(len(sheet), dtype=bool)
    if cells.any():
        rows = np.repeat(np.arange(len(sheet)), sheet.table.lengths)
        found[rows[cells[: len(rows)]]] = True
    return found


def _header_again(sheet: Sheet, mapping: ColumnMapping) -> Mask:
    """Return which rows repeat the header in every column that is used."""
    again = np.full(len(sheet), bool(mapping.columns))
    for at in mapping.columns.values():
        again &= columns.mask(pc.equal(columns.stripped(sheet.table.column(at)), sheet.header[at]))
        if not again.any():
            break
    return again


def _text_column(cells: np.ndarray) -> pd.Series:
    return columns.column_of(columns.texts(cells), pd.RangeIndex(len(cells)))


def notes_of_reading(sheet: Sheet) -> tuple[Note, ...]:
    """Return the notes about a sheet that hold whatever its columns mean."""
    if not sheet.title:
        return sheet.notes
    first, *more = sheet.title.split("\n")
    return (Note(NoteCode.ABOVE_HEADER, (secret_cells.masked(first), 1 + len(more))), *sheet.notes)


def _notes(sheet: Sheet, mapping: ColumnMapping) -> tuple[Note, ...]:
    unknown = [mapping.names[at] for at in mapping.unused if at not in mapping.ignored and sheet.header[at]]
    notes = [*notes_of_reading(sheet)]
    if sheet.options.encoding in _OLD_ENCODINGS:
        notes.append(Note(NoteCode.OLD_ENCODING, (sheet.options.encoding or "", _foreign_cell(sheet, mapping))))
    if not sheet.options.header_line and ADDRESS in mapping.columns and len(sheet.header) == 1:
        notes.append(Note(NoteCode.NO_HEADER))
    if unknown:
        notes.append(Note(NoteCode.COLUMN_UNUSED, columns=_named(unknown)))
    if cut := sum(len(name) >= headers.MAX_HEADER_LENGTH for name in sheet.header):
        notes.append(Note(NoteCode.HEADER_CUT, (cut,)))
    for at in mapping.unused:
        filled = 0 if sheet.header[at] else len(sheet.samples(at, len(sheet)))
        if filled:
            notes.append(Note(NoteCode.COLUMN_WITHOUT_HEADER, (filled,), columns=(mapping.names[at],)))
    secret = mapping.secret.intersection(without_secrets(sheet, mapping).secret, mapping.unused)
    if found := [mapping.names[at] for at in sorted(secret) if sheet.samples(at, 1)]:
        notes.append(Note(NoteCode.COLUMN_SECRET, columns=_named(found)))
    if mapping.in_gigabytes:
        notes.append(Note(NoteCode.GIGABYTES))
    return tuple(notes)


def _foreign_cell(sheet: Sheet, mapping: ColumnMapping) -> str:
    """Return a cell whose letters depend on the encoding; never a password."""
    for at in range(len(sheet.header)):
        cells = sheet.table.column(at)
        cells = columns.cut(cells, columns.are_longer(cells, MAX_CELL_LENGTH), MAX_CELL_LENGTH)
        foreign = cells.filter(pc.match_substring_regex(cells, "[^\x00-\x7f\xa0]"))
        if len(foreign) and at not in mapping.secret and at != mapping.columns.get("password"):
            return secret_cells.masked(foreign[0].as_py())
    return ""


def _named(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(map(secret_cells.masked, names))


def _distinct_names(header: Sequence[str]) -> tuple[str, ...]:
    """Return names for all columns, no two of them alike."""
    seen: Counter[str] = Counter()
    names = []
    for number, name in enumerate(header, start=1):
        title = name or f"Column {number}"
        seen[title] += 1
        names.append(title if seen[title] == 1 else f"{title} ({seen[title]})")
    return tuple(names)
