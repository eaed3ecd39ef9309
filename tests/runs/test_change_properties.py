"""Creates, updates, deletions and rows that ask nothing, through faults, deaths, pauses and a full disk, in two runs.

Nothing is lost or done twice, and the results of a row agree with the host and the store.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mxlib.core.plans.plan import Plan, PlannedRow
from mxlib.core.reasons import Reason
from mxlib.core.text import store_problems
from mxlib.core.vocabulary import CLEAR, OPEN, Action, Outcome, RowReason
from mxlib.sandbox.faults import NAMED, Rule
from mxlib.sandbox.state import Change, Mailbox
from mxlib.store import StoreUnavailable, Tx, stored_columns
from mxlib.store.records import RowRecord
from tests.support.audit_entries import audit_entries
from tests.support.hypothesis_profiles import examples
from tests.support.mishaps import SecondProcess, Takeover, takeovers
from tests.support.run_properties import DOMAINS, EXAMPLES, lies, lists_are_incomplete, rules, run_to_the_end
from tests.support.simulation import Simulation, plan, row

pytestmark = pytest.mark.slow

OLD = "old@x.example"
KNOWN = {"quota": 1024, "limit": 9600, "recovery_email": OLD}
KINDS = ("create", "quota", "password", "both", "recovery", "clear", "unchanged", "delete", "unused", "restore", "out")


def planned(kind: str, position: int, name: str, domain: str) -> PlannedRow:
    """Return a row of that kind; all except creates concern an existing mailbox."""
    base = row(position, f"{name}{position}", domain)
    update = replace(base, action=Action.UPDATE, password="", quota=None, limit=None, before=KNOWN)
    match kind:
        case "create":
            return replace(base, stored={"recovery_email": "new@x.example"})
        case "quota":
            return replace(update, quota=2048)
        case "password":
            return replace(update, password=f"Changed-{position}-x", limit=500)
        case "both":
            return replace(update, quota=0, stored={"recovery_email": "new@x.example"})
        case "recovery":
            return replace(update, stored={"recovery_email": "new@x.example"})
        case "clear":
            return replace(update, stored={"recovery_email": CLEAR})
        case "unchanged":
            return update
        case "delete":
            return replace(update, action=Action.DELETE)
        case "unused":
            return replace(update, action=Action.DELETE, before=KNOWN | {"unused": True})
        case "restore":
            return replace(update, quota=512, before=KNOWN | {"unchanged": True})
        case _:
            return replace(base, reason=Reason(RowReason.INVALID, words="Not ticked."))


#: Ways to lose the response to a write of one mailbox, on top of all other faults.
LOST = [NAMED[name] for name in ("lost_after", "lost_before", "lost_late", "error_after", "stalled", "html_before")]


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[Plan], list[Rule], set[str], set[str]]:
    """Draw one or two plans, lost responses, and the mailboxes used before and during the runs."""
    drawn: list[Plan] = []
    for name in ("a", "b")[: draw(st.integers(1, 2))]:
        kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=9))
        places = [draw(st.sampled_from(DOMAINS[:2])) for _ in kinds]
        rows = [planned(kind, at, name, place) for at, (kind, place) in enumerate(zip(kinds, places, strict=True))]
        drawn.append(plan(*rows, name=name))
    guarded = [each.address for one in drawn for each in one.rows if {"unused", "unchanged"} & each.before.keys()]
    some = st.sets(st.sampled_from(guarded)) if guarded else st.just(set[str]())
    writes = [each.address for one in drawn for each in one.rows if each.asks_host]
    about = st.builds(Rule, st.sampled_from(LOST), address=st.sampled_from(writes), count=st.integers(1, 2))
    return drawn, draw(st.lists(about, max_size=4) if writes else st.just([])), draw(some), draw(some)


@settings(
    max_examples=examples(EXAMPLES * 3 // 5),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    plans(),
    st.lists(rules, max_size=3),
    st.lists(lies, max_size=2),
    st.lists(st.integers(0, 80), max_size=4),
    st.lists(
        st.tuples(st.integers(0, 80), st.sampled_from(("pause", "resume", "stop")), st.integers(1, 2)), max_size=3
    ),
    st.lists(st.tuples(st.integers(0, 80), st.integers(1, 12)), max_size=2),
    takeovers,
    st.integers(0, 40),
    st.booleans(),
)
def test_every_change_is_made_once_and_its_outcome_is_true(
    drawn: tuple[list[Plan], list[Rule], set[str], set[str]],
    faults: list[Rule],
    untrue: list[Rule],
    kills: list[int],
    steers: list[tuple[int, str, int]],
    full: list[tuple[int, int]],
    takeover: Takeover | None,
    use_at: int,
    paced: bool,
) -> None:
    asked, lost, used, used_later = drawn
    here = Simulation(*untrue, *lost, *faults, paced=paced)
    for each in (each for one in asked for each in one.rows if each.action is not Action.CREATE):
        here.sandbox.account.apply(Change("create", each.domain, each.username, password="theirs"))
        with here.store.write() as tx:
            stored_columns.put(tx, "recovery_email", each.domain, each.username, OLD, 0.0)
    for address in used:
        make_used(here, address)
    disk = Disk(here)
    runs = [here.start(one) for one in asked]

    second = SecondProcess(takeover)
    for step in range(81):
        begins = step in kills or (takeover is not None and takeover.at == step)
        disk.full = any(at <= step < at + long for at, long in full) and not begins
        for at, action, which in steers:
            if at == step and which <= len(runs):
                getattr(here.engine, action)(runs[which - 1], *(("A test.",) if action == "pause" else ()))
        if step in kills:
            here.kill()
        if step == use_at:
            for address in used_later:
                make_used(here, address)
        here = second.step(here, step)
    disk.full = False
    second.let_first_continue()
    run_to_the_end(here, *runs)

    assert all(times == 1 for times in here.sandbox.made.values())
    for run, one in zip(runs, asked, strict=True):
        results = here.rows(run)
        assert [each.position for each in results] == [each.position for each in one.rows]
        for planned_row, result in zip(one.rows, results, strict=True):
            if untrue or here.record(run).status == "stopped":
                check_loosely(here, run, planned_row, result, lacking=lists_are_incomplete(untrue))
            else:
                check(
                    here,
                    run,
                    planned_row,
                    result,
                    used=planned_row.address in used,
                    used_later=planned_row.address in used_later,
                )


class Disk:
    """The disk of the store, which is full at times."""

    def __init__(self, here: Simulation) -> None:
        self.full = False
        usual = here.store.write

        @contextmanager
        def write() -> Iterator[Tx]:
            if self.full:
                raise StoreUnavailable(store_problems.DISK_FULL)
            with usual() as tx:
                yield tx

        here.store.write = write  # type: ignore[method-assign]


def make_used(here: Simulation, address: str) -> None:
    """Deliver mail and change the quota of a mailbox, if it exists."""
    username, _, domain = address.partition("@")
    boxes = here.sandbox.account.domains[domain]
    if username in boxes:
        boxes[username] = replace(boxes[username], usage=3.0, quota=4096)


def check(
    here: Simulation, run: int, planned_row: PlannedRow, result: RowRecord, *, used: bool, used_later: bool
) -> None:
    outcome, box = Outcome(result.outcome), here.sandbox.mailbox(planned_row.address)
    assert outcome not in OPEN
    checked = here.record(run).checked_at is not None
    with here.store.read() as tx:
        email = stored_columns.of_mailbox(tx, planned_row.domain, planned_row.username)["recovery_email"]
        entries = [entry["what"] for entry in audit_entries(tx, run=run) if entry["on"] == planned_row.address]
    assert entries.count(f"mailbox.{planned_row.action}") == (outcome in DID and planned_row.asks_host)
    if planned_row.left_out:
        assert (outcome, result.reason, box) == (Outcome.SKIPPED, "Not ticked.", None)
    elif not planned_row.acts:
        assert outcome is Outcome.UNCHANGED
        assert not mentions(here, planned_row.username)
    elif not planned_row.asks_host:
        assert outcome is Outcome.UPDATED
        assert email == (
            ""
            if planned_row.stored.get("recovery_email", "") == CLEAR
            else planned_row.stored.get("recovery_email", "")
        )
        assert entries == ["recovery.set"]
        assert not mentions(here, planned_row.username)
    elif planned_row.action is Action.CREATE:
        assert (outcome is Outcome.CREATED) == (here.sandbox.made[planned_row.address] == 1)
        assert email == (planned_row.stored.get("recovery_email", "") if outcome is Outcome.CREATED else "")
    elif planned_row.action is Action.DELETE:
        assert outcome in {Outcome.DELETED, Outcome.SKIPPED, Outcome.FAILED}
        # What the host did after its own timeout can come after the last inspection.
        late = result.unanswered and used_later and outcome is Outcome.SKIPPED
        assert (outcome is Outcome.DELETED) == (box is None) or late or (outcome is Outcome.FAILED and not checked)
        assert email == ("" if outcome is Outcome.DELETED else OLD)
        kept = result.reason.startswith("kept: ")
        assert kept == (outcome is Outcome.SKIPPED)
        assert kept <= (used or used_later)
        assert not (result.guarded and used and outcome is Outcome.DELETED)
    else:
        check_update(planned_row, result, box, email, used=used, used_later=used_later)


def check_loosely(here: Simulation, run: int, planned_row: PlannedRow, result: RowRecord, *, lacking: bool) -> None:
    """Check what holds for a stopped run or a lying host, against the state of the host."""
    outcome, box = Outcome(result.outcome), here.sandbox.mailbox(planned_row.address)
    assert outcome not in OPEN
    known = here.record(run).checked_at is not None and not lacking
    if planned_row.action is Action.CREATE and planned_row.asks_host and not planned_row.left_out:
        made = here.sandbox.made[planned_row.address] == 1
        assert (outcome is Outcome.CREATED) == made or not known
        assert not made or here.sandbox.password_of(planned_row.address) == planned_row.password
        assert (
            not made
            or outcome is not Outcome.CREATED
            or here.passwords(run)[planned_row.address] == planned_row.password
        )
    elif planned_row.action is Action.DELETE:
        assert (outcome is Outcome.DELETED) <= (box is None) or not known
        assert outcome is not Outcome.CREATED
    elif planned_row.asks_host and not planned_row.left_out:
        assert box is not None
        alone = planned_row.quota is not None and not planned_row.password
        assert not (known and alone and outcome is Outcome.UPDATED) or box.quota in (planned_row.quota, 4096)


def check_update(
    planned_row: PlannedRow, result: RowRecord, box: Mailbox | None, email: str, *, used: bool, used_later: bool
) -> None:
    outcome = Outcome(result.outcome)
    assert box is not None
    if outcome is Outcome.UPDATED:
        assert planned_row.quota is None or box.quota == planned_row.quota or used_later
        assert not planned_row.password or box.password == planned_row.password
        assert email == (planned_row.stored.get("recovery_email", "") or OLD)
        assert not (result.guarded and used)
        assert result.was["quota"] == 1024
    else:
        assert outcome in {Outcome.FAILED, Outcome.SKIPPED}
        assert email == OLD
        assert (outcome is Outcome.SKIPPED) == result.reason.startswith("kept: ")
        assert (outcome is Outcome.SKIPPED) <= (result.guarded and (used or used_later))
        assert not (result.guarded and used and box.quota != 4096)


def mentions(here: Simulation, username: str) -> bool:
    """Return whether any request was about that mailbox alone."""
    return any(entry.path.endswith(f"/{username}") for entry in here.sandbox.log)


DID = {Outcome.CREATED, Outcome.UPDATED, Outcome.DELETED}
