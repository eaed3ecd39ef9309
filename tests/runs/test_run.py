"""Behaviours of a run, one by one, on virtual time."""

from itertools import pairwise
from typing import Any

import pytest

from mxlib.core.text import reasons, run_status, store_problems
from mxlib.core.vocabulary import Action, RunStatus
from mxlib.mxroute.errors import Unreachable
from mxlib.runs import circuit_breaker, decisions
from mxlib.runs import messages as sentences
from mxlib.sandbox.faults import NAMED, Answer, Effect, Fault, Rule, Schedule
from mxlib.sandbox.state import Change
from mxlib.store import StoreUnavailable, journal, mailbox_lists, stored_columns
from tests.support.audit_entries import audit_entries
from tests.support.simulation import START, TIMEOUT, Simulation, plan, row, rows


def sent(here: Simulation, method: str) -> list[float]:
    """Return when requests of this method reached the host, in seconds from the start."""
    return [round(entry.at - START, 3) for entry in here.sandbox.log if entry.method == method]


def create_elsewhere(here: Simulation, *usernames: str, domain: str = "a.nl") -> None:
    for username in usernames:
        here.sandbox.account.apply(Change("create", domain, username, password="theirs"))


def until_sent(here: Simulation, count: int = 1) -> None:
    """Step until so many writes reached the host."""
    while len([entry for entry in here.sandbox.log if entry.method == "POST"]) < count:
        here.step()


class TestTheNormalCase:
    def test_every_row_is_created_and_reported(self) -> None:
        here = Simulation()
        run = here.start(plan(*rows(20)))
        here.run()
        assert set(here.outcomes(run)) == {"created"}
        assert here.record(run).status == "finished"
        assert here.passwords(run) == {f"user{n}@a.nl": f"Secret-{n}-word" for n in range(20)}

    def test_at_most_three_requests_are_in_flight(self) -> None:
        here = Simulation(latency=5.0)
        here.start(plan(*rows(10)))
        most = 0
        while here.going():
            here.step()
            most = max(most, len(here.on_their_way))
        assert most == 3

    def test_a_row_is_journalled_as_sending_before_its_request_is_sent(self) -> None:
        here = Simulation()
        run = here.start(plan(*rows(3)))
        while here.taken is None or here.taken.row is None:
            here.step()
        assert sent(here, "POST") == []
        assert here.outcomes(run) == ["sending", "waiting", "waiting"]

    def test_a_row_left_out_is_skipped_with_its_reason_from_the_start(self) -> None:
        here = Simulation()
        run = here.start(plan(row(0), row(1, left_out="Same address as line 2.")))
        assert here.outcomes(run) == ["waiting", "skipped"]
        assert here.rows(run)[1].reason == "Same address as line 2."
        here.run()
        assert here.outcomes(run) == ["created", "skipped"]

    def test_a_plan_without_requests_finishes_at_once(self) -> None:
        here = Simulation()
        run = here.start(plan(row(0, left_out="Not ticked.")))
        here.run()
        assert here.record(run).status == "finished"
        assert not here.sandbox.log

    def test_a_recovery_email_is_stored_only_after_its_mailbox_was_created(self) -> None:
        here = Simulation()
        run = here.start(plan(row(0, recovery_email="jan@b.nl"), row(1, password="short", recovery_email="no@b.nl")))
        here.step()
        with here.store.read() as tx:
            assert stored_columns.of_domain(tx, "recovery_email", "a.nl") == {}
        here.run()
        assert here.outcomes(run) == ["created", "failed"]
        with here.store.read() as tx:
            assert stored_columns.of_domain(tx, "recovery_email", "a.nl") == {"user0": "jan@b.nl"}

    def test_a_new_mailbox_does_not_inherit_the_recovery_email_of_a_deleted_namesake(self) -> None:
        here = Simulation()
        with here.store.write() as tx:
            stored_columns.put(
                tx, "recovery_email", "a.nl", "user0", "predecessor@home.nl", 0.0
            )  # deleted elsewhere, without MXM
        run = here.start(plan(row(0)))
        here.run()
        assert here.outcomes(run) == ["created"]
        with here.store.read() as tx:
            assert stored_columns.of_domain(tx, "recovery_email", "a.nl") == {}

    def test_a_recovery_email_set_during_the_run_is_kept(self) -> None:
        here = Simulation()
        run = here.start(plan(row(0)))
        with here.store.write() as tx:
            stored_columns.put(tx, "recovery_email", "a.nl", "user0", "owner@home.nl", here.clock.now() + 1.0)
        here.run()
        assert here.outcomes(run) == ["created"]
        with here.store.read() as tx:
            assert stored_columns.of_domain(tx, "recovery_email", "a.nl") == {"user0": "owner@home.nl"}

    def test_every_created_mailbox_is_in_the_audit_log_under_its_operator(self) -> None:
        here = Simulation()
        run = here.start(plan(*rows(2)), operator="ops2@agency.example")
        here.run()
        with here.store.read() as tx:
            entries = [(entry["who"], entry["what"], entry["on"]) for entry in audit_entries(tx, run=run)]
        assert ("ops2@agency.example", "mailbox.create", "user1@a.nl") in entries
        assert ("ops2@agency.example", "run.finished", f"run {run}") in entries


