"""Sentences of the notes about a file."""

from collections.abc import Callable, Mapping, Sequence

from mxlib.core.files.encoding import ENCODINGS
from mxlib.core.format import count, listed, quoted
from mxlib.core.headers import MAX_HEADER_LENGTH
from mxlib.core.notes import Note, NoteCode

#: Lines that a sentence names one by one.
_MOST_LINES = 8


def sentence(note: Note) -> str:
    """Return the sentence of a note."""
    return _SENTENCES[note.code](note)


def sentences(notes: Sequence[Note]) -> tuple[str, ...]:
    """Return the sentences of notes, in their order."""
    return tuple(map(sentence, notes))


def _lines(lines: Sequence[int]) -> str:
    """Return `line 3` or `lines 3, 4 and 5`."""
    shown = listed([f"{line:,}" for line in lines], most=_MOST_LINES)
    return f"line {shown}" if len(lines) == 1 else f"lines {shown}"


def _named(columns: Sequence[str]) -> str:
    return listed([quoted(name) for name in columns], most=12, noun="more")


def _above_header(note: Note) -> str:
    first, rows = note.figures
    more = int(rows) - 1
    besides = f" and {count(more, 'more row')}" if more else ""
    return f"Skipped above the header: {quoted(str(first))}{besides}."


def _old_encoding(note: Note) -> str:
    encoding, cell = note.figures
    read = f"Not UTF-8, so read as {ENCODINGS.get(str(encoding), str(encoding))}"
    if cell:
        return f"{read}: look whether {quoted(str(cell))} is right."
    return f"{read}: letters with accents depend on it."


def _unused(note: Note) -> str:
    which = _named(note.columns)
    return f"Column {which} is not used." if len(note.columns) == 1 else f"Columns {which} are not used."


def _secret(note: Note) -> str:
    seem = "seems" if len(note.columns) == 1 else "seem"
    return f"{_named(note.columns)} {seem} to hold passwords: not kept, and not in the results."


def _bytes_not_read(note: Note) -> str:
    return f"Read as UTF-8, but {_lines(note.lines)} has a byte that is not: it is shown as �. Check the cell."


def _sheet_not_read(note: Note) -> str:
    name, rows = note.figures
    return f"Sheet {quoted(str(name))} holds a table too ({count(int(rows), 'row')}): it is not read."


def _suspended(note: Note) -> str:
    people = count(len(note.lines), "user")
    return f"{people} suspended in the export: {_lines(note.lines)} left out. Tick a row to import it."


def set_by_owners(mailboxes: int) -> str:
    """Say that nobody knows the first passwords of so many new mailboxes."""
    if mailboxes == 1:
        return "Nobody knows the first password of 1 new mailbox: its owner sets another one by a link."
    return f"Nobody knows the first passwords of {mailboxes:,} new mailboxes: their owners set others by links."


_SENTENCES: Mapping[NoteCode, Callable[[Note], str]] = {
    NoteCode.EXPORT_RECOGNISED: lambda note: f"Read as a {note.figures[0]}.",
    NoteCode.SET_BY_OWNERS: lambda note: set_by_owners(int(note.figures[0])),
    NoteCode.EARLIER_ANSWER: lambda note: f"Columns read as answered on {note.figures[0]}.",
    NoteCode.ABOVE_HEADER: _above_header,
    NoteCode.OLD_ENCODING: _old_encoding,
    NoteCode.BYTES_NOT_READ: _bytes_not_read,
    NoteCode.LINES_IN_QUOTES: lambda _: "Each line is one quoted cell: the quotes around the lines are left out.",
    NoteCode.SINGLE_QUOTES: lambda note: (
        f"All passwords are in single quotes: these are left out, in {_lines(note.lines)}."
    ),
    NoteCode.NO_HEADER: lambda _: "No header: read as a list of addresses.",
    NoteCode.COLUMN_UNUSED: _unused,
    NoteCode.HEADER_CUT: lambda note: (
        f"{count(int(note.figures[0]), 'header')} of over {MAX_HEADER_LENGTH} characters shown cut."
    ),
    NoteCode.COLUMN_WITHOUT_HEADER: lambda note: (
        f"{note.columns[0]} has no header and {count(int(note.figures[0]), 'filled cell')}: it is not used."
    ),
    NoteCode.COLUMN_SECRET: _secret,
    NoteCode.GIGABYTES: lambda _: "Quota is in GB in this file: converted to MB.",
    NoteCode.ADDRESS_READ: lambda note: (
        f"{count(len(note.lines), 'cell')} read as the address in it: {_lines(note.lines)}."
    ),
    NoteCode.SUSPENDED: _suspended,
    NoteCode.SHEET_NOT_READ: _sheet_not_read,
    NoteCode.SHEET_HIDDEN: lambda note: f"Sheet {quoted(str(note.figures[0]))} is hidden in the workbook.",
    NoteCode.ROWS_HIDDEN: lambda note: (
        f"{count(len(note.lines), 'row')} hidden in the spreadsheet, read nevertheless: {_lines(note.lines)}."
    ),
    NoteCode.MERGED_CELLS: lambda note: (
        f"Merged cells: the rows below have the value of the first one, in {_lines(note.lines)}."
    ),
    NoteCode.LINES_LEFT_OUT: lambda note: (
        f"{_lines(note.lines).capitalize()} {'looks' if len(note.lines) == 1 else 'look'} like a sum or a remark below "
        f"the table, not like a mailbox: left out. Tick a row to import it."
    ),
    NoteCode.PRIVATE_ADDRESSES: lambda note: (
        f"{_named(note.columns)} has addresses of other domains in {count(int(note.figures[0]), 'row')}: not used. "
        f"They may be the recovery emails."
    ),
    NoteCode.NAMES_CUT: lambda note: f"Titles, brackets and nicknames left out of usernames in {_lines(note.lines)}.",
    NoteCode.AS_STORED: lambda note: str(note.figures[0]),
}
