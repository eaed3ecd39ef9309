"""Schedules: when a background task is due again, by its result."""

import pytest

from mxlib.core.background_tasks import TaskCode, TaskName, TaskResult
from mxlib.core.nights import DAY, HOUR
from mxlib.tasks import BackgroundTask, Every, Nightly

NOON = 20_000 * DAY + 12 * HOUR


def task(interval: float = DAY) -> BackgroundTask:
    return BackgroundTask(TaskName.BACKUP, Every(interval), lambda _lease: TaskResult(), retry_s=30.0)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (NOON, NOON + 14 * HOUR),
        (NOON - 11 * HOUR, NOON - 10 * HOUR),
        (NOON - 10 * HOUR, NOON + 14 * HOUR),
    ],
)
def test_a_nightly_task_is_due_when_the_next_night_begins(now: float, due: float) -> None:
    assert Nightly(2).after(now) == due


def test_an_ordinary_task_is_due_after_its_interval() -> None:
    assert task(600.0).next_at(TaskResult(), 1, NOON) == NOON + 600.0


def test_pauses_after_failures_double_up_to_an_hour() -> None:
    failure = TaskResult(TaskCode.UNFORESEEN)
    pauses = [task().next_at(failure, attempts, NOON) - NOON for attempts in (1, 2, 3, 8, 9, 10_000)]
    assert pauses == [30.0, 60.0, 120.0, HOUR, HOUR, HOUR]


def test_a_failure_never_waits_longer_than_the_schedule() -> None:
    assert task(45.0).next_at(TaskResult(TaskCode.FAILED), 5, NOON) == NOON + 45.0


@pytest.mark.parametrize(("again", "due"), [(-5.0, 0.0), (10.0, 10.0), (DAY * 9, DAY)])
def test_a_result_may_ask_for_an_earlier_time_only(again: float, due: float) -> None:
    for code in (TaskCode.UNFINISHED, TaskCode.FAILED):
        assert task().next_at(TaskResult(code, again_at=NOON + again), 1, NOON) == NOON + due
