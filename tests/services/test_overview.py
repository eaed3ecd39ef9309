"""The Overview: figures of the stored lists and days, by the caller's permissions, and what waits."""

import re
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.auth.roles import PERMISSIONS, Role
from mxlib.core.clients import ClientDetails
from mxlib.core.usage import ForecastKind
from mxlib.mxroute.protocol import Mailbox
from mxlib.services.overview import LINE_DAYS, Figures
from mxlib.store import account_storage, mailbox_lists, usage_history
from tests.support.app import App
from tests.support.pages import ENTRY, opened, plain, sent

VIEWER = Caller("vera", domains={"a.nl": frozenset({Permission.VIEW})})
DAY = 86_400.0


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


def grown(app: App, domain: str, *boxes: Mailbox, days: int = 10, each: float = 10.0) -> None:
    """Store lists of these mailboxes for some days until today, each day with so many MB more."""
    now = app.services.clock.now()
    for back in range(days, -1, -1):
        then = [replace(one, usage=max(0.0, one.usage - back * each)) for one in boxes]
        listed(app, domain, *then, at=now - back * DAY)


def figures(app: App, caller: Caller = LOCAL) -> Figures:
    return app.services.overview.figures(caller)


def test_an_unlimited_mailbox_has_no_part_in_the_share_of_the_quota(app: App) -> None:
    domains(app, "a.nl")
    listed(app, "a.nl", box("x", 500), box("y", 90_000, quota=0))
    found = figures(app)
    assert (found.limited_usage, found.quota, found.usage.now) == (500, 1000, 90_500)
    assert (found.unlimited, found.unlimited_usage) == (1, 90_000)


def test_each_figure_counts_its_mailboxes(app: App) -> None:
    domains(app, "a.nl")
    boxes = [box("over", 1630), box("full", 1000), box("nearly", 900), box("calm", 899), box("free", 5000, quota=0)]
    boxes += [box("busy", 0, limit=100, sent=80), box("quiet", 0, limit=100, sent=79), box("off", 0, suspended=True)]
    listed(app, "a.nl", *boxes)
    found = figures(app)
    assert (found.over_quota.now, found.nearly_full, found.near_send_limit.now, found.suspended) == (2, 3, 1, 1)
    assert [each.box.address for each in found.soonest] == ["over@a.nl", "full@a.nl", "nearly@a.nl"]
    assert [each.forecast.kind for each in found.soonest] == [
        ForecastKind.FULL, ForecastKind.FULL, ForecastKind.COLLECTING
    ]  # fmt: skip
    assert [(each.address, each.sent) for each in found.senders] == [("busy@a.nl", 80), ("quiet@a.nl", 79)]


def test_a_mailbox_that_grows_is_full_soon_and_has_its_line(app: App) -> None:
    domains(app, "a.nl")
    grown(app, "a.nl", box("soon", 800), box("later", 500), box("huge", 500, quota=100_000))
    found = figures(app)
    (soon,) = found.soonest
    assert (soon.box.address, soon.box.days_left, soon.forecast.days) == ("soon@a.nl", 20, 20)
    assert [kb / 1024 for kb in soon.line] == [700 + 10 * day for day in range(11)]
    assert (found.full_soon.now, found.foresees, found.known_days) == (1, True, 10)
    assert found.full_soon.days[-3:] == (1, 1, 1)
    assert found.full_soon.days[0] == 0


@pytest.mark.parametrize(("days", "foresees"), [(3, False), (6, False), (7, True)])
def test_nothing_is_foreseen_before_seven_days_have_figures(app: App, days: int, foresees: bool) -> None:
    domains(app, "a.nl")
    grown(app, "a.nl", box("soon", 900), days=days)
    found = figures(app)
    assert (found.foresees, found.full_soon.now, found.known_days) == (foresees, int(foresees), days)
    text = "10 days" if foresees else f"collecting data, {days} of 7 days"
    tab = opened("overview")
    assert text in tab.dataframe[0].value["left"].tolist()
    said = [each.value for each in tab.caption if "collecting data" in each.value]
    assert bool(said) != foresees


