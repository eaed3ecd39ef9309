"""Figures as people read them."""


def megabytes(amount: float) -> str:
    """A number of MB with the unit that reads best."""
    if amount >= 1024 * 1024:
        return f"{amount / 1024 / 1024:,.1f} TB"
    if amount >= 1024:
        return f"{amount / 1024:,.1f} GB"
    return f"{amount:,.0f} MB"
