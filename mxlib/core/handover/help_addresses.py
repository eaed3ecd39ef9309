"""The address for help of a letterhead: a page, an email address or a phone number, which people can use."""

import re
from enum import StrEnum
from urllib.parse import urlsplit

from mxlib.core import addresses

#: Characters of the address for help.
MAX_HELP = 200

_PHONE = re.compile(r"\+?[0-9()/. -]+")

#: Digits of the shortest phone number.
_FEWEST_DIGITS = 3


class HelpProblem(StrEnum):
    """Codes of why a text is no address for help."""

    BAD_PAGE = "bad_page"
    BAD_EMAIL = "bad_email"
    NO_ADDRESS = "no_address"


def check(text: str) -> HelpProblem | None:
    """Return why this text is no address for help; None when it is, or blank."""
    if not text or _is_phone(text):
        return None
    if "://" in text or text.startswith("www."):
        return None if _is_page(text) else HelpProblem.BAD_PAGE
    if "@" in text:
        return None if addresses.is_email(addresses.email(text)) else HelpProblem.BAD_EMAIL
    return HelpProblem.NO_ADDRESS


def _is_phone(text: str) -> bool:
    return _PHONE.fullmatch(text) is not None and sum(char.isdigit() for char in text) >= _FEWEST_DIGITS


def _is_page(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises for one that is no number
    except ValueError:
        return False
    host = parts.hostname or ""
    return (
        parts.scheme in ("https", "http") and "@" not in parts.netloc and addresses.is_domain(host) and " " not in text
    )
