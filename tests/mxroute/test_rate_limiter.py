"""The gate: many threads, one pace; who is urgent goes first, and nobody waits longer than they said."""

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
    """Time that passes only while somebody waits."""

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
    """The machine's clock, which tells when a thread has begun to wait."""

    def __init__(self) -> None:
        self.waits = threading.Semaphore(0)

    def wait(self, condition: threading.Condition, seconds: float | None) -> None:
        self.waits.release()
        super().wait(condition, SOON)


class Lined:
    """A gate whose only slot is taken, and threads that wait for it one after another."""

    def __init__(self) -> None:
        self.clock = Watched()
        self.gate = RateLimiter(RateLimits(), self.clock)
        assert self.gate.try_acquire("write") == 0.0
        self.passed: list[str] = []
        self.threads: list[threading.Thread] = []

    def waits(self, name: str, **how: bool) -> None:
        """Let a thread wait; returns once it does."""

        def take() -> None:
            if self.gate.acquire("write", **how):
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
        """Wait until these have passed, in this order, and nobody else."""
        pause = threading.Event()
        for _ in range(1000):
            if len(self.passed) >= len(names):
                break
            pause.wait(0.002)
        assert self.passed == list(names)


@pytest.fixture
def line() -> Iterator[Lined]:
    """A line before a gate; everybody is sent home in the end."""
    lined = Lined()
    yield lined
    lined.gate.close()
    lined.ended()


def says(remaining: int, resets_in: float = 30.0, at: float = 0.0) -> RateLimitHeaders:
    """What an answer says."""
    return RateLimitHeaders(remaining, 20, EPOCH + at + resets_in, EPOCH + at, by_host=True)


def knowing(remaining: int, clock: Virtual | SystemClock | None = None) -> RateLimiter:
    """A gate that has just heard that so many remain for half a minute."""
    gate = RateLimiter(RateLimits(), clock or Virtual())
    assert gate.try_acquire("write") == 0.0
    gate.update("write", says(remaining), gate._clock.monotonic())
    return gate


def test_a_caller_waits_until_the_window_is_over() -> None:
    clock = Virtual()
    gate = knowing(0, clock)
    assert gate.acquire("write")
    assert 30.0 < clock.passed < 31.2


def test_a_caller_without_patience_is_told_at_once_and_takes_nothing() -> None:
    clock = Virtual()
    gate = knowing(0, clock)
    assert not gate.acquire("write", urgent=True, patience=20.0)
    assert clock.passed == 0.0
    assert 30.0 < gate.wait_seconds("write") < 31.2
    assert gate.acquire("write", patience=40.0)


def test_asking_never_waits() -> None:
    clock = Virtual()
    gate = knowing(1, clock)
    assert gate.try_acquire("write") == 0.0
    assert gate.try_acquire("write") > 0
    assert clock.passed == 0.0


def test_so_many_as_remain_pass_however_many_ask_at_once() -> None:
    gate = knowing(7, SystemClock())
    with ThreadPoolExecutor(12) as pool:
        passed = list(pool.map(lambda _: gate.acquire("write", patience=0.0), range(40)))
    assert sum(passed) == 7


def test_an_answer_wakes_who_waits(line: Lined) -> None:
    line.waits("a worker")
    line.gate.update("write", says(1), line.clock.monotonic())
    line.passed_are("a worker")


def test_who_is_urgent_passes_before_those_who_waited_longer(line: Lined) -> None:
    line.waits("a worker")
    line.waits("another worker")
    line.waits("somebody by hand", urgent=True)
    line.gate.release("write")
    line.passed_are("somebody by hand")
    line.gate.update("write", says(2), line.clock.monotonic())
    line.ended()
    assert sorted(line.passed[1:]) == ["a worker", "another worker"]


def test_a_run_gets_no_slot_while_somebody_urgent_waits(line: Lined) -> None:
    line.waits("somebody by hand", urgent=True)
    line.gate._pace.release("write")  # free, and the one who waits does not know yet
    assert line.gate.try_acquire("write") > 0
    assert line.gate.try_acquire("read") == 0.0


def test_who_was_urgent_and_gave_up_holds_nobody() -> None:
    clock = Virtual()
    gate = knowing(0, clock)
    assert not gate.acquire("write", urgent=True, patience=1.0)
    clock.passed = 31.5
    assert gate.try_acquire("write") == 0.0


def test_closing_sends_everybody_home(line: Lined) -> None:
    line.waits("a worker")
    line.waits("somebody by hand", urgent=True)
    line.gate.close()
    line.ended()
    assert line.passed == []
    assert not line.gate.acquire("write")
    assert line.gate.try_acquire("write") > 0


def test_a_refusal_holds_every_thread() -> None:
    clock = Virtual()
    gate = knowing(5, clock)
    assert gate.acquire("write")
    gate.update("write", RateLimited(17.0), 0.0)
    assert not gate.acquire("write", patience=16.0)


@pytest.mark.parametrize(("age", "low"), [(40.0, 20.0), (-300.0, 60.0)], ids=["before", "by a clock put back since"])
def test_what_an_earlier_process_sent_counts_by_its_age(age: float, low: float) -> None:
    clock = Virtual()
    clock.passed = 1000.0
    gate = RateLimiter(RateLimits(), clock)
    gate.rebuild([("write", clock.now() - age)] * 20, clock.now())
    assert low <= gate.try_acquire("write") <= low + 1.1


def test_an_estimate_comes_through_the_gate() -> None:
    assert 60.0 < knowing(0).estimate(30) < 120.0
