"""Updates of existing mailboxes: sent as asked, never more, and reported with old and new values."""

import csv
import io
import json

import pytest

from mxlib.core.plans.plan import PlannedRow
from mxlib.core.text import findings, reasons
from mxlib.core.vocabulary import CLEAR, Action
from mxlib.runs import messages, results
from mxlib.sandbox.faults import NAMED, Rule
from mxlib.sandbox.state import Change
from mxlib.store import Tx, stored_columns
from tests.support.audit_entries import audit_entries
from tests.support.simulation import Simulation, plan, row

KNOWN = {"quota": 1024, "limit": 9600, "recovery_email": ""}


def update(position: int, **changes: object) -> PlannedRow:
    """Return an update that keeps everything, unless `changes` say otherwise."""
    blank = {"password": "", "quota": None, "limit": None, "generated": False, "before": KNOWN}
    return row(position, action=Action.UPDATE, **(blank | changes))


def existing(*rules: Rule, count: int = 4, **more: object) -> Simulation:
    """Return a simulation in which user0, user1, … of a.nl already exist."""
    here = Simulation(*rules, **more)  # type: ignore[arg-type]
    for number in range(count):
        here.sandbox.account.apply(Change("create", "a.nl", f"user{number}", password="theirs"))
    return here


def asked(here: Simulation) -> list[str]:
    """Return the requests so far: method and last part of the path."""
    return [f"{entry.method} {entry.path.rpartition('/')[2]}" for entry in here.sandbox.log]


def emails(here: Simulation) -> dict[str, str]:
    with here.store.read() as tx:
        return stored_columns.of_domain(tx, "recovery_email", "a.nl")


def have(here: Simulation, **kept: str) -> None:
    with here.store.write() as tx:
        for username, email in kept.items():
            stored_columns.put(tx, "recovery_email", "a.nl", username, email, 0.0)


def _audited(tx: Tx, run: int) -> list[tuple[str, str]]:
    return [(entry["what"], entry["on"]) for entry in reversed(audit_entries(tx, run=run))]


class TestAuditLog:
    def test_the_audit_log_has_the_changes_of_each_mailbox_and_the_counts_of_the_run(self) -> None:
        here = existing()
        run = here.start(
            plan(
                update(0, quota=2048),
                update(1, password="New-Secret-1", quota=1024, limit=500),
                update(2, quota=512, limit=500),
                update(3),
            )
        )
        here.run()
        with here.store.read() as tx:
            outcomes = {(entry["what"], entry["on"]): entry["outcome"] for entry in audit_entries(tx, run=run)}
        assert outcomes == {
            ("mailbox.update", "user0@a.nl"): "quota 1024 → 2048",
            ("mailbox.update", "user1@a.nl"): "password changed; limit 500 asked for",
            ("mailbox.update", "user2@a.nl"): "quota 1024 → 512",
            ("run.finished", f"run {run}"): "3 updated, 1 unchanged",
        }


