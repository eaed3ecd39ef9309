"""The background reader: every mailbox list is read at the start and every 15 minutes, after what people ask for.

It is the watch over the mailboxes: each list that it reads stores the figures of its day. The use of the whole account
is read by a background task (`services/usage_watch.py`).
"""

import logging
import threading

from mxlib.clock import Clock
from mxlib.mxroute.rate_limiter import RateLimiter
from mxlib.runs.manager import NotOwner, RunManager
from mxlib.services.failures import LIMITED, Failure
from mxlib.services.mailbox_lists import LIST_MAX_AGE_S, MailboxLists
from mxlib.store import Store, StoreUnavailable, mailbox_lists

log = logging.getLogger(__name__)

#: Seconds after which a list is read again.
READ_EVERY = 900.0

#: Share of the read limit until each list was read once, and afterwards.
FIRST_SHARE, LATER_SHARE = 0.5, 0.25

#: Seconds between two looks for what is due; runs of another process, or new domains, are noticed then.
_IDLE = 60.0

#: Most seconds between two tries while MXroute gives no list at all.
_LONGEST_PAUSE = 600.0

#: Failures after which nothing is read for a while: MXroute itself seems to fail.
_IN_A_ROW = 3

#: The list of the domains themselves.
_DOMAINS = ""


class ListReader:
    """Reads the lists of all domains, in the process that owns the runs.

    The list unread longest comes first. A request is sent only while most of the read limit is free, so
    nobody waits for this reader.
    """

    def __init__(
        self, store: Store, lists: MailboxLists, runs: RunManager, rate_limiter: RateLimiter, clock: Clock
    ) -> None:
        self._store, self._lists, self._runs = store, lists, runs
        self._rate_limiter, self._clock = rate_limiter, clock
        self._changed = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None
        #: When a list that could not be read is tried again, in monotonic seconds.
        self._again_at: dict[str, float] = {}
        self._domains_asked = False
        self._failures = 0

    def step(self) -> float:
        """Read at most one list; return the seconds after which to go on.

        Raises NotOwner, StoreUnavailable.
        """
        self._runs.must_own()
        with self._store.read() as tx:
            known, read_at = mailbox_lists.domains(tx), mailbox_lists.read_times(tx)
        names = known.names if known else ()
        times: dict[str, float | None] = {name: read_at.get(name) for name in names}
        name = self._next_due(known.read_at if known else None, times)
        if name is None:
            return _IDLE
        share = FIRST_SHARE if None in times.values() or known is None else LATER_SHARE
        if wait := self._rate_limiter.try_acquire_share("read", share):
            return min(wait, _IDLE)
        used = False
        try:
            used, failure = self._lists.read_once(name, oldest=self._oldest(name))
        finally:
            if not used:
                self._rate_limiter.release("read")
        return self._go_on_after(name, failure)

    def start(self) -> None:
        """Read in the background from now on."""
        self._thread = threading.Thread(target=self._run, name="mxm-reader", daemon=True)
        self._thread.start()

    def close(self, patience: float = 5.0) -> None:
        """Stop reading; a request in flight ends first."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(patience)

    def _oldest(self, name: str) -> float:
        """Return the Unix seconds before which a list is due."""
        age = LIST_MAX_AGE_S if name == _DOMAINS and self._domains_asked else READ_EVERY
        return self._clock.now() - age

    def _next_due(self, domains_read_at: float | None, times: dict[str, float | None]) -> str | None:
        """Return what to read next; None when nothing is due."""
        times = {_DOMAINS: domains_read_at} | times
        # One that fails again and again waits until the others were read; the domains come before their lists.
        due = [
            (name in self._again_at, name != _DOMAINS, at or 0.0, name)
            for name, at in times.items()
            if self._is_due(name, at)
        ]
        return min(due)[-1] if due else None

    def _is_due(self, name: str, read_at: float | None) -> bool:
        if self._clock.monotonic() < self._again_at.get(name, float("-inf")):
            return False
        return read_at is None or not self._lists.is_current(read_at, self._oldest(name))

    def _go_on_after(self, name: str, failure: Failure | None) -> float:
        """Return the seconds until the next step, by the result of this one."""
        if failure is None:
            self._again_at.pop(name, None)
            self._failures = 0
            self._domains_asked = self._domains_asked and name != _DOMAINS
            return 0.0
        self._again_at[name] = self._clock.monotonic() + failure.retry_delay
        if failure.code == LIMITED:  # the rate limiter knows how long
            return 0.0
        self._domains_asked = True  # the domain may have left the account
        self._failures += 1
        if self._failures < _IN_A_ROW:
            return 0.0
        return min(failure.retry_delay * 2.0 ** min(self._failures - _IN_A_ROW, 10), _LONGEST_PAUSE)

    def _run(self) -> None:
        while True:
            try:
                wait = self.step()
            except NotOwner:
                wait = _IDLE
            except StoreUnavailable as problem:
                self._store.failures.report(problem)
                wait = _IDLE
            except Exception:  # the process may be closing; after any failure here, later reads must still happen
                log.exception("A read in the background failed")
                wait = _IDLE
            with self._changed:
                if wait and not self._closing:
                    self._clock.wait(self._changed, wait)
                if self._closing:
                    return
