"""Links by which people set the password of their own mailbox: purposes, states, codes and rules. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from mxlib.core import addresses
from mxlib.core.mails import MailStatus
from mxlib.core.password_rules import PasswordProblem

T = TypeVar("T")

#: Days after which a link ends, unless chosen otherwise, and the bounds of that choice.
DEFAULT_DAYS, MIN_DAYS, MAX_DAYS = 14, 1, 60

#: The furthest that a link may be sent or become valid ahead, in seconds.
MAX_AHEAD_S = 366 * 86_400.0

#: Seconds for which a used link still shows the settings for mail programs.
SPENT_S = 3_600.0

#: Seconds after its last mail before which a link is not mailed once more.
REMIND_AFTER_S = 6 * 3_600.0

#: People in one mail at most; more to one address go in several mails.
MAX_IN_MAIL = 100

#: Bytes of a token, before it is written in URL-safe base64.
TOKEN_BYTES = 32

#: Longest token that is looked up at all.
MAX_TOKEN_LENGTH = 100


class LinkPurpose(StrEnum):
    """The purpose of a link; a stored value never changes."""

    INVITE = "invite"
    RESET = "reset"
    #: It asks for a recovery email, and goes to the mailbox itself.
    RECOVERY_EMAIL = "recovery_email"
    #: It confirms a recovery email, and goes to that address.
    CONFIRM_RECOVERY = "confirm_recovery"

    @property
    def sets_password(self) -> bool:
        """Return whether the page behind such a link sets a password."""
        return self in {LinkPurpose.INVITE, LinkPurpose.RESET}


class LinkStatus(StrEnum):
    """The state of a link to a person.

    Codes are public and stay as they are.
    """

    #: It is sent at its time.
    PLANNED = "planned"
    #: It exists, and no mail has it: a person copies it.
    MADE = "made"
    QUEUED = "queued"
    SENT = "sent"
    DELAYED = "delayed"
    REFUSED = "refused"
    OPENED = "opened"
    SET = "set"
    EXPIRED = "expired"
    REVOKED = "revoked"


class LinkEnd(StrEnum):
    """The reason why a link ended; a stored value never changes."""

    #: Its owner used it.
    SET = "set"
    EXPIRED = "expired"
    #: A person revoked it.
    REVOKED = "revoked"
    #: Another link took its place.
    REPLACED = "replaced"
    #: The password was set in another way.
    PASSWORD_SET = "password_set"  # noqa: S105 - a code, not a secret
    RECOVERY_EMAIL_CHANGED = "recovery_email_changed"
    LOCKED = "locked"
    DELETED = "deleted"
    #: The mailbox is another one of the same name.
    RECREATED = "recreated"
    #: Self-service reset was turned off.
    RESET_OFF = "reset_off"
    #: A backup was restored, in which it may have been used since.
    RESTORED = "restored"


class LinkRefusal(StrEnum):
    """Codes of why a mailbox gets no link. They are public, and never change."""

    INVALID = "invalid"
    NOT_ALLOWED = "not_allowed"
    PANEL_ACCOUNT = "panel_account"
    NO_MAILBOX = "no_mailbox"
    LOCKED = "locked"
    #: A link was to unlock it.
    NOT_LOCKED = "not_locked"
    #: A lock was sent whose outcome is not known.
    BEING_LOCKED = "being_locked"
    NO_RECOVERY_EMAIL = "no_recovery_email"
    #: Its mail would go to the mailbox itself.
    OWN_ADDRESS = "own_address"
    #: Its mail would go to a domain on this account, where mail may not arrive yet.
    ON_THIS_ACCOUNT = "on_this_account"
    #: It has a recovery email, so that none is asked for.
    HAS_RECOVERY_EMAIL = "has_recovery_email"
    RESET_OFF = "reset_off"

    @property
    def lacks_address(self) -> bool:
        """Return whether a copied link can reach its owner, though no mail can."""
        return self in {LinkRefusal.NO_RECOVERY_EMAIL, LinkRefusal.OWN_ADDRESS, LinkRefusal.ON_THIS_ACCOUNT}


class RecoveryProblem(StrEnum):
    """Codes of why the owner of a mailbox could not give a recovery email. They never change."""

    INVALID = "invalid"
    OWN_ADDRESS = "own_address"
    ON_THIS_ACCOUNT = "on_this_account"
    #: No mail leaves now, or enough mails to confirm one have left.
    NOT_NOW = "not_now"
    ENDED = "ended"


class PageState(StrEnum):
    """The state of the page behind a link."""

    LIVING = "living"
    #: It becomes valid later.
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    #: It was used less than an hour ago.
    SPENT = "spent"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """The choices for new links.

    A blank `language` means that of each client. Times are Unix seconds; None means at once. `mail_arrives` says that
    mail to domains of this account arrives there; `without_mail` makes links to copy where no mail can go. `unlocks`:
    the links are for locked mailboxes, whose locks end at once.
    """

    language: str = ""
    expires_days: int = DEFAULT_DAYS
    send_at: float | None = None
    valid_from: float | None = None
    mail_arrives: bool = False
    without_mail: bool = False
    purpose: LinkPurpose = LinkPurpose.INVITE
    unlocks: bool = False


@dataclass(frozen=True, slots=True)
class Times:
    """The times of a link: when it is sent, from when it holds, and when it ends."""

    send_at: float
    valid_from: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class MailboxFacts:
    """Facts of one mailbox that decide whether it gets a link.

    `exists` is None where no list of its domain could be read. `being_locked` says that a lock has no outcome yet.
    """

    address: str
    recovery_email: str
    exists: bool | None
    is_locked: bool
    is_allowed: bool = True
    being_locked: bool = False


@dataclass(frozen=True, slots=True)
class OpenedLink:
    """The page behind a link.

    For an unknown link, only the state says something. `help` is the address for help; `server` the mail server.
    """

    state: PageState
    purpose: LinkPurpose = LinkPurpose.INVITE
    address: str = ""
    name: str = ""
    language: str = "en"
    valid_from: float = 0.0
    expires_at: float = 0.0
    help: str = ""
    agency: str = ""
    server: str = ""


@dataclass(frozen=True, slots=True)
class Moments:
    """The facts of a stored link from which its states follow.

    Times in Unix seconds, None = not (yet).
    """

    valid_from: float
    expires_at: float
    has_token: bool
    #: Whether a mail goes somewhere at all.
    is_mailed: bool
    mail_status: MailStatus | None
    mail_failed: bool
    sent_at: float | None
    opened_at: float | None
    set_at: float | None
    ended_at: float | None
    end: LinkEnd | None = None


def times(options: LinkOptions, now: float) -> Times:
    """Return the times of links that are started now.

    The days count from when they can be used.
    """
    send_at = max(now, options.send_at or now)
    valid_from = max(send_at, options.valid_from or send_at)
    return Times(send_at, valid_from, valid_from + options.expires_days * 86_400.0)


def refusal(
    facts: MailboxFacts, options: LinkOptions, *, panel_user: str, domains: Collection[str]
) -> LinkRefusal | None:
    """Return why a mailbox gets no link by mail; None for one that does.

    `panel_user` is the account's own user; `domains` are those of the account.
    """
    username, _, domain = facts.address.partition("@")
    if not addresses.is_email(facts.address):
        return LinkRefusal.INVALID
    if not facts.is_allowed:
        return LinkRefusal.NOT_ALLOWED
    if panel_user and username.lower() == panel_user.lower():
        return LinkRefusal.PANEL_ACCOUNT
    if domain not in domains or facts.exists is False:
        return LinkRefusal.NO_MAILBOX
    if (reason := _refusal_by_lock(facts, options)) is not None:
        return reason
    if options.purpose is LinkPurpose.RECOVERY_EMAIL:
        return LinkRefusal.HAS_RECOVERY_EMAIL if facts.recovery_email else None
    return address_refusal(facts.address, facts.recovery_email, domains, mail_arrives=options.mail_arrives)


def _refusal_by_lock(facts: MailboxFacts, options: LinkOptions) -> LinkRefusal | None:
    if not options.unlocks:
        return LinkRefusal.LOCKED if facts.is_locked else None
    if facts.being_locked:
        return LinkRefusal.BEING_LOCKED
    return None if facts.is_locked else LinkRefusal.NOT_LOCKED


def address_refusal(
    address: str, recovery_email: str, domains: Collection[str], *, mail_arrives: bool = False
) -> LinkRefusal | None:
    """Return why no link goes to this recovery email of a mailbox.

    None for one that may.

    A link never goes to the mailbox that it opens.
    """
    if not recovery_email:
        return LinkRefusal.NO_RECOVERY_EMAIL
    if recovery_email.lower() == address.lower():
        return LinkRefusal.OWN_ADDRESS
    if not mail_arrives and recovery_email.lower().rpartition("@")[2] in domains:
        return LinkRefusal.ON_THIS_ACCOUNT
    return None


def is_living(link: Moments, now: float) -> bool:
    """Return whether a link can be used now, or later by itself."""
    return link.ended_at is None and now < link.expires_at


def page_state(link: Moments, now: float) -> PageState:
    """Return the state of the page behind a link whose token is known."""
    if link.set_at is not None:
        return PageState.SPENT if 0 <= now - link.set_at < SPENT_S else PageState.ENDED
    if link.end is LinkEnd.EXPIRED or (link.ended_at is None and now >= link.expires_at):
        return PageState.EXPIRED
    if link.ended_at is not None or not link.has_token:
        return PageState.ENDED
    return PageState.NOT_YET if now < link.valid_from else PageState.LIVING


def status(link: Moments, now: float) -> LinkStatus:
    """Return the state of a link as the board shows it."""
    if link.set_at is not None:
        return LinkStatus.SET
    if link.end is LinkEnd.EXPIRED or (link.ended_at is None and now >= link.expires_at):
        return LinkStatus.EXPIRED
    if link.ended_at is not None:
        return LinkStatus.REVOKED
    if not link.has_token:
        return LinkStatus.PLANNED
    if link.opened_at is not None:
        return LinkStatus.OPENED
    if not link.is_mailed:
        return LinkStatus.MADE
    match link.mail_status:
        case MailStatus.SENT | MailStatus.CAUGHT:
            return LinkStatus.SENT
        case MailStatus.REFUSED | MailStatus.NOT_DELIVERED | MailStatus.DISCARDED:
            return LinkStatus.REFUSED
        case _:
            return LinkStatus.DELAYED if link.mail_failed else LinkStatus.QUEUED


def was_mailed_lately(link: Moments, now: float) -> bool:
    """Return whether the last mail of a link left lately, or waits to leave."""
    if link.mail_status is MailStatus.WAITING:
        return True
    return link.sent_at is not None and 0 <= now - link.sent_at < REMIND_AFTER_S


def may_remind(link: Moments, now: float) -> bool:
    """Return whether a link may be mailed once more.

    Its last mail arrived, and not lately: an address that the server refused is corrected first.
    """
    arrived = link.sent_at is not None and status(link, now) in {LinkStatus.SENT, LinkStatus.OPENED}
    return arrived and not was_mailed_lately(link, now)


def may_print(link: Moments, purpose: LinkPurpose, send_at: float, now: float) -> bool:
    """Return whether a letter can have a link that sets a first password.

    One that no mail has is made for it, unless it is planned for later.
    """
    is_there = link.has_token or (not link.is_mailed and send_at <= now)
    return purpose is LinkPurpose.INVITE and link.set_at is None and is_living(link, now) and is_there


def in_mails(people: Iterable[tuple[str, str, T]]) -> list[list[T]]:
    """Return people by mail: those of one address and one language go together, MAX_IN_MAIL at most."""
    by_mail: dict[tuple[str, str], list[T]] = {}
    for to, language, person in people:
        by_mail.setdefault((to.lower(), language), []).append(person)
    return [group[at : at + MAX_IN_MAIL] for group in by_mail.values() for at in range(0, len(group), MAX_IN_MAIL)]


@dataclass(frozen=True, slots=True)
class SetResult:
    """The result of setting a password behind a link.

    `state` is that of the page afterwards; `retry_after` is in how many seconds it may be tried again.
    """

    done: bool
    problems: tuple[PasswordProblem, ...] = ()
    state: PageState = PageState.LIVING
    retry_after: float = field(default=0.0)
