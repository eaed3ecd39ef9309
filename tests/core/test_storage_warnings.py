"""Warnings before a run about the account's storage."""

import time

import pytest

from mxlib.core.plans import capacity
from mxlib.core.plans.capacity import Growth
from mxlib.core.plans.plan import PlannedRow

GB = 1024**3
AT = time.mktime((2026, 5, 3, 9, 0, 0, 0, 0, -1))


def created(quota: int) -> PlannedRow:
    return PlannedRow.create(0, 1, "kim", "a.nl", quota=quota)


def updated(had: int | None, quota: int | None) -> PlannedRow:
    return PlannedRow.update(0, 1, "kim", "a.nl", before={"quota": had}, quota=quota)


@pytest.mark.parametrize(
    ("growth", "used", "limit", "expected"),
    [
        (Growth(10, 10_240, 0), 0, 0, ""),
        (Growth(0, 0, 0), 11 * GB, 10 * GB, ""),
        (Growth(9, 9 * 1024, 0), GB, 10 * GB, ""),
        (
            Growth(10, 10 * 1024, 0), GB, 10 * GB,
            "These quotas add 10.0 GB; the account has 9.0 GB free (1.0 GB of 10.0 GB used at 09:00). MXroute takes "
            "them; full, it refuses all new mail.",
        ),
        (Growth(1, 0, 1), GB, 10 * GB, ""),
        (
            Growth(11, 10 * 1024, 1), GB, 10 * GB,
            "These quotas add 10.0 GB and 1 mailbox without a limit; the account has 9.0 GB free (1.0 GB of 10.0 GB "
            "used at 09:00). MXroute takes them; full, it refuses all new mail.",
        ),
        (
            Growth(1, 1, 0), 10 * GB, 10 * GB,
            "The account is full: 10.0 GB of 10.0 GB used at 09:00. Free space or raise the plan, or new mail is "
            "refused.",
        ),
    ],
)  # fmt: skip
def test_storage_is_compared_with_what_a_run_adds(growth: Growth, used: int, limit: int, expected: str) -> None:
    assert capacity.storage(growth, used, limit, AT, AT + 60) == expected


def test_the_deadline_of_a_full_account_is_shown() -> None:
    sentence = capacity.storage(Growth(1, 1, 0), 11 * GB, 10 * GB, AT, AT, "2026-05-09")
    assert "MXroute gives until 2026-05-09." in sentence


@pytest.mark.parametrize(
    ("growth", "used", "limit", "expected"),
    [
        (Growth(0, 0, 0), None, None, ""),
        (Growth(10, 10_240, 0), None, 0, ""),
        (
            Growth(1, 1024, 0), GB, None,
            "The room on the account is not known: MXroute did not report its limit at 09:00; 1.0 GB was used, and "
            "these quotas add 1.0 GB.",
        ),
        (
            Growth(1, 1024, 0), None, None,
            "The room on the account is not known: MXroute did not report its limit at 09:00, and these quotas add "
            "1.0 GB.",
        ),
        (
            Growth(1, 1024, 0), None, 10 * GB,
            "The room on the account is not known: MXroute did not report at 09:00 how much of its 10.0 GB is used, "
            "and these quotas add 1.0 GB.",
        ),
        (
            Growth(1, 10 * 1024, 0), None, 10 * GB,
            "The room on the account is not known: MXroute did not report at 09:00 how much of its 10.0 GB is used, "
            "and these quotas add 10.0 GB.",
        ),
        (
            Growth(1, 11 * 1024, 0), None, 10 * GB,
            "These quotas add 11.0 GB, more than the whole account may hold; MXroute did not report at 09:00 how much "
            "of its 10.0 GB is used.",
        ),
    ],
)  # fmt: skip
def test_an_unknown_figure_is_reported_before_a_run(
    growth: Growth, used: int | None, limit: int | None, expected: str
) -> None:
    assert capacity.storage(growth, used, limit, AT, AT + 60) == expected


@pytest.mark.parametrize(
    ("rows", "growth"),
    [
        ([], Growth()),
        ([created(1024), created(2048)], Growth(mailboxes=2, quota=3072)),
        ([created(0), created(512)], Growth(mailboxes=2, quota=512, unlimited=1)),
        ([updated(1024, 3072)], Growth(quota=2048)),
        ([updated(3072, 1024)], Growth()),
        ([updated(3072, 1024), updated(1, 2)], Growth(quota=1)),
        ([updated(1024, 0)], Growth(unlimited=1)),
        ([updated(1024, None)], Growth()),
        ([updated(None, 2048)], Growth()),
        ([PlannedRow.delete(0, 1, "kim", "a.nl", before={"quota": 4096})], Growth()),
    ],
)
def test_the_growth_of_rows_counts_only_what_they_add(rows: list[PlannedRow], growth: Growth) -> None:
    assert Growth.of(rows) == growth


def test_a_full_account_without_a_deadline_names_none() -> None:
    assert "MXroute gives until" not in capacity.storage(Growth(1, 1, 0), 11 * GB, 10 * GB, AT, AT)


def test_sizes_below_a_gigabyte_are_shown_in_megabytes() -> None:
    sentence = capacity.storage(Growth(1, 600, 0), GB // 2, GB, AT, AT)
    assert sentence.startswith("These quotas add 600 MB; the account has 512 MB free (512 MB of 1.0 GB used")


def test_figures_of_another_day_are_shown_with_their_day() -> None:
    assert "1.0 GB of 1.0 GB used at 3 May, 09:00" in capacity.storage(Growth(1, 1, 0), GB, GB, AT, AT + 86_400)


def test_a_full_plan_is_reported_only_before_mailboxes_are_created() -> None:
    assert capacity.plan_full(Growth(quota=1024, unlimited=1), AT, AT + 60) == ""
    assert capacity.plan_full(Growth(mailboxes=1), AT, AT + 60) == (
        "MXroute refused the last mailbox it was asked for, at 09:00: the plan was full. Raise it first, or the run "
        "pauses at its first rows; none is lost."
    )
