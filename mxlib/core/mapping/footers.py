"""Find sum lines and lines below a table, such as `Summe: 60` or `Page 1 of 2`: they are no mailboxes."""

import re
from collections.abc import Collection, Iterator
from enum import StrEnum
from itertools import accumulate

import numpy as np
import pyarrow as pa

from mxlib.core import arrow_text, quotas
from mxlib.core.addresses import is_username
from mxlib.core.arrow_text import BLANKS, Mask
from mxlib.core.files.sheet import Sheet
from mxlib.core.schema import MAX_CELL_LENGTH
from mxlib.core.spreadsheet_marks import NO_VALUE

#: Rows at the end of a table that are inspected, whatever they hold.
_LAST = 10

#: Rows anywhere that are inspected for their label, and characters of a label.
_MOST_INSPECTED, _LONGEST_LABEL = 200, 120

_SUMS = (
    "total|totals|grand total|sub-?total|totaal|sub-?totaal|summe|gesamt|gesamtsumme|gesamtzahl|gesamtanzahl|"
    "zwischensumme|insgesamt|anzahl|sum|count|headcount|number of|aantal|somme|sous-total|nombre de|totale|numero di|"
    "suma|número de|razem|łącznie|liczba|totalt|i alt|yhteensä|celkem|összesen|toplam|итого|всего"
)
_PEOPLE = (
    "mitarbeiter(?:innen|/innen|:innen|/-innen)?|mitarbeitende|personen|personal|leute|benutzer|nutzer|konten|einträge|"
    "zeilen|datensätze|postfächer|mitglieder|employees?|people|persons?|users?|accounts?|mailbox(?:es)?|entries|rows|"
    "records|staff|members|medewerkers?|personeel|gebruikers|accounts|mailboxen|regels|leden|employés|salariés|"
    "personnes|utilisateurs|comptes|lignes|empleados|personas|usuarios|cuentas|dipendenti|persone|utenti|righe|"
    "pracowników|osób|ansatte|anställda|personer|medarbejdere"
)
_FIGURE = r"[0-9][0-9.,' \u00a0]{0,15}"
_END = r"\s*+[:.=]*+\s*+"
_FIGURES = rf"(?:{_FIGURE})?(?:{_PEOPLE})?"
_SUM = re.compile(
    rf"[\s*=-]*+(?:(?:{_PEOPLE})\s++)?+(?:{_SUMS})"
    rf"(?P<more>(?:\s++(?:{_SUMS}|number of|of|der|de|van|des))*+\s*+[:=]?+\s*+{_FIGURES}{_END}"
    rf"{_FIGURES})[\s.*=-]*+",
    re.IGNORECASE,
)
_COUNT = re.compile(rf"[\s*=(-]*+{_FIGURE}(?:{_PEOPLE})[\s.*=)-]*+", re.IGNORECASE)

#: A cell that says of what a sum is: `60 Mitarbeiter`, or `Mitarbeiter` next to its figure.
_OF_PEOPLE = re.compile(rf"[\s*=(-]*+(?:{_FIGURE})?(?:{_PEOPLE})[\s.*=)-]*+", re.IGNORECASE)

_TABLE = (
    "liste|aufstellung|tab(?:elle|el|le|leau|la)|datei|list|file|report|document|export|lijst|bestand|rapport|"
    "fichier|lista|archivo|documento|informe"
)

#: Words that begin a line below a table. A name may begin alike, so that a figure, a colon or another word must follow.
_BELOW = re.compile(
    r"(?:[-–—_=*~.\s]{3,}"
    r"|©.*|\(c\) .*|copyright\b.*"
    r"|(?:stand|seite|page|pagina|página|strona|side|sida|druckdatum|datum|date|quelle|source|bron|hinweis|note|notes|"
    r"anmerkung|legende|legend|version|report)\s*+(?::|[0-9]).*"
    r"|(?:erstellt|ausgedruckt|gedruckt|exportiert|generiert) (?:am|von|mit|durch|um)\b.*"
    r"|(?:generated|exported|printed|created|prepared|produced) (?:by|on|at|with|from)\b.*"
    r"|(?:gegenereerd|afgedrukt|aangemaakt|geëxporteerd) (?:op|door|met)\b.*"
    r"|(?:généré|imprimé|exporté|créé) (?:le|par)\b.*|(?:generado|exportado|impreso) (?:el|por)\b.*"
    rf"|(?:ende|end|einde|fin) (?:der|of|van|de|du|del)(?: (?:the|la|de|het|el))? (?:{_TABLE})\b.*)",
    re.IGNORECASE | re.DOTALL,
)

#: Labels that are worth a look, as RE2 sees them.
_SUSPECT = rf"(?i)^[\s*=(-]*(?:(?:(?:{_PEOPLE})\s+)?(?:{_SUMS})(?:[\s:=*.-]|$)|[0-9][0-9., ]*(?:{_PEOPLE}))"


