"""The Overview: totals of the stored lists, by the caller's permissions, and what waits."""

from itertools import product

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.core.clients import ClientDetails
from mxlib.core.mailbox_filter import MailboxState, has_state
from mxlib.mxroute.protocol import Mailbox
from mxlib.services import mailbox_totals
from mxlib.store import mailbox_lists
from tests.support.app import App
from tests.support.pages import opened, plain

VIEWER = Caller("vera", domains={"a.nl": frozenset({Permission.VIEW})})


def box(name: str, usage: float, quota: int = 1000, **given: int | bool) -> Mailbox:
    """Return a mailbox as MXroute lists it."""
    return Mailbox(name, "", quota, usage, limit=int(given.get("limit", 9600)), sent=int(given.get("sent", 0)),
                   suspended=bool(given.get("suspended", False)))  # fmt: skip


def listed(app: App, domain: str, *boxes: Mailbox, at: float = 0.0) -> None:
    """Store the list of a domain as if it had been read."""
    with app.services.store.write() as tx:
        mailbox_lists.keep_mailboxes(tx, domain, boxes, at or app.services.clock.now())


def domains(app: App, *names: str) -> None:
    with app.services.store.write() as tx:
        mailbox_lists.keep_domains(tx, names, app.services.clock.now())


def test_an_unlimited_mailbox_has_no_part_in_the_share_of_the_quota() -> None:
    totals = mailbox_totals.of_domain("a.nl", [box("x", 500), box("y", 90_000, quota=0)])
    assert (totals.limited_usage, totals.quota, totals.usage) == (500, 1000, 90_500)
    assert (totals.unlimited, totals.unlimited_usage) == (1, 90_000)


def test_each_total_counts_its_mailboxes() -> None:
    boxes = [box("over", 1630), box("full", 1000), box("nearly", 900), box("calm", 899), box("free", 5000, quota=0)]
    boxes += [box("busy", 0, limit=100, sent=80), box("quiet", 0, limit=100, sent=79), box("off", 0, suspended=True)]
    totals = mailbox_totals.of_domain("a.nl", boxes)
    assert (totals.over_quota, totals.nearly_full, totals.near_send_limit, totals.suspended) == (2, 3, 1, 1)
    assert [each.address for each in totals.fullest[:2]] == ["over@a.nl", "full@a.nl"]


def test_totals_and_filters_count_the_same_mailboxes(app: App) -> None:
    boxes = [
        box(f"x{at}", usage, quota, limit=limit, sent=sent, suspended=at % 7 == 0)
        for at, (usage, quota, limit, sent) in enumerate(
            product((0.0, 899.9, 900.0, 1000.0, 1630.0), (0, 1000), (0, 100), (79, 80))
        )
    ]
    domains(app, "a.nl")
    listed(app, "a.nl", *boxes)
    frame, totals = app.services.lists.in_all(LOCAL, ["a.nl"]), mailbox_totals.of_domain("a.nl", boxes)
    for state in (
        MailboxState.OVER_QUOTA, MailboxState.NEARLY_FULL, MailboxState.NEAR_SEND_LIMIT, MailboxState.SUSPENDED
    ):  # fmt: skip
        assert has_state(frame, state).sum() == getattr(totals, state.value), state


def test_the_totals_of_all_domains_are_the_sums_of_each() -> None:
    parts = [mailbox_totals.of_domain(f"{name}.nl", [box("x", use)]) for name, use in (("a", 10.0), ("b", 990.0))]
    both = mailbox_totals.in_all(parts)
    assert (both.mailboxes, both.usage, both.quota, both.nearly_full) == (2, 1000, 2000, 1)
    assert [each.address for each in both.fullest] == ["x@b.nl", "x@a.nl"]


def test_only_domains_that_the_caller_may_view_count(app: App) -> None:
    app.services.clients.add(LOCAL, ClientDetails("Client A", ("a.nl",)))
    app.services.clients.add(LOCAL, ClientDetails("Client B", ("b.nl",)))
    domains(app, "a.nl", "b.nl", "c.nl")
    listed(app, "a.nl", box("x", 10))
    listed(app, "b.nl", box("y", 20), box("z", 30))
    every, mine = app.services.overview.figures(LOCAL), app.services.overview.figures(VIEWER)
    assert (every.totals.mailboxes, every.domains, every.never_read) == (3, 3, ("c.nl",))
    assert [(use.name, use.usage) for use in every.by_client] == [("Client B", 50), ("Client A", 10)]
    assert (mine.totals.mailboxes, mine.domains, mine.never_read) == (1, 1, ())
    assert [use.name for use in mine.by_client] == ["Client A"]


def test_a_list_that_is_read_again_counts_again(app: App) -> None:
    domains(app, "a.nl")
    listed(app, "a.nl", box("x", 10), at=app.services.clock.now() - 60)
    assert app.services.overview.figures(LOCAL).totals.mailboxes == 1
    listed(app, "a.nl", box("x", 10), box("y", 10))
    assert app.services.overview.figures(LOCAL).totals.mailboxes == 2


def test_the_page_asks_mxroute_for_no_mailbox_list(app: App) -> None:
    domains(app, "a.nl", "b.nl", "c.nl")
    listed(app, "a.nl", box("x", 1630), box("free", 10, quota=0))
    tab = opened("overview")
    words = plain(" ".join([each.value for kind in (tab.caption, tab.markdown) for each in kind]))
    assert "Totals of 1 of 3 domains" in words
    assert "Not loaded: b.nl and c.nl" in words
    assert "1 unlimited mailbox: 10 MB" in words
    assert [(each.label, each.value) for each in tab.metric][1:4] == [
        ("Storage used", "163%"), ("Full or over quota", "1"), ("90 % or more", "1"),
    ]  # fmt: skip
    assert not [request for request in app.host.sent if "email-accounts" in request.path]


@pytest.mark.parametrize(
    ("old", "new"), [("/runs?run=3", "/jobs?run=3"), ("/audit", "/audit-log"), ("/access", "/team")]
)
def test_an_old_address_leads_to_the_page_of_today(old: str, new: str) -> None:
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    from mxlib.web import old_addresses

    answer = TestClient(Starlette(routes=old_addresses.routes)).get(old, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, new)


def test_an_old_address_of_a_domain_leads_to_its_mailboxes(app: App) -> None:
    domains(app, "a.nl")
    assert opened("overview", domain="a.nl").title[0].value == "Email accounts"


def test_a_user_without_permissions_lands_on_their_own_account(app: App) -> None:
    from streamlit.testing.v1 import AppTest

    from tests.support.pages import ENTRY

    app.services.access.add(LOCAL, "boss", "four words in a row", admin=True, given={})
    app.services.access.add(Caller("boss", admin=True), "newcomer", "four words in a row", admin=False, given={})
    tab = AppTest.from_file(str(ENTRY), default_timeout=20)
    tab.user = {"email": "newcomer"}
    assert tab.run().title[0].value == "Team and API"
