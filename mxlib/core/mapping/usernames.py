"""Make usernames from people's names, for a file that has none."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import arrow_text
from mxlib.core.addresses import MAX_USERNAME_LENGTH, fold_case, is_username
from mxlib.core.arrow_text import Mask
from mxlib.core.mapping import titles

#: The patterns that usernames can be made by, by name.
PATTERNS = {
    "first.last": "{first}.{last}",
    "flast": "{f}{last}",
    "f.last": "{f}.{last}",
    "first": "{first}",
    "last": "{last}",
    "firstlast": "{first}{last}",
    "firstl": "{first}{l}",
    "first.l": "{first}.{l}",
    "first_last": "{first}_{last}",
    "first-last": "{first}-{last}",
    "last.first": "{last}.{first}",
    "lastf": "{last}{f}",
}

#: Characters of a name that usernames are made from; for a longer name, a person is asked.
_LONGEST = 100

#: Words before a last name that are not part of its stem, as `fold_case` returns them.
_BEFORE = (
    "van der den de het t ten ter te op in aan bij s von vom zu zum zur "
    "da das do dos di du del della delle degli dei des la las le los lo y e af av al el bin binti ibn"
)
_PARTICLES = frozenset(_BEFORE.split())

#: Particles that are no codes of languages or countries, as `de` is.
_SURE = frozenset(["van", "von", "der", "den", "vom", "zum", "della", "dos"])

#: The spelling of these letters without their marks in German and the Nordic languages.
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe",
                          "Ä": "ae", "Ö": "oe", "Ü": "ue", "Å": "aa", "Ø": "oe"})  # fmt: skip
_MARKED = "[äöüåøÄÖÜÅØ]"


class Particles(StrEnum):
    """The treatment of particles such as `van der`: separate words, joined to the name, or dropped."""

    KEPT = "kept"
    JOINED = "joined"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class UsernamePattern:
    """The way a username is made from a name.

    `spelled` writes ä as `ae` and ø as `oe`: that is right for Müller and wrong for Göran and Özil. `languages` guesses
    it for a list as a whole.
    """

    pattern: str = "first.last"
    particles: Particles = Particles.JOINED
    spelled: bool = False


@dataclass(frozen=True, slots=True)
class People:
    """First and last names, as columns of the same length; either name may be blank."""

    first: pa.Array
    last: pa.Array
    #: Where titles, remarks in brackets or nicknames were cut off a name.
    cut: Mask = field(default_factory=lambda: np.zeros(0, dtype=bool), repr=False)

    @property
    def have_particles(self) -> bool:
        """Return whether the choice about particles changes any name."""
        return any((_parted(name) or ((), ()))[0] for name in arrow_text.distinct(self.last)[1])

    @property
    def have_marks(self) -> bool:
        """Return whether the choice about writing ä or ø changes any name."""
        return any(
            arrow_text.contain(pc.utf8_normalize(_short(column), "NFC"), _MARKED).any()
            for column in (self.first, self.last)
        )


def people(first: pa.Array, last: pa.Array, particle: pa.Array, full: pa.Array) -> People:
    """Return the people of a table.

    `particle` goes before the last name. `full` is used where first and last are both blank. Titles, remarks in
    brackets and nicknames are cut off.
    """
    nobody = pc.and_(pc.equal(first, ""), pc.equal(last, ""))
    first, in_first = titles.cut(first, first=True)
    last, in_last = titles.cut(last)
    full, in_full = titles.cut(full)
    last = arrow_text.stripped(pc.binary_join_element_wise(particle, last, pa.scalar(" ", pa.large_string())))
    return People(
        pc.if_else(nobody, arrow_text.each(full, lambda name: _split(name)[0]), first),
        pc.if_else(nobody, arrow_text.each(full, lambda name: _split(name)[1]), last),
        in_first | in_last | (in_full & arrow_text.mask(nobody)),
    )


def are_particles(cells: Collection[str]) -> bool:
    """Return whether these are words before last names, and nothing else."""
    is_sure = False
    for cell in cells:  # one by one: most columns hold something else in their first cell
        words = fold_case(cell).split()
        if not _PARTICLES.issuperset(words):
            return False
        is_sure |= not _SURE.isdisjoint(words)
    return is_sure


def usernames(
    who: People,
    recipe: UsernamePattern,
    *,
    domains: pa.Array | None = None,
    apart_from: Collection[str] = (),
    existing: Collection[str] = (),
) -> pa.Array:
    """Return a username for each person, unique within each of `domains`.

    Later ones get a number, from 2 up. `apart_from` are those of the `existing` addresses whose owners are other
    people: a person who would have got one of them gets the next number that is free. The result is blank where a
    name is blank, has a letter without a Latin equivalent, or makes no valid username: then a person is asked, and
    nothing is made up.
    """
    names = plain(who, recipe)
    where = domains.to_pylist() if domains is not None else [""] * len(names)
    return arrow_text.texts(_numbered(names, where, frozenset(apart_from), frozenset(existing)))


def plain(who: People, recipe: UsernamePattern) -> list[str]:
    """Return the username that each person would have if there were no others."""
    people = zip(who.first.to_pylist(), who.last.to_pylist(), strict=True)
    return [_username(first, last, recipe) for first, last in people]


def _numbered(names: list[str], domains: list[str], others: frozenset[str], existing: frozenset[str]) -> list[str]:
    """Give every plain name to the first person who has it, then number the others.

    A numbered name must not be the plain name of anyone.
    """
    given, later = list(names), []
    in_file: set[str] = set()
    for at, (name, domain) in enumerate(zip(names, domains, strict=True)):
        address = f"{name}@{domain}"
        if name and (address in in_file or address in others):
            later.append((at, address, address not in in_file))
        in_file.add(address)
    reached: Counter[str] = Counter()
    for at, address, is_another in later:
        number, candidate = reached[address] or 1, address
        while candidate in in_file or candidate in others or (is_another and candidate in existing):
            is_another |= candidate in others and candidate != address
            number += 1
            given[at] = f"{names[at][: MAX_USERNAME_LENGTH - len(str(number))]}{number}"
            candidate = f"{given[at]}@{domains[at]}"
        if not is_another:
            reached[address] = number
        in_file.add(candidate)
    return given


def _username(first: str, last: str, recipe: UsernamePattern) -> str:
    pattern = PATTERNS[recipe.pattern]
    given, parted = _words(first, recipe.spelled), _parted(last, recipe.spelled)
    if given is None or parted is None:
        return ""
    particles, stem = parted
    between = re.sub(r"{\w+}", "", pattern) if recipe.particles == Particles.KEPT else ""
    before = () if recipe.particles == Particles.DROPPED else particles
    name, family = "".join(given), between.join([*before, "".join(stem)])
    made = pattern.format(first=name, last=family, f=name[:1], l=family[:1]) if name and family else name or family
    made = made[:MAX_USERNAME_LENGTH].strip("-._")
    return made if is_username(made) else ""


def _parted(last: str, spelled: bool = False) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return the particles of a last name, and its stem of at least one word.

    Returns None where `_words` does.
    """
    words = _words(last, spelled)
    if words is None:
        return None
    stem = next((at for at, word in enumerate(words[:-1]) if word not in _PARTICLES), max(0, len(words) - 1))
    return words[:stem], words[stem:]


