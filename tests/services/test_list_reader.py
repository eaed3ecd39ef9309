"""The background reader: every list in turn, within its share of the read limit, whatever fails."""

import errno
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.core.text import store_problems
from mxlib.mxroute.rate_limiter import RateLimiter
from mxlib.mxroute.rate_limits import POLL, RateLimits
from mxlib.runs.manager import NotOwner
from mxlib.services.list_reader import READ_EVERY, ListReader
from mxlib.store import failure_log
from mxlib.store.errors import of_system
from tests.support import app as support
from tests.support.app import App
from tests.support.clocks import PassingClock


class Clock(PassingClock):
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.start, self.passed = super().now(), 1_000.0

    def now(self) -> float:
        return self.start + self.passed

    def monotonic(self) -> float:
        return self.passed

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        condition.wait(0.01)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[App]:
    with support.opened(tmp_path, clock) as made:
        made.have("nina@a.nl", "tess@b.nl")
        made.host.sent.clear()
        yield made


@pytest.fixture
def limiter(clock: Clock) -> RateLimiter:
    return RateLimiter(RateLimits(reads=100), clock)


@pytest.fixture
def reader(app: App, limiter: RateLimiter, clock: Clock) -> ListReader:
    here = app.services
    return ListReader(here.store, here.lists, here.run_manager, limiter, clock)


def answered(app: App, limiter: RateLimiter, clock: Clock) -> None:
    """Let the responses of the host reach the rate limiter, as its client does."""
    send = app.host.send

    def counted(*given: object, **named: object) -> object:
        try:
            return send(*given, **named)  # type: ignore[arg-type]
        finally:
            limiter.update("read", None, clock.monotonic())

    app.host.send = counted  # type: ignore[method-assign, assignment]


@pytest.fixture(autouse=True)
def _answers(app: App, limiter: RateLimiter, clock: Clock) -> None:
    answered(app, limiter, clock)


def paths(app: App) -> list[str]:
    return [request.path for request in app.host.sent]


def out_of_files() -> NoReturn:
    raise of_system(OSError(errno.EMFILE, "Too many open files"))


def read_all(reader: ListReader, steps: int = 20) -> None:
    for _ in range(steps):
        if reader.step():
            return


def hold(app: App, number: int) -> None:
    for at in range(number):
        app.host.sandbox.account.domains[f"client{at:03}.example"] = {}


def test_the_domains_come_first_then_each_list(app: App, reader: ListReader) -> None:
    read_all(reader)
    assert [path.count("/email-accounts") for path in paths(app)] == [0, 1, 1, 1]
    assert all(state.read_at is not None and not state.problem for state in app.services.lists.states(LOCAL))


def test_nothing_is_read_again_for_a_quarter_of_an_hour(app: App, reader: ListReader, clock: Clock) -> None:
    read_all(reader)
    clock.passed += READ_EVERY - 60
    assert reader.step() > 0
    assert len(app.host.sent) == 4
    clock.passed += 61
    read_all(reader)
    assert len(app.host.sent) == 8


def test_the_list_unread_longest_comes_first(app: App, reader: ListReader, clock: Clock) -> None:
    read_all(reader)
    clock.passed += 10
    app.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
    clock.passed += 10
    app.services.lists.mailboxes(LOCAL, "b.nl", refresh=True)
    app.host.sent.clear()
    clock.passed += READ_EVERY + 1
    read_all(reader)
    assert [path.split("/")[2] for path in paths(app)[1:]] == ["c.nl", "a.nl", "b.nl"]


def test_half_of_the_limit_until_all_were_read_and_then_a_quarter(app: App, reader: ListReader, clock: Clock) -> None:
    hold(app, 60)
    for _ in range(60):
        if wait := reader.step():
            break
    assert len(app.host.sent) == 50
    assert 0 < wait <= 60
    for _ in range(2):
        clock.passed += 61
        for _ in range(60):
            if reader.step():
                break
    app.host.sent.clear()
    clock.passed += READ_EVERY + 1
    for _ in range(60):
        if reader.step():
            break
    assert len(app.host.sent) == 25


def test_reads_of_people_count_against_the_share_of_the_reader(
    app: App, reader: ListReader, limiter: RateLimiter, clock: Clock
) -> None:
    hold(app, 60)
    for _ in range(40):
        while not limiter.acquire("read", patience=0.0):
            clock.passed += POLL
        limiter.update("read", None, clock.monotonic())
    for _ in range(60):
        if reader.step():
            break
    assert len(app.host.sent) == 10


def test_a_person_who_waits_for_a_slot_goes_first(clock: Clock) -> None:
    limiter = RateLimiter(RateLimits(reads=1), clock)
    assert limiter.try_acquire("read") == 0.0
    waiting = threading.Thread(target=limiter.acquire, args=("read",), daemon=True)
    waiting.start()
    give_up = 6_000
    while not limiter._waiting["read"] and (give_up := give_up - 1):
        threading.Event().wait(0.01)
    limiter.update("read", None, 0.0)
    clock.passed += 61
    assert limiter.try_acquire_share("read", 1.0) > 0
    waiting.join(60.0)
    assert not waiting.is_alive()


