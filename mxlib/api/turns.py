"""How many requests are at work at once: those that may wait for the host never hold up those that do not."""

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

import anyio
import anyio.to_thread
from fastapi import Request

from mxlib.api.envelope import Problem

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

#: Requests at work at once that may wait for the host; one more is refused, not kept waiting. Each also takes its
#: share of the one interpreter: a hundred long lists at once would keep every other answer waiting for seconds.
AT_HOST = 24

#: Other requests at work at once; one more waits, without a thread.
AT_ONCE = 20

#: Threads for both kinds, and for pages and files beside them.
THREADS = AT_HOST + AT_ONCE + 40

#: Seconds after which a request that was refused may come again.
_AGAIN = 5


def asks_host(endpoint: Endpoint) -> Endpoint:
    """Mark a route whose answer may have to wait for the host."""
    vars(endpoint)["asks_host"] = True
    return endpoint


class Turns:
    """Gives each request of the API its turn."""

    def __init__(self) -> None:
        self._here = anyio.CapacityLimiter(AT_ONCE)
        self._at_host = 0

    async def turn(self, request: Request) -> AsyncIterator[None]:
        """A dependency of every route: the route runs inside it."""
        threads = anyio.to_thread.current_default_thread_limiter()
        threads.total_tokens = max(threads.total_tokens, THREADS)
        if not getattr(request.scope.get("endpoint"), "asks_host", False):
            async with self._here:
                yield
            return
        if self._at_host >= AT_HOST:
            told = f"{AT_HOST} requests wait for MXroute already. Try again in {_AGAIN} s."
            raise Problem(503, told, headers={"Retry-After": str(_AGAIN)})
        self._at_host += 1
        try:
            yield
        finally:
            self._at_host -= 1
