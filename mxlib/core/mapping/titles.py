"""Cut titles, brackets and nicknames off people's names, so that no username has them."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mxlib.core import arrow_text
from mxlib.core.arrow_text import Mask

#: Characters of a name that are inspected.
_LONGEST = 200

#: Remarks in brackets, and nicknames in quotes; an apostrophe inside a word encloses nothing.
_REMARK = re.compile(
    r"\([^()]*+\)|\[[^\[\]]*+\]|\{[^{}]*+\}"
    r'|"[^"]*+"|“[^“”]*+”|„[^„“”]*+[“”]|«[^«»]*+»|»[^«»]*+«|(?<!\w)[\'‘‚][^\'‘’‚]++[\'’‘](?!\w)'
)

_IN_FRONT = (
    "dr prof professor professorin herr herrn frau fräulein mr mrs ms mx dipl diplom dott dottssa drs mevr mevrouw "
    "dhr mme mlle monsieur madame mademoiselle señor señora signor signora dra dres doktor doctor univ mudr phdr "
    "judr mgr bc hr privdoz"
)
_OF_A_FIELD = (
    "ing kfm kffr inf psych oec päd phys chem biol math med dent vet jur iur phil rer nat pol soc theol techn agr hort "
    "habil mult hc h.c fh tu eth univ verw volksw betriebsw wirt"
)
_OFTEN_NAMES = "ing ir fr sr sra rev hon doc em ao dkfm pan mag sig"
_BEHIND = "msc bsc phd dphil llm llb mphil esq dipl-ing"
_BEHIND_IN_CAPITALS = "MBA EMBA MD MEng BEng BBA MPA MPH DBA EdD CPA FH"

#: Titles as words in lower case: in front of a name, with or without a dot after them.
_TITLES = frozenset(_IN_FRONT.split())

#: The same, but names or initials as well: these count with their dot only.
_DOTTED = frozenset(_OFTEN_NAMES.split())

#: Words that belong to a title before them, such as `med.` in `Dr. med.`
_FIELDS = frozenset(_OF_A_FIELD.split())

_HONORARY = "h.c"

#: Titles that also follow a name, with a dot after them: `Meier Dr.`
_BEHIND_TOO = _TITLES | {"mag", "ing", "sig"}

#: Degrees and additions after a name, without dots.
_DEGREES = frozenset(_BEHIND.split())
#: Degrees that are names in another spelling, such as Meng and Mba: these count in their own one only.
_SPELLED_DEGREES = frozenset(_BEHIND_IN_CAPITALS.split())
_DOTTED_DEGREES = frozenset(map(str.casefold, _SPELLED_DEGREES))
#: Degrees that are names in any spelling: these count behind a comma only.
_CAPITALS = frozenset({"MA", "BA", "RN", "MAS"})

#: A title without a blank behind it: `Dr.Meier`.
_GLUED = re.compile(r"(?P<title>(?:[^\W\d_]{1,6}\.)+)(?P<name>[^\W\d_][^.]+)")
_PARTS = re.compile(r"[.\-/]+")

#: Names that may have something to cut, as RE2 sees them.
_SUSPECT = (
    r"(?i)[()\[\]{}\"“”„«»‘‚.,]|(?:^|\s)'|^(?:"
    + "|".join(sorted(_TITLES))
    + r")(?:\s|$)|\s(?:"
    + "|".join(sorted(word for word in _DEGREES | _DOTTED_DEGREES if word.isalpha()))
    + r")$"
)


def cut(names: pa.Array, *, first: bool = False) -> tuple[pa.Array, Mask]:
    """Return names without titles, remarks in brackets and nicknames, and where something was cut.

    A column of `first` names may hold a title alone; in other columns such a word is the name.
    """
    suspect = arrow_text.contain(names, _SUSPECT) & ~arrow_text.are_longer(names, _LONGEST)
    if not suspect.any():
        return names, suspect
    before = names.filter(pa.array(suspect))
    found = arrow_text.each(before, lambda name: bare(name, first=first))
    changed: Mask = np.zeros(len(names), dtype=bool)
    changed[suspect] = arrow_text.mask(pc.not_equal(found, before))
    return pc.replace_with_mask(names, pa.array(suspect), found), changed


def split(names: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Return the titles in front of last names, and what is left without remarks.

    A full name puts these titles before the first name.
    """
    suspect = arrow_text.contain(names, _SUSPECT) & ~arrow_text.are_longer(names, _LONGEST)
    if not suspect.any():
        return arrow_text.blanks(len(names)), names
    asked, before = pa.array(suspect), names.filter(pa.array(suspect))
    found = arrow_text.each(before, lambda name: _split(name)[0])
    rest = arrow_text.each(before, lambda name: _split(name)[1])
    return (
        pc.replace_with_mask(arrow_text.blanks(len(names)), asked, found),
        pc.replace_with_mask(names, asked, rest),
    )


