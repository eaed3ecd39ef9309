"""False responses, odd lists, old plans and programming errors: no outcome becomes untrue."""

import re
from dataclasses import replace
from typing import Any

import pytest

from mxlib.core.text import reasons, run_status
from mxlib.core.vocabulary import Action, AuditAction
from mxlib.mxroute import protocol
from mxlib.mxroute.errors import UnexpectedData
from mxlib.runs import messages, row_updates
from mxlib.sandbox.faults import NAMED, Answer, Fault, Rule, Schedule
from mxlib.sandbox.state import Change
from mxlib.store import audit, journal
from mxlib.store.audit import Actor
from tests.support.audit_entries import audit_entries
from tests.support.deletions import BEFORE, deletion, existing, there
from tests.support.simulation import Simulation, plan, row, rows


def update(position: int, **changes: Any):
    values = {"action": Action.UPDATE, "password": "", "quota": None, "limit": None, "before": BEFORE}
    return row(position, **values | changes)


class TestReadBacks:
    @pytest.mark.parametrize(
        "data",
        [
            "null", "{}", "[]", '"user0"', '{"username": "another"}',
            '{"username": "user0", "email": "user0@else.nl"}', "[{}]", "5",
        ],
    )  # fmt: skip
    def test_a_read_back_of_another_mailbox_or_none_proves_nothing(self, data: str) -> None:
        here = Simulation(
            Rule(Fault(Answer.DATA, data=data), "mailbox", address="user0@a.nl", count=None),
            Rule(NAMED["lost_before"], count=None),
        )
        run = here.start(plan(*rows(1)))
        here.run(most=3000)
        assert here.record(run).status == "paused"
        assert here.outcomes(run) == ["settling"]
        assert "is about something else" in here.record(run).why


class TestSuccessWithoutEffect:
    @pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE, Action.DELETE])
    def test_the_comparison_makes_a_falsely_confirmed_write_a_failure_to_retry(self, action: Action) -> None:
        here = Simulation(Rule(NAMED["yes_undone"], count=None))
        if action is not Action.CREATE:
            existing(here, "user0")
        planned = {
            Action.CREATE: row(0, recovery_email="me@x.example"),
            Action.UPDATE: update(0, quota=2048, recovery_email="me@x.example"),
            Action.DELETE: deletion(0),
        }
        run = here.start(plan(planned[action]))
        here.run()
        assert here.outcomes(run) == ["failed"]
        assert here.rows(run)[0].reason == reasons.not_done(action)
        assert here.rows(run)[0].unanswered
        with here.store.read() as tx:
            entries = [entry["what"] for entry in audit_entries(tx, run=run)]
        assert entries.count("mailbox.not_done") == 1

    def test_an_incomplete_list_makes_no_failure(self) -> None:
        here = Simulation(Rule(NAMED["half_a_list"], "list", count=None))
        run = here.start(plan(*rows(3)))
        here.run()
        assert here.outcomes(run) == ["created"] * 3
        assert len(here.passwords(run)) == 3


class TestRefusalWithEffect:
    @pytest.mark.parametrize("name", [name for name in NAMED if name.startswith("no_done")])
    def test_a_refused_create_that_exists_counts_as_created_and_says_so(self, name: str) -> None:
        here = Simulation(Rule(NAMED[name], "create", count=None))
        run = here.start(plan(*rows(2)))
        here.run()
        assert here.outcomes(run) == ["created", "created"]
        assert "MXroute said no; read back" in here.rows(run)[0].reason
        assert len(here.passwords(run)) == 2

    @pytest.mark.parametrize("name", ["no_done", "no_done_403", "no_done_success_false"])
    def test_a_refused_update_or_deletion_that_took_effect_counts_as_done(self, name: str) -> None:
        here = Simulation(Rule(NAMED[name], count=None))
        existing(here, "user0", "user1")
        run = here.start(plan(update(0, quota=2048), deletion(1)))
        here.run()
        assert here.outcomes(run) == ["updated", "deleted"]


