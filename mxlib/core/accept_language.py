"""The language of a public page, by what the browser asks for (Accept-Language)."""

from mxlib.core.clients import LANGUAGES

#: Characters and parts of a header that are looked at; browsers send far less.
_LOOKED_AT, _MOST_PARTS = 1_000, 50


def choose(header: str, default: str) -> str:
    """Return the language that a header wants most among ours.

    It is `default` where the header names none of them. The first of equals wins. What a header refuses
    (`q=0`) is not chosen for it.
    """
    best, weight = default if default in LANGUAGES else next(iter(LANGUAGES)), 0.0
    for part in header[:_LOOKED_AT].split(",")[:_MOST_PARTS]:
        tag, _, parameters = part.partition(";")
        language = tag.strip().lower().partition("-")[0]
        if language in LANGUAGES and (wanted := _weight(parameters)) > weight:
            best, weight = language, wanted
    return best


def _weight(parameters: str) -> float:
    """Return the weight of a part: 1 without one, 0 for one that is no number from 0 to 1."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            value = value.strip()
            digits = value.replace(".", "", 1)
            return min(1.0, float(value)) if digits.isascii() and digits.isdecimal() else 0.0
    return 1.0
