"""Meanings of the headers of columns."""

import re
from collections.abc import Iterable, Iterator, Sequence

from mxlib.core import schema
from mxlib.core.addresses import fold_case
from mxlib.core.arrow_text import BLANKS
from mxlib.core.formula_guard import unguard

#: The meaning of a column of full addresses. It is not one of COLUMNS, but fills `username` where that is blank.
ADDRESS = schema.ADDRESS.name
MEANINGS = (*schema.COLUMNS, ADDRESS)
WHO = frozenset({"username", ADDRESS})

#: Headers, in the form that `_key` returns, and their meanings.
_ALIASES = {
    alias: column.name
    for column in schema.MEANINGS.values()
    for alias in (*column.aliases.split(), *column.loose.split())
}
_LOOSE = frozenset(alias for column in schema.SCHEMA for alias in column.loose.split())
_NAME_PARTS = frozenset(header for part in schema.NAME_PARTS for header in part.likely.split())

#: Headers that are too loose, or too foreign, to be used without asking, in the form that `_folded` returns.
_SUGGESTIONS = {
    header: column.name
    for column in schema.MEANINGS.values()
    for header in (*column.loose.split(), *column.likely.split())
}
_FIRST_NAMES = frozenset(schema.FIRST_NAME.likely.split())
_LAST_NAMES = frozenset((*schema.LAST_NAME.likely.split(), *schema.NAME.loose.split()))

#: Characters that a header may have; a longer cell is text without a meaning, and shown cut.
MAX_HEADER_LENGTH = 200

#: Words after a bracket that say whether a template needs the column.
NEED_MARKS = frozenset({"required", "optional"})

_OPENS = re.compile(r"[(\[{<]")
_CLOSES = re.compile(r"[)\]}>]")
_SIZED = re.compile(r"quota(?:in)?(?P<unit>[kmgt]i?b|bytes?|(?:kilo|mega|giga|tera)bytes?)")
_IN_MB = frozenset({"mb", "mib", "megabyte", "megabytes"})
_IN_GB = frozenset({"gb", "gib", "gigabyte", "gigabytes"})
_UNITS = (
    _IN_MB | _IN_GB | {f"{unit}{s}" for unit in ("byte", "kilobyte", "terabyte") for s in ("", "s")}
    | {"kb", "kib", "tb", "tib"}
)  # fmt: skip


def shown(name: str) -> str:
    """Return a header as pages show it: on one line, and cut beyond MAX_HEADER_LENGTH."""
    bare = unguard(name).strip(BLANKS)
    return re.sub(r"[\r\n]+", " ", f"{bare[: MAX_HEADER_LENGTH - 1]}…" if len(bare) > MAX_HEADER_LENGTH else bare)


def meaning_of(name: str) -> str | None:
    """Return the meaning of a header; None when it is unknown.

    Case, blanks, hyphens, underscores and brackets make no difference.
    """
    if len(name) > MAX_HEADER_LENGTH:
        return None
    key = _key(name)
    if key.startswith("quota"):
        return "quota" if key == "quota" and _unit(name) in _IN_MB | _IN_GB | {""} else None
    return _ALIASES.get(key)


def meanings_of(header: Sequence[str]) -> list[str | None]:
    """Return the meaning of each header with regard to the others.

    A bare `Name` next to a first name may be a last name, so it has no meaning there.
    """
    meanings = [meaning_of(name) for name in header]
    loose = {at for at, name in enumerate(header) if meanings[at] and _key(name) in _LOOSE}
    if not loose:
        return meanings
    parted = any(_folded(name) in _NAME_PARTS for name in header)
    return [None if at in loose and (parted or meanings.count(each) > 1) else each for at, each in enumerate(meanings)]


def suggestion_of(name: str) -> str | None:
    """Return the meaning that a header only suggests; None when it suggests none.

    A unit is left aside: `Speicher (MB)` suggests what `Speicher` does.
    """
    if len(name) > MAX_HEADER_LENGTH:
        return None
    key = _folded(name)
    if key not in _SUGGESTIONS and _unit(name) in _IN_MB | _IN_GB:
        words = _words(_outside_brackets(name))
        key = "".join(words[:-1] if words[-1:] and words[-1] in _UNITS else words).removesuffix("in")
        return "quota" if _SUGGESTIONS.get(key) == "quota" else None
    return _SUGGESTIONS.get(key)


