"""The log lines of a store that fails: each kind of failure once a minute, for all background work together."""

import logging
import threading

from mxlib.clock import Clock
from mxlib.store.errors import StoreUnavailable

log = logging.getLogger(__name__)

#: Seconds between two lines about the same kind of failure.
SAID_EVERY = 60.0


class FailureLog:
    """Says what keeps the background work of one process from the store."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        #: When each kind was last said, in monotonic seconds, by code.
        self._said_at: dict[str, float] = {}

    def report(self, problem: StoreUnavailable) -> None:
        """Write a line about `problem`, unless its kind was said within the last minute.

        The record carries the code as `store_code`, for a filter that says the same about other files.
        """
        now = self._clock.monotonic()
        with self._lock:
            if now - self._said_at.get(problem.code, float("-inf")) < SAID_EVERY:
                return
            self._said_at[problem.code] = now
        log.error("%s", problem, extra={"store_code": problem.code})
