"""Rate limits: as fast as the host allows and never faster, on simulated time."""

import math
from collections.abc import Callable, Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxlib.mxroute.errors import RateLimited
from mxlib.mxroute.rate_headers import RateLimitHeaders
from mxlib.mxroute.rate_limits import RateLimits
from tests.support.fake_host import EPOCH, WORKERS, Limiter, least_time, race
from tests.support.hypothesis_profiles import examples

#: Seconds a window that reset times in whole seconds may cost.
SLACK = 1.3


def _up_or_down(end: float) -> float:
    """Round the resets of a host, so that they differ by a second within one window."""
    return math.floor(end) + Random(end).randint(0, 1)


ROUNDINGS: list[Callable[[float], float]] = [math.ceil, math.floor, round]


def between(low: float, high: float, seed: int = 0) -> Iterator[float]:
    """Yield latencies, one way each."""
    draw = Random(seed)
    while True:
        yield draw.uniform(low, high)


latencies = st.builds(between, st.just(0.01), st.sampled_from([0.02, 0.05, 0.15, 0.3]), st.integers(0, 10_000))
slow_latencies = st.builds(between, st.just(0.01), st.sampled_from([0.05, 1.0, 6.0]), st.integers(0, 10_000))
skews = st.one_of(st.just(0.0), st.floats(-600.0, 600.0))
starts = st.floats(0.0, 120.0)
storms = st.tuples(st.integers(0, 60), st.integers(1, 12)).map(lambda span: frozenset(range(span[0], sum(span))))


def limiters(windows: tuple[str, ...] = ("aligned", "first"), **more: object) -> st.SearchStrategy[Limiter]:
    """Return a strategy of hosts that answer with Date and rate headers."""
    parameters = {
        "windows": st.sampled_from(windows),
        "rounding": st.sampled_from(ROUNDINGS),
        "skew": skews,
        "limit": st.sampled_from([20, 20, 7, 50]),
    }
    return st.builds(Limiter, **(parameters | more))  # type: ignore[arg-type]


# The lower bound.


@settings(max_examples=examples(120), deadline=None)
@given(limiters(), st.integers(100, 400), starts, st.integers(0, 10_000), st.sampled_from([0.02, 0.1, 0.3]))
def test_without_other_clients_no_request_is_refused_and_the_time_is_minimal(
    host: Limiter, rows: int, at: float, seed: int, slowest: float
) -> None:
    result = race(host, rows, between(0.01, slowest, seed), at=at)
    trip = 2 * slowest
    seconds, windows = least_time(host, rows, at, trip)
    burst = trip * (1 + math.ceil(host.limit / WORKERS))
    assert result.refused == 0
    assert result.took <= seconds + SLACK * windows + burst


@settings(max_examples=examples(80), deadline=None)
@given(
    limiters(
        ("aligned", "first", "sliding"),
        rounding=st.sampled_from([*ROUNDINGS, _up_or_down]),
        headers=st.sampled_from([True, True, False]),
        limit=st.just(20),
    ),
    st.integers(100, 200),
    starts,
    slow_latencies,
)
def test_without_other_clients_nothing_is_refused_by_slow_hosts_of_any_window_kind(
    host: Limiter, rows: int, at: float, latency: Iterator[float]
) -> None:
    assert race(host, rows, latency, at=at).refused == 0


@settings(max_examples=examples(80), deadline=None)
@given(
    limiters(headers=st.sampled_from([True, True, False]), lost=st.frozensets(st.integers(0, 99), max_size=5)),
    st.integers(100, 200),
    starts,
    latencies,
)
def test_without_other_clients_nothing_is_refused_if_responses_are_lost(
    host: Limiter, rows: int, at: float, latency: Iterator[float]
) -> None:
    if not host.headers:
        host.limit = 20
    assert race(host, rows, latency, at=at).refused == 0


@pytest.mark.parametrize("windows", ["aligned", "first", "sliding"])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_250_rows_take_12_windows(windows: str, rounding: Callable[[float], float]) -> None:
    host = Limiter(windows, rounding=rounding)  # type: ignore[arg-type]
    result = race(host, 250, between(0.1, 0.2), at=0.5)
    assert result.refused == 0
    assert 12 * 60 - 1 <= result.took <= 12 * 60 + 13 * SLACK + 3


# Other clients.


