"""Texts for users, compared word for word with the examples that set their tone."""

from datetime import datetime

import pytest

from mxlib.core import format
from mxlib.core.text import confirmations, file_problems, labels, list_ages, run_status, store_problems, undo_questions
from mxlib.core.vocabulary import Verdict


def at(month: int, day: int, hour: int = 12, minute: int = 0, year: int = 2026) -> float:
    return datetime(year, month, day, hour, minute).timestamp()


def test_a_file_imported_before_is_named_with_run_and_day():
    assert confirmations.imported_before("staff.xlsx", ("clienta.nl",), "ops2@agency.example", at(5, 3), 41, 210) == (
        "staff.xlsx was imported into clienta.nl by ops2@agency.example on 3 May (run 41, 210 created)."
    )


def test_a_file_imported_last_year_is_named_with_the_year():
    expected = confirmations.imported_before("a.csv", [], "ops", at(5, 3), 4, 0, updated=3)
    assert expected == "a.csv was imported by ops on 3 May (run 4, 3 updated)."
    expected = confirmations.imported_before("a.csv", ["a.nl", "b.nl"], "ops", at(5, 3, year=2025), 4, 1, now=at(1, 1))
    assert expected == "a.csv was imported into a.nl and b.nl by ops on 3 May 2025 (run 4, 1 created)."


def test_a_running_run_shows_its_progress():
    counts = {"created": 84, "skipped": 1, "failed": 1, "waiting": 127}
    assert run_status.running(counts, 213, 370.0) == (
        "86 of 213: 84 created, 1 skipped, 1 failed. About 7 minutes left."
    )
    assert run_status.running({"waiting": 213}, 213) == "0 of 213."


def test_waiting_for_the_rate_limit_asks_for_no_action():
    assert run_status.waiting(33.6) == "Waiting 34 s: MXroute allows 20 changes a minute."
    assert run_status.waiting(0.2) == "Waiting 1 s: MXroute allows 20 changes a minute."


def test_a_silent_host_is_reported_with_the_number_of_waiting_rows():
    assert run_status.host_silent(at(1, 1, 9, 2), 60, 127) == (
        "MXroute has not answered since 09:02. Next try in 60 s; 127 rows waiting, nothing lost."
    )


def test_a_finished_run_accounts_for_every_row():
    counts = {"created": 210, "skipped": 30, "failed": 1}
    until = at(11, 29)
    assert run_status.finished(
        counts,
        checked_at=at(1, 1, 10, 43),
        differences=2,
        difference="limit is 9,600 instead of 500",
        readable_until=until,
    ) == (
        "210 mailboxes created. 30 rows skipped. 1 row failed. Checked against MXroute at 10:43. "
        "2 differ, the first: limit is 9,600 instead of 500. Passwords not downloaded yet; "
        "MXM's copy is kept until 29 Nov."
    )
    assert run_status.finished({"created": 1}, checked_at=at(1, 1, 10, 43), readable_until=until, downloaded=True) == (
        "1 mailbox created. Checked against MXroute at 10:43: everything matches. "
        "Passwords downloaded; MXM's copy is kept until 29 Nov."
    )
    assert run_status.finished({"created": 1, "not_attempted": 2}, readable_until=until, handed_over=True) == (
        "1 mailbox created. 2 rows not attempted. MXM's copy of the passwords is erased."
    )


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (run_status.KEY_REFUSED, "MXroute rejected the API key. Correct MX_API_KEY, restart, then Resume."),
        (run_status.plan_full("limit of accounts reached"), "MXroute: 'limit of accounts reached'. Raise the plan, then Resume."),  # noqa: E501
        (run_status.SILENT_TOO_LONG, "No answer for 2 hours. Resume when MXroute is back."),
        (store_problems.DISK_FULL, "The disk of this server is full. Free space: runs then go on by themselves."),
    ],
)  # fmt: skip
def test_a_paused_run_shows_the_cause_and_the_next_step(reason: str, expected: str):
    assert run_status.paused(127, reason) == f"Paused: {expected} 127 rows waiting, nothing lost."


