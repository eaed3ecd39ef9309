"""The engine: chooses the next request, and records the result of each row.

It has no threads, sends nothing and never waits: its driver calls `next_request`, sends that, and hands the response
to `on_response`. So the same engine runs under three workers and under a simulation with virtual time. A row is
journalled as `sending` before `next_request` returns it, and its outcome in the transaction that records the
response.
"""

import logging
import random
from collections import deque
from collections.abc import Callable
from typing import Protocol

from mxlib.clock import Clock
from mxlib.core.reasons import PauseReason, Reason
from mxlib.core.text import backups, run_status
from mxlib.core.vocabulary import Outcome, PauseCode, RowReason, RunStatus
from mxlib.mxroute.errors import MXrouteError, RateLimited
from mxlib.mxroute.protocol import Response
from mxlib.runs import decisions, lifecycle, row_updates, run_state, transitions
from mxlib.runs import messages as sentences
from mxlib.runs.circuit_breaker import CircuitBreaker
from mxlib.runs.decisions import Finish
from mxlib.runs.run_state import Note, OutgoingRequest, ReadTask, ReceivedResponse, RequestPurpose, RunState
from mxlib.store import OwnershipLost, Store, StoreUnavailable, clock_guard, hold, journal, run_passwords
from mxlib.store.encryption import DecryptionFailed as Sealed
from mxlib.store.errors import CommitUnknown

log = logging.getLogger(__name__)

#: Seconds after which the engine checks all runs even if nothing happens.
TICK = 30.0

#: Seconds before the slot of a write is free, within which its mailbox is inspected if it must be unchanged.
INSPECTED_BEFORE = 1.0

#: The permit of a request: seconds since it was journalled as `sending` within which it leaves; later it never does.
LEAVES_WITHIN = 5.0

#: How often a stopping run is reloaded after bugs of MXM.
MAX_FAULTS = 3

#: Seconds between two tries to write to a store that refused.
STORE_TICK = 2.0

#: Seconds between two looks for an admin's *Continue* after a restore.
HOLD_TICK = 2.0

_RESTORED = PauseReason(PauseCode.RESTORED, backups.RESTORED)


