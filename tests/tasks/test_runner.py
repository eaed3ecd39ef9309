"""The runner of background tasks: leases, retries and requests, in virtual time."""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxlib.core.background_tasks import TaskCode, TaskName, TaskResult
from mxlib.store import OwnershipLost, Store, StoreUnavailable, background_tasks
from mxlib.store.background_tasks import LEASE_S, Lease, LeaseLost, TaskRecord
from mxlib.store.database import MEMORY
from mxlib.tasks import BackgroundTask, Every, TaskRunner
from mxlib.tasks.runner import WORKERS

NAME = TaskName.EXPIRED_DATA
INTERVAL = 600.0


class VirtualClock:
    """A clock that a test moves; nothing waits."""

    def __init__(self) -> None:
        self.at = 1_800_000_000.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        condition.wait(0.01)


@dataclass
class Process:
    """One process with a runner; its steps wait until `finish`."""

    store: Store
    clock: VirtualClock
    step: Callable[[Lease], TaskResult] = lambda _lease: TaskResult()
    owns: bool = True
    interval: float = INTERVAL
    at_start: bool = False
    pending: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.runner = TaskRunner(self.store, self.clock, lambda: self.owns, submit=self.pending.append)
        self.runner.register(BackgroundTask(NAME, Every(self.interval), self.step, at_start=self.at_start))

    def finish(self) -> None:
        """Let the steps under way end, and store how."""
        while self.pending:
            self.pending.pop(0)()
        self.runner.look()

    def run(self) -> None:
        """Run what is due to its end."""
        self.runner.look()
        self.finish()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def store(clock: VirtualClock) -> Iterator[Store]:
    opened = Store.open(MEMORY, clock)
    yield opened
    opened.close()


def record(store: Store) -> TaskRecord:
    with store.read() as tx:
        return background_tasks.every(tx)[NAME]


def test_a_new_task_runs_at_once_and_again_after_its_interval(store: Store, clock: VirtualClock) -> None:
    runs: list[float] = []

    def step(_lease: Lease) -> TaskResult:
        runs.append(clock.at)
        return TaskResult(TaskCode.DONE, {"entries": 3})

    process, begun = Process(store, clock, step), clock.at
    process.run()
    assert (record(store).code, record(store).figures) == (TaskCode.DONE, {"entries": 3})
    clock.at += INTERVAL - 1
    process.run()
    clock.at += 1
    process.run()
    assert runs == [begun, begun + INTERVAL]


def test_a_restart_runs_early_only_what_runs_at_each_start(store: Store, clock: VirtualClock) -> None:
    Process(store, clock).run()
    ordinary, at_start = Process(store, clock), Process(store, clock, at_start=True)
    ordinary.runner.look()
    assert not ordinary.pending
    at_start.runner.look()
    assert at_start.pending


@pytest.mark.parametrize(
    ("error", "code", "level"),
    [
        (StoreUnavailable("The disk is full."), TaskCode.STORE_UNAVAILABLE, logging.ERROR),
        (OwnershipLost(), TaskCode.STORE_UNAVAILABLE, logging.WARNING),
        (LeaseLost(), TaskCode.INTERRUPTED, None),
        (ZeroDivisionError(), TaskCode.UNFORESEEN, logging.ERROR),
    ],
)
def test_a_failure_is_stored_and_tried_again_with_growing_pauses(
    store: Store, clock: VirtualClock, caplog: pytest.LogCaptureFixture, error: Exception, code: TaskCode,
    level: int | None,
) -> None:  # fmt: skip
    def step(_lease: Lease) -> TaskResult:
        raise error

    process, begun = Process(store, clock, step), clock.at
    process.run()
    assert (record(store).code, record(store).failing_since, record(store).next_at) == (code, begun, begun + 30)
    assert [entry.levelno for entry in caplog.records] == ([] if level is None else [level])
    clock.at += 30
    process.run()
    assert (record(store).failing_since, record(store).next_at) == (begun, begun + 90)


