"""Whether the data of a good answer is what was asked for. Pure: each function returns a sentence, blank if it is."""

from collections.abc import Mapping
from typing import Any

#: The figures of a mailbox. One may be missing or come as text; a number has to be one that a mailbox can have.
_FIGURES = ("quota", "usage", "limit", "sent")
_MOST = 1e15


def check_domains(data: Any) -> str:
    """Say what is wrong with the names of the account's domains."""
    named = isinstance(data, list) and all(isinstance(name, str) and _is_text(name) for name in data)
    return "" if named and _are_different(data) else "MXroute's list of domains is not readable."


def check_mailboxes(domain: str, data: Any) -> str:
    """Say what is wrong with the mailboxes of a domain: each has a name, and no two have the same."""
    if isinstance(data, list):
        names = [_username(item) for item in data]
        if all(names) and _are_different(names) and all(map(_has_possible_figures, data)):
            return ""
    return f"MXroute's list of the mailboxes of {domain} is not readable."


def check_mailbox(domain: str, username: str, data: Any) -> str:
    """Say what is wrong with an answer about one mailbox: it has to name just that one."""
    asked = f"{username}@{domain}"
    if _username(data).lower() == username.lower() and _has_possible_figures(data):
        email = data.get("email")
        if not email or _normalised(email) == _normalised(asked):
            return ""
    return f"MXroute's answer about {asked} is about something else."


def _username(item: Any) -> str:
    """The name of a mailbox as the host gives it, by itself or in its address; blank without one."""
    if not isinstance(item, Mapping):
        return ""
    name, email = item.get("username"), item.get("email")
    if isinstance(name, int) and not isinstance(name, bool) and 0 <= name < _MOST:
        name = str(name)
    given = [text for text in (name, email) if text is not None and text != ""]
    if not all(isinstance(text, str) and _is_text(text) for text in given):
        return ""
    return str(name or str(email or "").partition("@")[0])


def _has_possible_figures(item: Mapping[str, Any]) -> bool:
    figures = (item.get(name) for name in _FIGURES)
    return all(-_MOST < figure < _MOST for figure in figures if isinstance(figure, int | float))


def _is_text(text: str) -> bool:
    """Whether a text can be kept and shown: not blank, and no half of a surrogate pair in it."""
    try:
        return bool(text.encode().strip())
    except UnicodeEncodeError:
        return False


def _are_different(names: list[str]) -> bool:
    return len({name.lower() for name in names}) == len(names)


def _normalised(address: str) -> str:
    """An address in lower case, with its domain as it travels."""
    username, _, domain = address.lower().rpartition("@")
    try:
        return f"{username}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return f"{username}@{domain}"
