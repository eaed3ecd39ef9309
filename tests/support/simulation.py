"""Runs on virtual time: real engine, journal and rate limits against the sandbox, step by step.

A step is one of: take a job (it is journalled), let its request reach the host, let its answer reach the engine. A kill
may come between any two of them, so that every instant at which a process can die is tried.
"""

import heapq
import json
import threading
from collections.abc import Iterable, Sequence
from itertools import count

from mxlib.core.plans.plan import Plan, PlannedRow
from mxlib.core.reasons import Reason
from mxlib.core.schema import STORED_HERE
from mxlib.core.vocabulary import Action, RowReason, RunStatus
from mxlib.mxroute import protocol
from mxlib.mxroute.errors import MXrouteError, RateLimited, Unreachable
from mxlib.mxroute.protocol import Mailbox, Response
from mxlib.mxroute.rate_limiter import RateLimiter
from mxlib.mxroute.rate_limits import RateLimits
from mxlib.runs.engine import Engine
from mxlib.runs.run_state import OutgoingRequest, RunState
from mxlib.sandbox.contract import shown
from mxlib.sandbox.core import Sandbox
from mxlib.sandbox.faults import Rule, Schedule
from mxlib.sandbox.limits import Limits
from mxlib.sandbox.state import Account
from mxlib.store import OwnedStore, Store, account_lease, journal, mailbox_lists, records, run_passwords

START = 1_800_000_000.0
TIMEOUT = 30.0
WORKERS = 3
HEADERS = {"X-Server": "s", "X-Username": "u", "X-API-Key": "k", "Content-Type": "application/json"}