def test_success_ends_a_failure(store: Store, clock: VirtualClock) -> None:
    results = [TaskResult(TaskCode.FAILED), TaskResult(), TaskResult(TaskCode.FAILED)]
    process = Process(store, clock, lambda _lease: results.pop(0))
    process.run()
    clock.at += 30
    process.run()
    assert (record(store).failing_since, record(store).attempts) == (None, 0)
    clock.at += INTERVAL
    process.run()
    assert record(store).next_at == clock.at + 30  # the pauses begin again


def test_a_request_runs_a_task_before_its_time(store: Store, clock: VirtualClock) -> None:
    process = Process(store, clock)
    process.run()
    process.runner.run_soon(NAME)
    process.runner.look()
    assert process.pending


def test_a_request_during_a_run_leads_to_another_run(store: Store, clock: VirtualClock) -> None:
    process = Process(store, clock)
    process.runner.look()
    process.runner.run_soon(NAME)
    process.finish()
    assert len(process.pending) == 1
    process.finish()
    assert not process.pending


def test_a_slow_task_holds_its_lease_by_renewing_it(store: Store, clock: VirtualClock) -> None:
    slow, other = Process(store, clock), Process(store, clock)
    slow.runner.look()
    slow.runner.run_soon(NAME)
    for _ in range(20):
        clock.at += LEASE_S / 3
        slow.runner.look()
        other.runner.look()
    assert (len(slow.pending), len(other.pending)) == (1, 0)


def test_after_a_crash_another_process_goes_on_and_the_crash_counts_as_a_failure(
    store: Store, clock: VirtualClock
) -> None:
    crashed, other = Process(store, clock), Process(store, clock)
    crashed.runner.look()
    begun = clock.at
    clock.at += LEASE_S - 1
    other.runner.look()
    assert not other.pending
    clock.at += 1
    other.runner.look()
    assert len(other.pending) == 1
    found = record(store)
    assert (found.code, found.failing_since, found.attempts) == (TaskCode.INTERRUPTED, begun, 2)


