"""An operator's choices about the columns of a file, and what follows from them."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import addresses, arrow_text, formula_guard, headers, schema
from mxlib.core.files.sheet import Sheet
from mxlib.core.mapping import languages, usernames
from mxlib.core.mapping.mapping import IGNORE, ColumnMapping, detect_columns
from mxlib.core.mapping.usernames import PATTERNS, Particles, People, UsernamePattern
from mxlib.core.text import file_problems

#: The parts of a person's name that a column may hold, besides the meanings of `headers`.
FIRST_NAME, PARTICLE, LAST_NAME = (part.name for part in schema.NAME_PARTS)
FULL_NAME = schema.NAME.name

#: The name of the full name in choices that earlier releases stored.
_EARLIER = {"full_name": FULL_NAME}

#: Every meaning that people can choose for a column, with its label.
CHOICES = {IGNORE: "Don't import", **{name: column.label for name, column in schema.MEANINGS.items()}}


@dataclass(frozen=True, slots=True)
class ColumnChoices:
    """The meaning of each column, and the way usernames are made from names.

    Each of `meanings` is one of CHOICES; blank is not answered yet.
    """

    meanings: tuple[str, ...]
    pattern: UsernamePattern = field(default_factory=UsernamePattern)

    @property
    def chosen(self) -> dict[int, str]:
        """Return the meanings by position, for `mapping.detect_columns`."""
        return dict(enumerate(self.meanings))

    @property
    def makes_usernames(self) -> bool:
        """Return whether usernames must be made from names, because no other column holds them."""
        return headers.WHO.isdisjoint(self.meanings) and not {FIRST_NAME, LAST_NAME, FULL_NAME}.isdisjoint(
            self.meanings
        )

    def trouble(self, header: Sequence[str]) -> str:
        """Return one sentence about what is still wrong; blank when rows can be made."""
        if "" in self.meanings:
            return "Answer the question above first."
        understood = detect_columns(header, chosen=self.chosen)
        if understood.conflicts:
            return understood.conflicts[0].sentence
        for column in schema.NAME_PARTS:
            first, *others = [at for at, said in enumerate(self.meanings) if said == column.name] or [-1]
            if others:
                return file_problems.two_columns(understood.names[first], understood.names[others[0]], column.plural)
        if not understood.names_who and not self.makes_usernames:
            return "Say which column holds usernames or addresses; or first and last names, to make usernames of."
        return ""


def as_understood(mapping: ColumnMapping) -> ColumnChoices:
    """Return the choices that match a mapping."""
    at = {position: meaning for meaning, position in (*mapping.columns.items(), *mapping.name_parts.items())}
    return ColumnChoices(tuple(at.get(position, IGNORE) for position in range(len(mapping.names))))


def people(sheet: Sheet, answer: ColumnChoices) -> People:
    """Return the people in the name columns of a sheet."""

    def column(meaning: str) -> pa.Array:
        if meaning not in answer.meanings:
            return pa.nulls(len(sheet), pa.large_string()).fill_null("")
        return formula_guard.plain(sheet.table.column(answer.meanings.index(meaning)))

    return usernames.people(column(FIRST_NAME), column(LAST_NAME), column(PARTICLE), column(FULL_NAME))


def domains(sheet: Sheet, answer: ColumnChoices, domain: str) -> pa.Array:
    """Return the domain of each row, or `domain` where the row has none."""
    if "domain" not in answer.meanings:
        return pa.nulls(len(sheet), pa.large_string()).fill_null(domain)
    column = formula_guard.plain(sheet.table.column(answer.meanings.index("domain")))
    return arrow_text.each(column, lambda name: addresses.domain(name) or domain)


def first_of_repeated(sheet: Sheet) -> npt.NDArray[np.int64]:
    """Return for each row the first one that is the same: itself, if no earlier one is.

    Case and blanks around cells do not count, nor do columns of running numbers.
    """
    keys = np.zeros(len(sheet), dtype=np.int64)
    for at in range(len(sheet.header)):
        cells = pc.utf8_lower(arrow_text.stripped(sheet.table.column(at)))
        if not _are_running_numbers(cells):
            codes, different = arrow_text.distinct(cells)
            keys = np.unique(keys * (len(different) + 1) + codes, return_inverse=True)[1]
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    found: npt.NDArray[np.int64] = first[which]
    return found


def _are_running_numbers(cells: pa.Array) -> bool:
    """Return whether every cell is a number greater than the one before."""
    if len(cells) < 2 or not arrow_text.match(cells, "[0-9]{1,9}").all():
        return False
    return bool((np.diff(cells.cast(pa.int64()).to_numpy()) > 0).all())


def with_spelling(sheet: Sheet, answer: ColumnChoices, domain: str) -> ColumnChoices:
    """Return the choices with the spelling of usernames that the list likely has."""
    if not answer.makes_usernames:
        return answer
    who = people(sheet, answer)
    spelled = languages.spells_out(
        sheet.header, domains(sheet, answer, domain).unique().to_pylist(), (who.first, who.last)
    )
    return replace(answer, pattern=replace(answer.pattern, spelled=spelled))


def digest(header: Sequence[str]) -> bytes:
    """Return a hash of a set of headers.

    It ignores their order, case and surrounding blanks.
    """
    return hashlib.sha256(json.dumps([key for key, _ in _ordered(header)]).encode()).digest()


def to_json(header: Sequence[str], answer: ColumnChoices) -> dict[str, Any]:
    """Return choices as JSON for storage.

    It contains no header: in a file without one, the "header" is the first row, passwords included.
    """
    recipe = answer.pattern
    return {
        "meanings": [answer.meanings[at] for _, at in _ordered(header)],
        "pattern": recipe.pattern,
        "particles": recipe.particles.value,
        "spelled": recipe.spelled,
    }


def from_json(header: Sequence[str], stored: AnyMapping[str, Any]) -> ColumnChoices | None:
    """Return the choices stored for these headers; None when they are no longer usable."""
    try:
        recipe = UsernamePattern(str(stored["pattern"]), Particles(stored["particles"]), bool(stored["spelled"]))
        said = [_EARLIER.get(str(meaning), str(meaning)) for meaning in stored["meanings"]]
    except (KeyError, TypeError, ValueError):
        return None
    if recipe.pattern not in PATTERNS or len(said) != len(header) or not CHOICES.keys() >= set(said):
        return None
    at = dict(zip((at for _, at in _ordered(header)), said, strict=True))
    answer = ColumnChoices(tuple(at[position] for position in range(len(header))), recipe)
    return None if answer.trouble(header) else answer


def _ordered(header: Sequence[str]) -> list[tuple[str, int]]:
    """Return the headers as compared, made distinct, with their positions, sorted."""
    seen: Counter[str] = Counter()
    keys = []
    for at, name in enumerate(header):
        key = " ".join(headers.shown(name).casefold().split())
        seen[key] += 1
        keys.append((f"{key}\n{seen[key]}", at))
    return sorted(keys)
