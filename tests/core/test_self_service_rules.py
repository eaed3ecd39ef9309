"""The rules of self-service reset: limits, one size for every request, mails an hour, codes and words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core import self_service as rules
from mxlib.core.links import LinkRefusal
from mxlib.core.mails import MailStatus
from mxlib.core.self_service import Counts, Mailed, ResetOutcome
from mxlib.core.text import self_service as texts

NOW = 1_790_000_000.0


@given(st.text(max_size=400))
def test_every_request_has_one_size_and_keeps_its_address(address: str) -> None:
    content = rules.padded(address)
    assert len(content) == 2 + rules.MAX_ADDRESS_BYTES
    fits = len(address.strip().encode(errors="replace")) <= rules.MAX_ADDRESS_BYTES
    kept = address.strip().encode(errors="replace").decode()
    assert rules.unpadded(content) == (kept if fits else "")


@pytest.mark.parametrize("field", ["waiting", "of_address", "in_all", "of_network"])
def test_a_request_over_any_limit_is_over(field: str) -> None:
    most = {
        "waiting": rules.MAX_WAITING, "of_address": rules.MAX_OF_ADDRESS, "in_all": rules.MAX_IN_ALL,
        "of_network": rules.MAX_OF_NETWORK,
    }  # fmt: skip
    assert not Counts(**most).is_over
    assert Counts(**most | {field: most[field] + 1}).is_over


def test_three_mails_leave_in_an_hour_and_one_is_kept_for_a_new_link() -> None:
    mailed = [Mailed(NOW - 60, is_new=True)]
    assert rules.may_mail(mailed, NOW, is_new=False, minutes=60)
    mailed += [Mailed(NOW - 30, is_new=False), Mailed(NOW - 20, is_new=False)]
    assert not rules.may_mail(mailed[1:], NOW, is_new=False, minutes=60)
    assert rules.may_mail(mailed[1:], NOW, is_new=True, minutes=60)
    assert not rules.may_mail(mailed, NOW, is_new=True, minutes=60)
    assert rules.may_mail(mailed, NOW + rules.HOUR_S, is_new=True, minutes=60)


def test_a_code_is_short_and_has_no_look_alikes() -> None:
    codes = {rules.code_of(number.to_bytes(8, "big") * 4) for number in range(1_000)}
    assert len(codes) == 1_000
    assert all(len(code) == rules.CODE_LENGTH and set(code) <= set(rules.CODE_SIGNS) for code in codes)
    assert not set("0O1I2Z5S") & set(rules.CODE_SIGNS)


@pytest.mark.parametrize("outcome", [*ResetOutcome, *LinkRefusal])
def test_a_stored_outcome_comes_back_and_has_words(outcome: rules.Answer) -> None:
    assert rules.answer_of(outcome.value) is outcome
    text = texts.asked(NOW, 1, outcome, None, "", NOW)
    assert text.startswith("Reset requested ")
    assert "_" not in text


def test_says_the_outcome_of_a_request() -> None:
    said = texts.asked(NOW, 2, ResetOutcome.MAILED, MailStatus.REFUSED, "550 no such user", NOW)
    assert "(2 times): a link was mailed, refused by the mail server (550 no such user)." in said
    assert texts.code("ABC346") == "Code of this mail: ABC346"
    assert texts.has_client("a.nl", "Client A") == "a.nl belongs to Client A. Change it for that client."
    assert texts.notices(1).startswith("1 person gets a mail at the former recovery email")
    assert texts.notices(120).startswith("120 people get a mail at the former recovery emails")