def test_a_process_that_was_frozen_past_its_lease_stores_nothing(
    store: Store, clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    leases: list[Lease] = []
    frozen = Process(store, clock, lambda lease: leases.append(lease) or TaskResult(TaskCode.FAILED))
    other = Process(store, clock)
    frozen.runner.look()
    clock.at += LEASE_S
    other.run()
    stored = record(store)
    frozen.finish()
    assert record(store) == stored
    assert "took over" in caplog.text
    with store.write() as tx, pytest.raises(LeaseLost):
        leases[0].check(tx)


def test_a_task_that_needs_ownership_waits_for_it(store: Store, clock: VirtualClock) -> None:
    process = Process(store, clock, owns=False, at_start=True)
    assert process.runner.look() == 2.0
    assert not process.pending
    process.owns = True
    process.run()
    process.owns = False
    process.runner.look()
    process.owns = True
    process.runner.look()
    assert len(process.pending) == 1  # what runs at each start runs when this process owns the runs again


def test_a_clock_that_was_wrong_delays_nothing_for_long(store: Store, clock: VirtualClock) -> None:
    clock.at += 1e9
    crashed = Process(store, clock)
    crashed.runner.look()
    clock.at -= 1e9
    other = Process(store, clock)
    other.runner.look()
    assert len(other.pending) == 1


def test_a_result_that_cannot_be_stored_yet_is_stored_later(
    store: Store, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process(store, clock, lambda _lease: TaskResult(TaskCode.DONE, {"entries": 1}))
    process.runner.look()
    process.pending.pop()()
    with monkeypatch.context() as patch:
        patch.setattr(background_tasks, "end", lambda *_: (_ for _ in ()).throw(StoreUnavailable("The disk is full.")))
        with pytest.raises(StoreUnavailable):
            process.runner.look()
    process.runner.look()
    assert record(store).figures == {"entries": 1}


def test_what_each_process_does_is_done_at_each_look_whatever_fails(store: Store, clock: VirtualClock) -> None:
    done: list[int] = []

    def fails() -> None:
        raise ZeroDivisionError

    runner = TaskRunner(store, clock, lambda: False, (fails, lambda: done.append(1)))
    runner.look()
    runner.look()
    runner.close()
    assert done == [1, 1]


def test_of_two_processes_that_saw_the_same_one_gets_the_lease(store: Store, clock: VirtualClock) -> None:
    with store.write() as tx:
        background_tasks.introduce(tx, NAME, clock.now(), at_start=False)
    seen = record(store)
    with store.write() as tx:
        first, second = (background_tasks.take(tx, seen, clock.now(), clock.now()) for _ in range(2))
    assert first is not None
    assert second is None
    assert record(store).lease_owner == first.owner


def test_a_process_runs_a_few_tasks_at_once_and_starts_none_while_it_closes(store: Store, clock: VirtualClock) -> None:
    process = Process(store, clock)
    for name in (TaskName.ERASURE, TaskName.BACKUP):
        process.runner.register(BackgroundTask(name, Every(INTERVAL), process.step))
    process.runner.look()
    assert len(process.pending) == WORKERS == 2
    process.runner.close(0)
    process.finish()
    assert process.pending == []


def test_a_quick_task_waits_for_no_long_one(store: Store, clock: VirtualClock) -> None:
    process = Process(store, clock)
    process.runner.register(BackgroundTask(TaskName.MAIL, Every(INTERVAL), process.step))
    process.runner.look()
    assert len(process.pending) == WORKERS
    process.runner.register(BackgroundTask(TaskName.BACKUP, Every(INTERVAL), process.step))
    process.runner.register(BackgroundTask(TaskName.HEARTBEAT, Every(INTERVAL), process.step, is_quick=True))
    process.runner.look()
    assert len(process.pending) == WORKERS + 1
    process.runner.look()
    assert len(process.pending) == WORKERS + 1
    process.finish()
    assert len(process.pending) == 1  # the long one that had to wait


def test_a_task_is_registered_once(store: Store, clock: VirtualClock) -> None:
    process = Process(store, clock)
    with pytest.raises(ValueError, match="registered already"):
        process.runner.register(process.runner.tasks[0])


def test_a_wake_up_starts_the_thread_on_what_is_due_and_a_close_waits_for_it(store: Store, clock: VirtualClock) -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def step(_lease: Lease) -> TaskResult:
        begun.set()
        assert may_end.wait(60.0)
        ended.set()
        return TaskResult()

    runner = TaskRunner(store, clock, lambda: True)
    runner.register(BackgroundTask(NAME, Every(INTERVAL), step))
    runner.start()
    assert begun.wait(60.0)
    may_end.set()
    assert runner.close()
    assert ended.is_set()
    assert record(store).code == TaskCode.DONE


#: What happens in one example: a process looks, ends its step, is killed, or time passes.
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["look", "finish", "kill", "request"]), st.integers(0, 2)),
        st.tuples(st.just("wait"), st.integers(1, int(LEASE_S / 3))),
    ),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_no_task_runs_twice_at_once_and_none_is_forgotten(events: list[tuple[str, int]]) -> None:
    """Processes that live look at least every third of a lease; any may be killed at any moment."""
    clock = VirtualClock()
    store = Store.open(MEMORY, clock)
    processes = [Process(store, clock, interval=20.0) for _ in range(3)]

    def held() -> list[int]:
        return [at for at, process in enumerate(processes) if process.pending]

    try:
        for event, value in events:
            match event:
                case "look":
                    processes[value].runner.look()
                case "finish":
                    processes[value].finish()
                case "kill":
                    processes[value] = Process(store, clock, interval=20.0)
                case "request":
                    processes[value].runner.run_soon(NAME)
                case _:
                    clock.at += value
                    for process in processes:
                        process.runner.look()
            assert len(held()) <= 1
            assert all(len(process.pending) <= 1 for process in processes)
        clock.at += LEASE_S + INTERVAL  # all are killed now
        Process(store, clock, interval=20.0).run()
        assert record(store).started_at == clock.at
    finally:
        store.close()
