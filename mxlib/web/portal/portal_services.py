"""The services that the public pages need."""

from collections.abc import Callable
from dataclasses import dataclass

from mxlib.auth.portal_throttle import PortalThrottle
from mxlib.clock import Clock
from mxlib.services.password_links import PasswordLinks
from mxlib.services.recovery_links import RecoveryLinks


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
    links: PasswordLinks
    recovery: RecoveryLinks
    throttle: PortalThrottle
    sender: Callable[[], Sender]
    request_reset: Callable[[str, str], None]
    is_reset_offered: Callable[[], bool]
    server: str
    sandbox: bool = False
