"""Usernames made of people's names, for a file that has no others."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import arrow_text
from mxlib.core.addresses import MAX_USERNAME_LENGTH, fold_case, is_username

#: What a username can be made of, by its name.
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

#: Characters of a name of which a username is made; whoever has a longer one is asked.
_LONGEST = 100

#: Words before a last name that are no part of its stem, as `folded` gives them.
_BEFORE = (
    "van der den de het t ten ter te op in aan bij s von vom zu zum zur "
    "da das do dos di du del della delle degli dei des la las le los lo y e af av al el bin binti ibn"
)
_PARTICLES = frozenset(_BEFORE.split())

#: How German and the Nordic languages write these without their marks.
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe",
                          "Ä": "ae", "Ö": "oe", "Ü": "ue", "Å": "aa", "Ø": "oe"})  # fmt: skip
_MARKED = "[äöüåøÄÖÜÅØ]"


class Particles(StrEnum):
    """What becomes of `van der`: words of its own, one word with the name, or nothing."""

    KEPT = "kept"
    JOINED = "joined"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class UsernamePattern:
    """How a username comes of a name.

    `spelled` writes ä as `ae` and ø as `oe`. It is off unless asked for: that is right for Müller and wrong for Göran
    and Özil, no file says which language a name is in, and the plain letter is what the preview suggests too.
    """

    pattern: str = "first.last"
    particles: Particles = Particles.JOINED
    spelled: bool = False


@dataclass(frozen=True, slots=True)
class People:
    """First and last names, whole columns of the same length; either may be blank."""

    first: pa.Array
    last: pa.Array

    @property
    def have_particles(self) -> bool:
        """Whether it matters to anybody what becomes of particles."""
        return any((_parted(name) or ((), ()))[0] for name in arrow_text.distinct(self.last)[1])

    @property
    def have_marks(self) -> bool:
        """Whether it matters to anybody how ä or ø is written."""
        return any(
            arrow_text.contain(pc.utf8_normalize(_short(column), "NFC"), _MARKED).any()
            for column in (self.first, self.last)
        )


def people(first: pa.Array, last: pa.Array, particle: pa.Array, full: pa.Array) -> People:
    """The people of a table; `particle` goes before the last name, `full` is taken where first and last are blank."""
    nobody = pc.and_(pc.equal(first, ""), pc.equal(last, ""))
    last = arrow_text.stripped(pc.binary_join_element_wise(particle, last, pa.scalar(" ", pa.large_string())))
    return People(
        pc.if_else(nobody, arrow_text.each(full, lambda name: _split(name)[0]), first),
        pc.if_else(nobody, arrow_text.each(full, lambda name: _split(name)[1]), last),
    )


def usernames(
    who: People,
    recipe: UsernamePattern,
    *,
    domains: pa.Array | None = None,
    apart_from: Collection[str] = (),
    existing: Collection[str] = (),
) -> pa.Array:
    """A username for each person, no two alike within one of `domains`; later ones get a number, from 2 up.

    `apart_from` are those of the `existing` addresses whose owners are other people: whoever would have got one gets
    the next number that nobody has. Blank where a name is blank, has a letter for which there is no Latin one, or makes
    no valid username: a person is asked then, nothing is made up.
    """
    wanted = plain(who, recipe)
    where = domains.to_pylist() if domains is not None else [""] * len(wanted)
    return arrow_text.texts(_numbered(wanted, where, frozenset(apart_from), frozenset(existing)))


def plain(who: People, recipe: UsernamePattern) -> list[str]:
    """The username that each person would have if there were no others."""
    people = zip(who.first.to_pylist(), who.last.to_pylist(), strict=True)
    return [_username(first, last, recipe) for first, last in people]


def _numbered(wanted: list[str], domains: list[str], others: frozenset[str], existing: frozenset[str]) -> list[str]:
    """Every plain name goes to whoever comes first; only then are numbers given, which may be nobody's plain name."""
    given, later = list(wanted), []
    in_file: set[str] = set()
    for at, (name, domain) in enumerate(zip(wanted, domains, strict=True)):
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
            given[at] = f"{wanted[at][: MAX_USERNAME_LENGTH - len(str(number))]}{number}"
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
    """The particles of a last name, and its stem of at least one word; None as `_words` gives it."""
    words = _words(last, spelled)
    if words is None:
        return None
    stem = next((at for at, word in enumerate(words[:-1]) if word not in _PARTICLES), max(0, len(words) - 1))
    return words[:stem], words[stem:]


@lru_cache(maxsize=16_384)  # names recur, and a page asks again at every touch of a widget
def _words(name: str, spelled: bool) -> tuple[str, ...] | None:
    """The words of a name in letters that a username may have; None when one of its letters has no such sibling."""
    if len(name) > _LONGEST:
        return None
    if spelled:
        name = unicodedata.normalize("NFC", name).translate(_SPELLED)
    plain = fold_case(name)
    if any(sign.isalnum() and not sign.isascii() for sign in plain):
        return None
    return tuple(filter(None, (re.sub(r"[^a-z0-9-]", "", word).strip("-") for word in plain.split())))


def _short(names: pa.Array) -> pa.Array:
    """Names without those that are too long to be looked into."""
    return pc.if_else(pa.array(arrow_text.are_longer(names, _LONGEST)), "", names)


def _split(full: str) -> tuple[str, str]:
    """First and last name of `Jan van der Berg` or `Berg, Jan van der`: without a comma the first word is it."""
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
