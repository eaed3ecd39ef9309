"""Addresses as mail programs and pages write them: `Name <address>`, `mailto:address` and the like."""

import re

import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import arrow_text
from mxlib.core.arrow_text import BLANKS, Mask

#: It begins where a word does, so that no word is tried from each of its characters.
_ADDRESS = re.compile(r"(?<![^\s@<>()\[\];,:\"])[^\s@<>()\[\];,:\"]++@[^\s@<>()\[\];,:\"]++")
_LONGEST = 400

#: Signs of cells that may hold more than an address: anywhere, and at the end.
_SUSPECT, _SUSPECT_END = "<>()[];,:", ". \t\n\f\r"
_SCHEME = r"(?:mailto|smtp|sip):"
_FORMS = re.compile(
    rf"(?:[^<>@]*+<\s*+(?:{_SCHEME})?(?P<angle>[^<>\s]++)\s*+>"
    rf"|{_SCHEME}\s*+(?P<scheme>[^\s?;,]++)(?:\?\S*+)?"
    r"|[^()@]*+\(\s*+(?P<round>[^()\s]++)\s*+\)"
    rf"|\[(?P<link>[^\[\]\s]++)\]\({_SCHEME}[^()\s]*+\)"
    r"|(?P<bare>[^\s<>()\[\];,]++))[\s.;,]*+",
    re.IGNORECASE,
)


def addresses_of(cell: str) -> list[str]:
    """Return the different addresses in a cell, in lower case."""
    return list(dict.fromkeys(found.rstrip(".").lower() for found in _ADDRESS.findall(cell[:_LONGEST])))


def holds_several(cell: str) -> bool:
    """Return whether a cell holds more than one address."""
    return cell.count("@") > 1 and len(addresses_of(cell)) > 1


def single(cell: str) -> str:
    """Return the one address in a cell; any other cell stays as it is."""
    text = cell.strip(BLANKS)
    if len(text) > _LONGEST or len(addresses_of(text)) != 1:
        return cell
    found = _FORMS.fullmatch(text)
    inner = found and next(filter(None, found.groups()), "")
    address = (inner or "").strip(".;,'")
    return address if _ADDRESS.fullmatch(address) else cell


def hold_more(cells: pa.Array) -> Mask:
    """Return which cells `read` changes."""
    found = _are_suspect(cells)
    if found.any():
        suspect = cells.filter(pa.array(found))
        found[found] = arrow_text.mask(pc.not_equal(arrow_text.each(suspect, single), suspect))
    return found


def read(cells: pa.Array) -> pa.Array:
    """Apply `single` to every cell that may need it."""
    suspect = _are_suspect(cells)
    if not suspect.any():
        return cells
    found = arrow_text.each(cells.filter(pa.array(suspect)), single)
    return pc.replace_with_mask(cells, pa.array(suspect), found)


def _are_suspect(cells: pa.Array) -> Mask:
    return arrow_text.contain_sign(cells, _SUSPECT) | arrow_text.end_with(cells, _SUSPECT_END)
