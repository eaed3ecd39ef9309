"""Spellings of letters that no username may have: plain, German or Nordic."""

import unicodedata
from enum import StrEnum

from mxlib.core.addresses import fold_case

_GERMAN = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}
_NORDIC = {"ä": "ae", "æ": "ae", "ö": "oe", "ø": "oe", "å": "aa"}


class Spelling(StrEnum):
    """The way of writing letters such as ä, ö, å and ø in a username."""

    PLAIN = "plain"
    GERMAN = "german"
    NORDIC = "nordic"


def _both_cases(letters: dict[str, str]) -> dict[int, str]:
    return str.maketrans(letters | {letter.upper(): text for letter, text in letters.items() if letter != "ß"})


_TABLES = {
    Spelling.PLAIN: {},
    Spelling.GERMAN: _both_cases(_GERMAN),
    Spelling.NORDIC: _both_cases(_NORDIC),
}

_OF_COUNTRIES = {
    **dict.fromkeys(("de", "at", "ch", "li"), Spelling.GERMAN),
    **dict.fromkeys(("dk", "no"), Spelling.NORDIC),
}


def of_domain(domain: str) -> Spelling:
    """Return the usual spelling in the country of a domain."""
    return _OF_COUNTRIES.get(domain.rpartition(".")[2], Spelling.PLAIN)


def spell(name: str, spelling: Spelling) -> str:
    """Return a name with the letters of a language written out; the others stay."""
    table = _TABLES[spelling]
    return unicodedata.normalize("NFC", name).translate(table) if table else name


def is_marked(name: str) -> bool:
    """Return whether a name has letters with marks, or letters that are spelled with two."""
    return not name.isascii() and fold_case(name).isascii()
