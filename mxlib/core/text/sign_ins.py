"""Texts about browsers that are signed in, and about the sign-in before."""

from collections.abc import Mapping
from datetime import datetime

from mxlib.core.format import clock_time, count, readable

#: Names of browsers by their mark in a user agent. Most also name the browsers below them.
_BROWSERS: Mapping[str, str] = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "Vivaldi/": "Vivaldi",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}

#: Names of systems by their mark in a user agent. Those of phones also name the system that theirs comes from.
_SYSTEMS: Mapping[str, str] = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Macintosh": "macOS",
    "Linux": "Linux",
}


def browser(agent: str) -> str:
    """Return the browser and the system of a user agent, such as `Firefox on Windows`."""
    name, system = (next((names[mark] for mark in names if mark in agent), "") for names in (_BROWSERS, _SYSTEMS))
    return f"{name or 'A browser'} on {system}" if system else name or "Unknown browser"


def date_and_time(at: float) -> str:
    """Format a Unix time with its year: `25 Nov 2026, 09:14`."""
    when = datetime.fromtimestamp(at)
    return f"{when.day} {when:%b} {when.year}, {clock_time(at)}"


def password_ended(at: float) -> str:
    """Say that a password ended that another person made, and who helps."""
    return (
        f"This password ended on {date_and_time(at)}: one that another person made has to be changed within 7 days. "
        "Ask an admin for a new one."
    )


def temporary_password(ends_at: float, now: float) -> str:
    """Say until when a temporary password may be used, or that it ended."""
    if ends_at <= now:
        return f"It ended on {date_and_time(ends_at)}: they need a new one."
    return f"They have to change it by {date_and_time(ends_at)}."


def last_sign_in(at: float, address: str, refused: int) -> str:
    """Return when and from where a person signed in last, with the refused tries since."""
    last = f"Last sign-in: {date_and_time(at)}" + (f" from {readable(address)}" if address else "")
    return f"{last}. {count(refused, 'refused try', 'refused tries')} since then." if refused else last
