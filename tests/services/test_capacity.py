"""Storage of the account and the check before a run: true figures, and no wait for them."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.plans.changes import NewQuota
from mxlib.mxroute.protocol import Request, Response
from mxlib.services.account_storage import AccountStorage
from mxlib.services.failures import ListUnavailable
from mxlib.store.tables import meta
from tests.support.app import GOOD, App, data, opened
from tests.support.threaded_runs import until

GB = 1024**3
AT = time.mktime((2026, 5, 3, 9, 0, 0, 0, 0, -1))


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """An account of 10 GB with two mailboxes."""
    with opened(tmp_path) as made:
        made.host.sandbox.account.storage_mb = 10 * 1024
        made.have("kim@a.nl", "nina@a.nl")
        yield made


def test_the_figures_of_the_host_are_cached_for_some_minutes(app: App) -> None:
    known, problem = app.services.storage.read(LOCAL)
    assert (known.limit, known.used, known.free, problem) == (10 * GB, 0, 10 * GB, "")
    asked = sum(request.path == "/quota" for request in app.host.sent)
    app.services.storage.read(LOCAL)
    assert sum(request.path == "/quota" for request in app.host.sent) == asked == 1


def test_a_page_gets_the_last_figures_at_once_while_the_host_is_slow(app: App) -> None:
    app.services.storage.read(LOCAL)
    let_go, send, clock = threading.Event(), app.host.send, app.services.clock

    def slow(request: Request, **more: object) -> Response:
        assert let_go.wait(60)
        return send(request)

    later = clock.now() + 3_600
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.host, "send", slow)
        patch.setattr(clock, "now", lambda: later)
        known = app.services.storage.latest(LOCAL)
        assert known is not None
        assert known.read_at < later - 3_500
        let_go.set()
        until(lambda: (app.services.storage.known() or known).read_at == later)


def test_the_last_figures_are_shown_with_their_age_when_the_host_is_down(app: App) -> None:
    first, _ = app.services.storage.read(LOCAL)
    app.host.down = True
    later = first.read_at + 3_600
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.services.clock, "now", lambda: later)
        known, problem = app.services.storage.read(LOCAL)
    assert (known, problem) == (first, "MXroute does not answer.")


def test_missing_figures_are_reported_and_not_requested_each_time(app: App) -> None:
    app.host.down = True
    for _ in range(3):
        with pytest.raises(ListUnavailable, match="does not answer"):
            app.services.storage.read(LOCAL)
    assert app.services.storage.latest(LOCAL) is None


def test_a_caller_who_may_view_no_domain_sees_nothing_of_the_account(app: App) -> None:
    stranger = Caller("x", domains={"a.nl": frozenset({Permission.DELETE})})
    with pytest.raises(Forbidden):
        app.services.storage.read(stranger)
    assert app.services.storage.latest(stranger) is None


def test_invalid_figures_are_unknown() -> None:
    parsed = AccountStorage.from_data(
        {"total_used": "1048576", "total_limit": None, "updated_at": "yesterday", "grace_period": {"deadline": "x"}}, AT
    )
    assert (parsed.used, parsed.limit, parsed.free, parsed.reckoned_at, parsed.grace_until) == (
        1_048_576,
        None,
        None,
        None,
        "x",
    )


@pytest.mark.parametrize("figure", [None, "", "unlimited", "n/a", -1, "nan", "inf", 1e300, True, [], {}])
@pytest.mark.parametrize("name", ["total_used", "total_limit"])
def test_an_unreadable_figure_is_unknown_and_never_0(name: str, figure: object) -> None:
    parsed = AccountStorage.from_data({"total_used": 5, "total_limit": 7} | {name: figure}, AT)
    known = {"total_used": parsed.used, "total_limit": parsed.limit}
    assert known == {"total_used": 5, "total_limit": 7} | {name: None}
    assert parsed.free is None


def test_0_is_no_limit_and_less_than_a_byte_is_not_0() -> None:
    assert AccountStorage.from_data({"total_used": 0, "total_limit": "0"}, AT).limit == 0
    assert AccountStorage.from_data({"total_used": 0, "total_limit": 0.4}, AT).limit == 1


@pytest.mark.parametrize("data", [None, [], "x", {}, {"data": {"total_used": 1}}, {"total_used": None}])
def test_an_answer_without_a_figure_keeps_the_earlier_figures_and_says_so(app: App, data: object) -> None:
    first, _ = app.services.storage.read(LOCAL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.services.clock, "now", lambda: first.read_at + 3_600)
        send = app.host.send
        patch.setattr(
            app.host,
            "send",
            lambda asked, **more: Response(200, data) if asked.path == "/quota" else send(asked, **more),
        )
        known, problem = app.services.storage.read(LOCAL)
    assert (known, problem) == (first, "MXroute answered without the account's storage.")


@pytest.mark.parametrize("bare", [False, True])
def test_storage_is_the_same_with_the_envelope_and_without(app: App, bare: bool) -> None:
    app.host.sandbox.account.bare_quota = bare
    known, _ = app.services.storage.read(LOCAL)
    assert (known.used, known.limit) == (0, 10 * GB)
    assert data(app.ask("GET", "/quota"))["limit"] == 10 * GB


def test_the_api_returns_null_for_an_unknown_figure(app: App) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.host, "send", lambda *_asked, **_more: Response(200, {"total_used": 5}))
        quota = data(app.ask("GET", "/quota"))
    assert (quota["used"], quota["limit"], quota["free"]) == (5, None, None)


def test_figures_stored_by_an_earlier_version_are_ignored(app: App) -> None:
    misread = '{"used": 0, "limit": 0, "reckoned_at": null, "read_at": 1.0, "grace_until": ""}'
    with app.services.store.write() as tx:
        tx.execute(meta.insert().values(name="account_storage", value=misread))
    assert app.services.storage.known() is None


def test_quotas_beyond_the_account_give_a_warning_and_are_allowed(app: App) -> None:
    app.services.storage.read(LOCAL)
    changing = app.services.changes
    assert changing.plan(LOCAL, ["kim@a.nl"], NewQuota(2048)).capacity_warnings == ()
    proposed = changing.plan(LOCAL, ["kim@a.nl", "nina@a.nl"], NewQuota(8192))
    assert "These quotas add 14.0 GB; the account has 10.0 GB free" in proposed.capacity_warnings[0]
    assert changing.plan(LOCAL, ["kim@a.nl"], NewQuota(0)).capacity_warnings == ()
    app.ended(changing.carry_out(LOCAL, proposed, days=7).run or 0)


def test_a_full_plan_is_reported_before_the_next_import_until_a_create_works(app: App) -> None:
    def imported(name: str) -> None:
        rows = [{"username": name, "password": GOOD}]
        run = app.ask("POST", "/imports", {"default_domain": "a.nl", "rows": rows}).json()["data"]["id"]
        app.ended(run)

    rows = {"default_domain": "a.nl", "rows": [{"username": "max", "password": GOOD}]}

    def warnings() -> list[str]:
        answer = app.ask("POST", "/email-accounts/import/preview", rows).json()["data"]
        return list(answer.get("warnings", []))

    assert warnings() == []
    app.host.goes_wrong("plan_full", count=1)
    imported("first")
    assert "the plan was full. Raise it first" in warnings()[0]
    imported("second")
    assert warnings() == []
