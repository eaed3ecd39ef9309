"""Refused tokens and permissions are in the audit log, a bounded number of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth import refusals
from mxlib.auth.permissions import Caller
from mxlib.auth.refusals import Refusals
from mxlib.core.vocabulary import AuditAction
from mxlib.store import Store, audit, audit_check
from tests.support import app as support
from tests.support.app import App
from tests.support.threaded_runs import ShiftedClock

HOUR = 3_600.0


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with support.opened(tmp_path, clock) as app:
        yield app


def noted(store: Store) -> list[tuple[str, str, str, str]]:
    with store.read() as tx:
        found = audit.find(tx, audit.AuditFilter(), most=1_000)
    actions = (AuditAction.TOKEN_REFUSED, AuditAction.PERMISSION_REFUSED)
    return [(each.what, each.who, each.address, each.outcome) for each in reversed(found) if each.what in actions]


def test_a_refused_token_is_noted_by_name_when_it_is_known(app: App, clock: ShiftedClock) -> None:
    gone = app.token(a_nl="view")
    app.services.tokens.revoke(support.LOCAL, 2)
    for token in (gone, gone, "mxm_nonsense", "mxm_other"):
        assert app.ask("GET", "/me", token=token).status_code == 401
    first, second = noted(app.services.store)
    assert first == (
        "token.refused",
        "test (token 2)",
        "testclient",
        "This token was revoked. Ask an admin for a new one.",
    )
    assert second[:3] == ("token.refused", "unknown token", "testclient")
    assert "nonsense" not in second[3]
    clock.ahead += HOUR
    app.services.refusals.end_hour()
    assert noted(app.services.store)[2:] == [
        ("token.refused", "MXM", "", "1 more refusal of unknown tokens within an hour"),
        ("token.refused", "MXM", "", "1 more refusal of known tokens within an hour"),
    ]


def test_a_refused_permission_is_noted_once_an_hour(app: App, clock: ShiftedClock) -> None:
    token = app.token(a_nl="view")
    for _ in range(3):
        assert app.ask("DELETE", "/domains/a.nl/email-accounts/nina", token=token).status_code == 403
    [(what, who, address, why)] = noted(app.services.store)
    assert (what, who, address) == ("permission.refused", "test (token 2)", "testclient")
    assert "delete" in why
    clock.ahead += HOUR
    app.ask("DELETE", "/domains/a.nl/email-accounts/nina", token=token)
    assert [entry[3].startswith("2 more refusals") for entry in noted(app.services.store)] == [False, True, False]


def test_no_flood_of_refusals_fills_the_audit_log(clock: ShiftedClock) -> None:
    store = Store.open(":memory:", clock)
    notes = Refusals(store, clock)
    for number in range(500):
        notes.token("", f"192.0.{number // 250}.{number % 250}", "This token is not known.")
        notes.permission(Caller(f"person{number % 7}"), "No.")
    assert len(noted(store)) == refusals.SOURCES + 7
    clock.ahead += HOUR
    notes.end_hour()
    notes.end_hour()
    assert [entry[3] for entry in noted(store)[refusals.SOURCES + 7 :]] == [
        f"{500 - refusals.SOURCES} more refusals of unknown tokens within an hour",
        "493 more refusals of permissions within an hour",
    ]
    assert audit_check.verify(store).broken is None


def test_strangers_hide_no_refusal_of_people_with_a_token_or_a_session(clock: ShiftedClock) -> None:
    store = Store.open(":memory:", clock)
    notes = Refusals(store, clock)
    for number in range(100):
        notes.token("", f"192.0.2.{number}", "This token is not known.")
    for number in range(100):
        notes.token(f"old (token {number})", "192.0.2.1", "This token was revoked.")
    notes.permission(Caller("kim"), "No.")
    kept = [(what, who) for what, who, _, _ in noted(store)]
    assert kept.count(("token.refused", "unknown token")) == refusals.SOURCES
    assert ("token.refused", "old (token 0)") in kept
    assert ("permission.refused", "kim") in kept


def test_addresses_of_one_ipv6_network_are_one_source(clock: ShiftedClock) -> None:
    store = Store.open(":memory:", clock)
    notes = Refusals(store, clock)
    for number in range(1, 9):
        notes.token("", f"2001:db8::{number}", "This token is not known.")
    assert len(noted(store)) == 1
