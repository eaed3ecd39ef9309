"""Texts of notices about events: a title, a line for each event, and the place in MXM where to act."""

from urllib.parse import quote

from mxlib.core.events.notices import DueNotice, NotedEvent
from mxlib.core.events.vocabulary import BY_URGENCY, OF_RUNS, WITH_MAILBOX, Rule, Severity
from mxlib.core.format import count
from mxlib.core.mail_contents import NoticeMail
from mxlib.core.mails import MailText, one_line
from mxlib.core.text import events as texts

#: Lines of events in one notice; further ones are counted.
MOST_LINES = 100

#: The least room in which a sentence fits, and the most characters of one there.
MIN_ROOM, _LONGEST_LINE = 1_500, 600

_MORE = "{more:,} more are on the page Notices."
_MORE_OF_CLIENT = "{more:,} more are not in this mail. Ask those who look after your mailboxes for them."


def title(notice: DueNotice) -> str:
    """Return what a notice is about, for a subject or a heading."""
    if len(notice.events) == 1:
        return f"MXM: {texts.title(notice.events[0].event)}"
    if notice.rule is not None:
        return f"MXM: {texts.RULES[notice.rule]}, {len(notice.events):,} at once"
    warnings = sum(each.severity is not Severity.INFO for each in notice.events)
    some = f", {count(warnings, 'warning')} among them" if warnings else ""
    return f"MXM: {len(notice.events):,} events to know of{some}"


def lines(notice: DueNotice, *, of_client: bool = False) -> tuple[str, ...]:
    """Return a sentence for each event, the first MOST_LINES of them.

    `of_client`: the reader has no page Notices.
    """
    shown = tuple(texts.text(each.event, each.at) for each in _in_order(notice)[:MOST_LINES])
    more = len(notice.events) - len(shown)
    return (*shown, _MORE_OF_CLIENT.format(more=more) if of_client else _MORE.format(more=more)) if more else shown


def in_room(notice: DueNotice, address: str, room: int) -> str:
    """Return the sentences and the address to act on in so many characters.

    `room` is MIN_ROOM at least. What does not fit is counted; the address stays, unless it takes half of the room.
    """
    ends = [address] if address and len(address) <= room // 2 else []
    room -= sum(len(each) + 1 for each in ends)
    shown: list[str] = []
    for rest, each in zip(range(len(notice.events) - 1, -1, -1), _in_order(notice)[:MOST_LINES], strict=False):
        line = one_line(texts.text(each.event, each.at), _LONGEST_LINE)
        needed = len(line) + 1
        if needed + (len(_MORE.format(more=rest)) + 1 if rest else 0) > room:
            break
        room -= needed
        shown.append(line)
    more = len(notice.events) - len(shown)
    return "\n".join([*shown, *([_MORE.format(more=more)] if more else []), *ends])


def _in_order(notice: DueNotice) -> list[NotedEvent]:
    """Return the events with the most urgent first, since a list may be cut."""
    return sorted(notice.events, key=lambda each: -BY_URGENCY.index(each.severity))


def place(notice: DueNotice) -> str:
    """Return the path of MXM's page to act on: of a suspected hijack, the mailbox with *Lock*."""
    if len(notice.events) == 1:
        return place_of(notice.events[0])
    return "/notices"


def place_of(noted: NotedEvent) -> str:
    """Return the path of the page of one event."""
    event = noted.event
    if event.rule in OF_RUNS:
        return f"/jobs?run={quote(event.subject)}"
    if event.rule in WITH_MAILBOX:
        return f"/mailbox?address={quote(event.subject)}"
    return "/notices"


def mail(content: NoticeMail) -> MailText:
    """Return the words of a mail with a notice."""
    notice, footer = content.notice, _FOOTER_OF_CHANNEL if content.by_channel else _FOOTER
    if not content.dashboard:
        return MailText(title(notice), lines(notice, of_client=content.of_client), footer=footer)
    where = content.dashboard.rstrip("/") + place(notice)
    act = "Lock the mailbox here, or see more:" if _is_jump(notice) else "See more here:"
    return MailText(title(notice), (*lines(notice), act, where), footer=footer, links=(where,))


def _is_jump(notice: DueNotice) -> bool:
    return notice.rule is Rule.SENT_JUMP and len(notice.events) == 1


_FOOTER_OF_CHANNEL = "MXM wrote this mail by itself. An admin of MXM chose this address for notices."
_FOOTER = "MXM wrote this mail by itself. You choose which mails you get on its page Notices."
