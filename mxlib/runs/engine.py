"""The engine: which request goes next, and what becomes of a row when it is over.

It has no threads, sends nothing and never waits: whoever drives it calls `take` for the next job, carries that out, and
hands the answer to `heard`. So the same engine runs under three workers and under a simulation with virtual time.
A row is journalled as `sending` before `take` hands it out, and its outcome in the transaction that records the answer.
"""

import logging
import random
from collections import deque
from collections.abc import Callable

from mxlib.clock import Clock
from mxlib.core.text import messages
from mxlib.mxroute.errors import MXrouteError, RateLimited
from mxlib.mxroute.protocol import Response
from mxlib.runs import decisions, lifecycle, requests, transitions
from mxlib.runs import messages as sentences
from mxlib.runs.circuit_breaker import CircuitBreaker
from mxlib.runs.outcomes import RunStatus
from mxlib.runs.rate_limiter_protocol import RateLimiterProtocol
from mxlib.runs.run_state import Note, OutgoingRequest, ReadTask, ReceivedResponse, RequestPurpose, RunState
from mxlib.store import OwnershipLost, Store, StoreUnavailable, clock_guard, journal, run_passwords
from mxlib.store.encryption import DecryptionFailed as Sealed

log = logging.getLogger(__name__)

#: Seconds after which the engine looks around even if nothing calls for it.
TICK = 30.0

#: Seconds before a slot for a write is free in which a mailbox is looked at that is to be found as it was.
INSPECTED_BEFORE = 1.0

#: Seconds within which a request leaves that was journalled as `sending`; later it never does.
LEAVES_WITHIN = 5.0

#: How often a run that is being stopped is taken up again after faults of ours.
MAX_FAULTS = 3

#: Seconds between two tries to write to a store that refused.
STORE_TICK = 2.0