def says(name: str, stems: Iterable[str]) -> bool:
    """Return whether a header has one of these pieces of words, in letters without accents."""
    key = _folded(name)
    return any(stem in key for stem in stems)


def spaced(name: str) -> str:
    """Return the words of a header, in letters without accents, with a blank between them."""
    return " ".join(_words(name))


def is_in_megabytes(name: str) -> bool:
    """Return whether a header gives MB as its unit."""
    return len(name) <= MAX_HEADER_LENGTH and _unit(name) in _IN_MB


def is_in_gigabytes(name: str) -> bool:
    """Return whether a quota's header gives GB as its unit."""
    return len(name) <= MAX_HEADER_LENGTH and _unit(name) in _IN_GB


def names_who(header: Sequence[str]) -> bool:
    """Return whether a header has a column for usernames or addresses."""
    return any(meaning_of(name) in WHO for name in header)


def names_anything(header: Sequence[str]) -> bool:
    """Return whether a header has any known column besides a name. Tables of every kind have names."""
    return any(meaning_of(name) not in (None, schema.NAME.name) for name in header)


def known_in(header: Sequence[str]) -> int:
    """Count the different meanings that the columns of a header have.

    A name alone counts as none: tables of every kind have names.
    """
    found = {meaning_of(name) for name in header} - {None}
    return 0 if found == {schema.NAME.name} else len(found)


def suggested_in(header: Sequence[str]) -> int:
    """Count the columns of a header that have or suggest a meaning."""
    return sum(suggestion_of(name) is not None or meaning_of(name) is not None for name in header)


def names_people(header: Sequence[str]) -> bool:
    """Return whether a header has columns for first and last names, in any language known."""
    keys = {_folded(name) for name in header}
    return not keys.isdisjoint(_FIRST_NAMES) and not keys.isdisjoint(_LAST_NAMES)


def is_comment(cells: Sequence[str]) -> bool:
    """Return whether a row above the header is a comment. A header may itself begin with a column `#`."""
    first = shown(cells[0]) if cells else ""
    return first.startswith("#") and not (first == "#" and names_who(cells[1:]))


def letters(name: str) -> str:
    """Return the letters and digits of a header outside brackets, in lower case."""
    return _letters(_outside_brackets(name[:MAX_HEADER_LENGTH]))


def _key(name: str) -> str:
    """Return a header as the aliases have it: `E-Mail Address [Required]` → `emailaddress`, `Quota GB` → `quota`."""
    key = _letters(_outside_brackets(name)) or _letters(name)
    return "quota" if _SIZED.fullmatch(key) else key


def _unit(name: str) -> str:
    """Return the unit in a header, blank when it has none.

    It stands in brackets, or is the last word.
    """
    if sized := _SIZED.fullmatch(_letters(_outside_brackets(name)) or _letters(name)):
        return sized["unit"]
    inside = (name[first + 1 : last - 1] for first, last in _brackets(name))
    words = [word for part in inside for word in re.findall(r"[a-z]+", part.casefold())]
    found = next((word for word in words if word in _UNITS), "")
    last = _words(_outside_brackets(name))[1:][-1:]
    return found or next((word for word in last if word in _UNITS), "")


def _brackets(name: str) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each bracketed part.

    It searches once for each bracket, so that unclosed ones cost no more than others.
    """
    at = 0
    while (opened := _OPENS.search(name, at)) and (closed := _CLOSES.search(name, opened.end())):
        at = closed.end()
        yield opened.start(), at


def _folded(name: str) -> str:
    return _letters(fold_case(name[:MAX_HEADER_LENGTH]))


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", fold_case(name[:MAX_HEADER_LENGTH]))


def _outside_brackets(name: str) -> str:
    kept, at = [], 0
    for first, last in _brackets(name):
        kept.append(name[at:first])
        at = last
    rest = name[at:]
    return "".join([*kept, "" if kept and rest.strip(BLANKS).casefold() in NEED_MARKS else rest])


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
