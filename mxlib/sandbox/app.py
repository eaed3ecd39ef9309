"""The simulated host as an ASGI application: it really stalls, and really hangs up."""

import asyncio
import contextlib
import time
from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mxlib.sandbox.control_api import PREFIX, control
from mxlib.sandbox.core import Sandbox
from mxlib.sandbox.replies import Reply

#: Seconds between two pieces of a response that drips.
DRIP = 0.1


def asgi(sandbox: Sandbox, *, controlled: bool = False, now: Callable[[], float] = time.time) -> ASGIApp:
    """Return the application that serves `sandbox`; `controlled` adds the routes of `control`.

    To close a connection without a response it calls `scope["state"]["hang_up"]`, and to drip
    `scope["state"]["write"]`; `serve` puts both there.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            body = await request.body()
        except ClientDisconnect:  # the client ended before the request was complete; a host would not act on it either
            return
        path = scope["raw_path"].decode("ascii")
        if controlled and path.startswith(PREFIX):
            reply = control(sandbox, request.method, path, body, now())
        else:
            reply = sandbox.handle(request.method, path, request.headers, body, now())
        if reply.drips and await _gone_while_dripping(reply, scope["state"]["write"], receive):
            return
        if reply.delay and not reply.drips and await _gone_within(reply.delay, receive):
            return
        if reply.dropped:
            scope["state"]["hang_up"]()
            await receive()  # until the server knows that the connection is closed; else it would answer 500
            return
        await Response(reply.body, reply.status, dict(reply.headers))(scope, receive, send)

    return app


async def _gone_while_dripping(reply: Reply, write: Callable[[bytes], None], receive: Receive) -> bool:
    """Send a response that never ends, piece after piece; True when the client has disconnected."""
    write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
    if reply.drips == "body":
        write(b"Content-Length: 1000000\r\n\r\n")
    for _ in range(int(reply.delay / DRIP)):
        write(b"X-Slow: yes\r\n" if reply.drips == "headers" else b" ")
        if await _gone_within(DRIP, receive):
            return True
    return False


async def _gone_within(seconds: float, receive: Receive) -> bool:
    """Wait so long, or until the client has disconnected; True when it has."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await receive()  # after the body, the next message is that the client has disconnected
            return True
    return False
