"""Guess the meanings of a file's columns from foreign-language headers and from their cells."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mxlib.core import headers
from mxlib.core.addresses import is_username
from mxlib.core.files.sheet import Sheet
from mxlib.core.headers import ADDRESS
from mxlib.core.mapping import clues
from mxlib.core.mapping.choices import FIRST_NAME, FULL_NAME, LAST_NAME, ColumnChoices
from mxlib.core.mapping.clues import Clue
from mxlib.core.mapping.mapping import IGNORE, ColumnMapping
from mxlib.core.passwords import looks_like_one

#: Shapes of cells, which differ between a header and the people below it.
_NAME = "name"
_CAPITALISED = r"[^\W\d_a-zß-öø-ÿ][\w'’.-]*+"
_SHAPES = {
    "": re.compile(r"\s*+"),
    _NAME: re.compile(rf"{_CAPITALISED},?(?: [\w'’.-]++)*"),
    "number": re.compile(r"[\d\s.,+/-]++"),
    "word": re.compile(r"[\w'’.-]++"),
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Likely choices for the columns of a sheet, and the clues behind them."""

    choices: ColumnChoices
    clues: Mapping[int, Clue]
    by_values: frozenset[int] = frozenset()


def suggest_columns(sheet: Sheet, mapping: ColumnMapping, known: Collection[str] | None = None) -> Suggestion:
    """Return likely choices for the columns of a sheet.

    Columns that claim the same meaning are left unanswered: they are a question to the operator, not a guess. `known`
    are the domains of the account, None while they were never read.
    """
    unsure = {at for conflict in mapping.conflicts for at in (conflict.first, conflict.second)}
    by_header = dict(mapping.name_parts) | dict(mapping.columns)
    found: dict[str, int] = {meaning: at for meaning, at in by_header.items() if at not in unsure}
    asked = {conflict.meaning for conflict in mapping.conflicts}
    for at, name in enumerate(sheet.header):
        meaning = headers.suggestion_of(name)
        if meaning and at not in found.values() and at not in unsure and meaning not in asked:
            found.setdefault(meaning, at)
    if FIRST_NAME in found and FULL_NAME in found and LAST_NAME not in found:
        found[LAST_NAME] = found.pop(FULL_NAME)  # German lists: Name, Vorname
    seen = clues.find(sheet, known)
    if headers.WHO.isdisjoint(found) and headers.WHO.isdisjoint(asked):
        used = unsure | set(found.values())
        free = (at for at, name in enumerate(sheet.header) if at not in used and not clues.is_of_others(name))
        with_addresses = [at for at in free if _holds_addresses(sheet, at)]
        # With names, a column must be filled in every row: a partly filled one may hold other addresses of some people.
        if not {LAST_NAME, FULL_NAME}.isdisjoint(found):
            with_addresses = [
                at
                for at in with_addresses
                if _is_filled(sheet, at) and clues.holds_mailboxes(sheet.header[at], seen.get(at))
            ]
        if with_addresses:
            found[ADDRESS] = with_addresses[0]
    if not sheet.options.header_line:
        _guess_by_cells(sheet, found)
    meanings = {at: meaning for meaning, at in found.items()} | dict.fromkeys(unsure, "")
    choices = ColumnChoices(tuple(meanings.get(at, IGNORE) for at in range(len(sheet.header))))
    choices, added = clues.with_proposed(seen, choices, asked)
    return Suggestion(choices, seen, added)


def _guess_by_cells(sheet: Sheet, found: dict[str, int]) -> None:
    """Guess the columns of a table without a header.

    Looks for passwords, and for usernames where no column holds addresses.
    """
    for meaning, holds in (("password", _holds_passwords), ("username", _holds_usernames)):
        if meaning in found or (meaning == "username" and ADDRESS in found):
            continue
        free = (at for at in range(len(sheet.header)) if at not in found.values() and holds(sheet, at))
        if (at := next(free, None)) is not None:
            found[meaning] = at


def begins_with_data(sheet: Sheet) -> bool:
    """Return whether the supposed header is a row of a table without one."""
    if headers.names_anything(sheet.header):
        return False
    return any(
        "@" in name or (looks_like_one(name) and _holds_passwords(sheet, at)) for at, name in enumerate(sheet.header)
    )


def begins_with_a_person(sheet: Sheet) -> bool:
    """Return whether the supposed header is written like the rows of people below it."""
    shapes = [_shape(name) for name in sheet.header]
    if _NAME not in shapes:
        return False
    return all(
        shape == _shape(cell) for at, shape in enumerate(shapes) for cell in sheet.samples(at) if shape or at == 0
    )


def _shape(cell: str) -> str:
    """Return what a cell looks like: a name, a number, another word, or text; blank for nothing."""
    return next((shape for shape, pattern in _SHAPES.items() if pattern.fullmatch(cell)), "text")


def is_data(cell: str) -> bool:
    """Return whether a cell is an address or looks like a password."""
    return "@" in cell or looks_like_one(cell)


def _holds_passwords(sheet: Sheet, at: int) -> bool:
    samples = sheet.samples(at)
    return bool(samples) and all(map(looks_like_one, samples))


def _holds_usernames(sheet: Sheet, at: int) -> bool:
    samples = sheet.samples(at)
    return bool(samples) and all(is_username(sample.lower()) for sample in samples)


def _holds_addresses(sheet: Sheet, at: int) -> bool:
    samples = sheet.samples(at)
    return bool(samples) and all("@" in sample for sample in samples)


def _is_filled(sheet: Sheet, at: int) -> bool:
    return len(sheet.samples(at, len(sheet))) == len(sheet)
