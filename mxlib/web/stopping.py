"""Answers of a server that is about to stop: it begins nothing new."""

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from mxlib import services
from mxlib.auth.tab_limit import BEFORE_CONNECTING
from mxlib.core.text.store_problems import STOPPING

#: Seconds after which to try again.
_AGAIN = "10"

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
            await _refusal()(scope, receive, send)


def _begins_something(scope: Scope) -> bool:
    if scope["type"] != "http":
        return bool(scope["type"] == "websocket")
    return scope["method"] not in _READS or scope["path"].endswith(BEFORE_CONNECTING)


def _is_stopping() -> bool:
    app = services.opened()
    return app is not None and app.is_draining


def _refusal() -> JSONResponse:
    error = {"code": "STOPPING", "message": STOPPING}
    headers = {"Cache-Control": "no-store", "Retry-After": _AGAIN}
    return JSONResponse({"success": False, "error": error}, 503, headers)
