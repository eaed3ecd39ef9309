"""Texts of the Overview."""

from collections.abc import Sequence

from mxlib.core.format import age, count, day, listed
from mxlib.core.overview_tables import FillGroup
from mxlib.core.text import handover

NOTHING_WAITS = "Nothing waits for you."
NO_LIST = "No mailbox list is loaded yet. Open Email accounts to load the first one."


def lists_read(domains: int, never_read: Sequence[str], oldest: float | None, now: float) -> str:
    """Say how many lists the totals are made of, and how old the oldest is."""
    read = domains - len(never_read)
    of = f"{read:,} of {count(domains, 'domain')}" if never_read else count(domains, "domain")
    text = f"Totals of {of}"
    if oldest is not None:
        text += f"; the oldest list is {age(now - oldest)} old"
    if never_read:
        text += f". Not loaded: {listed(never_read, most=4, noun='more')}"
    return f"{text}."


def unlimited(mailboxes: int, use: str) -> str:
    """Say what unlimited mailboxes use, who have no part in a share of the quota."""
    return f"{count(mailboxes, 'unlimited mailbox', 'unlimited mailboxes')}: {use}"


def paused(run: int, title: str) -> str:
    """Name a paused run."""
    return f"Run {run} is paused: {title}."


def passwords(run: int, title: str, done: int, people: int, until: float, now: float) -> str:
    """Say how many people have their password, and until when MXM keeps its copy."""
    days = max(0, int((until - now) // 86_400))
    left = f"{count(days, 'day')} left" if days else "less than a day left"
    return f"Run {run}, {title}: {handover.progress(done, people)} {left.capitalize()}, until {day(until, now)}."


def draft(file_name: str, rows: int) -> str:
    """Name an unfinished import."""
    return f"Unfinished import: {file_name or 'rows added manually'}, {count(rows, 'row')}."


def more(number: int) -> str:
    """Say how many more wait than are listed."""
    return f"{number:,} more on Jobs."


def group(found: FillGroup) -> str:
    """Name a group of mailboxes by the share of the quota that they use."""
    if found.lower is None:
        return "unlimited"
    return "full" if found.upper is None else f"{found.lower}-{found.upper} %"


def how_full(groups: Sequence[FillGroup]) -> str:
    """Return the groups as one text, for people who do not see the chart."""
    return "How full the mailboxes are: " + ", ".join(f"{group(each)}: {each.mailboxes:,}" for each in groups)


def listed_of(shown: int, every: int) -> str:
    """Say how many rows of a table are shown; blank when all are."""
    return "" if shown == every else f"The {shown:,} most urgent of {every:,} are listed."


def others(number: int, use: str) -> str:
    """Name the clients that a chart has no room for."""
    return f"{count(number, 'more client', 'more clients')}: {use}"
