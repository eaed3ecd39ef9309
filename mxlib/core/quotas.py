"""Quotas and limits as people and spreadsheets write them."""

import re
from decimal import Context, Decimal

from mxlib.core.arrow_text import BLANKS
from mxlib.core.schema import MAX_SENDS_PER_DAY

_NUMBER = re.compile(
    r"(?P<whole>[0-9]{1,9}|[0-9]{1,3}(?P<by>[, \xa0\u2009\u202f'’])[0-9]{3}(?:(?P=by)[0-9]{3}){0,2}|(?=\.[0-9]))"
    r"(?:\.(?P<decimals>[0-9]{1,20})|,(?P<after_comma>[0-9]{1,2}))?\s*+(?P<unit>[mgt](?:i?b)?)?",
    re.IGNORECASE,
)
_MEGABYTES = {"m": 1, "g": 1024, "t": 1024 * 1024}

#: Spreadsheets calculate with more digits than the 15 that they show.
_AS_SHOWN = Context(prec=15)

#: MB from which a quota without a unit is probably in bytes: no mailbox has ten terabytes.
HUGE = 10_000_000

#: MB below which a quota without a unit was perhaps meant in GB.
TINY = 100


def quota(cell: str) -> int | None:
    """Return megabytes from a cell such as `1,024`, `1,5 GB` or `unlimited` (0).

    `1 024`, `1024.0` and `1024,0` are read as well; None for anything else.
    """
    text = cell.strip(BLANKS)
    if text.lower() == "unlimited":
        return 0
    amount, unit = _number(text)
    return _whole(amount * _MEGABYTES[(unit or "m")[0]]) if amount is not None else None


def is_tiny(cell: str) -> bool:
    """Return whether a quota was perhaps meant in GB: a few MB, written without a unit."""
    amount, unit = _number(cell.strip(BLANKS))
    return amount is not None and not unit and 0 < amount < TINY


def has_unit(cell: str) -> bool:
    """Return whether a quota is written with its unit."""
    return bool(_number(cell.strip(BLANKS))[1])


def limit(cell: str) -> int | None:
    """Return a limit of sends a day, 0 to 9600; None for anything else."""
    amount, unit = _number(cell.strip(BLANKS))
    sends = _whole(amount) if amount is not None and not unit else None
    return sends if sends is not None and sends <= MAX_SENDS_PER_DAY else None


def _number(text: str) -> tuple[Decimal | None, str]:
    """Return a number and its unit; None for an ambiguous number.

    `1.024` is ambiguous, since in half of the world it means 1024; so is `1,0`, which may be a `1,024` cut short.
    """
    found = _NUMBER.fullmatch(text)
    if not found:
        return None, ""
    whole, decimals, after_comma = found["whole"], found["decimals"] or "", found["after_comma"]
    if after_comma:
        if len(whole) <= 3 and (found["unit"] or "m").lower().startswith("m"):
            return None, ""
        decimals = after_comma
    if len(decimals) == 3 and len(whole) <= 3:
        return None, ""
    amount = Decimal(f"{re.sub('[^0-9]', '', whole) or '0'}.{decimals}")
    return _AS_SHOWN.plus(amount), (found["unit"] or "").lower()


def _whole(amount: Decimal) -> int | None:
    return int(amount) if amount == int(amount) else None
