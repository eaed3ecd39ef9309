"""Usernames, domains and email addresses: what would be sent for what was typed, and what is wrong with it."""

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

#: The same in RE2 and in Python; LONGEST_USERNAME comes on top.
USERNAME = r"[a-z0-9][a-z0-9_-]*(?:\.[a-z0-9_-]+)*"
MAX_USERNAME_LENGTH = 64

_USERNAME = re.compile(USERNAME)

#: What a username can lose at its start, and anywhere, without another one coming of it.
_START = re.compile(r"[\W_]*+")
_DROPPED = "'’‘`´\""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")
_LONGEST_DOMAIN = 253

#: One @ with something on both sides, as far as a username cell goes: what is before it may be missing.
SPLITS = r"[^@]*@[^@]+"

EMAIL = rf"[a-z0-9!#$%&'*+/=?^_`{{|}}~.-]{{1,64}}@(?:{_LABEL}\.)+{_LABEL}"
MAX_EMAIL_LENGTH = 254

_EMAIL = re.compile(EMAIL)


#: ASCII letters only: some others have lower cases of two letters, or become ASCII ones.
_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}

#: Letters that do not fall apart into a letter and an accent.
_SPELLED = str.maketrans({"ß": "ss", "ẞ": "ss", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d",
                          "ð": "d", "Ð": "d", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th",
                          "ı": "i"})  # fmt: skip


@dataclass(frozen=True)
class Addresses:
    """The addresses of all rows: what would be sent, and where the address and the domain column disagree.

    `in_name` and `in_column` are the two domains, blank where there is none.
    """

    username: pa.Array
    domain: pa.Array
    in_name: pa.Array
    in_column: pa.Array
    disagree: Mask

    @property
    def full(self) -> pa.Array:
        """`username@domain`."""
        return _joined(self.username, self.domain)

    @property
    def both_domains(self) -> pa.Array:
        """`in_name@in_column`; the former never holds an @ of its own."""
        return _joined(self.in_name, self.in_column)


def read(rows: pd.DataFrame, active_domain: str) -> Addresses:
    """Take username and domain apart; a blank domain is the active one, and no rule looks into an overlong cell."""
    username = pc.ascii_lower(arrow_text.stripped(_bounded(rows["username"])))
    in_column = arrow_text.each(_bounded(rows["domain"]), domain)
    in_name = arrow_text.texts([""] * len(rows))
    whole = pc.match_substring(username, "@")
    if pc.any(whole).as_py():
        whole = pa.array(arrow_text.match(username, SPLITS))
        parts = pc.split_pattern(username.filter(whole), "@").flatten()
        in_name = pc.replace_with_mask(in_name, whole, arrow_text.each(parts[1::2], domain))
        username = pc.replace_with_mask(username, whole, parts[0::2])
    named, told = pc.not_equal(in_name, ""), pc.not_equal(in_column, "")
    chosen = pc.if_else(named, in_name, pc.if_else(told, in_column, domain(active_domain)))
    disagree = arrow_text.mask(pc.and_(pc.and_(named, told), pc.not_equal(in_name, in_column)))
    return Addresses(username, chosen, in_name, in_column, disagree)


def _bounded(column: pd.Series) -> pa.Array:
    cells = arrow_text.cells_of(column)
    return arrow_text.cut(cells, arrow_text.are_longer(cells, MAX_CELL_LENGTH))


def _joined(before: pa.Array, after: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(before, after, pa.scalar("@", pa.large_string()))


def are_usernames(names: pa.Array) -> Mask:
    """Which names a new mailbox may have."""
    return arrow_text.match(names, USERNAME) & arrow_text.are_no_longer(names, MAX_USERNAME_LENGTH)


def are_emails(cells: pa.Array) -> Mask:
    """Which cells, as `emails` gives them, look like an address."""
    return arrow_text.match(cells, EMAIL) & arrow_text.are_no_longer(cells, MAX_EMAIL_LENGTH)


def domain(cell: str) -> str:
    """A domain as the host writes it: lower case, international ones in punycode; what is no domain stays as typed."""
    name = cell.strip(BLANKS)
    if name.isascii() or len(name) > _LONGEST_DOMAIN:
        return name.lower()
    return _punycode(name)


@lru_cache(maxsize=4_096)  # a tenth of a millisecond each, and again at every edit of a preview
def _punycode(name: str) -> str:
    try:
        return idna.encode(name, uts46=True).decode()
    except UnicodeError:
        return name.lower()


def is_domain(name: str) -> bool:
    """Whether a normalised name can be a domain at all."""
    return len(name) <= _LONGEST_DOMAIN and _DOMAIN.fullmatch(name) is not None


def email(cell: str) -> str:
    """An address that mail may be sent to, in lower case and punycode; blank stays blank, anything else as typed."""
    text = cell.strip(BLANKS).translate(_LOWER)
    before, at, after = text.rpartition("@")
    return f"{before}@{domain(after)}" if at and not text.isascii() else text


def emails(column: pd.Series) -> pa.Array:
    """`email` of every cell; only those beyond ASCII are looked at one by one."""
    cells = arrow_text.stripped(arrow_text.cells_of(column))
    plain = pc.string_is_ascii(cells)
    lowered = pc.ascii_lower(cells)
    if pc.all(plain).as_py():
        return lowered
    foreign = pc.invert(plain)
    return pc.replace_with_mask(lowered, foreign, arrow_text.each(cells.filter(foreign), email))


def is_email(email: str) -> bool:
    """Whether an address, as `email` gives it, looks like one."""
    return len(email) <= MAX_EMAIL_LENGTH and _EMAIL.fullmatch(email) is not None


def suggestion(name: str) -> str:
    """The username that was evidently meant by `name`; blank when none is evident."""
    return _meant(name) if len(name) <= 2 * MAX_USERNAME_LENGTH else ""


@lru_cache(maxsize=16_384)  # a preview asks for the same ones at every edit
def _meant(name: str) -> str:
    seen = "".join(sign for sign in fold_case(name) if sign.isspace() or sign.isprintable())
    meant = re.sub(r" ?([._-]) ?", r"\1", re.sub(r"\s+", " ", _bare(seen)))
    meant = re.sub(r"[\s.]+", ".", meant)
    return meant if is_username(meant) else ""


def _bare(name: str) -> str:
    """A name without signs before it, and without others than dashes and underscores after it."""
    found = _START.match(name)
    start, end = found.end() if found else 0, len(name)
    while end > start and not (name[end - 1].isalnum() or name[end - 1] in "_-"):
        end -= 1
    return name[start:end]


def fold_case(name: str) -> str:
    """A name in lower case without accents and apostrophes; letters that no accent explains are spelled (ß → ss)."""
    plain = unicodedata.normalize("NFKD", name.translate(_SPELLED)).lower()
    return "".join(sign for sign in plain if not unicodedata.combining(sign) and sign not in _DROPPED)


def is_username(name: str) -> bool:
    """Whether a new mailbox may be called so."""
    return len(name) <= MAX_USERNAME_LENGTH and _USERNAME.fullmatch(name) is not None
