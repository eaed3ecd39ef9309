"""Examples and checks that the properties of runs share."""

import os
from dataclasses import replace

from hypothesis import strategies as st

from mxlib.core.vocabulary import AT_AN_END
from mxlib.sandbox.faults import NAMED, Answer, On, Rule, Schedule
from tests.support.simulation import TIMEOUT, Simulation

DOMAINS = ("a.nl", "b.nl", "c.nl")


LIES = {Answer.YES, Answer.NO, Answer.DATA, Answer.PARTIAL, Answer.REPEATED}


#: Examples of each property of runs in the thorough profile: 500, or as many as MXM_EXAMPLES says.
EXAMPLES = int(os.environ.get("MXM_EXAMPLES") or 500)


#: Valid lists that lack mailboxes: with them, a refused write looks the same as one that took effect.
LACKING = ("empty_list", "half_a_list")


LIES_BY_REQUEST: dict[On, tuple[str, ...]] = {
    "write": ("yes_undone", *(name for name in NAMED if name.startswith("no_done"))),
    "mailbox": ("another_mailbox", "null", "empty_object", "empty_list", "text", "number"),
    "list": (
        *("null", "text", "number", "empty_object", "huge_number", "lone_surrogate", "nameless_entry"),
        *("repeated_entry", *LACKING),
    ),
}


lies = st.sampled_from(list(LIES_BY_REQUEST)).flatmap(
    lambda on: st.builds(
        Rule,
        st.sampled_from(LIES_BY_REQUEST[on]).map(NAMED.__getitem__),
        on=st.just(on),
        first=st.integers(1, 8),
        count=st.integers(1, 8),
        every=st.integers(1, 3),
    )
)


def lists_are_incomplete(rules: list[Rule]) -> bool:
    """Return whether a rule makes a list incomplete."""
    return any(rule.on == "list" and rule.fault in map(NAMED.__getitem__, LACKING) for rule in rules)


#: Responses to any request that are lost, late, garbled or refused, but never false.
TROUBLE = [fault for fault in NAMED.values() if fault.answer not in LIES]


rules = st.builds(
    Rule,
    st.one_of(
        st.sampled_from(TROUBLE),
        # Just before or after the engine would send again: the instants that decide between one mailbox and a conflict.
        st.floats(TIMEOUT - 2, TIMEOUT + 8).map(lambda late: replace(NAMED["lost_late"], late=late)),
    ),
    on=st.sampled_from(("write", "write", "read", "any")),
    first=st.integers(1, 20),
    count=st.integers(1, 8),
    every=st.integers(1, 3),
)


def run_to_the_end(here: Simulation, *runs: int) -> None:
    """Run to the end: after a pause fix the host and resume, and let stopped runs settle."""
    for _ in range(10):
        here.run()
        if all(here.record(run).status in AT_AN_END for run in runs):
            break
        here.sandbox.schedule = Schedule()
        for run in runs:
            here.engine.resume(run)
    else:
        raise AssertionError(f"Not at an end: {[here.record(run) for run in runs]}")
    here.sandbox.schedule = Schedule()
    for _ in range(600):
        if not here.engine.states:
            return
        here.step()
    raise AssertionError(f"Not settled: {here.engine.states}")