class TestMissingResponses:
    @pytest.mark.parametrize("fault", ["lost_after", "error_after", "html_after", "broken_after", "stalled"])
    def test_a_create_without_a_response_is_resolved_by_reading_back(self, fault: str) -> None:
        here = Simulation(Rule(NAMED[fault]))
        run = here.start(plan(*rows(1)))
        here.run()
        assert here.outcomes(run) == ["created"]
        assert len(sent(here, "POST")) == 1

    @pytest.mark.parametrize("fault", ["lost_before", "error_before", "html_before", "broken_before"])
    def test_a_create_that_did_not_happen_is_sent_again_after_the_timeout(self, fault: str) -> None:
        here = Simulation(Rule(NAMED[fault]))
        run = here.start(plan(*rows(1)))
        here.run()
        assert here.outcomes(run) == ["created"]
        assert here.sandbox.made == {"user0@a.nl": 1}
        posts = sent(here, "POST")
        assert len(posts) == 2
        assert posts[1] - posts[0] >= TIMEOUT

    @pytest.mark.parametrize("fault", ["lost_late", "error_late", "stalled_late"])
    def test_a_late_create_is_found_before_it_is_sent_again(self, fault: str) -> None:
        here = Simulation(Rule(NAMED[fault]))
        run = here.start(plan(*rows(1)))
        here.run()
        assert here.outcomes(run) == ["created"]
        assert 409 not in {entry.status for entry in here.sandbox.log}

    def test_a_very_late_create_is_found_by_the_conflict_it_causes(self) -> None:
        late = Fault(Answer.NONE, Effect.LATE, late=TIMEOUT + 1.5)
        here = Simulation(Rule(late), latency=1.0)
        run = here.start(plan(*rows(1)))
        here.run()
        assert [entry.status for entry in here.sandbox.log if entry.method == "POST"] == [0, 0, 409]
        assert here.outcomes(run) == ["created"]
        assert here.passwords(run) == {"user0@a.nl": here.sandbox.password_of("user0@a.nl")}

    def test_a_row_fails_after_exactly_five_tries_without_a_response(self) -> None:
        here = Simulation(Rule(NAMED["error_before"], count=None, address="user1@a.nl"))
        run = here.start(plan(*rows(3)))
        here.run()
        assert here.outcomes(run) == ["created", "failed", "created"]
        assert here.rows(run)[1].reason == "MXroute gave no answer 5 times; the mailbox was not created."
        assert here.rows(run)[1].tries == decisions.MAX_TRIES

    def test_a_row_that_was_given_up_but_exists_at_the_end_is_created(self) -> None:
        here = Simulation(
            Rule(NAMED["error_before"], count=4, address="user0@a.nl"),
            Rule(Fault(Answer.NONE, Effect.LATE, late=TIMEOUT + 0.3), first=5, address="user0@a.nl"),
        )
        run = here.start(plan(*rows(1)))
        here.run()
        assert here.outcomes(run) == ["created"]
        assert here.sandbox.made == {"user0@a.nl": 1}

    def test_three_rows_in_a_row_without_a_response_pause_the_run(self) -> None:
        here = Simulation(Rule(NAMED["error_before"], count=None))
        run = here.start(plan(*rows(6)))
        here.run()
        assert (here.record(run).status, here.record(run).why) == ("paused", sentences.NO_WRITES)
        assert "failed" not in here.outcomes(run)
        here.sandbox.schedule = Schedule()
        here.engine.resume(run)
        here.run()
        assert set(here.outcomes(run)) == {"created"}

    def test_while_the_host_is_silent_no_further_row_is_sent(self) -> None:
        here = Simulation(Rule(NAMED["lost_before"], on="any", first=2, count=40))
        here.start(plan(*rows(30)))
        while here.clock.passed < 30.0:
            here.step()
        assert len(sent(here, "POST")) <= 3


