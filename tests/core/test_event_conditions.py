"""Conditions: an event where one begins, gets worse or is over, whatever looks and restarts there are."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core.events.conditions import Condition, ConditionRule, Known, follow
from mxlib.core.events.vocabulary import EventCode, Rule

OLD, MADE = EventCode.BACKUP_OLD, EventCode.BACKUP_MADE
BACKUP = ConditionRule(Rule.BACKUP, MADE)
SILENT = ConditionRule(Rule.HOST, EventCode.HOST_BACK, lasts_s=600.0)
RUN = ConditionRule(Rule.RUN)


def followed(rule: ConditionRule, *looks: Sequence[Condition], every: float = 60.0) -> list[list[tuple[str, str]]]:
    """Return the events of each look, as code and subject; each state goes through the store."""
    known: dict[str, Known] = {}
    found = []
    for number, look in enumerate(looks):
        before = {subject: Known.from_json(each.to_json()) for subject, each in known.items()}
        known, events = follow(rule, before, look, number * every)
        found.append([(event.code.value, event.subject) for _, event in events])
    return found


def test_a_condition_fires_once_and_its_end_once() -> None:
    old = [Condition(OLD)]
    assert followed(BACKUP, [], old, old, [], []) == [[], [(OLD, "")], [], [(MADE, "")], []]


def test_one_that_must_last_fires_when_it_did_and_is_silent_when_it_did_not() -> None:
    silent = [Condition(EventCode.HOST_SILENT)]
    assert followed(SILENT, silent, silent, [], every=590) == [[], [], []]
    assert followed(SILENT, silent, silent, silent, [], every=600) == [
        [], [("host_silent", "")], [], [("host_back", "")],
    ]  # fmt: skip


def test_subjects_are_apart_and_another_code_or_a_higher_level_fires_again() -> None:
    paused = Condition(EventCode.RUN_PAUSED, "1")
    needs = Condition(EventCode.RUN_NEEDS_YOU, "1", level=2)
    other = Condition(EventCode.RUN_PAUSED, "2")
    assert followed(RUN, [paused], [paused, other], [needs, other], [other], [paused, other]) == [
        [("run_paused", "1")], [("run_paused", "2")], [("run_needs_you", "1")], [], [("run_paused", "1")],
    ]  # fmt: skip
    browsers = [[Condition(EventCode.ADMIN_NEW_BROWSER, "boss", level=level)] for level in (1, 2, 2, 1)]
    assert [len(each) for each in followed(ConditionRule(Rule.ADMIN_SIGN_IN), *browsers)] == [1, 1, 0, 0]


def test_the_end_has_the_domain_of_its_begin() -> None:
    known, _ = follow(BACKUP, {}, [Condition(OLD, domain="a.nl")], 0.0)
    assert [(domain, event.is_recovery, event.level) for domain, event in follow(BACKUP, known, [], 1.0)[1]] == [
        ("a.nl", True, 0)
    ]


@given(st.lists(st.booleans(), max_size=40), st.sampled_from([0.0, 60.0, 150.0]))
def test_each_stretch_of_time_fires_once_if_it_is_long_enough(looks: list[bool], lasts: float) -> None:
    """The reference looks at whole stretches, instead of a state."""
    rule = ConditionRule(Rule.HOST, EventCode.HOST_BACK, lasts)
    found = followed(rule, *([Condition(EventCode.HOST_SILENT)] if each else [] for each in looks))
    stretches = "".join("x" if each else " " for each in looks).split(" ")
    long = [each for each in stretches if each and (len(each) - 1) * 60.0 >= lasts]
    assert sum(("host_silent", "") in each for each in found) == len(long)
    ended = len(long) - (bool(looks and looks[-1]) and (len(stretches[-1]) - 1) * 60.0 >= lasts)
    assert sum(("host_back", "") in each for each in found) == ended


@pytest.mark.parametrize("known", [Known("backup_old", 5.0), Known("run_paused", 1.5, "a.nl", 2, is_fired=True)])
def test_what_is_known_survives_the_store(known: Known) -> None:
    assert Known.from_json(known.to_json()) == known
