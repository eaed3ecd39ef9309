"""Learn the pattern of a domain's usernames from its mailboxes."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from mxlib.core.arrow_text import texts
from mxlib.core.mapping import usernames
from mxlib.core.mapping.usernames import PATTERNS, Particles, UsernamePattern

#: Mailboxes that are compared at most, from all over the list.
_MOST = 100

#: Mailboxes of one pattern from which it counts, and their part of all that could have it.
_FEWEST_BY_NAME, _FEWEST_BY_SHAPE, _PART = 3, 5, 0.6

#: Shapes and the patterns that make them; without a sign between the names nothing shows where they part.
_SHAPES = {
    ("f.last",): re.compile(r"[a-z]\.[a-z-]{2,}[0-9]{0,2}"),
    ("first.last", "last.first"): re.compile(r"[a-z]{2,}\.[a-z-]{2,}[0-9]{0,2}"),
    ("first.l",): re.compile(r"[a-z]{2,}\.[a-z][0-9]{0,2}"),
    ("first_last",): re.compile(r"[a-z]{2,}_[a-z-]{2,}[0-9]{0,2}"),
}
_ROLES = frozenset(
    ["info", "office", "sales", "support", "admin", "contact", "kontakt", "service", "hello", "noreply", "no-reply"]
)


def learn(mailboxes: Sequence[tuple[str, str]], usual: UsernamePattern) -> UsernamePattern:
    """Return the pattern of most mailboxes of a domain, or the `usual` one.

    Each of `mailboxes` is a username with the full name of its owner, blank if unknown. Names prove a pattern; without
    enough of them, the shapes of the usernames show it.
    """
    compared = [(username, name) for username, name in mailboxes if username not in _ROLES]
    compared = compared[:: -(-len(compared) // _MOST) or 1]
    return _by_names(compared, usual) or _by_shapes([username for username, _ in compared], usual) or usual


def _by_names(mailboxes: Sequence[tuple[str, str]], usual: UsernamePattern) -> UsernamePattern | None:
    """Return the pattern that makes most of the usernames of the names."""
    named = [(re.sub(r"[0-9]{1,3}$", "", username), name) for username, name in mailboxes if " " in name.strip()]
    if len(named) < _FEWEST_BY_NAME:
        return None
    blank = texts([""] * len(named))
    who = usernames.people(blank, blank, blank, texts([name for _, name in named]))
    # The usual choices first: where several patterns make the same usernames, they decide.
    spellings = (usual.spelled, not usual.spelled)
    particles = sorted(Particles, key=lambda each: each is not usual.particles)
    patterns = sorted(PATTERNS, key=lambda each: each != usual.pattern)
    fits = {
        recipe: sum(made == username for made, (username, _) in zip(usernames.plain(who, recipe), named, strict=True))
        for recipe in (UsernamePattern(*each) for each in product(patterns, particles, spellings))
    }
    best = max(fits, key=lambda recipe: fits[recipe])
    return best if fits[best] >= max(_FEWEST_BY_NAME, _PART * len(named)) else None


def _by_shapes(names: Sequence[str], usual: UsernamePattern) -> UsernamePattern | None:
    """Return the pattern whose shape most of the usernames have.

    Where several patterns make that shape, it shows none of them.
    """
    shapes = Counter(patterns for name in names for patterns, shape in _SHAPES.items() if shape.fullmatch(name))
    patterns, count = max(shapes.items(), key=lambda each: each[1], default=((), 0))
    enough = count >= max(_FEWEST_BY_SHAPE, _PART * len(names))
    return replace(usual, pattern=patterns[0]) if enough and len(patterns) == 1 else None
