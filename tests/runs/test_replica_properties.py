"""Several processes on one database: whatever freezes, dies or lies, each mailbox is made by one request.

With the fence or the permit off, that is not so: two tests hold that the checks find it.
"""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mxlib.core.plans.plan import Plan
from mxlib.core.vocabulary import OPEN, Outcome
from mxlib.runs.run_state import OutgoingRequest
from mxlib.sandbox.faults import Rule
from mxlib.store import OwnedStore
from tests.support.audit_entries import audit_entries
from tests.support.hypothesis_profiles import examples
from tests.support.replicas import Mishap, Replicas
from tests.support.run_properties import DOMAINS, EXAMPLES, TROUBLE
from tests.support.simulation import TIMEOUT, plan, row

pytestmark = pytest.mark.slow

#: What the host does late is done within the time-out: that is what the next owner waits for.
PROMPT = [fault for fault in TROUBLE if fault.late <= TIMEOUT]

faults = st.builds(
    Rule,
    st.sampled_from(PROMPT),
    on=st.sampled_from(("write", "write", "read", "any")),
    first=st.integers(1, 20),
    count=st.integers(1, 6),
    every=st.integers(1, 3),
)

mishaps = st.one_of(
    st.builds(
        Mishap,
        st.integers(0, 160),
        st.sampled_from(("freeze", "freeze", "kill")),
        st.sampled_from((0.5, 6.0, 11.0, 14.0, 45.0, 52.0, 90.0)),
        st.none() | st.integers(0, 2),
    ),
    st.builds(Mishap, st.integers(0, 160), st.sampled_from(("end", "pause", "pause", "resume", "stop"))),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw a plan over one to three domains."""
    number = draw(st.integers(1, 20))
    return plan(*(row(position, domain=draw(st.sampled_from(DOMAINS))) for position in range(number)))


examples_of_replicas = st.tuples(
    plans(),
    st.integers(2, 3),
    st.lists(faults, max_size=2),
    st.lists(mishaps, max_size=8),
    st.sampled_from((0.2, 4.0)),
    st.sampled_from((True, True, False)),
)

Example = tuple[Plan, int, list[Rule], list[Mishap], float, bool]


def carried_out(example: Example) -> tuple[Replicas, int]:
    planned, number, rules, happens, latency, paced = example
    here = Replicas(number, *rules, latency=latency, paced=paced)
    run = here.start(planned)
    here.run(run, happens)
    return here, run


def faults_of(here: Replicas, run: int, planned: Plan) -> list[str]:
    """Return what is wrong with the end of a run, one word each."""
    one = here.all[0]
    record, result = one.record(run), one.rows(run)
    made, passwords = here.sandbox.made, one.passwords(run)
    writes = [entry for entry in here.sandbox.log if entry.method == "POST"]
    with here.store.read() as tx:
        entries = Counter(e["on"] for e in audit_entries(tx, most=10_000) if e["what"] == "mailbox.create")
    found = []
    if any(Outcome(each.outcome) in OPEN for each in result):
        found.append("open")
    if any(times != 1 for times in made.values()):
        found.append("made twice")
    if any(entry.status == 409 for entry in writes):
        found.append("sent twice")
    created = {each.address for each in result if each.outcome == Outcome.CREATED}
    if created != set(made) and (record.checked_at is not None or created - set(made)):
        found.append("untrue")
    if any(
        here.sandbox.password_of(a) != f"Secret-{n}-word"
        for n, a in enumerate(p.address for p in planned.rows)
        if a in made
    ):
        found.append("another password")
    if passwords.keys() != created or entries != Counter(created):
        found.append("not noted once")
    if any(since < at < until for each in here.all for at in each.sent_at for since, until in here.quiet):
        found.append("sent while it rests")
    return found


@settings(
    max_examples=examples(EXAMPLES),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(examples_of_replicas)
def test_each_mailbox_is_made_by_one_request_whatever_happens_to_the_processes(example: Example) -> None:
    here, run = carried_out(example)
    assert faults_of(here, run, example[0]) == []


def without_fence(patch: pytest.MonkeyPatch) -> None:
    """Let each process write as if it still owned the runs."""
    patch.setattr(OwnedStore, "_renew", lambda self, tx: tx.execute(self._renewal))


def without_permit(patch: pytest.MonkeyPatch) -> None:
    """Let each request leave, however late."""
    patch.setattr(OutgoingRequest, "may_leave", lambda _self, _now: True)


def frozen(happens: list[Mishap]) -> list[str]:
    """Return what is wrong after a run of twelve rows in two processes."""
    planned = plan(*(row(position) for position in range(12)))
    here, run = carried_out((planned, 2, [], happens, 0.2, True))
    return faults_of(here, run, planned)


def test_without_the_fence_an_owner_that_was_frozen_sends_in_a_run_that_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    happens = [Mishap(26, "freeze", 30.0), Mishap(30, "pause"), Mishap(150, "resume")]
    assert frozen(happens) == []
    monkeypatch.setattr(OwnedStore, "_renew", lambda self, tx: tx.execute(self._renewal))
    assert frozen(happens) == ["sent while it rests"]


def test_without_the_permit_a_request_that_was_held_up_is_sent_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    happens = [Mishap(6, "freeze", 90.0)]
    assert frozen(happens) == []
    monkeypatch.setattr(OutgoingRequest, "may_leave", lambda _self, _now: True)
    assert frozen(happens) == ["sent twice"]
