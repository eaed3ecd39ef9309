"""The runner of background tasks: takes those that are due by lease, and stores how they ended."""

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from mxlib.clock import Clock
from mxlib.core.background_tasks import TaskCode, TaskName, TaskResult
from mxlib.store import OwnershipLost, Store, StoreUnavailable, Tx, background_tasks
from mxlib.store.background_tasks import LEASE_S, Lease, LeaseLost
from mxlib.tasks.task import BackgroundTask

log = logging.getLogger(__name__)

#: Tasks that one process runs at once: those that may take long, and quick ones, which never wait for them.
WORKERS, QUICK_WORKERS = 2, 2

#: The most seconds between two looks for what is due.
ROUND_S = 10.0

#: Seconds until the next look where a result could not be stored, or the process may not run everything yet.
RETRY_S = 2.0

#: Seconds after which a lease is renewed; a process that misses this twice keeps it still.
_RENEW_S = LEASE_S / 3


@dataclass(slots=True)
class _Running:
    """A task that this process runs, and its result.

    Its lease is renewed at `renew_at` (monotonic seconds).
    """

    lease: Lease
    attempts: int
    renew_at: float
    result: TaskResult | None = None
    lost: bool = False


class TaskRunner:
    """The background tasks of one process. Every method may be called from any thread.

    One thread looks for what is due and writes; the steps run in a small pool. `owns` says whether this process owns
    the runs. `each_round` is done by each process for itself, at every look.
    """

    def __init__(
        self, store: Store, clock: Clock, owns: Callable[[], bool], each_round: Iterable[Callable[[], object]] = (),
        submit: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:  # fmt: skip
        self._store, self._clock, self._owns, self._each_round = store, clock, owns, tuple(each_round)
        self._pool = ThreadPoolExecutor(WORKERS + QUICK_WORKERS, "mxm-task") if submit is None else None
        self._submit = submit or self._in_pool
        self._changed = threading.Condition()
        self._woken = self._closing = False
        self._thread: threading.Thread | None = None
        self._tasks: dict[TaskName, BackgroundTask] = {}
        #: Tasks that the table has, as this process knows.
        self._introduced: set[TaskName] = set()
        self._running: dict[TaskName, _Running] = {}

    @property
    def tasks(self) -> tuple[BackgroundTask, ...]:
        """Return the registered tasks, in their order."""
        return tuple(self._tasks.values())

    @property
    def is_closing(self) -> bool:
        """Return whether this process ends soon, so that a long step stops."""
        return self._closing

    def register(self, task: BackgroundTask) -> None:
        """Add a task; once, before the start."""
        if task.name in self._tasks:
            raise ValueError(f"The background task {task.name} is registered already.")
        self._tasks[task.name] = task

    def start(self) -> None:
        """Look for what is due in the background from now on."""
        self._thread = threading.Thread(target=self._run, name="mxm-tasks", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look at once for what is due."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def run_soon(self, name: TaskName) -> None:
        """Make a task due, and look at once; raises StoreUnavailable."""
        with self._store.write() as tx:
            background_tasks.request(tx, name, self._clock.now())
        self.wake()

    def begin_shutdown(self) -> None:
        """Start no further task; those that run go on, and stop where they can."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def close(self, patience: float = 8.0) -> bool:
        """Start no further task, and wait for those that run; return whether all ended.

        The lease of one that did not ends by itself.
        """
        until = self._clock.monotonic() + patience
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            while self._busy() and (left := until - self._clock.monotonic()) > 0:
                self._clock.wait(self._changed, left)
            ended = not self._busy()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        if self._thread is not None:
            self._thread.join(patience)
        with suppress(StoreUnavailable):
            self._store_progress()
        return ended

    def _busy(self) -> bool:
        return any(each.result is None for each in self._running.values())

    def look(self) -> float:
        """Store what ended, renew leases, and start what is due.

        Returns the seconds until the next look. Raises StoreUnavailable.
        """
        for do in self._each_round:
            try:
                do()
            except StoreUnavailable as problem:
                self._store.failures.report(problem)
            except OwnershipLost as problem:
                log.warning("Background tasks wait: %s", problem)
            except Exception:
                log.exception("Something in the background failed")
        self._store_progress()
        owns, now = self._owns(), self._clock.now()
        if not owns:  # by the time it owns them again, another process may have changed everything
            self._introduced -= {task.name for task in self.tasks if task.needs_ownership}
        mine = [task for task in self.tasks if owns or not task.needs_ownership]
        self._introduce([task for task in mine if task.name not in self._introduced], now)
        with self._store.read() as tx:
            records = background_tasks.every(tx)
        waits = [ROUND_S if owns else RETRY_S]
        for task in mine:
            record = records.get(task.name)
            if record is None or task.name in self._running or record.is_leased(now):
                continue
            if not record.is_due(now, task.longest_wait):
                waits.append(record.next_at - now)
            elif self._has_room(task):
                self._begin(task, record, now)
        waits += [each.renew_at - self._clock.monotonic() for each in self._running.values()]
        return max(0.0, min(waits))

    def _has_room(self, task: BackgroundTask) -> bool:
        alike = sum(self._tasks[name].is_quick is task.is_quick for name in self._running)
        return alike < (QUICK_WORKERS if task.is_quick else WORKERS)

    def _introduce(self, tasks: list[BackgroundTask], now: float) -> None:
        if tasks:
            with self._store.write() as tx:
                for task in tasks:
                    background_tasks.introduce(tx, task.name, now, at_start=task.at_start)
            self._introduced |= {task.name for task in tasks}

    def _begin(self, task: BackgroundTask, record: background_tasks.TaskRecord, now: float) -> None:
        attempts = record.attempts + 1
        with self._store.write() as tx:
            lease = background_tasks.take(tx, record, now, task.retry_at(attempts, now))
        if lease is not None:
            running = _Running(lease, attempts, self._clock.monotonic() + _RENEW_S)
            with self._changed:
                if self._closing:  # its lease ends by itself
                    return
                self._running[task.name] = running
            self._submit(lambda: self._carry_out(task, running))

    def _in_pool(self, do: Callable[[], None]) -> None:
        assert self._pool is not None  # noqa: S101 - made with the runner
        with suppress(RuntimeError):  # the pool is being closed
            self._pool.submit(do)

    def _carry_out(self, task: BackgroundTask, running: _Running) -> None:
        """Run one step. Whatever fails here, the other tasks run."""
        try:
            result = task.step(running.lease)
        except LeaseLost:
            result = TaskResult(TaskCode.INTERRUPTED)
        except StoreUnavailable as problem:
            self._store.failures.report(problem)
            result = TaskResult(TaskCode.STORE_UNAVAILABLE)
        except OwnershipLost as problem:
            log.warning("The background task %s waits: %s", task.name, problem, extra={"task": task.name.value})
            result = TaskResult(TaskCode.STORE_UNAVAILABLE)
        except Exception:
            log.exception("The background task %s failed", task.name, extra={"task": task.name.value})
            result = TaskResult(TaskCode.UNFORESEEN)
        with self._changed:
            running.result, self._woken = result, True
            self._changed.notify_all()

    def _store_progress(self) -> None:
        """Store the results of tasks that ended, and renew the leases of those that run."""
        passed = self._clock.monotonic()
        due = [(name, each, each.result) for name, each in tuple(self._running.items())
               if each.result is not None or (passed >= each.renew_at and not each.lost)]  # fmt: skip
        if not due:
            return
        now = self._clock.now()
        with self._store.write() as tx:
            held = [self._store_one(tx, name, each, result, now) for name, each, result in due]
        for (name, each, result), holds in zip(due, held, strict=True):
            if not holds:
                log.warning("Another process took over the background task %s", name, extra={"task": name.value})
            each.lost, each.renew_at = not holds, passed + (_RENEW_S if holds else LEASE_S)
            if result is not None:
                with self._changed:
                    del self._running[name]
                    self._changed.notify_all()

    def _store_one(self, tx: Tx, name: TaskName, each: _Running, result: TaskResult | None, now: float) -> bool:
        if result is None:
            return background_tasks.renew(tx, each.lease, now)
        next_at = self._tasks[name].next_at(result, each.attempts, now)
        return background_tasks.end(tx, each.lease, result, now, next_at)

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._closing:
                    return
                self._woken = False
            try:
                wait = self.look()
            except StoreUnavailable as problem:
                self._store.failures.report(problem)
                wait = RETRY_S
            except Exception:  # the process may be closing; after any failure here, later looks must still happen
                log.exception("The look for background tasks failed")
                wait = ROUND_S
            with self._changed:
                if wait and not self._woken and not self._closing:
                    self._clock.wait(self._changed, wait)
