"""State machines of rules: one event for each true crossing, whatever the figures do."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core.events.rules import (
    ACCOUNT_STORAGE,
    CLEAR_BELOW,
    MAILBOX_STORAGE,
    SEND_LIMIT,
    Burst,
    Level,
    Thresholds,
    jump,
    percent_of,
    step,
)
from mxlib.core.events.vocabulary import SEVERITIES, EventCode
from mxlib.core.usage import Trend

NEARLY, FULL, NORMAL = EventCode.MAILBOX_NEARLY_FULL, EventCode.MAILBOX_FULL, EventCode.MAILBOX_BACK_TO_NORMAL
USUAL_40 = Trend(14, 0, 14, 40)


def events(*percents: float | None, rule: Thresholds = MAILBOX_STORAGE) -> list[EventCode | None]:
    state, found = Level(), []
    for percent in percents:
        state, event = step(rule, Level.from_json(state.to_json()), "anna@a.nl", percent, {})
        found.append(event.code if event else None)
    return found


@pytest.mark.parametrize(
    ("percents", "expected"),
    [
        ((89.9, 90, 91), (None, NEARLY, None)),
        ((90, 89, 90, 86, 90, 85, 91), (NEARLY, None, None, None, None, None, None)),
        ((90, 84, 84, 90), (NEARLY, None, NORMAL, NEARLY)),
        ((90, 84, 85, 84, 90), (NEARLY, None, None, None, None)),
        ((90, 84, None, 84), (NEARLY, None, None, NORMAL)),
        ((90, None, None, None, 95), (NEARLY, None, None, None, None)),
        ((50, 100, 100), (None, FULL, None)),
        ((91, 100), (NEARLY, FULL)),
        ((100, 94, 94, 100), (FULL, None, None, FULL)),
        ((100, 96, 96, 100), (FULL, None, None, None)),
        ((100, 10, 10, 10), (FULL, None, NORMAL, None)),
        ((None, None), (None, None)),
    ],
)
def test_storage(percents: tuple[float | None, ...], expected: tuple[EventCode | None, ...]) -> None:
    assert events(*percents) == [*expected]


def test_sent_near_its_limit_clears_silently_at_the_new_day() -> None:
    assert events(95, 0, 0, 95, rule=SEND_LIMIT) == [EventCode.SENT_NEAR_LIMIT, None, None, EventCode.SENT_NEAR_LIMIT]


def test_the_account_fires_by_its_own_classes() -> None:
    assert events(90, 100, rule=ACCOUNT_STORAGE) == [EventCode.ACCOUNT_NEARLY_FULL, EventCode.ACCOUNT_FULL]


@given(st.lists(st.one_of(st.none(), st.floats(0, 130)), max_size=60))
def test_each_class_fires_as_a_look_at_all_readings_says(percents: list[float | None]) -> None:
    """The reference looks at the whole past of each class, instead of a state."""
    assert [each for each in events(*percents) if each] == reference([each for each in percents if each is not None])


def reference(percents: list[float]) -> list[EventCode]:
    found: list[EventCode] = []
    was_over = False
    for now in range(len(percents)):
        over = [is_over(percents[: now + 1], threshold) for threshold, _ in MAILBOX_STORAGE.classes]
        before = [is_over(percents[:now], threshold) for threshold, _ in MAILBOX_STORAGE.classes]
        new = [
            code
            for (_, code), is_now, was in zip(MAILBOX_STORAGE.classes, over, before, strict=True)
            if is_now and not was
        ]
        found += new[-1:] or ([NORMAL] if was_over and not any(over) else [])
        was_over = any(over)
    return found


def is_over(percents: list[float], threshold: float) -> bool:
    """Return whether the last crossing of a threshold has no two readings in a row below its clearing line after it."""
    crossings = [number for number, each in enumerate(percents) if each >= threshold]
    if not crossings:
        return False
    after = [each < threshold - CLEAR_BELOW for each in percents[crossings[-1] :]]
    return not any(first and second for first, second in pairwise(after))


def jumps(*sent: tuple[int, int | None], known: Trend = USUAL_40) -> list[bool]:
    state, found = Burst(), []
    for day, each in sent:
        state, event = jump(Burst.from_json(state.to_json()), "anna@a.nl", day, each, known)
        found.append(event is not None)
    return found


def test_a_jump_is_against_the_own_days_of_the_mailbox() -> None:
    assert jumps((1, 399), (1, 400)) == [False, True]
    assert jumps((1, 199), (1, 200), known=Trend(14, 0, 14, 0)) == [False, True]


def test_a_jump_fires_again_at_a_new_burst_only() -> None:
    assert jumps((1, 500), (1, 900), (1, None), (1, 1000), (1, 1999), (2, 30), (2, 450)) == [
        True, False, False, True, False, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize("known", [Trend(), Trend(14, 0, 6, 40), Trend(14, 0, 14, None)])
def test_too_few_days_make_no_jump(known: Trend) -> None:
    assert jumps((1, 9_000), known=known) == [False]


@pytest.mark.parametrize(
    ("used", "limit", "expected"), [(450, 500, 90.0), (5, 0, 0.0), (None, 5, None), (5, None, None), (512, 512, 100.0)]
)
def test_a_percent_is_of_two_known_figures(used: float | None, limit: float | None, expected: float | None) -> None:
    assert percent_of(used, limit) == expected


def test_each_event_has_a_severity() -> None:
    assert SEVERITIES.keys() == {*EventCode}
