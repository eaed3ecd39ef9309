"""Undo of a run: mailboxes that are used or were changed since are kept."""

from dataclasses import replace

import pytest

from mxlib.core.plans.plan import Plan, PlannedRow
from mxlib.core.text import reasons
from mxlib.core.vocabulary import CLEAR, Action, AuditAction, RunKind
from mxlib.runs import messages, run_state
from mxlib.sandbox.faults import NAMED, Rule, Schedule
from mxlib.sandbox.limits import Limits
from mxlib.sandbox.state import Change
from mxlib.store import audit, stored_columns
from mxlib.store.audit import Actor
from tests.support.simulation import START, TIMEOUT, Simulation, plan, row, rows

LEFT = {"quota": 1024, "limit": 9600}


def deletion(position: int, username: str = "", **changes: object) -> PlannedRow:
    """Return a deletion of a mailbox that is unused and unchanged."""
    blank = {"password": "", "quota": None, "limit": None, "before": {**LEFT, "unused": True}}
    return row(position, username, action=Action.DELETE, **(blank | changes))


def restored(position: int, **changes: object) -> PlannedRow:
    """Return an update of a mailbox that is unchanged."""
    blank = {"password": "", "quota": None, "limit": None, "before": {**LEFT, "unchanged": True}}
    return row(position, action=Action.UPDATE, **(blank | changes))


def undo(*rows: PlannedRow, of: int) -> Plan:
    return replace(plan(*rows), kind=RunKind.UNDO, undo_of=of)


def made(*rules: Rule, count: int = 4, **more: object) -> tuple[Simulation, int]:
    """Return a finished run that created user0, user1, …; the rules apply from then on."""
    here = Simulation(**more)  # type: ignore[arg-type]
    run = here.start(plan(*rows(count)))
    here.run()
    here.sandbox.schedule = Schedule.of(*rules)
    here.sandbox.log.clear()
    return here, run


def change_mailbox(here: Simulation, username: str, **changes: object) -> None:
    """Use or change a mailbox as its owner or another person would."""
    boxes = here.sandbox.account.domains["a.nl"]
    boxes[username] = replace(boxes[username], **changes)  # type: ignore[arg-type]


def there(here: Simulation) -> list[str]:
    return sorted(here.sandbox.account.domains["a.nl"])


def asked(here: Simulation, username: str) -> list[str]:
    """Return the methods of the requests about one mailbox, in order."""
    return [entry.method for entry in here.sandbox.log if entry.path.endswith(f"/{username}")]


def until_asked(here: Simulation, method: str, username: str) -> None:
    while method not in asked(here, username):
        here.step()


def test_unused_mailboxes_are_deleted_and_each_is_inspected_right_before() -> None:
    here, run = made()
    back = here.start(undo(*(deletion(n) for n in range(4)), of=run))
    here.run()
    assert set(here.outcomes(back)) == {"deleted"}
    assert there(here) == []
    assert all(asked(here, f"user{n}") == ["GET", "DELETE"] for n in range(4))
    assert {each.reason for each in here.rows(back)} == {"deleted"}
    assert (here.record(back).kind, here.record(back).undo_of) == ("undo", run)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"usage": 12.4}, "kept: holds 12 MB of mail"),
        ({"usage": 0.01}, "kept: holds mail (less than 1 MB)"),
        ({"sent": 3}, "kept: 3 sent today"),
        ({"suspended": True}, "kept: suspended since"),
        ({"quota": 2048}, "kept: quota was changed to 2048 since"),
        ({"limit": 500}, "kept: limit was changed to 500 since"),
    ],
)
class TestKeptMailboxes:
    def test_used_or_changed_before_the_first_row(self, changes: dict[str, object], reason: str) -> None:
        here, run = made()
        change_mailbox(here, "user1", **changes)
        back = here.start(undo(*(deletion(n) for n in range(4)), of=run))
        here.run()
        assert here.outcomes(back) == ["deleted", "skipped", "deleted", "deleted"]
        assert (here.rows(back)[1].reason, there(here)) == (reason, ["user1"])
        assert asked(here, "user1") == []

    def test_used_or_changed_after_the_domain_was_read(self, changes: dict[str, object], reason: str) -> None:
        here, run = made()
        back = here.start(undo(*(deletion(n) for n in range(4)), of=run))
        until_asked(here, "GET", "user0")
        change_mailbox(here, "user3", **changes)
        here.run()
        assert here.outcomes(back) == ["deleted", "deleted", "deleted", "skipped"]
        assert (here.rows(back)[3].reason, there(here)) == (reason, ["user3"])
        assert asked(here, "user3") == ["GET"]


