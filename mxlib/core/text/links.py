"""Texts about links in the dashboard: states, refusals, and what happened."""

from collections.abc import Mapping, Sequence

from mxlib.core.format import count, duration, moment
from mxlib.core.links import MAX_DAYS, MIN_DAYS, REMIND_AFTER_S, LinkEnd, LinkRefusal, LinkStatus

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
    LinkEnd.EXPIRED: "It expired.",
    LinkEnd.REVOKED: "It was revoked.",
    LinkEnd.REPLACED: "Another link took its place.",
    LinkEnd.PASSWORD_SET: "The password was set in another way.",
    LinkEnd.RECOVERY_EMAIL_CHANGED: "The recovery email was changed.",
    LinkEnd.LOCKED: "The mailbox was locked.",
    LinkEnd.DELETED: "The mailbox was deleted.",
    LinkEnd.RECREATED: "The mailbox was created again.",
    LinkEnd.RESET_OFF: "Self-service reset was turned off.",
    LinkEnd.RESTORED: "A backup was restored.",
}

#: What happened to a link whose owner used another one.
SET_BY_OTHER = "The password was set by another link of the mailbox."

REFUSALS: Mapping[LinkRefusal, str] = {
    LinkRefusal.INVALID: "This is not an email address.",
    LinkRefusal.NOT_ALLOWED: "You have no permission to support mailboxes of its domain.",
    LinkRefusal.PANEL_ACCOUNT: "It belongs to the user of the MXroute account itself.",
    LinkRefusal.NO_MAILBOX: "There is no such mailbox.",
    LinkRefusal.LOCKED: "It is locked. Unlock it first.",
    LinkRefusal.NOT_LOCKED: "It is not locked. Send a link without unlocking it.",
    LinkRefusal.BEING_LOCKED: "It is being locked, and MXroute gave no answer so far. Try again in a minute.",
    LinkRefusal.NO_RECOVERY_EMAIL: "It has no recovery email. Set one, or copy a link.",
    LinkRefusal.OWN_ADDRESS: "Its recovery email is the mailbox itself. Set another one.",
    LinkRefusal.ON_THIS_ACCOUNT: "Its recovery email is on this MXroute account. Say that mail already arrives there.",
    LinkRefusal.HAS_RECOVERY_EMAIL: "It has a recovery email.",
    LinkRefusal.RESET_OFF: "Self-service reset is off there.",
}

#: What a refusal asks for, in front of those whom it concerns.
GROUPS: Mapping[LinkRefusal, str] = {
    LinkRefusal.INVALID: "Not an email address",
    LinkRefusal.NOT_ALLOWED: "No permission in the domain: ask an admin",
    LinkRefusal.PANEL_ACCOUNT: "The user of the MXroute account itself",
    LinkRefusal.NO_MAILBOX: "No such mailbox",
    LinkRefusal.LOCKED: "Locked: unlock it first",
    LinkRefusal.NOT_LOCKED: "Not locked: send a link without unlocking it",
    LinkRefusal.BEING_LOCKED: "Being locked, without an answer so far: try again in a minute",
    LinkRefusal.NO_RECOVERY_EMAIL: "No recovery email: set one, or copy a link",
    LinkRefusal.OWN_ADDRESS: "The recovery email is the mailbox itself: set another one, or copy a link",
    LinkRefusal.ON_THIS_ACCOUNT: "The recovery email is on this MXroute account, where mail may not arrive yet",
    LinkRefusal.HAS_RECOVERY_EMAIL: "Has a recovery email",
    LinkRefusal.RESET_OFF: "Self-service reset is off there",
}

#: Hours between two mails of one link.
_PAUSE = f"{REMIND_AFTER_S / 3_600:.0f} hours"

#: Columns of the file of a board.
FILE_COLUMNS = (
    "email", "name", "recovery_email", "status", "details", "sent_at", "opened_at", "set_at", "expires_at",
)  # fmt: skip