def test_a_request_that_was_not_sent_counts_as_no_try_and_needs_no_read_back() -> None:
    never_left, here = Unreachable(sent=False), Simulation()
    (asked,) = here.rows(here.start(plan(*rows(1))))
    assert decisions.decide_write(asked, never_left) == decisions.Resend(counted=False)
    assert decisions.silent(never_left)
    assert not decisions.lost(never_left)


class TestTheHostIsDown:
    def down(self, hours: float) -> Simulation:
        here = Simulation(latency=0.0)
        self.number = here.start(plan(*rows(6)))
        until_sent(here, 2)
        here.sandbox.schedule = Schedule.of(Rule(NAMED["lost_before"], on="any", count=None))
        while here.clock.passed < hours * 3600:
            here.step()
        return here

    def test_a_silent_host_is_probed_once_a_minute(self) -> None:
        here = self.down(hours=1.0)
        asked = [at for at in sent(here, "GET") if at > circuit_breaker.DOWN_AFTER]
        gaps = [later - earlier for earlier, later in pairwise(asked)]
        assert len(asked) > 50
        assert all(gap >= circuit_breaker.LOOK_EVERY for gap in gaps)

    def test_the_run_continues_by_itself_when_the_host_responds_again(self) -> None:
        here = self.down(hours=1.9)
        here.sandbox.schedule = Schedule()
        here.run()
        assert here.record(self.number).status == "finished"
        assert set(here.outcomes(self.number)) == {"created"}

    def test_after_two_silent_hours_the_run_pauses_and_sends_nothing_more(self) -> None:
        here = self.down(hours=2.1)
        assert (here.record(self.number).status, here.record(self.number).why) == ("paused", run_status.SILENT_TOO_LONG)
        asked = len(here.sandbox.log)
        for _ in range(200):
            here.step()
        assert len(here.sandbox.log) == asked

    def test_a_run_started_after_the_outage_probes_the_host_again(self) -> None:
        here = self.down(hours=2.1)
        here.sandbox.schedule = Schedule()
        run = here.start(plan(*rows(2, domain="b.nl")))
        here.run()
        assert here.outcomes(run) == ["created", "created"]

    def test_a_run_paused_by_the_outage_can_be_resumed(self) -> None:
        here = self.down(hours=2.1)
        here.sandbox.schedule = Schedule()
        here.engine.resume(self.number)
        here.run()
        assert set(here.outcomes(self.number)) == {"created"}
        assert set(here.sandbox.made.values()) == {1}


