"""Texts about asking owners of mailboxes for a recovery email."""

from collections import Counter
from collections.abc import Iterable, Sequence

from mxlib.core.format import count, listed
from mxlib.core.links import LinkRefusal
from mxlib.core.text.links import REFUSALS

ASK = "Ask for a recovery email"
SENT_TO = (
    "A mail goes to the mailbox itself, with a link where its owner gives an address. That address is stored once a "
    "mail to it was confirmed."
)
#: Addresses that are named before the rest is counted.
_NAMED = 5

NOT_SET = "No mail leaves: no mail server is set."


def ask(people: int) -> str:
    """Return the button that asks so many people."""
    return ASK if people == 1 else f"{ASK}: {count(people, 'person', 'people')}"


def lacking(mailboxes: int) -> str:
    """Say how many of the selected mailboxes have no recovery email."""
    return f"{count(mailboxes, 'mailbox has', 'mailboxes have')} no recovery email. {SENT_TO}"


def unread(addresses: Sequence[str]) -> str:
    """Say whose owners cannot read the mail; blank for nobody."""
    if not addresses:
        return ""
    named = listed(addresses, most=_NAMED, noun="more")
    return (
        f"Nobody knows the password of {named}, so nobody can read the mail there. Set a recovery email yourself and "
        "send a link, or copy one."
    )


def refused(reasons: Iterable[LinkRefusal]) -> str:
    """Say how many are not asked, and why; blank when all are."""
    return " ".join(f"{number:,} not asked: {REFUSALS[reason]}" for reason, number in Counter(reasons).items())
