"""Whatever the host does and whenever the process dies: each mailbox once, each password kept, each outcome true."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mxlib.mailboxes.plan import Plan
from mxlib.runs.outcomes import OPEN, Outcome
from mxlib.sandbox.faults import NAMED, Answer, Rule, Schedule
from mxlib.sandbox.state import Change
from mxlib.store import recovery
from tests.simulation import TIMEOUT, Simulation, plan, row

DOMAINS = ("a.nl", "b.nl", "c.nl")
LIES = {Answer.YES, Answer.NO, Answer.DATA, Answer.PARTIAL, Answer.REPEATED}


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


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    plans(),
    st.lists(rules, max_size=4),
    st.lists(st.integers(0, 60), max_size=4),
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from(("pause", "resume"))), max_size=3),
    st.sampled_from((0.2, 4.0)),
    st.booleans(),
)
def test_every_row_is_made_at_most_once_and_told_truthfully(
    drawn: tuple[Plan, set[str]],
    faults: list[Rule],
    kills: list[int],
    steers: list[tuple[int, str]],
    latency: float,
    paced: bool,
) -> None:
    planned, theirs = drawn
    here = Simulation(*faults, latency=latency, paced=paced)
    for address in theirs:
        username, _, domain = address.partition("@")
        here.sandbox.account.apply(Change("create", domain, username, password="somebody else's"))
    run = here.start(planned)

    for step in range(max([0, *kills, *(at for at, _ in steers)]) + 1):
        for at, what in steers:
            if at == step:
                getattr(here.engine, what)(run, *(("A test.",) if what == "pause" else ()))
        if step in kills:
            here.kill()
        here.step()
    to_the_end(here, run)

    check(here, run, planned, theirs)


def to_the_end(here: Simulation, run: int) -> None:
    """Run; where that pauses, the operator mends what is wrong and resumes."""
    for _ in range(10):
        here.run()
        if here.record(run).status == "finished":
            return
        here.sandbox.schedule = Schedule()
        here.engine.resume(run)
    raise AssertionError(f"Not finished: {here.record(run)}")


def check(here: Simulation, run: int, planned: Plan, theirs: set[str]) -> None:
    rows = here.rows(run)
    passwords = here.passwords(run)
    checked = here.record(run).checked_at is not None
    assert [each.position for each in rows] == [each.position for each in planned.rows]
    assert all(times == 1 for times in here.sandbox.made.values())
    with here.store.read() as tx:
        emails = {domain: recovery.of_domain(tx, domain) for domain in DOMAINS}
    for asked, told in zip(planned.rows, rows, strict=True):
        outcome = Outcome(told.outcome)
        assert outcome not in OPEN
        by_us = here.sandbox.made[asked.address] == 1
        assert (outcome is Outcome.CREATED) == by_us
        if by_us:
            assert here.sandbox.password_of(asked.address) == asked.password == passwords[asked.address]
            box = here.sandbox.mailbox(asked.address)
            assert box is not None
            if checked:
                assert (told.host_quota, told.host_limit) == (box.quota, box.limit)
                assert bool(told.differs) == (asked.limit != box.limit)
        elif asked.left_out:
            assert (outcome, told.reason) == (Outcome.SKIPPED, asked.left_out)
        elif asked.address in theirs:
            assert outcome in {Outcome.SKIPPED, Outcome.FAILED}
        else:
            assert outcome is Outcome.FAILED
        kept = emails[asked.domain].get(asked.username, "")
        assert kept == (asked.recovery_email if by_us else "")
