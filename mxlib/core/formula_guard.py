"""Cells that a spreadsheet would take for formulas: made harmless on the way out, taken back on the way in."""

import re

import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import arrow_text
from mxlib.core.arrow_text import Mask

#: What makes a spreadsheet calculate, or look at what comes next (OWASP, CSV injection); full-width signs do, too.
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

#: `="00123"`: how people make Excel leave a text alone.
_FORCED = r'^="(.*)"$'


def guard(cell: str) -> str:
    """A cell with a tab before what would start a formula; a tab gets one more, so that `unguard` gives it back."""
    return "\t" + cell if cell.startswith(STARTS) else cell


def unguard(cell: str) -> str:
    """What `guard` was given: exactly one leading tab less."""
    return cell.removeprefix("\t")


def are_formulas(cells: pa.Array) -> Mask:
    """Which cells a spreadsheet would calculate."""
    return arrow_text.contain(cells, f"^[{re.escape(''.join(STARTS))}]")


def plain(cells: pa.Array) -> pa.Array:
    """Cells without blanks, guards and forced text around them; never for passwords."""
    bare = arrow_text.stripped(cells)
    if not pc.any(pc.starts_with(bare, '="')).as_py():
        return bare
    return arrow_text.stripped(pc.replace_substring_regex(bare, _FORCED, r"\1"))
