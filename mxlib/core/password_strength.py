"""Strength of passwords of people who sign in, by zxcvbn: its estimate of the guesses that an attacker needs."""

import re
import threading
from collections.abc import Collection, Iterable, Mapping
from math import prod
from typing import Any

from mxlib.core.format import listed

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

#: What makes a password easy to guess, by the pattern and the dictionary in which zxcvbn found a part of it.
_FINDINGS: Mapping[tuple[str, str], str] = {
    ("dictionary", "user_inputs"): "a name of the person, of the agency or of MXM",
    ("dictionary", "passwords"): "a common password",
    ("dictionary", ""): "a common word or name",
    ("spatial", ""): "neighbouring keys",
    ("repeat", ""): "a repetition",
    ("sequence", ""): "a sequence such as abc or 321",
    ("regex", ""): "a year",
    ("date", ""): "a date",
}

#: zxcvbn puts the names of one password into a dictionary that all its calls share.
_one_at_a_time = threading.Lock()


def words(*names: str) -> list[str]:
    """Return names and their parts, in lower case, as words that weaken a password."""
    found = dict.fromkeys(name.casefold().strip() for name in names)
    for name in list(found):
        found.update(dict.fromkeys(part for part in re.split(r"[\W_]+", name) if len(part) >= _SHORTEST_NAME))
    return [word for word in found if len(word) >= _SHORTEST_NAME]


def weakness(password: str, known: Collection[str]) -> str:
    """Return what makes a password easy to guess, such as `a year`.

    It is blank for a strong one, and holds no part of the password. `known` are words that an attacker tries first, in
    lower case.
    """
    from zxcvbn import zxcvbn  # slow to import, and few processes need it

    with _one_at_a_time:
        estimate = zxcvbn(_looked_at(password), user_inputs=[*known, *_PRODUCT, *_YEARS])
    return "" if estimate["score"] >= STRONG else _reasons(estimate["sequence"]) or "too few characters"


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


def _reasons(sequence: Iterable[Mapping[str, Any]]) -> str:
    """Return what zxcvbn found in a password, in the order of its parts."""
    found = dict.fromkeys(filter(None, map(_finding, sequence)))
    return listed(list(found)[:3])


def _finding(part: Mapping[str, Any]) -> str:
    pattern, dictionary = part["pattern"], part.get("dictionary_name", "")
    if part["token"] in _YEARS:
        pattern, dictionary = "regex", ""
    return _FINDINGS.get((pattern, dictionary)) or _FINDINGS.get((pattern, ""), "")
