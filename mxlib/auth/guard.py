"""The guard in front of everything: pages, websocket, uploads, media and API alike.

Plain ASGI, since a BaseHTTPMiddleware never sees a websocket. Every request passes the same three doors: the address
it was sent to, the page it was sent from, and the identity it claims. Every answer carries the headers that keep a
browser from being turned against the operator.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mxlib.auth.exposure import is_loopback
from mxlib.settings import Settings

#: Names the operator to Streamlit and to the routes; only the guard may set it.
IDENTITY = b"x-mx-user"

_READS = frozenset({"GET", "HEAD"})
_SCHEMES = {"ws": "http", "wss": "https"}
_PORTS = {"http": 80, "https": 443}

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        # Streamlit's index.html has one inline script, which sets a flag, and its HTML cleaner compiles no code.
        "script-src 'self' 'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='",
        "style-src 'self' 'unsafe-inline'",  # its style sheets are written while the page runs
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' blob:",
        "worker-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request goes no further: HTTP status, code of the API's envelope, one sentence."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port, as browsers compare them."""

    scheme: str
    host: str
    port: int | None

    @classmethod
    def parse(cls, address: str) -> "Origin | None":
        """The origin of an address; None when it has none, as `null` has not."""
        try:
            parts = urlsplit(address)
            host, port = parts.hostname, parts.port
        except ValueError:
            return None
        if not host or "@" in parts.netloc:
            return None
        return cls(parts.scheme, host, port or _PORTS.get(parts.scheme))


class Guard:
    """ASGI middleware that lets through what was meant for this server, and sent by its own pages."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.public = Origin.parse(settings.public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on without any identity that the sender gave itself."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if refusal := self._elsewhere(scope, headers) or self._foreign(scope, headers):
            await _refuse(refusal, scope, receive, _shielded(send))
            return
        passed = {**scope, "headers": [(name, value) for name, value in scope["headers"] if name.lower() != IDENTITY]}
        await self.app(passed, receive, _shielded(send))

    def _elsewhere(self, scope: Scope, headers: Headers) -> Refusal | None:
        """A name that is not ours, pointed at this machine by somebody else's DNS."""
        here = _here(scope, headers)
        if here and (is_loopback(here.host) or (self.public and here.host == self.public.host)):
            return None
        return Refusal(
            421,
            "MISDIRECTED",
            "This is not an address of this server. Use this machine's own, or set MXM_PUBLIC_URL.",
        )

    def _foreign(self, scope: Scope, headers: Headers) -> Refusal | None:
        """A change or a live connection that another site's page asked for."""
        sent_from = headers.getlist("origin")
        if not sent_from or (scope["type"] == "http" and scope["method"] in _READS):
            return None
        here = _here(scope, headers)
        if self.public and here and here.host == self.public.host:
            here = self.public  # a proxy in front may speak https where we hear http
        if len(sent_from) == 1 and Origin.parse(sent_from[0]) == here:
            return None
        return Refusal(403, "FOREIGN_ORIGIN", "This was sent by a page of another site, so nothing was done.")


def _here(scope: Scope, headers: Headers) -> Origin | None:
    """The origin that the request was addressed to."""
    hosts = headers.getlist("host")
    scheme = _SCHEMES.get(scope["scheme"], scope["scheme"])
    return Origin.parse(f"{scheme}://{hosts[0]}") if len(hosts) == 1 else None


def _shielded(send: Send) -> Send:
    """`send`, with the security headers on the answer; a header that the route set itself stays."""

    async def shielded(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return shielded


async def _refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer in the API's envelope; a websocket that can carry no answer is closed before it opens."""
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": refusal.message})
        return
    answer = JSONResponse(
        {"success": False, "error": {"code": refusal.code, "message": refusal.message}},
        status_code=refusal.status,
        headers={"Cache-Control": "no-store"},
    )
    await answer(scope, receive, send)
