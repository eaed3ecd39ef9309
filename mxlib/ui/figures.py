"""Figures and texts as people read them."""

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
