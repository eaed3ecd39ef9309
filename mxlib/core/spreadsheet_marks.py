"""Traces that spreadsheets leave in cells: failed formulas, formulas without a value, dates, and changed names."""

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import arrow_text
from mxlib.core.arrow_text import Mask

#: The cell of a formula whose value the workbook does not have.
NO_VALUE = "#NO_VALUE!"
#: The start of a cell that holds a date or a time in the workbook; its ISO form follows.
DATE = "#DATE! "

#: Errors of formulas as spreadsheets write them, in any language; RE2 and Python read it alike.
FAILED = (
    r"(?i)^(?:#[¡¿]?[\p{L}/0_. -]{1,24}[!?]|#(?:N/A|NV|N/D|N/B|I/T|N/V|GETTING_DATA|SAKNAS|FIELD|BUSY|ÜBERLAUF)|"
    r"#?(?:Err|Fehler|Erreur|Fout):?\d{3}!?)$"
)
#: Cells that may have a trace; cheap to find.
_SUSPECT = r"^(?:#|[EeFf][Rr]?[A-Za-z]{1,5}:)"
#: Bytes of a column that are searched at a time.
_PIECE = 1 << 20
_NO_VALUE = rf"(?i)^{NO_VALUE}$"
_DATE = rf"(?i)^{DATE}"

_MONTHS = (
    ("jan", "january", "januar", "januari"), ("feb", "february", "februar", "februari"),
    ("mar", "march", "mrz", "mär", "märz", "mrt", "maart"), ("apr", "april"), ("may", "mai", "mei"),
    ("jun", "june", "juni"), ("jul", "july", "juli"), ("aug", "august", "augustus"),
    ("sep", "sept", "september"), ("oct", "october", "okt", "oktober"), ("nov", "november"),
    ("dec", "december", "dez", "dezember"),
)  # fmt: skip
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
_MONTH_AND_DAY = re.compile(r"([a-z]{3,9})[-. ]?([0-9]{1,2})|([0-9]{1,2})[-. ]?([a-z]{3,9})")
_TWO_NUMBERS = re.compile(r"([0-9]{1,2})[-]([0-9]{1,2})")
_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?(?:e[+-]?[0-9]{1,2})?")


def any_in(cells: pa.Array) -> bool:
    """Return whether any cell may have a trace; most tables have none."""
    data = memoryview(cells.buffers()[-1] or b"")
    pieces = (bytes(data[at : at + _PIECE]) for at in range(0, len(data), _PIECE))
    if not any(b"#" in piece or b":" in piece for piece in pieces):  # every trace has one; much faster than the pattern
        return False
    return bool(pc.any(pc.match_substring_regex(cells, _SUSPECT)).as_py())


def failed(cells: pa.Array) -> Mask:
    """Return which cells hold the error of a formula."""
    return arrow_text.contain(cells, FAILED) & ~without_value(cells)


def without_value(cells: pa.Array) -> Mask:
    """Return which cells hold a formula without a value."""
    return arrow_text.contain(cells, _NO_VALUE)


def dates(cells: pa.Array) -> Mask:
    """Return which cells hold a date or a time of a workbook."""
    return arrow_text.contain(cells, _DATE)


def changed_forms(name: str) -> Iterator[str]:
    """Yield the texts, in lower case, that a spreadsheet may write instead of a username."""
    if found := _MONTH_AND_DAY.fullmatch(name):
        month, number = _MONTH.get(found[1] or found[4], 0), int(found[2] or found[3])
        if month:
            yield from _dates(number, month)
    elif found := _TWO_NUMBERS.fullmatch(name):
        first, second = int(found[1]), int(found[2])
        for month, day in ((first, second), (second, first)):
            if 1 <= month <= 12:
                yield from _dates(day, month)
    elif _NUMBER.fullmatch(name) and (name.startswith("0") or not name.isdigit()):
        value = float(name)
        yield from {f"{value:.15g}", f"{value:.2e}", f"{value:.0e}", f"{value:.1e}", f"{value:g}"} - {name}


def _dates(day: int, month: int) -> Iterator[str]:
    """Yield a day of a month, or a month of a year, as text."""
    for short in _MONTHS[month - 1]:
        if 1 <= day <= 31:
            yield from (
                f"{day}-{short}",
                f"{day:02}-{short}",
                f"{day}. {short}",
                f"{day:02}. {short}",
                f"{day}/{short}",
            )
        yield f"{short}-{day:02}"


def restored(cells: pa.Array, original: pa.Array) -> pa.Array:
    """Return cells with the traces of `original` in place, whatever was masked of them."""
    if not any_in(original):
        return cells
    traces = failed(original) | without_value(original) | dates(original)
    return pc.if_else(pa.array(traces), original, cells) if traces.any() else cells
