"""Channels: which events each gets, how long a delivery is tried, and the texts about them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core.channels import (
    GIVEN_UP_S,
    PAUSES,
    ChannelKind,
    ChatService,
    DeliveryStatus,
    Routes,
    Secrets,
    retry_at,
)
from mxlib.core.events.vocabulary import EventCode, Rule, Severity
from mxlib.core.mails import MailProblem
from mxlib.core.outgoing import SendProblem
from mxlib.core.text import channels as texts
from tests.support.notices import due, noted

NOW = 1_800_000_000.0


def test_a_channel_gets_what_fits_in_everything_that_is_chosen() -> None:
    account = noted(EventCode.ACCOUNT_FULL, "", Rule.ACCOUNT_STORAGE, 2)
    other = noted(subject="max@b.nl", number=3)
    notice = due(noted(), account, other, digest=True)
    assert Routes().select(notice, ()) == (noted(), account, other)
    assert Routes(domains=frozenset({"b.nl"})).select(notice, ()) == (other,)
    assert Routes(rules=frozenset({Rule.ACCOUNT_STORAGE})).select(notice, ()) == (account,)
    assert Routes(client=1).select(notice, {"a.nl"}) == (noted(),)
    assert Routes(client=1).select(notice, ()) == ()
    assert Routes(client=1, domains=frozenset({"b.nl"})).select(notice, {"a.nl"}) == ()


def test_a_contact_of_a_client_gets_no_event_of_the_account_run_or_people() -> None:
    about_others = [
        noted(EventCode.ACCOUNT_FULL, "", Rule.ACCOUNT_STORAGE),
        noted(EventCode.RUN_FINISHED, "5", Rule.RUN),
        noted(EventCode.ADMIN_NEW_BROWSER, "boss@a.nl", Rule.ADMIN_SIGN_IN),
        noted(EventCode.TOKEN_ENDS_SOON, "sync of boss@a.nl", Rule.TOKEN),
    ]
    for each in about_others:
        assert Routes(client=1).select(due(each), {"a.nl", ""}) == ()


def test_the_least_severity_is_that_of_the_rule_and_in_a_digest_of_each_event() -> None:
    urgent = Routes(least=Severity.URGENT)
    nearly = noted(EventCode.MAILBOX_NEARLY_FULL)
    assert urgent.select(due(nearly, severity=Severity.URGENT), ()) == (nearly,)
    assert urgent.select(due(noted(), severity=Severity.WARNING), ()) == ()
    assert urgent.select(due(nearly, noted(), digest=True), ()) == (noted(),)


def test_in_a_digest_the_severity_that_an_admin_chose_decides() -> None:
    raised = replace(noted(EventCode.MAILBOX_MADE_OUTSIDE, rule=Rule.MAILBOX_MADE), chosen=Severity.WARNING)
    lowered = replace(noted(EventCode.MAILBOX_NEARLY_FULL), chosen=Severity.INFO)
    assert Routes(least=Severity.WARNING).select(due(raised, lowered, digest=True), ()) == (raised,)


@given(
    st.none() | st.integers(1, 9), st.frozensets(st.sampled_from(["a.nl", "b.nl"])),
    st.frozensets(st.sampled_from(Rule)), st.sampled_from(Severity),
)  # fmt: skip
def test_routes_are_stored_as_they_are(
    client: int | None, domains: frozenset[str], rules: frozenset[Rule], least: Severity
) -> None:
    routes = Routes(client, domains, rules, least)
    assert Routes.from_json(client, routes.to_json()) == routes


def test_a_rule_that_no_longer_exists_is_left_out() -> None:
    assert Routes.from_json(None, {"domains": [], "rules": ["old", "watch"], "least": "info"}).rules == {Rule.WATCH}


def test_pauses_grow_to_a_quarter_of_an_hour_for_a_day() -> None:
    now, tries, pauses = NOW, 0, []
    while True:
        tries += 1
        later = retry_at(tries, NOW, now)
        if later is None:
            break
        pauses.append(later - now)
        now = later
    assert tuple(pauses[:5]) == PAUSES == (10, 30, 120, 300, 900)
    assert set(pauses[5:]) == {900.0}
    assert GIVEN_UP_S - 900 < now - NOW <= GIVEN_UP_S


def test_secrets_are_in_no_repr() -> None:
    assert "tajny" not in repr(Secrets("https://tajny", "whsec_tajny"))


@pytest.mark.parametrize(
    ("routes", "client", "text"),
    [
        (Routes(), "", "All events"),
        (Routes(least=Severity.URGENT, rules=frozenset({Rule.BACKUP})), "", "Urgent events of backups"),
        (Routes(least=Severity.WARNING, domains=frozenset({"a.nl"})), "", "Urgent events and warnings in a.nl"),
        (Routes(client=1), "Client A", "All events for mailboxes of Client A"),
        (Routes(client=1), "", "All events for mailboxes of a client that was removed"),
    ],
)
def test_routes_are_said_in_words(routes: Routes, client: str, text: str) -> None:
    assert texts.routes(routes, client) == text


@pytest.mark.parametrize("kind", [*SendProblem, *MailProblem])
@pytest.mark.parametrize("status", DeliveryStatus)
def test_every_result_is_a_sentence(status: DeliveryStatus, kind: SendProblem | MailProblem) -> None:
    for is_mail in (True, False):
        text = texts.result(
            status, kind, 500, tries=3, next_at=NOW + 60, ended_at=NOW, is_mail=is_mail, now=NOW
        )  # fmt: skip
        assert text.strip(), status
    assert texts.result(status, "", 0, tries=0, next_at=None, ended_at=None, is_mail=False, now=NOW).endswith(".")
    assert texts.result(status, "", 0, tries=0, next_at=None, ended_at=None, is_mail=True, now=NOW).endswith(".")


def test_a_problem_of_another_release_is_shown_as_it_is_stored() -> None:
    assert texts.problem("of_the_future", 0) == "of_the_future"


def test_every_kind_service_and_status_has_a_label() -> None:
    assert set(texts.KINDS) == set(texts.ADDRESS_HELP) == set(ChannelKind)
    assert set(texts.SERVICES) == set(ChatService)
    assert set(texts.STATUSES) == set(DeliveryStatus)


def test_what_was_done_is_said() -> None:
    assert texts.tested("Slack", DeliveryStatus.DELIVERED, "") == (
        "The test of Slack was accepted. Look whether it has arrived."
    )
    assert texts.tested("Slack", DeliveryStatus.GIVEN_UP, "Why.") == "The test of Slack did not arrive. Why."
    for text in (texts.stopped("Slack"), texts.created("Slack"), texts.saved("Slack"), texts.deleted("Slack")):
        assert text.startswith("Slack ")
    assert "3" in texts.not_found(3) + texts.no_client(3)
    assert texts.trial("Slack", "kim").startswith("This is a test of the channel Slack: kim asked")
    assert texts.iso(NOW) == "2027-01-15T08:00:00Z"
