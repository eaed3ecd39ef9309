"""The closed set of what mails are about. A member never has a password; people set their own behind a link."""

from dataclasses import dataclass, field

from mxlib.core.events.notices import DueNotice
from mxlib.core.handover.stationery import Stationery
from mxlib.core.links import LinkPurpose
from mxlib.core.mails import TrialMail


@dataclass(frozen=True, slots=True)
class MailedLink:
    """A link in a mail: for whom it is, and its address."""

    name: str
    address: str
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LinkMail:
    """A mail with links, all to one address in one language.

    With one link, its words are those of the text in `stationery`. `valid_from` is 0.0 for links that hold at once.
    `code` is a short text that its reader can say to prove that the mail came; `is_new_address` says that the recovery
    email was changed within a day.
    """

    purpose: LinkPurpose
    links: tuple[MailedLink, ...]
    stationery: Stationery
    expires_at: float
    valid_from: float = 0.0
    is_reminder: bool = False
    code: str = ""
    is_new_address: bool = False


@dataclass(frozen=True, slots=True)
class MailboxReady:
    """A mail to the owner of a new mailbox, in the words of its stationery."""

    name: str
    address: str
    stationery: Stationery


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """The content of a notice to the recovery email: the owner set a new password behind a link."""

    name: str
    address: str
    stationery: Stationery
    at: float


@dataclass(frozen=True, slots=True)
class RecoveryEmailChanged:
    """The content of a notice to a former recovery email of a mailbox: it is no longer one."""

    address: str
    stationery: Stationery


@dataclass(frozen=True, slots=True)
class ResetAsked:
    """The content of a notice to a recovery email of the day before: a new password was asked for."""

    address: str
    stationery: Stationery


@dataclass(frozen=True, slots=True)
class MonthReady:
    """The content of the mail on the 1st: the month's table is there, and its totals; use in KB."""

    month: str
    url: str
    clients: int
    mailboxes: int
    usage: int


@dataclass(frozen=True, slots=True)
class NoticeMail:
    """The content of a mail with a notice about events.

    `dashboard` is MXM's address, blank without one. `by_channel`: an admin chose the recipient, who may be `of_client`.
    """

    notice: DueNotice = field(repr=False)
    dashboard: str = ""
    by_channel: bool = False
    of_client: bool = False


#: Everything that a mail can be about.
MailContent = (
    TrialMail | MailboxReady | LinkMail | PasswordChanged | RecoveryEmailChanged | ResetAsked | MonthReady | NoticeMail
)