class TestRefusals:
    def test_a_conflict_on_the_first_try_is_skipped(self) -> None:
        here = Simulation()
        run = here.start(plan(*rows(2)))
        until_sent(here)
        create_elsewhere(here, "user1")
        here.run()
        assert here.outcomes(run) == ["created", "skipped"]
        assert here.rows(run)[1].reason == reasons.MADE_MEANWHILE
        assert "user1@a.nl" not in here.passwords(run)

    def test_an_address_that_already_exists_costs_no_write(self) -> None:
        here = Simulation()
        create_elsewhere(here, "user1")
        run = here.start(plan(*rows(2)))
        here.run()
        assert here.outcomes(run) == ["created", "skipped"]
        assert len(sent(here, "POST")) == 1

    def test_a_validation_error_fails_the_row_with_the_words_and_field_of_the_host(self) -> None:
        here = Simulation()
        run = here.start(plan(row(0), row(1, password="short"), row(2)))
        here.run()
        assert here.outcomes(run) == ["created", "failed", "created"]
        assert here.rows(run)[1].reason.startswith("MXroute: ")
        assert here.rows(run)[1].reason.endswith("(password)")

    @pytest.mark.parametrize(("fault", "on"), [("unauthorized", "write"), ("forbidden", "any")])
    def test_a_refused_key_pauses_the_run_at_once_and_the_rows_wait(self, fault: str, on: Any) -> None:
        here = Simulation(Rule(NAMED[fault], on, first=3 if on == "any" else 2, count=None))
        run = here.start(plan(*rows(9)))
        here.run()
        assert (here.record(run).status, here.record(run).why) == ("paused", run_status.KEY_REFUSED)
        assert set(here.outcomes(run)) == {"created", "waiting"}
        assert len(sent(here, "POST")) <= 5
        here.sandbox.schedule = Schedule()
        here.engine.resume(run)
        here.run()
        assert set(here.outcomes(run)) == {"created"}

    def test_a_permission_error_for_one_mailbox_fails_only_its_row(self) -> None:
        here = Simulation(Rule(NAMED["forbidden"], address="user1@a.nl", count=None))
        run = here.start(plan(*rows(4)))
        here.run()
        assert here.record(run).status == "finished"
        assert here.outcomes(run) == ["created", "failed", "created", "created"]
        assert here.rows(run)[1].reason == "MXroute: Insufficient permissions"

    def test_a_domain_that_may_not_be_read_pauses_the_run_without_blaming_the_key(self) -> None:
        here = Simulation(Rule(NAMED["forbidden"], "read", address="a.nl", count=None))
        run = here.start(plan(*rows(2)))
        here.run(most=500)
        assert here.record(run).status == "paused"
        assert "Insufficient permissions" in here.record(run).why
        assert "API key" not in here.record(run).why

    def test_a_single_plan_limit_refusal_fails_its_row(self) -> None:
        here = Simulation(Rule(NAMED["plan_full"], first=2, count=2))
        run = here.start(plan(*rows(6)))
        here.run()
        assert here.record(run).status == "finished"
        assert here.outcomes(run).count("failed") == 2
        assert "Email account limit reached for your plan" in here.rows(run)[1].reason

    def test_three_equal_refusals_in_a_row_pause_the_run_and_their_rows_wait(self) -> None:
        here = Simulation()
        here.sandbox.account.max_mailboxes = 2
        run = here.start(plan(*rows(9)))
        here.run()
        assert here.record(run).status == "paused"
        assert "Raise the plan, then Resume." in here.record(run).why
        assert here.outcomes(run) == ["created"] * 2 + ["waiting"] * 7
        here.sandbox.account.max_mailboxes = None
        here.engine.resume(run)
        here.run()
        assert set(here.outcomes(run)) == {"created"}

    @pytest.mark.parametrize("fault", ["rate_limited", "rate_limited_bare"])
    def test_a_429_costs_time_but_never_a_row(self, fault: str) -> None:
        here = Simulation(Rule(NAMED[fault], first=2, count=12))
        run = here.start(plan(*rows(4)))
        here.run()
        assert set(here.outcomes(run)) == {"created"}
        assert {each.tries for each in here.rows(run)} == {1}


