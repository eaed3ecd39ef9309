"""Texts about runs: titles, progress, waits, pauses, and the question before an undo."""

from datetime import datetime

import pytest

from mxlib.core.text import labels, run_status, undo_questions
from mxlib.core.vocabulary import Outcome, RunKind


def at(month: int, day: int, hour: int = 12, minute: int = 0, year: int = 2026) -> float:
    return datetime(year, month, day, hour, minute).timestamp()


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("update", "Update"),
        ("unchanged", "No change"),
        ("ready", "Ready"),
        ("exists", "Already exists"),
        ("needs_password", "Needs password"),
    ],
)
def test_a_row_of_the_preview_is_labelled_by_its_verdict_or_by_what_it_does(value: str, label: str) -> None:
    assert labels.kind(value) == label


@pytest.mark.parametrize("value", ["", "Ready", "created"])
def test_an_unknown_verdict_has_no_label(value: str) -> None:
    with pytest.raises(ValueError, match="not a valid Verdict"):
        labels.kind(value)


def test_every_kind_of_run_and_every_outcome_has_a_label_of_its_own() -> None:
    assert [labels.run_kind(kind) for kind in RunKind] == ["Import", "Change", "Deletion", "Undo", "Send links"]
    shown = [labels.outcome(outcome) for outcome in Outcome]
    assert len(set(shown)) == len(Outcome)
    assert not any("_" in label or label[0].islower() for label in shown)


@pytest.mark.parametrize(
    ("kind", "file_name", "rows", "undo_of", "title"),
    [
        ("import", "staff.xlsx", 12, None, "Import of 24 Nov, staff.xlsx"),
        ("import", "", 12, None, "Import of 24 Nov, rows added manually"),
        ("change", "Change quota", 1, None, "Change quota, 24 Nov (1 mailbox)"),
        ("change", "", 1_200, None, "Change, 24 Nov (1,200 mailboxes)"),
        ("links", "", 57, None, "Links to 57 people, 24 Nov"),
        ("delete", "Delete mailboxes", 12, None, "Delete mailboxes, 24 Nov (12 mailboxes)"),
        ("delete", "", 2, None, "Deletion, 24 Nov (2 mailboxes)"),
        ("undo", "staff.xlsx", 12, 41, "Undo of run 41, staff.xlsx"),
        ("undo", "", 12, 41, "Undo of run 41"),
    ],
)
def test_a_run_is_titled_by_its_kind_and_file(
    kind: str, file_name: str, rows: int, undo_of: int | None, title: str
) -> None:
    assert labels.run_title(kind, file_name, rows, at(11, 24), undo_of) == title


def test_outcomes_are_counted_in_a_fixed_order_without_zeros_and_open_rows() -> None:
    counts = {"failed": 1, "waiting": 5, "sending": 1, "created": 1_200, "skipped": 0, "unchanged": 2}
    assert run_status.counted(counts) == "1,200 created, 2 unchanged, 1 failed"
    assert run_status.counted({"waiting": 3}) == ""


@pytest.mark.parametrize(
    ("behind", "rows", "expected"),
    [
        ((), 2, "Another run writes to the same domain. This one starts by itself when that ends; 2 rows waiting, "),
        ((41,), 1, "Run 41 writes to the same domain. This one starts by itself when that ends; 1 row waiting, "),
        (
            (41, 42, 43),
            2,
            "Runs 41, 42 and 43 come first: they write to the same domains. This one starts by itself; "
            "2 rows waiting, ",
        ),
    ],
)
def test_a_queued_run_names_the_runs_before_it(behind: tuple[int, ...], rows: int, expected: str) -> None:
    assert run_status.queued(rows, behind) == f"{expected}nothing lost."


def test_a_queued_run_says_when_its_turn_comes() -> None:
    at_two = at(5, 3, 14, 2)
    assert "This one starts by itself when that ends, about 14:02; 2 rows waiting" in run_status.queued(2, (), at_two)
    assert "This one starts by itself, about 14:02; 2 rows waiting" in run_status.queued(2, (41, 42), at_two)


def test_a_silent_host_is_named_with_the_time_since_when() -> None:
    since = at(5, 3, 9, 2)
    assert run_status.silent_since(since) == (
        "MXroute has not answered since 09:02. Runs wait, and go on by themselves when it does."
    )
    assert run_status.host_silent(since, -4.0, 1) == (
        "MXroute has not answered since 09:02. Next try in 0 s; 1 row waiting, nothing lost."
    )


FINISHED = "3 mailboxes created."


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({}, ""),
        ({"readable_until": at(11, 29)}, " Passwords not downloaded yet; MXM's copy is kept until 29 Nov."),
        ({"readable_until": at(11, 29), "downloaded": True}, " Passwords downloaded; MXM's copy is kept until 29 Nov."),
        (
            {"readable_until": at(11, 29), "locked": True},
            " Its passwords cannot be read: the server's key is another one. Bring that back, or reset them.",
        ),
        (
            {"readable_until": at(11, 29), "locked": True, "handed_over": True},
            " MXM's copy of the passwords is erased.",
        ),
        ({"handed_over": True, "erasing": True}, f" {run_status.PASSWORDS_ERASING}"),
    ],
)
def test_a_finished_run_gives_one_state_of_its_passwords_the_most_final_one(
    state: dict[str, float | bool], sentence: str
) -> None:
    assert run_status.finished({"created": 3}, **state) == FINISHED + sentence  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("differences", "difference", "expected"),
    [
        (0, "", ": everything matches."),
        (0, "limit is 9,600 instead of 500", ": everything matches."),
        (1, "limit is 9,600 instead of 500", ". 1 differs: limit is 9,600 instead of 500."),
        (1_200, "", ". 1,200 differ."),
    ],
)
def test_a_finished_run_says_how_many_mailboxes_differ(differences: int, difference: str, expected: str) -> None:
    text = run_status.finished(
        {"created": 3}, checked_at=at(1, 1, 10, 43), differences=differences, difference=difference
    )
    assert text == f"{FINISHED} Checked against MXroute at 10:43{expected}"