def _split(name: str) -> tuple[str, str]:
    """Return the titles in front of a name, and the name without remarks."""
    words = _REMARK.sub(" ", name).split() or name.split()
    rest = _without_titles(words, 1, is_spelled=not (name.isupper() or name.islower()))
    left = " ".join(rest)
    # All that stands before it: one title may be joined to the name by its dot.
    return " ".join(words).removesuffix(left).rstrip(), left


def bare(name: str, *, first: bool = False) -> str:
    """Return one name without titles, remarks and nicknames; unchanged where nothing else is left.

    Where the whole name is in capitals or in small letters, its spelling proves no title.
    """
    is_spelled = not (name.isupper() or name.islower())
    parts = [part.split() for part in _REMARK.sub(" ", name).split(",")]
    while len(parts) > 1 and all(_is_degree(word, behind_comma=True, is_spelled=is_spelled) for word in parts[-1]):
        parts.pop()
    kept = 0 if first and len(parts) == 1 else 1
    # A title alone behind a comma is no first name: `Meier, Dr.`
    parts = [_without_titles(part, 0 if at else kept, is_spelled) for at, part in enumerate(parts)]
    parts = [_without_titles_behind(_without_degrees(part, is_spelled)) for part in parts]
    shown = ", ".join(" ".join(part) for part in parts if part)
    same = shown == ", ".join(filter(None, (" ".join(part.split()) for part in name.split(","))))
    return name if same or not (shown or first) else shown


def _without_titles(words: list[str], kept: int, is_spelled: bool) -> list[str]:
    """Return the words of a name without titles in front; the last `kept` ones stay."""
    start = 0
    while start < len(words) - kept and _is_title(words[start], after=start > 0, is_spelled=is_spelled):
        start += 1
    found = _GLUED.fullmatch(words[start]) if start < len(words) else None
    if found and _is_title(found["title"], after=start > 0, is_spelled=is_spelled):
        return [found["name"], *words[start + 1 :]]
    return words[start:]


def _without_titles_behind(words: list[str]) -> list[str]:
    """Return the words of a name without titles after it; one word stays."""
    end = len(words)
    while end > 1 and words[end - 1].endswith(".") and _is_title(words[end - 1], after=True):
        end -= 1
    while end < len(words) and _BEHIND_TOO.isdisjoint(_PARTS.split(words[end].casefold())):
        end += 1
    return words[:end]


def _is_title(word: str, *, after: bool, is_spelled: bool = True) -> bool:
    """Return whether a word is a title: by itself, or `after` another one."""
    lowered = word.casefold().rstrip(".,")
    parts = [part for part in _PARTS.split(lowered) if part] if lowered != _HONORARY else [lowered]
    if not parts or not all(part in _TITLES or part in _DOTTED or part in _FIELDS for part in parts):
        return False
    if not _TITLES.isdisjoint(parts):
        return True
    if after and _FIELDS.issuperset(parts):  # `Phil` without a dot is a name
        return word.endswith(".") or (is_spelled and word.islower()) or lowered == "ing"
    return word.endswith(".") and not _DOTTED.isdisjoint(parts)


def _without_degrees(words: list[str], is_spelled: bool) -> list[str]:
    """Return the words of a name without degrees after it; one word stays."""
    end = len(words)
    while end > 1 and _is_degree(words[end - 1], behind_comma=False, is_spelled=is_spelled):
        end -= 1
    return words[:end]


def _is_degree(word: str, *, behind_comma: bool, is_spelled: bool) -> bool:
    """Return whether a word after a name is a degree."""
    letters = word.replace(".", "")
    if letters.casefold() in _DEGREES or ("." in word.rstrip(".") and letters.casefold() in _DOTTED_DEGREES):
        return True
    if not is_spelled:
        return False
    return letters in _SPELLED_DEGREES or (behind_comma and letters in _CAPITALS)