def test_a_silent_host_is_asked_less_and_less(app: App, reader: ListReader, clock: Clock) -> None:
    read_all(reader)
    app.host.down = True
    clock.passed += READ_EVERY + 1
    pauses = []
    for _ in range(8):
        wait = reader.step()
        pauses.append(wait)
        clock.passed += max(wait, 60.0)
    assert pauses[:2] == [0.0, 0.0]
    assert pauses[2] > 0
    assert pauses[-1] == 600.0
    states = app.services.lists.states(LOCAL)
    assert any("does not answer" in state.problem for state in states)
    assert all(state.read_at is not None for state in states)
    app.host.down = False
    clock.passed += 600
    read_all(reader)
    clock.passed += 60
    read_all(reader)
    assert not any(state.problem for state in app.services.lists.states(LOCAL))


def test_after_a_refusal_of_the_rate_limit_it_waits_as_long_as_asked(
    app: App, reader: ListReader, limiter: RateLimiter, clock: Clock
) -> None:
    app.host.goes_wrong("rate_limited", "read")
    reader.step()
    assert len(app.host.sent) == 1
    clock.passed += 60
    read_all(reader)
    assert all(state.read_at is not None for state in app.services.lists.states(LOCAL))


def test_a_domain_that_left_the_account_is_no_longer_read(app: App, reader: ListReader, clock: Clock) -> None:
    read_all(reader)
    del app.host.sandbox.account.domains["b.nl"]
    clock.passed += READ_EVERY / 2 + 1
    for name in ("a.nl", "b.nl", "c.nl"):
        app.services.lists.mailboxes(LOCAL, name, refresh=True)
    clock.passed += READ_EVERY / 2 + 1
    read_all(reader)
    assert [state.domain for state in app.services.lists.states(LOCAL)] == ["a.nl", "c.nl"]
    assert app.services.lists.problems(LOCAL) == []


def test_a_list_that_always_fails_does_not_hold_up_the_others(app: App, reader: ListReader, clock: Clock) -> None:
    read_all(reader)
    read_once = app.services.lists._read_mailboxes

    def fails(domain: str, *given: object, **named: object) -> None:
        if domain == "a.nl":
            app.host.goes_wrong("broken_before", "read")
        read_once(domain, *given, **named)  # type: ignore[arg-type]

    app.services.lists._read_mailboxes = fails  # type: ignore[method-assign]
    clock.passed += READ_EVERY + 1
    app.host.sent.clear()
    read_all(reader)
    assert len(app.host.sent) == 4
    assert [bool(state.problem) for state in app.services.lists.states(LOCAL)] == [True, False, False]


def test_a_list_that_a_person_read_meanwhile_costs_no_request(
    app: App, reader: ListReader, limiter: RateLimiter, clock: Clock
) -> None:
    read_all(reader)
    used, failure = app.services.lists.read_once("a.nl", oldest=clock.now() - 1)
    assert (used, failure, len(app.host.sent)) == (False, None, 4)


def test_a_process_that_does_not_own_the_runs_reads_nothing(
    app: App, reader: ListReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other() -> None:
        raise NotOwner("Another process owns the runs.")

    monkeypatch.setattr(app.services.run_manager, "must_own", other)
    with pytest.raises(NotOwner):
        reader.step()
    assert app.host.sent == []


def test_its_thread_reads_and_ends_with_the_process(app: App, reader: ListReader) -> None:
    before = set(threading.enumerate())  # a server of another test may have a reader of its own
    reader.start()
    give_up = 6_000
    while len(app.host.sent) < 4 and (give_up := give_up - 1):
        threading.Event().wait(0.01)
    reader.close()
    assert len(app.host.sent) == 4
    assert not {thread for thread in threading.enumerate() if thread.name == "mxm-reader"} - before


def test_a_store_that_fails_is_reported_once_however_many_lists_need_it(
    app: App, reader: ListReader, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hold(app, 20)
    read_all(reader, steps=2)
    monkeypatch.setattr(app.services.store.database, "_connect", out_of_files)
    reader.start()  # it cannot see what is due
    for name in ("a.nl", "b.nl", *(f"client{at:03}.example" for at in range(20))):
        app.services.lists.read_once(name, oldest=clock.now() + 60.0)
    app.services.storage.read_unasked(gated=False)
    reader.close()
    assert [record.getMessage() for record in caplog.records] == [store_problems.OUT_OF_FILES]
    clock.passed += failure_log.SAID_EVERY
    app.services.lists.read_once("a.nl", oldest=clock.now() + 60.0)
    assert [record.getMessage() for record in caplog.records] == [store_problems.OUT_OF_FILES] * 2


def test_states_name_only_what_the_caller_may_view(app: App, reader: ListReader) -> None:
    read_all(reader)
    one = Caller("tess", domains={"a.nl": frozenset({Permission.VIEW})})
    assert [state.domain for state in app.services.lists.states(one)] == ["a.nl"]
