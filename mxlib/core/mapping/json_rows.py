"""Rows that come as JSON: cells may be strings, numbers, null or absent, all alike."""

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from mxlib.core import addresses, headers, strict_json
from mxlib.core.arrow_text import BLANKS, texts
from mxlib.core.format import readable
from mxlib.core.import_batch import ImportBatch
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.mapping import secret_cells
from mxlib.core.schema import COLUMNS, make_rows
from mxlib.core.text import file_problems
from mxlib.core.vocabulary import OnExisting

__all__ = [
    "InvalidBody",
    "JsonRows",
    "flag_of",
    "mailbox",
    "object_of",
    "only",
    "parse_import",
    "read_text",
    "rows_from_json",
    "text_of",
]

_LINE = ("line", "_line")
_MOST_LINES = 2**31

#: How many domains and usernames a sender may say there are: as many as one answer brings without holding up others.
_MOST_KNOWN = 100_000

#: Characters of a domain, and of blanks around it.
_LONGEST_DEFAULT = 300

#: How many differently named cells the rows of one import may have.
_MOST_NAMES = 100


@dataclass(frozen=True)
class JsonRows:
    """The source of rows that came as JSON: the own columns of each row, as JSON of their own."""

    own: Sequence[bytes] = field(repr=False)
    file_name: str = ""
    file_digest: str = ""
    notes: tuple[str, ...] = ()

    def cells(self, origin: int) -> dict[str, str]:
        """The own columns of a row, for the results."""
        cells: dict[str, str] = json.loads(self.own[origin])
        return cells


def _is_own(name: str, value: object) -> bool:
    """Whether a cell means nothing here."""
    return name not in _LINE and headers.meaning_of(name) is None and not isinstance(value, list | dict)


def read_text(data: bytes, most: int) -> ImportBatch:
    """Read the body of a preview or an import as it came; raises Malformed."""
    return parse_import(strict_json.parse(data), most)


def parse_import(body: Any, most: int) -> ImportBatch:
    """Read the body of a preview or an import of at most `most` rows; raises Malformed."""
    told = object_of(body)
    items = [] if told.get("rows") is None else told["rows"]
    if not isinstance(items, list):
        raise InvalidBody("rows", "rows: a list of objects is needed.")
    if len(items) > most:
        raise InvalidBody("rows", file_problems.too_many_rows(len(items), most))
    for number, item in enumerate(items):
        if not isinstance(item, dict):
            raise InvalidBody(f"rows.{number}", f'rows.{number}: an object is needed, {{"username": "jan"}} say.')
    named = {name for item in items for name in item}
    if len(named) > _MOST_NAMES:
        raise InvalidBody(
            "rows", f"rows: over {_MOST_NAMES} differently named cells; remove those that are not needed."
        )
    return ImportBatch(
        rows_from_json(items),
        default_domain(text_of(told, "default_domain")),
        existing=_existing(told.get("existing_by_domain")),
        generate=flag_of(told, "generate_passwords"),
        on_existing=_on_existing(told),
        source=JsonRows(_own_cells(items, {name for name in named if _is_own(name, None)})),
    )


def default_domain(text: str) -> str:
    """The domain of rows without one, which each of them repeats: a long text would be there ten thousand times."""
    if len(text) > _LONGEST_DEFAULT:
        long = f"over {_LONGEST_DEFAULT} characters, which no domain has. Write one of the account's."
        raise InvalidBody("default_domain", f"default_domain: {long}")
    return addresses.domain(text)


def _own_cells(items: Sequence[Mapping[str, Any]], names: Set[str]) -> Sequence[bytes]:
    """The cells of each row that have no meaning here and no password in them, as JSON, which passes on fast."""
    if not names:
        return [b"{}"] * len(items)
    found: dict[str, list[str]] = {}
    for item in items:
        for name in item.keys() & names:
            if _is_own(name, item[name]):
                found.setdefault(name, []).append(_text(item[name]))
    shown = names - secret_cells.secret_names(found.items())
    return [
        json.dumps(
            {
                name: secret_cells.own_cell(name, _text(value))
                for name, value in item.items()
                if name in shown and _is_own(name, value)
            }
        ).encode()
        for item in items
    ]