@lru_cache(maxsize=16_384)  # names recur, and a page computes them again at every touch of a widget
def _words(name: str, spelled: bool) -> tuple[str, ...] | None:
    """Return the words of a name in letters that a username may have.

    Returns None when one of its letters has no such equivalent, or the name is too long.
    """
    if len(name) > _LONGEST:
        return None
    if spelled:
        name = spell_out(name)
    plain = fold_case(name)
    if any(sign.isalnum() and not sign.isascii() for sign in plain):
        return None
    return tuple(filter(None, (re.sub(r"[^a-z0-9-]", "", word).strip("-") for word in plain.split())))


def spell_out(name: str) -> str:
    """Return a name with `ae` for ä, `oe` for ø and the like."""
    return unicodedata.normalize("NFC", name).translate(_SPELLED)


def _short(names: pa.Array) -> pa.Array:
    """Return names, blank where one is too long to inspect."""
    return pc.if_else(pa.array(arrow_text.are_longer(names, _LONGEST)), "", names)


def _split(full: str) -> tuple[str, str]:
    """Split a full name, such as `Jan van der Berg` or `Berg, Jan van der`.

    Returns the first and the last name. Without a comma, the first word is the first name.
    """
    if len(full) > 2 * _LONGEST:
        return full, ""
    if "," in full:
        last, _, first = full.partition(",")
        words = first.split()
        stem = len(words)
        while stem > 1 and fold_case(words[stem - 1]) in _PARTICLES:
            stem -= 1
        return " ".join(words[:stem]), " ".join([*words[stem:], last.strip()])
    first, _, last = full.strip().partition(" ")
    return first, last.strip()
