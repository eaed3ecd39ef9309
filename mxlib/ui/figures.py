"""Figures and texts as people read them."""

import re

_MARKS = frozenset(r"\`*_{}[]()#+-!|<>~$:@")


def megabytes(amount: float) -> str:
    """A number of MB with the unit that reads best."""
    if amount >= 1024 * 1024:
        return f"{amount / 1024 / 1024:,.1f} TB"
    if amount >= 1024:
        return f"{amount / 1024:,.1f} GB"
    return f"{amount:,.0f} MB"


def escaped(text: str) -> str:
    """Text of others, so that markdown takes nothing in it for a command."""
    return "".join(f"\\{sign}" if sign in _MARKS else sign for sign in text)


def verbatim(text: str) -> str:
    """A value of others as it is, so that markdown makes no link of an address either; for values on one line."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{text}{fence}" if len(fence) == 1 else f"{fence} {text} {fence}"
