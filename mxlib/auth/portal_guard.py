"""The guard in front of the public pages: which requests are theirs, and which of these they get.

The public pages know no session and no cookie. Under their own host name nothing else answers.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mxlib.auth.origin import Origin
from mxlib.auth.trusted_proxies import TrustedProxies, household

#: The first parts of the paths of the public pages.
PATHS = ("/password", "/reset", "/recovery", "/mail-settings", "/portal")

#: Bytes of a form: two passwords of the longest that is read.
MOST_BYTES = 4_000

#: Digits of a length that any body can have.
_DIGITS = 15

_METHODS = frozenset({"GET", "HEAD", "POST"})


class PortalRefusal(StrEnum):
    """Codes of why a request for a public page is refused before it arrives."""

    NOT_FOUND = "not_found"
    METHOD = "method"
    FOREIGN = "foreign"
    TOO_LARGE = "too_large"
    NO_LENGTH = "no_length"
    TOO_SLOW = "too_slow"

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return _STATUSES[self]


_STATUSES = {
    PortalRefusal.NOT_FOUND: 404,
    PortalRefusal.METHOD: 405,
    PortalRefusal.FOREIGN: 403,
    PortalRefusal.TOO_LARGE: 413,
    PortalRefusal.NO_LENGTH: 411,
    PortalRefusal.TOO_SLOW: 408,
}


@dataclass(frozen=True, slots=True)
class PortalClient:
    """The sender of a request: address, and the network that limits count."""

    address: str
    network: str


class Portal(Protocol):
    """The public pages: an ASGI application, and the pages of refused requests."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that passed the guard; `scope["mxm.portal"]` is its PortalClient."""

    def refused(self, scope: Scope, reason: PortalRefusal) -> Response:
        """Return the page of a refused request."""


def is_portal_path(path: str) -> bool:
    """Return whether a path belongs to the public pages."""
    return any(path == each or path.startswith(f"{each}/") for each in PATHS)


class PortalGuard:
    """Passes on what the public pages may answer, and refuses the rest in their look."""

    def __init__(self, portal: Portal, own: Origin | None, proxies: TrustedProxies) -> None:
        """`own` is the origin of MXM_PORTAL_URL; None where the dashboard's host has the public pages."""
        self._portal, self.own, self._proxies = portal, own, proxies

    def takes(self, here: Origin | None, path: str) -> bool:
        """Return whether a request is for the public pages: by its host, or by its path without one of their own.

        With a host of their own, their paths under other names are theirs as well, to be refused.
        """
        return self.is_own(here) or is_portal_path(path)

    def is_own(self, here: Origin | None) -> bool:
        """Return whether a request was sent to the host of the public pages."""
        return bool(here and self.own and here.host == self.own.host)

    async def serve(
        self, here: Origin | None, outward: Origin | None, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answer a request that was sent to `here`, which is `outward` for browsers."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        scope = {**scope, "mxm.portal": self._client(scope)}
        reason = self._against(here, outward, scope)
        if reason is not None:
            await self._portal.refused(scope, reason)(scope, receive, send)
            return
        await self._portal(scope, receive, send)

    def too_slow(self, scope: Scope) -> Response:
        """Return the page of a request whose body does not keep up."""
        return self._portal.refused({**scope, "mxm.portal": self._client(scope)}, PortalRefusal.TOO_SLOW)

    def _client(self, scope: Scope) -> PortalClient:
        address = self._proxies.address(scope)
        return PortalClient(address, household(address))

    def _against(self, here: Origin | None, outward: Origin | None, scope: Scope) -> PortalRefusal | None:
        headers = Headers(scope=scope)
        if self.own is not None and not self.is_own(here):
            return PortalRefusal.NOT_FOUND
        if not is_portal_path(scope["path"]):
            return PortalRefusal.NOT_FOUND
        if scope["method"] not in _METHODS:
            return PortalRefusal.METHOD
        if "transfer-encoding" in headers:
            return PortalRefusal.NO_LENGTH
        size = headers.get("content-length", "0")
        if not size.isdecimal() or len(size) > _DIGITS or int(size) > MOST_BYTES:
            return PortalRefusal.TOO_LARGE
        sent_from = headers.getlist("origin")
        if scope["method"] == "POST" and (len(sent_from) != 1 or Origin.parse(sent_from[0]) != outward):
            return PortalRefusal.FOREIGN
        return None