SEND = "Send links"
SEND_ONE = "Send a link"
ACTION = "Mail a link by which its owner sets the password. The present password works until then."
UNLOCKS = (
    "The lock ends now, and nothing is sent to MXroute: the mailbox keeps a password that nobody knows until its owner "
    "sets one by the link."
)
UNLOCK_NOW = "A link that unlocks leaves at once. Leave the time out."
OFFER = "People get a mail with a link and set their own password. Nobody sees it, and it never leaves MXM in a file."
BY_CLIENT = "By client"
MAIL_ARRIVES = "Mail already arrives at these addresses: send the links"
WITHOUT_MAIL = "Make links without a mail for them, to copy from the list afterwards"
WITHOUT_MAIL_ONE = "Make the link without a mail, to copy it afterwards"
NOT_SET = (
    "No mail leaves: no mail server is set. An admin sets MXM_SMTP_URL and MXM_MAIL_FROM and restarts MXM. "
    "Until then, hand over letters or logins."
)
ON_LOOPBACK = (
    "Links lead to this computer, and open on no other one. An admin sets MXM_PORTAL_URL or MXM_PUBLIC_URL "
    "and restarts MXM."
)
TEST_HELP = "The first mail as it is below. Its link opens nothing."
RESEND_HELP = "Sends a new link. The earlier one ends at once, and so does one that is planned."
REVOKE_HELP = "Ends the link at once. The password stays as it is."
COPY_HELP = "Shows the link once, to pass on yourself. The audit log records it."
SELECT = "Select people to send them a new link or end theirs, or one to copy the link."
COPY_WARNING = (
    "Anyone who has this link can set the password of {address}. It is shown once, and the audit log records it."
)
COPIED = "Copy the link now, and pass it on to the owner of {address}. It ends as soon as the password is set."
REMIND_HELP = f"Mails the same links once more to those who have not set theirs, at least {_PAUSE} after the last mail."

LETTERS = "Letters"
LETTERS_HELP = (
    "PDF, one page a person, with the link as text and QR code. Anyone who has a letter can set the password. "
    "The audit log records each."
)
NO_LETTERS = (
    "Nobody gets a letter: no link of these people is made and lives. Look at the list again, or send new links."
)
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


def asked_title(people: int) -> str:
    """Return what a run is about that asks owners for an address: `Recovery emails of 57 people`."""
    return f"Recovery emails of {count(people, 'person', 'people')}"


def asked_summary(done: int, left: int) -> str:
    """Return how far the people of such a run are: `57 gave one, 3 not yet`."""
    return f"{done:,} gave one, {left:,} not yet"


def file_kinds(kinds: Sequence[str]) -> str:
    """Say as which kinds of file a board comes."""
    return f"The people of a run come as {' or '.join(kinds)}."


def summary(done: int, left: int) -> str:
    """Return how far the people of a run are: `57 set theirs, 3 not yet`."""
    return f"{done:,} set theirs, {left:,} not yet"


def gets(people: int, mails: int, unmailed: int = 0) -> str:
    """Count the people who get a link, their mails, and those without one."""
    if not people:
        return "Nobody gets a link"
    who = f"{count(people, 'person gets', 'people get')} a link"
    if not mails:
        return f"{who}, without a mail"
    said = who if people == mails else f"{who}, in {count(mails, 'mail')}"
    return f"{said}, {unmailed:,} of them without a mail" if unmailed else said


def pace(seconds: float, per_hour: int, send_at: float | None, now: float) -> str:
    """Say when the mails leave."""
    begin = "at once" if send_at is None or send_at <= now else f"on {moment(send_at, now)}"
    if not seconds:
        return f"Mails leave {begin}."
    return f"Mails leave {begin}, the last within {duration(seconds)}: {count(per_hour, 'mail')} an hour at most."