class TestChangesInMXMSince:
    def by_hand(self, here: Simulation, what: str, on: str) -> None:
        with here.store.write() as tx:
            audit.record(tx, Actor("jan"), AuditAction(what), at=here.clock.now(), on=on)

    @pytest.mark.parametrize("what", ["mailbox.update", "recovery.set", "mailbox.create"])
    def test_a_mailbox_changed_or_created_again_by_hand_is_kept(self, what: str) -> None:
        here, run = made()
        self.by_hand(here, what, "user1@a.nl")
        back = here.start(undo(*(deletion(n) for n in range(2)), of=run))
        here.run()
        assert here.outcomes(back) == ["deleted", "skipped"]
        assert here.rows(back)[1].reason == reasons.CHANGED_HERE

    def test_a_mailbox_created_again_by_another_run_is_kept(self) -> None:
        here, run = made()
        here.sandbox.account.apply(Change("delete", "a.nl", "user1"))
        here.start(plan(row(0, "user1", password="Another-1x")))
        here.run()
        back = here.start(undo(deletion(0), deletion(1), of=run))
        here.run()
        assert (here.outcomes(back), there(here)) == (["deleted", "skipped"], ["user1", "user2", "user3"])

    def test_an_earlier_undo_of_the_same_run_does_not_count_as_a_change(self) -> None:
        here, run = made()
        first = here.start(undo(deletion(0), deletion(1), of=run))
        until_asked(here, "DELETE", "user0")
        here.engine.stop(first)
        here.run()
        assert here.outcomes(first)[0] == "deleted"
        second = here.start(undo(deletion(1), of=run))
        here.run()
        assert set(here.outcomes(second)) <= {"deleted", "skipped"}
        assert "user1" not in there(here)