def test_one_waiting_row_is_in_the_singular():
    assert run_status.paused(1, store_problems.DISK_FULL).endswith(" 1 row waiting, nothing lost.")


def test_the_undo_question_counts_deleted_and_kept_mailboxes():
    assert undo_questions.undo("staff.xlsx", 198, hold_mail=9, sent_today=3, seconds=600) == (
        "Delete 198 unused mailboxes made from staff.xlsx? This cannot be undone. 12 are kept: 9 hold mail, "
        "3 sent today. Each mailbox is checked again first. About 10 minutes. Type 198."
    )
    assert undo_questions.undo("a.csv", 1, hold_mail=1, seconds=1) == (
        "Delete 1 unused mailbox made from a.csv? This cannot be undone. 1 is kept: 1 holds mail. "
        "Each mailbox is checked again first. About 1 minute. Type 1."
    )
    assert undo_questions.undo("a.csv", 1200, seconds=3600).endswith("About 1 hour. Type 1200.")


def test_an_old_list_shows_its_age():
    now = at(5, 3, 9, 1)
    assert list_ages.old_list(at(5, 3, 8, 14), now) == (
        "MXroute does not answer. This is the list of 08:14 (47 minutes old). "
        "Preview works; the start waits for MXroute."
    )
    assert "This is the list of 1 May, 08:14 (2 days old)." in list_ages.old_list(at(5, 1, 8, 14), now)


def test_the_age_of_a_list_is_shown_even_before_the_first_read():
    assert list_ages.read_ago(at(1, 1, 10, 0), at(1, 1, 10, 47)) == "Updated 47 minutes ago"
    assert list_ages.read_ago(100.0, 159.0) == "Updated just now"
    assert list_ages.read_ago(None, 0.0) == "Not read yet."


def test_each_refused_file_has_a_short_message():
    assert file_problems.open_quote("staff.csv", 212) == "staff.csv: a quote opens in line 212 and never closes."
    assert (
        file_problems.no_address_column(["name", "phone"])
        == "We found no usernames or addresses. The columns are: name, phone."
    )
    assert (
        file_problems.no_address_column(["jan", "Geheim.2026x"])
        == "We found no usernames or addresses. The columns are: jan, ••••••••."
    )
    assert file_problems.two_columns("user", "username", "usernames") == (
        "Both 'user' and 'username' hold usernames. Remove or ignore one."
    )
    assert file_problems.file_empty() == "The file is empty."
    assert file_problems.header_only() == "The file has a header and no rows."
    assert file_problems.not_a_table("a picture") == "This is a picture, not a table: a CSV or .xlsx is needed."
    assert file_problems.too_large(12_400_000, 10_000_000) == "12.4 MB; the limit is 10 MB."


def test_verdicts_and_outcomes_have_labels():
    assert [labels.verdict(kind) for kind in Verdict] == [
        "Error",
        "Duplicate",
        "Already exists",
        "Needs password",
        "Ready",
    ]
    assert labels.verdict("needs_password") == "Needs password"
    assert labels.outcome("not_attempted") == "Not attempted"


def test_a_quoted_cell_is_short_and_fits_on_one_line():
    assert format.quoted("jan\x00 \n\u202ejansen\x1b[31m") == "'jan  jansen[31m'"
    assert format.quoted("x" * 41) == "'" + "x" * 39 + "…'"
    assert format.quoted("x" * 40) == "'" + "x" * 40 + "'"
    assert len(format.quoted("\u200b" * 1_000_000)) < 50


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "1 minute"), (61, "2 minutes"), (3600, "1 hour"), (3601, "1 hour 1 minute"), (30_000, "8 hours 20 minutes")],
)
def test_durations_are_rounded_up(seconds: float, expected: str):
    assert format.duration(seconds) == expected


def test_lists_are_joined_with_and_and_long_ones_are_counted():
    assert format.listed(["a"]) == "a"
    assert format.listed(["a", "b", "c"]) == "a, b and c"
    assert format.listed(list("abcdef"), most=4, noun="more domains") == "a, b, c and 3 more domains"


