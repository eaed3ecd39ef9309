"""The services that the public pages need."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mxlib.auth.portal_throttle import PortalThrottle
from mxlib.clock import Clock
from mxlib.core.links import OpenedLink, RecoveryProblem, SetResult


class Links(Protocol):
    """The links behind the public pages."""

    def open(self, token: str, *, opened: bool) -> OpenedLink:
        """Return what the page behind a link shows; it spends nothing."""

    def set_password(self, token: str, password: str, again: str, *, address: str = "", network: str = "") -> SetResult:
        """Set the password of the mailbox of a link."""


class RecoveryEmails(Protocol):
    """The recovery emails that owners of mailboxes give behind their links."""

    def email(self, token: str) -> str:
        """Return the recovery email that a link confirms."""

    def give(self, token: str, email: str, *, address: str = "") -> RecoveryProblem | None:
        """Send a mail that confirms a recovery email; return why not."""

    def confirm(self, token: str, *, address: str = "") -> bool:
        """Store the recovery email that a link confirms; return whether the link lived."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Name of the agency, whom to ask, and its language; each may be blank."""

    agency: str = ""
    help: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class PortalServices:
    """Everything that the public pages call."""

    clock: Clock
    links: Links
    recovery: RecoveryEmails
    throttle: PortalThrottle
    sender: Callable[[], Sender]
    request_reset: Callable[[str, str], None]
    is_reset_offered: Callable[[], bool]
    server: str
    sandbox: bool = False