class TestRefusalWithEffectBeforeAPause:
    """Three equal refusals or a refused key pause a run; writes that still took effect belong to it."""

    @pytest.mark.parametrize("status", [401, 403, 422])
    @pytest.mark.parametrize("ends", ["resume", "stop"])
    def test_mailboxes_created_despite_refusals_keep_their_passwords(self, status: int, ends: str) -> None:
        here = Simulation(Rule(Fault(Answer.NO, status=status), "create", count=3))
        run = here.start(plan(*rows(6)))
        here.run()
        assert here.record(run).status == "paused"
        getattr(here.engine, ends)(run)
        here.run()
        made = {address for address, times in here.sandbox.made.items() if times}
        assert len(made) >= 3
        assert here.passwords(run).keys() == made
        assert {each.address for each in here.rows(run) if each.outcome == "created"} == made

    def test_mailboxes_deleted_despite_refusals_count_as_deleted(self) -> None:
        here = Simulation(Rule(NAMED["no_done_403"], "delete", count=3))
        existing(here, "user0", "user1", "user2")
        run = here.start(plan(*(deletion(n) for n in range(3))))
        here.run()
        assert here.record(run).status == "paused"
        here.engine.resume(run)
        here.run()
        assert here.outcomes(run) == ["deleted"] * 3
        assert there(here) == []


class TestAKeyThatMayNotWrite:
    def test_three_refusals_in_a_row_pause_the_run_and_their_rows_wait(self) -> None:
        here = Simulation(Rule(NAMED["forbidden"], count=None))
        run = here.start(plan(*rows(100)))
        here.run()
        assert (here.record(run).status, here.record(run).why) == ("paused", messages.NOT_ALLOWED)
        assert here.outcomes(run) == ["waiting"] * 100
        here.sandbox.schedule = Schedule()
        here.engine.resume(run)
        here.run()
        assert here.outcomes(run) == ["created"] * 100

    def test_resume_continues_past_rows_that_stay_refused(self) -> None:
        refused = [Rule(NAMED["forbidden"], address=f"user{n}@a.nl", count=None) for n in range(3)]
        here = Simulation(*refused)
        run = here.start(plan(*rows(9)))
        here.run()
        assert here.record(run).status == "paused"
        here.engine.resume(run)
        here.run()
        assert here.outcomes(run) == ["failed"] * 3 + ["created"] * 6

    def test_the_pause_survives_a_restart(self) -> None:
        here = Simulation(Rule(NAMED["forbidden"], count=None))
        run = here.start(plan(*rows(10)))
        here.run()
        here.kill()
        here.sandbox.schedule = Schedule()
        here.engine.resume(run)
        here.run()
        assert here.outcomes(run) == ["created"] * 10


class TestOddLists:
    @pytest.mark.parametrize(
        "fault",
        [
            *(NAMED[name] for name in ("null", "text", "number", "empty_object", "another_mailbox", "huge_number")),
            *(NAMED[name] for name in ("lone_surrogate", "nameless_entry", "repeated_entry")),
            *(
                Fault(Answer.DATA, data=data)
                for data in (
                    "[null]", '["user9"]', "[7]", f"[{10**400}]", "[{}]", '[{"username": ""}]',
                    '[{"username": "x"}, {"username": "X"}]',
                )
            ),
        ],
    )  # fmt: skip
    def test_an_unreadable_list_is_read_again_and_reported_and_nothing_is_lost(self, fault: Fault) -> None:
        here = Simulation(Rule(fault, "list", count=None))
        existing(here, "theirs")
        run = here.start(plan(*rows(2)))
        here.run(most=3000)
        assert here.record(run).status == "paused"
        assert re.search("not readable|no readable", here.record(run).why)
        here.sandbox.schedule = Schedule()
        here.engine.resume(run)
        here.run()
        assert here.outcomes(run) == ["created"] * 2

    @pytest.mark.parametrize("lists", [1, 2])
    def test_an_empty_list_is_not_trusted_until_it_is_read_again(self, lists: int) -> None:
        here = Simulation(Rule(NAMED["empty_list"], "list", count=lists))
        existing(here, "user0", "user1", "user2", usage=3.0)
        run = here.start(plan(*(deletion(n, usage=3.0) for n in range(2)), update(2, quota=2048)))
        began = here.clock.passed
        here.run()
        assert here.outcomes(run) == ["deleted", "deleted", "updated"]
        assert here.clock.passed - began >= 60


