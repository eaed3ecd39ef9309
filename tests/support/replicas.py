"""Several processes on one database, on virtual time: they freeze, die, end and come back.

Each is a simulated process that owns the runs or looks on. One step is the smallest thing that one of them can do, so
that a process can freeze or die between any two: after it journalled a request and before that leaves, after it left
and before its answer is heard. What a frozen process was about to do, it does when it goes on.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Literal

from mxlib.core.plans.plan import Plan
from mxlib.core.vocabulary import AT_AN_END, OPEN, RunStatus
from mxlib.mxroute.rate_limiter import RateLimiter
from mxlib.mxroute.rate_limits import RateLimits
from mxlib.runs.engine import LEAVES_WITHIN, Engine
from mxlib.runs.run_state import OutgoingRequest
from mxlib.sandbox.core import Sandbox
from mxlib.sandbox.faults import Rule, Schedule
from mxlib.sandbox.limits import Limits
from mxlib.sandbox.state import Account
from mxlib.store import OwnedStore, OwnershipLost, Store, account_lease, journal
from tests.support.leases import by_clock
from tests.support.simulation import TIMEOUT, FreeRateLimiter, Simulation, VirtualClock

#: Seconds between two looks of an onlooker.
LOOK = 2.0

#: Writes in a window of so many seconds: few, so that processes freeze and die most often while they wait for a slot.
WINDOW, WRITES = 20.0, 5

Trouble = Literal["freeze", "kill", "end", "pause", "resume", "stop"]


@dataclass(frozen=True)
class Mishap:
    """What happens before a step: to a process, for some seconds; a pause or a stop is of the run."""

    at: int
    kind: Trouble
    seconds: float = 0.0
    #: The owner, or the process of this number.
    whom: int | None = None


class Replica(Simulation):
    """One process, which looks on until the lease is free."""

    def boot(self) -> None:
        """Start a process, which knows only what the store holds."""
        limits = RateLimits(window=WINDOW, writes=WRITES)
        self.rate_limiter = RateLimiter(limits, self.clock) if self.paced else FreeRateLimiter()
        self.taken, self.on_their_way, self._number = None, [], count()
        self.owned = None
        self.away_until = self.look_at = 0.0
        self.ends = False
        #: When writes left, over all its lives.
        self.sent_at: list[float] = getattr(self, "sent_at", [])

    @property
    def owns(self) -> bool:
        """Return whether the database says that this process owns the runs."""
        with self.store.read() as tx:
            return self.owned is not None and account_lease.current(tx, account_lease.ACCOUNT) == self.owned.epoch

    @property
    def is_idle(self) -> bool:
        """Return whether nothing of it is on its way."""
        return self.taken is None and not self.on_their_way

    def act(self) -> bool:
        """Do the next thing that can be done now; return whether there was one."""
        try:
            return self._act()
        except OwnershipLost:  # the engine is dropped, with all that it holds and all that it hears
            self.owned, self.taken, self.on_their_way = None, None, []
            return True

    def _act(self) -> bool:
        now = self.clock.passed
        if self.owned is None:
            if now < self.look_at:
                return False
            self.look_at = now + LOOK
            self._look()
            return True
        if self.taken is None and now >= self.owned.renewed_at + self.owned.beat_after:
            self.owned.beat()
            return True
        if self.ends:
            return self._end()
        return super().act() or self._hear()

    def _reach_the_host(self, job: OutgoingRequest) -> None:
        if job.request.kind == "write":
            self.sent_at.append(self.clock.now())
        super()._reach_the_host(job)

    def _look(self) -> None:
        self.owned = OwnedStore.acquire(self.store)
        if self.owned is None:
            return
        with self.owned.read() as tx:
            self.rate_limiter.rebuild(journal.attempts_since(tx, self.clock.now() - 60.0), self.clock.now())
        self.engine = Engine(self.owned, self.rate_limiter, self.clock, TIMEOUT, jitter=lambda: 0.5)
        self.engine.recover()

    def _end(self) -> bool:
        """Drain: what is on its way ends, then the next owner goes on at once."""
        if self.taken is not None:
            return super().act()
        if self._hear():
            return True
        if self.on_their_way:
            return False
        assert self.owned is not None
        self.owned.release()
        self.boot()
        self.away_until = self.clock.passed + 3.0
        return True

    def due(self) -> float:
        """Return when it has something to do next."""
        if self.owned is None:
            return max(self.look_at, self.away_until)
        beat = self.owned.renewed_at + self.owned.beat_after
        heard = self.on_their_way[0][0] if self.on_their_way else float("inf")
        return max(self.away_until, min(beat, heard if self.ends else super().due()))


class Replicas:
    """One account, one store, and some processes that share them."""

    def __init__(self, number: int, *rules: Rule, latency: float = 0.2, paced: bool = False) -> None:
        self.clock = VirtualClock()
        self.store = Store.open(":memory:", self.clock)
        by_clock(self.store, self.clock)
        limits = Limits(window=WINDOW, writes=WRITES) if paced else Limits(writes=10**6, reads=10**6)
        self.sandbox = Sandbox(
            Account.of("a.nl", "b.nl", "c.nl"), limits, Schedule.of(*rules), latency=latency, remember_passwords=True
        )
        self.all = [
            Replica(store=self.store, clock=self.clock, sandbox=self.sandbox, paced=paced) for _ in range(number)
        ]
        #: What a person asked for while no process owned the runs.
        self.wish: Trouble | None = None
        #: Times at which no write may reach the host: from the pause and the permit until the run was resumed.
        self.quiet: list[tuple[float, float]] = []

    def start(self, planned: Plan) -> int:
        """Journal a plan while one process, the first one, owns the runs."""
        self.all[0].act()
        return self.all[0].start(planned)

    def owner(self) -> Replica | None:
        """Return the process that owns the runs by the database, if it is awake."""
        return next((each for each in self.all if each.away_until <= self.clock.passed and each.owns), None)

    def step(self) -> None:
        """Let one process do the next thing, or let time pass until one can."""
        for each in self.all:
            if each.away_until <= self.clock.passed and each.act():
                self.all.remove(each)
                self.all.append(each)
                return
        self.clock.passed = max(self.clock.passed, min(each.due() for each in self.all))

    def suffer(self, mishap: Mishap, run: int) -> None:
        """Let a mishap happen."""
        if mishap.kind in ("pause", "resume", "stop"):
            self._steer(run, mishap.kind)
            return
        one = self.owner() if mishap.whom is None else self.all[mishap.whom % len(self.all)]
        if one is None:
            return
        match mishap.kind:
            case "freeze":
                one.away_until = max(one.away_until, self.clock.passed + mishap.seconds)
            case "kill":
                one.boot()
                one.away_until = self.clock.passed + mishap.seconds
            case "end":
                one.ends = one.owned is not None

    def _steer(self, run: int, what: Trouble) -> None:
        owner = self.owner()
        if owner is None:  # the next owner carries it out first of all
            self.wish = what
            return
        now = self.clock.now()
        if what == "resume":
            self.quiet = [(since, min(until, now)) for since, until in self.quiet]
            owner.engine.resume(run)
            return
        was = owner.record(run).status
        getattr(owner.engine, what)(run, *(("A test.",) if what == "pause" else ()))
        is_still = owner.record(run).status in {RunStatus.PAUSED, RunStatus.STOPPING, *AT_AN_END}
        if is_still and was not in {RunStatus.PAUSED, *AT_AN_END}:
            self.quiet.append((now + LEAVES_WITHIN, float("inf")))

    def run(self, run: int, mishaps: Iterable[Mishap], *, most: int = 40_000) -> None:
        """Step through all mishaps and to the end; after a pause fix the host and resume."""
        waits = sorted(mishaps, key=lambda each: each.at)
        for number in range(most):
            while waits and waits[0].at <= number:
                self.suffer(waits.pop(0), run)
            self.step()
            if self.wish is not None and self.owner() is not None:
                wish, self.wish = self.wish, None
                self._steer(run, wish)
            if not waits and number % 25 == 0:
                if self._is_over(run):
                    return
                self._help(run)
        raise AssertionError(f"Still going after {self.clock.passed:.0f} s.")

    def _is_over(self, run: int) -> bool:
        rows_are_over = self.all[0].record(run).status in AT_AN_END and not OPEN & set(self.all[0].outcomes(run))
        return rows_are_over and all(each.is_idle for each in self.all)

    def _help(self, run: int) -> None:
        """Fix the host and resume a run that waits for a person."""
        owner = self.owner()
        if owner is not None and owner.record(run).status == RunStatus.PAUSED:
            self.sandbox.schedule = Schedule()
            self._steer(run, "resume")
