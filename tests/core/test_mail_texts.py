"""Texts about mails and about handing over: what happened, and what to do next, in whole sentences."""

import pytest

from mxlib.core.mails import MailProblem, MailStatus
from mxlib.core.text import handover, mails
from mxlib.core.vocabulary import HandOverWay

NOW = 1_767_000_000.0


@pytest.mark.parametrize("kind", MailProblem)
def test_a_failed_try_says_why_and_keeps_the_words_of_the_server(kind: MailProblem) -> None:
    assert "451 try later" in mails.problem(kind, 451, "try later")
    if kind is not MailProblem.ANSWERED:
        assert mails.problem(kind, 0, "").endswith(".")


@pytest.mark.parametrize(
    ("status", "next_at", "text"),
    [
        (MailStatus.WAITING, None, "No answer. Waits for its turn."),
        (MailStatus.WAITING, NOW - 1, "No answer. Waits for its turn."),
        (MailStatus.REFUSED, None, "No answer. It is not tried again."),
        (MailStatus.NOT_DELIVERED, None, "Given up after 12 tries. No answer."),
    ],
)
def test_the_result_of_a_mail_says_whether_it_is_tried_again(
    status: MailStatus, next_at: float | None, text: str
) -> None:
    assert mails.result(status, "No answer.", next_at=next_at, tries=12, ended_at=NOW, now=NOW) == text


@pytest.mark.parametrize(
    ("status", "beginning"),
    [
        (MailStatus.SENT, "Accepted by the server, "),
        (MailStatus.CAUGHT, "Would have left, "),
        (MailStatus.DISCARDED, "Discarded, "),
    ],
)
def test_the_result_of_an_ended_mail_says_when(status: MailStatus, beginning: str) -> None:
    text = mails.result(status, "", next_at=None, tries=1, ended_at=None, now=NOW)
    assert text.startswith(beginning)
    assert text.endswith(".")


def test_a_later_try_has_a_time() -> None:
    text = mails.result(MailStatus.WAITING, "No answer.", next_at=NOW + 900, tries=1, ended_at=None, now=NOW)
    assert text.startswith("No answer. Next try ")


@pytest.mark.parametrize("status", MailStatus)
def test_a_test_mail_names_its_recipient(status: MailStatus) -> None:
    text = mails.test_result("kim@agency.example", status, "No answer.")
    assert "kim@agency.example" in text
    assert ("No answer." in text) == (status not in {MailStatus.SENT, MailStatus.CAUGHT})


@pytest.mark.parametrize(
    ("number", "why", "text"),
    [
        (1, "No answer.", "1 mail has not left for 2 hours. No answer."),
        (3, "", "3 mails have not left for 2 hours. Nothing tries to send them: restart MXM."),
    ],
)
def test_stuck_mail_says_for_how_long_and_why(number: int, why: str, text: str) -> None:
    assert mails.stuck(number, NOW - 7_200, why, NOW) == text


def test_a_recipient_without_an_address_is_refused_with_an_example() -> None:
    assert mails.not_an_address("kim").startswith("kim is not an email address. Type one such as ")
    assert mails.not_an_address("").startswith("Blank is not an email address.")


def test_the_pace_names_its_setting() -> None:
    assert mails.paced(100) == "100 mails an hour at most (MXM_MAILS_PER_HOUR)"


@pytest.mark.parametrize(
    ("left", "words"), [(86_400 * 3 + 5, "for 3 more days, until "), (3_600, "for less than a day, until ")]
)
def test_the_copy_says_how_long_it_is_kept(left: float, words: str) -> None:
    text = handover.kept_for(12, 60, NOW + left, NOW)
    assert text.startswith("12 of 60 handed over. MXM's copy is kept ")
    assert words in text


@pytest.mark.parametrize("way", sorted({*handover.WAYS} - {HandOverWay.MESSAGE, HandOverWay.OTHER}))
def test_an_offer_to_mark_people_counts_what_was_taken(way: HandOverWay) -> None:
    assert handover.offer(1, way).endswith(" taken; 1 person has no mark yet. Do they have the password?")
    assert handover.offer(60, way).endswith(" taken; 60 people have no mark yet. Do they have the password?")


def test_lost_passwords_are_counted_before_they_are_erased() -> None:
    assert handover.not_agreed(1) == "1 password was never taken. Erase the only copy. Tick that first."
    assert handover.never_taken(60).startswith("60 passwords were never taken.")


@pytest.mark.parametrize(("number", "begins"), [(0, ""), (1, "1 person is not"), (5, "5 people are not")])
def test_people_without_a_mark_are_counted_before_an_erasure(number: int, begins: str) -> None:
    text = handover.waiting(number)
    assert text.startswith(begins)
    assert bool(text) == bool(number)


def test_the_audit_log_names_a_few_of_many_people() -> None:
    people = [f"p{number}@a.nl" for number in range(12)]
    text = handover.marked(people, HandOverWay.LETTER)
    assert text.startswith("12 passwords, Letter: p0@a.nl, ")
    assert "p11@a.nl" not in text
    assert handover.marked(people[:1]) == "1 password: p0@a.nl"


def test_a_test_mail_that_was_caught_is_read_on_the_outbox_from_wherever_it_was_sent() -> None:
    said = mails.test_result("kim@agency.example", MailStatus.CAUGHT, "")
    assert said == "The test mail to kim@agency.example would have left. Read it on Outbox."
