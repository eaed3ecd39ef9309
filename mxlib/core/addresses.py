"""Usernames, domains and email addresses: their normal form, and checks of what was typed."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import idna
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import arrow_text
from mxlib.core.arrow_text import BLANKS, Mask
from mxlib.core.schema import MAX_CELL_LENGTH

#: Valid in RE2 and in Python alike; MAX_USERNAME_LENGTH is checked besides.
USERNAME = r"[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)*"
MAX_USERNAME_LENGTH = 64

_USERNAME = re.compile(USERNAME)

#: Characters that a username can lose at its start, and anywhere, and still be the same name.
_START = re.compile(r"[\W_]*+")
_DROPPED = "'’‘`´\""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")
_LONGEST_DOMAIN = 253

#: A full address in a username cell: one @ and a domain. The part before the @ may be missing.
SPLITS = r"[^@]*@[^@]+"

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]"
EMAIL = rf"{_ATOM}+(?:\.{_ATOM}+)*@(?:{_LABEL}\.)+{_LABEL}"
MAX_EMAIL_LENGTH = 254

_EMAIL = re.compile(EMAIL)


#: ASCII letters only: the lower case of some others has two letters, or is an ASCII letter.
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}

#: Dashes of every width, which people type as a hyphen.
_DASHES = dict.fromkeys((*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63, 0xFF0D), "-")

#: Letters that Unicode does not decompose into a letter and an accent.
_SPELLED = str.maketrans({"ß": "ss", "ẞ": "ss", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d",
                          "ð": "d", "Ð": "d", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th",
                          "ı": "i"})  # fmt: skip


@dataclass(frozen=True)
class Addresses:
    """The addresses that would be sent for all rows.

    `in_name` is the domain typed in the username cell, `in_column` the one of the domain column; blank where there is
    none. `disagree` marks rows in which both are given and differ.
    """

    username: pa.Array
    domain: pa.Array
    in_name: pa.Array
    in_column: pa.Array
    disagree: Mask

    @property
    def full(self) -> pa.Array:
        """Addresses as `username@domain`."""
        return _joined(self.username, self.domain)

    @property
    def both_domains(self) -> pa.Array:
        """Both domains as `in_name@in_column`; `in_name` never contains an @."""
        return _joined(self.in_name, self.in_column)


def read(rows: pd.DataFrame, active_domain: str) -> Addresses:
    """Split usernames from domains; a blank domain means the active one.

    Overlong cells are cut first, so that no rule works on a huge text.
    """
    username = pc.ascii_lower(arrow_text.stripped(_bounded(rows["username"])))
    in_column = arrow_text.each(_bounded(rows["domain"]), domain)
    in_name = arrow_text.blanks(len(rows))
    addressed = arrow_text.contain_sign(username, "@")
    if addressed.any():
        addressed[addressed] = arrow_text.match(username.filter(pa.array(addressed)), SPLITS)
        whole = pa.array(addressed)
        parts = pc.split_pattern(username.filter(whole), "@").flatten()
        in_name = pc.replace_with_mask(in_name, whole, arrow_text.each(parts[1::2], domain))
        username = pc.replace_with_mask(username, whole, parts[0::2])
    named, given = pc.not_equal(in_name, ""), pc.not_equal(in_column, "")
    chosen = pc.if_else(named, in_name, pc.if_else(given, in_column, domain(active_domain)))
    disagree = arrow_text.mask(pc.and_(pc.and_(named, given), pc.not_equal(in_name, in_column)))
    return Addresses(username, chosen, in_name, in_column, disagree)


def _bounded(column: pd.Series) -> pa.Array:
    cells = arrow_text.cells_of(column)
    return arrow_text.cut(cells, arrow_text.are_longer(cells, MAX_CELL_LENGTH))


def _joined(before: pa.Array, after: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(before, after, pa.scalar("@", pa.large_string()))


def are_usernames(names: pa.Array) -> Mask:
    """Return a mask of the names that a new mailbox may have."""
    return arrow_text.match(names, USERNAME) & arrow_text.are_no_longer(names, MAX_USERNAME_LENGTH)


def are_emails(cells: pa.Array) -> Mask:
    """Return a mask of the cells, as `emails` returns them, that look like an address."""
    short = arrow_text.are_no_longer(cells, MAX_EMAIL_LENGTH) & arrow_text.contain(cells, "^[^@]{1,64}@")
    return short & arrow_text.match(cells, EMAIL)


def domain(cell: str) -> str:
    """Return a domain as MXroute writes it.

    That is lower case, with international names in punycode; text that is not a domain stays as typed.
    """
    name = cell.strip(BLANKS)
    if name.isascii() or len(name) > _LONGEST_DOMAIN:
        return name.lower()
    return _punycode(name)


@lru_cache(maxsize=4_096)  # each takes a tenth of a millisecond, at every edit of a preview
def _punycode(name: str) -> str:
    try:
        return idna.encode(name, uts46=True).decode()
    except UnicodeError:
        return name.lower()


def is_domain(name: str) -> bool:
    """Return whether a normalised name can be a domain at all."""
    return len(name) <= _LONGEST_DOMAIN and _DOMAIN.fullmatch(name) is not None


def email(cell: str) -> str:
    """Return an email address with ASCII letters in lower case and its domain in punycode.

    Blank stays blank, and anything else stays as typed.
    """
    text = cell.strip(BLANKS).translate(_LOWER)
    before, at, after = text.rpartition("@")
    return f"{before}@{domain(after)}" if at and not text.isascii() else text


@lru_cache(maxsize=64)
def forms(email: str) -> tuple[str, ...]:
    """Return an address, as `email` returns it, and its form with an international domain."""
    before, at, name = email.rpartition("@")
    try:
        shown = idna.decode(name) if at and "xn--" in name else name
    except UnicodeError:
        shown = name
    return (email,) if shown == name else (email, f"{before}@{shown}")


def emails(column: pd.Series) -> pa.Array:
    """Apply `email` to every cell; only cells beyond ASCII are handled one by one."""
    cells = arrow_text.stripped(arrow_text.cells_of(column))
    plain = pc.string_is_ascii(cells)
    lowered = pc.ascii_lower(cells)
    if pc.all(plain).as_py():
        return lowered
    foreign = pc.invert(plain)
    return pc.replace_with_mask(lowered, foreign, arrow_text.each(cells.filter(foreign), email))


def is_email(email: str) -> bool:
    """Return whether an address, as `email` returns it, looks like one."""
    return len(email) <= MAX_EMAIL_LENGTH and email.find("@") <= 64 and _EMAIL.fullmatch(email) is not None


def foreign_letter(name: str) -> tuple[str, str] | None:
    """Return the first Cyrillic or Greek letter among Latin ones, and its alphabet."""
    if name.isascii() or not any("a" <= sign <= "z" for sign in name):
        return None
    for sign in name:
        for script in ("Cyrillic", "Greek"):
            if sign.isalpha() and unicodedata.name(sign, "").startswith(script.upper()):
                return sign, script
    return None


def suggestion(name: str) -> str:
    """Return the username that `name` evidently means; blank when none is evident."""
    return _meant(name) if len(name) <= 2 * MAX_USERNAME_LENGTH else ""


@lru_cache(maxsize=16_384)  # a preview needs the same ones at every edit
def _meant(name: str) -> str:
    seen = "".join(sign for sign in fold_case(name.translate(_DASHES)) if sign.isspace() or sign.isprintable())
    meant = re.sub(r" ?([._-]) ?", r"\1", re.sub(r"\s+", " ", _bare(seen)))
    meant = re.sub(r"[\s.]+", ".", meant)
    return meant if is_username(meant) else ""


def _bare(name: str) -> str:
    """Strip punctuation and blanks before a name, and all but dashes and underscores after it."""
    found = _START.match(name)
    start, end = found.end() if found else 0, len(name)
    while end > start and not (name[end - 1].isalnum() or name[end - 1] in "_-"):
        end -= 1
    return name[start:end]


def fold_case(name: str) -> str:
    """Return a name in lower case without accents and apostrophes.

    Letters that are not a plain letter with an accent are spelled out (ß → ss).
    """
    plain = unicodedata.normalize("NFKD", name.translate(_SPELLED)).lower()
    return "".join(sign for sign in plain if not unicodedata.combining(sign) and sign not in _DROPPED)


def is_username(name: str) -> bool:
    """Return whether a new mailbox may have this username."""
    return len(name) <= MAX_USERNAME_LENGTH and _USERNAME.fullmatch(name) is not None
