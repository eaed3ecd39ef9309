"""Answers of a server that is about to stop: it begins nothing new."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mxlib import services
from mxlib.auth.tab_limit import BEFORE_CONNECTING
from mxlib.core.text.store_problems import STOPPING, STOPPING_PAGE

#: `Retry-After` has seconds.
_HEADERS = {"Cache-Control": "no-store", "Retry-After": "10"}

_READS = frozenset({"GET", "HEAD"})


class StoppingServer:
    """ASGI middleware: refuses changes and new live connections once the server drains."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer that the server is about to stop."""
        if not _begins_something(scope) or not _is_stopping():
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
            await receive()
            await send({"type": "websocket.close", "code": 1012, "reason": "MXM is about to stop."})
        else:
            await (_page() if _is_of_page(scope) else _refusal())(scope, receive, send)


def _begins_something(scope: Scope) -> bool:
    if scope["type"] != "http":
        return bool(scope["type"] == "websocket")
    return scope["method"] not in _READS or _is_of_page(scope)


def _is_of_page(scope: Scope) -> bool:
    """Return whether a page is opened, or connects again.

    Downloads go on: they have a dot in their name.
    """
    if scope["type"] != "http" or scope["method"] not in _READS:
        return False
    is_opened = "text/html" in Headers(scope=scope).get("accept", "") and "." not in scope["path"].rpartition("/")[2]
    return is_opened or scope["path"].endswith(BEFORE_CONNECTING)


def _is_stopping() -> bool:
    app = services.opened()
    return app is not None and app.is_draining


def _page() -> Response:
    return PlainTextResponse(STOPPING_PAGE, 503, _HEADERS)


def _refusal() -> Response:
    return JSONResponse({"success": False, "error": {"code": "STOPPING", "message": STOPPING}}, 503, _HEADERS)
