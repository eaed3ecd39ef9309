"""Limit concurrent requests: those that may wait for MXroute never delay the others."""

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from fastapi import Request

from mxlib.api.responses import ApiError

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

#: Concurrent requests that may wait for MXroute. Each also takes its share of the one interpreter: a hundred
#: long lists at once would keep every other answer waiting for seconds.
MAX_AT_HOST = 24

#: Further ones that wait for such a turn, without a thread; one more is refused.
MAX_WAITING = 76

#: Seconds after which a request that got no turn is refused.
MAX_WAIT_S = 20.0

#: Other concurrent requests; one more waits, without a thread.
MAX_CONCURRENT = 20

#: Threads for both kinds, and for pages and files as well.
THREADS = MAX_AT_HOST + MAX_CONCURRENT + 40

#: Seconds after which a request that was refused may come again.
_AGAIN = 5


def calls_host(endpoint: Endpoint) -> Endpoint:
    """Mark a route whose response may have to wait for MXroute."""
    vars(endpoint)["asks_host"] = True
    return endpoint


class ConcurrencyLimit:
    """Gives each request of the API its turn."""

    def __init__(self) -> None:
        self._here, self._at_host = anyio.CapacityLimiter(MAX_CONCURRENT), anyio.CapacityLimiter(MAX_AT_HOST)
        self._asked = 0

    async def slot(self, request: Request) -> AsyncIterator[None]:
        """Give a request its turn, as a dependency of every route: the route runs inside it."""
        threads = anyio.to_thread.current_default_thread_limiter()
        threads.total_tokens = max(threads.total_tokens, THREADS)
        if not getattr(request.scope.get("endpoint"), "asks_host", False):
            async with self._here:
                yield
            return
        if self._asked >= MAX_AT_HOST + MAX_WAITING:
            raise _refused()
        self._asked += 1
        turn = object()
        try:
            with anyio.move_on_after(MAX_WAIT_S) as waited:
                await self._at_host.acquire_on_behalf_of(turn)
            if waited.cancelled_caught:
                raise _refused()
            try:
                yield
            finally:
                self._at_host.release_on_behalf_of(turn)
        finally:
            self._asked -= 1


def _refused() -> ApiError:
    message = f"Too many requests wait for MXroute already. Try again in {_AGAIN} s."
    return ApiError(503, message, headers={"Retry-After": str(_AGAIN)})
