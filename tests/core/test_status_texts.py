"""Texts of locks, dated deletions and the line about MXroute: who, when, why, and what to do."""

import pytest

from mxlib.core.dated_deletions import AskCode, AskReason
from mxlib.core.format import clock_time
from mxlib.core.host_status import HostState, HostStatus
from mxlib.core.locks import Lock
from mxlib.core.reasons import Reason
from mxlib.core.text import dated_deletions, host_status, locks
from mxlib.core.vocabulary import PauseCode, RowReason

NOW = 1_767_000_000.0
KIM = "kim@a.nl"


@pytest.mark.parametrize(("reason", "end"), [("left on Friday", " by jo: left on Friday"), ("", " by jo.")])
def test_a_lock_says_since_when_by_whom_and_why(reason: str, end: str) -> None:
    text = locks.state(Lock(NOW - 60, "jo", reason), NOW)
    assert text.startswith("Locked ")
    assert text.endswith(end)


@pytest.mark.parametrize(
    "text",
    [
        locks.refuses_password(KIM), locks.being_locked(KIM), locks.not_locked(KIM),
        locks.not_yet(KIM, 12), locks.password_under_way(KIM, 0.2),
    ],
)  # fmt: skip
def test_a_refusal_by_a_lock_names_the_mailbox_and_what_to_do(text: str) -> None:
    assert KIM in text
    assert text.count(". ") >= 1 or "MXM sends" in text


def test_a_short_wait_is_rounded_up() -> None:
    assert locks.password_under_way(KIM, 0.2).endswith("Try again in 1 minute.")


def test_a_dated_deletion_says_when_and_for_whom() -> None:
    text = dated_deletions.waits(KIM, NOW + 30 * 86_400, "jo", NOW - 60, NOW)
    assert text.startswith(f"{KIM} will be deleted on ")
    assert "jo asked for that" in text


def test_a_deletion_that_asks_says_why_and_offers_both_ways() -> None:
    why = dated_deletions.why(AskReason(AskCode.SENT, {"messages": 3, "at": NOW}))
    text = dated_deletions.asks(KIM, why, "jo", NOW - 60, NOW)
    assert "Nothing was done: it sent 3 messages on " in text
    assert text.endswith("Delete it now, or call it off.")


@pytest.mark.parametrize(("locked", "stays"), [(True, True), (False, False)])
def test_calling_off_says_whether_the_mailbox_stays_locked(locked: bool, stays: bool) -> None:
    assert ("It stays locked" in dated_deletions.called_off(KIM, locked=locked)) is stays


@pytest.mark.parametrize(("number", "are"), [(1, "1 dated deletion is held"), (3, "3 dated deletions are held")])
def test_a_hold_counts_what_it_holds(number: int, are: str) -> None:
    assert dated_deletions.on_hold(number).startswith(are)


def test_refusals_of_dated_deletions_say_what_to_do() -> None:
    assert dated_deletions.none(KIM).endswith("there is nothing to call off.")
    assert "365 days ahead at most: name an earlier one." in dated_deletions.too_far(365)


@pytest.mark.parametrize("code", AskCode)
def test_every_code_of_why_a_deletion_asks_has_its_text(code: AskCode) -> None:
    figures = {
        AskCode.SENT: {"messages": 3, "at": NOW}, AskCode.NOT_ALLOWED: {"domain": "a.nl"},
        AskCode.EARLIER: {"text": "it was odd"},
        AskCode.NOT_DONE: AskReason.not_done(Reason.of(RowReason.NO_ANSWER, tries=3)).figures,
    }.get(code, {})  # fmt: skip
    said = dated_deletions.why(AskReason.stored(code.value, figures))
    assert said
    assert not said.endswith(".")
    assert said == "it was odd" if code is AskCode.EARLIER else "odd" not in said


def test_a_text_of_an_earlier_release_stays_as_it_is() -> None:
    assert dated_deletions.why(AskReason.stored("it sent mail", {})) == "it sent mail"
    assert dated_deletions.why(AskReason.stored("", {})) == ""


def status(**facts: object) -> HostStatus:
    known: dict[str, object] = {"state": HostState.ANSWERS, "since": None, "writes": None, "rows_waiting": 0}
    known |= {"paused": None, "moving": None} | facts
    return HostStatus(**known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({"writes": (18, 20)}, "MXroute's API answers · 18 of 20 changes left this minute"),
        ({"state": HostState.SILENT, "rows_waiting": 40}, "No answer from MXroute · 40 rows waiting"),
        ({"state": HostState.SILENT, "since": NOW}, f"No answer since {clock_time(NOW)}"),
        ({"paused": (12, PauseCode.KEY_REFUSED)}, "Run 12 paused: key refused"),
        ({"paused": (12, None)}, "Run 12 paused"),
        ({"state": HostState.KEY_REFUSED}, "MXroute rejects the API key"),
    ],
)
def test_the_line_about_mxroute_says_first_what_hinders_most(facts: dict[str, object], line: str) -> None:
    assert host_status.line(status(**facts)) == line
