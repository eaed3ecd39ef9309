"""Links: their times, who gets one, and the states that follow from what is stored."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core import links
from mxlib.core.links import (
    LinkEnd,
    LinkOptions,
    LinkPurpose,
    LinkRefusal,
    LinkStatus,
    MailboxFacts,
    Moments,
    PageState,
)
from mxlib.core.mails import MailStatus

DOMAINS = frozenset({"a.nl", "b.nl"})
NINA = MailboxFacts("nina@a.nl", "nina@mail.example", exists=True, is_locked=False)
MADE = Moments(
    0.0, 100.0, has_token=True, is_mailed=True, mail_status=MailStatus.WAITING, mail_failed=False,
    sent_at=None, opened_at=None, set_at=None, ended_at=None,
)  # fmt: skip

some_time = st.floats(0, 200, allow_nan=False)
maybe_time = st.none() | some_time
moments = st.builds(
    Moments, some_time, some_time, has_token=st.booleans(), is_mailed=st.booleans(),
    mail_status=st.none() | st.sampled_from(MailStatus), mail_failed=st.booleans(), sent_at=maybe_time,
    opened_at=maybe_time,
    set_at=st.none(), ended_at=maybe_time, end=st.none() | st.sampled_from([*LinkEnd]),
)  # fmt: skip


def refused(facts: MailboxFacts, options: LinkOptions | None = None) -> LinkRefusal | None:
    return links.refusal(facts, options or LinkOptions(), panel_user="agency", domains=DOMAINS)


def test_a_mailbox_with_a_recovery_email_elsewhere_gets_a_link() -> None:
    assert refused(NINA) is None


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"address": "nobody"}, LinkRefusal.INVALID),
        ({"is_allowed": False}, LinkRefusal.NOT_ALLOWED),
        ({"address": "agency@a.nl"}, LinkRefusal.PANEL_ACCOUNT),
        ({"exists": False}, LinkRefusal.NO_MAILBOX),
        ({"address": "nina@else.nl"}, LinkRefusal.NO_MAILBOX),
        ({"is_locked": True}, LinkRefusal.LOCKED),
        ({"recovery_email": ""}, LinkRefusal.NO_RECOVERY_EMAIL),
        ({"recovery_email": "Nina@A.nl"}, LinkRefusal.OWN_ADDRESS),
        ({"recovery_email": "kim@b.nl"}, LinkRefusal.ON_THIS_ACCOUNT),
    ],
)
def test_a_mailbox_is_refused_with_its_reason(changed: dict[str, object], expected: LinkRefusal) -> None:
    assert refused(replace(NINA, **changed)) is expected  # type: ignore[arg-type]


def test_what_a_caller_may_not_see_decides_nothing() -> None:
    hidden = replace(NINA, is_allowed=False, exists=False, is_locked=True)
    assert refused(hidden) is LinkRefusal.NOT_ALLOWED


def test_a_link_goes_to_this_account_only_where_mail_arrives_and_never_to_its_own_mailbox() -> None:
    arrives = LinkOptions(mail_arrives=True)
    assert refused(replace(NINA, recovery_email="kim@b.nl"), arrives) is None
    assert refused(replace(NINA, recovery_email="nina@a.nl"), arrives) is LinkRefusal.OWN_ADDRESS


def test_only_mailboxes_without_a_recovery_email_are_asked_for_one() -> None:
    asks = LinkOptions(purpose=LinkPurpose.RECOVERY_EMAIL)
    assert refused(NINA, asks) is LinkRefusal.HAS_RECOVERY_EMAIL
    assert refused(replace(NINA, recovery_email=""), asks) is None


def test_the_days_of_a_link_count_from_when_it_can_be_used() -> None:
    at_once = links.times(LinkOptions(), 1_000.0)
    assert (at_once.send_at, at_once.valid_from, at_once.expires_at) == (1_000.0, 1_000.0, 1_000.0 + 14 * 86_400)
    later = links.times(LinkOptions(send_at=5_000.0, valid_from=9_000.0, expires_days=1), 1_000.0)
    assert (later.send_at, later.valid_from, later.expires_at) == (5_000.0, 9_000.0, 9_000.0 + 86_400)
    past = links.times(LinkOptions(send_at=1.0, valid_from=1.0), 1_000.0)
    assert (past.send_at, past.valid_from) == (1_000.0, 1_000.0)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, LinkStatus.QUEUED),
        ({"has_token": False}, LinkStatus.PLANNED),
        ({"is_mailed": False, "mail_status": None}, LinkStatus.MADE),
        ({"mail_failed": True}, LinkStatus.DELAYED),
        ({"mail_status": MailStatus.SENT}, LinkStatus.SENT),
        ({"mail_status": MailStatus.CAUGHT}, LinkStatus.SENT),
        ({"mail_status": MailStatus.REFUSED, "mail_failed": True}, LinkStatus.REFUSED),
        ({"mail_status": MailStatus.NOT_DELIVERED}, LinkStatus.REFUSED),
        ({"mail_status": MailStatus.DISCARDED}, LinkStatus.REFUSED),
        ({"mail_status": MailStatus.SENT, "opened_at": 3.0}, LinkStatus.OPENED),
        ({"set_at": 3.0, "ended_at": 3.0, "end": LinkEnd.SET}, LinkStatus.SET),
        ({"expires_at": 10.0}, LinkStatus.EXPIRED),
        ({"ended_at": 9.0, "end": LinkEnd.LOCKED}, LinkStatus.REVOKED),
    ],
)
def test_a_link_has_the_state_of_what_happened_last(changed: dict[str, object], expected: LinkStatus) -> None:
    assert links.status(replace(MADE, **changed), 10.0) is expected  # type: ignore[arg-type]


def test_a_used_link_shows_the_settings_for_an_hour() -> None:
    used = replace(MADE, set_at=5.0, ended_at=5.0, end=LinkEnd.SET)
    assert links.page_state(used, 5.0) is PageState.SPENT
    assert links.page_state(used, 5.0 + links.SPENT_S - 1) is PageState.SPENT
    assert links.page_state(used, 5.0 + links.SPENT_S) is PageState.ENDED


@given(moments, some_time)
def test_a_page_takes_a_password_only_of_a_link_that_lives_and_holds(link: Moments, now: float) -> None:
    living = links.page_state(link, now) is PageState.LIVING
    assert living == (link.ended_at is None and link.has_token and link.valid_from <= now < link.expires_at)
    if living:
        assert links.is_living(link, now)
        assert links.status(link, now) not in {LinkStatus.SET, LinkStatus.EXPIRED, LinkStatus.REVOKED}


@given(
    st.lists(st.tuples(st.sampled_from(["a@x.example", "A@x.example", "b@x.example"]), st.sampled_from(["en", "nl"])))
)
def test_each_person_is_in_one_mail_with_those_of_the_same_address_and_language(people: list[tuple[str, str]]) -> None:
    mails = links.in_mails((to, language, number) for number, (to, language) in enumerate(people))
    assert sorted(number for mail in mails for number in mail) == list(range(len(people)))
    for mail in mails:
        assert len({(people[number][0].lower(), people[number][1]) for number in mail}) == 1
    assert len(mails) == len({(to.lower(), language) for to, language in people})


def test_a_mail_has_so_many_people_at_most() -> None:
    mails = links.in_mails(("hr@x.example", "en", number) for number in range(2 * links.MAX_IN_MAIL + 1))
    assert [len(mail) for mail in mails] == [links.MAX_IN_MAIL, links.MAX_IN_MAIL, 1]
