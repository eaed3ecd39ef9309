"""Texts about handing over the passwords of a run."""

from collections.abc import Mapping, Sequence

from mxlib.core.format import count, day, listed, moment
from mxlib.core.vocabulary import HandOverWay

TITLE = "Hand over the passwords"

#: The title once MXM's copy is erased, and what is left then.
TITLE_ERASED = "Who has their password"
COPY_ERASED = "MXM's copy of the passwords is erased. The marks stay."

#: How a password was handed over, as the table and the audit log say it.
WAYS: Mapping[HandOverWay, str] = {
    HandOverWay.LETTER: "Letter",
    HandOverWay.MAIL_MERGE: "Mail merge",
    HandOverWay.FILE: "File for a client",
    HandOverWay.PASSWORD_MANAGER: "Password manager",
    HandOverWay.MESSAGE: "Message",
    HandOverWay.OTHER: "Another way",
}

#: Addresses that are named before the rest is counted.
_NAMED = 5

#: What was taken away, in an offer to mark it.
_TAKEN: Mapping[HandOverWay, str] = {
    HandOverWay.LETTER: "Letters",
    HandOverWay.MAIL_MERGE: "Excel for mail merge",
    HandOverWay.FILE: "Files for clients",
    HandOverWay.PASSWORD_MANAGER: "Logins for a password manager",
}


def progress(done: int, people: int) -> str:
    """Say how many people have their password."""
    return f"{done:,} of {people:,} handed over."


def kept_until(until: float) -> str:
    """Say when MXM erases its copy."""
    return f"MXM's copy is erased on {day(until)}."


def kept_for(done: int, people: int, until: float, now: float) -> str:
    """Say how many people have their password, and how long MXM keeps its copy."""
    left = max(0.0, until - now)
    days = count(int(left // 86_400), "more day") if left >= 86_400 else "less than a day"
    return f"{progress(done, people)} MXM's copy is kept for {days}, until {moment(until, now)}."


def offer(number: int, way: HandOverWay) -> str:
    """Ask whether people whose passwords were just taken have them."""
    have = "has" if number == 1 else "have"
    who = f"{count(number, 'person', 'people')} {have} no mark yet"
    return f"{_TAKEN[way]} taken; {who}. Do they have the password?"


def mark(number: int) -> str:
    """Name the button that marks people."""
    return f"Mark {number:,} as handed over"


def never_taken(number: int) -> str:
    """Ask for a tick before passwords are erased that nobody has."""
    return f"{count(number, 'password')} {'was' if number == 1 else 'were'} never taken. Erase the only copy."


def waiting(number: int) -> str:
    """Say how many people have no mark yet; blank for nobody."""
    are = "person is" if number == 1 else "people are"
    return f"{number:,} {are} not marked as having their password." if number else ""


def shown(start: int, people: int, number: int) -> str:
    """Say which people of a long table are shown."""
    return f"People {start + 1:,} to {start + people:,} of {number:,}."


def renewed(until: float | None) -> str:
    """Say where a new password is kept."""
    if until is None:
        return "MXM keeps no copy of it, since the copies of this run are erased."
    return f"MXM keeps a copy with the others of this run, until {day(until)}: files and letters have it."


def selected(number: int) -> str:
    """Say how many people are selected, or what a selection is for."""
    return f"{number:,} selected." if number else SELECT


def not_agreed(number: int) -> str:
    """Say that passwords would be lost which nobody agreed to lose."""
    return f"{never_taken(number)} Tick that first."


def marked(addresses: Sequence[str], way: HandOverWay | None = None) -> str:
    """Describe an act on marks for the audit log."""
    number = count(len(addresses), "password")
    of = listed(addresses, most=_NAMED, noun="more")
    return f"{number}, {WAYS[way]}: {of}" if way else f"{number}: {of}"


def left_out(placeholders: Sequence[str], domains: Sequence[str]) -> str:
    """Say which lines of letters are left out, since nothing fills them in."""
    lines = "the line" if len(placeholders) == 1 else "the lines"
    where = listed(domains, most=_NAMED, noun="more")
    return (
        f"Letters for {where} leave out {lines} with {' and '.join(placeholders)}: the letterhead or the imported file "
        "has nothing for it."
    )


NO_PASSWORD = "MXM has no password of this run for this mailbox, or it was changed since. Make a new one to hand over."  # noqa: S105 (a sentence)
#: A password that was set by hand and could not be put among those of the run.
NOT_RENEWED = "It is not among the passwords of this run: MXM has no copy. Copy it now."
SELECT = "Select people to mark them, or one to copy a message or set a new password."
CHANGED = "Changed or deleted since"
CHANGED_HOW = (
    "Others changed the password since, or deleted the mailbox. New password sets one that you can hand over here."
)
