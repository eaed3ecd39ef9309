"""What an operator answers about the columns of a file, and what comes of it."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from mxlib.core import addresses, arrow_text, formula_guard, headers, schema
from mxlib.core.files.sheet import Sheet
from mxlib.core.mapping import usernames
from mxlib.core.mapping.mapping import IGNORE, ColumnMapping, detect_columns
from mxlib.core.mapping.usernames import PATTERNS, Particles, People, UsernamePattern
from mxlib.core.text import file_problems

#: What a column may hold of a person's name, beside the meanings of `headers`.
FIRST_NAME, PARTICLE, LAST_NAME = (part.name for part in schema.NAME_PARTS)
FULL_NAME = schema.NAME.name

#: What earlier releases called the full name in answers that are kept.
_EARLIER = {"full_name": FULL_NAME}

#: Every answer about a column, as people choose it.
CHOICES = {IGNORE: "Ignore", **{name: column.label for name, column in schema.MEANINGS.items()}}


@dataclass(frozen=True, slots=True)
class ColumnChoices:
    """The meaning of each column (one of CHOICES; blank: not answered yet), and how usernames come of names."""

    meanings: tuple[str, ...]
    pattern: UsernamePattern = field(default_factory=UsernamePattern)

    @property
    def chosen(self) -> dict[int, str]:
        """The same by position, for `mapping.recognise`."""
        return dict(enumerate(self.meanings))

    @property
    def makes_usernames(self) -> bool:
        """Whether usernames are to be made of names, for want of any other column that tells them."""
        return headers.WHO.isdisjoint(self.meanings) and not {FIRST_NAME, LAST_NAME, FULL_NAME}.isdisjoint(
            self.meanings
        )

    def trouble(self, header: Sequence[str]) -> str:
        """What is still wrong with it, one sentence; blank when rows can be made."""
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
    """The answer that a mapping amounts to."""
    at = {position: meaning for meaning, position in (*mapping.columns.items(), *mapping.name_parts.items())}
    return ColumnChoices(tuple(at.get(position, IGNORE) for position in range(len(mapping.names))))


def people(sheet: Sheet, answer: ColumnChoices) -> People:
    """The people whom the columns of names tell of."""

    def column(meaning: str) -> pa.Array:
        if meaning not in answer.meanings:
            return pa.nulls(len(sheet), pa.large_string()).fill_null("")
        return formula_guard.plain(sheet.table.column(answer.meanings.index(meaning)))

    return usernames.people(column(FIRST_NAME), column(LAST_NAME), column(PARTICLE), column(FULL_NAME))


def domains(sheet: Sheet, answer: ColumnChoices, domain: str) -> pa.Array:
    """The domain of each row, `domain` where it has none."""
    if "domain" not in answer.meanings:
        return pa.nulls(len(sheet), pa.large_string()).fill_null(domain)
    told = formula_guard.plain(sheet.table.column(answer.meanings.index("domain")))
    return arrow_text.each(told, lambda name: addresses.domain(name) or domain)


def digest(header: Sequence[str]) -> bytes:
    """What stands for a set of headers, whatever their order, case and surrounding blanks."""
    return hashlib.sha256(json.dumps([key for key, _ in _ordered(header)]).encode()).digest()


def to_json(header: Sequence[str], answer: ColumnChoices) -> dict[str, Any]:
    """An answer to keep. It has no header in it: a file without one has its first row there, passwords and all."""
    recipe = answer.pattern
    return {
        "meanings": [answer.meanings[at] for _, at in _ordered(header)],
        "pattern": recipe.pattern,
        "particles": recipe.particles.value,
        "spelled": recipe.spelled,
    }


def from_json(header: Sequence[str], told: AnyMapping[str, Any]) -> ColumnChoices | None:
    """An answer that was kept for this set of headers; None when it can not be used (any more)."""
    try:
        recipe = UsernamePattern(str(told["pattern"]), Particles(told["particles"]), bool(told["spelled"]))
        said = [_EARLIER.get(str(meaning), str(meaning)) for meaning in told["meanings"]]
    except (KeyError, TypeError, ValueError):
        return None
    if recipe.pattern not in PATTERNS or len(said) != len(header) or not CHOICES.keys() >= set(said):
        return None
    at = dict(zip((at for _, at in _ordered(header)), said, strict=True))
    answer = ColumnChoices(tuple(at[position] for position in range(len(header))), recipe)
    return None if answer.trouble(header) else answer


def _ordered(header: Sequence[str]) -> list[tuple[str, int]]:
    """The headers as they are compared, told apart, with their positions, sorted."""
    seen: Counter[str] = Counter()
    keys = []
    for at, name in enumerate(header):
        key = " ".join(headers.shown(name).casefold().split())
        seen[key] += 1
        keys.append((f"{key}\n{seen[key]}", at))
    return sorted(keys)
