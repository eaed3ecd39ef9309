"""Clues in the values of a file's columns, and the meanings that they propose.

A header that names a meaning always goes first: values speak for columns that nothing else speaks for.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
import pyarrow as pa

from mxlib.core import address_forms, addresses, headers, quotas
from mxlib.core.files.sheet import Sheet, Table
from mxlib.core.headers import ADDRESS
from mxlib.core.mapping.choices import ColumnChoices
from mxlib.core.mapping.mapping import IGNORE
from mxlib.core.mapping.usernames import are_particles
from mxlib.core.passwords import looks_like_one
from mxlib.core.schema import DOMAIN, LAST_NAME, LIMIT, PARTICLE, PASSWORD, QUOTA, RECOVERY_EMAIL, USERNAME

#: Filled cells of a column that are inspected, the characters of the longest, and the share that must agree.
_SAMPLED, _LONGEST, _MOST = 200, 300, 0.8
#: Rows from all over a table in which they are looked for, and columns; no list of people has more that matter.
_MOST_ROWS, _MOST_COLUMNS = 2_000, 100

#: Pieces of headers, as `headers.says` compares them, that support a meaning; and those that speak against it.
_FOR = {
    QUOTA.name: ("quota", "kontingent", "speicher", "storage", "opslag", "postfachgr", "mailboxsiz", "stockage"),
    LIMIT.name: ("limit",),
    RECOVERY_EMAIL.name: (
        "recover", "wiederherst", "herstel", "privat", "prive", "personal", "alternat", "secondary", "backup",
        "ersatz", "recuper",
    ),
    PASSWORD.name: ("passw", "kennwort", "wachtwoord", "motdepasse", "contrasen"),
    DOMAIN.name: ("domain", "domaen", "domein", "domini"),
}  # fmt: skip
_AGAINST = {
    QUOTA.name: (
        "used", "usage", "belegt", "verbrauch", "genutzt", "gebruik", "host", "actual", "aktuell", "free", "frei",
        "vrij", "libre", "liber", "avail", "verfugb", "verfuegb", "beschikb", "dispon", "remain", "rest",
        "ubrig", "uebrig", "leer", "bezet", "occup", "ocupad", "utili", "usad", "consum",
    ),
    LIMIT.name: ("kredit", "credit", "host", "actual"),
    RECOVERY_EMAIL.name: (
        "vorgesetz", "manager", "chef", "leit", "approve", "supervis", "assist", "notfall", "emergency", "nood",
        "boss", "superi", "reportsto", "leiding", "baas", "jefe", "responsab", "lead", "vertret", "deputy", "forward",
        "doorstuur",
    ),
    PASSWORD.name: (
        "hash", "confirm", "bestat", "wiederhol", "repeat", "previous", "former", "vorher", "vorig", "bisher", "ancien",
        "antigu", "anterior", "hinweis", "reminder", "erinner", "indice", "pista", "question", "frage", "vraag",
        "expir", "ablauf", "verloop", "policy", "richtlinie",
    ),
}  # fmt: skip

#: Words that speak against a column of passwords, but are pieces of others: `cloud` has `oud` in it.
_AGAINST_PASSWORD = re.compile(r"\b(?:old|alte?|altes|oude?|vieja?|viejo)(?=passw|kennw|wachtw|\b)|hints?\b|tipp?s?\b")

#: Values of a column of limits, where no header says that it is one: round ones, and few different ones.
_ROUND, _DIFFERENT, _FEWEST = 100, 3, 4

#: MB of which the sizes of mailboxes are multiples, in a column without units.
_SIZE = 256


class Holds(StrEnum):
    """Kinds of values in a column."""

    SIZES = "sizes"
    ADDRESSES = "addresses"
    PASSWORDS = "passwords"
    DOMAINS = "domains"
    NUMBERS = "numbers"
    PARTICLES = "particles"


@dataclass(frozen=True, slots=True)
class Clue:
    """The kind of values in a column, and the meaning that it may have therefore.

    `is_clear` says that header and values agree, or that the values alone leave no doubt; `is_strong` that going on
    without the column probably loses something. `domains` are those of its addresses.
    """

    holds: Holds
    meaning: str
    is_clear: bool
    is_strong: bool = True
    domains: frozenset[str] = field(default=frozenset(), repr=False)


def find(sheet: Sheet, known: Collection[str] | None = None) -> dict[int, Clue]:
    """Return the clues in the columns of a sheet, by position.

    Columns without one are missing. `known` are the domains of the account, None while they were never read.
    """
    sampled = _sampled(sheet)
    columns = range(min(len(sheet.header), _MOST_COLUMNS))
    found = {at: _clue(sheet.header[at], sampled.samples(at, _SAMPLED), known) for at in columns}
    return {at: clue for at, clue in found.items() if clue is not None}


def _sampled(sheet: Sheet) -> Sheet:
    """Return a sheet with so many rows at most, evenly from all over the table."""
    if len(sheet) <= _MOST_ROWS:
        return sheet
    at = np.linspace(0, len(sheet) - 1, _MOST_ROWS).astype(np.int64)
    return replace(sheet, table=Table(sheet.table.rows.take(pa.array(at)), sheet.table.lines[at]))


def unused(seen: Mapping[int, Clue], answer: ColumnChoices, apart_from: Collection[str] = ()) -> dict[int, Clue]:
    """Return the unused columns with a clue to a meaning that no other column has.

    Private addresses count as unused next to usernames: they name no mailbox, whatever their header says.
    Meanings in `apart_from` are left out.
    """
    used = {at: meaning for at, meaning in enumerate(answer.meanings) if meaning not in ("", IGNORE)}
    private = {at for at, meaning in used.items() if meaning == ADDRESS and _is_private(seen.get(at), answer)}
    mailboxes = [at for at, meaning in used.items() if meaning in headers.WHO and at not in private]
    own = frozenset().union(*(seen[at].domains for at in mailboxes if at in seen))
    found = {}
    for at, clue in seen.items():
        is_used = answer.meanings[at] != IGNORE and at not in private
        if is_used or clue.meaning in used.values() or clue.meaning in apart_from:
            continue
        # Addresses at the domains of the mailboxes recover none of them.
        is_of_the_mailboxes = clue.meaning == ADDRESS or clue.domains <= own
        if clue.holds is Holds.ADDRESSES and mailboxes and is_of_the_mailboxes:
            continue
        if clue.holds is Holds.PARTICLES and LAST_NAME.name not in used.values():
            continue
        found[at] = clue
    return found


def _is_private(clue: Clue | None, answer: ColumnChoices) -> bool:
    """Return whether addresses next to usernames are the private ones of their owners."""
    is_private = clue is not None and clue.is_clear and clue.meaning == RECOVERY_EMAIL.name
    return is_private and USERNAME.name in answer.meanings


def proposed(seen: Mapping[int, Clue], answer: ColumnChoices, apart_from: Collection[str] = ()) -> dict[int, str]:
    """Return meanings for unused columns whose evidence is clear, at most one column for each.

    Of several clear columns none is proposed, and nothing before it is known which column names the mailboxes.
    Meanings in `apart_from` were decided by a person, or are asked for.
    """
    if headers.WHO.isdisjoint(answer.meanings) and not answer.makes_usernames:
        return {}
    clear: dict[str, list[int]] = {}
    for at, clue in unused(seen, answer, apart_from).items():
        if clue.is_clear and answer.meanings[at] == IGNORE:
            clear.setdefault(clue.meaning, []).append(at)
    return {columns[0]: meaning for meaning, columns in clear.items() if len(columns) == 1}


def with_proposed(
    seen: Mapping[int, Clue], answer: ColumnChoices, apart_from: Collection[str] = ()
) -> tuple[ColumnChoices, frozenset[int]]:
    """Return the choices with all that is proposed, and the columns that were added."""
    added = proposed(seen, answer, apart_from)
    meanings = tuple(added.get(at, meaning) for at, meaning in enumerate(answer.meanings))
    return ColumnChoices(meanings, answer.pattern), frozenset(added)


def holds_mailboxes(name: str, clue: Clue | None) -> bool:
    """Return whether a column of addresses may be that of the mailboxes.

    Another may hold the private addresses of their owners, or the addresses of their managers.
    """
    is_private = clue is not None and clue.is_clear and clue.meaning == RECOVERY_EMAIL.name
    return not is_private and not is_of_others(name) and not _is_for(name, RECOVERY_EMAIL.name)


def is_of_others(name: str) -> bool:
    """Return whether a header says that its addresses are of other people, such as managers."""
    return _is_against(name, RECOVERY_EMAIL.name)


def _clue(name: str, cells: Sequence[str], known: Collection[str] | None) -> Clue | None:
    if not cells or not _agree([len(cell) <= _LONGEST for cell in cells]):
        return None
    cells = [cell for cell in cells if len(cell) <= _LONGEST]
    if _agree(["@" in cell for cell in cells]):
        return _addresses(name, cells, known)
    if _agree(list(map(looks_like_one, cells))):
        is_for, against = _is_for(name, PASSWORD.name), _is_against(name, PASSWORD.name)
        return Clue(Holds.PASSWORDS, PASSWORD.name, is_for and not against, not against)
    if are_particles(cells):
        return Clue(Holds.PARTICLES, PARTICLE.name, is_clear=True, is_strong=False)
    return _domains(name, cells, known) or _sizes(name, cells) or _numbers(name, cells)


def _addresses(name: str, cells: Sequence[str], known: Collection[str] | None) -> Clue | None:
    found = [address_forms.single(cell).lower() for cell in cells]
    domains = frozenset(addresses.domain(cell.rpartition("@")[2]) for cell in found if "@" in cell)
    are_elsewhere = known is not None and domains.isdisjoint(known)
    if known is not None and domains and domains <= frozenset(known) and not _is_for(name, RECOVERY_EMAIL.name):
        return Clue(Holds.ADDRESSES, ADDRESS, False, False, domains)
    are_personal = len(domains) > 1 and len(set(found)) >= _MOST * len(found)
    is_clear = _is_for(name, RECOVERY_EMAIL.name) or (are_elsewhere and are_personal)
    against = _is_against(name, RECOVERY_EMAIL.name)
    return Clue(Holds.ADDRESSES, RECOVERY_EMAIL.name, is_clear and not against, not against, domains)


def _domains(name: str, cells: Sequence[str], known: Collection[str] | None) -> Clue | None:
    names = [addresses.domain(cell) for cell in cells]
    if not _agree([addresses.is_domain(each) and each.rpartition(".")[2].isalpha() for each in names]):
        return None
    are_known = known is not None and _agree([each in known for each in names])
    is_for = _is_for(name, DOMAIN.name)
    if known is not None and not is_for and not any(each in known for each in names):
        return None  # names of files, for example
    return Clue(Holds.DOMAINS, DOMAIN.name, is_for or are_known, is_for or are_known)


def _sizes(name: str, cells: Sequence[str]) -> Clue | None:
    sizes = [quotas.quota(cell) for cell in cells]
    if not _agree([size is not None for size in sizes]):
        return None
    with_unit = sum(any(map(str.isalpha, cell)) for cell in cells) > len(cells) / 2
    has_unit = headers.is_in_megabytes(name) or headers.is_in_gigabytes(name)
    is_for, against = _is_for(name, QUOTA.name), _is_against(name, QUOTA.name)
    are_sizes = all(size is not None and size % _SIZE == 0 for size in sizes) and any(sizes)
    if with_unit or has_unit or is_for:
        return Clue(Holds.SIZES, QUOTA.name, is_for and not against, not against)
    return Clue(Holds.SIZES, QUOTA.name, is_clear=False, is_strong=False) if are_sizes else None


def _numbers(name: str, cells: Sequence[str]) -> Clue | None:
    limits = [quotas.limit(cell) for cell in cells]
    if not _agree([limit is not None for limit in limits]):
        return None
    if _is_for(name, LIMIT.name):
        against = _is_against(name, LIMIT.name)
        return Clue(Holds.NUMBERS, LIMIT.name, is_clear=not against, is_strong=not against)
    different = {limit for limit in limits if limit is not None}
    are_round = all(limit and limit % _ROUND == 0 for limit in limits)
    if are_round and len(different) <= _DIFFERENT and len(cells) >= _FEWEST:
        return Clue(Holds.NUMBERS, LIMIT.name, is_clear=False, is_strong=False)
    return None


def _agree(each: Sequence[bool]) -> bool:
    return sum(each) >= _MOST * len(each)


def _is_for(name: str, meaning: str) -> bool:
    return headers.says(name, _FOR[meaning])


def _is_against(name: str, meaning: str) -> bool:
    if meaning == PASSWORD.name and _AGAINST_PASSWORD.search(headers.spaced(name)):
        return True
    return headers.says(name, _AGAINST[meaning])