class TestRequests:
    def test_a_patch_holds_exactly_the_values_of_the_row(self, monkeypatch: pytest.MonkeyPatch) -> None:
        here, bodies = existing(), []
        handle = here.sandbox.handle

        def seen(method: str, path: str, headers: dict[str, str], body: bytes, now: float):
            bodies.extend([json.loads(body)] if method == "PATCH" else [])
            return handle(method, path, headers, body, now)

        monkeypatch.setattr(here.sandbox, "handle", seen)
        here.start(
            plan(
                update(0, quota=2048),
                update(1, password="New-Secret-1"),
                update(2, password="New-Secret-2", quota=0, limit=500),
                update(3, quota=512, limit=500),
            )
        )
        here.run()
        assert sorted(bodies, key=str) == sorted(
            [
                {"quota": 2048},
                {"password": "New-Secret-1"},
                {"password": "New-Secret-2", "quota": 0, "limit": 500},
                {"quota": 512},  # a limit is taken only together with a password
            ],
            key=str,
        )

    def test_an_unchanged_row_costs_no_request_and_is_reported_at_once(self) -> None:
        here = existing()
        run = here.start(plan(update(0), update(1, quota=2048)))
        assert here.outcomes(run) == ["unchanged", "waiting"]
        assert here.rows(run)[0].reason == findings.NO_CHANGE
        here.run()
        assert asked(here).count("PATCH user1") == 1
        assert "PATCH user0" not in asked(here)
        assert here.rows(run)[0].reason == findings.NO_CHANGE

    def test_a_mailbox_deleted_after_its_inspection_is_skipped(self) -> None:
        here = existing()
        run = here.start(plan(update(0, quota=1), update(1, quota=2)))
        while "GET email-accounts" not in asked(here):
            here.step()
        here.sandbox.account.apply(Change("delete", "a.nl", "user1"))
        here.run()
        assert here.outcomes(run) == ["updated", "skipped"]
        assert here.rows(run)[1].reason == reasons.GONE_MEANWHILE

    def test_a_limit_that_the_host_refuses_fails_with_the_words_of_the_host(self) -> None:
        here = existing()
        run = here.start(plan(update(0, password="New-Secret-1", limit=99_999)))
        here.run()
        assert here.outcomes(run) == ["failed"]
        assert here.rows(run)[0].reason.startswith("MXroute: ")
        assert here.sandbox.password_of("user0@a.nl") == "theirs"


class TestResults:
    def test_results_show_old_and_new_values_and_what_the_host_ignores(self) -> None:
        here = existing()
        here.sandbox.account.limit_sticks_every = 0
        run = here.start(plan(update(0, password="New-Secret-1", quota=2048, limit=500)))
        here.run()
        (row_result,) = here.rows(run)
        assert row_result.reason == (
            "changed; quota 1024 → 2048 as asked; limit is 9600, not 500 as asked (the host ignores it); "
            "password changed"
        )
        assert (row_result.host_quota, row_result.host_limit, row_result.differs) == (
            2048,
            9600,
            "limit is 9,600 instead of 500",
        )
        assert here.passwords(run) == {}
        (line,) = csv.DictReader(io.StringIO(results.results_csv(here.store, run).decode("utf-8-sig")))
        assert (line["old_quota"], line["host_quota"], line["old_limit"]) == ("1024", "2048", "9600")
        assert line["password"] == "New-Secret-1"

    def test_a_limit_that_the_host_accepts_is_reported_as_changed(self) -> None:
        here = existing()
        here.sandbox.account.limit_sticks_every = 1
        run = here.start(plan(update(0, password="New-Secret-1", limit=500)))
        here.run()
        assert here.rows(run)[0].reason == "changed; limit 9600 → 500 as asked; password changed"

    def test_a_quota_changed_by_others_since_the_plan_is_kept(self) -> None:
        here = existing()
        here.sandbox.account.apply(Change("update", "a.nl", "user0", quota=3000))
        run = here.start(plan(update(0, quota=2048)))
        here.run()
        (row_result,) = here.rows(run)
        assert (row_result.outcome, row_result.reason) == ("skipped", "kept: quota was changed to 3000 since")
        assert here.sandbox.account.domains["a.nl"]["user0"].quota == 3000

    def test_the_old_value_is_the_one_before_an_update_without_a_response(self) -> None:
        here = existing(Rule(NAMED["lost_after"]), latency=1.0)
        run = here.start(plan(update(0, quota=2048)))
        while "PATCH user0" not in asked(here):
            here.step()
        here.kill()
        here.run()
        assert here.rows(run)[0].was["quota"] == 1024

    def test_an_update_given_up_without_a_response_is_resolved_by_the_comparison(self) -> None:
        here = existing(Rule(NAMED["error_after"], count=5, address="user0@a.nl"))
        run = here.start(plan(update(0, quota=2048), update(1, quota=2048)))
        here.run()
        assert here.outcomes(run) == ["updated", "updated"]
        assert here.rows(run)[0].reason == "changed (no answer came; read back); quota 1024 → 2048 as asked"

    def test_a_run_without_passwords_has_no_key_and_no_retention(self) -> None:
        here = existing()
        run = here.start(plan(update(0, quota=2048)))
        assert here.record(run).passwords_until is None
        assert here.record(run).wrapped_key is None


