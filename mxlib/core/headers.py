"""What a column's header means."""

import re
from collections.abc import Iterator, Sequence

from mxlib.core import schema
from mxlib.core.addresses import fold_case
from mxlib.core.arrow_text import BLANKS
from mxlib.core.formula_guard import unguard

#: A column of full addresses: it has no column of its own in COLUMNS, and fills `username` where that is blank.
ADDRESS = schema.ADDRESS.name
MEANINGS = (*schema.COLUMNS, ADDRESS)
WHO = frozenset({"username", ADDRESS})

#: Headers as `_key` makes them.
_ALIASES = {
    alias: column.name
    for column in schema.MEANINGS.values()
    for alias in (*column.aliases.split(), *column.loose.split())
}
_LOOSE = frozenset(alias for column in schema.SCHEMA for alias in column.loose.split())
_NAME_PARTS = frozenset(header for part in schema.NAME_PARTS for header in part.likely.split())

#: Characters that a header may have; what is longer is text, and shown cut.
MAX_HEADER_LENGTH = 200

_OPENS = re.compile(r"[(\[{<]")
_CLOSES = re.compile(r"[)\]}>]")
_SIZED = re.compile(r"quota(?:in)?(?P<unit>[kmgt]i?b|bytes?|(?:kilo|mega|giga|tera)bytes?)")
_IN_MB = frozenset({"mb", "mib", "megabyte", "megabytes"})
_IN_GB = frozenset({"gb", "gib", "gigabyte", "gigabytes"})


def shown(name: str) -> str:
    """A header as people are shown it: in one line, cut where it is over LONGEST_HEADER."""
    bare = unguard(name).strip(BLANKS)
    return re.sub(r"[\r\n]+", " ", f"{bare[: MAX_HEADER_LENGTH - 1]}…" if len(bare) > MAX_HEADER_LENGTH else bare)


def meaning_of(name: str) -> str | None:
    """The meaning of a header whatever its case, blanks, hyphens, underscores and brackets; None when it is unknown."""
    if len(name) > MAX_HEADER_LENGTH:
        return None
    key = _key(name)
    if key.startswith("quota"):
        return "quota" if key == "quota" and _unit(name) in _IN_MB | _IN_GB | {""} else None
    return _ALIASES.get(key)


def meanings_of(header: Sequence[str]) -> list[str | None]:
    """The meaning of each header beside the others: a bare `Name` beside a first name may be a last name."""
    meanings = [meaning_of(name) for name in header]
    loose = {at for at, name in enumerate(header) if meanings[at] and _key(name) in _LOOSE}
    if not loose:
        return meanings
    parted = any(_letters(fold_case(name[:MAX_HEADER_LENGTH])) in _NAME_PARTS for name in header)
    return [None if at in loose and (parted or meanings.count(each) > 1) else each for at, each in enumerate(meanings)]


def is_in_gigabytes(name: str) -> bool:
    """Whether a quota's header says GB."""
    return len(name) <= MAX_HEADER_LENGTH and _unit(name) in _IN_GB


def names_who(header: Sequence[str]) -> bool:
    """Whether a header has a column for usernames or addresses."""
    return any(meaning_of(name) in WHO for name in header)


def names_anything(header: Sequence[str]) -> bool:
    """Whether a header has any column that is known; a name is in tables of every kind."""
    return any(meaning_of(name) not in (None, schema.NAME.name) for name in header)


def is_comment(cells: Sequence[str]) -> bool:
    """Whether a row above the header is a comment; a header may well begin with a column `#`."""
    first = shown(cells[0]) if cells else ""
    return first.startswith("#") and not (first == "#" and names_who(cells[1:]))


def _key(name: str) -> str:
    """`E-Mail Address [Required]` → `emailaddress`; a unit is taken off (`Quota GB` → `quota`)."""
    key = _letters(_outside_brackets(name)) or _letters(name)
    return "quota" if _SIZED.fullmatch(key) else key


def _unit(name: str) -> str:
    """The unit that a quota's header names, in brackets or without; blank when it names none."""
    if sized := _SIZED.fullmatch(_letters(_outside_brackets(name)) or _letters(name)):
        return sized["unit"]
    inside = (name[first + 1 : last - 1] for first, last in _brackets(name))
    words = [word for part in inside for word in re.findall(r"[a-z]+", part.casefold())]
    return next((word for word in words if _SIZED.fullmatch(f"quota{word}")), "")


def _brackets(name: str) -> Iterator[tuple[int, int]]:
    """Where each bracketed part starts and ends; one search a bracket, so that open ones cost no more than others."""
    at = 0
    while (opened := _OPENS.search(name, at)) and (closed := _CLOSES.search(name, opened.end())):
        at = closed.end()
        yield opened.start(), at


def _outside_brackets(name: str) -> str:
    kept, at = [], 0
    for first, last in _brackets(name):
        kept.append(name[at:first])
        at = last
    return "".join([*kept, name[at:]])


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))
