"""Checks of the data of a successful response. Pure: each returns a sentence, blank if it is right."""

from collections.abc import Mapping
from typing import Any

#: Figures that every mailbox has, as numbers or as text: a missing one is never 0, which means unlimited.
_NEEDED = ("quota", "limit")

#: Figures of use; one may be missing, but a number has to be one that a mailbox can have.
_USED = ("usage", "sent")
_MOST = 1e15

#: Most characters of a figure that comes as text.
_LONGEST = 40


def check_domains(data: Any) -> str:
    """Return what is wrong with the names of the account's domains."""
    named = isinstance(data, list) and all(isinstance(name, str) and _is_text(name) for name in data)
    return "" if named and _are_different(data) else "MXroute's list of domains is not readable."


def check_mailboxes(domain: str, data: Any) -> str:
    """Return what is wrong with the mailboxes of a domain.

    Each has a name of its own, a quota and a limit.
    """
    names = [_username(item) for item in data] if isinstance(data, list) else [""]
    if not all(names) or not _are_different(names):
        return f"MXroute's list of the mailboxes of {domain} is not readable."
    for name, item in zip(names, data, strict=True):
        if figure := _unknown_figure(item):
            return f"MXroute's list of the mailboxes of {domain} gives no readable {figure} for {name}."
    return ""


def check_mailbox(domain: str, username: str, data: Any) -> str:
    """Return what is wrong with a response about one mailbox.

    It has to name just that one.
    """
    asked = f"{username}@{domain}"
    if _username(data).lower() == username.lower():
        email = data.get("email")
        if not email or _normalised(email) == _normalised(asked):
            figure = _unknown_figure(data)
            return f"MXroute's answer about {asked} gives no readable {figure}." if figure else ""
    return f"MXroute's answer about {asked} is about something else."


def _username(item: Any) -> str:
    """Return the name of a mailbox from its `username` or its address; blank without one."""
    if not isinstance(item, Mapping):
        return ""
    name, email = item.get("username"), item.get("email")
    if isinstance(name, int) and not isinstance(name, bool) and 0 <= name < _MOST:
        name = str(name)
    given = [text for text in (name, email) if text is not None and text != ""]
    if not all(isinstance(text, str) and _is_text(text) for text in given):
        return ""
    return str(name or str(email or "").partition("@")[0])


def _unknown_figure(item: Mapping[str, Any]) -> str:
    """Return the first figure that is missing or out of range.

    Blank if all are valid.
    """
    lacking = (name for name in _NEEDED if not _is_whole(item.get(name)))
    numbers = ((name, item.get(name)) for name in _USED)
    impossible = (name for name, given in numbers if isinstance(given, int | float) and not -_MOST < given < _MOST)
    return next(lacking, "") or next(impossible, "")


def _is_whole(given: Any) -> bool:
    """Return whether a figure is a whole number, or says that it is unlimited."""
    if isinstance(given, str):
        given = given.strip().lower()
        if given == "unlimited":
            return True
        if len(given) > _LONGEST:
            return False
    elif isinstance(given, bool) or not isinstance(given, int | float):
        return False
    try:
        number = float(given)
    except (ValueError, OverflowError):
        return False
    return 0 <= number < _MOST and number.is_integer()


def _is_text(text: str) -> bool:
    """Return whether a text can be stored and shown: not blank, and without a lone surrogate."""
    try:
        return bool(text.encode().strip())
    except UnicodeEncodeError:
        return False


def _are_different(names: list[str]) -> bool:
    return len({name.lower() for name in names}) == len(names)


def _normalised(address: str) -> str:
    """Return an address in lower case, with its domain in the DNS form (IDNA)."""
    username, _, domain = address.lower().rpartition("@")
    try:
        return f"{username}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return f"{username}@{domain}"
