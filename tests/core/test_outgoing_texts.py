"""Requests to others: what counts as a failure, and the sentence for each."""

import pytest

from mxlib.core.background_tasks import TaskCode
from mxlib.core.outgoing import Answer, SendFailure, SendProblem, failure_of
from mxlib.core.text import background_tasks, outgoing


@pytest.mark.parametrize("problem", SendProblem)
def test_every_problem_has_a_sentence(problem: SendProblem) -> None:
    assert outgoing.failed(problem, 500).endswith(".")


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (200, None),
        (204, None),
        (302, SendFailure(SendProblem.REDIRECTED, 302)),
        (404, SendFailure(SendProblem.ANSWERED, 404)),
        (410, SendFailure(SendProblem.GONE, 410)),
        (503, SendFailure(SendProblem.ANSWERED, 503)),
        (101, SendFailure(SendProblem.ANSWERED, 101)),
    ],
)
def test_only_2xx_is_good(status: int, failure: SendFailure | None) -> None:
    assert failure_of(Answer(status)) == failure


def test_a_task_says_why_its_request_did_not_arrive_and_which_setting_is_missing() -> None:
    figures = {"problem": "answered", "status": 503}
    assert background_tasks.result(TaskCode.FAILED, figures) == "Failed: The host answered with status 503."
    assert background_tasks.result(TaskCode.FAILED, {}).startswith("Failed: the log")
    heartbeat = background_tasks.result(TaskCode.NOT_SET, {"setting": "MXM_HEARTBEAT_URL"})
    assert heartbeat == "Not set up: set MXM_HEARTBEAT_URL for another service to notice when MXM stops."
    assert background_tasks.result(TaskCode.NOT_SET, {}) == "Not set up."
