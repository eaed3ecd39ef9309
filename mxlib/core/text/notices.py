"""Texts of notices about events: a title, a line for each event, and the place in MXM where to act."""

from urllib.parse import quote

from mxlib.core.events.notices import DueNotice, NotedEvent
from mxlib.core.events.vocabulary import OF_MAILBOXES, OF_RUNS, RECOVERIES, Rule
from mxlib.core.format import count, readable
from mxlib.core.mail_contents import NoticeMail
from mxlib.core.mails import MailText
from mxlib.core.text import events as texts

#: Lines of events in one notice; further ones are counted.
MOST_LINES = 100


def title(notice: DueNotice) -> str:
    """Return what a notice is about, for a subject or a heading."""
    if notice.rule is None:
        return f"MXM: {count(len(notice.events), 'event')} to know of"
    if len(notice.events) > 1:
        return f"MXM: {texts.RULES[notice.rule]}, {len(notice.events):,} at once"
    event = notice.events[0].event
    about = readable(f"run {event.subject}" if event.rule in OF_RUNS else event.subject)
    over = " is over" if event.code in RECOVERIES else ""
    return ", ".join(filter(None, [f"MXM: {texts.RULES[notice.rule]}{over}", about]))


def lines(notice: DueNotice) -> tuple[str, ...]:
    """Return a sentence for each event, the first MOST_LINES of them."""
    shown = tuple(texts.text(each.event, each.at) for each in notice.events[:MOST_LINES])
    more = len(notice.events) - len(shown)
    return (*shown, f"{more:,} more are on the page Notices.") if more else shown


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
    if event.rule in OF_MAILBOXES and event.rule is not Rule.MAILBOX_GONE:
        return f"/mailbox?address={quote(event.subject)}"
    return "/notices"


def mail(content: NoticeMail) -> MailText:
    """Return the words of a mail with a notice."""
    notice, footer = content.notice, _FOOTER_OF_CHANNEL if content.by_channel else _FOOTER
    if not content.dashboard:
        return MailText(title(notice), lines(notice), footer=footer)
    where = content.dashboard.rstrip("/") + place(notice)
    act = "Lock the mailbox here, or see more:" if _is_jump(notice) else "See more here:"
    return MailText(title(notice), (*lines(notice), act, where), footer=footer, links=(where,))


def _is_jump(notice: DueNotice) -> bool:
    return notice.rule is Rule.SENT_JUMP and len(notice.events) == 1


_FOOTER_OF_CHANNEL = "MXM wrote this mail by itself. An admin of MXM chose this address for notices."
_FOOTER = "MXM wrote this mail by itself. You choose which mails you get on its page Notices."
