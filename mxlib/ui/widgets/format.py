"""Figures and texts as people read them."""

import re

#: What a backslash in front of it makes a sign like any other.
_MARKS = frozenset(r"\`*_{}[]()#+-!|<>~$:@&")

#: What makes pictures, links, icons and colors; nobody misses it in a name that is read out.
_UNSPOKEN = frozenset(r"\`*[]<>!|~$:#&")

#: Between two signs nothing is seen of it. Streamlit looks for some marks in the text that is left when the backslashes
#: are gone: icons, its own logo, arrows and links; with this inside, Markdown makes none.
_JOINER = "\u2060"
_INSIDE = re.compile(
    r"(?<=:)(?=material/)|(?<=:)(?=streamlit:)|(?<=www)(?=\.)|(?<=https:)(?=//)|(?<=http:)(?=//)", re.IGNORECASE
)
_ARROW = re.compile(r"(?<!\S)[-<>=~]{2,3}(?!\S)")

#: What makes a list, a heading or code of a line, and is no mark elsewhere.
_NUMBERED, _UNDERLINE, _INDENT = (
    re.compile(r"(?m)^([^\S\n]*\d+)\."),
    re.compile(r"(?m)^([^\S\n]*)(?==)"),
    re.compile(r"(?m)^[ \t]+"),
)


def megabytes(amount: float) -> str:
    """Return a number of MB with the unit that reads best."""
    if amount >= 1024 * 1024:
        return f"{amount / 1024 / 1024:,.1f} TB"
    if amount >= 1024:
        return f"{amount / 1024:,.1f} GB"
    return f"{amount:,.0f} MB"


def escaped(text: str) -> str:
    """Text of others, so that markdown takes nothing in it for a command."""
    text = _INSIDE.sub(_JOINER, _ARROW.sub(lambda found: _JOINER.join(found[0]), text))
    text = "".join(f"\\{sign}" if sign in _MARKS else sign for sign in text)
    text = _UNDERLINE.sub(r"\1\\", _NUMBERED.sub(r"\1\\.", text))
    return _INDENT.sub(lambda found: "\u00a0" * len(found[0]), text)


def spoken(text: str) -> str:
    """Text of others for a label that only screen readers get: no backslash is read out, and no mark works."""
    return " ".join("".join(" " if sign in _UNSPOKEN else sign for sign in text).split())


def verbatim(text: str) -> str:
    """Return a foreign one-line value as code. Markdown then makes no link of an address."""
    text = _INSIDE.sub(_JOINER, " ".join(text.splitlines()))
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{text}{fence}" if len(fence) == 1 else f"{fence} {text} {fence}"
