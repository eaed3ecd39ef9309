"""The watch over use: one read for all mailboxes each hour, behind people's reads; its age and failure are known."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.background_tasks import TaskCode, TaskName
from mxlib.core.text import background_tasks as texts
from mxlib.mxroute.rate_limiter import RateLimiter
from mxlib.mxroute.rate_limits import RateLimits
from mxlib.services.usage_watch import UsageWatch
from mxlib.store import background_tasks, mailbox_lists, usage_history
from mxlib.store.background_tasks import LeaseLost
from mxlib.tasks import Lease, TaskResult
from tests.support.app import App, opened
from tests.support.threaded_runs import ShiftedClock

#: Seconds of a day, and of its first half.
_DAY, _NOON = 86_400, 43_200


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    clock.ahead = (_NOON - clock.now()) % _DAY  # an hour later is the same day
    with opened(tmp_path, clock) as made:
        made.have("nina@a.nl", "tess@b.nl")
        made.services.lists.domains(LOCAL)
        made.services.lists.refresh(["a.nl", "b.nl"])
        made.host.sent.clear()
        yield made


@pytest.fixture(autouse=True)
def _host_gives_no_times(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host of these tests has a clock of its own."""
    monkeypatch.setattr("mxlib.sandbox.extra_routes._hour", lambda _now: None)


@pytest.fixture
def limiter(clock: ShiftedClock) -> RateLimiter:
    return RateLimiter(RateLimits(reads=8), clock)


def taken(app: App) -> Lease:
    now = app.services.clock.now()
    with app.services.store.write() as tx:
        background_tasks.introduce(tx, TaskName.USAGE, now, at_start=True)
        lease = background_tasks.take(tx, background_tasks.every(tx)[TaskName.USAGE], now, now + 60)
    assert lease is not None
    return lease


def watch(app: App, limiter: RateLimiter) -> TaskResult:
    here = app.services
    return UsageWatch(here.store, here.host, limiter, here.storage, here.clock).read(taken(app))


def use(app: App, address: str) -> list[int | None]:
    day = app.services.store.days.day(app.services.clock.now())
    with app.services.store.read() as tx:
        number = usage_history.numbers(tx, [address.partition("@")[2]])[address]
        days = usage_history.of_mailboxes(tx, [number], day - 9, day + 9)
    return [each.usage for each in days.get(number, ())]


def later(app: App, clock: ShiftedClock, usage: float) -> None:
    """Let an hour pass, in which a mailbox came to use so many MB."""
    clock.ahead += 3_600
    boxes = app.host.sandbox.account.domains["a.nl"]
    boxes["nina"] = replace(boxes["nina"], usage=usage)


def test_two_reads_renew_the_use_of_all_mailboxes_and_of_the_account(
    app: App, limiter: RateLimiter, clock: ShiftedClock
) -> None:
    later(app, clock, 77.0)
    done = watch(app, limiter)
    assert [request.path for request in app.host.sent] == ["/quota/email", "/quota"]
    assert (done.code, done.figures["sizes"], done.figures["never_read"]) == (TaskCode.DONE, 1, 1)
    assert 3_599 <= float(done.figures["oldest_s"]) <= 3_700
    assert use(app, "nina@a.nl")[-1] == 77 * 1024
    known = app.services.storage.known()
    assert known is not None
    with app.services.store.read() as tx:
        assert usage_history.of_account(tx, 0, 40_000)[-1].usage == 77 * 1024


def test_people_who_read_come_first(app: App, limiter: RateLimiter) -> None:
    assert limiter.try_acquire_share("read", 1.0) == 0
    assert limiter.try_acquire_share("read", 1.0) == 0
    result = watch(app, limiter)
    assert (result.code, app.host.sent) == (TaskCode.BEHIND_OTHERS, [])
    assert result.again_at is not None
    assert not result.failed


@pytest.mark.parametrize("fault", ["html_before", "error_before", "null", "unauthorized"])
def test_a_failure_changes_nothing_and_has_its_code(
    app: App, limiter: RateLimiter, clock: ShiftedClock, fault: str
) -> None:
    before = use(app, "nina@a.nl")
    later(app, clock, 77.0)
    app.host.goes_wrong(fault, "read")
    result = watch(app, limiter)
    assert (result.code, result.failed) == (TaskCode.FAILED, True)
    assert use(app, "nina@a.nl") == before
    assert texts.result(result.code, result.figures).startswith("Failed")


def test_a_host_that_asks_to_wait_is_no_failure(app: App, limiter: RateLimiter) -> None:
    app.host.goes_wrong("rate_limited", "read")
    result = watch(app, limiter)
    assert (result.code, result.failed) == (TaskCode.BEHIND_OTHERS, False)
    assert (result.again_at or 0.0) > app.services.clock.now()


def test_the_account_is_left_for_later_where_people_need_the_reads(app: App, clock: ShiftedClock) -> None:
    limiter = RateLimiter(RateLimits(reads=4), clock)
    assert watch(app, limiter).code is TaskCode.DONE
    assert [request.path for request in app.host.sent] == ["/quota/email"]


def test_a_silent_host_is_a_failure_and_its_age_is_known(app: App, limiter: RateLimiter, clock: ShiftedClock) -> None:
    clock.ahead += 7_200
    app.host.down = True
    result = watch(app, limiter)
    assert result.failed
    assert float(result.figures["oldest_s"]) >= 7_200
    state = app.services.usage_watch.state()
    assert (state.newest is None, state.never_read) == (False, 1)


def test_a_process_that_lost_its_lease_stores_nothing(app: App, limiter: RateLimiter, clock: ShiftedClock) -> None:
    before = use(app, "nina@a.nl")
    lease = taken(app)
    later(app, clock, 77.0)
    taken(app)
    here = app.services
    with pytest.raises(LeaseLost):
        UsageWatch(here.store, here.host, limiter, here.storage, here.clock).read(lease)
    assert use(app, "nina@a.nl") == before


def test_the_use_is_read_each_hour(app: App) -> None:
    task = next(task for task in app.services.task_runner.tasks if task.name is TaskName.USAGE)
    assert task.schedule.longest == 3_600
    with app.services.store.read() as tx:
        assert mailbox_lists.read_at(tx, "a.nl")