class TestProgrammingErrors:
    @pytest.mark.parametrize("where", ["meanwhile", "compare", "decide"])
    def test_a_programming_error_pauses_the_run_is_reported_and_resume_works(
        self, where: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        here = Simulation()
        run = here.start(plan(*rows(5)))
        with monkeypatch.context() as broken:
            broken.setattr(row_updates, where, lambda *_args, **_more: 1 / 0)
            for _ in range(60):
                here.step()
        assert here.record(run).status == "paused"
        assert here.engine.problems() == [messages.broken(run)]
        here.engine.resume(run)
        here.run()
        assert here.record(run).status == "finished"
        assert here.outcomes(run) == ["created"] * 5
        assert here.engine.problems() == []


class TestStopping:
    def stopped(self, fault: str) -> tuple[Simulation, int]:
        """Return a stopped run whose rows lost their responses, with a host that no longer responds."""
        here = Simulation(Rule(NAMED["lost_after"], count=3), Rule(NAMED[fault], "any", first=5, count=None))
        run = here.start(plan(*rows(6)))
        for _ in range(40):
            here.step()
        here.engine.stop(run)
        for _ in range(400):
            if here.record(run).status == "stopped":
                break
            here.step()
        return here, run

    @pytest.mark.parametrize("fault", ["unauthorized", "lost_before", "forbidden"])
    @pytest.mark.parametrize("dies", [False, True])
    def test_unresolved_rows_may_exist_until_the_host_responds_again(self, fault: str, dies: bool) -> None:
        here, run = self.stopped(fault)
        assert here.record(run).status == "stopped"
        unsettled = [each for each in here.rows(run) if each.outcome == "settling"]
        assert unsettled
        assert {each.reason for each in unsettled} == {reasons.MAY_EXIST}
        here.sandbox.schedule = Schedule()
        if dies:
            here.kill()
        for _ in range(300):
            here.step()
        assert set(here.outcomes(run)) <= {"created", "not_attempted", "failed"}
        made = {address for address, times in here.sandbox.made.items() if times}
        assert {each.address for each in here.rows(run) if each.outcome == "created"} == made
        assert run not in here.engine.states


class TestOldPlans:
    def paused(self, *planned: Any, **changes: Any) -> tuple[Simulation, int]:
        here = Simulation()
        existing(here, "user0", "user1", **changes)
        run = here.start(plan(*planned))
        here.engine.pause(run, "Lunch.")
        here.clock.passed += 60
        return here, run

    def create_again(self, here: Simulation, name: str, **changes: Any) -> None:
        here.sandbox.account.apply(Change("delete", "a.nl", name))
        existing(here, name, **changes)
        with here.store.write() as tx:
            for action in (AuditAction.MAILBOX_DELETE, AuditAction.MAILBOX_CREATE):
                audit.record(tx, Actor("ann"), action, at=here.clock.now(), on=f"{name}@a.nl")

    @pytest.mark.parametrize(
        "planned", [deletion, lambda n: update(n, password="New-pass-1"), lambda n: update(n, quota=9)]
    )
    def test_a_mailbox_created_again_by_hand_is_left_unchanged(self, planned: Any) -> None:
        here, run = self.paused(planned(0), planned(1))
        self.create_again(here, "user0", usage=5.0)
        here.engine.resume(run)
        here.run()
        assert here.outcomes(run)[0] == "skipped"
        assert here.rows(run)[0].reason == reasons.MADE_ANEW_SINCE
        assert here.outcomes(run)[1] in {"deleted", "updated"}
        box = here.sandbox.account.domains["a.nl"]["user0"]
        assert (box.usage, box.quota, box.password) == (5.0, 1024, "theirs")

    def test_a_retry_keeps_a_mailbox_created_again_by_hand_too(self) -> None:
        here = Simulation(Rule(NAMED["forbidden"], address="user0@a.nl", count=1))
        existing(here, "user0")
        run = here.start(plan(deletion(0)))
        here.run()
        assert here.outcomes(run) == ["failed"]
        self.create_again(here, "user0")
        with here.store.write() as tx:
            from mxlib.runs import retry

            number = retry.retry(tx, here.store.key, run, Actor("ops"), here.clock.now())
        here.engine.load_new_runs()
        here.run()
        assert here.outcomes(number) == ["skipped"]
        assert there(here) == ["user0"]

    @pytest.mark.parametrize(
        ("now", "reason"),
        [
            ({"usage": 1.0}, reasons.LESS_MAIL),
            ({"sent": 1}, reasons.FEWER_SENT),
            ({"quota": 2048}, "kept: quota was changed to 2048 since"),
            ({"limit": 5}, "kept: limit was changed to 5 since"),
        ],
    )
    def test_a_deletion_keeps_a_mailbox_that_is_not_as_planned(self, now: dict[str, Any], reason: str) -> None:
        here, run = self.paused(deletion(0, usage=7.0, sent=4), usage=7.0, sent=4)
        existing(here, "user0", **{"usage": 7.0, "sent": 4} | now)
        here.engine.resume(run)
        here.run()
        assert [(each.outcome, each.reason) for each in here.rows(run)] == [("skipped", reason)]
        assert "user0" in there(here)

    def test_incoming_mail_and_a_new_day_do_not_stop_an_old_plan(self) -> None:
        here, run = self.paused(deletion(0, usage=7.0, sent=4), update(1, quota=9), usage=7.0, sent=4)
        here.clock.passed += 86_400
        boxes = here.sandbox.account.domains["a.nl"]
        for name in ("user0", "user1"):
            boxes[name] = replace(boxes[name], usage=9.0, sent=0)
        here.engine.resume(run)
        here.run()
        assert here.outcomes(run) == ["deleted", "updated"]

    def test_each_mailbox_is_inspected_before_deletion_within_the_rate_limit(self) -> None:
        here = Simulation(paced=True)
        existing(here, *(f"user{n}" for n in range(45)))
        run = here.start(plan(*(deletion(n) for n in range(45))))
        here.run()
        assert set(here.outcomes(run)) == {"deleted"}
        assert 429 not in {entry.status for entry in here.sandbox.log}
        assert here.clock.passed < 2 * 61.3 + 20


def test_a_key_refused_for_every_request_is_reported_as_such() -> None:
    here = Simulation(Rule(NAMED["forbidden"], "any", first=4, count=None))
    run = here.start(plan(*rows(6)))
    here.run()
    assert (here.record(run).status, here.record(run).why) == ("paused", run_status.KEY_REFUSED)
    here.sandbox.schedule = Schedule()
    here.engine.resume(run)
    here.run()
    assert here.outcomes(run) == ["created"] * 6


def test_an_error_about_unexpected_data_names_the_mailbox() -> None:
    request = protocol.read_mailbox("a.nl", "jan")
    with pytest.raises(UnexpectedData, match=r"jan@a\.nl"):
        protocol.parse_response(request, 200, {}, b'{"success": true, "data": {"username": "piet"}}', 0.0)


def test_the_lineage_of_a_run_starts_at_its_first_plan() -> None:
    here = Simulation()
    run = here.start(plan(*rows(1)))
    with here.store.read() as tx:
        record = journal.get_run(tx, run)
        assert record is not None
        assert [each.id for each in journal.lineage(tx, record)] == [run]