class TestUpdatesAndDeletions:
    def changed(self, action: Action, *rules: Rule, there: bool = True) -> tuple[Simulation, str, str]:
        here = Simulation(*rules)
        if there:
            create_elsewhere(here, "user0")
        run = here.start(plan(row(0, action=action, password="", quota=2048, limit=None, recovery_email="me@b.nl")))
        here.run()
        return here, here.rows(run)[0].outcome, here.rows(run)[0].reason

    def test_an_update_changes_the_mailbox(self) -> None:
        here, outcome, reason = self.changed(Action.UPDATE)
        box = here.sandbox.mailbox("user0@a.nl")
        assert box is not None
        assert (outcome, box.quota, box.password) == ("updated", 2048, "theirs")
        assert reason == "changed; quota 1024 → 2048 as asked; recovery email set"

    @pytest.mark.parametrize("fault", ["lost_before", "lost_after"])
    def test_an_update_without_a_response_is_sent_again_if_it_did_not_happen(self, fault: str) -> None:
        here, outcome, _ = self.changed(Action.UPDATE, Rule(NAMED[fault]))
        assert outcome == "updated"
        assert len(sent(here, "PATCH")) == (2 if fault == "lost_before" else 1)

    def test_an_update_of_a_missing_mailbox_is_skipped_and_costs_no_write(self) -> None:
        here, outcome, reason = self.changed(Action.UPDATE, there=False)
        assert (outcome, reason) == ("skipped", reasons.GONE_MEANWHILE)
        assert sent(here, "PATCH") == []

    def test_a_404_after_a_deletion_without_a_response_counts_as_deleted(self) -> None:
        here, outcome, _ = self.changed(Action.DELETE, Rule(NAMED["lost_after"]))
        assert outcome == "deleted"
        assert [entry.status for entry in here.sandbox.log if entry.method == "DELETE"] == [0]

    def test_a_404_on_the_first_deletion_skips_the_row(self) -> None:
        _, outcome, reason = self.changed(Action.DELETE, there=False)
        assert (outcome, reason) == ("skipped", reasons.GONE_MEANWHILE)

    def test_a_deletion_removes_the_recovery_email(self) -> None:
        here = Simulation()
        create_elsewhere(here, "user0")
        with here.store.write() as tx:
            stored_columns.put(tx, "recovery_email", "a.nl", "user0", "me@b.nl", 0.0)
        here.start(plan(row(0, action=Action.DELETE)))
        here.run()
        with here.store.read() as tx:
            assert stored_columns.of_domain(tx, "recovery_email", "a.nl") == {}


