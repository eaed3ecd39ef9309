"""Guess the meanings of a file's columns from foreign-language headers and from their cells."""

from mxlib.core import headers
from mxlib.core.addresses import fold_case, is_username
from mxlib.core.files.sheet import Sheet
from mxlib.core.headers import ADDRESS
from mxlib.core.mapping.choices import FIRST_NAME, FULL_NAME, LAST_NAME, ColumnChoices
from mxlib.core.mapping.mapping import IGNORE, ColumnMapping
from mxlib.core.passwords import looks_like_one
from mxlib.core.schema import MEANINGS

#: Headers that are too loose, or too foreign, to be used without asking; letters only, without accents.
_MEANT = {
    header: column.name for column in MEANINGS.values() for header in (*column.loose.split(), *column.likely.split())
}


def suggest_columns(sheet: Sheet, mapping: ColumnMapping) -> ColumnChoices:
    """Return likely choices for the columns of a sheet.

    Columns that claim the same meaning are left unanswered: they are a question to the operator, not a guess.
    """
    unsure = {at for conflict in mapping.conflicts for at in (conflict.first, conflict.second)}
    known = dict(mapping.name_parts) | dict(mapping.columns)
    found: dict[str, int] = {meaning: at for meaning, at in known.items() if at not in unsure}
    asked = {conflict.meaning for conflict in mapping.conflicts}
    for at, name in enumerate(sheet.header):
        meaning = _MEANT.get("".join(filter(str.isalnum, fold_case(name[: headers.MAX_HEADER_LENGTH]))))
        if meaning and at not in found.values() and at not in unsure and meaning not in asked:
            found.setdefault(meaning, at)
    if FIRST_NAME in found and FULL_NAME in found and LAST_NAME not in found:
        found[LAST_NAME] = found.pop(FULL_NAME)  # German lists: Name, Vorname
    if headers.WHO.isdisjoint(found) and headers.WHO.isdisjoint(asked):
        used = unsure | set(found.values())
        with_addresses = (at for at in range(len(sheet.header)) if at not in used and _holds_addresses(sheet, at))
        # With names, a column must be filled in every row: a partly filled one may hold other addresses of some people.
        named = not {LAST_NAME, FULL_NAME}.isdisjoint(found)
        first = next((at for at in with_addresses if not named or _is_filled(sheet, at)), None)
        if first is not None:
            found[ADDRESS] = first
    if not sheet.options.header_line:
        _guess_by_cells(sheet, found)
    meanings = {at: meaning for meaning, at in found.items()} | dict.fromkeys(unsure, "")
    return ColumnChoices(tuple(meanings.get(at, IGNORE) for at in range(len(sheet.header))))


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
