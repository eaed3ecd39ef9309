"""Notes about a file: what was not read, or was read in a way worth knowing; `core.text.notes` renders them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any


class NoteCode(StrEnum):
    """Codes of notes. They are public, and never change."""

    EXPORT_RECOGNISED = "export_recognised"
    EARLIER_ANSWER = "earlier_answer"
    ABOVE_HEADER = "above_header"
    OLD_ENCODING = "old_encoding"
    BYTES_NOT_READ = "bytes_not_read"
    LINES_IN_QUOTES = "lines_in_quotes"
    SINGLE_QUOTES = "single_quotes"
    NO_HEADER = "no_header"
    COLUMN_UNUSED = "column_unused"
    HEADER_CUT = "header_cut"
    COLUMN_WITHOUT_HEADER = "column_without_header"
    COLUMN_SECRET = "column_secret"  # noqa: S105 - a code, not a secret
    GIGABYTES = "gigabytes"
    ADDRESS_READ = "address_read"
    SUSPENDED = "suspended"
    SHEET_NOT_READ = "sheet_not_read"
    SHEET_HIDDEN = "sheet_hidden"
    ROWS_HIDDEN = "rows_hidden"
    MERGED_CELLS = "merged_cells"
    LINES_LEFT_OUT = "lines_left_out"
    PRIVATE_ADDRESSES = "private_addresses"
    NAMES_CUT = "names_cut"
    #: Of an import: passwords of new mailboxes that nobody sees, since their owners set others.
    SET_BY_OWNERS = "set_by_owners"
    AS_STORED = "as_stored"


@dataclass(frozen=True, slots=True)
class Note:
    """One note: its code, its figures, and the lines and columns that it is about.

    `figures` are what `text.notes` needs for the sentence besides. Texts from the file are masked: none is a password.
    """

    code: NoteCode
    figures: tuple[str | int, ...] = ()
    lines: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the note for storage."""
        return {"code": self.code.value, "figures": self.figures, "lines": self.lines, "columns": self.columns}


def from_json(stored: Mapping[str, Any] | str) -> Note:
    """Return a stored note; one of an earlier release is a sentence."""
    if isinstance(stored, str):
        return Note(NoteCode.AS_STORED, (stored,))
    return Note(NoteCode(stored["code"]), tuple(stored["figures"]), tuple(stored["lines"]), tuple(stored["columns"]))


def to_keep(found: Iterable[Note]) -> tuple[Note, ...]:
    """Return notes as a run keeps them: without cells, which may be those of a person."""
    return tuple(
        replace(note, figures=(*note.figures[:1], "")) if note.code is NoteCode.OLD_ENCODING else note for note in found
    )