class FooterKind(StrEnum):
    """The kinds of lines that are no mailboxes."""

    SUM = "sum"
    BELOW = "below"


class _Sums:
    """The sums of the columns of a sheet, each column read once."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._sums: dict[int, list[int]] = {}

    def adds_up(self, at: int, column: int, cell: str) -> bool:
        """Return whether a figure is the sum or the number of the rows above it."""
        whole = quotas.quota(cell) or 0
        return whole > 1 and (whole == at or whole == self._of(column)[at - 1])

    def _of(self, column: int) -> list[int]:
        if column not in self._sums:
            codes, texts = arrow_text.distinct(arrow_text.stripped(self._sheet.table.column(column)))
            figures = [quotas.quota(text) or 0 if len(text) <= _LONGEST_LABEL else 0 for text in texts]
            self._sums[column] = list(accumulate(figures[code] for code in codes.tolist()))
        return self._sums[column]


def find(
    sheet: Sheet, passwords: pa.Array, *, who: Collection[int], usernames: Collection[int]
) -> dict[int, FooterKind]:
    """Return the rows that are sums of a table, or lines below it, by position.

    `who` are the columns that say whose mailbox a row is, names included; `usernames` those of usernames and
    addresses alone. A row with a password or an address is a mailbox.
    """
    found = {}
    sums = _Sums(sheet)
    for at in _labelled(sheet, who):
        cells = _cells(sheet, at)
        if not passwords[at].as_py().strip() and _is_sum(sheet, at, cells, usernames, sums):
            found[at] = FooterKind.SUM
    for at in reversed(range(max(1, len(sheet) - _LAST), len(sheet))):
        if at in found:
            continue
        cells = _cells(sheet, at)
        if passwords[at].as_py().strip() or not _is_below(sheet, at, cells, who, usernames, sums):
            break
        found[at] = FooterKind.BELOW
    return found


def _labelled(sheet: Sheet, who: Collection[int]) -> Iterator[int]:
    """Yield the rows whose label could be that of a sum; most tables have none."""
    suspect: Mask = np.zeros(len(sheet), dtype=bool)
    for column in sorted({0, *who}):
        cells = sheet.table.column(column)
        if arrow_text.are_longer(cells, MAX_CELL_LENGTH).any():
            cells = arrow_text.cut(cells, arrow_text.are_longer(cells, MAX_CELL_LENGTH))
        suspect |= arrow_text.contain(cells, _SUSPECT)
    suspect[:1] = False
    suspect[-1:] = len(sheet) > 1  # the label of the last row may be in any column
    yield from np.flatnonzero(suspect)[-_MOST_INSPECTED:].tolist()


def _cells(sheet: Sheet, at: int) -> dict[int, str]:
    """Return the filled cells of a row, by column."""
    cells = ((column, cell[:MAX_CELL_LENGTH].strip(BLANKS)) for column, cell in enumerate(sheet.table.row(at)))
    return {column: cell for column, cell in cells if cell}


def _is_sum(sheet: Sheet, at: int, cells: dict[int, str], usernames: Collection[int], sums: _Sums) -> bool:
    """Return whether a row is a sum: by its label, and by figures where a mailbox may be called so."""
    (first, label), *others = cells.items()
    if len(label) > _LONGEST_LABEL or any("@" in cell for cell in cells.values()):
        return False
    figures = [(column, cell) for column, cell in others if not _OF_PEOPLE.fullmatch(cell)]
    if any(cell != NO_VALUE and quotas.quota(cell) is None for _, cell in figures):
        return False
    is_who = first in usernames
    may_be_one = is_who and is_username(label.lower())
    if _COUNT.fullmatch(label):
        return not may_be_one
    if not (found := _SUM.fullmatch(label)):
        return False
    if may_be_one:
        return len(figures) < len(others) or _prove(at, figures, sums)
    if ":" in label or any(sign.isalnum() for sign in found["more"]) or len(figures) < len(others):
        return True
    return (not is_who and (bool(others) or at == len(sheet) - 1)) or _prove(at, figures, sums)


def _prove(at: int, figures: list[tuple[int, str]], sums: _Sums) -> bool:
    """Return whether one of the figures is a sum of the rows above."""
    return any(cell == NO_VALUE or sums.adds_up(at, column, cell) for column, cell in figures)


def _is_below(
    sheet: Sheet, at: int, cells: dict[int, str], who: Collection[int], usernames: Collection[int], sums: _Sums
) -> bool:
    """Return whether one of the last rows is below the table: a remark, or a sum without a label."""
    if any("@" in cell for cell in cells.values()):
        return False
    ((first, text), *others) = cells.items()
    if not others and len(sheet.header) > 1 and _BELOW.fullmatch(text):
        return first not in usernames or not is_username(text.lower())
    if cells.keys() & set(who) or any(quotas.quota(cell) is None for cell in cells.values()):
        return False
    return at > 1 and all(sums.adds_up(at, column, cell) for column, cell in cells.items())