class TestRestoring:
    def changed(self, *rules: Rule) -> tuple[Simulation, int]:
        """Return a run that changed quota and recovery email of user0 and user1."""
        here = Simulation()
        for number in range(2):
            here.sandbox.account.apply(Change("create", "a.nl", f"user{number}", quota=512, password="theirs"))
        change = {"password": "", "quota": 1024, "limit": None, "recovery_email": "new@b.nl"}
        run = here.start(plan(*(row(n, action=Action.UPDATE, before={"quota": 512}, **change) for n in range(2))))
        here.run()
        here.sandbox.schedule = Schedule.of(*rules)
        here.sandbox.log.clear()
        return here, run

    def back(self, position: int, **changes: object) -> PlannedRow:
        before = {**LEFT, "recovery_email": "new@b.nl", "unchanged": True}
        return restored(position, **({"quota": 512, "recovery_email": CLEAR, "before": before} | changes))

    def quotas(self, here: Simulation) -> list[int]:
        return [box.quota for box in here.sandbox.account.domains["a.nl"].values()]

    def test_undo_restores_quota_and_recovery_email(self) -> None:
        here, run = self.changed()
        back = here.start(undo(self.back(0), self.back(1), of=run))
        here.run()
        assert (here.outcomes(back), self.quotas(here)) == (["updated", "updated"], [512, 512])
        assert here.rows(back)[0].reason == "changed; quota 1024 → 512 as asked; recovery email removed"
        with here.store.read() as tx:
            assert stored_columns.of_domain(tx, "recovery_email", "a.nl") == {}

    def test_values_that_others_changed_since_are_kept(self) -> None:
        here, run = self.changed()
        change_mailbox(here, "user0", quota=4096)
        with here.store.write() as tx:
            stored_columns.put(tx, "recovery_email", "a.nl", "user1", "other@b.nl", 0.0)
        back = here.start(undo(self.back(0), self.back(1), of=run))
        here.run()
        assert [each.reason for each in here.rows(back)] == [
            "kept: quota was changed to 4096 since", "kept: the recovery email was changed since"
        ]  # fmt: skip
        assert self.quotas(here) == [4096, 1024]

    def test_a_recovery_email_alone_is_restored_without_a_request_unless_changed_since(self) -> None:
        here, run = self.changed()
        with here.store.write() as tx:
            stored_columns.put(tx, "recovery_email", "a.nl", "user1", "other@b.nl", 0.0)
        back = here.start(undo(self.back(0, quota=None), self.back(1, quota=None), of=run))
        here.run()
        assert here.outcomes(back) == ["updated", "skipped"]
        assert not here.sandbox.log
        with here.store.read() as tx:
            assert stored_columns.of_domain(tx, "recovery_email", "a.nl") == {"user1": "other@b.nl"}

    @pytest.mark.parametrize("fault", ["lost_after", "lost_before", "lost_late", "error_after"])
    def test_a_lost_response_is_not_mistaken_for_a_change_by_others(self, fault: str) -> None:
        here, run = self.changed(Rule(NAMED[fault]))
        back = here.start(undo(self.back(0), of=run))
        here.run()
        assert (here.outcomes(back), self.quotas(here)) == (["updated"], [512, 1024])

    def test_a_late_effect_is_not_mistaken_for_a_change_by_others(self) -> None:
        here, run = self.changed(Rule(replace(NAMED["lost_late"], late=TIMEOUT + 1.0)))
        back = here.start(undo(self.back(0), of=run))
        until_asked(here, "PATCH", "user0")
        while here.engine.states[back].waiting == []:
            here.step()
        here.engine.pause(back, messages.BY_HAND)
        here.clock.passed += 60
        here.engine.resume(back)
        here.run()
        assert (here.outcomes(back), self.quotas(here)) == (["updated"], [512, 1024])


class TestLostResponses:
    @pytest.mark.parametrize("fault", ["lost_after", "error_after", "html_after", "stalled"])
    def test_a_deletion_without_a_response_is_resolved_by_reading_back(self, fault: str) -> None:
        here, run = made(Rule(NAMED[fault]))
        back = here.start(undo(deletion(0), of=run))
        here.run()
        assert (here.outcomes(back), asked(here, "user0").count("DELETE")) == (["deleted"], 1)

    def test_a_late_deletion_is_waited_for(self) -> None:
        here, run = made(Rule(NAMED["lost_late"]))
        back = here.start(undo(deletion(0), of=run))
        here.run()
        assert here.outcomes(back) == ["deleted"]
        assert 404 not in {entry.status for entry in here.sandbox.log if entry.method == "DELETE"}

    def test_a_deletion_that_did_not_happen_is_sent_again_only_after_another_inspection(self) -> None:
        here, run = made(Rule(NAMED["lost_before"]))
        back = here.start(undo(deletion(0), of=run))
        here.run()
        assert here.outcomes(back) == ["deleted"]
        assert asked(here, "user0")[-2:] == ["GET", "DELETE"]
        at = [entry.at for entry in here.sandbox.log if entry.method == "DELETE"]
        assert at[1] - at[0] >= TIMEOUT

    def test_a_deletion_refused_by_the_rate_limit_is_inspected_again_before_it_is_sent(self) -> None:
        here, run = made(Rule(NAMED["rate_limited"]))
        here.start(undo(deletion(0), of=run))
        here.run()
        assert asked(here, "user0") == ["GET", "DELETE", "GET", "DELETE"]

    def test_mail_before_the_second_try_keeps_the_mailbox(self) -> None:
        here, run = made(Rule(NAMED["lost_before"]))
        back = here.start(undo(deletion(0), of=run))
        until_asked(here, "DELETE", "user0")
        change_mailbox(here, "user0", usage=5.0)
        here.run()
        assert (here.outcomes(back), there(here)) == (["skipped"], ["user0", "user1", "user2", "user3"])

    def test_a_late_deletion_of_a_mailbox_reported_as_kept_is_reported_as_deleted(self) -> None:
        here, run = made(Rule(replace(NAMED["lost_late"], late=TIMEOUT + 1.0)))
        back = here.start(undo(deletion(0), row(1, "other"), of=run))
        until_asked(here, "DELETE", "user0")
        change_mailbox(here, "user0", usage=5.0)
        while here.outcomes(back)[0] != "skipped":
            here.step()
        here.engine.pause(back, messages.BY_HAND)
        here.clock.passed += 10
        here.engine.resume(back)
        here.run()
        assert (here.outcomes(back)[0], "user0" in there(here)) == ("deleted", False)

    def test_an_unreadable_inspection_is_repeated(self) -> None:
        here, run = made(Rule(NAMED["html_before"], on="read", first=2, count=3))
        back = here.start(undo(deletion(0), of=run))
        here.run()
        assert here.outcomes(back) == ["deleted"]

    def test_a_refused_key_pauses_the_run_and_nothing_is_deleted_uninspected(self) -> None:
        here, run = made(Rule(NAMED["unauthorized"], on="read", first=2, count=None))
        back = here.start(undo(deletion(0), of=run))
        here.run()
        assert (here.record(back).status, asked(here, "user0").count("DELETE")) == ("paused", 0)
        here.sandbox.schedule = Schedule()
        here.engine.resume(back)
        here.run()
        assert here.outcomes(back) == ["deleted"]

    def test_an_inspection_without_figures_keeps_the_mailbox(self, monkeypatch: pytest.MonkeyPatch) -> None:
        here, run = made()
        monkeypatch.setattr("mxlib.runs.write_guard._FIGURES", ("usage", "sent", "quota", "limit", "unheard of"))
        back = here.start(undo(deletion(0), of=run))
        here.run()
        assert (here.outcomes(back), here.rows(back)[0].reason) == (["skipped"], reasons.NOT_TOLD)


