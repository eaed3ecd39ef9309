"""The use of domains by the day over the API: by permission, by date, bounded."""

from collections.abc import Iterator

import pytest

from mxlib.core.days import date_of
from mxlib.mxroute.protocol import Mailbox
from mxlib.services.usage import MOST_DAYS
from mxlib.store import mailbox_lists
from tests.support.app import App, data, opened, refused

DAY_S = 86_400.0


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Yield a server with three days of a.nl and one of b.nl."""
    with opened(tmp_path_factory.mktemp("usage")) as made:
        now = made.services.clock.now()
        with made.services.store.write() as tx:
            mailbox_lists.keep_domains(tx, ["a.nl", "b.nl"], now)
            for back in (2, 1, 0):
                box = Mailbox("nina", "", 1000, 950.0 - 10 * back, 100, 80, suspended=False)
                mailbox_lists.keep_mailboxes(tx, "a.nl", [box], now - back * DAY_S)
            mailbox_lists.keep_mailboxes(tx, "b.nl", [Mailbox("bo", "", 0, 5.0, 100, 1, suspended=False)], now)
        yield made


def iso(app: App, back: int) -> str:
    return date_of(app.services.usage.today - back).isoformat()


def test_the_days_of_a_domain_come_oldest_first(app: App) -> None:
    found = data(app.ask("GET", "/usage?domain=A.nl"))
    assert [(each["day"], each["usage"]) for each in found] == [
        (iso(app, back), 950.0 - 10 * back) for back in (2, 1, 0)
    ]
    assert found[-1] == {
        "day": iso(app, 0), "domain": "a.nl", "mailboxes": 1, "usage": 950.0, "peak": 950.0, "quota": 1000, "sent": 80,
        "over_quota": 0, "nearly_full": 1, "near_send_limit": 1,
    }  # fmt: skip


def test_from_and_to_choose_the_days(app: App) -> None:
    found = data(app.ask("GET", f"/usage?domain=a.nl&from={iso(app, 2)}&to={iso(app, 1)}"))
    assert [each["day"] for each in found] == [iso(app, 2), iso(app, 1)]


def test_a_token_gets_the_domains_that_it_may_view(app: App) -> None:
    mine = app.token(b_nl="view")
    assert {each["domain"] for each in data(app.ask("GET", "/usage"))} == {"a.nl", "b.nl"}
    assert {each["domain"] for each in data(app.ask("GET", "/usage", token=mine))} == {"b.nl"}
    refused(app.ask("GET", "/usage?domain=a.nl", token=mine), 403, "view a.nl")
    refused(app.ask("GET", "/usage?domain=c.nl"), 404, "c.nl is not on this MXroute account.")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("to=2026-13-01", "to"),
        ("from=2026-02-02&to=2026-02-01", "from"),
        (f"from=2020-01-01&to={date_of(18_262 + MOST_DAYS)}", "from"),
    ],
)
def test_days_that_cannot_be_are_refused_with_the_parameter(app: App, query: str, field: str) -> None:
    answer = app.ask("GET", f"/usage?{query}")
    assert (answer.status_code, answer.json()["error"]["field"]) == (400, field)
