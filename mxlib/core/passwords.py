"""Passwords: checks of cells, and generation of new ones."""

import re
import secrets
import string
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import arrow_text, formula_guard
from mxlib.core.arrow_text import BEYOND_ASCII, Mask
from mxlib.core.schema import COLUMNS, MASK, MAX_CELL_LENGTH, ROW_METADATA

MIN_GENERATED_LENGTH = 16

#: Letters and digits that people do not confuse with each other.
_UPPER = "".join(sorted(set(string.ascii_uppercase) - set("OI")))
_LOWER = "".join(sorted(set(string.ascii_lowercase) - set("l")))
_DIGITS = "".join(sorted(set(string.digits) - set("01")))
_ALIKE_IN_NO_FONT = _UPPER + _LOWER + _DIGITS

#: Special in every password rule (an underscore is not). Inside a password they mean nothing to shells,
#: spreadsheets, URLs and link finders.
_SPECIAL = "-+="

_BULLET = MASK[0]
_MASKED = re.compile(rf"{_BULLET}{{4}}|^{_BULLET}+$")

_PROBABLE = re.compile(r"(?=.*[A-Z])(?=.*[a-z])(?=.*[0-9])[^\s@]+")

#: Cells without a password: empty, asterisks (Google's exports), or what is left of a mask.
_NONE = rf"^[*{_BULLET}]*$|{_BULLET}{{4}}"

#: Characters that nobody can type, and that may cut a password short where it is hashed.
_CONTROLS = "".join(map(chr, [*range(0x20), 0x7F]))

#: Sets of characters that are looked for at once, and the bits by which `arrow_text.classes` tells them.
_CLASSES = (string.ascii_uppercase, string.ascii_lowercase, string.digits, string.punctuation, _CONTROLS)
_UPPER_LOWER_DIGIT, _PUNCTUATION, _CONTROL = 0b111, 0b1000, 0b1_0000

#: Characters that nobody sees: blanks without width, marks of direction, soft hyphens; and what replaces a lost one.
_INVISIBLE = r"[\x{AD}\x{180E}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{2066}-\x{2069}\x{FEFF}\x{FFFD}]"

#: Blanks that no keyboard types.
_ODD_BLANKS = r"[\x{A0}\x{1680}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}]"

#: Password hashes of other systems: with a scheme in braces, as `crypt` writes them, or as digits of MD5 and SHA.
_SHORTEST_HASH = 16
_HASH = (
    r"^(?:\{(?i:S?SHA-?[0-9]*(?:-CRYPT)?|S?MD5(?:-CRYPT)?|CRYPT|(?:BLF|DES)-CRYPT|BCRYPT|ARGON2(?:ID?)?|PBKDF2\S*|SCRYPT|"
    r"(?:CRAM|DIGEST|HMAC)-MD5|NTLM?|LANMAN|PLAIN(?:-MD[45]|-TRUNC)?|CLEAR(?:TEXT)?|SCRAM-SHA-[0-9]+|OTP|X-[A-Z0-9-]+)"
    r"(?i:\.(?:B64|HEX|BASE64))?\}\S+"
    r"|\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|md5|sha1|argon2(?:id?|d)?|scrypt|pbkdf2[a-z0-9-]*|bcrypt[a-z0-9-]*|P|H)\$\S{8,}"
    r"|(?:pbkdf2_sha(?:1|256)|argon2|bcrypt(?:_sha256)?)\$\S{8,}"
    r"|\*[0-9A-F]{40}|[0-9a-f]{32}|[0-9A-F]{32}|[0-9a-f]{40}|[0-9A-F]{40}|[0-9a-f]{64}|[0-9A-F]{64}|[0-9a-f]{128})$"
)


@dataclass(frozen=True)
class PasswordScan:
    """Findings about the password cells of all rows.

    In `lacking`, bit n is set when NEEDS[n] of `core.text.findings` is unmet.
    """

    missing: Mask
    lacking: npt.NDArray[np.int64]
    blank_at_an_end: Mask
    untypable: Mask
    no_special: Mask
    formula: Mask
    hashed: Mask
    odd_blank: Mask


