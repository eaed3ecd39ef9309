"""Properties of runs: through any fault, mailboxes are created once and outcomes are true."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mxlib.core.plans.plan import Plan
from mxlib.core.vocabulary import OPEN, Outcome
from mxlib.sandbox.faults import Rule
from mxlib.sandbox.state import Change
from mxlib.store import stored_columns
from tests.support.hypothesis_profiles import examples
from tests.support.mishaps import SecondProcess, Takeover, takeovers
from tests.support.run_properties import DOMAINS, EXAMPLES, lies, lists_are_incomplete, rules, run_to_the_end
from tests.support.simulation import Simulation, plan, row

pytestmark = pytest.mark.slow


@st.composite
def plans(draw: st.DrawFn) -> tuple[Plan, set[str]]:
    """Draw a plan over one to three domains, and the addresses that others created before."""
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
def test_every_row_is_created_at_most_once_and_its_outcome_is_true(
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
        here.sandbox.account.apply(Change("create", domain, username, password="not-of-this-run"))
    run = here.start(planned)

    second = SecondProcess(takeover)
    for step in range(max([0, *kills, *(at for at, _ in steers), takeover.at if takeover else 0]) + 1):
        for at, action in steers:
            if at == step:
                getattr(here.engine, action)(run, *(("A test.",) if action == "pause" else ()))
        if step in kills:
            here.kill()
        here = second.step(here, step)
    second.let_first_continue()
    run_to_the_end(here, run)

    check(here, run, planned, theirs, lacking=lists_are_incomplete(untrue))


def happened_after_the_comparison(here: Simulation, domain: str) -> bool:
    """Return whether an unanswered request took effect after the last read of its list."""
    path = f"/domains/{domain}/email-accounts"
    read = max((entry.at for entry in here.sandbox.log if (entry.method, entry.path) == ("GET", path)), default=0.0)
    return any(
        entry.effect and entry.status == 0 and entry.path == path and entry.at > read for entry in here.sandbox.log
    )


def check(here: Simulation, run: int, planned: Plan, theirs: set[str], *, lacking: bool) -> None:
    rows = here.rows(run)
    passwords = here.passwords(run)
    record = here.record(run)
    checked = record.checked_at is not None
    assert [each.position for each in rows] == [each.position for each in planned.rows]
    assert all(times == 1 for times in here.sandbox.made.values())
    with here.store.read() as tx:
        emails = {domain: stored_columns.of_domain(tx, "recovery_email", domain) for domain in DOMAINS}
    for asked, result in zip(planned.rows, rows, strict=True):
        outcome = Outcome(result.outcome)
        assert outcome not in OPEN
        by_us = here.sandbox.made[asked.address] == 1
        # Without a comparison a false response is not found out, nor is what happens after it.
        if checked and not lacking and not (result.unanswered and happened_after_the_comparison(here, asked.domain)):
            assert (outcome is Outcome.CREATED) == by_us
        assert result.sealed_password is not None or asked.left_out
        if by_us:
            assert here.sandbox.password_of(asked.address) == asked.password
            assert outcome is not Outcome.SKIPPED or lacking
            box = here.sandbox.mailbox(asked.address)
            assert box is not None
            if outcome is Outcome.CREATED:
                assert passwords[asked.address] == asked.password
                if checked and not lacking:
                    assert (result.host_quota, result.host_limit) == (box.quota, box.limit)
                    assert bool(result.differs) == (asked.limit != box.limit)
        elif asked.left_out:
            assert (outcome, result.reason) == (Outcome.SKIPPED, asked.left_out)
        elif asked.address in theirs:
            assert here.sandbox.password_of(asked.address) == "not-of-this-run"
            assert outcome in {Outcome.SKIPPED, Outcome.FAILED, Outcome.NOT_ATTEMPTED} or lacking or not checked
        elif checked or outcome is not Outcome.CREATED:
            assert outcome is Outcome.FAILED or (record.status == "stopped" and outcome is Outcome.NOT_ATTEMPTED)
        kept = emails[asked.domain].get(asked.username, "")
        assert kept == (asked.stored.get("recovery_email", "") if outcome is Outcome.CREATED else "")
