"""The audit log by the API: permissions, filters and pages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.app import GOOD, App, data, opened, refused


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Yield a server with three mailboxes created by hand, one of them in another domain."""
    with opened(tmp_path) as made:
        for domain, name in (("a.nl", "nina"), ("a.nl", "kim"), ("b.nl", "max")):
            data(made.ask("POST", f"/domains/{domain}/email-accounts", {"username": name, "password": GOOD}), 201)
        yield made


def read(app: App, query: str = "", token: str = "") -> Any:
    return data(app.ask("GET", f"/audit?{query}", token=token))


def targets(app: App, query: str = "", token: str = "") -> list[str]:
    return [entry["on"] for entry in read(app, query, token)["entries"]]


def test_an_entry_has_actor_action_target_time_and_address(app: App) -> None:
    first = read(app, "what=mailbox")["entries"][0]
    assert first.pop("time").endswith("+00:00")
    assert first.pop("id") > 0
    assert first == {
        "who": "test (token 1)", "kind": "token", "what": "mailbox.create", "on": "max@b.nl", "from": "testclient",
        "run": None, "outcome": "", "detail": None,
    }  # fmt: skip


def test_entries_are_filtered_as_on_the_page(app: App) -> None:
    assert targets(app, "address=NINA") == ["nina@a.nl"]
    assert targets(app, "what=mailbox.create&address=a.nl") == ["kim@a.nl", "nina@a.nl"]
    assert targets(app, "who=nobody") == []
    assert targets(app, "what=mailbox&until=2001-01-01") == []
    assert len(targets(app, "what=mailbox&since=2001-01-01T00:00:00Z")) == 3
    run = data(app.ask("POST", "/imports", {"default_domain": "a.nl", "rows": [{"username": "x"}]}), 202)["id"]
    app.ended(run)
    assert set(targets(app, f"run={run}")) == {f"run {run}"}


def test_paging_returns_every_entry_once(app: App) -> None:
    seen, query = [], "what=mailbox&most=2"
    page = read(app, query)
    assert page["older"] == page["entries"][-1]["id"]
    seen += page["entries"]
    page = read(app, f"{query}&before={page['older']}")
    seen += page["entries"]
    assert page["older"] is None
    assert [entry["on"] for entry in seen] == ["max@b.nl", "kim@a.nl", "nina@a.nl"]


def test_a_viewer_of_one_domain_reads_only_the_entries_of_that_domain(app: App) -> None:
    assert targets(app, token=app.token(a_nl="view")) == ["kim@a.nl", "nina@a.nl"]
    assert targets(app, token=app.token(b_nl="import")) == ["max@b.nl"]
    assert targets(app, token=app.token(b_nl="delete")) == []
    assert "token.create" in {entry["what"] for entry in read(app)["entries"]}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=yesterday", "since"),
        ("until=2026-13-01", "until"),
        ("run=first", "run"),
        ("run=0", "run"),
        ("most=0", "most"),
        ("most=1001", "most"),
        ("before=0", "before"),
        (f"before={2**63}", "before"),
    ],
)
def test_an_invalid_query_is_refused_with_its_field(app: App, query: str, field: str) -> None:
    refused(app.ask("GET", f"/audit?{query}"), 400, field, field)