def ends(at: float, valid_from: float, now: float) -> str:
    """Say from when links work, and when they end."""
    begin = f"Links work from {moment(valid_from, now)} on" if valid_from > now else "Links work at once"
    return f"{begin} and end on {moment(at, now)}."


def refused(reason: LinkRefusal, number: int) -> str:
    """Say how many mailboxes get no link for one reason."""
    return f"{count(number, 'mailbox gets', 'mailboxes get')} no link. {GROUPS[reason]}."


def replaced(number: int) -> str:
    """Say that living links end; blank for none."""
    if not number:
        return ""
    if number == 1:
        return "1 person has a link already: it ends when the new one is sent."
    return f"{number:,} people have a link already: it ends when their new one is sent."


def one(address: str, recipient: str, language: str) -> str:
    """Say where the link of the only person goes."""
    return f"The link for {address} goes to {recipient}, in {language}." if recipient else f"No mail goes to {address}."


def send(people: int, *, planned: bool) -> str:
    """Name the button that sends links: `Send 57 links`."""
    return f"{'Plan' if planned else 'Send'} {count(people, 'link') if people else 'links'}"


def started(address: str, recipient: str) -> str:
    """Say that the link of one person is on its way."""
    return f"A link for {address} goes to {recipient}." if recipient else f"The link for {address} is made: copy it."


def together(number: int) -> str:
    """Say that a mail has the links of several people; blank for one."""
    return f"This mail has the links of {number:,} people: they share the address." if number > 1 else ""


def status(state: LinkStatus, send_at: float, now: float) -> str:
    """Return the label of a state; a link that is due is queued."""
    due = state is LinkStatus.PLANNED and send_at <= now
    return STATUSES[LinkStatus.QUEUED if due else state]


def remind(number: int) -> str:
    """Name the button that reminds people: `Remind 3 people`."""
    return f"Remind {count(number, 'person', 'people')}" if number else "Remind"


def again(number: int) -> str:
    """Name the button that sends new links to people whose links have ended."""
    new = "New link" if number == 1 else "New links"
    return f"{new} to {count(number, 'person', 'people')} whose link has ended"


def selected(number: int) -> str:
    """Say how many people are selected, or what a selection is for."""
    return f"{number:,} selected." if number else SELECT


def hidden(number: int) -> str:
    """Say that people are left out whose domains the reader may not support."""
    return f"{count(number, 'person is', 'people are')} in domains that you may not support, and not shown."


def did(number: int, *, resent: bool) -> str:
    """Say what was done for several people."""
    if resent:
        return f"New links for {number:,} people are on their way. The earlier ones have ended."
    return f"The links of {number:,} people have ended."


def living(state: LinkStatus, recipient: str, send_at: float, sent_at: float | None, now: float) -> str:
    """Say what happened to the living link of a mailbox so far."""
    to = f" to {recipient}" if recipient else ""
    if sent_at is not None:
        return f"Link sent{to}, {moment(sent_at, now)}"
    if not recipient:
        return "Link made, without a mail"
    if state is LinkStatus.PLANNED and send_at > now:
        return f"Link planned{to}, {moment(send_at, now)}"
    return f"Link{to}: {status(state, send_at, now).lower()}"


def too_soon(people: int) -> str:
    """Say that people are not reminded yet; blank for nobody."""
    who = count(people, "person is", "people are")
    return f"{who} not reminded yet: the last mail left less than {_PAUSE} ago, or waits to leave." if people else ""


def reminded(people: int, mailed_lately: int = 0) -> str:
    """Say how many people are reminded, and how many are not yet."""
    if not people:
        return too_soon(mailed_lately) or "Nobody is left to remind."
    return f"{count(people, 'person is', 'people are')} reminded. {too_soon(mailed_lately)}".strip()


def resent(address: str) -> str:
    """Say that a new link was sent in place of an earlier one."""
    return f"A new link for {address} is on its way. The earlier one has ended."


def revoked(address: str) -> str:
    """Say that a link was revoked."""
    return f"The link for {address} has ended."