class Engine:
    """All runs that are not at an end. Not thread-safe: its driver holds a lock."""

    def __init__(
        self,
        store: Store,
        slots: RateLimiterProtocol,
        clock: Clock,
        patience: float,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store, self._slots, self._clock = store, slots, clock
        self._patience = patience
        self._turns: deque[int] = deque()
        self._unrecorded: deque[ReceivedResponse] = deque()
        self._reads = 0
        self._wake = TICK
        self.courses: dict[int, RunState] = {}
        self.health = CircuitBreaker(jitter)
        self.trouble = self.trouble_code = ""
        self.slot_at = 0.0

    # What the driver calls.

    def recover(self) -> None:
        """Take up every run that an earlier process left; rows on their way when it died are settled."""
        with self._store.write() as tx:
            for record in journal.open_runs(tx):
                journal.mark_unknown(tx, record.id)
        self.load_new_runs()

    def load_new_runs(self) -> None:
        """Take up the runs of the journal that are not here yet."""
        now = self._clock.monotonic()
        with self._store.read() as tx:
            for record in journal.open_runs(tx):
                if record.id not in self.courses:
                    if self.health.is_hopeless(now):
                        self.health.retry_now(now)
                    # What another process journalled may leave late, and be committed later still.
                    self.courses[record.id] = RunState.load(tx, record, now, self._patience + LEAVES_WITHIN)
                    self._turns.append(record.id)

    def next_request(self) -> OutgoingRequest | None:
        """The next request to send, journalled as such; None when none may go for `wake_in` seconds."""
        self._wake = TICK
        if not self.flush():
            return None
        now = self._clock.monotonic()
        if self.health.is_hopeless(now):
            self._give_up()
        try:
            return self._take_read(now) or self._take_write(now)
        except StoreUnavailable as problem:
            self._halt_all(problem)
            return None

    def seconds_until_next(self) -> float:
        """Seconds after which `take` may have something that the last call had not."""
        return max(self._wake, 0.01)

    def on_response(self, job: OutgoingRequest, answer: Response | MXrouteError) -> None:
        """Take the answer to a job: decide, and record; kept in memory while the store refuses."""
        if decisions.silent(answer) and not (decisions.odd(answer) and self.health.is_closed):
            self.health.record_failure(self._clock.monotonic())
        elif not isinstance(answer, RateLimited):
            self.health.record_success()
        if job.errand.purpose is not RequestPurpose.SEND:
            self._reads -= 1
        self._unrecorded.append(ReceivedResponse(job, answer, self._clock.now(), self._clock.monotonic()))
        self.flush()

    def flush(self) -> bool:
        """Record what is not recorded yet, and move every run on; whether the store took it."""
        try:
            while self._unrecorded:
                self._record(self._unrecorded[0])
                self._unrecorded.popleft()
            for course in tuple(self.courses.values()):
                self._move_on_or_halt(course)
            if self.trouble:
                self._go_on()
        except StoreUnavailable as problem:
            self._halt_all(problem)
            return False
        return True

    def _record(self, heard: ReceivedResponse) -> None:
        course = self.courses.get(heard.job.run)
        if course is None or course.serial != heard.job.serial:
            return  # the run was taken up again since: what this is about is read back
        try:
            transitions.apply_response(self._store, course, heard, self._patience)
        except (StoreUnavailable, OwnershipLost):
            raise
        except Exception as problem:  # a fault of ours: what the run was doing is settled when it is taken up again
            self._halt_for(course, problem)

    # How a run is steered.

    def pause(self, run: int, why: str, note: Note | None = None) -> None:
        """Pause a run that goes on or is queued; `note` is written with it."""
        course = self.courses.get(run)
        if course and (course.held or course.status in {RunStatus.RUNNING, RunStatus.QUEUED}):
            if course.held:
                course.held, course.why, course.unsaved = False, why, True
            lifecycle.halt(course, why)
            course.adds(note)
        self.flush()

    def resume(self, run: int, note: Note | None = None) -> None:
        """Queue a paused run; it goes on when its domains are free and read again. `note` is written with it."""
        course = self.courses.get(run)
        if course and course.status is RunStatus.PAUSED:
            try:
                course = self._taken_up_again(course) if course.broken else course
            except StoreUnavailable as problem:
                course.held, course.why, course.unsaved = True, str(problem), True
                course.adds(note)
                self._halt_all(problem)
                return
            self._queue(course)
            course.adds(note)
            self.health.retry_now(self._clock.monotonic())
        self.flush()

    def _queue(self, course: RunState) -> None:
        course.status, course.why, course.unsaved = RunStatus.QUEUED, "", True
        course.blind = course.held = False
        course.similar_failures, course.similar_failures_reason = [], ""

    def stop(self, run: int, note: Note | None = None) -> None:
        """Attempt nothing more, and write `note` with that; what is in flight still gets its true outcome."""
        course = self.courses.get(run)
        if course is None or course.status is RunStatus.STOPPING or course.is_left:
            return
        try:
            course = self._taken_up_again(course) if course.broken else course
            lifecycle.stop(self._store, course, self._clock.monotonic(), self._patience, note)
        except StoreUnavailable as problem:
            self._halt_all(problem)
        self.flush()

    # What goes next.

    def _take_read(self, now: float) -> OutgoingRequest | None:
        wait = self.health.retry_after(now)
        if wait or (self._reads and not self.health.is_closed):
            self._wake = min(self._wake, wait or TICK)
            return None
        for course in self._in_turn():
            errand = course.next_read(now) or self._inspection(course, now)
            if errand is not None:
                break
            self._wake = min(self._wake, course.next_due(now) or TICK)
        else:
            going = [c for c in self._in_turn() if c.status in {RunStatus.RUNNING, RunStatus.STOPPING}]
            if self.health.is_closed or not going:
                return None
            course, errand = going[0], ReadTask(RequestPurpose.PROBE)
        if wait := self._slots.try_acquire("read"):
            self._wake = min(self._wake, wait)
            return None
        try:
            request = requests.read_request(course, errand)
        except Exception as problem:
            self._slots.release("read")
            self._halt_for(course, problem)
            self._wake = 0.0
            return None
        course.asked.add(errand)
        self._reads += 1
        self._had_its_turn(course)
        return OutgoingRequest(course.id, errand, request, self._clock.now(), serial=course.serial)

    def _inspection(self, course: RunState, now: float) -> ReadTask | None:
        """The look at a mailbox right before its write, once a slot for that is about to be free: as late as can be."""
        errand = course.next_inspection(now)
        early = self._slots.wait_seconds("write") - INSPECTED_BEFORE
        if errand is not None and early > 0:
            self._wake = min(self._wake, early)
            return None
        return errand

    def _take_write(self, now: float) -> OutgoingRequest | None:
        if not self.health.is_closed:
            return None
        for course in self._in_turn():
            position = course.next_write(now)
            if position is None:
                continue
            if wait := self._slots.try_acquire("write"):
                self.slot_at = now + wait
                self._wake = min(self._wake, wait)
                return None
            return self._send(course, position)
        return None

    def _send(self, course: RunState, position: int) -> OutgoingRequest | None:
        at = self._clock.now()
        try:
            with self._store.write() as tx:
                row, attempt = journal.send(tx, course.id, position, at)
                sealed = {position: row.sealed_password} if row.sealed_password else {}
                password = run_passwords.opened(tx, self._store.key, course.id, sealed).get(position, "")
                request = requests.write_request(row, password)
        except Exception as problem:
            self._slots.release("write")
            if isinstance(problem, StoreUnavailable | OwnershipLost):
                raise
            self._halt_for(course, problem)
            self._wake = 0.0
            return None
        course.is_sent(position)
        self._had_its_turn(course)
        return OutgoingRequest(
            course.id, ReadTask(RequestPurpose.SEND, row.domain, position), request, at, attempt, row, course.serial
        )

    def _halt_for(self, course: RunState, problem: Exception) -> None:
        """Stop one run for something that is wrong on our side; the others go on."""
        if isinstance(problem, Sealed):
            lifecycle.halt(course, sentences.paused_without_key(problem))
        else:
            log.error("Run %s stands still", course.id, exc_info=problem)
            course.broken = True
            course.faults += 1
            lifecycle.halt(course, sentences.BROKEN, blind=True)

    def _taken_up_again(self, course: RunState) -> RunState:
        """A run that a fault of ours left half done, as the journal has it; what was on its way is settled."""
        with self._store.write() as tx:
            journal.mark_unknown(tx, course.id)
            record = journal.get_run(tx, course.id)
            assert record is not None  # noqa: S101 - a run is never removed
            again = RunState.load(tx, record, self._clock.monotonic(), self._patience + LEAVES_WITHIN)
        again.serial, again.faults, again.operator = course.serial + 1, course.faults, course.operator
        again.status, again.why, again.unsaved = course.status, course.why, course.unsaved
        again.notes = course.notes
        self.courses[course.id] = again
        return again

    def problems(self) -> list[str]:
        """What is not well with single runs, one sentence each."""
        courses = tuple(self.courses.values())
        broken = [sentences.broken(course.id) for course in courses if course.broken]
        return [*broken, *dict.fromkeys(course.trouble for course in courses if course.trouble and not course.broken)]

    def _in_turn(self) -> list[RunState]:
        return [self.courses[run] for run in self._turns]

    def _had_its_turn(self, course: RunState) -> None:
        self._turns.remove(course.id)
        self._turns.append(course.id)

    # How runs move on.

    def _move_on_or_halt(self, course: RunState) -> None:
        try:
            if course.broken and (course.status is RunStatus.STOPPING or course.is_left):
                course = self._taken_up_again(course)
            self._move_on(course)
        except (StoreUnavailable, OwnershipLost):
            raise
        except Exception as problem:
            self._halt_for(course, problem)

    def _move_on(self, course: RunState) -> None:
        """Start a queued run whose domains are free; check, then end, a run whose rows all have an outcome."""
        if course.status is RunStatus.QUEUED and not course.behind(self.courses.values()):
            course.status, course.unsaved = RunStatus.RUNNING, True
            course.looks_first()
        if course.unsaved and not course.held:  # the journal keeps what a held run was doing, for the next start
            lifecycle.save(self._store, course, self._clock.now())
        if course.kept_here and course.status is RunStatus.RUNNING:
            lifecycle.keep_here(self._store, course, self._clock.now())
            self._wake = 0.0
        if course.is_left:
            if course.drained and not course.to_probe and not course.asked:
                lifecycle.settle_at_last(self._store, course, self._clock.now())
                self._forget(course)
            return
        if course.status is RunStatus.STOPPING and self._ends_unsettled(course):
            course.to_check, course.to_confirm, course.stuck = set(), {}, True
            lifecycle.finish(self._store, course, self._clock.now())
            course.status = RunStatus.STOPPED
            return
        if course.drained and course.status in {RunStatus.RUNNING, RunStatus.STOPPING} and not course.to_probe:
            if course.to_check is None:
                with self._store.read() as tx:
                    course.to_check = set(journal.domains_to_check(tx, course.id))
            stopping = course.status is RunStatus.STOPPING
            left = course.to_check or course.to_confirm
            if stopping and left and (course.faults > MAX_FAULTS or self.health.is_open(self._clock.monotonic())):
                course.note, course.to_check, course.to_confirm = sentences.NOT_CHECKED, set(), {}
            if not course.to_check and not course.to_confirm and not course.asked:
                lifecycle.finish(self._store, course, self._clock.now())
                self._forget(course)

    def _ends_unsettled(self, course: RunState) -> bool:
        """Whether a run that is being stopped ends before all of its rows are settled: the host does not say now."""
        down = self.health.is_open(self._clock.monotonic())
        busy = course.waiting or course.kept_here or course.in_flight or course.asked
        if not course.unsettled or busy or (course.to_probe and not down):
            return False
        return down or course.stuck or course.faults > MAX_FAULTS

    def _forget(self, course: RunState) -> None:
        self._turns.remove(course.id)
        del self.courses[course.id]

    def _give_up(self) -> None:
        """The host was silent for too long: runs pause, and read nothing until they are told to go on."""
        for course in self.courses.values():
            if course.status in {RunStatus.RUNNING, RunStatus.PAUSED}:
                lifecycle.halt(course, messages.SILENT_TOO_LONG, blind=True)
        self.flush()

    def _halt_all(self, problem: StoreUnavailable) -> None:
        """The store refuses: nothing more is sent until it takes what is known."""
        why = str(problem)
        if self.trouble != why:
            log.error("The store refuses: %s", why)
        self.trouble, self.trouble_code, self._wake = why, problem.code, STORE_TICK
        for course in self.courses.values():
            if course.status in {RunStatus.RUNNING, RunStatus.QUEUED}:
                lifecycle.halt(course, why)
                course.held = True

    def _go_on(self) -> None:
        """If the store works again, so do the runs that were paused for it, and for nothing else."""
        with self._store.write() as tx:
            clock_guard.observe(tx, self._clock.now())
        self.trouble = ""
        for course in tuple(self.courses.values()):
            if course.held:
                course = self._taken_up_again(course) if course.broken else course
                course.held = False
                self._queue(course)
                self._move_on_or_halt(course)
