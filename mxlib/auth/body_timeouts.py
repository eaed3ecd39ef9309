"""Least rate of request bodies.

A request that trickles would hold a connection, its queue place and its memory for hours.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Least bytes a second of every body, and seconds that any may take in addition.
LEAST, GRACE = 1_000, 5.0

TOO_SLOW = "The body came in at under 1 kB a second, so nothing was done. Send it again over a faster line."


class BodyTimeouts:
    """One request whose body has to keep up.

    Only the time spent waiting for it counts.
    """

    def __init__(
        self,
        receive: Receive,
        send: Send,
        too_slow: Callable[[], Response],
        *,
        grace: float = GRACE,
        least: int = LEAST,
    ) -> None:
        """`too_slow` creates the response to a body that does not keep up."""
        self._receive, self._send, self._too_slow = receive, send, too_slow
        self._left, self._least = grace, least
        self._whole = self._answered = self._cut = False

    async def serve(self, app: ASGIApp, scope: Scope) -> None:
        """Let `app` answer.

        A body that is too slow is answered here, and `app` sees a disconnect.
        """
        try:
            await app({**scope}, self._receive_part, self._say)
        except Exception:
            if not self._cut:
                raise

    async def _receive_part(self) -> Message:
        """Return the next part of the body."""
        if self._cut:
            return {"type": "http.disconnect"}
        if self._whole:
            return await self._receive()
        began = time.monotonic()
        try:
            message = await asyncio.wait_for(self._receive(), max(0.001, self._left))
        except TimeoutError:
            return await self._refuse()
        self._left += len(message.get("body", b"")) / self._least - (time.monotonic() - began)
        self._whole = not message.get("more_body", False)
        if self._left <= 0 and not self._whole:
            return await self._refuse()
        return message

    async def _refuse(self) -> Message:
        self._cut = True
        if not self._answered:
            answer = self._too_slow()
            answer.headers["Connection"] = "close"  # the rest of the body would be read as the next request
            with suppress(OSError):
                await answer({"type": "http", "method": "POST"}, self._receive, self._send)
        return {"type": "http.disconnect"}

    async def _say(self, message: Message) -> None:
        if not self._cut:
            self._answered = True
            await self._send(message)
