"""Questions before an import starts, and notes on what changed meanwhile: each figure once, zeros left out."""

from dataclasses import replace
from datetime import datetime

import pytest

from mxlib.core.text import confirmations
from mxlib.core.text.confirmations import Confirmation

IMPORT = Confirmation("staff.csv", 6, {"a.nl": 2}, {"a.nl": 5}, seconds=60)


def at(month: int, day: int, year: int = 2026) -> float:
    return datetime(year, month, day, 12).timestamp()


@pytest.mark.parametrize(
    ("creates", "updates", "expected"),
    [
        (1, 0, "Create 1 mailbox"),
        (1_213, 0, "Create 1,213 mailboxes"),
        (0, 1, "Update 1 mailbox"),
        (0, 12, "Update 12 mailboxes"),
        (213, 1_200, "Create 213 mailboxes and update 1,200"),
    ],
)
def test_the_task_of_a_run_names_what_it_creates_and_updates(creates: int, updates: int, expected: str) -> None:
    assert confirmations.to_do(creates, updates) == expected


def test_each_domain_has_its_mailboxes_now_new_changed_and_after() -> None:
    figures = replace(
        IMPORT, creates={"a.nl": 2, "c.nl": 1}, updates={"a.nl": 3, "b.nl": 1}, existing={"a.nl": 5, "b.nl": 9}
    )
    assert [(each.domain, each.now, each.new, each.changed, each.after) for each in figures.domains] == [
        ("a.nl", 5, 2, 3, 7),
        ("b.nl", 9, 0, 1, 9),
        ("c.nl", None, 1, 0, None),
    ]
    assert (figures.new, figures.changed, figures.mailboxes) == (3, 4, 7)


def test_details_name_what_the_figures_do_not() -> None:
    figures = replace(IMPORT, unchanged=3, generated=2, seconds=600, behind_seconds=61)
    assert confirmations.details(figures) == (
        "staff.csv, 6 rows. Nothing to change: 3 rows as MXroute has them. 2 passwords generated. "
        "MXroute allows 20 changes a minute (2 more behind another run). You can close this tab."
    )
    assert confirmations.details(replace(IMPORT, file_name="")).startswith("6 rows added manually. ")


@pytest.mark.parametrize(
    ("kept_here", "sentence"),
    [
        (1, "1 row only changes a recovery email, which is kept here and costs no write."),
        (2, "2 rows only change a recovery email, which is kept here and costs no write."),
    ],
)
def test_rows_that_only_change_a_recovery_email_cost_no_write(kept_here: int, sentence: str) -> None:
    figures = replace(IMPORT, creates={}, updates={"a.nl": 2}, kept_here=kept_here)
    assert sentence in confirmations.details(figures)
    assert confirmations.time(figures) == ("1 minute" if kept_here == 1 else "At once")


@pytest.mark.parametrize(
    ("seconds", "behind", "expected"),
    [
        (60, 0, " a minute. "),
        (600, 61, "(2 more behind another run)"),
        (7_200, 61, "(2 minutes more behind another run)"),
        (60, 3_600, "(1 hour more behind another run)"),
    ],
)
def test_the_duration_includes_the_wait_behind_another_run(seconds: float, behind: float, expected: str) -> None:
    assert expected in confirmations.details(replace(IMPORT, seconds=seconds, behind_seconds=behind))


@pytest.mark.parametrize(
    ("mailboxes", "expected"),
    [
        (1, "1 mailbox would stop receiving mail: it holds more than its new quota."),
        (1_200, "1,200 mailboxes would stop receiving mail: they hold more than their new quota."),
    ],
)
def test_mailboxes_that_would_stop_receiving_mail_are_counted(mailboxes: int, expected: str) -> None:
    assert confirmations.stops_mail(mailboxes) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({}, ""),
        ({"unticked": 3}, "3 rows are excluded."),
        ({"invalid": 1}, "1 row has errors. It stays in a draft, to fix after the run."),
        (
            {"invalid": 35, "duplicates": 4, "exist": 1, "unticked": 2, "need_password": 1},
            "35 rows have errors, 4 are duplicates, 1 needs a password, 1 already exists and 2 are excluded. "
            "They stay in a draft, to fix after the run.",
        ),
    ],
)
def test_rows_that_are_not_included_are_counted_by_reason(rows: dict[str, int], expected: str) -> None:
    figures = replace(IMPORT, **rows)  # type: ignore[arg-type]
    assert confirmations.left_out(figures) == expected
    assert figures.not_included == sum(rows.values())


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(1, "Nothing to change: 1 row as MXroute has it."), (12, "Nothing to change: 12 rows as MXroute has them.")],
)
def test_rows_that_change_nothing_are_counted(rows: int, expected: str) -> None:
    assert confirmations.nothing_to_change(rows) == expected


