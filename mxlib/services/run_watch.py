"""Runs as tabs watch them: computed once a second, for all tabs with the same rights."""

import threading
from collections.abc import Callable
from typing import TypeVar

from mxlib.auth.authority import resolves_callers
from mxlib.auth.permissions import Caller
from mxlib.clock import Clock
from mxlib.runs.run_view import RunView
from mxlib.services.runs import RunService

#: Seconds for which a result is shown to the next tab.
HOLDS = 1.0

Seen = TypeVar("Seen")


class _Look:
    """A shared result: the first tab computes it, the others wait for it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.at = float("-inf")
        self.seen: object = None


@resolves_callers
class RunWatch:
    """Shows runs that are at most a second old.

    Read `RunService` instead for what a person just did.
    """

    def __init__(self, runs: RunService, clock: Clock) -> None:
        self._runs, self._clock = runs, clock
        self._lock = threading.Lock()
        self._looks: dict[object, _Look] = {}

    def run(self, caller: Caller, number: int) -> RunView | None:
        """Return one run; None when it does not exist or is not visible."""
        return self._shared((_rights(caller), number), lambda: self._runs.get(caller, number))

    def unended(self, caller: Caller) -> tuple[RunView, ...]:
        """Return the unended runs that the caller may see, newest first."""
        return self._shared((_rights(caller), "unended"), lambda: self._runs.unended(caller))

    def all(self, caller: Caller, *, most: int = 200) -> tuple[RunView, ...]:
        """Return the latest runs that the caller may see, newest first."""
        return self._shared((_rights(caller), "all", most), lambda: self._runs.all(caller, most=most))

    def _shared(self, key: object, work_out: Callable[[], Seen]) -> Seen:
        now = self._clock.monotonic()
        with self._lock:
            for other in [other for other, look in self._looks.items() if look.at + 60.0 < now and other != key]:
                del self._looks[other]
            look = self._looks.setdefault(key, _Look())
            if look.at == float("-inf"):
                look.at = now - HOLDS
        with look.lock:
            if self._clock.monotonic() - look.at >= HOLDS:
                look.seen = work_out()
                look.at = self._clock.monotonic()
            return look.seen  # type: ignore[return-value]


def _rights(caller: Caller) -> object:
    """Return a key that is equal for two callers who see the same."""
    return caller.name, caller.kind, caller.admin, caller.external, frozenset(caller.domains.items())