class VirtualClock:
    """A clock on which time passes only when a test moves it."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> float:
        return START + self.passed

    def monotonic(self) -> float:
        return self.passed

    def since_boot(self) -> float:
        return self.passed

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        raise AssertionError("Nothing waits for real in a simulation.")


def row(position: int, username: str = "", domain: str = "a.nl", **changes: object) -> PlannedRow:
    """Return a planned row that is ready, unless `changes` say otherwise; `left_out` is its finding."""
    values: dict[str, object] = {
        "position": position,
        "line": position + 2,
        "username": username or f"user{position}",
        "domain": domain,
        "password": f"Secret-{position}-word",
        "generated": True,
        "quota": 1024,
        "limit": 9600,
        "action": Action.CREATE,
    }
    values |= changes
    if left_out := str(values.pop("left_out", "")):
        values["reason"] = Reason(RowReason.INVALID, words=left_out)
    stored = {column.name: values.pop(column.name) for column in STORED_HERE if column.name in values}
    return PlannedRow(**values | {"stored": stored})  # type: ignore[arg-type]


def plan(*rows: PlannedRow, name: str = "staff.csv") -> Plan:
    """Return a plan of these rows."""
    return Plan(name, f"digest of {name}", rows)


def rows(number: int, domain: str = "a.nl") -> list[PlannedRow]:
    """Return this number of rows that are ready to be sent."""
    return [row(position, domain=domain) for position in range(number)]


class FreeRateLimiter:
    """A rate limiter that never makes anything wait."""

    rebuilt: Sequence[tuple[str, float]] = ()

    def try_acquire(self, kind: str) -> float:
        return 0.0

    def release(self, kind: str) -> None:
        pass

    def update(self, kind: str, outcome: object, sent_at: float) -> None:
        pass

    def left(self, kind: str) -> tuple[int, int]:
        return 20, 20

    def wait_seconds(self, kind: str) -> float:
        return 0.0

    def estimate(self, writes: int) -> float:
        return writes * 3.0

    def rebuild(self, attempts: Sequence[tuple[str, float]], now: float) -> None:
        self.rebuilt = attempts


class Simulation:
    """One account, one store, and one process after another that works on them."""

    def __init__(
        self,
        *rules: Rule,
        domains: Iterable[str] = ("a.nl", "b.nl", "c.nl"),
        limits: Limits | None = None,
        latency: float = 0.2,
        paced: bool = False,
        store: Store | None = None,
        clock: VirtualClock | None = None,
        sandbox: Sandbox | None = None,
    ) -> None:
        self.clock = clock or VirtualClock()
        self.store = store or Store.open(":memory:", self.clock)
        self.sandbox = sandbox or Sandbox(
            Account.of(*domains),
            limits or (Limits() if paced else Limits(writes=10**6, reads=10**6)),
            Schedule.of(*rules),
            latency=latency,
            remember_passwords=True,
        )
        self.paced = paced
        self.boot()

    def boot(self) -> None:
        """Start a process, which knows only what the store holds."""
        self.rate_limiter = RateLimiter(RateLimits(), self.clock) if self.paced else FreeRateLimiter()
        with self.store.read() as tx:
            self.rate_limiter.rebuild(journal.attempts_since(tx, self.clock.now() - 60.0), self.clock.now())
        with self.store.write() as tx:
            account_lease.end(tx)
        self.owned = OwnedStore.acquire(self.store)
        assert self.owned is not None
        self.engine = Engine(self.owned, self.rate_limiter, self.clock, TIMEOUT, jitter=lambda: 0.5)
        self.taken: OutgoingRequest | None = None
        self.on_their_way: list[tuple[float, int, float, OutgoingRequest, Response | MXrouteError]] = []
        self._number = count()
        self.engine.recover()

    kill = boot

    def taken_over(self) -> "Simulation":
        """Return a second process that takes the runs over while this one continues."""
        return Simulation(store=self.store, clock=self.clock, sandbox=self.sandbox, paced=self.paced)

    def start(self, planned: Plan, operator: str = "ops") -> int:
        """Journal a plan, store the mailbox lists that it knows, and hand it to the engine."""
        with self.store.write() as tx:
            for domain in {each.domain for each in planned.rows if each.before.get("quota") is not None}:
                boxes = [Mailbox.from_data(shown(box, domain)) for box in self.sandbox.account.domains[domain].values()]
                mailbox_lists.keep_mailboxes(tx, domain, boxes, self.clock.now())
            run = journal.add_run(
                tx,
                planned,
                self.store.key,
                operator=operator,
                status=RunStatus.QUEUED,
                at=self.clock.now(),
                retention_days=7,
            )
        self.engine.load_new_runs()
        return run

    def step(self) -> None:
        """Let the smallest thing happen that can happen next."""
        if not self.act():
            self.clock.passed = max(self.clock.passed, self.due())
            self._hear()

    def act(self) -> bool:
        """Send, or take a request; return whether either was possible."""
        if self.taken is not None:
            job, self.taken = self.taken, None
            if job.may_leave(self.clock.since_boot()):
                self._reach_the_host(job)
            else:
                self._is_answered(job, 0.0, Unreachable("The request was held up here.", sent=False))
            return True
        if len(self.on_their_way) < WORKERS and (job_now := self.engine.next_request()) is not None:
            self.taken = job_now
            return True
        return False

    def due(self) -> float:
        """Return when something happens next; ask right after `act` had nothing to do."""
        idle = len(self.on_their_way) < WORKERS
        soonest = self.clock.passed + self.engine.seconds_until_next() if idle else float("inf")
        return min(soonest, self.on_their_way[0][0] if self.on_their_way else soonest)

    def _hear(self) -> bool:
        """Let the next answer reach the engine, if one is there by now."""
        if not self.on_their_way or self.on_their_way[0][0] > self.clock.passed:
            return False
        _, _, sent_at, job, answer = heapq.heappop(self.on_their_way)
        outcome = answer if isinstance(answer, RateLimited) else answer.rate_headers
        self.rate_limiter.update(job.request.kind, outcome, sent_at)
        self.engine.on_response(job, answer)
        return True

    def run(self, *, most: int = 20_000, hours: float = 48.0) -> None:
        """Step until no run can continue."""
        for _ in range(most):
            self.engine.flush()
            if not self.going() and not self.on_their_way and self.taken is None:
                return
            if self.clock.passed > hours * 3600:
                break
            self.step()
        raise AssertionError(f"Still going after {self.clock.passed:.0f} s: {self.engine.states}")

    def going(self) -> bool:
        """Return whether a run can continue: neither ended, nor paused and settled, nor behind such a run."""
        return any(map(self._goes, self.engine.states.values()))

    def _goes(self, state: RunState) -> bool:
        states = self.engine.states
        match state.status:
            case RunStatus.PAUSED | RunStatus.STOPPED:
                reads = (state.unsettled and not state.stuck) or state.to_probe
                return bool((reads and not state.blind) or state.in_flight)
            case RunStatus.QUEUED:
                behind = state.behind(states.values())
                return not behind or any(self._goes(states[number]) for number in behind)
            case _:
                return True

    def _reach_the_host(self, job: OutgoingRequest) -> None:
        now, request = self.clock.now(), job.request
        body = json.dumps(request.body).encode() if request.body is not None else b""
        reply = self.sandbox.handle(request.method, request.path, HEADERS, body, now)
        takes = min(reply.delay, TIMEOUT)
        answer: Response | MXrouteError
        if reply.dropped or reply.delay >= TIMEOUT:
            answer = Unreachable("MXroute did not answer.")
        else:
            try:
                answer = protocol.parse_response(request, reply.status, reply.headers, reply.body, now + takes)
            except MXrouteError as error:
                answer = error
        self._is_answered(job, takes, answer)

    def _is_answered(self, job: OutgoingRequest, after: float, answer: Response | MXrouteError) -> None:
        now = self.clock.passed
        heapq.heappush(self.on_their_way, (now + after, next(self._number), now, job, answer))

    # Outcomes.

    def record(self, run: int) -> records.RunRecord:
        """Return the run as the store has it."""
        with self.store.read() as tx:
            found = journal.get_run(tx, run)
        assert found is not None
        return found

    def rows(self, run: int) -> list[records.RowRecord]:
        """Return the rows as the store has them."""
        with self.store.read() as tx:
            return journal.rows(tx, run)

    def outcomes(self, run: int) -> list[str]:
        """Return the outcome of each row, in file order."""
        return [each.outcome for each in self.rows(run)]

    def passwords(self, run: int) -> dict[str, str]:
        """Return the password of each created mailbox, as the results show it."""
        made = {each.position: each for each in self.rows(run) if each.outcome == "created" and each.sealed_password}
        with self.store.read() as tx:
            sealed = {position: each.sealed_password or b"" for position, each in made.items()}
            opened = run_passwords.opened(tx, self.store.key, run, sealed)
        return {made[position].address: password for position, password in opened.items()}