def test_a_line_has_the_figures_of_earlier_days(app: App) -> None:
    domains(app, "a.nl", "b.nl")
    grown(app, "a.nl", box("x", 100), days=8)
    now = app.services.clock.now()
    listed(app, "b.nl", box("y", 50), at=now - 2 * DAY)  # not read on the day after
    listed(app, "b.nl", box("y", 60), box("z", 5), at=now)
    found = figures(app)
    assert len(found.mailboxes.days) == LINE_DAYS - 1
    assert found.mailboxes.days[:21] == (None,) * 21
    assert found.mailboxes.points == (1, 1, 1, 1, 1, 1, 2, 2, 3)
    assert found.usage.points[-3:] == (80 + 50, 90 + 50, 100 + 65)
    assert (found.mailboxes.change(7), found.mailboxes.change(LINE_DAYS)) == (2, None)


def test_only_domains_that_the_caller_may_view_count(app: App) -> None:
    app.services.clients.add(LOCAL, ClientDetails("Client A", ("a.nl",)))
    app.services.clients.add(LOCAL, ClientDetails("Client B", ("b.nl",)))
    domains(app, "a.nl", "b.nl", "c.nl", "d.nl")
    grown(app, "a.nl", box("x", 960))
    grown(app, "b.nl", box("y", 970), box("z", 30, sent=5))
    listed(app, "d.nl", box("w", 1))
    every, mine = figures(app), figures(app, VIEWER)
    assert (every.mailboxes.now, every.domains, every.never_read) == (4, 4, ("c.nl",))
    assert [(use.name, use.usage) for use in every.by_client] == [("Client B", 1000), ("Client A", 960), ("d.nl", 1)]
    assert (mine.mailboxes.now, mine.domains, mine.never_read) == (1, 1, ())
    assert [use.name for use in mine.by_client] == ["Client A"]
    assert [each.box.address for each in mine.soonest] == ["x@a.nl"]
    assert (mine.full_soon.now, mine.full_soon.days[-1], every.full_soon.days[-1]) == (1, 1, 2)
    assert mine.usage.days[-1] == 950
    assert mine.senders == ()


def stored_account(app: App, used: int, limit: int) -> None:
    """Store the storage of the account, and ten days of growth before."""
    now, gb = app.services.clock.now(), 1024**3
    with app.services.store.write() as tx:
        figures = {"used": used * gb, "limit": limit * gb, "reckoned_at": None, "read_at": now, "grace_until": ""}
        account_storage.keep(tx, figures)
        for back in range(10, 0, -1):
            usage_history.note_account(tx, (used - back) * gb, limit * gb, now - back * DAY)


def test_the_account_crosses_its_limit_on_a_day(app: App) -> None:
    domains(app, "a.nl")
    stored_account(app, 100, 130)
    found = app.services.overview.account(LOCAL, LINE_DAYS)
    assert found is not None
    assert (found.forecast.kind, found.forecast.days) == (ForecastKind.DAYS_LEFT, 30)
    assert len(found.days) == 11


def test_storage_of_the_account_is_not_for_people_of_a_client(app: App) -> None:
    domains(app, "a.nl")
    stored_account(app, 100, 130)
    assert app.services.overview.account(replace(VIEWER, external=True), LINE_DAYS) is None
    assert app.services.overview.account(Caller("nobody"), LINE_DAYS) is None
    assert app.services.overview.account(VIEWER, LINE_DAYS) is not None


def test_a_person_of_a_client_sees_their_domains_and_no_storage_of_the_account(app: App) -> None:
    number = app.services.clients.add(LOCAL, ClientDetails("Client A", ("a.nl",)))
    domains(app, "a.nl", "b.nl")
    stored_account(app, 100, 130)
    listed(app, "a.nl", box("x", 990))
    listed(app, "b.nl", box("y", 995), box("z", 5))
    app.services.users.add(LOCAL, "boss", "four words in a row", admin=True)
    scope, rights = f"client:{number}", PERMISSIONS[Role.CLIENT_ADMIN]
    app.services.users.add(LOCAL, "cora", "four words in a row", permissions={scope: rights}, client_admin=[scope])
    seen = {}
    for name in ("boss", "cora"):
        tab = AppTest.from_file(str(ENTRY), default_timeout=60)
        tab.user = {"email": name}
        tab.run()
        assert not tab.exception
        mailboxes = [each.value for each in tab.metric if each.label == "Mailboxes"]
        headings = [each.value for kind in (tab.header, tab.subheader) for each in kind]
        seen[name] = (mailboxes, "Storage of the account" in headings, sent(tab))
    assert seen["boss"][:2] == (["3"], True)
    assert seen["cora"][:2] == (["1"], False)
    assert "y@b.nl" in seen["boss"][2]
    assert "b.nl" not in seen["cora"][2]


