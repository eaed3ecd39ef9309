"""Sentences about what the columns of a file look like."""

from mxlib.core.mapping.clues import Holds

_HOLDS = {
    Holds.SIZES: "sizes",
    Holds.ADDRESSES: "email addresses",
    Holds.PASSWORDS: "passwords",
    Holds.DOMAINS: "domains",
    Holds.NUMBERS: "numbers that fit a send limit",
    Holds.PARTICLES: "particles of names",
}


def holds(what: Holds) -> str:
    """Return what a column holds: `sizes`."""
    return _HOLDS[what]
