"""A websocket that follows its session: closed at its end, its page redrawn when rights change."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress

import anyio.to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mxlib.auth.sessions import Session
from mxlib.auth.sign_in import OVER, Authenticator
from mxlib.auth.users import NO_PASSWORD

#: Code of our own for "sign in first", after HTTP's 401.
CLOSED = 4401

#: Names the connection to Streamlit; only this package sets it.
TAB = b"x-mx-tab"

#: Seconds between two tries to redraw a page whose script runs.
TRY_EVERY = 0.2

#: Returns whether a websocket message comes from a person, rather than from a page that refreshes itself.
IsUserActivity = Callable[[bytes], bool]

#: Redraws the page of the tab of that name; False when it has to be called again later.
Redraw = Callable[[str], bool]


class SessionWebSocket:
    """One live connection.

    A message from a person on it counts as use of its session.
    """

    def __init__(
        self,
        authenticator: Authenticator,
        session: Session | None,
        receive: Receive,
        send: Send,
        is_user_activity: IsUserActivity,
        redraw: Redraw,
    ) -> None:
        """Serve one connection. Without required sign-in, `session` has to be None.

        The connection closes once sign-in is required.
        """
        self._authenticator, self._session, self._receive, self._send = authenticator, session, receive, send
        self._is_user_activity, self._redraw, self.tab = is_user_activity, redraw, secrets.token_hex(8)
        self._used = self._cut = False
        self._now = session
        self._next: asyncio.Task[Message] | None = None
        self._over: asyncio.Task[None]

    async def serve(self, app: ASGIApp, scope: Scope) -> None:
        """Let `app` and the browser communicate until one of them, or the session, ends it."""
        scope = {**scope, "headers": [*scope["headers"], (TAB, self.tab.encode())]}
        with self._authenticator.sessions.watch(self._session.digest if self._session else NO_PASSWORD) as woken:
            self._over = asyncio.create_task(self._until_over(woken))
            try:
                await app(scope, self._receive_message, self._say)
            finally:
                for task in filter(None, (self._over, self._next)):
                    task.cancel()
                    with suppress(asyncio.CancelledError, Exception):
                        await task

    async def _receive_message(self) -> Message:
        """Return the next message, or the end."""
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
        self._used = self._used or self._is_user_activity(message.get("bytes") or b"")
        return message

    async def _say(self, message: Message) -> None:
        if not self._cut:
            await self._send(message)

    async def _until_over(self, woken: asyncio.Event) -> None:
        """Wait until the session is over, and redraw the page whenever its user's rights change.

        A change of this process is known at once, one of another process within seconds.
        """
        drawn = True
        while await anyio.to_thread.run_sync(self._alive):
            drawn = (not self._other_rights() and drawn) or self._redraw(self.tab)
            with suppress(TimeoutError):
                await asyncio.wait_for(woken.wait(), self._authenticator.sessions.look_every if drawn else TRY_EVERY)
            woken.clear()

    def _alive(self) -> bool:
        if self._session is None:
            return not self._authenticator.sign_in_required()
        used, self._used = self._used, False
        self._now = self._authenticator.sessions.is_alive(self._session, used=used)
        return self._now is not None

    def _other_rights(self) -> bool:
        """Return whether the session's user has other rights than at the last check."""
        before, self._session = self._session, self._now
        return before is not None and self._now is not None and before.rights != self._now.rights
