"""The columns of a mailbox, each with the column of a file that fills it: the choices, seen from the other side."""

from collections.abc import Sequence

from mxlib.core import headers, schema
from mxlib.core.headers import ADDRESS
from mxlib.core.mapping.choices import ColumnChoices
from mxlib.core.mapping.mapping import IGNORE

#: The column that says which mailbox a row is about: of usernames, or else of full addresses.
WHO = "who"

_NAME_PARTS = tuple(part.name for part in schema.NAME_PARTS)
_VALUES = ("password", "quota", "limit", "recovery_email", "name", "domain")
_LABELS = {WHO: "Username or address"}


def label(target: str) -> str:
    """Return the name of a target on pages."""
    return _LABELS.get(target) or schema.MEANINGS[target].label


def shown(answer: ColumnChoices, *, parts: bool) -> tuple[str, ...]:
    """Return the targets in the order of the page, with `parts` those of names too.

    A particle has a target only where a column holds some, and so has an address next to a username.
    """
    both = (ADDRESS,) if set(answer.meanings) >= headers.WHO else ()
    names = tuple(name for name in _NAME_PARTS if name != schema.PARTICLE.name or name in answer.meanings)
    return (WHO, *both, *(names if parts else ()), *_VALUES)


def has_parts(answer: ColumnChoices) -> bool:
    """Return whether first and last names are asked for from the start.

    They are where columns hold some, and where usernames have to be made of them.
    """
    if not set(_NAME_PARTS).isdisjoint(answer.meanings):
        return True
    return headers.WHO.isdisjoint(answer.meanings) and schema.NAME.name not in answer.meanings


def column_of(answer: ColumnChoices, target: str) -> int | None:
    """Return the position of the column that fills a target; None when none does."""
    wanted = (schema.USERNAME.name, ADDRESS) if target == WHO else (target,)
    return next((answer.meanings.index(meaning) for meaning in wanted if meaning in answer.meanings), None)


def with_column(answer: ColumnChoices, target: str, at: int | None, *, holds_addresses: bool = False) -> ColumnChoices:
    """Return the choices with another column for a target, or with none.

    A column that filled another target leaves that one blank. `holds_addresses` says whether the column of usernames
    has full addresses.
    """
    before = column_of(answer, target)
    meanings = [IGNORE if position == before else meaning for position, meaning in enumerate(answer.meanings)]
    if at is not None:
        meanings[at] = IGNORE
        is_address = holds_addresses and ADDRESS not in meanings
        meanings[at] = (ADDRESS if is_address else schema.USERNAME.name) if target == WHO else target
    return ColumnChoices(tuple(meanings), answer.pattern)


def with_claimant(answer: ColumnChoices, meaning: str, claimants: Sequence[int], at: int) -> ColumnChoices:
    """Return the choices with one of the columns that claim a meaning.

    The others are free.
    """
    free = {each for each in claimants if answer.meanings[each] in ("", meaning)}
    meanings = [IGNORE if position in free else each for position, each in enumerate(answer.meanings)]
    meanings[at] = meaning
    return ColumnChoices(tuple(meanings), answer.pattern)
