"""Accounts of many domains: lists read together, one export file, and one run to import it."""

import csv
import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.clock import SystemClock
from mxlib.core.files import reader
from mxlib.core.text import list_ages
from mxlib.mxroute.client import MXrouteClient
from mxlib.mxroute.errors import Unreachable
from mxlib.mxroute.rate_limiter import RateLimiter
from mxlib.mxroute.rate_limits import RateLimits
from mxlib.sandbox import believable, serve
from mxlib.services.container import assemble
from mxlib.services.failures import ListUnavailable
from mxlib.services.mailbox_lists import LONG_MAX_WAIT_S
from mxlib.settings import Settings
from mxlib.store import FILE, Store
from mxlib.web import downloads
from tests.support import app as support
from tests.support.app import GOOD, App
from tests.support.audit_entries import audit_entries
from tests.support.pages import opened

MANY = [f"client{number:03}.example" for number in range(100)]
MAY = frozenset({Permission.VIEW, Permission.EXPORT})


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A server over the pure stand-in: a.nl with two mailboxes, b.nl with one, c.nl with none."""
    with support.opened(tmp_path) as made:
        made.have("nina@a.nl", "007@a.nl", "tess@b.nl")
        yield made


def hold_many(app: App) -> None:
    """The account has a hundred domains, each with one mailbox."""
    for name in MANY:
        app.host.sandbox.account.domains[name] = {}
        app.have(f"info@{name}")


def web(monkeypatch: pytest.MonkeyPatch, caller: Caller = LOCAL) -> TestClient:
    monkeypatch.setattr(downloads, "caller", lambda request: caller)
    return TestClient(Starlette(routes=downloads.routes))


def rows(content: bytes) -> list[dict[str, str]]:
    text = content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text[text.index("username") :], newline="")))


def silent_for(app: App, monkeypatch: pytest.MonkeyPatch, *domains: str) -> None:
    """The host answers, but not about these domains."""
    send = app.host.send

    def choosy(request: Any, **how: Any) -> Any:
        if any(f"/{name}/" in request.path for name in domains):
            raise Unreachable
        return send(request, **how)

    monkeypatch.setattr(app.host, "send", choosy)


def test_all_domains_are_exported_in_one_file(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = web(monkeypatch).get("/export/all.csv")
    assert [(row["username"], row["domain"]) for row in rows(answer.content)] == [
        ("007", "a.nl"), ("nina", "a.nl"), ("tess", "b.nl"),
    ]  # fmt: skip
    assert 'filename="mailboxes-all-' in answer.headers["content-disposition"]
    assert "x-mxm-remarks" not in answer.headers
    assert web(monkeypatch).get("/export/all.xlsx").content.startswith(b"PK")
    assert web(monkeypatch).get("/export/all.ods").status_code == 404


def test_only_permitted_domains_are_exported_and_the_rest_is_named(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    kim = Caller("kim", domains={"b.nl": MAY, "a.nl": frozenset({Permission.VIEW})})
    answer = web(monkeypatch, kim).get("/export/all.csv")
    assert {row["domain"] for row in rows(answer.content)} == {"b.nl"}
    assert answer.content.startswith(b"\xef\xbb\xbfusername,")
    assert answer.headers["x-mxm-remarks"] == "Left out, since you may not export from it: a.nl."
    stranger = Caller("lee", domains={"a.nl": frozenset({Permission.VIEW})})
    assert web(monkeypatch, stranger).get("/export/all.csv").status_code == 403


def test_a_missing_list_is_named_above_the_header_and_the_file_can_be_imported(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent_for(app, monkeypatch, "a.nl")
    for kind in ("csv", "xlsx"):
        answer = web(monkeypatch).get(f"/export/all.{kind}")
        assert answer.headers["x-mxm-remarks"] == "Not in this file: a.nl. MXroute does not answer."
        reading = app.services.files.read_by_header(answer.content, f"all.{kind}")
        assert list(reading.rows["username"]) == ["tess"]
    assert reading.sheet.sheets == ("Mailboxes", "Remarks")


def test_an_old_list_is_reported_as_old(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.services.exports.everything(LOCAL)
    silent_for(app, monkeypatch, "a.nl")
    app.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
    monkeypatch.setattr(app.services.lists._clock, "now", lambda: time.time() + 400)
    (remark,) = app.services.exports.everything(LOCAL).remarks
    assert remark.startswith("a.nl is the list of ")
    assert remark.endswith("(6 minutes old): MXroute did not give a newer one.")


def test_an_export_without_any_mailbox_is_refused(app: App) -> None:
    app.services.lists.domains(LOCAL)
    app.host.down = True
    with pytest.raises(ListUnavailable, match=r"MXroute does not answer\."):
        app.services.exports.everything(LOCAL)


def test_every_export_of_all_domains_is_in_the_audit_log(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    web(monkeypatch).get("/export/all.csv")
    with app.services.store.read() as tx:
        entry = dict(audit_entries(tx)[0])
    assert (entry["what"], entry["on"]) == ("export", "all domains")
    assert entry["outcome"] == "3 mailboxes of 3 domains as csv: a.nl, b.nl and c.nl."


def test_a_token_exports_all_domains_that_it_may(app: App) -> None:
    answer = app.ask("GET", "/email-accounts.csv")
    assert len(rows(answer.content)) == 3
    answer = app.ask("GET", "/email-accounts.csv", token=app.token(b_nl="view export", a_nl="view"))
    assert [row["username"] for row in rows(answer.content)] == ["tess"]
    assert app.ask("GET", "/email-accounts.csv", token=app.token(a_nl="view")).status_code == 403


@pytest.mark.parametrize("path", ["/email-accounts", "/domains/a.nl/email-accounts"])
def test_a_token_exports_workbooks_with_the_same_rows(app: App, path: str) -> None:
    book, table = (reader.read(app.ask("GET", path + kind).content, f"all{kind}") for kind in (".xlsx", ".csv"))
    assert book.header == table.header
    assert [book.table.row(at) for at in range(len(book))] == [table.table.row(at) for at in range(len(table))]
    assert len(book)


def test_the_lists_of_a_hundred_domains_are_read_three_at_a_time_and_once(app: App) -> None:
    hold_many(app)
    first_three, lock, asked = threading.Barrier(3), threading.Lock(), 0
    at_once = most = 0
    send = app.host.send

    def counting(request: Any, **how: Any) -> Any:
        nonlocal asked, at_once, most
        with lock:
            asked, at_once = asked + 1, at_once + 1
            most = max(most, at_once)
            meet = asked <= 3
        if meet:
            first_three.wait(60)
        answer = send(request, **how)
        with lock:
            at_once -= 1
        return answer

    app.host.send = counting  # type: ignore[method-assign]
    progress: list[tuple[int, int, float]] = []
    app.services.lists.refresh(MANY, on_progress=lambda *how_far: progress.append(how_far))
    assert most == 3
    assert progress[0] == (0, 100, 0.0)
    assert progress[-1] == (100, 100, 0.0)
    assert [done for done, _, _ in progress] == sorted(done for done, _, _ in progress)
    sent = len(app.host.sent)
    app.services.lists.refresh(MANY, on_progress=lambda *how_far: pytest.fail("Nothing was due."))
    assert len(app.host.sent) == sent


def test_a_host_without_answers_is_not_asked_a_hundred_times(app: App) -> None:
    hold_many(app)
    app.services.lists.domains(LOCAL)
    app.host.down = True
    asked: list[str] = []
    send = app.host.send

    def counting(request: Any, **how: Any) -> Any:
        asked.append(request.path)
        return send(request, **how)

    app.host.send = counting  # type: ignore[method-assign]
    app.services.lists.refresh(MANY)
    assert 1 <= len(asked) <= 3
    assert all(app.services.lists.usernames(name) is None for name in MANY)
    assert len(asked) <= 3


def test_progress_and_its_wait_are_described_in_words() -> None:
    assert list_ages.reading_lists(37, 100) == "Reading 37 of 100 domains from MXroute…"
    assert list_ages.reading_lists(100, 150, 33.2) == (
        "Reading 100 of 150 domains from MXroute… Its limit of reads is reached: going on in 34 s."
    )


def test_one_file_for_many_domains_is_one_run(app: App) -> None:
    hold_many(app)
    wanted = [{"username": "new", "domain": name, "password": GOOD} for name in MANY]
    run = app.ask("POST", "/imports", {"rows": wanted}).json()["data"]["id"]
    assert app.ended(run)["counts"]["created"] == 100
    assert all(app.host.has(f"new@{name}") for name in MANY)


def test_the_page_offers_all_domains_in_one_file_and_says_what_is_missing(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent_for(app, monkeypatch, "b.nl")
    tab = opened(domain="a.nl")
    tab.button(key="export-all").click().run()
    assert not tab.exception
    assert any("2 mailboxes of 2 domains" in text.value for text in tab.markdown)
    assert any("Not in this file: b.nl" in warning.value.replace("\\", "") for warning in tab.warning)


def test_more_domains_than_reads_a_minute_wait_and_say_so(tmp_path: Path) -> None:
    names = [f"client{number:02}.example" for number in range(25)]
    host = serve(believable(window=1.0, reads=10))
    host.sandbox.account.domains = {name: {} for name in names}
    clock, limits = SystemClock(), RateLimits(window=1.0, reads=10)
    rate_limiter = RateLimiter(limits, clock)
    settings = Settings(
        data_dir=tmp_path, server="sandbox.local", user="sandbox", api_key=SecretStr("x"), api_url=host.url
    )
    store = Store.open(tmp_path / FILE, clock)
    app = assemble(settings, clock, store, MXrouteClient(settings, rate_limiter, clock), rate_limiter)
    waits: list[float] = []
    try:
        app.lists.refresh(names, patience=LONG_MAX_WAIT_S, on_progress=lambda _done, _total, wait: waits.append(wait))
        assert all(app.lists.usernames(name) == frozenset() for name in names)
        assert max(waits) > 0
        assert not app.lists.problems(LOCAL)
    finally:
        app.close()
        host.stop()


def test_edits_wait_for_no_list_and_the_start_reads_lists_over_a_minute_old(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    previews = app.services.imports
    batch = app.services.files.batch_from_file(b"username,domain\nx,a.nl\n", "x.csv", "a.nl")
    validated = previews.validate(LOCAL, batch)
    monkeypatch.setattr(app.services.imports._clock, "now", lambda: time.time() + 600)
    app.services.lists.domains(LOCAL)
    app.host.sent.clear()
    previews.validate(LOCAL, batch)
    assert not app.host.sent
    previews.confirm(LOCAL, batch, before=validated)
    assert [sent.path for sent in app.host.sent if sent.path.startswith("/domains")] == ["/domains/a.nl/email-accounts"]