class TestSteering:
    def test_a_second_run_on_a_domain_is_queued_and_starts_by_itself(self) -> None:
        here = Simulation()
        first, second = here.start(plan(*rows(3))), here.start(plan(row(0, "other")))
        other = here.start(plan(row(0, domain="b.nl")))
        until_sent(here)
        status = {run: here.record(run).status for run in (first, second, other)}
        assert status == {first: "running", second: "queued", other: "running"}
        here.run()
        assert {here.record(run).status for run in (first, second, other)} == {"finished"}
        made = list(here.sandbox.made)
        assert made.index("other@a.nl") > made.index("user2@a.nl")

    def test_a_later_run_does_not_overtake_a_queued_run_on_its_domains(self) -> None:
        here = Simulation()
        here.start(plan(*rows(2)))
        both = here.start(plan(row(0, "x"), row(1, "y", "b.nl")))
        late = here.start(plan(row(0, "z", "b.nl")))
        until_sent(here)
        assert (here.record(both).status, here.record(late).status) == ("queued", "queued")
        here.run()
        assert list(here.sandbox.made).index("z@b.nl") == 4

    def test_two_runs_take_turns_row_by_row(self) -> None:
        here = Simulation(latency=0.0)
        here.start(plan(*rows(6)))
        here.start(plan(*rows(6, domain="b.nl")))
        here.run()
        domains = [address.partition("@")[2] for address in here.sandbox.made]
        for so_far in range(2, 12):
            assert abs(domains[:so_far].count("a.nl") - domains[:so_far].count("b.nl")) <= 2

    def test_pause_lets_requests_in_flight_finish_and_sends_nothing_more(self) -> None:
        here = Simulation()
        run = here.start(plan(*rows(9)))
        until_sent(here, 3)
        here.engine.pause(run, sentences.BY_HAND)
        here.run()
        assert here.outcomes(run) == ["created"] * 3 + ["waiting"] * 6
        assert here.record(run).status == "paused"

    def test_a_paused_run_frees_its_domain_and_reads_it_again_on_resume(self) -> None:
        here = Simulation()
        first = here.start(plan(*rows(4)))
        until_sent(here)
        here.engine.pause(first, sentences.BY_HAND)
        second = here.start(plan(row(0, "user3")))
        here.run()
        assert here.outcomes(second) == ["created"]
        here.engine.resume(first)
        here.run()
        assert here.outcomes(first)[3] == "skipped"
        assert here.sandbox.made == {f"user{n}@a.nl": 1 for n in range(4)}

    def test_a_paused_run_holds_its_domain_until_lost_writes_are_resolved(self) -> None:
        here = Simulation(Rule(NAMED["lost_late"]))
        first = here.start(plan(*rows(1)))
        until_sent(here)
        here.engine.pause(first, sentences.BY_HAND)
        second = here.start(plan(row(0, "user0", password="Another-1")))
        here.run()
        here.engine.resume(first)
        here.run()
        assert here.sandbox.made == {"user0@a.nl": 1}
        assert (here.outcomes(first), here.outcomes(second)) == (["created"], ["skipped"])

    def test_stop_lets_requests_in_flight_finish_and_attempts_nothing_more(self) -> None:
        here = Simulation()
        run = here.start(plan(*rows(9)))
        until_sent(here, 3)
        here.engine.stop(run)
        assert here.record(run).status == "stopping"
        here.run()
        assert here.record(run).status == "stopped"
        assert here.outcomes(run) == ["created"] * 3 + ["not_attempted"] * 6
        assert here.rows(run)[8].reason == reasons.STOPPED

    @pytest.mark.parametrize(("fault", "outcome"), [("lost_after", "created"), ("lost_before", "failed")])
    def test_stop_still_resolves_a_row_without_a_response(self, fault: str, outcome: str) -> None:
        here = Simulation(Rule(NAMED[fault]))
        run = here.start(plan(*rows(1)))
        until_sent(here)
        here.engine.stop(run)
        here.run()
        assert here.outcomes(run) == [outcome]
        assert len(sent(here, "POST")) == 1

    def test_a_paused_run_can_be_stopped(self) -> None:
        here = Simulation(Rule(NAMED["unauthorized"], on="any", count=None))
        run = here.start(plan(*rows(2)))
        here.run()
        here.engine.stop(run)
        here.run()
        assert here.outcomes(run) == ["not_attempted"] * 2