@pytest.mark.parametrize(
    ("domains", "created", "updated", "expected"),
    [
        (["a.nl"], 3, 0, "staff.csv was imported into a.nl by kim on 3 May (run 41, 3 created)."),
        (["a.nl"], 3, 2, "staff.csv was imported into a.nl by kim on 3 May (run 41, 3 created, 2 updated)."),
        (["a.nl"], 0, 2, "staff.csv was imported into a.nl by kim on 3 May (run 41, 2 updated)."),
        ([], 0, 0, "staff.csv was imported by kim on 3 May (run 41, 0 created)."),
        (
            ["a.nl", "b.nl", "c.nl", "d.nl", "e.nl"],
            5,
            0,
            "staff.csv was imported into a.nl, b.nl, c.nl and 2 more domains by kim on 3 May (run 41, 5 created).",
        ),
    ],
)
def test_an_earlier_import_of_a_file_is_described(
    domains: list[str], created: int, updated: int, expected: str
) -> None:
    text = confirmations.imported_before("staff.csv", domains, "kim", at(5, 3), 41, created, at(6, 1), updated)
    assert text == expected


def test_an_import_that_another_tab_has_started_is_named() -> None:
    assert confirmations.same_import(41) == (
        "Run 41 imports the same rows. It was started while this question was open."
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (1, "1 row was ready and now is otherwise (Already exists); left out."),
        (1_200, "1,200 rows were ready and now are otherwise (Already exists); left out."),
    ],
)
def test_rows_that_are_no_longer_ready_are_counted_with_their_verdict(rows: int, expected: str) -> None:
    assert confirmations.changed_meanwhile(rows, "exists") == expected


@pytest.mark.parametrize(
    ("mailboxes", "was", "now", "expected"),
    [
        (
            1,
            "quota 500",
            "quota 1024",
            "1 mailbox changed at MXroute meanwhile: jan@a.nl, quota 500, is now quota 1024.",
        ),
        (2, "", "quota 1024", "2 mailboxes changed at MXroute meanwhile: jan@a.nl, new, is now quota 1024."),
        (2, "quota 500", "", "2 mailboxes changed at MXroute meanwhile: jan@a.nl, quota 500, is now new."),
    ],
)
def test_the_first_mailbox_that_changed_meanwhile_is_shown(mailboxes: int, was: str, now: str, expected: str) -> None:
    assert confirmations.differs_meanwhile(mailboxes, "jan@a.nl", was, now) == expected


@pytest.mark.parametrize(
    ("changes", "unread", "expected"),
    [
        ([], [], "Read from MXroute again: nothing changed."),
        (["1 row was ready.", "Another."], [], "Read from MXroute again: 1 row was ready. Another."),
        (
            [],
            ["a.nl", "b.nl"],
            "a.nl and b.nl could not be read from MXroute just now: what is shown is by the list before.",
        ),
        (
            ["Another."],
            ["a.nl"],
            "a.nl could not be read from MXroute just now: what is shown is by the list before. "
            "Read from MXroute again: Another.",
        ),
    ],
)
def test_a_second_reading_says_what_changed_and_what_could_not_be_read(
    changes: list[str], unread: list[str], expected: str
) -> None:
    assert confirmations.rechecked(changes, unread) == expected


def test_a_domain_that_cannot_be_read_is_a_warning_before_the_preview_and_delays_the_start() -> None:
    assert confirmations.not_checked("a.nl") == (
        "Could not check a.nl for existing mailboxes; one that exists will be skipped."
    )
    assert confirmations.start_waits("a.nl") == (
        "a.nl could not be read from MXroute just now. The start waits for MXroute: try again in a minute."
    )


@pytest.mark.parametrize(
    ("exist", "expected"),
    [(0, "Nothing to import yet."), (1, "It exists: update it?"), (1_200, "All 1,200 exist: update them?")],
)
def test_without_a_ready_row_it_is_said_why(exist: int, expected: str) -> None:
    assert confirmations.nothing_to_import(exist) == expected