class TestTheProcessDies:
    @pytest.mark.parametrize("step", range(0, 44, 2))
    def test_after_a_death_at_any_instant_no_used_mailbox_is_deleted(self, step: int) -> None:
        here, run = made(count=6, latency=1.0)
        back = here.start(undo(*(deletion(n) for n in range(6)), of=run))
        for _ in range(step):
            here.step()
        here.kill()
        on_their_way = {each.username for each in here.rows(back) if each.outcome == "settling"}
        used = [name for name in there(here) if name not in on_their_way]
        for name in used:
            change_mailbox(here, name, usage=1.0)
        here.run()
        assert there(here) == sorted(used)
        assert set(here.outcomes(back)) <= {"deleted", "skipped"}
        assert here.outcomes(back).count("skipped") == len(used)


class TestRateLimit:
    def test_an_inspection_is_never_much_older_than_its_write(self) -> None:
        here, run = made(count=50, paced=True)
        here.sandbox.limits = Limits()
        here.clock.passed += 120
        here.kill()
        back = here.start(undo(*(deletion(n) for n in range(50)), of=run))
        here.run()
        assert set(here.outcomes(back)) == {"deleted"}
        assert 429 not in {entry.status for entry in here.sandbox.log}
        for number in range(50):
            inspections = [e.at for e in here.sandbox.log if e.path.endswith(f"/user{number}") and e.method == "GET"]
            (gone,) = [e.at for e in here.sandbox.log if e.path.endswith(f"/user{number}") and e.method == "DELETE"]
            assert gone - inspections[-1] <= run_state.INSPECTED_FOR + 1
            assert len(inspections) <= 3
        began = min(entry.at for entry in here.sandbox.log)
        assert here.clock.now() - began < 3 * 60 + 20
        assert began > START

    def test_two_runs_that_share_the_rate_limit_both_finish(self) -> None:
        here, run = made(count=30, paced=True)
        back = here.start(undo(*(deletion(n) for n in range(30)), of=run))
        other = here.start(plan(*rows(30, domain="b.nl")))
        here.run()
        assert set(here.outcomes(back)) == {"deleted"}
        assert set(here.outcomes(other)) == {"created"}
        assert 429 not in {entry.status for entry in here.sandbox.log}
