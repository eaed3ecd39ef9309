"""Texts about links in the dashboard: states, refusals, and what happened."""

from collections.abc import Mapping

from mxlib.core.format import count
from mxlib.core.links import MAX_DAYS, MIN_DAYS, LinkEnd, LinkRefusal, LinkStatus

STATUSES: Mapping[LinkStatus, str] = {
    LinkStatus.PLANNED: "Planned",
    LinkStatus.MADE: "Made",
    LinkStatus.QUEUED: "Queued",
    LinkStatus.SENT: "Sent",
    LinkStatus.DELAYED: "Delayed",
    LinkStatus.REFUSED: "Refused",
    LinkStatus.OPENED: "Opened",
    LinkStatus.SET: "Set",
    LinkStatus.EXPIRED: "Expired",
    LinkStatus.REVOKED: "Revoked",
}

ENDS: Mapping[LinkEnd, str] = {
    LinkEnd.SET: "The password was set with it.",
    LinkEnd.EXPIRED: "Its time was over.",
    LinkEnd.REVOKED: "It was revoked.",
    LinkEnd.REPLACED: "Another link took its place.",
    LinkEnd.PASSWORD_SET: "The password was set in another way.",
    LinkEnd.RECOVERY_EMAIL_CHANGED: "The recovery email was changed.",
    LinkEnd.LOCKED: "The mailbox was locked.",
    LinkEnd.DELETED: "The mailbox was deleted.",
    LinkEnd.RECREATED: "The mailbox was created again.",
    LinkEnd.RESET_OFF: "Self-service reset was turned off.",
    LinkEnd.RESTORED: "A backup was restored.",
    LinkEnd.ERASED: "Data of its person was erased.",
}

REFUSALS: Mapping[LinkRefusal, str] = {
    LinkRefusal.INVALID: "This is not an email address.",
    LinkRefusal.NOT_ALLOWED: "You have no permission to support mailboxes of its domain.",
    LinkRefusal.PANEL_ACCOUNT: "It belongs to the user of the MXroute account itself.",
    LinkRefusal.NO_MAILBOX: "There is no such mailbox.",
    LinkRefusal.LOCKED: "It is locked. Unlock it first.",
    LinkRefusal.NO_RECOVERY_EMAIL: "It has no recovery email. Set one, or use a letter or a copied link.",
    LinkRefusal.OWN_ADDRESS: "Its recovery email is the mailbox itself. Set another one.",
    LinkRefusal.ON_THIS_ACCOUNT: "Its recovery email is on this MXroute account. Say that mail already arrives there.",
    LinkRefusal.HAS_RECOVERY_EMAIL: "It has a recovery email.",
    LinkRefusal.RESET_OFF: "Self-service reset is off there.",
}

NOBODY = "Nobody gets a link: see why for each person."
CHANGED = "Since you looked, something changed for a person. Look at the list again, then send."
NO_LINK = "There is no such link that you may see. Look at the list again."
ALREADY_SET = "The password was set with this link. Select the mailbox to send a new one."
ENDED = "This link has ended, so there is nothing to copy. Send a new one."
NOT_MADE = "This link is made when it is sent. Wait for that, or send it now."
BAD_LANGUAGE = "Choose a language of the list."
BAD_DAYS = f"Choose {MIN_DAYS} to {MAX_DAYS} days."
BAD_TIME = "Choose a time within a year from now."
EMAILS_OR_RUN = "Name either mailboxes in emails, or a run."
NO_RUN = "There is no run of that number whose people can get links. Choose an import, or a run that sent links."


def sent(people: int, mails: int) -> str:
    """Return what a run of links sends, for the audit log: `57 links in 40 mails`."""
    return f"{count(people, 'link')} in {count(mails, 'mail')}"


def title(people: int) -> str:
    """Return what a run of links is about: `Links to 57 people`."""
    return f"Links to {count(people, 'person', 'people')}"


def summary(done: int, left: int) -> str:
    """Return how far the people of a run are: `57 set theirs, 3 not yet`."""
    return f"{done:,} set theirs, {left:,} not yet"


def reminded(people: int) -> str:
    """Say how many people are reminded."""
    return f"{count(people, 'person is', 'people are')} reminded." if people else "Nobody is left to remind."


def resent(address: str) -> str:
    """Say that a new link was sent in place of an earlier one."""
    return f"A new link for {address} is on its way. The earlier one has ended."


def revoked(address: str) -> str:
    """Say that a link was revoked."""
    return f"The link for {address} has ended."
