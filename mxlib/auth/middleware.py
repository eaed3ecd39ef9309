"""Middleware in front of everything: pages, websocket, uploads, media and API alike.

Plain ASGI, since a BaseHTTPMiddleware never sees a websocket. Every request passes the same checks: the address it was
sent to, the page it was sent from, its size, the identity it claims, and the session that proves one. Every response
carries the headers that keep a browser from being turned against the operator.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import anyio
import anyio.to_thread
from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from mxlib.auth import account_pages, body_timeouts, page_script, request_checks, sign_in_pages
from mxlib.auth.origin import Origin
from mxlib.auth.permissions import Forbidden
from mxlib.auth.portal_guard import Portal, PortalGuard
from mxlib.auth.security_headers import (
    CONTENT_SECURITY_POLICY,
    SECURITY_HEADERS,
    STRICT_TRANSPORT,
    with_secure_cookies,
    with_security_headers,
)
from mxlib.auth.sign_in import OVER, Authenticator, ClientInfo
from mxlib.auth.sign_in_pages import RequestContext
from mxlib.auth.startup_checks import is_loopback
from mxlib.auth.trusted_proxies import TrustedProxies
from mxlib.auth.uploads import MOST_BYTES, PLACE, UploadRefused, Uploads, UploadStore
from mxlib.auth.websocket import TAB, IsUserActivity, Redraw, SessionWebSocket
from mxlib.core.text import file_problems
from mxlib.settings import Settings
from mxlib.store import StoreUnavailable

#: The operator, their address and session, for Streamlit and the routes; only this middleware sets them.
IDENTITY, ADDRESS, SESSION = b"x-mx-user", b"x-mx-address", b"x-mx-session"

#: Paths without a session: health reports more to a signed-in user, the API and the metrics need a token instead.
HEALTH, METRICS, API = "/health", "/metrics", "/api/"

#: Paths that a service manager or a proxy may request by any name of this server: they answer a status alone.
PROBES = frozenset({"/live", "/ready"})

_OWN_ADDRESS = "Use this machine's own, or set MXM_PUBLIC_URL."

#: Bytes of an upload around the file.
_AROUND = 10_000

#: Digits of a length that any body can have.
_DIGITS = 15

#: Seconds within which a page opens a new connection after its last one broke.
_BACK_WITHIN = 5.0

_READS = frozenset({"GET", "HEAD"})
_SCHEMES = {"ws": "http", "wss": "https"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Reason why a request is refused: HTTP status, code of the API's envelope, one sentence."""

    status: int
    code: str
    message: str


_TOO_SLOW = Refusal(408, "REQUEST_TIMEOUT", body_timeouts.TOO_SLOW)


__all__ = ["CONTENT_SECURITY_POLICY", "SECURITY_HEADERS", "AccessMiddleware", "Origin", "Refusal"]


