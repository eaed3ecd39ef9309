"""Runs with their real threads against the sandbox, without a network and at full speed."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from mxlib.clock import SystemClock
from mxlib.mxroute import protocol
from mxlib.mxroute.client import HELD_UP
from mxlib.mxroute.errors import Unreachable
from mxlib.mxroute.protocol import Request, Response
from mxlib.runs.manager import RunManager
from mxlib.runs.run_view import RunView
from mxlib.sandbox.core import Sandbox
from mxlib.sandbox.faults import Rule, Schedule
from mxlib.sandbox.limits import Limits
from mxlib.sandbox.state import Account
from mxlib.settings import Settings
from mxlib.store import Store, clock_guard
from tests.support.simulation import HEADERS, FreeRateLimiter


class ShiftedClock(SystemClock):
    """The machine's clock, `ahead` by so many seconds."""

    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


class Host:
    """The sandbox with the interface of the client; requests wait in it while `open` is not set."""

    def __init__(self, *rules: Rule) -> None:
        self.sandbox = Sandbox(
            Account.of("a.nl", "b.nl"), Limits(writes=10**6, reads=10**6), Schedule.of(*rules), remember_passwords=True
        )
        self.open = threading.Event()
        self.open.set()
        self.inside = 0

    def send(
        self, request: Request, *, urgent: bool = False, gated: bool = True,
        may_leave: Callable[[], bool] = lambda: True,
    ) -> Response:  # fmt: skip
        assert not gated
        if not may_leave():
            raise Unreachable(HELD_UP, sent=False)
        self.inside += 1
        try:
            assert self.open.wait(60.0)
            body = json.dumps(request.body).encode() if request.body is not None else b""
            reply = self.sandbox.handle(request.method, request.path, HEADERS, body, time.time())
            if reply.dropped:
                raise Unreachable("MXroute did not answer.")
            return protocol.parse_response(request, reply.status, reply.headers, reply.body, time.time())
        finally:
            self.inside -= 1


class Desk:
    """A store, a host, and the runs between them."""

    def __init__(self, store: Store, host: Host | None = None, *, recover: bool = True) -> None:
        self.store, self.host, self.clock = store, host or Host(), store.clock
        self.rate_limiter = FreeRateLimiter()
        self.runs = RunManager(store, self.host, self.rate_limiter, store.clock, Settings())  # type: ignore[arg-type]
        if recover:
            self.runs.recover()

    def view(self, run: int) -> RunView:
        """Return the view of an existing run."""
        view = self.runs.view(run)
        assert view is not None
        return view

    def wait_for(self, run: int, *statuses: str) -> RunView:
        """Wait until a run has one of these statuses, and return its view."""
        until(lambda: self.view(run).status in statuses)
        return self.view(run)


def live_through(store: Store, days: float) -> None:
    """Let days pass as for a running server, which observes the clock more than once a day."""
    clock: Any = store.clock
    name = "ahead" if hasattr(clock, "ahead") else "at"
    end = getattr(clock, name) + days * 86_400
    while getattr(clock, name) < end:
        setattr(clock, name, min(end, getattr(clock, name) + 43_200))
        with store.write() as tx:
            clock_guard.observe(tx, clock.now())


def until(holds: Callable[[], bool]) -> None:
    """Wait, in steps of milliseconds, until other threads make the condition true."""
    give_up = time.monotonic() + 60.0
    while not holds():
        assert time.monotonic() < give_up, "It never came."
        time.sleep(0.002)
