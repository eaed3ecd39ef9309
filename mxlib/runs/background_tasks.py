"""Background tasks of a process: forget old data, and erase what was forgotten."""

import logging
import threading
import time
from collections.abc import Callable, Iterable

from mxlib.store import OwnershipLost, StoreUnavailable

log = logging.getLogger(__name__)

#: Seconds between two rounds of the ordinary tasks, and of the frequent ones.
EVERY = 600.0
OFTEN = 10.0

#: Seconds between two tries of a task that failed.
RETRY_EVERY = 2.0


class BackgroundTasks:
    """One thread that does each task at intervals.

    A task that returns False is not finished, and is tried again soon.
    """

    def __init__(
        self, chores: Iterable[Callable[[], object]], often: Iterable[Callable[[], object]], may_run: Callable[[], bool]
    ) -> None:
        self._chores, self._often, self._may_run = tuple(chores), tuple(often), may_run
        self._stop, self._wake = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start with a round at once."""
        self._thread = threading.Thread(target=self._go_round, name="mxm-chores", daemon=True)
        self._thread.start()

    def soon(self) -> None:
        """Do now what is done often."""
        self._wake.set()

    def stop(self, patience: float) -> None:
        """Start no further chore, and wait for the one that is on."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(patience)

    def _go_round(self) -> None:
        next_round = 0.0
        while True:
            # Cleared before the stop is looked for, so that a stop in between still ends the wait below.
            self._wake.clear()
            if self._stop.is_set():
                return
            done = self._may_run()
            if done and time.monotonic() >= next_round:
                next_round = time.monotonic() + EVERY
                for chore in self._chores:
                    self._do(chore)
            if done:
                done = False not in {self._do(chore) for chore in self._often}
            self._wake.wait(OFTEN if done else RETRY_EVERY)

    def _do(self, chore: Callable[[], object]) -> bool:
        """Do one chore; whether it is done. Whatever fails here, the others are done."""
        if self._stop.is_set():
            return True
        try:
            return chore() is not False
        except (StoreUnavailable, OwnershipLost) as problem:
            log.warning("What is due could not be forgotten yet: %s", problem)
            return False
        except Exception:
            log.exception("A chore failed")
        return True