class AccessMiddleware:
    """ASGI middleware that passes on permitted requests only.

    They were meant for this server, sent by its own pages, by a person who may.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        authenticator: Callable[[], Authenticator],
        is_user_activity: IsUserActivity = lambda _message: True,
        redraw: Redraw = lambda _tab: True,
        upload_store: UploadStore | None = None,
        portal: Portal | None = None,
    ) -> None:
        """Create it; `authenticator` is called at each request, since it opens after the middleware.

        Uploads are stored in `upload_store`. `portal` answers for the public pages.
        """
        self.app, self._authenticator, self._of_lines = app, authenticator, (is_user_activity, redraw)
        self.public, self._proxies = Origin.parse(settings.public_url), TrustedProxies(settings.trusted_proxies)
        own = Origin.parse(settings.portal_url)
        self._hosts = tuple(origin for origin in (self.public, own) if origin)
        self._portal = PortalGuard(portal, own, self._proxies) if portal else None
        self._file, self._most = settings.max_file_mb * 1_000_000, settings.max_file_mb * 2**20 + _AROUND
        self._uploads = Uploads(upload_store, most_bytes=max(MOST_BYTES, self._most)) if upload_store else None
        self._pages: ASGIApp | None = None
        self._looking = anyio.CapacityLimiter(4)  # so that no request waits here for a slow download

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on without any identity that the sender gave itself."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        send = with_security_headers(send, self._shield(scope, headers))
        if self._secure(scope, headers):
            send = with_secure_cookies(send)
        if unclear := request_checks.is_ambiguous(headers):
            await _refuse(Refusal(400, "VALIDATION_ERROR", unclear), scope, receive, send, close=True)
            return
        with request_checks.hang_ups_noted():
            if scope["type"] == "http" and ("content-length" in headers or "transfer-encoding" in headers):
                await body_timeouts.BodyTimeouts(receive, send, lambda: self._too_slow(scope)).serve(self._pass, scope)
            else:
                await self._pass(scope, receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, path = Headers(scope=scope), scope["path"]
        here = _here(scope, headers)
        is_probe = scope["type"] == "http" and path in PROBES
        if not is_probe and (refusal := self._elsewhere(here)):
            await _refuse(refusal, scope, receive, send)
            return
        if self._portal is not None and self._portal.takes(here, path):
            await self._portal.serve(here, self._outward(here), scope, receive, send)
            return
        if refusal := self._foreign(scope, headers):
            await _refuse(refusal, scope, receive, send)
            return
        claimed = (IDENTITY, ADDRESS, SESSION, TAB)
        kept = (pair for pair in scope["headers"] if pair[0].lower() not in claimed)
        scope = {**scope, "headers": [*map(request_checks.plain_cookies, kept)]}
        headers = Headers(scope=scope)
        if scope["type"] == "http" and (path in {HEALTH, METRICS, *PROBES} or f"{path}/".startswith(API)):
            if request_checks.leads_away(path):  # Streamlit would refuse it too, without the envelope
                await _refuse(Refusal(400, "VALIDATION_ERROR", "This is no path of the API."), scope, receive, send)
            else:
                await self.app(await self._named(scope, headers) if path == HEALTH else scope, receive, send)
            return
        if refusal := self._too_large(headers):
            await _refuse(refusal, scope, receive, send)
            return
        try:
            context = await anyio.to_thread.run_sync(self._arrival, scope, headers, limiter=self._looking)
        except StoreUnavailable as error:
            await self._say_unavailable(error, scope, receive, send)
            return
        if refusal := _unproven(scope, headers, context):
            await _refuse(refusal, scope, receive, send)
        elif scope["type"] == "http" and path in sign_in_pages.OURS:
            self._pages = self._pages or sign_in_pages.build(_ways_in(context.authenticator))
            await self._pages({**scope, "mxm": context}, receive, send)
        elif context.session is None and context.authenticator.sign_in_required():
            await _turn_away(scope, receive, send)
        else:
            await self._let_through(context, scope, receive, send)

    async def _named(self, scope: Scope, headers: Headers) -> Scope:
        """Return the scope with the signed-in user, if any.

        It is read from the cookie alone.
        """
        if "cookie" in headers:
            with suppress(Exception):  # a database that cannot be read is what this request asks about
                _sign(scope, await anyio.to_thread.run_sync(self._arrival, scope, headers, limiter=self._looking))
        return scope

    def _arrival(self, scope: Scope, headers: Headers) -> RequestContext:
        """Return the client address and the session of a request.

        Requests for the sign-in pages or for the health do not extend the session.
        """
        authenticator = self._authenticator()
        secure = self._secure(scope, headers)
        client = ClientInfo(authenticator.proxies.address(scope), headers.get("user-agent", ""))
        context = RequestContext(authenticator, client, secure)
        given = [cookie_parser(value).get(sign_in_pages.cookie_name(secure)) for value in headers.getlist("cookie")]
        session_id = next(filter(None, given), None)
        if session_id is None or not authenticator.sign_in_required():
            return context
        session = authenticator.sessions.find(session_id, used=scope["path"] not in {*sign_in_pages.OURS, HEALTH})
        return replace(context, session=session, ended=session is None)

    async def _say_unavailable(self, error: StoreUnavailable, scope: Scope, receive: Receive, send: Send) -> None:
        """Say why nobody can be identified: on a page where a person asked for one."""
        if scope["type"] == "http" and (scope["path"] in sign_in_pages.OURS or _asks_for_page(scope)):
            context = RequestContext(self._authenticator(), ClientInfo(""), secure=False)
            answer = sign_in_pages.unavailable(Request({**scope, "mxm": context}), error)
            await answer(scope, receive, send)
        else:
            await _refuse(Refusal(503, error.code, str(error)), scope, receive, send)

    async def _let_through(self, context: RequestContext, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with user and address.

        A websocket for as long as the session lasts.
        """
        _sign(scope, context)
        if scope["type"] == "websocket":
            line = SessionWebSocket(context.authenticator, context.session, receive, send, *self._of_lines)
            try:
                await line.serve(self.app, scope)
            finally:
                if self._uploads is not None:  # a page whose connection broke is back within seconds
                    asyncio.get_running_loop().call_later(_BACK_WITHIN, self._uploads.sweep)
        elif self._uploads is not None and scope["path"].startswith(PLACE) and scope["method"] in {"PUT", "DELETE"}:
            await self._upload(self._uploads, context, scope, receive, send)
        elif _asks_for_page(scope) and scope["method"] == "GET":
            await self.app(page_script.without_partial_content(scope), receive, page_script.with_script(send))
        else:
            await self.app(scope, receive, send)

    async def _upload(
        self, uploads: Uploads, context: RequestContext, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Add or remove a file of an open page whose session's user may import now."""
        session, name = (context.session.known_as, context.session.name) if context.session else ("", "")

        def may_import() -> bool:
            return uploads.may_import(context.authenticator.caller(name, context.client.address))

        try:
            if scope["method"] == "DELETE":
                uploads.must_be_open_to(scope["path"], session)
                return await self.app(scope, receive, send)
            may = await anyio.to_thread.run_sync(may_import, limiter=self._looking)
            size = int(Headers(scope=scope).get("content-length", "0"))
            with uploads.reserved(scope["path"], size, session, may_import=may):
                await self.app(scope, receive, send)
        except Forbidden as error:
            await _refuse(Refusal(403, "FORBIDDEN", str(error)), scope, receive, send)
        except UploadRefused as error:
            await _refuse(Refusal(error.status, error.code, str(error)), scope, receive, send)

    def _shield(self, scope: Scope, headers: Headers) -> dict[str, str]:
        """Return the headers of a response.

        Over a public https address, browsers are asked to use https only from then on.
        """
        here = self._outward(_here(scope, headers))
        strict = here is not None and here in self._hosts and not is_loopback(here.host) and here.scheme == "https"
        return SECURITY_HEADERS | (STRICT_TRANSPORT if strict else {})

    def _secure(self, scope: Scope, headers: Headers) -> bool:
        """Return whether the browser uses https, by a trusted proxy or the public address."""
        return self._proxies.secure(scope) or self._comes_by_https(scope, headers)

    def _comes_by_https(self, scope: Scope, headers: Headers) -> bool:
        """Return whether the request was sent to the public address, and that is https.

        This holds behind a proxy that terminates TLS and sends no X-Forwarded-Proto.
        """
        here = self._outward(_here(scope, headers))
        return here is not None and here in self._hosts and here.scheme == "https"

    def _outward(self, here: Origin | None) -> Origin | None:
        """Return the origin that a request was sent to as browsers have it.

        A proxy in front may use https where we receive http.
        """
        return next((origin for origin in self._hosts if here and origin.host == here.host), here)

    def _too_slow(self, scope: Scope) -> Response:
        if self._portal is not None and self._portal.takes(_here(scope, Headers(scope=scope)), scope["path"]):
            return self._portal.too_slow(scope)
        return _answer(_TOO_SLOW)

    def _too_large(self, headers: Headers) -> Refusal | None:
        """Refuse a body that no page of ours sends.

        Uploads are the largest, and browsers send a length.
        """
        if "transfer-encoding" in headers:
            return Refusal(411, "LENGTH_REQUIRED", "Say how long this is: Content-Length is missing.")
        size = headers.get("content-length", "0")
        if not size.isdecimal() or (len(size) <= _DIGITS and int(size) <= self._most):
            return None
        return Refusal(413, "TOO_LARGE", file_problems.too_large(int(size[:_DIGITS]), self._file))

    def _elsewhere(self, here: Origin | None) -> Refusal | None:
        """Refuse a name that is not ours; another's DNS may point it at this machine."""
        if here and (is_loopback(here.host) or any(here.host == origin.host for origin in self._hosts)):
            return None
        return Refusal(421, "MISDIRECTED", f"This is not an address of this server. {_OWN_ADDRESS}")

    def _foreign(self, scope: Scope, headers: Headers) -> Refusal | None:
        """Refuse a change or a live connection that another site's page asked for."""
        sent_from = headers.getlist("origin")
        if not sent_from or (scope["type"] == "http" and scope["method"] in _READS):
            return None
        here = self._outward(_here(scope, headers))
        if len(sent_from) == 1 and Origin.parse(sent_from[0]) == here:
            return None
        return Refusal(
            403,
            "FOREIGN_ORIGIN",
            "A page of another site sent this, so nothing was done. Open MXM itself and try there.",
        )


def _sign(scope: Scope, context: RequestContext) -> None:
    scope["headers"].append((ADDRESS, context.client.address.encode("latin-1", "replace")))
    if context.session is not None:
        scope["headers"].append((IDENTITY, context.session.name.encode("latin-1")))
        scope["headers"].append((SESSION, context.session.known_as.encode()))


def _ways_in(authenticator: Authenticator) -> Sequence[BaseRoute]:
    """Return the routes of users' own pages, and of the sign-in provider, if any."""
    if not authenticator.settings.oidc_issuer:
        return account_pages.routes()
    from mxlib.auth import oidc_routes  # slow to import, and few servers need it

    return [*account_pages.routes(), *oidc_routes.ways(authenticator.settings, authenticator.clock)]


def _unproven(scope: Scope, headers: Headers, context: RequestContext) -> Refusal | None:
    """Refuse a change with a cookie, or a sign-in, without an Origin.

    Browsers send it with every change that a page makes.
    """
    if scope["type"] == "websocket" or scope["method"] in _READS or "origin" in headers:
        return None
    if context.session is None and scope["path"] not in sign_in_pages.OURS:
        return None
    return Refusal(
        403,
        "FOREIGN_ORIGIN",
        "It does not say which page sent it (Origin), so nothing was done. Open MXM in a browser that sends it.",
    )


def _asks_for_page(scope: Scope) -> bool:
    """Return whether a browser opens a page with this request, not part of one."""
    reads = scope["type"] == "http" and scope["method"] in _READS
    return reads and "text/html" in Headers(scope=scope).get("accept", "")


async def _turn_away(scope: Scope, receive: Receive, send: Send) -> None:
    """Redirect the request for a page to the sign-in page; refuse any other with 401."""
    if _asks_for_page(scope):
        await sign_in_pages.to_sign_in(scope)(scope, receive, send)
    else:
        await _refuse(Refusal(401, "SIGNED_OUT", OVER), scope, receive, send)


def _here(scope: Scope, headers: Headers) -> Origin | None:
    """Return the origin that the request was addressed to."""
    hosts = headers.getlist("host")
    scheme = _SCHEMES.get(scope["scheme"], scope["scheme"])
    return Origin.parse(f"{scheme}://{hosts[0]}") if len(hosts) == 1 else None


async def _refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send, *, close: bool = False) -> None:
    """Answer in the API's envelope; a websocket without a response is closed before it opens.

    `close`: read nothing more from the connection, since where its next request begins is not certain.
    """
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": refusal.message})
        return
    answer = _answer(refusal)
    if close:
        answer.headers["Connection"] = "close"
    await answer(scope, receive, send)


def _answer(refusal: Refusal) -> Response:
    """Return a refusal in the API's envelope."""
    return JSONResponse(
        {"success": False, "error": {"code": refusal.code, "message": refusal.message}},
        status_code=refusal.status,
        headers={"Cache-Control": "no-store"},
    )