class TestTheComparisonAtTheEnd:
    def test_the_results_show_the_values_of_the_host(self) -> None:
        here = Simulation()
        run = here.start(plan(row(0, limit=5000), row(1)))
        here.run()
        first, second = here.rows(run)
        assert first.reason == "Created; limit is 9600, not 5000 as asked (the host ignores it)"
        assert (first.host_quota, first.host_limit, first.differs) == (1024, 9600, "limit is 9,600 instead of 5,000")
        assert second.reason == "Created"
        record = here.record(run)
        assert (record.differences, record.difference) == (1, "limit is 9,600 instead of 5,000")
        assert record.checked_at is not None

    def test_each_domain_is_read_once_at_the_end(self) -> None:
        here = Simulation()
        here.start(plan(*(row(n, domain=("a.nl", "b.nl")[n % 2]) for n in range(10))))
        here.run()
        after_the_last = [entry.method for entry in here.sandbox.log][::-1].index("POST")
        assert after_the_last == 2

    def test_the_list_that_was_read_is_stored(self) -> None:
        here = Simulation()
        here.start(plan(*rows(3)))
        here.run()
        with here.store.read() as tx:
            kept = mailbox_lists.mailboxes(tx, "a.nl")
        assert kept is not None
        assert len(kept.mailboxes) == 3

    def test_a_created_mailbox_that_disappeared_is_reported_as_failed(self) -> None:
        here = Simulation()
        run = here.start(plan(*rows(1)))
        while here.outcomes(run) != ["created"]:
            here.step()
        here.sandbox.account.apply(Change("delete", "a.nl", "user0"))
        here.run()
        assert here.outcomes(run) == ["failed"]
        assert here.rows(run)[0].reason == reasons.not_done(Action.CREATE)


class TestTheProcessDies:
    @pytest.mark.parametrize("step", range(0, 40, 3))
    def test_after_a_death_at_any_instant_the_next_process_finishes_the_run(self, step: int) -> None:
        here = Simulation()
        run = here.start(plan(*rows(6)))
        for _ in range(step):
            here.step()
        here.kill()
        here.run()
        assert set(here.outcomes(run)) == {"created"}
        assert set(here.sandbox.made.values()) == {1}

    def test_a_create_in_flight_is_read_back_before_it_is_sent_again(self) -> None:
        here = Simulation(latency=5.0)
        run = here.start(plan(*rows(1)))
        until_sent(here)
        here.kill()
        assert here.outcomes(run) == ["settling"]
        here.run()
        assert here.outcomes(run) == ["created"]
        assert len(sent(here, "POST")) == 1

    def test_an_update_in_flight_is_sent_again(self) -> None:
        here = Simulation(latency=5.0)
        create_elsewhere(here, "user0")
        run = here.start(plan(row(0, action=Action.UPDATE, password="", quota=5, limit=None)))
        while not sent(here, "PATCH"):
            here.step()
        here.kill()
        assert here.outcomes(run) == ["waiting"]
        here.run()
        assert here.outcomes(run) == ["updated"]

    def test_a_paused_run_stays_paused(self) -> None:
        here = Simulation()
        run = here.start(plan(*rows(5)))
        until_sent(here)
        here.engine.pause(run, "Because.")
        here.kill()
        here.run()
        assert (here.record(run).status, here.record(run).why) == ("paused", "Because.")


class TestRateLimit:
    def test_250_rows_are_created_without_one_429(self) -> None:
        here = Simulation(paced=True)
        run = here.start(plan(*rows(250)))
        here.run()
        assert here.outcomes(run) == ["created"] * 250
        assert 429 not in {entry.status for entry in here.sandbox.log}
        assert here.clock.passed < 12 * 60 + 12 * 1.3 + 10

    def test_ten_deaths_cost_no_row_and_no_429(self) -> None:
        here = Simulation(paced=True)
        run = here.start(plan(*rows(60)))
        for _ in range(10):
            for _ in range(17):
                here.step()
            here.kill()
        here.run()
        assert here.outcomes(run) == ["created"] * 60
        assert set(here.sandbox.made.values()) == {1}
        assert 429 not in {entry.status for entry in here.sandbox.log}

    def test_stop_does_not_wait_for_the_rate_limit(self) -> None:
        here = Simulation(paced=True)
        run = here.start(plan(*rows(30)))
        until_sent(here, 20)
        here.engine.stop(run)
        here.run()
        assert here.outcomes(run) == ["created"] * 20 + ["not_attempted"] * 10
        assert here.clock.passed < 30