@settings(max_examples=examples(80), deadline=None)
@given(limiters(("aligned", "first")), st.integers(100, 250), starts, latencies, st.booleans())
def test_if_other_clients_use_half_the_limit_every_row_takes_at_most_twice_as_long(
    host: Limiter, rows: int, at: float, latency: Iterator[float], at_once: bool
) -> None:
    half = host.limit / 2
    others = (
        (at + 60.0 * (n // int(half)) for n in range(10**9))
        if at_once
        else (at + n * host.window / half for n in range(10**9))
    )
    result = race(host, rows, latency, at=at, others=others)
    assert result.took <= (rows / (host.limit - math.ceil(half)) + 3) * (host.window + SLACK)
    assert result.refused <= result.took / host.window * 4


@settings(max_examples=examples(80), deadline=None)
@given(
    limiters(
        ("aligned", "first", "sliding"), headers=st.booleans(), retry=st.sampled_from(["seconds", "date", "none"])
    ),
    starts,
    latencies,
    st.integers(0, 10_000),
)
def test_every_row_gets_through_despite_a_greedy_client(
    host: Limiter, at: float, latency: Iterator[float], seed: int
) -> None:
    draw = Random(seed)

    def greedy() -> Iterator[float]:
        now = at
        while True:
            now += draw.expovariate(1 / 4.0)
            yield now

    result = race(host, 60, latency, at=at, others=greedy())
    assert result.took < 4 * 3600


# Failures.


@settings(max_examples=examples(80), deadline=None)
@given(
    limiters(
        ("aligned", "first"),
        storm=storms,
        bare_storm=st.booleans(),
        retry=st.sampled_from(["seconds", "date", "none"]),
    ),
    starts,
    latencies,
)
def test_many_refusals_in_a_row_cost_time_but_no_row(host: Limiter, at: float, latency: Iterator[float]) -> None:
    result = race(host, 100, latency, at=at)
    assert result.refused <= 2
    assert result.took <= (100 / host.limit + len(host.storm) + 2) * 64.0


@pytest.mark.parametrize("headers", [True, False])
def test_a_host_that_refuses_for_ten_minutes_is_asked_less_and_less_often(headers: bool) -> None:
    rate_limits, now, asked = RateLimits(), 0.0, 0
    while now < 600.0:
        wait = rate_limits.try_acquire("write", now)
        if wait:
            now += wait
            continue
        asked += 1
        headers_now = RateLimitHeaders(0, 20, EPOCH + now, EPOCH + now, by_host=True) if headers else None
        rate_limits.update("write", RateLimited(None, rate_headers=headers_now), now, now)
    assert 5 <= asked <= 16


@settings(max_examples=examples(80), deadline=None)
@given(limiters(("aligned", "first"), dated=st.just(False)), st.integers(100, 200), starts, latencies)
def test_a_wrong_clock_without_a_date_header_costs_at_most_one_refusal(
    host: Limiter, rows: int, at: float, latency: Iterator[float]
) -> None:
    result = race(host, rows, latency, at=at)
    assert result.refused <= 1
    assert result.took <= (math.ceil(rows / host.limit) + 2) * (host.window + 2 * SLACK)


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("window", [1.0, 10.0, 61.0, 90.0, 840.0])
def test_windows_of_another_length_are_learned(window: float, rounding: Callable[[float], float]) -> None:
    for windows in ("aligned", "first"):
        host = Limiter(windows, window=window, limit=25, rounding=rounding)  # type: ignore[arg-type]
        result = race(host, 150, between(0.02, 0.03), at=0.3)
        assert result.refused <= (window > 60)
        assert result.took <= 6 * (window + 3) + 2


@pytest.mark.parametrize("window", [3600.0, 14_400.0])
def test_a_host_that_refuses_for_hours_is_asked_every_15_minutes(window: float) -> None:
    result = race(Limiter("first", window=window, limit=25), 60, between(0.02, 0.03), at=0.3)
    assert result.refused <= 3 * (window / 900 + 1)
    assert result.took <= 3 * (window + 3) + 2


# One step at a time.


def headers_with(
    remaining: int, resets_in: float = 30.0, limit: int = 20, *, by_host: bool = True, at: float = 0.0
) -> RateLimitHeaders:
    """Return the rate limit headers of a response at `at`."""
    return RateLimitHeaders(remaining, limit, EPOCH + at + resets_in, EPOCH + at, by_host=by_host)


def limits_with(remaining: int, resets_in: float = 30.0, **more: object) -> RateLimits:
    """Return rate limits updated at 0 with a response of these figures."""
    rate_limits = RateLimits()
    assert rate_limits.try_acquire("write", 0.0) == 0.0
    rate_limits.update("write", headers_with(remaining, resets_in, **more), 0.0, 0.0)  # type: ignore[arg-type]
    return rate_limits


def taken(rate_limits: RateLimits, now: float, kind: str = "write") -> int:
    """Take every free slot at `now`, and return their number."""
    return next(n for n in range(1000) if rate_limits.try_acquire(kind, now))


def test_no_second_write_is_sent_before_the_response_to_the_first() -> None:
    rate_limits = RateLimits()
    assert taken(rate_limits, 0.0) == 1
    assert rate_limits.try_acquire("write", 5.0) > 0
    rate_limits.update("write", headers_with(19), 0.0, 6.0)
    assert taken(rate_limits, 6.0) == 19


def test_slots_of_requests_in_flight_are_not_given_twice() -> None:
    rate_limits = limits_with(5)
    for _ in range(3):
        assert rate_limits.try_acquire("write", 1.0) == 0.0
    rate_limits.update(
        "write", headers_with(3, at=1), 1.0, 2.0
    )  # two of the three were counted by then, the other perhaps later
    assert taken(rate_limits, 2.0) == 1


def test_responses_may_arrive_out_of_order() -> None:
    rate_limits = limits_with(5)
    for _ in range(3):
        assert rate_limits.try_acquire("write", 1.0) == 0.0
    for remaining in (2, 4, 3):
        rate_limits.update("write", headers_with(remaining, 29, at=1), 1.0, 2.0)
    assert taken(rate_limits, 2.0) == 2


def test_a_late_response_of_the_previous_window_changes_nothing() -> None:
    rate_limits = limits_with(3, 5.0)
    assert [rate_limits.try_acquire("write", 1.0) for _ in range(2)] == [0.0, 0.0]
    rate_limits.update(
        "write", headers_with(19, 60, at=6.1), 1.0, 6.2
    )  # one of the two was already counted in the next window
    rate_limits.update("write", headers_with(1, 4, at=1), 1.0, 7.3)
    assert taken(rate_limits, 7.3) == 19


def test_no_write_starts_a_new_window_while_an_older_response_is_missing() -> None:
    rate_limits = limits_with(1, 5.0)
    assert rate_limits.try_acquire("write", 1.0) == 0.0
    assert rate_limits.try_acquire("write", 7.0) > 0
    rate_limits.update("write", None, 1.0, 8.0)
    assert taken(rate_limits, 8.0) >= 1


def test_the_earliest_reset_of_the_responses_of_a_window_counts() -> None:
    rate_limits = limits_with(5, 30.0)  # by whole seconds: over within 31 s
    assert [rate_limits.try_acquire("write", 0.1) for _ in range(2)] == [0.0, 0.0]
    rate_limits.update(
        "write", headers_with(0, 29.0, at=1.0), 0.1, 0.2
    )  # the clock of the host just reached the next second
    rate_limits.update("write", headers_with(0, 30.0), 0.1, 0.3)
    assert 29.9 <= rate_limits.try_acquire("write", 0.3) <= 30.1


def test_resets_that_differ_by_a_second_belong_to_one_window() -> None:
    rate_limits = limits_with(5)
    assert [rate_limits.try_acquire("write", 0.1) for _ in range(2)] == [0.0, 0.0]
    rate_limits.update("write", headers_with(3, 29.0), 0.1, 0.2)
    rate_limits.update("write", headers_with(4, 31.0), 0.1, 0.3)
    assert taken(rate_limits, 0.3) == 3


def test_a_slow_response_without_a_date_may_describe_a_window_that_is_over() -> None:
    rate_limits = RateLimits()
    assert rate_limits.try_acquire("write", 0.0) == 0.0
    rate_limits.update("write", headers_with(0, -3.0, by_host=False, at=5.0), 0.0, 5.0)
    assert taken(rate_limits, 5.1) == 1


def test_slots_used_by_other_clients_are_known_from_the_remaining_count() -> None:
    rate_limits = limits_with(19)
    assert rate_limits.try_acquire("write", 1.0) == 0.0
    rate_limits.update("write", headers_with(4, 29, at=1), 1.0, 1.2)
    assert taken(rate_limits, 1.2) == 4


def test_a_request_without_a_response_still_counts() -> None:
    rate_limits = limits_with(5)
    assert rate_limits.try_acquire("write", 1.0) == 0.0
    rate_limits.update("write", None, 1.0, 4.0)
    assert taken(rate_limits, 4.0) == 4


def test_reads_and_writes_have_separate_limits() -> None:
    rate_limits = limits_with(0)
    assert rate_limits.try_acquire("write", 1.0) > 0
    assert rate_limits.try_acquire("read", 1.0) == 0.0
    rate_limits.update("read", headers_with(40, limit=100), 1.0, 1.1)
    assert taken(rate_limits, 1.1, "read") == 40


def test_a_slow_first_read_does_not_hold_the_others() -> None:
    assert 3 <= taken(RateLimits(), 0.0, "read") <= 10


def test_a_released_slot_is_free_again() -> None:
    rate_limits = limits_with(1)
    assert rate_limits.try_acquire("write", 1.0) == 0.0
    assert rate_limits.try_acquire("write", 1.0) > 0
    rate_limits.release("write")
    assert rate_limits.try_acquire("write", 1.0) == 0.0


def test_an_unused_slot_is_free_again_after_a_minute() -> None:
    rate_limits = RateLimits()
    assert rate_limits.try_acquire("write", 0.0) == 0.0
    assert rate_limits.try_acquire("write", 59.0) > 0
    assert rate_limits.try_acquire("write", 61.0) == 0.0


def test_a_host_without_rate_headers_gets_20_writes_in_any_minute() -> None:
    rate_limits = RateLimits()
    sent: list[float] = []
    now = 0.0
    while len(sent) < 70:
        if wait := rate_limits.try_acquire("write", now):
            now += wait
            continue
        sent.append(now)
        rate_limits.update("write", None, now, now + 0.3)
        now += 0.3
    assert all(later - earlier > 60.0 for earlier, later in zip(sent, sent[20:], strict=False))
    assert sent[-1] < 3 * 62 + 20


def test_requests_before_a_restart_still_count() -> None:
    rate_limits = RateLimits()
    rate_limits.rebuild([("write", 70.0 + n) for n in range(20)] + [("read", 80.0)], 100.0)
    wait = rate_limits.try_acquire("write", 100.0)
    assert 30.0 < wait <= 32.0
    assert rate_limits.try_acquire("read", 100.0) == 0.0
    assert taken(rate_limits, 100.0 + wait) == 1


def test_after_a_restart_no_second_write_is_sent_before_the_response_to_the_first() -> None:
    rate_limits = RateLimits()
    rate_limits.rebuild([("write", 99.0)], 100.0)
    assert taken(rate_limits, 100.0) == 1
    rate_limits.update("write", headers_with(3), 100.0, 100.3)
    assert taken(rate_limits, 100.3) == 3


@settings(max_examples=examples(80), deadline=None)
@given(limiters(("aligned", "first"), limit=st.just(20)), st.integers(1, 40), starts, st.floats(0.0, 90.0), latencies)
def test_a_restart_in_the_middle_of_a_window_causes_no_refusal(
    host: Limiter, before: int, at: float, away: float, latency: Iterator[float]
) -> None:
    first = race(host, before, latency, at=at)
    now = at + first.took + away
    rate_limits = RateLimits()
    rate_limits.rebuild([("write", sent) for sent in first.sent if sent > now - 60.0], now)
    assert race(host, 30, latency, at=now, rate_limits=rate_limits).refused == 0


@pytest.mark.parametrize("resets_in", [-1e9, -400.0, -30.0, 61.9, 400.0, 1.8e12, math.inf])
@pytest.mark.parametrize("by_host", [True, False])
def test_an_implausible_reset_means_a_wait_of_one_window(resets_in: float, by_host: bool) -> None:
    wait = limits_with(0, resets_in, by_host=by_host).try_acquire("write", 0.0)
    assert 60.0 <= wait <= 61.0


def test_a_near_reset_is_waited_for_and_not_much_longer() -> None:
    assert 12.0 <= limits_with(0, 12.0).try_acquire("write", 0.0) <= 13.1


def test_a_refusal_is_waited_out_as_long_as_it_says() -> None:
    rate_limits = limits_with(3)
    assert rate_limits.try_acquire("write", 1.0) == 0.0
    rate_limits.update("write", RateLimited(17.0), 1.0, 2.0)
    assert 17.0 <= rate_limits.try_acquire("write", 2.0) <= 17.2
    assert taken(rate_limits, 19.1) == 1


def test_wait_seconds_counts_only_the_wait_for_the_rate_limit() -> None:
    rate_limits = RateLimits()
    assert rate_limits.wait_seconds("write", 0.0) == 0.0
    assert rate_limits.try_acquire("write", 0.0) == 0.0
    assert rate_limits.wait_seconds("write", 0.1) == 0.0, "an answer on its way is no wait for the limit"
    rate_limits.update("write", headers_with(0, 34.0), 0.0, 0.2)
    assert rate_limits.wait_seconds("write", 0.2) == pytest.approx(35.0, abs=0.2)
    assert taken(rate_limits, 0.2) == 0, "wait_seconds takes no slot"


@pytest.mark.parametrize(
    ("writes", "low", "high"), [(0, 0, 0), (1, 0.01, 1), (19, 1, 6), (20, 60, 63), (39, 60, 66), (250, 720, 740)]
)
def test_an_estimate_counts_windows(writes: int, low: float, high: float) -> None:
    assert low <= limits_with(19, 60.0).estimate(writes, 0.0) <= high


def test_an_estimate_uses_the_reported_limit_and_the_current_window() -> None:
    assert 31 <= limits_with(0, 30.0, limit=50).estimate(50, 0.0) <= 42
    assert 91 <= limits_with(0, 30.0, limit=50).estimate(51, 0.0) <= 93


def test_the_first_estimate_uses_the_published_limit() -> None:
    assert 720 <= RateLimits().estimate(250, 0.0) <= 735
