"""Guess whether a list of people spells ä as `ae` and ø as `oe`: German, Danish and Norwegian ones do."""

from collections.abc import Iterable, Sequence

import pyarrow as pa

from mxlib.core import arrow_text
from mxlib.core.addresses import fold_case

_SPELLING = frozenset(["de", "at", "ch", "li", "dk", "no", "fo", "gl"])

#: Pieces of headers of lists in a language that spells such letters out, and in others with letters alike.
_HEADERS = (
    "vorname", "nachname", "familienname", "rufname", "abteilung", "benutzer", "passwort", "kennwort", "mitarbeiter",
    "personalnummer", "durchwahl", "emailprivat", "postfach", "anrede", "vorgesetzt",
    "fornavn", "etternavn", "mellomnavn", "brukernavn", "brugernavn", "adgangskode", "avdeling", "medarbejder",
)  # fmt: skip
_OTHER_HEADERS = (
    "fornamn", "efternamn", "anvandarnamn", "avdelning", "losenord", "etunimi", "sukunimi", "soyad", "eesnimi",
    "perekonnanimi", "keresztnev", "vezeteknev",
)  # fmt: skip

#: Letters of languages that spell such letters out, and letters of others that have ä, ö or ü as well.
_LETTERS, _OTHER_LETTERS = "[äöüßæøÄÖÜẞÆØ]", "[ğşıİőűõŐŰÕĞŞ]"


def country_spells_out(domain: str) -> bool:
    """Return whether the country of a domain spells ä in usernames as `ae`."""
    return domain.rpartition(".")[2].casefold() in _SPELLING


def header_spells_out(header: Sequence[str]) -> bool | None:
    """Return whether headers are in a language that spells ä as `ae`.

    None where they show no language.
    """
    keys = ["".join(filter(str.isalnum, fold_case(name[:200]))) for name in header]
    for words, answer in ((_HEADERS, True), (_OTHER_HEADERS, False)):
        if any(word in key for key in keys for word in words):
            return answer
    return None


def spells_out(header: Sequence[str], domains: Iterable[str], names: Iterable[pa.Array]) -> bool:
    """Return whether the usernames of a list are likely spelled with `ae`, `oe` and `ue`.

    The headers decide, else the country of the first domain, else the letters of the names.
    """
    if (answer := header_spells_out(header)) is not None:
        return answer
    top = next((name.rpartition(".")[2].casefold() for name in domains if "." in name), "")
    if top in _SPELLING or (len(top) == 2 and top not in {"eu", "io", "co", "me", "ai"}):
        return top in _SPELLING
    columns = list(names)
    if any(arrow_text.contain(column, _OTHER_LETTERS).any() for column in columns):
        return False
    swedish = any(arrow_text.contain(column, "[åÅ]").any() for column in columns)
    danish = any(arrow_text.contain(column, "[æøÆØ]").any() for column in columns)
    return (danish or not swedish) and any(arrow_text.contain(column, _LETTERS).any() for column in columns)
