"""Texts of events: each code has one, with its figures, and without the markup or control characters of others."""

import pytest

from mxlib.core.events.notices import Way
from mxlib.core.events.vocabulary import Event, EventCode, Rule, Severity
from mxlib.core.text import events as texts

NOON = 1_800_000_000.0

#: Figures that any code may have.
FIGURES = {
    "used_kb": 950 * 1024, "quota_mb": 1000, "percent": 95, "sent": 2_300, "usual": 40, "limit": 9600,
    "used": 5 * 1024**3, "until": NOON + 86_400, "silent_s": 4 * 3_600,
    "ports": "IMAP", "rows": 12, "failed": 2, "people": 3,
    "age_s": 3 * 86_400, "browser": "Firefox on Windows", "address": "192.0.2.7", "breaks": 1, "why": "",
}  # fmt: skip


def text_of(code: EventCode, subject: str = "anna@a.nl", **figures: int | float | str) -> str:
    return texts.text(Event(Rule.WATCH, code, subject, 1, {**FIGURES, **figures}), NOON)


@pytest.mark.parametrize("code", EventCode)
def test_each_code_has_a_whole_sentence(code: EventCode) -> None:
    text = text_of(code)
    assert text[0].isupper() or text.startswith("anna@a.nl")
    assert text.endswith(".")
    assert "{" not in text


def test_figures_are_in_units_that_read_well() -> None:
    assert text_of(EventCode.MAILBOX_FULL).startswith(
        "anna@a.nl is full: 950 MB of 1,000 MB, 95 %. New mail to it bounces."
    )
    assert "2,300 messages today, usually 40" in text_of(EventCode.SENT_JUMP)
    assert text_of(EventCode.ACCOUNT_FULL, limit=10 * 1024**3).startswith(
        "The account's storage is used up: 5 GB of 10 GB, 95 %."
    )
    assert text_of(EventCode.RUN_FINISHED, "17") == (
        "Run 17 is finished: 12 rows, 2 failed. Its card on Jobs says why."
    )
    assert text_of(EventCode.RUN_FINISHED, "17", failed=0) == "Run 17 is finished: 12 rows."
    assert "nobody took those of 3 people" in text_of(EventCode.PASSWORDS_END_SOON, "17")


def test_a_person_who_was_erased_is_named_as_such() -> None:
    assert "with (erased) from (erased)" in text_of(EventCode.ADMIN_NEW_BROWSER, address="", browser="")


def test_a_deadline_in_the_words_of_mxroute_stays_one_line() -> None:
    assert "account: 4 Dec. Empty" in text_of(EventCode.ACCOUNT_GRACE, until="4 Dec\n\x1b")


def test_every_rule_severity_and_way_has_a_label() -> None:
    assert texts.RULES.keys() == {*Rule}
    assert texts.SEVERITIES.keys() == {*Severity}
    assert texts.WAYS.keys() == {*Way}
    assert len({*texts.RULES.values()}) == len(Rule)


def test_a_snooze_says_of_what_and_until_when() -> None:
    assert texts.snoozed("anna@a.nl", Rule.SEND_LIMIT, NOON) == "Snoozed until 15 Jan 2027: Near send limit, anna@a.nl."
    assert texts.snooze_ended("", Rule.HOST) == "Reported again: MXroute silent."
    assert texts.snooze_ended("17", Rule.PASSWORDS) == "Reported again: Passwords nobody took, run 17."


@pytest.mark.parametrize(
    ("notice", "due", "way", "expected"),
    [
        (7, NOON, Way.AT_ONCE, "Notice 7"),
        (None, NOON, Way.DIGEST, "Digest "),
        (None, NOON, Way.AT_ONCE, "Due "),
        (None, None, Way.SNOOZED, "Snoozed"),
    ],
)
def test_where_an_event_was_sent(notice: int | None, due: float | None, way: Way, expected: str) -> None:
    assert texts.sent_in(notice, due, way, NOON).startswith(expected)


@pytest.mark.parametrize(
    ("notice", "due", "way", "expected"),
    [
        (7, NOON, Way.DIGEST, "It is in notice 7."),
        (None, NOON + 60, Way.DIGEST, "It goes into the digest of "),
        (None, NOON + 60, Way.AT_ONCE, "Its notice goes out after the quiet hours, "),
        (None, NOON, Way.AT_ONCE, "It goes out at once."),
        (None, None, Way.REPEATED, "No notice: one about it went out within a week"),
    ],
)
def test_the_card_of_an_event_says_when_its_notice_is_due(
    notice: int | None, due: float | None, way: Way, expected: str
) -> None:
    assert texts.notified(notice, due, way, NOON).startswith(expected)


def test_each_code_has_a_title_with_its_subject_or_without() -> None:
    made = {code: texts.title(Event(Rule.WATCH, code, "anna@a.nl", 1)) for code in EventCode}
    assert len({*made.values()}) == len(EventCode)
    assert made[EventCode.MAILBOX_FULL] == "Mailbox full, anna@a.nl"
    assert made[EventCode.HOST_BACK] == "MXroute answers again"
    assert texts.title(Event(Rule.RUN, EventCode.RUN_NEEDS_YOU, "17", 1)) == "Run 17 needs you"
    assert texts.title(Event(Rule.TOKEN, EventCode.TOKEN_ENDS_SOON, "{x}", 1)) == "Token ends soon, {x}"
