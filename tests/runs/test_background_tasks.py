"""Background tasks: each is done at its interval, and one that fails keeps no other from being done."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from mxlib.runs import background_tasks
from mxlib.runs.background_tasks import BackgroundTasks
from mxlib.store import OwnershipLost, StoreUnavailable
from tests.support.threaded_runs import until


class Task:
    """A task that counts how often it was done, and ends as `ends` says."""

    def __init__(self, ends: Callable[[], object] = lambda: None) -> None:
        self.ends, self.done = ends, 0

    def __call__(self) -> object:
        self.done += 1
        return self.ends()


def fails(error: Exception) -> Callable[[], object]:
    """Return an end that raises this error."""

    def end() -> object:
        raise error

    return end


@contextmanager
def started(ordinary: Task, frequent: Task, may_run: Callable[[], bool] = lambda: True) -> Iterator[BackgroundTasks]:
    """Run the tasks in their thread until the block ends."""
    tasks = BackgroundTasks([ordinary], [frequent], may_run)
    tasks.start()
    yield tasks
    tasks.stop(10.0)


@pytest.fixture(autouse=True)
def intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a failed task be tried again within a moment, and no other before the test has ended."""
    monkeypatch.setattr(background_tasks, "RETRY_EVERY", 0.01)
    monkeypatch.setattr(background_tasks, "OFTEN", 60.0)


def test_every_task_is_done_at_once_and_the_frequent_ones_again_on_request() -> None:
    ordinary, frequent = Task(), Task()
    with started(ordinary, frequent) as tasks:
        until(lambda: frequent.done == 1)
        tasks.soon()
        until(lambda: frequent.done == 2)
    assert (ordinary.done, frequent.done) == (1, 2)


def test_ordinary_tasks_are_done_again_after_their_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_tasks, "EVERY", 0.0)
    ordinary, frequent = Task(), Task()
    with started(ordinary, frequent) as tasks:
        until(lambda: frequent.done == 1)
        tasks.soon()
        until(lambda: ordinary.done == 2)


@pytest.mark.parametrize(
    "unfinished", [lambda: False, fails(StoreUnavailable("The disk is full.")), fails(OwnershipLost())]
)
def test_a_frequent_task_that_is_not_finished_is_tried_again_soon(unfinished: Callable[[], object]) -> None:
    ordinary, frequent = Task(), Task(unfinished)
    with started(ordinary, frequent):
        until(lambda: frequent.done >= 3)
    assert ordinary.done == 1


@pytest.mark.parametrize(
    ("error", "level", "says"),
    [
        (StoreUnavailable("The disk is full."), logging.WARNING, "The disk is full."),
        (ZeroDivisionError(), logging.ERROR, "ZeroDivisionError"),
    ],
)
def test_a_task_that_fails_is_logged_and_the_others_are_done(
    error: Exception, level: int, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    ordinary, frequent = Task(fails(error)), Task()
    with started(ordinary, frequent):
        until(lambda: frequent.done == 1)
    (entry,) = (each for each in caplog.records if each.name == background_tasks.__name__)
    assert entry.levelno == level
    assert says in caplog.text


def test_a_programming_error_in_a_frequent_task_is_not_repeated_at_once() -> None:
    frequent = Task(fails(ZeroDivisionError()))
    with started(Task(), frequent) as tasks:
        until(lambda: frequent.done == 1)
        tasks.soon()
        until(lambda: frequent.done == 2)
    assert frequent.done == 2


def test_nothing_is_done_until_the_process_may_and_then_within_a_moment() -> None:
    allowed, asked = threading.Event(), Task()
    ordinary, frequent = Task(), Task()

    def may_run() -> bool:
        asked()
        return allowed.is_set()

    with started(ordinary, frequent, may_run):
        until(lambda: asked.done >= 3)
        assert (ordinary.done, frequent.done) == (0, 0)
        allowed.set()
        until(lambda: frequent.done == 1)
    assert ordinary.done == 1


def test_stop_waits_for_the_task_that_is_being_done_and_starts_no_other() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def end() -> None:
        begun.set()
        assert may_end.wait(10.0)

    ordinary, frequent = Task(end), Task()
    tasks = BackgroundTasks([ordinary, frequent], [frequent], lambda: True)
    tasks.start()
    assert begun.wait(10.0)
    tasks.stop(0.01)
    may_end.set()
    tasks.stop(10.0)
    assert (ordinary.done, frequent.done) == (1, 0)


def test_tasks_that_were_never_started_can_be_stopped() -> None:
    task = Task()
    BackgroundTasks([task], [task], lambda: True).stop(1.0)
    assert task.done == 0


def test_a_stop_right_before_a_wake_up_is_cleared_still_ends_the_thread() -> None:
    task = Task()
    tasks = BackgroundTasks([task], [task], lambda: True)

    class StoppedBeforeCleared(threading.Event):
        def clear(self) -> None:
            tasks._stop.set()  # what a stop does first, at the worst moment
            self.set()
            super().clear()

    tasks._wake = StoppedBeforeCleared()
    tasks.start()
    assert tasks._thread is not None
    tasks._thread.join(5.0)
    ended = not tasks._thread.is_alive()
    tasks.stop(10.0)
    assert ended