def scan(cells: pa.Array) -> PasswordScan:
    """Check every password against MXroute's published rule, which counts ASCII letters and digits only."""
    trimmed = arrow_text.stripped(cells)
    missing = arrow_text.is_blank(trimmed) | arrow_text.contain_sign(trimmed, "*" + BEYOND_ASCII)
    missing[missing] = arrow_text.contain(trimmed.filter(pa.array(missing)), _NONE)
    blank_at_an_end = ~missing & arrow_text.mask(pc.not_equal(trimmed, cells))
    plain = bool(pc.all(pc.string_is_ascii(cells)).as_py())
    never = np.zeros(len(cells), dtype=bool)
    invisible = never if plain else ~missing & arrow_text.contain(cells, _INVISIBLE)
    blank_at_an_end &= ~invisible
    has = arrow_text.classes(cells, *_CLASSES)
    short = arrow_text.mask(pc.less(pc.utf8_length(cells), 8))
    lacking = short.astype(np.int64) | (~has & _UPPER_LOWER_DIGIT).astype(np.int64) << 1
    return PasswordScan(
        missing=missing,
        lacking=np.where(missing, 0, lacking),
        blank_at_an_end=blank_at_an_end,
        untypable=invisible | (~missing & ~blank_at_an_end & (has & _CONTROL != 0)),
        no_special=~missing & (has & _PUNCTUATION == 0),
        formula=~missing & formula_guard.are_formulas(cells),
        hashed=are_hashes(cells) & ~missing,
        odd_blank=never if plain else ~missing & ~blank_at_an_end & arrow_text.contain(cells, _ODD_BLANKS),
    )


def are_hashes(cells: pa.Array) -> Mask:
    """Return which passwords look like hashes; only long or oddly started ones are inspected."""
    suspect = arrow_text.mask(pc.greater_equal(pc.binary_length(cells), _SHORTEST_HASH))
    suspect |= arrow_text.begin_with(cells, "{$*")
    if suspect.any():
        suspect[suspect] = arrow_text.contain(cells.filter(pa.array(suspect)), _HASH)
    return suspect


def is_missing(cell: str) -> bool:
    """Return whether a cell has no password, but is empty, blank or a mask."""
    return bool(scan(arrow_text.texts([cell])).missing[0])


def is_masked(text: str) -> bool:
    """Return whether a cell has a mask, or part of one, instead of a password."""
    return _MASKED.search(text.strip(arrow_text.BLANKS)) is not None


def looks_like_one(cell: str) -> bool:
    """Return whether a cell of a table without a header is probably a password.

    It is when it has all that MXroute requires of one.
    """
    return 8 <= len(cell) <= MAX_CELL_LENGTH and _PROBABLE.fullmatch(cell) is not None


def generate(length: int = MIN_GENERATED_LENGTH) -> str:
    """Generate a password that MXroute accepts, that survives a spreadsheet and can be read out.

    It starts with a letter, ends with a letter or a digit, and has one special character in between: some 93 bits at
    16 characters. Raises ValueError when `length` is below 16.
    """
    if length < MIN_GENERATED_LENGTH:
        raise ValueError(f"a generated password has {MIN_GENERATED_LENGTH} characters or more")
    while True:
        signs = [secrets.choice(_UPPER + _LOWER), *(secrets.choice(_ALIKE_IN_NO_FONT) for _ in range(length - 1))]
        signs[1 + secrets.randbelow(length - 2)] = secrets.choice(_SPECIAL)
        if all(set(kind).intersection(signs) for kind in (_UPPER, _LOWER, _DIGITS)):
            return "".join(signs)


def fill(validated: pd.DataFrame) -> pd.DataFrame:
    """Return the rows, with a generated password wherever a new mailbox lacks one.

    Rows that are invalid for other reasons get theirs too: once fixed, they are ready. A mailbox that exists keeps
    its own: a password that was generated before its existence was known is removed. The result has no verdicts.
    """
    rows = validated[[*COLUMNS, *ROW_METADATA]]
    generated, exists = rows["generated"].to_numpy(bool), validated["exists"].to_numpy(bool)
    missing = scan(arrow_text.cells_of(rows["password"])).missing & ~exists
    needless = generated & exists
    if not (missing | needless).any():
        return rows
    filled = rows["password"].to_numpy(dtype=object, copy=True)
    filled[missing] = [generate() for _ in range(int(missing.sum()))]
    filled[needless] = ""
    return rows.assign(
        password=pd.Series(filled, index=rows.index, dtype="str"), generated=(generated | missing) & ~needless
    )