def rows_from_json(items: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows table of JSON objects; their keys are understood as the headers of a file are.

    A row without a line of its own is called by its number in the list, from 1.
    """
    meant: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for item in items for name in item):
        if (meaning := headers.meaning_of(name)) is not None:
            meant.setdefault(meaning, []).append(name)
    faults = [""] * len(items)
    columns = {meaning: _column(items, names, faults) for meaning, names in meant.items()}
    blank = [""] * len(items)
    columns |= _placed(
        columns.get("username", blank), columns.pop(headers.ADDRESS, blank), columns.get("domain", blank)
    )
    columns |= {name: _covered(cells, name) for name, cells in columns.items() if name != "password"}
    return make_rows(
        columns,
        line=[_line(item, number) for number, item in enumerate(items, 1)],
        origin=list(range(len(items))),
        fault=faults,
    )


def _placed(usernames: list[str], whole: list[str], domains: list[str]) -> dict[str, list[str]]:
    """The username wins over the address where it is filled; where both agree, the address tells the domain."""
    placed = []
    for username, address, domain in zip(usernames, whole, domains, strict=True):
        name, (local, _, of) = username.strip(BLANKS), address.strip(BLANKS).lower().rpartition("@")
        agreed = name and name.lower() == local and not domain.strip(BLANKS)
        placed.append((username if name else address, of if agreed else domain))
    return {"username": [name for name, _ in placed], "domain": [domain for _, domain in placed]}


def _covered(cells: list[str], name: str) -> list[str]:
    covered: list[str] = secret_cells.cover(texts(cells), name).to_pylist()
    return covered


def object_of(body: Any) -> Mapping[str, Any]:
    """The body as an object."""
    if not isinstance(body, dict):
        raise InvalidBody("", "The body must be a JSON object.")
    return body


def only(body: Any, *names: str) -> Mapping[str, Any]:
    """The body as an object with nothing in it but `names`: a misspelt one is not left out without a word."""
    told = object_of(body)
    if unknown := next((name for name in told if name not in names), ""):
        raise _unknown(unknown, names)
    return told


def mailbox(body: Any, domain: str) -> Mapping[str, Any]:
    """The body as the cells of a new mailbox of `domain`, which may be called as in a row."""
    told = object_of(body)
    if unknown := next((name for name in told if headers.meaning_of(name) is None), ""):
        raise _unknown(unknown, COLUMNS)
    named = next((name for name in told if headers.meaning_of(name) == "domain"), "domain")
    if addresses.domain(text_of(told, named)) not in ("", addresses.domain(domain)):
        raise InvalidBody(
            named, f"{named}: this is about {readable(domain)}. Leave it out, or ask for the other domain."
        )
    return told


def _unknown(name: str, known: Iterable[str]) -> InvalidBody:
    return InvalidBody(readable(name), f"{readable(name)} is not known here; known are {', '.join(known)}.")


def text_of(told: Mapping[str, Any], name: str) -> str:
    """A cell of an object as text; blank when it is null or absent."""
    value = told.get(name)
    if isinstance(value, list | dict):
        raise InvalidBody(name, f"{name}: write text or a number.")
    return _text(value)


def flag_of(told: Mapping[str, Any], name: str) -> bool:
    """A yes or no; no when it is null or absent."""
    value = told.get(name)
    if value is not None and not isinstance(value, bool):
        raise InvalidBody(name, f"{name}: write true or false.")
    return bool(value)


def _on_existing(told: Mapping[str, Any]) -> OnExisting:
    value = told.get("on_existing")
    try:
        return OnExisting.SKIP if value is None else OnExisting(value)
    except ValueError:
        raise InvalidBody("on_existing", "on_existing: write skip or update.") from None


def _column(items: Sequence[Mapping[str, Any]], names: Iterable[str], faults: list[str]) -> list[str]:
    """The first filled cell of each row among those of one meaning."""
    first, *others = [_cells(items, name, faults) for name in names]
    for other in others:
        first = [cell if cell.strip(BLANKS) else instead for cell, instead in zip(first, other, strict=True)]
    return first


def _cells(items: Sequence[Mapping[str, Any]], name: str, faults: list[str]) -> list[str]:
    cells = []
    unit = " GB" if headers.is_in_gigabytes(name) else ""
    for number, item in enumerate(items):
        value = item.get(name)
        if isinstance(value, list | dict):
            faults[number] = f"{readable(name)}: write text or a number."
            value = None
        cell = _text(value)
        cells.append(f"{cell}{unit}" if unit and cell.strip(BLANKS)[-1:].isdigit() else cell)
    return cells


def _text(value: object) -> str:
    """A cell as text, as JSON writes it; half a surrogate pair, which JSON can bring, is none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text if text.isascii() else text.encode(errors="replace").decode()


def _line(item: Mapping[str, Any], number: int) -> int:
    for name in _LINE:
        value = item.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MOST_LINES:
            return value
    return number


def _existing(told: object) -> dict[str, frozenset[str]]:
    """Mailboxes by domain; what is not a list of names there counts as not told."""
    if not isinstance(told, dict):
        return {}
    if len(told) + sum(len(names) for names in told.values() if isinstance(names, list)) > _MOST_KNOWN:
        known = f"over {_MOST_KNOWN:,} names; leave it out, and MXM looks itself."
        raise InvalidBody("existing_by_domain", f"existing_by_domain: {known}")
    return {
        addresses.domain(_text(domain)): frozenset(
            _text(name).strip(BLANKS).lower().partition("@")[0] for name in names if isinstance(name, str)
        )
        for domain, names in told.items()
        if isinstance(names, list)
    }