def test_a_paused_run_names_the_operator() -> None:
    assert run_status.paused_by("kim") == "kim pressed Pause. Resume to go on."


def test_a_message_of_the_host_is_shown_on_one_line_and_cut() -> None:
    text = run_status.plan_full("limit\x00\nreached " + "x" * 300)
    assert text.startswith("MXroute: 'limit reached x")
    assert text.endswith("…'. Raise the plan, then Resume.")
    assert len(text) < 250


def test_a_lost_permission_is_named_with_the_run() -> None:
    assert run_status.no_longer_allowed(41) == (
        "Run 41 has mailboxes in domains where you may not do this today. Ask an admin for the permission."
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(1, "1 row of other domains is not shown."), (1_200, "1,200 rows of other domains are not shown.")],
)
def test_hidden_rows_are_counted(rows: int, expected: str) -> None:
    assert run_status.hidden_rows(rows) == expected


def test_the_question_before_passwords_are_erased_names_their_last_day() -> None:
    assert run_status.erase_question(at(11, 29)) == (
        "MXM's copy of the passwords is kept until 29 Nov. "
        "Erasing it cannot be undone. The mailboxes' passwords keep working."
    )


@pytest.mark.parametrize(
    ("file_name", "until", "expected"),
    [
        ("staff.csv", at(5, 3, 18), "The passwords of run 41 (staff.csv) end 18:00. Download or extend them."),
        ("", at(5, 4, 18), "The passwords of run 41 end 4 May, 18:00. Download or extend them."),
        ("", at(1, 4, 18, year=2027), "The passwords of run 41 end 4 Jan 2027, 18:00. Download or extend them."),
    ],
)
def test_passwords_that_end_soon_are_named_with_the_time(file_name: str, until: float, expected: str) -> None:
    assert run_status.passwords_end_soon(41, file_name, until, at(5, 3, 9)) == expected


def undo(unused: int, **figures: int) -> str:
    return undo_questions.undo("a.csv", unused, seconds=60, **figures)  # type: ignore[arg-type]


LOOKED_AT = "Each mailbox is checked again first. About 1 minute."


@pytest.mark.parametrize(
    ("restored", "values", "expected"),
    [
        (1, ["quota"], "Put quota of 1 mailbox back to what a.csv found?"),
        (12, ["quota", "limit", "name"], "Put quota, limit and name of 12 mailboxes back to what a.csv found?"),
    ],
)
def test_an_undo_that_deletes_nothing_asks_to_put_values_back(restored: int, values: list[str], expected: str) -> None:
    text = undo_questions.undo("a.csv", 0, seconds=60, restored=restored, values=values)
    assert text == f"{expected} {LOOKED_AT} Type {restored}."


@pytest.mark.parametrize(
    ("restored", "expected"),
    [
        (1, "1 that it changed gets its old quota and recovery email again."),
        (1_200, "1,200 that it changed get their old quota and recovery email again."),
    ],
)
def test_an_undo_that_also_deletes_is_confirmed_with_the_number_of_deletions(restored: int, expected: str) -> None:
    assert undo(3, restored=restored) == (
        f"Delete 3 unused mailboxes made from a.csv? This cannot be undone. {expected} {LOOKED_AT} Type 3."
    )


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ({"changed": 1}, "1 is kept: 1 was changed since."),
        ({"lasting": 1}, "1 is kept: 1 has a new password, which cannot be put back."),
        (
            {"changed": 2, "lasting": 3, "hold_mail": 1, "sent_today": 1},
            "7 are kept: 1 holds mail, 1 sent today, 2 were changed since, 3 have new passwords, which cannot be put "
            "back.",
        ),
        ({"gone": 1}, "1 is gone already."),
        ({"gone": 1_200}, "1,200 are gone already."),
        ({"sent_today": 2, "gone": 1}, "2 are kept: 2 sent today. 1 is gone already."),
    ],
)
def test_an_undo_gives_the_reasons_for_what_it_leaves(kept: dict[str, int], expected: str) -> None:
    assert undo(0, **kept) == f"Nothing of a.csv can be undone. {expected}"
    assert expected in undo(3, **kept)


@pytest.mark.parametrize(
    ("typed", "deletes", "expected"),
    [
        (1, 1, "1 mailbox would be deleted now. Type 1 to confirm."),
        (12, 3, "12 mailboxes would be deleted now. Type 12 to confirm."),
        (12, 0, "12 mailboxes would be put back now. Type 12 to confirm."),
    ],
)
def test_an_undo_with_another_number_is_asked_for_again(typed: int, deletes: int, expected: str) -> None:
    assert undo_questions.confirm_undo(typed, deletes) == expected


def test_a_refused_undo_says_who_may_do_it() -> None:
    assert undo_questions.undo_not_allowed(41) == (
        "To undo run 41 you need the permission to delete in all its domains; the person who started it may also undo "
        "it within 24 hours of its end. Ask an admin."
    )
