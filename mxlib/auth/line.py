"""A websocket that closes at once when the session it was opened in is over."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import anyio.to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mxlib.auth.entrance import OVER, Entrance
from mxlib.auth.sessions import Session
from mxlib.auth.users import NOBODYS

#: Code of our own for "sign in first", after HTTP's 401.
CLOSED = 4401

#: Whether what came in on a websocket is of a person, and not of a page that refreshes itself.
ByHand = Callable[[bytes], bool]


class Line:
    """One live connection. It counts as use of its session when something of a person comes in on it."""

    def __init__(
        self, entrance: Entrance, session: Session | None, receive: Receive, send: Send, by_hand: ByHand
    ) -> None:
        """`session` is None while nobody needs one; then the line is over as soon as somebody does."""
        self._entrance, self._session, self._receive, self._send = entrance, session, receive, send
        self._by_hand = by_hand
        self._used = self._cut = False
        self._next: asyncio.Task[Message] | None = None
        self._over: asyncio.Task[None]

    async def serve(self, app: ASGIApp, scope: Scope) -> None:
        """Let `app` talk to the browser until one of them ends it, or the session does."""
        with self._entrance.sessions.watch(self._session.digest if self._session else NOBODYS) as ended:
            self._over = asyncio.create_task(self._until_over(ended))
            try:
                await app(scope, self._heard, self._say)
            finally:
                for task in filter(None, (self._over, self._next)):
                    task.cancel()
                    with suppress(asyncio.CancelledError, Exception):
                        await task

    async def _heard(self) -> Message:
        """The next message, or the end."""
        if not self._over.done():
            self._next = self._next or asyncio.ensure_future(self._receive())
            await asyncio.wait({self._next, self._over}, return_when=asyncio.FIRST_COMPLETED)
        if self._over.done():
            if not self._cut:
                self._cut = True
                await self._send({"type": "websocket.close", "code": CLOSED, "reason": OVER})
            return {"type": "websocket.disconnect", "code": CLOSED, "reason": OVER}
        assert self._next is not None  # noqa: S101 - waited for above
        message, self._next = self._next.result(), None
        self._used = self._used or self._by_hand(message.get("bytes") or b"")
        return message

    async def _say(self, message: Message) -> None:
        if not self._cut:
            await self._send(message)

    async def _until_over(self, ended: asyncio.Event) -> None:
        """Return when the session is over: told at once by this process, seen within seconds when another ended it."""
        while await anyio.to_thread.run_sync(self._alive):
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), self._entrance.sessions.look_every)
            if ended.is_set():
                return

    def _alive(self) -> bool:
        if self._session is None:
            return not self._entrance.in_force()
        used, self._used = self._used, False
        return self._entrance.sessions.alive(self._session, used=used) is not None
