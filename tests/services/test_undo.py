"""Undo of a run: permission, time limit, preview, and one effect."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.plans.plan import PlannedRow
from mxlib.core.text import reasons, undo_questions
from mxlib.core.vocabulary import CLEAR, Action, Outcome, RunKind
from mxlib.runs.manager import InvalidState
from mxlib.runs.run_view import RunView
from mxlib.services.failures import ListUnavailable
from mxlib.services.mailboxes import InvalidField
from mxlib.store import audit, changed_since, mailbox_lists, stored_columns
from tests.support.app import GOOD, App, opened, trail
from tests.support.simulation import plan, row, rows
from tests.support.threaded_runs import ShiftedClock, until

KIM = Caller("kim", domains={"a.nl": frozenset({Permission.VIEW, Permission.IMPORT})})
DELETER = Caller("lea", domains={"a.nl": frozenset({Permission.IMPORT, Permission.DELETE})})


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock) as made:
        yield made


def ended(app: App, run: int) -> RunView:
    def view() -> RunView:
        found = app.services.run_manager.view(run)
        assert found is not None
        return found

    until(lambda: view().status in ("finished", "stopped"))
    return view()


def imported(app: App, *planned: PlannedRow, caller: Caller = LOCAL, kind: RunKind = RunKind.IMPORT) -> int:
    """A run at its end: of four new mailboxes of a.nl, or of these rows."""
    whole = replace(plan(*(planned or rows(4)), name="staff.xlsx"), kind=kind)
    return ended(app, app.services.runs.start(caller, whole, days=7)).id


def update(position: int, **changes: Any) -> PlannedRow:
    return row(position, action=Action.UPDATE, **({"password": "", "quota": None, "limit": None} | changes))


def becomes(app: App, username: str, **changes: Any) -> None:
    """Use or change a mailbox of a.nl as another user, a minute before the cached list is too old."""
    boxes = app.host.sandbox.account.domains["a.nl"]
    boxes[username] = replace(boxes[username], **changes)
    app.services.clock.ahead += 120  # type: ignore[attr-defined]


def there(app: App) -> list[str]:
    return sorted(app.host.sandbox.account.domains["a.nl"])


class TestBefore:
    def test_the_preview_shows_deleted_and_kept_mailboxes_with_reasons(self, app: App) -> None:
        run = imported(app)
        becomes(app, "user1", usage=12.0)
        becomes(app, "user2", sent=3)
        preview = app.services.undo.look(LOCAL, run)
        assert [each.address for each in preview.to_delete] == ["user0@a.nl", "user3@a.nl"]
        assert [(each.address, each.left_out) for each in preview.kept] == [
            ("user1@a.nl", "kept: holds 12 MB of mail"),
            ("user2@a.nl", "kept: 3 sent today"),
        ]
        assert preview.typed == 2
        assert preview.sentence == (
            "Delete 2 unused mailboxes made from staff.xlsx? This cannot be undone. 2 are kept: 1 holds mail, "
            "1 sent today. Each mailbox is checked again first. About 1 minute. Type 2."
        )
        assert "today only" in preview.note

    def test_changes_by_other_users_of_mxm_keep_a_mailbox(self, app: App) -> None:
        run = imported(app)
        app.services.mailboxes.update(LOCAL, "a.nl", "user1", {"password": GOOD})
        (kept,) = app.services.undo.look(LOCAL, run).kept
        assert (kept.address, kept.left_out) == ("user1@a.nl", reasons.CHANGED_HERE)

    def test_nothing_is_sent_and_nothing_written(self, app: App) -> None:
        run = imported(app)
        before = app.host.writes(), trail(app)
        app.services.undo.look(LOCAL, run)
        assert (app.host.writes(), trail(app)) == before

    def test_a_list_that_cannot_be_read_is_reported(self, app: App, clock: ShiftedClock) -> None:
        run = imported(app)
        clock.ahead += 120
        app.host.down = True
        with pytest.raises(ListUnavailable):
            app.services.undo.look(LOCAL, run)

    def test_a_mailbox_gone_already_is_not_listed_as_kept(self, app: App) -> None:
        run = imported(app)
        app.services.mailboxes.delete(LOCAL, "a.nl", "user1")
        assert "1 is gone already." in app.services.undo.look(LOCAL, run).sentence

    def test_a_mailbox_deleted_and_created_again_meanwhile_is_kept(self, app: App, clock: ShiftedClock) -> None:
        run = imported(app, *rows(2))
        clock.ahead += 3600
        del app.host.sandbox.account.domains["a.nl"]["user1"]
        app.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
        clock.ahead += 3600
        app.have("user1@a.nl")
        preview = app.services.undo.look(LOCAL, run)
        assert [row.address for row in preview.to_delete] == ["user0@a.nl"]
        assert [(row.address, row.left_out) for row in preview.kept] == [("user1@a.nl", reasons.CHANGED_HERE)]
        origin = app.services.histories.of(LOCAL, "a.nl", "user1").origin(clock.now())
        assert origin.startswith("Created here once, and gone; someone else created it again. First seen ")
        ended(app, app.services.undo.start(LOCAL, run, "1"))
        assert there(app) == ["user1"]

    def test_a_list_requested_before_the_create_proves_nothing(self, app: App, clock: ShiftedClock) -> None:
        """It lacks a mailbox that is there, and is kept an instant after the create was written down."""
        run = imported(app, row(0))
        with app.services.store.write() as tx:
            mailbox_lists.keep_mailboxes(tx, "a.nl", [], clock.now() + 1)
        clock.ahead += 3600
        assert app.services.undo.look(LOCAL, run).typed == 1

    def test_changes_of_a_run_are_restored(self, app: App) -> None:
        app.have("user0@a.nl", "user1@a.nl", "user2@a.nl")
        before = {"quota": 1024, "limit": 9600, "recovery_email": ""}
        run = imported(
            app,
            update(0, quota=2048, recovery_email="new@x.org", before=before),
            update(1, password=GOOD, before=before),
            update(2, recovery_email="only@x.org", before=before),
        )
        preview = app.services.undo.look(LOCAL, run)
        assert [(row.address, row.quota, row.stored.get("recovery_email", "")) for row in preview.to_restore] == [
            ("user0@a.nl", 1024, CLEAR), ("user2@a.nl", None, CLEAR)
        ]  # fmt: skip
        assert [row.left_out for row in preview.kept] == [reasons.NOT_TO_RESTORE]
        assert preview.sentence.startswith("Put quota and recovery email of 2 mailboxes back to what staff.xlsx found?")
        assert preview.sentence.endswith("Type 2.")


class TestDoingIt:
    def test_several_changes_are_undone_last_one_first(self, app: App) -> None:
        app.have("user0@a.nl", "user1@a.nl")
        app.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
        was = [{"quota": quota, "limit": 9600, "recovery_email": ""} for quota in (1024, 2048)]
        first = imported(app, *(update(n, quota=2048, before=was[0]) for n in range(2)))
        second = imported(app, *(update(n, quota=4096, recovery_email="k@x.org", before=was[1]) for n in range(2)))
        assert app.services.undo.look(LOCAL, first).typed == 0
        for run in (second, first):
            back = ended(app, app.services.undo.start(LOCAL, run, "2"))
            assert back.counts == {Outcome.UPDATED: 2}
        boxes = app.host.sandbox.account.domains["a.nl"]
        assert (boxes["user0"].quota, boxes["user1"].quota) == (1024, 1024)

    def test_a_change_by_hand_after_the_undo_stays(self, app: App) -> None:
        app.have("user0@a.nl")
        app.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
        before = {"quota": 1024, "limit": 9600, "recovery_email": ""}
        first = imported(app, update(0, quota=2048, before=before))
        second = imported(app, update(0, quota=4096, before=before | {"quota": 2048}))
        ended(app, app.services.undo.start(LOCAL, second, "1"))
        app.services.mailboxes.update(LOCAL, "a.nl", "user0", {"password": GOOD})
        assert [row.left_out for row in app.services.undo.look(LOCAL, first).kept] == [reasons.CHANGED_HERE]

    def test_it_is_a_run_of_its_own_with_results(self, app: App) -> None:
        run = imported(app)
        becomes(app, "user1", usage=12.0)
        back = ended(app, app.services.undo.start(LOCAL, run, "3"))
        assert (back.kind, back.undo_of, back.total) == (RunKind.UNDO, run, 4)
        assert back.counts == {Outcome.DELETED: 3, Outcome.SKIPPED: 1}
        assert there(app) == ["user1"]
        assert ("run.undo", f"run {run}", LOCAL.name) in trail(app)
        assert app.services.runs.earlier(LOCAL, "digest of staff.xlsx")[0].run == run

    def test_quotas_and_recovery_emails_are_restored(self, app: App) -> None:
        app.have("user0@a.nl")
        with app.services.store.write() as tx:
            stored_columns.put(tx, "recovery_email", "a.nl", "user0", "old@x.org", 0.0)
        run = imported(app, update(0, quota=2048, recovery_email="new@x.org", before={"quota": 1024, "limit": 9600}))
        ended(app, app.services.undo.start(LOCAL, run, 1))
        with app.services.store.read() as tx:
            assert stored_columns.of_mailbox(tx, "a.nl", "user0")["recovery_email"] == "old@x.org"
        box = app.host.sandbox.mailbox("user0@a.nl")
        assert box is not None
        assert box.quota == 1024

    def test_a_wrong_number_starts_nothing(self, app: App) -> None:
        run = imported(app)
        becomes(app, "user1", usage=12.0)
        with pytest.raises(InvalidField, match="Type 3"):
            app.services.undo.start(LOCAL, run, "4")
        assert len(there(app)) == 4

    def test_mail_that_arrives_after_the_question_keeps_the_mailbox(self, app: App) -> None:
        run = imported(app)
        app.services.undo.look(LOCAL, run)
        boxes = app.host.sandbox.account.domains["a.nl"]
        boxes["user2"] = replace(boxes["user2"], usage=0.5)  # the list of a moment ago does not know it
        back = ended(app, app.services.undo.start(LOCAL, run, 4))
        assert back.counts == {Outcome.DELETED: 3, Outcome.SKIPPED: 1}
        assert there(app) == ["user2"]

    def test_a_double_click_starts_one(self, app: App) -> None:
        run = imported(app)
        numbers: list[int] = []
        clicks = [
            threading.Thread(target=lambda: numbers.append(app.services.undo.start(LOCAL, run, 4))) for _ in range(4)
        ]
        for click in clicks:
            click.start()
        for click in clicks:
            click.join()
        assert len(numbers) == 4
        assert len(set(numbers)) == 1
        ended(app, numbers[0])
        assert app.services.undo.start(LOCAL, run, 4) == numbers[0]

    def test_an_undo_of_another_process_that_ended_meanwhile_is_returned(
        self, app: App, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run, undo = imported(app), app.services.undo
        look, other = undo.look, []

        def overtaken(caller: Caller, number: int) -> Any:
            planned = look(caller, number)
            if not other:
                plan_of_other = replace(planned.plan, rows=planned.plan.rows[:-1])
                other.append(app.services.run_manager.start(plan_of_other, "kim", retention_days=7))
                ended(app, other[0])
            return planned

        monkeypatch.setattr(undo, "look", overtaken)
        assert undo.start(LOCAL, run, 4) == other[0]
        assert ended(app, run).undone_by == (other[0],)

    def test_while_a_run_is_being_undone_no_earlier_undo_is_tried_again(self, app: App) -> None:
        run = imported(app)
        app.host.goes_wrong("unauthorized", on="read", first=5, count=None)
        first = app.services.undo.start(LOCAL, run, 4)
        until(lambda: app.services.run_manager.view(first).status == "paused")  # type: ignore[union-attr]
        app.host.sandbox.schedule = type(app.host.sandbox.schedule)()
        app.services.runs.stop(LOCAL, first)
        ended(app, first)
        app.host.goes_wrong("unauthorized", on="read", count=None)
        second = app.services.run_manager.start(
            replace(plan(*rows(1)), kind=RunKind.UNDO, undo_of=run), "kim", retention_days=7
        )
        with pytest.raises(InvalidState, match=f"Run {second} takes run {run} back already"):
            app.services.runs.retry(LOCAL, first)

    def test_it_is_not_offered_twice(self, app: App) -> None:
        run = imported(app)
        back = ended(app, app.services.undo.start(LOCAL, run, 4))
        view = ended(app, run)
        assert view.undone_by == (back.id,)
        assert not app.services.undo.possible(LOCAL, view)
        with pytest.raises(InvalidState, match=f"Run {back.id} has taken run {run} back"):
            app.services.undo.look(LOCAL, run)

    def test_a_stopped_undo_continues_with_the_rest_only(self, app: App) -> None:
        run = imported(app)
        app.host.goes_wrong("unauthorized", on="read", first=5, count=None)
        first = app.services.undo.start(LOCAL, run, 4)
        until(lambda: app.services.run_manager.view(first).status == "paused")  # type: ignore[union-attr]
        with pytest.raises(InvalidState, match="takes run"):
            app.services.undo.look(LOCAL, run)
        app.host.sandbox.schedule = type(app.host.sandbox.schedule)()
        app.services.runs.stop(LOCAL, first)
        done = ended(app, first).counts.get(Outcome.DELETED, 0)
        assert 0 < done < 4

        view = ended(app, run)
        assert app.services.undo.possible(LOCAL, view)
        preview = app.services.undo.look(LOCAL, run)
        assert (preview.rest, preview.typed) == (True, 4 - done)
        ended(app, app.services.undo.start(LOCAL, run, 4 - done))
        assert there(app) == []
        assert not app.services.undo.possible(LOCAL, ended(app, run))

    def test_only_imports_and_changes_can_be_undone(self, app: App) -> None:
        run = imported(app)
        back = ended(app, app.services.undo.start(LOCAL, run, 4))
        with pytest.raises(InvalidState, match="not an import"):
            app.services.undo.look(LOCAL, back.id)
        app.have("user9@a.nl")
        gone = imported(app, row(0, "user9", action=Action.DELETE, password=""), kind=RunKind.DELETE)
        with pytest.raises(InvalidState, match="not an import"):
            app.services.undo.look(LOCAL, gone)

    def test_a_run_without_effect_or_still_active_cannot_be_undone(self, app: App) -> None:
        nothing = imported(app, row(0, left_out="Not ticked."))
        with pytest.raises(InvalidState, match="made and changed nothing"):
            app.services.undo.look(LOCAL, nothing)
        app.host.goes_wrong("unauthorized", on="any", count=None)
        paused = app.services.runs.start(LOCAL, plan(*rows(2)), days=7)
        with pytest.raises(InvalidState, match="not at its end"):
            app.services.undo.look(LOCAL, paused)


class TestWhoMay:
    def test_the_starter_of_a_run_may_undo_it_for_a_day(self, app: App, clock: ShiftedClock) -> None:
        run = imported(app, caller=KIM)
        clock.ahead += 23.9 * 3600
        assert app.services.undo.possible(KIM, ended(app, run))
        clock.ahead += 0.2 * 3600
        assert not app.services.undo.possible(KIM, ended(app, run))
        with pytest.raises(Forbidden, match="within 24 hours"):
            app.services.undo.start(KIM, run, 4)
        assert app.host.writes() == 4

    def test_with_delete_an_undo_is_possible_later_too(self, app: App, clock: ShiftedClock) -> None:
        run = imported(app, caller=KIM)
        clock.ahead += 48 * 3600
        back = ended(app, app.services.undo.start(DELETER, run, 4))
        assert (back.operator, there(app)) == ("lea", [])

    def test_taking_a_run_over_does_not_allow_its_undo(self, app: App) -> None:
        run = imported(app)
        app.services.runs.take_over(KIM, run)
        with pytest.raises(Forbidden, match="permission to delete"):
            app.services.undo.look(KIM, run)

    def test_with_view_and_delete_a_run_can_be_undone_but_not_steered(self, app: App) -> None:
        run = imported(app)
        rights = frozenset({Permission.VIEW, Permission.DELETE})
        cleaner = Caller("lea", domains={"a.nl": rights})
        view = app.services.runs.get(cleaner, run)
        assert view is not None
        assert app.services.undo.possible(cleaner, view)
        assert not app.services.runs.may_control(cleaner, view)
        ended(app, app.services.undo.start(cleaner, run, "4"))
        assert there(app) == []
        assert app.services.runs.get(Caller("lea", domains={"a.nl": rights - {Permission.VIEW}}), run) is None

    def test_a_run_is_not_found_without_permission_to_see_it(self, app: App) -> None:
        run = imported(app)
        with pytest.raises(Forbidden, match="no run"):
            app.services.undo.look(Caller("eve"), run)

    def test_an_own_undo_may_be_steered_without_delete(self, app: App) -> None:
        run = imported(app, caller=KIM)
        app.host.goes_wrong("unauthorized", on="read", first=2, count=None)
        back = app.services.undo.start(KIM, run, 4)
        until(lambda: app.services.run_manager.view(back).status == "paused")  # type: ignore[union-attr]
        app.services.runs.stop(KIM, back)
        assert ended(app, back).status == "stopped"

    def test_retrying_failed_rows_needs_the_same_permission(self, app: App, clock: ShiftedClock) -> None:
        run = imported(app, caller=KIM)
        app.host.goes_wrong("plan_full", first=1)
        back = ended(app, app.services.undo.start(KIM, run, 4))
        assert back.counts == {Outcome.DELETED: 3, Outcome.FAILED: 1}
        clock.ahead += 25 * 3600
        with pytest.raises(Forbidden):
            app.services.runs.retry(KIM, back.id)
        again = ended(app, app.services.runs.retry(DELETER, back.id))
        assert (again.kind, again.undo_of, again.counts) == (RunKind.UNDO, run, {Outcome.DELETED: 1})
        assert not app.services.undo.possible(LOCAL, ended(app, run))


def test_the_question_has_its_agreed_sentence() -> None:
    assert undo_questions.undo("staff.xlsx", 198, hold_mail=9, sent_today=3, seconds=600) == (
        "Delete 198 unused mailboxes made from staff.xlsx? This cannot be undone. 12 are kept: 9 hold mail, "
        "3 sent today. Each mailbox is checked again first. About 10 minutes. Type 198."
    )


def test_later_changes_are_found_for_all_rows_at_once_as_for_each(app: App) -> None:
    run = imported(app)
    app.services.mailboxes.update(LOCAL, "a.nl", "user1", {"password": GOOD})
    imported(app, update(0, username="user2", quota=2048), update(1, username="user3", quota=4096))
    app.services.mailboxes.set_stored(LOCAL, "a.nl", "user3", "recovery_email", "x@home.nl")
    with app.services.store.read() as tx:
        for restoring in (False, True):
            addresses = {f"user{number}@a.nl": restoring for number in range(4)}
            each = {on for on in addresses if audit.touched_since(tx, on, run, restoring=restoring)}
            assert changed_since.find(tx, run, addresses) == each
    assert each == {"user1@a.nl", "user2@a.nl", "user3@a.nl"}
