"""Runs: start them, control them, look at them; three workers for the whole process do the rest."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress

from mxlib.clock import Clock
from mxlib.core.format import count
from mxlib.core.plans.plan import Plan
from mxlib.core.text import backups
from mxlib.core.vocabulary import AT_AN_END, AuditAction, CallerKind, RunKind, RunStatus, Wish
from mxlib.mxroute.client import MXrouteClient
from mxlib.mxroute.rate_limiter import RateLimiter
from mxlib.runs import messages as sentences
from mxlib.runs import retry, run_view, wishes
from mxlib.runs.engine import Engine
from mxlib.runs.retry import InvalidState, NotOwner, SameImport
from mxlib.runs.row_counts import RowCounts
from mxlib.runs.run_state import Note
from mxlib.runs.run_view import RunView
from mxlib.runs.situation import Situation
from mxlib.runs.worker import RunWorkers
from mxlib.settings import Settings
from mxlib.store import (
    Store,
    StoreUnavailable,
    Tx,
    audit,
    clock_guard,
    erasure,
    hold,
    journal,
    run_passwords,
    run_relations,
    signals,
)
from mxlib.store import wishes as stored_wishes
from mxlib.store.audit import Actor
from mxlib.store.records import RunRecord
from mxlib.store.signals import Signal

__all__ = ["AlsoStored", "InvalidState", "NotOwner", "RunManager", "SameImport"]

#: Runs to search for those that a caller may see.
LOOKED_THROUGH = 1_000

#: Seconds for which a caller waits until the owner has done what it was asked, and between two looks.
OWNER_S, _LOOK_S = 2.0, 0.1

#: Runs that one statement reads.
_CHUNK = 100

#: A function that stores something else in the transaction of a new run.
AlsoStored = Callable[[Tx, int], None]

#: The state of passwords until the database's write-ahead log is emptied; then the audit log records their erasure.
_ERASING = "being erased"


def _ask_owner(tx: Tx, run: int, wish: Wish, by: str = "") -> bool:
    """Store a wish for the owner of the runs; return whether it is new."""
    is_new = stored_wishes.put(tx, run, wish, by)
    if is_new:
        signals.send(tx, Signal.RUNS)
    return is_new


class RunManager:
    """All runs of this process. Every method may be called from any thread."""

    def __init__(
        self, store: Store, host: MXrouteClient, rate_limiter: RateLimiter, clock: Clock, settings: Settings,
        erase_soon: Callable[[], object] = lambda: None,
    ) -> None:  # fmt: skip
        self._store, self._rate_limiter, self._clock = store, rate_limiter, clock
        self._erase_soon = erase_soon
        self._worker = RunWorkers(store, host, rate_limiter, clock, settings.timeout_s, settings.lease_s)
        self._tallies = RowCounts(clock)

    # Who may send.

    def owns(self) -> bool:
        """Return whether this process owns the runs, as far as it knows."""
        return self._worker.owns

    def must_own(self) -> None:
        """Raise NotOwner unless this process owns the runs, StoreUnavailable while the store fails."""
        self._worker.check_ownership()

    @contextmanager
    def writing(self) -> Iterator[Tx]:
        """Open a transaction in the process that sends; raise NotOwner in any other."""
        with self._worker.changed, self._worker.writing() as tx:
            yield tx

    @contextmanager
    def storing(self) -> Iterator[Tx]:
        """Open a transaction for what any process may store."""
        with self._worker.changed, self._worker.storing() as (tx, _owns):
            yield tx

    # Start and control.

    def start(
        self, plan: Plan, operator: str, *, retention_days: int, idempotency_key: str | None = None, address: str = "",
        kind: CallerKind = CallerKind.OPERATOR, allowed: Collection[int] | None = None, since: float | None = None,
        also: AlsoStored | None = None, visible: retry.Visible = retry.everywhere,
    ) -> int:  # fmt: skip
        """Journal `plan`, start it, and return the number of the run.

        The same key of the same operator, a plan that an unfinished run already holds, or an undo that one does, gives
        that run's number.
        `allowed` are the runs of the same import that may go on meanwhile, None any: another one, open or started
        `since` then, raises SameImport. `also` is called with the number, in the transaction that stores a new run.
        Raises InvalidState for a found run that is not `visible`.
        """
        asked = plan, Actor(operator, kind, address), retention_days, idempotency_key, allowed, since, also, visible
        try:
            return self._start(*asked)
        except journal.AlreadyOpen:  # by another process, whose run is found now
            return self._start(*asked)

    def _start(
        self, plan: Plan, actor: Actor, retention_days: int, idempotency_key: str | None,
        allowed: Collection[int] | None, since: float | None, also: AlsoStored | None, visible: retry.Visible,
    ) -> int:  # fmt: skip
        now, operator = self._clock.now(), actor.name
        with self._worker.changed, self._worker.storing() as (tx, owns):
            run = journal.find_run(tx, operator=operator, idempotency_key=idempotency_key, plan_digest=plan.digest)
            if run is None and plan.undo_of is not None:
                run = journal.find_undo(tx, plan.undo_of)
            if run is not None:
                retry.must_see(tx, run, visible)
                return run
            rivals = (
                run_relations.same_import(tx, plan, since)
                if allowed is not None and plan.kind is RunKind.IMPORT
                else []
            )
            if others := set(rivals) - set(allowed or ()):
                retry.must_see(tx, min(others), visible)
                raise SameImport(min(others))
            run = journal.add_run(
                tx, plan, self._store.key, operator=operator, status=RunStatus.QUEUED, at=now,
                retention_days=retention_days, idempotency_key=idempotency_key,
            )  # fmt: skip
            if also is not None:
                also(tx, run)
            rows = sum(row.acts for row in plan.rows)
            outcome = f"{count(rows, 'row')} of {plan.file_name or 'a table'}"
            audit.record(tx, actor, AuditAction.RUN_START, at=now, run=run, outcome=outcome, detail={"rows": rows})
            if plan.undo_of is not None:
                outcome, detail = f"by run {run}", {"by": run}
                audit.record(tx, actor, AuditAction.RUN_UNDO, at=now, run=plan.undo_of, outcome=outcome, detail=detail)
            if not owns:
                _ask_owner(tx, run, Wish.LOOK)
        if owns:
            self._worker.take_up()
        return run

    def pause(self, run: int, by: str = "", note: Note | None = None) -> None:
        """Pause after open requests end; a run that is not active stays as it is.

        `note` is written with the pause: at once, or as soon as the store accepts it. In a process that does not own
        the runs, the note is written with the wish, and the owner carries it out: this waits for that for a moment,
        and the view of the run shows what is not done yet.
        """
        self._control(run, Wish.PAUSE, by, note, lambda engine: engine.pause(run, wishes.paused_by(by), note))

    def resume(self, run: int, note: Note | None = None) -> None:
        """Resume a paused run once its domains were read again; `note` as in `pause`.

        Raises InvalidState while runs wait for an admin since a restore.
        """
        with self._store.read() as tx:
            if hold.current(tx) is not None:
                raise InvalidState(backups.NOT_BEFORE_CONTINUE)
        self._control(run, Wish.RESUME, "", note, lambda engine: engine.resume(run, note))

    def stop(self, run: int, note: Note | None = None) -> None:
        """End after the requests in flight; the rest is not attempted.

        `note` as in `pause`. Raises StoreUnavailable when the run was not stopped.
        """

        def stop(engine: Engine) -> None:
            engine.stop(run, note)
            state = engine.states.get(run)
            if engine.trouble and state and not state.is_left and state.status is not RunStatus.STOPPING:
                raise StoreUnavailable(engine.trouble, engine.trouble_code)

        self._control(run, Wish.STOP, "", note, stop)

    def _control(self, run: int, wish: Wish, by: str, note: Note | None, do: Callable[[Engine], object]) -> None:
        try:
            self._worker.apply(do)
        except NotOwner:
            with self._store.write() as tx:
                record = journal.get_run(tx, run)
                if record is None or record.status in AT_AN_END:
                    return
                if _ask_owner(tx, run, wish, by) and note is not None:
                    note(tx)
            self._await_owner(run)

    def _await_owner(self, run: int) -> None:
        """Wait for a moment until the owner has done what it was asked."""
        until, turn = self._clock.monotonic() + OWNER_S, threading.Condition()
        while self._clock.monotonic() < until:
            with self._store.read() as tx:
                if not stored_wishes.is_pending(tx, run):
                    return
            with turn:
                self._clock.wait(turn, _LOOK_S)

    def retry_failed(
        self, run: int, operator: str, *, kind: CallerKind = CallerKind.OPERATOR, address: str = "",
        also: AlsoStored | None = None, visible: retry.Visible = retry.everywhere,
    ) -> int:  # fmt: skip
        """Start a run of the failed and unattempted rows, with the same passwords.

        Returns its number. Raises InvalidState while the run is active, when nothing failed, or when its passwords
        are gone. `also` and `visible` are as in `start`.
        """
        with self._worker.changed, self._worker.storing() as (tx, owns):
            actor, now = Actor(operator, kind, address), self._clock.now()
            number = retry.retry(tx, self._store.key, run, actor, now, visible=visible)
            if also is not None:
                also(tx, number)
            if not owns:
                _ask_owner(tx, number, Wish.LOOK)
        if owns:
            self._worker.take_up()
        return number

    def take_over(
        self, run: int, operator: str, *, kind: CallerKind = CallerKind.OPERATOR, address: str = "",
        by: Actor | None = None,
    ) -> None:  # fmt: skip
        """Make `operator` the run's operator.

        `by` is the caller who gives it to them; None when they take it themselves.
        """
        with self._worker.changed:
            with self._worker.storing() as (tx, owns):
                record = journal.get_run(tx, run)
                if record is None or record.operator == operator:
                    return
                journal.set_run(tx, run, operator=operator)
                audit.record(
                    tx, by or Actor(operator, kind, address), AuditAction.RUN_TAKE_OVER, at=self._clock.now(), run=run,
                    outcome=f"from {record.operator}" + (f" to {operator}" if by else ""),
                    detail={"from": record.operator} | ({"to": operator} if by else {}),
                )  # fmt: skip
                if not owns and record.status not in AT_AN_END:
                    _ask_owner(tx, run, Wish.LOOK)
            if state := self._worker.engine.states.get(run):
                state.operator = operator

    def continue_held(self) -> None:
        """Let the runs go on that wait since a restore, after the hold has ended.

        The process that owns the runs notices by itself as well.
        """
        with suppress(NotOwner):
            self._worker.apply(lambda engine: engine.continue_held())

    # What becomes of the passwords.

    def handed_over(self, run: int, by: str = "", *, kind: CallerKind = CallerKind.OPERATOR, address: str = "") -> None:
        """Erase the passwords for good, since they reached their owners.

        Raises InvalidState while the run is active.
        """
        view = self.view(run)
        if view is None or view.status not in AT_AN_END:
            raise InvalidState("The run still needs its passwords. Stop it first, or wait for its end.")
        if view.open:
            raise InvalidState(sentences.not_settled(view.open))
        self._hand_over(run, Actor(by, kind, address))
        if not erasure.finish(self._store):
            self._erase_soon()

    def _hand_over(self, run: int, by: Actor) -> None:
        """Drop the passwords of a run, unless they are forgotten."""
        now = self._clock.now()
        with self._store.write() as tx:
            record = journal.get_run(tx, run)
            if record is None or run_passwords.forgotten(record):
                return
            run_passwords.drop(tx, run)
            journal.set_run(tx, run, handed_over_at=now)
            erasure.begin(tx, run)
            audit.record(tx, by, AuditAction.RUN_HANDED_OVER, at=now, run=run, outcome=_ERASING)

    def extend(self, run: int, days: int, note: Note | None = None) -> None:
        """Keep the passwords readable for at least `days` from now, and write `note`. Erased ones stay erased."""
        with self.storing() as tx:
            record = journal.get_run(tx, run)
            if record is not None and record.wrapped_key is not None:
                until = max(record.passwords_until or 0.0, self._clock.now() + days * 86_400)
                journal.set_run(tx, run, passwords_until=until)
                if note is not None:
                    note(tx)

    def purge(self) -> int:
        """Forget the passwords of ended runs that were kept long enough; the number of runs.

        None go while it is not certain that the clock is right.
        """
        now = self._clock.now()
        with self._store.write() as tx:
            due = run_passwords.due(tx, now) if clock_guard.may_forget(tx, now) else []
            for run in due:
                run_passwords.drop(tx, run)
                erasure.begin(tx, run)
                audit.record(tx, audit.MXM, AuditAction.RUN_PASSWORDS_FORGOTTEN, at=now, run=run, outcome=_ERASING)
        erasure.finish(self._store)
        return len(due)

    def erase_forgotten(self) -> bool:
        """Erase what was forgotten; return whether nothing is left to erase."""
        return erasure.finish(self._store, tries=1)

    # Look.

    def view(self, run: int) -> RunView | None:
        """Return the state of one run."""
        with self._store.read() as tx:
            record = journal.get_run(tx, run)
            return next(iter(self._viewed(tx, [record])), None) if record else None

    def views(self, most: int = 200, only: Callable[[RunRecord], bool] | None = None) -> tuple[RunView, ...]:
        """Return the latest runs, newest first: those that match `only`, of the latest LOOKED_THROUGH."""
        with self._store.read() as tx:
            records = journal.latest_runs(tx, LOOKED_THROUGH if only else most)
            return self._viewed(tx, list(filter(only, records))[:most])

    def ended(
        self, only: Callable[[RunRecord], bool], *, kind: str, operator: str, before: int | None, most: int
    ) -> tuple[tuple[RunView, ...], int | None]:
        """Return ended runs that match `only`, newest first.

        With them comes the number before which to look further; None when no run is left. It looks through
        LOOKED_THROUGH runs at most.
        """
        found: list[RunRecord] = []
        with self._store.read() as tx:
            for _ in range(0, LOOKED_THROUGH, _CHUNK):
                records = journal.ended_runs(tx, kind=kind, operator=operator, before=before, most=_CHUNK)
                for record in records:
                    if not only(record):
                        continue
                    if len(found) == most:
                        return self._viewed(tx, found), found[-1].id
                    found.append(record)
                if len(records) < _CHUNK:
                    return self._viewed(tx, found), None
                before = records[-1].id
            return self._viewed(tx, found), before

    def unended(self, only: Callable[[RunRecord], bool]) -> tuple[RunView, ...]:
        """Return the runs that are not at their end and match `only`, newest first."""
        with self._store.read() as tx:
            return self._viewed(tx, filter(only, journal.unended_runs(tx)))

    def with_passwords(self, operator: str) -> tuple[RunView, ...]:
        """Return the ended runs of an operator whose passwords are kept, newest first."""
        with self._store.read() as tx:
            return self._viewed(tx, journal.runs_with_passwords(tx, operator))

    def seen(self, run: int) -> None:
        """Its operator saw how it ended or paused."""
        with self._store.write() as tx:
            journal.set_run(tx, run, seen=True)

    def unseen(self, operator: str) -> tuple[RunView, ...]:
        """Return the operator's runs that ended or paused unseen."""
        with self._store.read() as tx:
            return self._viewed(tx, journal.unseen_runs(tx, operator))

    def estimate(self, writes: int) -> float:
        """Seconds that so many more writes will take, behind those of other runs."""
        return self._rate_limiter.estimate(writes + self.backlog())

    def backlog(self) -> int:
        """Rows of all runs that wait for their request and are not paused."""
        return run_view.backlog(self._situation())

    def active(self) -> int:
        """Return how many runs are neither paused nor ended."""
        states = tuple(self._situation().states.values())
        return sum(state.status not in {RunStatus.PAUSED, *AT_AN_END} for state in states)

    def silent(self) -> bool:
        """Return whether the runs wait for a host that does not answer."""
        return self._situation().is_silent

    def silent_since(self) -> float | None:
        """Return when MXroute stopped answering the runs (Unix seconds); None while it answers."""
        silent_for = self._situation().silent_for
        return None if silent_for is None else self._clock.now() - silent_for

    def _situation(self, tx: Tx | None = None) -> Situation:
        """Return the state of all runs; `tx` is a read that is open already."""
        if not self._worker.looks_on:
            return Situation.of(self._worker.engine, self._clock)
        if tx is not None:
            return Situation.stored(tx, self._clock)
        with self._store.read() as opened:
            return Situation.stored(opened, self._clock)

    def problems(self, shown: Callable[[int, str], bool] = lambda _run, _problem: True) -> list[str]:
        """Return the problems of the runs, one sentence each.

        Those of a single run are included if `shown` accepts its number and the sentence.
        """
        return self._worker.problems(shown)

    def _viewed(self, tx: Tx, records: Iterable[RunRecord]) -> tuple[RunView, ...]:
        return run_view.views(
            tx,
            list(records),
            self._situation(tx),
            self._rate_limiter.estimate,
            self._clock,
            self._store.key,
            self._tallies,
        )

    # Life.

    def heard(self) -> None:
        """Do what other processes ask for, after a signal of one of them."""
        self._worker.carry_out_wishes()

    def recover(self) -> None:
        """Take up what an earlier process left, and start the workers."""
        self._worker.start()

    @property
    def is_closing(self) -> bool:
        """Return whether this process begins nothing more, since it ends soon."""
        return self._worker.is_closing

    def begin_shutdown(self) -> None:
        """Send nothing more; requests on their way go on."""
        self._worker.begin_shutdown()

    def shutdown(self, patience: float = 8.0) -> bool:
        """Send nothing more, wait for open requests, leave every run resumable.

        Returns whether all requests had ended.
        """
        return self._worker.shutdown(patience)
