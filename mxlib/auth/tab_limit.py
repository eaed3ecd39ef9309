"""A limit of open tabs: each holds memory and a live connection.

The server has to keep serving those that are open.
"""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

#: Tabs that may be open at once.
MAX_TABS = 200

TOO_MANY = (
    f"{MAX_TABS} tabs of MXM are open, which is the most that this server holds. Close tabs that you do not need, "
    "and reload this page in a minute."
)

#: Requests of a page before it connects again; it shows their response.
BEFORE_CONNECTING = ("/_stcore/health", "/_stcore/host-config")


class TabLimit:
    """ASGI middleware: opens at most MAX_TABS live connections, and says so on the page instead."""

    def __init__(self, app: ASGIApp, most: int = MAX_TABS) -> None:
        self.app, self._most = app, most
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the connection on, or answer that there are too many."""
        if scope["type"] == "websocket":
            await self._connect(scope, receive, send)
        elif scope["type"] == "http" and self._open >= self._most and (answer := _instead(scope)):
            await answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._open >= self._most:
            if "websocket.http.response" in scope.get("extensions", {}):
                await _too_many_tabs()(scope, receive, send)
            else:
                await receive()
                await send({"type": "websocket.close", "code": 1013, "reason": "Too many tabs are open."})
            return
        self._open += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._open -= 1


def _instead(scope: Scope) -> Response | None:
    """Return the answer to what opens a page or connects it again.

    None for everything else.
    """
    if scope["path"].endswith(BEFORE_CONNECTING):
        return _too_many_tabs()
    if scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", ""):
        return PlainTextResponse(TOO_MANY, 503, {"Cache-Control": "no-store", "Retry-After": "60"})
    return None


def _too_many_tabs() -> Response:
    error = {"code": "TOO_MANY_TABS", "message": TOO_MANY}
    return JSONResponse({"success": False, "error": error}, 503, {"Cache-Control": "no-store", "Retry-After": "60"})
