"""The rate limiter: many threads share the limit, urgent callers go first, patience is kept."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from mxlib.clock import SystemClock
from mxlib.mxroute.errors import RateLimited
from mxlib.mxroute.rate_headers import RateLimitHeaders
from mxlib.mxroute.rate_limiter import RateLimiter
from mxlib.mxroute.rate_limits import RateLimits

EPOCH = 1_800_000_000.0
SOON = 5.0


class Virtual:
    """A clock on which time passes only while a thread waits."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> float:
        return EPOCH + self.passed

    def monotonic(self) -> float:
        return self.passed

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        assert seconds is not None
        self.passed += seconds


class Watched(SystemClock):
    """The clock of the machine, with a signal when a thread starts to wait."""

    def __init__(self) -> None:
        self.waits = threading.Semaphore(0)

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        self.waits.release()
        super().wait(condition, SOON)


class WaitingLine:
    """A rate limiter whose only slot is taken, and threads that wait for it one after another."""

    def __init__(self) -> None:
        self.clock = Watched()
        self.rate_limiter = RateLimiter(RateLimits(), self.clock)
        assert self.rate_limiter.try_acquire("write") == 0.0
        self.passed: list[str] = []
        self.threads: list[threading.Thread] = []

    def waits(self, name: str, **how: bool) -> None:
        """Start a thread that waits, and return once it does."""

        def take() -> None:
            if self.rate_limiter.acquire("write", **how):
                self.passed.append(name)

        thread = threading.Thread(target=take, daemon=True)
        self.threads.append(thread)
        thread.start()
        assert self.clock.waits.acquire(timeout=SOON)

    def ended(self) -> None:
        """Wait for all threads to end."""
        for thread in self.threads:
            thread.join(SOON)
            assert not thread.is_alive()

    def passed_are(self, *names: str) -> None:
        """Wait until exactly these have passed, in this order."""
        pause = threading.Event()
        for _ in range(1000):
            if len(self.passed) >= len(names):
                break
            pause.wait(0.002)
        assert self.passed == list(names)


@pytest.fixture
def line() -> Iterator[WaitingLine]:
    """Yield threads that wait for a slot; the limiter is closed at the end, so that all of them end."""
    waiting_line = WaitingLine()
    yield waiting_line
    waiting_line.rate_limiter.close()
    waiting_line.ended()


def headers_with(remaining: int, resets_in: float = 30.0, at: float = 0.0) -> RateLimitHeaders:
    """Return the rate limit headers of a response."""
    return RateLimitHeaders(remaining, 20, EPOCH + at + resets_in, EPOCH + at, by_host=True)


def limiter_with(remaining: int, clock: Virtual | SystemClock | None = None) -> RateLimiter:
    """Return a rate limiter to which a response gave so many slots for half a minute."""
    rate_limiter = RateLimiter(RateLimits(), clock or Virtual())
    assert rate_limiter.try_acquire("write") == 0.0
    rate_limiter.update("write", headers_with(remaining), rate_limiter._clock.monotonic())
    return rate_limiter


def test_a_caller_waits_until_the_window_is_over() -> None:
    clock = Virtual()
    rate_limiter = limiter_with(0, clock)
    assert rate_limiter.acquire("write")
    assert 30.0 < clock.passed < 31.2


def test_a_caller_with_too_little_patience_is_refused_at_once() -> None:
    clock = Virtual()
    rate_limiter = limiter_with(0, clock)
    assert not rate_limiter.acquire("write", urgent=True, patience=20.0)
    assert clock.passed == 0.0
    assert 30.0 < rate_limiter.wait_seconds("write") < 31.2
    assert rate_limiter.acquire("write", patience=40.0)


def test_try_acquire_never_waits() -> None:
    clock = Virtual()
    rate_limiter = limiter_with(1, clock)
    assert rate_limiter.try_acquire("write") == 0.0
    assert rate_limiter.try_acquire("write") > 0
    assert clock.passed == 0.0


def test_only_the_remaining_slots_are_given_however_many_ask() -> None:
    rate_limiter = limiter_with(7, SystemClock())
    with ThreadPoolExecutor(12) as pool:
        passed = list(pool.map(lambda _: rate_limiter.acquire("write", patience=0.0), range(40)))
    assert sum(passed) == 7


def test_a_response_wakes_a_waiting_thread(line: WaitingLine) -> None:
    line.waits("a worker")
    line.rate_limiter.update("write", headers_with(1), line.clock.monotonic())
    line.passed_are("a worker")


def test_an_urgent_caller_passes_before_callers_that_waited_longer(line: WaitingLine) -> None:
    line.waits("a worker")
    line.waits("another worker")
    line.waits("a manual write", urgent=True)
    line.rate_limiter.release("write")
    line.passed_are("a manual write")
    line.rate_limiter.update("write", headers_with(2), line.clock.monotonic())
    line.ended()
    assert sorted(line.passed[1:]) == ["a worker", "another worker"]


def test_a_run_gets_no_slot_while_an_urgent_caller_waits(line: WaitingLine) -> None:
    line.waits("a manual write", urgent=True)
    line.rate_limiter._limits.release("write")  # free, and the waiting thread does not know yet
    assert line.rate_limiter.try_acquire("write") > 0
    assert line.rate_limiter.try_acquire("read") == 0.0


def test_an_urgent_caller_that_gave_up_holds_no_one() -> None:
    clock = Virtual()
    rate_limiter = limiter_with(0, clock)
    assert not rate_limiter.acquire("write", urgent=True, patience=1.0)
    clock.passed = 31.5
    assert rate_limiter.try_acquire("write") == 0.0


def test_closing_ends_every_wait(line: WaitingLine) -> None:
    line.waits("a worker")
    line.waits("a manual write", urgent=True)
    line.rate_limiter.close()
    line.ended()
    assert line.passed == []
    assert not line.rate_limiter.acquire("write")
    assert line.rate_limiter.try_acquire("write") > 0


def test_a_refusal_holds_every_thread() -> None:
    clock = Virtual()
    rate_limiter = limiter_with(5, clock)
    assert rate_limiter.acquire("write")
    rate_limiter.update("write", RateLimited(17.0), 0.0)
    assert not rate_limiter.acquire("write", patience=16.0)


@pytest.mark.parametrize(("age", "low"), [(40.0, 20.0), (-300.0, 60.0)], ids=["before", "by a clock put back since"])
def test_requests_of_an_earlier_process_count_by_their_age(age: float, low: float) -> None:
    clock = Virtual()
    clock.passed = 1000.0
    rate_limiter = RateLimiter(RateLimits(), clock)
    rate_limiter.rebuild([("write", clock.now() - age)] * 20, clock.now())
    assert low <= rate_limiter.try_acquire("write") <= low + 1.1


def test_the_rate_limiter_gives_the_estimate() -> None:
    assert 60.0 < limiter_with(0).estimate(30) < 120.0
