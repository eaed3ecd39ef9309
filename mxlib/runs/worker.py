"""The threads that carry out runs in the process that owns them. In any other process, an onlooker, they only wait."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress

from mxlib.clock import Clock
from mxlib.core.text import run_status
from mxlib.mxroute.client import MXrouteClient
from mxlib.mxroute.errors import MXrouteError, Unreachable
from mxlib.mxroute.protocol import Response
from mxlib.mxroute.rate_limiter import RateLimiter
from mxlib.runs import situation, wishes
from mxlib.runs.circuit_breaker import DOWN_AFTER
from mxlib.runs.engine import Engine
from mxlib.runs.retry import NotOwner
from mxlib.runs.run_state import OutgoingRequest
from mxlib.store import OwnedStore, OwnershipLost, Store, StoreUnavailable, Tx, clock_guard, journal, pulse
from mxlib.store.ownership import LEASE_S

log = logging.getLogger(__name__)

#: Requests of runs that may be on their way at once.
WORKERS = 3

#: Seconds between two looks of an onlooker whether the lease is free.
OWN_EVERY = 0.5

#: Seconds between two signs of life at most: other transactions renew the lease as well, but look at nothing else.
BEAT_EVERY = 10.0

NOT_THE_OWNER = "Another MXM that works with this database sends the runs."


class RunWorkers:
    """One driver and the three threads that send what it hands out. Every method may be called from any thread."""

    def __init__(
        self, store: Store, host: MXrouteClient, rate_limiter: RateLimiter, clock: Clock, timeout: float,
        lease_s: float = LEASE_S,
    ) -> None:  # fmt: skip
        self._store, self._host, self._rate_limiter, self._clock = store, host, rate_limiter, clock
        self._timeout, self._lease_s = timeout, lease_s
        self.engine = Engine(store, rate_limiter, clock, timeout)
        self.changed = threading.Condition()
        self._pool = ThreadPoolExecutor(WORKERS, "mxm-run")
        self._driver: threading.Thread | None = None
        self._owned: OwnedStore | None = None
        self._lost_before = self._closing = self._gone = self._wishes_due = False
        self._known: tuple[float | None, str] = (None, "")
        self._in_flight = 0
        self._beat_at = 0.0

    @property
    def owns(self) -> bool:
        """Return whether this process owns the runs."""
        return self._owned is not None

    @property
    def looks_on(self) -> bool:
        """Return whether another process owns the runs, as far as this one knows."""
        return self._driver is not None and self._owned is None

    @property
    def is_closing(self) -> bool:
        """Return whether this process sends no further request, since it ends soon."""
        return self._closing

    def start(self) -> None:
        """Take up what an earlier process left, and start the threads."""
        self._driver = threading.Thread(target=self._drive, name="mxm-driver", daemon=True)
        with self.changed:
            self._take_ownership()
        self._driver.start()

    def begin_shutdown(self) -> None:
        """Send nothing more; requests on their way go on."""
        with self.changed:
            self._closing = True
            self.changed.notify_all()

    def shutdown(self, patience: float = 8.0) -> bool:
        """Send nothing more, wait for open requests, leave every run resumable.

        Returns whether all requests had ended.
        """
        until = self._clock.monotonic() + patience
        with self.changed:
            self._closing = True
            self.changed.notify_all()
            while self._in_flight and (left := until - self._clock.monotonic()) > 0:
                self._clock.wait(self.changed, left)
            self._gone, ended = True, not self._in_flight
            self._release()
            self.changed.notify_all()
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._driver is not None:
            self._driver.join(patience)
        return ended

    def problems(self, shown: Callable[[int, str], bool] = lambda _run, _problem: True) -> list[str]:
        """Return the problems of the runs, one sentence each: those of all runs, and of single ones if `shown`."""
        if self.engine.trouble:
            return [self.engine.trouble]
        if self.looks_on:
            return self._problems_elsewhere(shown)
        sentences, now, health = self.engine.problems(shown), self._clock.monotonic(), self.engine.health
        if health.silent_since is None or not health.is_open(now):
            return sentences
        return [*sentences, run_status.silent_since(self._clock.now() - (now - health.silent_since))]

    def _problems_elsewhere(self, shown: Callable[[int, str], bool]) -> list[str]:
        """Return the problems of the runs as their owner reported them last."""
        now = self._clock.now()
        with self._store.read() as tx:
            found = pulse.find(tx, now)
        if found.trouble:
            return [found.trouble]
        sentences = list(dict.fromkeys(text for run, text in found.problems.items() if shown(int(run), text)))
        since = None if found.silent_for is None else found.at - found.silent_for
        return sentences if since is None or now - since < DOWN_AFTER else [*sentences, run_status.silent_since(since)]

    def take_up(self) -> None:
        """Load runs that were just journalled. If another process owns the runs by now, that one loads them."""
        with suppress(NotOwner):
            self.apply(lambda engine: engine.load_new_runs())

    def apply(self, do: Callable[[Engine], object]) -> None:
        """Apply `do` to the engine; raise NotOwner unless this process owns the runs."""
        with self.changed:
            if self._driver is not None:
                with self.owning():
                    self._owner().check()
                    do(self.engine)
            self.changed.notify_all()

    def carry_out_wishes(self) -> None:
        """Carry out now what other processes asked of the owner; elsewhere, do nothing."""
        with self.changed:
            if self._owned is None or self._gone:
                return
            with suppress(NotOwner), self.owning():
                self._carry_out_wishes(self._owned)
            self.changed.notify_all()

    def _carry_out_wishes(self, owned: OwnedStore) -> None:
        try:
            wishes.carry_out(self.engine, owned)
        except StoreUnavailable as problem:
            self._store.failures.report(problem)

    def _owner(self) -> OwnedStore:
        """Return the store as this process owns it.

        Raises NotOwner, or StoreUnavailable when the store fails.
        """
        if self._owned is None:
            raise (
                StoreUnavailable(self.engine.trouble, self.engine.trouble_code)
                if self.engine.trouble
                else NotOwner(NOT_THE_OWNER)
            )
        return self._owned

    @contextmanager
    def owning(self) -> Iterator[None]:
        """Stop sending, and raise NotOwner, when it turns out that another process took over."""
        try:
            yield
        except OwnershipLost:
            self._give_up_ownership()
            raise NotOwner(NOT_THE_OWNER) from None

    @contextmanager
    def storing(self) -> Iterator[tuple[Tx, bool]]:
        """Open a transaction for requests that any process may store.

        With it comes whether this one owns the runs. The owner hears of it by a signal where it is another one.
        """
        with ExitStack() as opened:
            try:
                tx, owns = opened.enter_context(self.writing()), True
            except NotOwner:
                tx, owns = opened.enter_context(self._store.write()), False
                clock_guard.observe(tx, self._clock.now())
            yield tx, owns

    @contextmanager
    def writing(self) -> Iterator[Tx]:
        """Open a transaction for requests about runs; raise NotOwner unless this process owns them."""
        store = self._store if self._driver is None else self._owner()
        with self.owning(), store.write() as tx:
            clock_guard.observe(tx, self._clock.now())  # before anything is kept for a time
            yield tx

    def check_ownership(self) -> None:
        """Raise NotOwner in a process that only looks on."""
        with self.changed:
            if self._driver is not None:
                with self.owning():
                    self._owner().check()

    def _take_ownership(self) -> bool:
        """Become the one process that sends, or stay one that only looks on; return which."""
        now = self._clock.now()
        try:
            owned = OwnedStore.acquire(self._store, lease_s=self._lease_s, lost_before=self._lost_before)
            if owned is None:
                self.engine.trouble = ""
                return False
            engine = Engine(owned, self._rate_limiter, self._clock, self._timeout)
            with owned.read() as tx:
                self._rate_limiter.rebuild(journal.attempts_since(tx, now - 60.0), now)
            engine.recover()
        except StoreUnavailable as problem:
            self.engine.trouble, self.engine.trouble_code = str(problem), problem.code
            return False
        except OwnershipLost:
            return False
        self.engine, self._owned, self._lost_before = engine, owned, False
        self._beat_at, self._wishes_due = self._clock.monotonic(), True
        return True

    def _give_up_ownership(self) -> None:
        """Another process took over: forget what this one was doing, and send nothing more.

        Answers still on their way are dropped: the other process reads their rows back.
        """
        log.warning("Another MXM has taken over the runs; this one only shows them now.")
        self._owned, self._lost_before = None, True
        self.engine = Engine(self._store, self._rate_limiter, self._clock, self._timeout)
        self._store.disown()

    def _drive(self) -> None:
        with self.changed:
            while not self._gone:
                try:
                    self._clock.wait(self.changed, self._one_round())
                except OwnershipLost:
                    self._give_up_ownership()
                except Exception:  # any failure here must leave the other runs running
                    log.exception("The driver of the runs failed")
                    self._clock.wait(self.changed, OWN_EVERY)

    def _one_round(self) -> float | None:
        """Start the requests that may go now; return the seconds until more may."""
        if self._owned is None and (self._closing or not self._take_ownership()):
            return OWN_EVERY
        until_beat = self._beat()
        if self._owned is not None:
            self._follow(self._owned)
        while self._in_flight < WORKERS and not self._closing:
            job = self.engine.next_request()
            if job is None:
                return min(self.engine.seconds_until_next(), until_beat)
            self._in_flight += 1
            self._pool.submit(self._carry_out, self.engine, job)
        return until_beat

    def _follow(self, owned: OwnedStore) -> None:
        """Carry out wishes with each beat, and store what only this process knows."""
        if self._wishes_due:
            self._carry_out_wishes(owned)
        known = self.engine.health.silent_since, self.engine.trouble
        if not self._wishes_due and known == self._known:
            return
        self._wishes_due, self._known = False, known
        try:
            with owned.write() as tx:
                pulse.put(tx, situation.take_pulse(self.engine, self._clock))
        except StoreUnavailable as problem:
            self._store.failures.report(problem)

    def _beat(self) -> float:
        """Give the sign of life of an owner if one is due.

        Returns the seconds until the next. Raises OwnershipLost when there is another owner.
        """
        owned, now = self._owned, self._clock.monotonic()
        if owned is None:
            return OWN_EVERY
        due = min(max(owned.renewed_at, self._beat_at) + owned.beat_after, self._beat_at + BEAT_EVERY)
        if now >= due:
            self._beat_at = now
            try:
                owned.beat()
            except StoreUnavailable as problem:
                self._store.failures.report(problem)
            self._wishes_due = True  # a signal may be lost
            due = now + owned.beat_after
        return max(0.01, due - now)

    def _release(self) -> None:
        """Let the next process own the store at once."""
        if self._owned is not None:
            with suppress(StoreUnavailable, OwnershipLost):
                self._owned.release()

    def _carry_out(self, engine: Engine, job: OutgoingRequest) -> None:
        """Send a request, and give its answer to the engine that asked."""
        answer: Response | MXrouteError

        def may_leave() -> bool:
            return engine is self.engine and job.may_leave(self._clock.since_boot())

        try:
            answer = self._host.send(job.request, gated=False, may_leave=may_leave)
        except MXrouteError as error:
            answer = error
        except Exception:
            log.exception("A request failed in an unforeseen way")
            answer = Unreachable("The request failed in an unforeseen way; the log says how.")
        with self.changed:
            self._in_flight -= 1
            try:
                # Else the next owner settles the row, and may have done so already.
                if not self._gone and engine is self.engine:
                    engine.on_response(job, answer)
            except OwnershipLost:
                self._give_up_ownership()
            finally:
                self.changed.notify_all()
