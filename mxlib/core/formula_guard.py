"""Protection against CSV injection: cells that would be formulas are guarded in exports and unguarded when read."""

import re

import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import arrow_text
from mxlib.core.arrow_text import Mask

#: Characters that start a formula, or that a spreadsheet skips to find one (OWASP, CSV injection); full-width too.
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

#: A cell that is a formula, as RE2 sees it, and the first signs that make one worth that look.
_FORMULA = f"^[{re.escape(''.join(STARTS))}]"
_SUSPECT_START = "".join(start for start in STARTS if start.isascii()) + arrow_text.BEYOND_ASCII

#: `="00123"`: the way in which people make Excel keep text unchanged.
_FORCED = r'^="(.*)"$'


def guard(cell: str) -> str:
    """Put a tab before a cell that a spreadsheet would take for a formula.

    A cell that begins with a tab gets another one, so that `unguard` restores it.
    """
    return "\t" + cell if cell.startswith(STARTS) else cell


def unguard(cell: str) -> str:
    """Restore a cell that `guard` returned, by removing exactly one leading tab."""
    return cell.removeprefix("\t")


def are_formulas(cells: pa.Array) -> Mask:
    """Return a mask of the cells that a spreadsheet would calculate."""
    suspect = arrow_text.begin_with(cells, _SUSPECT_START)
    if suspect.any():
        suspect[suspect] = arrow_text.contain(cells.filter(pa.array(suspect)), _FORMULA)
    return suspect


def plain(cells: pa.Array) -> pa.Array:
    """Return cells without blanks, guards and `="…"` around them; never use it for passwords."""
    bare = arrow_text.stripped(cells)
    if not pc.any(pc.starts_with(bare, '="')).as_py():
        return bare
    return arrow_text.stripped(pc.replace_substring_regex(bare, _FORCED, r"\1"))
