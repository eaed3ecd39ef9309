"""Strength of passwords that people choose, by zxcvbn: its estimate of the guesses that an attacker needs."""

import re
import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import prod
from typing import Any

#: Characters that are looked at; the work grows with their square.
MOST_LOOKED_AT = 72

#: zxcvbn's best score, from 10^10 guesses on.
STRONG = 4

#: Names of this product and of what it manages, which are no secret.
_PRODUCT = ("mxm", "mxroute", "mailbox", "mailboxes", "dashboard", "directadmin", "email", "mail")

#: Years that zxcvbn does not know: its own list ends with 2019.
_YEARS = tuple(map(str, range(2020, 2040)))

#: Characters of the shortest name that counts as a word.
_SHORTEST_NAME = 3

#: Parts of a password that zxcvbn may look up in one of its dictionaries. 22 characters such as 4 and @, which it reads
#: as letters, have 736 readings together, and would take 6 s.
_MOST_PARTS = 20_000


class Weakness(StrEnum):
    """Codes of what makes a password easy to guess."""

    #: A name that was given: of the person, of their mailbox or of the agency.
    OWN_NAME = "own_name"
    PRODUCT_NAME = "product_name"
    COMMON_PASSWORD = "common_password"  # noqa: S105 - a code, not a secret
    COMMON_WORD = "common_word"
    NEIGHBOURING_KEYS = "neighbouring_keys"
    REPETITION = "repetition"
    SEQUENCE = "sequence"
    YEAR = "year"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Strength:
    """zxcvbn's score (0 to 4), guesses (a power of 10), and what it found."""

    score: int
    guesses: float
    weaknesses: tuple[Weakness, ...]


#: By the pattern and the dictionary in which zxcvbn found a part of a password.
_FINDINGS: Mapping[tuple[str, str], Weakness] = {
    ("dictionary", "passwords"): Weakness.COMMON_PASSWORD,
    ("dictionary", ""): Weakness.COMMON_WORD,
    ("spatial", ""): Weakness.NEIGHBOURING_KEYS,
    ("repeat", ""): Weakness.REPETITION,
    ("sequence", ""): Weakness.SEQUENCE,
    ("regex", ""): Weakness.YEAR,
    ("date", ""): Weakness.DATE,
}

#: zxcvbn puts the names of one password into a dictionary that all its calls share.
_one_at_a_time = threading.Lock()


def words(*names: str) -> list[str]:
    """Return names and their parts, in lower case, as words that weaken a password."""
    found = dict.fromkeys(name.casefold().strip() for name in names)
    for name in list(found):
        found.update(dict.fromkeys(part for part in re.split(r"[\W_]+", name) if len(part) >= _SHORTEST_NAME))
    return [word for word in found if len(word) >= _SHORTEST_NAME]


def estimate(password: str, known: Collection[str]) -> Strength:
    """Return how strong a password is; the result holds no part of it.

    `known` are words that an attacker tries first, in lower case.
    """
    from zxcvbn import zxcvbn  # slow to import, and few processes need it

    if not password:
        return Strength(0, 0.0, ())  # zxcvbn fails on it
    with _one_at_a_time:
        found = zxcvbn(_looked_at(password), user_inputs=[*known, *_PRODUCT, *_YEARS])
    return Strength(found["score"], float(found["guesses_log10"]), _weaknesses(found["sequence"]))


def _looked_at(password: str) -> str:
    """Return the longest start of a password whose check is quick.

    What follows makes the password no weaker.
    """
    from zxcvbn.matching import L33T_TABLE

    part = password[:MOST_LOOKED_AT]
    while _parts(part, L33T_TABLE) > _MOST_PARTS:
        part = part[:-1]
    return part


def _parts(password: str, letters: Mapping[str, Collection[str]]) -> int:
    readings = prod(max(1, sum(sign in password for sign in signs)) for signs in letters.values())
    return readings * len(password) * (len(password) + 1) // 2


def _weaknesses(sequence: Iterable[Mapping[str, Any]]) -> tuple[Weakness, ...]:
    """Return what zxcvbn found in a password, in the order of its parts."""
    return tuple(dict.fromkeys(filter(None, map(_weakness, sequence))))


def _weakness(part: Mapping[str, Any]) -> Weakness | None:
    pattern, dictionary = part["pattern"], part.get("dictionary_name", "")
    if part["token"] in _YEARS:
        return Weakness.YEAR
    if (pattern, dictionary) == ("dictionary", "user_inputs"):
        return Weakness.PRODUCT_NAME if part["matched_word"] in _PRODUCT else Weakness.OWN_NAME
    return _FINDINGS.get((pattern, dictionary)) or _FINDINGS.get((pattern, ""))
