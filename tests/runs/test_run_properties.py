"""Whatever the host does and whenever the process dies: each mailbox once, each password kept, each outcome true."""

import os
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mxlib.core.plans.plan import Plan
from mxlib.core.vocabulary import AT_AN_END, OPEN, Outcome
from mxlib.sandbox.faults import NAMED, Answer, On, Rule, Schedule
from mxlib.sandbox.state import Change
from mxlib.store import stored_columns
from tests.support.hypothesis_profiles import examples
from tests.support.mishaps import Second, Takeover, takeovers
from tests.support.simulation import TIMEOUT, Simulation, plan, row

DOMAINS = ("a.nl", "b.nl", "c.nl")
LIES = {Answer.YES, Answer.NO, Answer.DATA, Answer.PARTIAL, Answer.REPEATED}


#: Examples of a property of runs: many where every change is tested, and as many as MXM_EXAMPLES says.
EXAMPLES = int(os.environ.get("MXM_EXAMPLES") or (500 if os.environ.get("CI") else 100))

#: Lists that can be believed and lack what is there: with them, what was refused can not be told from what was not.
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


def lacks(rules: list[Rule]) -> bool:
    """Whether some list lacks what is there."""
    return any(rule.on == "list" and rule.fault in map(NAMED.__getitem__, LACKING) for rule in rules)


@st.composite
def plans(draw: st.DrawFn) -> tuple[Plan, set[str]]:
    """A file over one to three domains, and which of its addresses somebody else made before."""
    rows = [
        row(
            position,
            f"u{position}",
            draw(st.sampled_from(DOMAINS)),
            limit=draw(st.sampled_from((9600, 500))),
            recovery_email=draw(st.sampled_from(("", f"owner{position}@b.example"))),
            left_out=draw(st.sampled_from(("", "", "", "Not ticked."))),
        )
        for position in range(draw(st.integers(1, 14)))
    ]
    theirs = draw(st.sets(st.sampled_from([each.address for each in rows]), max_size=3))
    return plan(*rows), theirs


#: Answers to any request that are lost, late, garbled or refused, and say nothing untrue.
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


@settings(
    max_examples=examples(EXAMPLES),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    plans(),
    st.lists(rules, max_size=4),
    st.lists(lies, max_size=2),
    st.lists(st.integers(0, 60), max_size=4),
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from(("pause", "resume", "stop"))), max_size=3),
    takeovers,
    st.sampled_from((0.2, 4.0)),
    st.booleans(),
)
def test_every_row_is_made_at_most_once_and_told_truthfully(
    drawn: tuple[Plan, set[str]],
    faults: list[Rule],
    untrue: list[Rule],
    kills: list[int],
    steers: list[tuple[int, str]],
    takeover: Takeover | None,
    latency: float,
    paced: bool,
) -> None:
    planned, theirs = drawn
    here = Simulation(*untrue, *faults, latency=latency, paced=paced)
    for address in theirs:
        username, _, domain = address.partition("@")
        here.sandbox.account.apply(Change("create", domain, username, password="somebody else's"))
    run = here.start(planned)

    second = Second(takeover)
    for step in range(max([0, *kills, *(at for at, _ in steers), takeover.at if takeover else 0]) + 1):
        for at, what in steers:
            if at == step:
                getattr(here.engine, what)(run, *(("A test.",) if what == "pause" else ()))
        if step in kills:
            here.kill()
        here = second.step(here, step)
    second.leave_behind()
    to_the_end(here, run)

    check(here, run, planned, theirs, lacking=lacks(untrue))


def to_the_end(here: Simulation, *runs: int) -> None:
    """Run; where that pauses, the operator puts right what is wrong and resumes; what was stopped settles."""
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


def check(here: Simulation, run: int, planned: Plan, theirs: set[str], *, lacking: bool) -> None:
    rows = here.rows(run)
    passwords = here.passwords(run)
    record = here.record(run)
    checked = record.checked_at is not None
    assert [each.position for each in rows] == [each.position for each in planned.rows]
    assert all(times == 1 for times in here.sandbox.made.values())
    with here.store.read() as tx:
        emails = {domain: stored_columns.of_domain(tx, "recovery_email", domain) for domain in DOMAINS}
    for asked, told in zip(planned.rows, rows, strict=True):
        outcome = Outcome(told.outcome)
        assert outcome not in OPEN
        by_us = here.sandbox.made[asked.address] == 1
        # Without a comparison a lie about what was done is not found out.
        if checked and not lacking:
            assert (outcome is Outcome.CREATED) == by_us
        assert told.sealed_password is not None or asked.left_out
        if by_us:
            assert here.sandbox.password_of(asked.address) == asked.password
            assert outcome is not Outcome.SKIPPED or lacking
            box = here.sandbox.mailbox(asked.address)
            assert box is not None
            if outcome is Outcome.CREATED:
                assert passwords[asked.address] == asked.password
                if checked and not lacking:
                    assert (told.host_quota, told.host_limit) == (box.quota, box.limit)
                    assert bool(told.differs) == (asked.limit != box.limit)
        elif asked.left_out:
            assert (outcome, told.reason) == (Outcome.SKIPPED, asked.left_out)
        elif asked.address in theirs:
            assert here.sandbox.password_of(asked.address) == "somebody else's"
            assert outcome in {Outcome.SKIPPED, Outcome.FAILED, Outcome.NOT_ATTEMPTED} or lacking or not checked
        elif checked or outcome is not Outcome.CREATED:
            assert outcome is Outcome.FAILED or (record.status == "stopped" and outcome is Outcome.NOT_ATTEMPTED)
        kept = emails[asked.domain].get(asked.username, "")
        assert kept == (asked.stored.get("recovery_email", "") if outcome is Outcome.CREATED else "")