@pytest.mark.parametrize(
    ("wait", "rest"),
    [
        (0.0, ""),
        (0.9, ""),
        (1.0, " Its limit of reads is reached: going on in 1 s."),
        (33.2, " Its limit of reads is reached: going on in 34 s."),
    ],
)
def test_reading_many_lists_shows_progress_and_a_wait_worth_mentioning(wait: float, rest: str):
    assert list_ages.reading_lists(3, 1_200, wait) == f"Reading 3 of 1,200 domains from MXroute…{rest}"


@pytest.mark.parametrize(
    ("domains", "expected"),
    [
        (["a.nl"], "Left out, since you may not export from it: a.nl."),
        (["a.nl", "b.nl", "c.nl"], "Left out, since you may not export from them: a.nl, b.nl and c.nl."),
    ],
)
def test_an_export_names_the_domains_that_the_caller_may_not_export(domains: list[str], expected: str):
    assert list_ages.not_exported(domains) == expected


def test_an_export_of_all_domains_names_the_missing_and_the_old_lists():
    assert list_ages.export_lacks("a.nl") == "Not in this file: a.nl. MXroute does not answer."
    assert list_ages.export_lacks("a.nl", "The key is refused.") == "Not in this file: a.nl. The key is refused."
    assert list_ages.export_is_old("a.nl", at(5, 1, 8, 14), at(5, 3, 9, 1)) == (
        "a.nl is the list of 1 May, 08:14 (2 days old): MXroute did not give a newer one."
    )


@pytest.mark.parametrize(
    ("file_name", "rows", "domains", "expected"),
    [
        ("staff.csv", 241, ["a.nl"], "staff.csv: 241 rows for a.nl, last edited 3 hours ago by kim."),
        ("", 1, [], "Rows added manually: 1 row, last edited 3 hours ago by kim."),
        (
            "staff.csv",
            1_200,
            ["a.nl", "b.nl", "c.nl", "d.nl", "e.nl"],
            "staff.csv: 1,200 rows for a.nl, b.nl, c.nl and 2 more domains, last edited 3 hours ago by kim.",
        ),
    ],
)
def test_a_draft_is_described_by_its_source_its_rows_and_its_domains(
    file_name: str, rows: int, domains: list[str], expected: str
):
    assert file_problems.draft(file_name, rows, domains, "kim", 3 * 3600) == expected


def test_pasted_rows_are_counted_with_the_columns_they_were_read_as():
    assert file_problems.rows_pasted(1, ["username"]) == "1 row added on top, read as username. Undo takes it back."
    assert file_problems.rows_pasted(1_200, ["username", "quota"]) == (
        "1,200 rows added on top, read as username and quota. Undo takes them back."
    )
    assert file_problems.columns_not_named(3) == (
        "3 columns without a header. Put a line above that names them: username, password, quota."
    )


@pytest.mark.parametrize(
    ("changed", "deleted", "expected"),
    [
        (0, 0, "Nothing to change in these rows."),
        (1, 0, "1 row changed."),
        (1_200, 0, "1,200 rows changed."),
        (0, 1, "1 row deleted."),
        (0, 2, "2 rows deleted."),
    ],
)
def test_a_bulk_edit_counts_what_it_did(changed: int, deleted: int, expected: str):
    assert file_problems.bulk_edited(changed, deleted) == expected


@pytest.mark.parametrize("found", [[], ["", " "]])
def test_a_file_without_any_header_has_no_columns_to_name(found: list[str]):
    assert file_problems.no_address_column(found) == "We found no usernames or addresses."


def test_passwords_taken_for_headers_are_masked_in_refusals():
    assert file_problems.two_columns("Kroket-2026a", "pass", "passwords") == (
        "Both '••••••••' and 'pass' hold passwords. Remove or ignore one."
    )
    assert "Kroket" not in file_problems.no_address_column(["jan:Kroket-2026a", "Kroket-2026a"])