class TestTheStoreRefuses:
    @pytest.fixture
    def here(self, monkeypatch: pytest.MonkeyPatch) -> Simulation:
        here = Simulation()
        self.full = False
        usual = here.store.write

        def write():
            if self.full:
                raise StoreUnavailable(store_problems.DISK_FULL)
            return usual()

        monkeypatch.setattr(here.store, "write", write)
        return here

    def test_on_a_full_disk_nothing_more_is_sent_and_the_run_shows_the_cause(self, here: Simulation) -> None:
        run = here.start(plan(*rows(9)))
        until_sent(here, 3)
        self.full = True
        for _ in range(100):
            here.step()
        assert len(sent(here, "POST")) == 3
        state = here.engine.states[run]
        assert (state.status, state.why) == (RunStatus.PAUSED, store_problems.DISK_FULL)
        assert here.engine.trouble == store_problems.DISK_FULL

    def test_a_response_received_on_a_full_disk_is_recorded_once_there_is_room(self, here: Simulation) -> None:
        run = here.start(plan(*rows(9)))
        until_sent(here, 3)
        self.full = True
        for _ in range(20):
            here.step()
        assert here.outcomes(run)[:3] == ["sending"] * 3
        self.full = False
        here.engine.flush()
        assert here.outcomes(run) == ["created"] * 3 + ["waiting"] * 6
        assert here.engine.trouble == ""
        here.run()
        assert set(here.outcomes(run)) == {"created"}
        assert set(here.sandbox.made.values()) == {1}

    def test_the_run_continues_by_itself_once_there_is_room(self, here: Simulation) -> None:
        run = here.start(plan(*rows(9)))
        until_sent(here, 3)
        self.full = True
        for _ in range(60):
            here.step()
        assert here.engine.states[run].held
        self.full = False
        here.run()
        assert here.record(run).status == "finished"
        assert set(here.outcomes(run)) == {"created"}
        assert set(here.sandbox.made.values()) == {1}

    def test_a_run_paused_by_a_person_stays_paused_after_a_full_disk(self, here: Simulation) -> None:
        before, meanwhile = here.start(plan(*rows(3))), here.start(plan(*rows(3, domain="b.nl"), name="b.csv"))
        here.engine.pause(before, "kim pressed Pause.")
        until_sent(here, 1)
        self.full = True
        for _ in range(20):
            here.step()
        here.engine.pause(meanwhile, "jan pressed Pause.")
        self.full = False
        here.run()
        assert [here.record(run).why for run in (before, meanwhile)] == ["kim pressed Pause.", "jan pressed Pause."]

    def test_a_run_halted_by_a_full_disk_continues_after_a_restart(self, here: Simulation) -> None:
        run = here.start(plan(*rows(9)))
        until_sent(here, 3)
        self.full = True
        for _ in range(20):
            here.step()
        self.full = False
        here.kill()
        here.run()
        assert set(here.outcomes(run)) == {"created"}


def test_a_wrong_server_key_pauses_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Simulation()
    run = here.start(plan(*rows(2)))
    monkeypatch.setattr(here.store, "key", type(here.store.key).make("another"))
    here.run()
    assert here.record(run).status == "paused"
    assert "MXM_SECRET_KEY" in here.record(run).why
    assert here.outcomes(run) == ["waiting", "waiting"]


def test_a_programming_error_pauses_only_its_own_run(monkeypatch: pytest.MonkeyPatch) -> None:
    here = Simulation()
    broken, fine = here.start(plan(*rows(2))), here.start(plan(*rows(2, domain="b.nl")))
    usual = journal.set_row

    def set_row(tx, number, *args, **values):
        if number == broken and values.get("outcome") == "created":
            raise ZeroDivisionError
        usual(tx, number, *args, **values)

    monkeypatch.setattr(journal, "set_row", set_row)
    for _ in range(100):
        here.step()
    assert here.record(fine).status == "finished"
    assert (here.record(broken).status, here.record(broken).why) == ("paused", sentences.BROKEN)
    monkeypatch.undo()
    here.kill()
    here.engine.resume(broken)
    here.run()
    assert set(here.outcomes(broken)) == {"created"}
    assert set(here.sandbox.made.values()) == {1}