def test_a_list_that_is_read_again_counts_again(app: App) -> None:
    domains(app, "a.nl")
    listed(app, "a.nl", box("x", 10), at=app.services.clock.now() - 60)
    assert figures(app).mailboxes.now == 1
    listed(app, "a.nl", box("x", 10), box("y", 10))
    assert figures(app).mailboxes.now == 2


def test_the_page_asks_mxroute_for_no_mailbox_list(app: App) -> None:
    domains(app, "a.nl", "b.nl", "c.nl")
    listed(app, "a.nl", box("x", 1630), box("free", 10, quota=0))
    tab = opened("overview")
    words = plain(" ".join([each.value for kind in (tab.caption, tab.markdown) for each in kind]))
    assert "Totals of 1 of 3 domains" in words
    assert "Not loaded: b.nl and c.nl" in words
    assert "163% of 1,000 MB quota; 1 unlimited mailbox: 10 MB" in words
    assert [(each.label, each.value) for each in tab.metric][1:4] == [
        ("Storage used", "1.6 GB"), ("Full or over quota", "1"), ("Full within 30 days", "0"),
    ]  # fmt: skip
    assert not [request for request in app.host.sent if "email-accounts" in request.path]


@pytest.mark.parametrize(
    ("days", "text"),
    [(10, r"Full in 20 days \(\d+ \w{3}\) at its growth of the last 14 days. It usually grows by 10 MB a day and "
          r"sends 7 messages a day\."),
     (3, r"When it is full: collecting data, 3 of 7 days\. It usually grows by 10 MB a day")],
)  # fmt: skip
def test_a_mailbox_shows_its_trend(app: App, days: int, text: str) -> None:
    domains(app, "a.nl")
    grown(app, "a.nl", box("soon", 800, sent=7), days=days)
    tab = opened("mailbox", address="soon@a.nl")
    said = [plain(each.value) for each in tab.markdown]
    assert any(re.match(text, each) for each in said), said
    use = app.services.usage.of_mailbox(LOCAL, "a.nl", "soon", 5)
    assert [(each.usage or 0) / 1024 for each in use.days] == [800 - 10 * back for back in range(min(days, 4), -1, -1)]


def test_a_trend_is_for_those_who_may_view_the_domain(app: App) -> None:
    domains(app, "a.nl", "b.nl")
    grown(app, "b.nl", box("soon", 800))
    with pytest.raises(Forbidden):
        app.services.usage.of_mailbox(VIEWER, "b.nl", "soon", 30)
    with pytest.raises(Forbidden):
        app.services.usage.of_domains(VIEWER, "b.nl", 0, 30)
    assert app.services.usage.of_mailbox(VIEWER, "a.nl", "nobody", 30).days == ()


def test_every_figure_leads_to_a_table_of_that_many_mailboxes(app: App) -> None:
    app.services.clients.add(LOCAL, ClientDetails("Client A", ("a.nl",)))
    domains(app, "a.nl", "b.nl")
    names = [box(f"n{at}", 100.0 * at, limit=100, sent=10 * at, suspended=at % 4 == 0) for at in range(12)]
    grown(app, "a.nl", *names, box("free", 9000, quota=0))
    grown(app, "b.nl", box("y", 970), box("z", 30, sent=5))
    found = figures(app)
    links = {
        "": found.mailboxes.now,
        "over_quota": found.over_quota.now,
        "full_soon": found.full_soon.now,
        "near_send_limit": found.near_send_limit.now,
        "nearly_full": found.nearly_full,
        "suspended": found.suspended,
    }
    assert all(links.values())
    assert len(set(links.values())) > 3  # or a link to another state could pass
    for state, number in links.items():
        tab = opened("email_accounts", **({"state": state} if state else {}))
        assert len(tab.dataframe[0].value) == number, state
    for use in found.by_client:
        where = {"client": str(use.number)} if use.number else {"domain": use.name}
        assert len(opened("email_accounts", **where).dataframe[0].value) == use.mailboxes, use


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
    app.services.access.add(LOCAL, "boss", "four words in a row", admin=True, given={})
    app.services.access.add(Caller("boss", admin=True), "newcomer", "four words in a row", admin=False, given={})
    tab = AppTest.from_file(str(ENTRY), default_timeout=60)
    tab.user = {"email": "newcomer"}
    assert tab.run().title[0].value == "Team and API"
