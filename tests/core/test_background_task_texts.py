"""Texts about background tasks: how one ended, and what is said when it fails or stays away."""

import pytest

from mxlib.core.background_tasks import TaskCode, TaskName
from mxlib.core.text import background_tasks


def test_every_task_has_a_title_of_its_own() -> None:
    assert set(background_tasks.LABELS) == {*TaskName}
    assert len({*background_tasks.LABELS.values()}) == len(TaskName)


@pytest.mark.parametrize("code", TaskCode)
def test_every_end_is_a_sentence_and_no_code(code: TaskCode) -> None:
    text = background_tasks.result(code, {})
    assert text.endswith(".")
    assert text != f"{code}."


@pytest.mark.parametrize(
    ("code", "figures", "text"),
    [
        ("", {}, ""),
        (TaskCode.DONE, {}, "Done."),
        (TaskCode.DONE, {"runs": 1, "mails": 2, "entries": 0}, "Done: 1 run, 2 mails."),
        (TaskCode.NOTHING_DUE, {"runs": 1}, "Nothing was due."),
        ("of_a_later_version", {}, "of_a_later_version."),
    ],
)
def test_an_end_counts_what_was_done(code: str, figures: dict[str, int], text: str) -> None:
    assert background_tasks.result(code, figures) == text


def test_a_task_that_fails_or_stays_away_is_named_with_what_to_do() -> None:
    now = 1_800_000_000.0
    failing = background_tasks.failing(TaskName.BACKUP, now - 60, now)
    assert '"Make the nightly backup" has failed since' in failing
    assert "the log of the server" in failing
    overdue = background_tasks.overdue(TaskName.BACKUP, now - 60, now)
    assert '"Make the nightly backup" was due' in overdue
    assert "restart the server" in overdue