class RateLimiterProtocol(Protocol):
    """The part of the rate limiter that the engine uses."""

    def try_acquire(self, kind: str) -> float:
        """Return 0.0 when the caller has the slot now, else the seconds to wait."""
        ...

    def release(self, kind: str) -> None:
        """Give back the slot that was acquired last and not used."""
        ...

    def wait_seconds(self, kind: str) -> float:
        """Return the seconds until MXroute's limit allows the next request; no slot is taken."""
        ...


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
        self.states: dict[int, RunState] = {}
        self.health = CircuitBreaker(jitter)
        self.trouble = self.trouble_code = ""
        #: Whether the journal may hold what this engine does not know of.
        self._is_behind = False
        self.slot_at = 0.0
        #: Since a restore, nothing is sent until an admin continues.
        self.on_hold = False

    # What the driver calls.

    def recover(self) -> None:
        """Load the runs that an earlier process left, and read back rows being sent."""
        with self._store.write() as tx:
            for record in journal.open_runs(tx):
                journal.mark_unknown(tx, record.id)
        self.load_new_runs()

    def load_new_runs(self) -> None:
        """Load the runs of the journal that are not in memory yet."""
        now = self._clock.monotonic()
        with self._store.read() as tx:
            for record in journal.open_runs(tx):
                if record.id not in self.states:
                    if self.health.is_hopeless(now):
                        self.health.retry_now(now)
                    # What another process journalled may leave late, and be committed later still.
                    self.states[record.id] = RunState.load(tx, record, now, self._patience + LEAVES_WITHIN)
                    self._turns.append(record.id)
            self._hold_or_go(on_hold=hold.current(tx) is not None)

    def continue_held(self) -> None:
        """Queue the runs that wait since a restore, once an admin has continued."""
        try:
            with self._store.read() as tx:
                self._hold_or_go(on_hold=hold.current(tx) is not None)
        except StoreUnavailable as problem:
            self._halt_all(problem)

    def _hold_or_go(self, *, on_hold: bool) -> None:
        self.on_hold = on_hold
        for state in self.states.values():
            if on_hold:
                lifecycle.halt(state, _RESTORED)
            elif state.status is RunStatus.PAUSED and state.pause_reason and state.pause_reason.code is _RESTORED.code:
                self._queue(state)

    def next_request(self) -> OutgoingRequest | None:
        """Return the next request, journalled; None when none may go for `seconds_until_next` seconds."""
        self._wake = TICK
        if not self.flush():
            return None
        if self.on_hold:
            self.continue_held()
            self._wake = HOLD_TICK if self.on_hold else 0.0
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
        if job.read_task.purpose is not RequestPurpose.SEND:
            self._reads -= 1
        self._unrecorded.append(ReceivedResponse(job, answer, self._clock.now(), self._clock.monotonic()))
        self.flush()

    def flush(self) -> bool:
        """Record what is not recorded yet, and advance every run. Returns whether the store accepted it."""
        try:
            if self._is_behind:
                self._read_again()
            while self._unrecorded:
                self._record(self._unrecorded[0])
                self._unrecorded.popleft()
            for state in tuple(self.states.values()):
                self._move_on_or_halt(state)
            if self.trouble:
                self._go_on()
        except StoreUnavailable as problem:
            self._halt_all(problem)
            return False
        return True

    def _record(self, received: ReceivedResponse) -> None:
        state = self.states.get(received.job.run)
        if state is None or state.serial != received.job.serial:
            return  # the run was reloaded since, and reads back the row of this response
        try:
            transitions.apply_response(self._store, state, received, self._patience)
        except (StoreUnavailable, OwnershipLost):
            raise
        except Exception as problem:  # a bug of MXM: open rows are settled when the run is reloaded
            self._halt_for(state, problem)

    # How a run is controlled.

    def pause(self, run: int, why: str, note: Note | None = None) -> None:
        """Pause a run that goes on or is queued; `note` is written with it."""
        state = self.states.get(run)
        if state and (state.held or state.status in {RunStatus.RUNNING, RunStatus.QUEUED}):
            reason = PauseReason(PauseCode.OPERATOR, why)
            if state.held:
                state.held, state.pause_reason, state.unsaved = False, reason, True
            lifecycle.halt(state, reason)
            state.adds(note)
        self.flush()

    def resume(self, run: int, note: Note | None = None) -> None:
        """Queue a paused run; it goes on when its domains are free and read again. `note` is written with it."""
        state = self.states.get(run)
        if state and state.status is RunStatus.PAUSED:
            try:
                state = self._reloaded(state) if state.broken else state
            except StoreUnavailable as problem:
                state.held, state.pause_reason, state.unsaved = True, _store_failed(problem), True
                state.adds(note)
                self._halt_all(problem)
                return
            self._queue(state)
            state.adds(note)
            self.health.retry_now(self._clock.monotonic())
        self.flush()

    def _queue(self, state: RunState) -> None:
        state.status, state.pause_reason, state.unsaved = RunStatus.QUEUED, None, True
        state.blind = state.held = False
        state.similar_failures, state.similar_failures_reason = [], None

    def stop(self, run: int, note: Note | None = None) -> None:
        """Attempt nothing more, and write `note` with that; open requests still get their true outcome."""
        state = self.states.get(run)
        if state is None or state.status is RunStatus.STOPPING or state.is_left:
            return
        try:
            state = self._reloaded(state) if state.broken else state
            lifecycle.stop(self._store, state, self._clock.monotonic(), self._patience, note, at=self._clock.now())
        except StoreUnavailable as problem:
            self._halt_all(problem)
        self.flush()

    # What goes next.

    def _take_read(self, now: float) -> OutgoingRequest | None:
        wait = self.health.retry_after(now)
        if wait or (self._reads and not self.health.is_closed):
            self._wake = min(self._wake, wait or TICK)
            return None
        for state in self._in_turn():
            read_task = state.next_read(now) or self._inspection(state, now)
            if read_task is not None:
                break
            self._wake = min(self._wake, state.next_due(now) or TICK)
        else:
            going = [c for c in self._in_turn() if c.status in {RunStatus.RUNNING, RunStatus.STOPPING}]
            if self.health.is_closed or not going:
                return None
            state, read_task = going[0], ReadTask(RequestPurpose.PROBE)
        if wait := self._slots.try_acquire("read"):
            self._wake = min(self._wake, wait)
            return None
        try:
            request = run_state.read_request(state, read_task)
        except Exception as problem:
            self._slots.release("read")
            self._halt_for(state, problem)
            self._wake = 0.0
            return None
        state.asked.add(read_task)
        self._reads += 1
        self._move_to_last(state)
        until = self._clock.since_boot() + LEAVES_WITHIN
        return OutgoingRequest(
            state.id, read_task, request, self._clock.now(), serial=state.serial, leaves_before=until
        )

    def _inspection(self, state: RunState, now: float) -> ReadTask | None:
        """Return the inspection of a mailbox as late as possible: once a slot for its write is about to be free."""
        read_task = state.next_inspection(now)
        early = self._slots.wait_seconds("write") - INSPECTED_BEFORE
        if read_task is not None and early > 0:
            self._wake = min(self._wake, early)
            return None
        return read_task

    def _take_write(self, now: float) -> OutgoingRequest | None:
        if not self.health.is_closed:
            return None
        for state in self._in_turn():
            position = state.next_write(now)
            if position is None:
                continue
            if wait := self._slots.try_acquire("write"):
                self.slot_at = now + wait
                self._wake = min(self._wake, wait)
                return None
            return self._send(state, position)
        return None

    def _send(self, state: RunState, position: int) -> OutgoingRequest | None:
        # The permit begins before the row is journalled: the next owner counts from a later moment.
        at, until = self._clock.now(), self._clock.since_boot() + LEAVES_WITHIN
        try:
            with self._store.write() as tx:
                waits = journal.get_row(tx, state.id, position)
                if position in state.guarded and row_updates.is_overtaken(tx, state, waits):
                    # A lock, a write by hand or a call-off came since the inspection: the next one decides the row.
                    del state.inspected[position]
                    self._give_slot_back()
                    return None
                if is_over_cap := row_updates.is_over_cap(tx, waits):
                    over = Finish(Outcome.SKIPPED, Reason(RowReason.QUOTA_OVER_CAP))
                    row_updates.decide(tx, state, waits, over, at)
                else:
                    row, attempt = journal.send(tx, state.id, position, at)
                    sealed = {position: row.sealed_password} if row.sealed_password else {}
                    password = run_passwords.opened(tx, self._store.key, state.id, sealed).get(position, "")
                    request = run_state.write_request(row, password)
        except Exception as problem:
            self._slots.release("write")
            if isinstance(problem, StoreUnavailable | OwnershipLost):
                raise
            self._halt_for(state, problem)
            self._wake = 0.0
            return None
        if is_over_cap:  # the cap was lowered since the run looked
            state.is_skipped(position)
            self._give_slot_back()
            return None
        state.is_sent(position)
        self._move_to_last(state)
        read_task = ReadTask(RequestPurpose.SEND, row.domain, position)
        return OutgoingRequest(state.id, read_task, request, at, attempt, row, state.serial, until)

    def _give_slot_back(self) -> None:
        """Give the slot of a write back that is not sent.

        What goes next is looked up at once.
        """
        self._slots.release("write")
        self._wake = 0.0

    def _halt_for(self, state: RunState, problem: Exception) -> None:
        """Stop one run for something that is wrong on our side; the others go on."""
        if isinstance(problem, Sealed):
            reason = PauseReason(PauseCode.PASSWORDS_LOCKED, sentences.paused_without_key(problem))
            lifecycle.halt(state, reason)
        else:
            log.error("Run %s stands still", state.id, exc_info=problem, extra={"run": state.id})
            state.broken = True
            state.faults += 1
            lifecycle.halt(state, PauseReason(PauseCode.FAULT, sentences.BROKEN), blind=True)

    def _reloaded(self, state: RunState) -> RunState:
        """Reload from the journal a run that a bug left half done. Open requests are read back."""
        with self._store.write() as tx:
            journal.mark_unknown(tx, state.id)
            record = journal.get_run(tx, state.id)
            assert record is not None  # noqa: S101 - a run is never removed
            again = RunState.load(tx, record, self._clock.monotonic(), self._patience + LEAVES_WITHIN)
        again.serial, again.faults, again.operator = state.serial + 1, state.faults, state.operator
        again.status, again.pause_reason, again.unsaved = state.status, state.pause_reason, state.unsaved
        again.notes = state.notes
        self.states[state.id] = again
        return again

    def problems(self, shown: Callable[[int, str], bool] = lambda _run, _problem: True) -> list[str]:
        """Return the problems of single runs, one sentence each: those that are `shown`."""
        found = self.problems_by_run().items()
        return list(dict.fromkeys(problem for run, problem in found if shown(run, problem)))

    def problems_by_run(self) -> dict[int, str]:
        """Return a sentence for each run with a problem, first those that a bug stopped."""
        states = sorted(self.states.copy().values(), key=lambda state: not state.broken)
        found = ((state.id, sentences.broken(state.id) if state.broken else state.trouble) for state in states)
        return {run: problem for run, problem in found if problem}

    def _in_turn(self) -> list[RunState]:
        return [self.states[run] for run in self._turns]

    def _move_to_last(self, state: RunState) -> None:
        self._turns.remove(state.id)
        self._turns.append(state.id)

    # How runs move on.

    def _move_on_or_halt(self, state: RunState) -> None:
        try:
            if state.broken and (state.status is RunStatus.STOPPING or state.is_left):
                state = self._reloaded(state)
            self._move_on(state)
        except (StoreUnavailable, OwnershipLost):
            raise
        except Exception as problem:
            self._halt_for(state, problem)

    def _move_on(self, state: RunState) -> None:
        """Start a queued run whose domains are free. A run whose rows all have an outcome is checked and ended."""
        if state.status is RunStatus.QUEUED and not state.behind(self.states.values()):
            state.status, state.unsaved = RunStatus.RUNNING, True
            state.looks_first()
        if state.status is RunStatus.STOPPING and (state.waiting or state.kept_here):
            # Version 0.1.0 could leave rows waiting in a run that was stopped: it would never end.
            lifecycle.stop(self._store, state, self._clock.monotonic(), self._patience, at=self._clock.now())
        if state.unsaved and not state.held:  # the journal keeps what a held run was doing, for the next start
            lifecycle.save(self._store, state, self._clock.now())
        if state.kept_here and state.status is RunStatus.RUNNING:
            lifecycle.keep_here(self._store, state, self._clock.now())
            self._wake = 0.0
        if state.is_left:
            if state.drained and not state.to_probe and not state.asked:
                lifecycle.settle_at_last(self._store, state, self._clock.now())
                self._forget(state)
            return
        if state.status is RunStatus.STOPPING and self._ends_unsettled(state):
            state.to_check, state.to_confirm, state.stuck = set(), {}, True
            lifecycle.finish(self._store, state, self._clock.now())
            state.status = RunStatus.STOPPED
            return
        if state.drained and state.status in {RunStatus.RUNNING, RunStatus.STOPPING} and not state.to_probe:
            if state.to_check is None:
                with self._store.read() as tx:
                    state.to_check = set(journal.domains_to_check(tx, state.id))
            stopping = state.status is RunStatus.STOPPING
            left = state.to_check or state.to_confirm
            if stopping and left and (state.faults > MAX_FAULTS or self.health.is_open(self._clock.monotonic())):
                state.note, state.to_check, state.to_confirm = sentences.NOT_CHECKED, set(), {}
            if not state.to_check and not state.to_confirm and not state.asked:
                lifecycle.finish(self._store, state, self._clock.now())
                self._forget(state)

    def _ends_unsettled(self, state: RunState) -> bool:
        """Return whether a stopping run ends although rows are uncertain, as MXroute does not respond."""
        down = self.health.is_open(self._clock.monotonic())
        busy = state.waiting or state.kept_here or state.in_flight or state.asked
        if not state.unsettled or busy or (state.to_probe and not down):
            return False
        return down or state.stuck or state.faults > MAX_FAULTS

    def _forget(self, state: RunState) -> None:
        self._turns.remove(state.id)
        del self.states[state.id]

    def _give_up(self) -> None:
        """Pause all runs after too long a silence; nothing is read until they are resumed."""
        for state in self.states.values():
            if state.status in {RunStatus.RUNNING, RunStatus.PAUSED}:
                lifecycle.halt(state, PauseReason(PauseCode.HOST_SILENT, run_status.SILENT_TOO_LONG), blind=True)
        self.flush()

    def _read_again(self) -> None:
        """Load all runs as a start does: a commit without an answer may have been made.

        Answers on their way are dropped: their rows are read back. What people asked for meanwhile stays.
        """
        before, turns = self.states, self._turns
        self.states, self._turns = {}, deque()
        try:
            self.recover()
        except BaseException:
            self.states, self._turns = before, turns
            raise
        self._unrecorded.clear()
        for run, state in self.states.items():
            if (earlier := before.get(run)) is not None:
                state.serial = earlier.serial + 1
                if earlier.unsaved and earlier.notes:
                    state.status, state.pause_reason = earlier.status, earlier.pause_reason
                    state.unsaved, state.notes = True, earlier.notes
        self._is_behind = False

    def _halt_all(self, problem: StoreUnavailable) -> None:
        """Pause all runs while the store fails. Nothing is sent until it accepts what is known."""
        self._is_behind |= isinstance(problem, CommitUnknown)
        self._store.failures.report(problem)
        self.trouble, self.trouble_code, self._wake = str(problem), problem.code, STORE_TICK
        for state in self.states.values():
            if state.status in {RunStatus.RUNNING, RunStatus.QUEUED}:
                lifecycle.halt(state, _store_failed(problem))
                state.held = True

    def _go_on(self) -> None:
        """Resume the runs that were paused for the store alone, once it works again."""
        with self._store.write() as tx:
            clock_guard.observe(tx, self._clock.now())
        self.trouble = ""
        for state in tuple(self.states.values()):
            if state.held:
                state = self._reloaded(state) if state.broken else state
                state.held = False
                self._queue(state)
                self._move_on_or_halt(state)


def _store_failed(problem: StoreUnavailable) -> PauseReason:
    return PauseReason(PauseCode.STORE_FAILED, str(problem))