class TestRecoveryEmails:
    def test_a_recovery_email_is_stored_with_its_update(self) -> None:
        here = existing()
        have(here, user1="old@b.nl")
        run = here.start(
            plan(
                update(0, quota=2048, recovery_email="new@b.nl"),
                update(1, quota=2048, recovery_email=CLEAR, before=KNOWN | {"recovery_email": "old@b.nl"}),
            )
        )
        assert emails(here) == {"user1": "old@b.nl"}
        here.run()
        assert emails(here) == {"user0": "new@b.nl"}
        assert [each.reason for each in here.rows(run)] == [
            "changed; quota 1024 → 2048 as asked; recovery email set",
            "changed; quota 1024 → 2048 as asked; recovery email removed",
        ]

    def test_a_recovery_email_alone_costs_no_request(self) -> None:
        here = existing()
        have(here, user1="old@b.nl")
        run = here.start(plan(update(0, recovery_email="new@b.nl"), update(1, recovery_email=CLEAR), update(2)))
        here.run()
        assert here.outcomes(run) == ["updated", "updated", "unchanged"]
        assert (emails(here), asked(here)) == ({"user0": "new@b.nl"}, [])
        record = here.record(run)
        assert (record.status, record.checked_at) == ("finished", None)
        with here.store.read() as tx:
            entries = _audited(tx, run)
        assert entries[:2] == [("recovery.set", "user0@a.nl"), ("recovery.set", "user1@a.nl")]
        assert "mailbox.update" not in dict(entries)

    def test_a_recovery_email_waits_while_its_run_is_queued(self) -> None:
        here = existing()
        first = here.start(plan(row(9)))
        second = here.start(plan(update(0, recovery_email="new@b.nl")))
        here.step()
        assert (here.record(first).status, here.record(second).status) == ("running", "queued")
        assert (here.outcomes(second), emails(here)) == (["waiting"], {})
        here.run()
        assert (here.outcomes(second), emails(here)) == (["updated"], {"user0": "new@b.nl"})

    def test_a_recovery_email_of_a_paused_queued_run_waits_for_the_resume(self) -> None:
        here = existing()
        here.start(plan(row(9)))
        second = here.start(plan(update(0, recovery_email="new@b.nl")))
        here.engine.pause(second, messages.BY_HAND)
        here.run()
        here.kill()
        assert (here.outcomes(second), emails(here)) == (["waiting"], {})
        here.engine.resume(second)
        here.run()
        assert (here.outcomes(second), emails(here)) == (["updated"], {"user0": "new@b.nl"})

    def test_stopping_a_queued_run_leaves_the_recovery_email_unchanged(self) -> None:
        here = existing()
        here.start(plan(row(9)))
        second = here.start(plan(update(0, recovery_email="new@b.nl")))
        here.engine.stop(second)
        here.run()
        assert (here.outcomes(second), here.record(second).status) == (["not_attempted"], "stopped")
        assert emails(here) == {}

    @pytest.mark.slow
    def test_many_recovery_emails_are_stored_in_parts_and_none_twice(self) -> None:
        here = existing(count=0)
        run = here.start(plan(*(update(n, recovery_email=f"p{n}@b.nl") for n in range(450))))
        here.kill()
        here.run()
        assert set(here.outcomes(run)) == {"updated"}
        assert len(emails(here)) == 450
        with here.store.read() as tx:
            assert len([what for what, _ in _audited(tx, run) if what == "recovery.set"]) == 450

    def test_the_previous_recovery_email_is_recorded_even_if_the_plan_did_not_know_it(self) -> None:
        here = existing()
        have(here, user0="unknown@b.nl")
        run = here.start(plan(update(0, recovery_email="new@b.nl")))
        here.run()
        assert here.rows(run)[0].was["recovery_email"] == "unknown@b.nl"

    def test_recovery_emails_are_not_counted_as_writes(self) -> None:
        here = existing()
        run = here.start(plan(*(update(n, recovery_email="x@b.nl") for n in range(3)), update(3, quota=1)))
        assert len(here.engine.states[run].waiting) == 1
