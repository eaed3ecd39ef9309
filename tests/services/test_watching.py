"""The cost of watching runs: shared reads, cached counts, ended sessions, and a limit on open tabs."""

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketDisconnect
from starlette.types import Receive, Scope, Send

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.auth.tab_limit import TabLimit
from mxlib.services.run_watch import RunWatch
from mxlib.store import journal
from mxlib.ui.app import tab_sessions
from tests.support.app import App
from tests.support.simulation import plan, rows

VIEWER = Caller("kim", domains={"a.nl": frozenset({Permission.IMPORT})})


class Clock:
    """A clock that a test moves."""

    passed = 0.0

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return self.passed

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        condition.wait(seconds)


class TestSharedLooks:
    def test_all_tabs_of_one_user_share_a_read_for_a_second(self, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
        run = app.services.runs.start(LOCAL, plan(*rows(2)), days=7)
        app.ended(run)
        looks: list[int] = []
        get = app.services.runs.get
        monkeypatch.setattr(app.services.runs, "get", lambda caller, of: (looks.append(of), get(caller, of))[1])
        clock = Clock()
        watch = RunWatch(app.services.runs, clock)
        threads = [threading.Thread(target=watch.run, args=(LOCAL, run)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert looks == [run]
        clock.passed = 0.9
        watch.run(LOCAL, run)
        assert looks == [run]
        clock.passed = 1.1
        watch.run(LOCAL, run)
        assert looks == [run, run]

    def test_a_read_is_shared_between_equal_permissions_only(self, app: App) -> None:
        run = app.services.runs.start(LOCAL, plan(*rows(2)), days=7)
        other = app.services.runs.start(LOCAL, plan(*rows(2)[:1]), days=7)
        watch = RunWatch(app.services.runs, Clock())
        assert watch.run(LOCAL, run) is not None
        assert watch.run(VIEWER, run) is not None
        assert watch.run(Caller("kim"), run) is None
        assert [view.id for view in watch.all(LOCAL)] == [other, run]
        assert watch.all(Caller("kim")) == ()

    def test_reads_without_a_watcher_are_dropped(self, app: App) -> None:
        clock = Clock()
        watch = RunWatch(app.services.runs, clock)
        for number in range(50):
            watch.run(LOCAL, number)
        clock.passed = 120.0
        watch.run(LOCAL, 1)
        assert len(watch._looks) == 1


class TestCounts:
    def test_an_ended_run_is_counted_once_and_an_open_one_each_time(
        self, app: App, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = app.services
        runs = [here.runs.start(LOCAL, plan(*rows(each)), days=7) for each in (1, 2, 3)]
        for run in runs:
            app.ended(run)
        here.run_manager.views()
        counted: list[int] = []
        counts = journal.counts
        monkeypatch.setattr(journal, "counts", lambda tx, of: (counted.extend(of), counts(tx, of))[1])
        views = here.run_manager.views()
        assert counted == []
        assert [sum(view.counts.values()) for view in views] == [3, 2, 1]
        with here.store.write() as tx:
            journal.set_run(tx, runs[0], status="paused")
        here.run_manager.views()
        assert counted == [runs[0]]

    def test_a_change_of_an_ended_run_is_seen_on_its_own_card_at_once(self, app: App) -> None:
        here = app.services
        run = here.runs.start(LOCAL, plan(*rows(2)), days=7)
        app.ended(run)
        here.run_manager.views()
        with here.store.write() as tx:
            journal.set_row(tx, run, 0, outcome="failed")
        view = here.run_manager.view(run)
        assert view is not None
        assert view.retriable == 1
        assert here.run_manager.views()[0].retriable == 1


class TestSessionsThatEnd:
    def test_closed_tabs_free_their_descriptors(self) -> None:
        idle, busy = asyncio.new_event_loop(), asyncio.new_event_loop()
        infos = [
            SimpleNamespace(session=SimpleNamespace(_script_event_loop=idle, _scriptrunner=None)),
            SimpleNamespace(session=SimpleNamespace(_script_event_loop=busy, _scriptrunner=object())),
        ]
        expired: list[bool] = []
        cache = SimpleNamespace(expire=lambda: expired.append(True))
        storage = SimpleNamespace(_cache=cache, list=lambda: infos)
        running = SimpleNamespace(_session_mgr=SimpleNamespace(_session_storage=storage))
        assert tab_sessions.sweep(running) == 1
        assert (idle.is_closed(), busy.is_closed(), expired) == (True, False, [True])
        assert tab_sessions.sweep(running) == 0
        busy.close()


async def _tab(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"here"})
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


class TestTheBound:
    def test_tabs_beyond_the_limit_are_refused_with_a_page(self) -> None:
        client = TestClient(TabLimit(_tab, most=2))
        page: dict[str, Any] = {"headers": {"Accept": "text/html"}}
        with client.websocket_connect("/_stcore/stream"):
            assert client.get("/", **page).text == "here"
            with client.websocket_connect("/_stcore/stream"):
                with pytest.raises(Exception) as refused, client.websocket_connect("/_stcore/stream"):  # noqa: PT011
                    pass
                assert isinstance(refused.value, WebSocketDisconnect) or "denied" in str(type(refused.value)).lower()
                answer = client.get("/runs", **page)
                assert answer.status_code == 503
                assert answer.text.startswith("200 tabs of MXM are open")
                before = client.get("/_stcore/host-config")
                assert before.json()["error"]["code"] == "TOO_MANY_TABS"
                assert client.get("/static/main.js").text == "here"
        assert client.get("/", **page).text == "here"
        with client.websocket_connect("/_stcore/stream"):
            pass
