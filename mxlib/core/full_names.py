"""The full name of the person whose mailbox it is: its normal form, and the characters that it may have."""

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import arrow_text, formula_guard
from mxlib.core.arrow_text import Mask
from mxlib.core.schema import MASK, NAME
from mxlib.core.text import findings

#: Line breaks, other control characters and direction marks: they hide the real characters of a name.
_INVISIBLE = r"[\p{Cc}\x{2028}-\x{202E}\x{2066}-\x{2069}]"


def names(column: pd.Series) -> pa.Array:
    """Return each name as stored: without blanks, guards and `="…"` around it."""
    return formula_guard.plain(arrow_text.cells_of(column))


def are_invalid(names: pa.Array) -> Mask:
    """Return which names have a character that no page shows, or a masked password."""
    odd: Mask = ~arrow_text.mask(pc.ascii_is_printable(names))  # most names are plain ASCII, and need no other check
    rest = names.filter(pa.array(odd))
    odd[odd] = arrow_text.contain(rest, _INVISIBLE) | arrow_text.mask(pc.match_substring(rest, MASK))
    return odd


def are_damaged(names: pa.Array) -> Mask:
    """Return which names have a sign in place of a lost letter."""
    suspect: Mask = arrow_text.contain_sign(names, "?" + arrow_text.BEYOND_ASCII)
    suspect[suspect] = arrow_text.contain(names.filter(pa.array(suspect)), r"[?\x{FFFD}]")
    return suspect


def trouble(name: str) -> str:
    """Return what is wrong with one name; blank when nothing is."""
    if len(name) > NAME.max_length:
        return findings.too_long(NAME.name)
    return findings.full_name(name) if are_invalid(arrow_text.texts([name])).any() else ""
