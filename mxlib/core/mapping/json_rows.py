"""Rows sent as JSON: cells may be strings, numbers, null or absent."""

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from mxlib.core import headers
from mxlib.core.arrow_text import BLANKS, texts
from mxlib.core.format import readable
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.mapping import secret_cells
from mxlib.core.notes import Note
from mxlib.core.schema import make_rows

_LINE = ("line", "_line")
_MOST_LINES = 2**31

#: The number of differently named cells that the rows of one import may have.
_MAX_NAMES = 100


@dataclass(frozen=True)
class JsonRows:
    """The source of rows sent as JSON. `own` has the own columns of each row, each as a JSON object."""

    own: Sequence[bytes] = field(repr=False)
    file_name: str = ""
    file_digest: str = ""
    notes: tuple[Note, ...] = ()
    spells_out: bool | None = None

    def cells(self, origin: int) -> dict[str, str]:
        """Return the own columns of a row, for the results."""
        cells: dict[str, str] = json.loads(self.own[origin])
        return cells


def _own_names(names: Sequence[str]) -> set[str]:
    """Return the names of cells that have no meaning here."""
    meanings = zip(names, headers.meanings_of(names), strict=True)
    return {name for name, meaning in meanings if meaning is None and name not in _LINE}


def _is_cell(value: object) -> bool:
    return not isinstance(value, list | dict)


def read_rows(items: Sequence[Mapping[str, Any]]) -> tuple[pd.DataFrame, JsonRows]:
    """Return the rows table of JSON objects, and their own columns.

    Raises InvalidBody when there are too many different names.
    """
    names = {name for item in items for name in item}
    if len(names) > _MAX_NAMES:
        raise InvalidBody("rows", f"rows: over {_MAX_NAMES} differently named cells; remove those that are not needed.")
    return rows_from_json(items), JsonRows(_own_cells(items, _own_names([*names])))


def _own_cells(items: Sequence[Mapping[str, Any]], names: Set[str]) -> Sequence[bytes]:
    """Return each row's cells that have no meaning here, without passwords.

    They are returned as JSON, which is fast to pass to another process.
    """
    if not names:
        return [b"{}"] * len(items)
    found: dict[str, list[str]] = {}
    for item in items:
        for name in item.keys() & names:
            if _is_cell(item[name]):
                found.setdefault(name, []).append(cell_text(item[name]))
    shown = names - secret_cells.secret_names(found.items())
    return [
        json.dumps(
            {
                name: secret_cells.own_cell(name, cell_text(value))
                for name, value in item.items()
                if name in shown and _is_cell(value)
            }
        ).encode()
        for item in items
    ]


def rows_from_json(items: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the rows table of JSON objects; keys are matched as file headers are.

    A row without its own `line` gets its number in the list, counted from 1.
    """
    meant: dict[str, list[str]] = {}
    names = list(dict.fromkeys(name for item in items for name in item))
    for name, meaning in zip(names, headers.meanings_of(names), strict=True):
        if meaning is not None:
            meant.setdefault(meaning, []).append(name)
    faults, fault_columns = [""] * len(items), [""] * len(items)
    columns = {}
    for meaning, same in meant.items():
        columns[meaning], wrong = _column(items, same)
        for number, fault in wrong.items():
            faults[number] = fault
            fault_columns[number] = "username" if meaning == headers.ADDRESS else meaning
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
        fault_column=fault_columns,
    )


def _placed(usernames: list[str], whole: list[str], domains: list[str]) -> dict[str, list[str]]:
    """Combine usernames, full addresses and domains.

    A filled username wins over the address. Where the two agree, the address fills a blank domain.
    """
    placed = []
    for username, address, domain in zip(usernames, whole, domains, strict=True):
        name, (local, _, of) = username.strip(BLANKS), address.strip(BLANKS).lower().rpartition("@")
        agreed = name and name.lower() == local and not domain.strip(BLANKS)
        placed.append((username if name else address, of if agreed else domain))
    return {"username": [name for name, _ in placed], "domain": [domain for _, domain in placed]}


def _covered(cells: list[str], name: str) -> list[str]:
    covered: list[str] = secret_cells.cover(texts(cells), name).to_pylist()
    return covered


def _column(items: Sequence[Mapping[str, Any]], names: Iterable[str]) -> tuple[list[str], dict[int, str]]:
    """Return the first filled cell of each row among columns of one meaning.

    Also returns what is wrong, by row.
    """
    faults: dict[int, str] = {}
    first, *others = [_cells(items, name, faults) for name in names]
    for other in others:
        first = [cell if cell.strip(BLANKS) else instead for cell, instead in zip(first, other, strict=True)]
    return first, faults


def _cells(items: Sequence[Mapping[str, Any]], name: str, faults: dict[int, str]) -> list[str]:
    cells = []
    unit = " GB" if headers.is_in_gigabytes(name) else ""
    for number, item in enumerate(items):
        value = item.get(name)
        if isinstance(value, list | dict):
            faults[number] = f"{readable(name)}: write text or a number."
            value = None
        cell = cell_text(value)
        cells.append(f"{cell}{unit}" if unit and cell.strip(BLANKS)[-1:].isdigit() else cell)
    return cells


def cell_text(value: object) -> str:
    """Return a cell as text, as JSON writes it.

    Half a surrogate pair, which JSON can contain, is replaced, since it is not text.
    """
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
