"""The clock guard: a wrong clock deletes nothing, neither kept data nor recent entries."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib import cli, services
from mxlib.auth.permissions import LOCAL, Caller, Forbidden
from mxlib.core.text import store_problems
from mxlib.core.vocabulary import AT_AN_END
from mxlib.runs import results
from mxlib.services.housekeeping import Housekeeping
from mxlib.settings import Settings
from mxlib.store import Store, clock_guard, drafts, idempotency, manual_writes, sign_in_attempts
from tests.support import app as support
from tests.support.app import App
from tests.support.audit_entries import audit_entries
from tests.support.pages import opened as page
from tests.support.simulation import plan, rows
from tests.support.threaded_runs import Desk, ShiftedClock, live_through

DAY = 86_400.0


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with support.opened(tmp_path, clock) as app:
        yield app


def entries(store: Store) -> list[str]:
    with store.read() as tx:
        return [entry["what"] for entry in audit_entries(tx, most=10_000)]


def finished(app: App, name: str = "staff.csv", days: int = 7, domain: str = "a.nl") -> int:
    run = app.services.run_manager.start(plan(*rows(5, domain), name=name), LOCAL.name, retention_days=days)
    app.ended(run)
    return run


def passwords(app: App, run: int) -> set[str]:
    return set(results.rows_frame(app.services.store, run, with_passwords=True)["password"]) - {""}


def tidied(app: App) -> None:
    app.services.run_manager.purge()
    app.services.housekeeping.tidy()


def test_a_start_with_a_clock_500_days_ahead_deletes_nothing(tmp_path: Path, clock: ShiftedClock) -> None:
    with support.opened(tmp_path, clock) as app:
        run = finished(app)
        with app.services.store.write() as tx:
            idempotency.claim(tx, "ops", "k", b"d", clock.now())
            sign_in_attempts.add_refusal(tx, clock.now(), b"kim", "192.0.2.1")
        before, kept = entries(app.services.store), passwords(app, run)
    clock.ahead = 500 * DAY
    store = Store.open(tmp_path / "mxm.sqlite3", clock)
    desk = Desk(store)
    assert desk.runs.purge() == 0
    assert Housekeeping(Settings(audit_days=30), store, clock).tidy() == 0
    assert set(before) <= set(entries(store))
    assert len(entries(store)) >= len(before)
    assert set(results.rows_frame(store, run, with_passwords=True)["password"]) == kept
    with store.read() as tx:
        assert idempotency.find(tx, "ops", "k")
        assert sign_in_attempts.refusals(tx, 0.0)
    desk.runs.shutdown()
    store.close()


@pytest.mark.parametrize("days", [1.5, 21, 500])
def test_a_clock_jump_is_reported_and_accepted_after_an_hour(app: App, clock: ShiftedClock, days: float) -> None:
    run = finished(app, days=1)
    tidied(app)
    clock.ahead += days * DAY
    tidied(app)
    assert passwords(app, run)
    (message,) = app.services.housekeeping.problems()
    assert "went ahead by" in message
    assert message in app.services.unwell(LOCAL)
    assert app.ask("GET", "/me").status_code == 200
    clock.ahead += 3_500
    tidied(app)
    assert passwords(app, run)
    clock.ahead += 200
    tidied(app)
    assert app.services.housekeeping.problems() == []
    assert passwords(app, run)  # how long it really was is unknown
    live_through(app.services.store, 1.1)
    tidied(app)
    assert not passwords(app, run)


def test_a_second_jump_within_the_hour_starts_the_hour_again(app: App, clock: ShiftedClock) -> None:
    run = finished(app, days=1)
    for _ in range(3):
        clock.ahead += 2 * DAY
        tidied(app)
        clock.ahead += 3_000
        tidied(app)
    assert passwords(app, run)


def test_an_admin_confirms_the_time_once_and_the_audit_log_records_it(app: App, clock: ShiftedClock) -> None:
    run = finished(app)
    clock.ahead = 10 * DAY
    tidied(app)
    with pytest.raises(Forbidden, match="Only an admin"):
        app.services.housekeeping.confirm_time(Caller("ops"))
    app.services.housekeeping.confirm_time(LOCAL)
    app.services.housekeeping.confirm_time(LOCAL)
    assert entries(app.services.store).count("time.confirm") == 1
    tidied(app)
    assert passwords(app, run)
    live_through(app.services.store, 7.1)
    tidied(app)
    assert not passwords(app, run)


@pytest.mark.parametrize("confirmed", [True, False])
def test_passwords_from_a_clock_that_was_behind_are_kept_for_their_retention(
    app: App, clock: ShiftedClock, confirmed: bool
) -> None:
    before = finished(app, "before.csv", days=7)
    clock.ahead = -400 * DAY
    behind = finished(app, "behind.csv", days=3, domain="b.nl")
    clock.ahead = 0.0
    tidied(app)
    if confirmed:
        app.services.housekeeping.confirm_time(LOCAL)
    live_through(app.services.store, 2.9)
    tidied(app)
    assert len(passwords(app, behind)) == len(passwords(app, before)) == 5
    live_through(app.services.store, 0.3)
    tidied(app)
    assert not passwords(app, behind)
    assert passwords(app, before)
    live_through(app.services.store, 4.0)
    tidied(app)
    assert not passwords(app, before)


def test_the_retention_of_manual_passwords_moves_with_the_clock_too(app: App, clock: ShiftedClock) -> None:
    store = app.services.store
    clock.ahead = -400 * DAY
    with app.services.run_manager.writing() as tx:
        number = manual_writes.add(
            tx, store.key, "Secret-0-word", at=clock.now(), who="local", kind="operator", address="", action="update",
            domain="a.nl", username="nina", asked={}, recovery_email="", settle_at=clock.now(),
            passwords_until=clock.now() + 3 * DAY,
        )  # fmt: skip
        manual_writes.change(tx, number, status=manual_writes.KEPT)
    clock.ahead = 0.0
    tidied(app)
    app.services.housekeeping.confirm_time(LOCAL)
    live_through(store, 2.9)
    app.services.manual_writes.settle()
    with store.read() as tx:
        assert manual_writes.get(tx, number) is not None
    live_through(store, 0.2)
    app.services.manual_writes.settle()
    with store.read() as tx:
        assert manual_writes.get(tx, number) is None


def test_the_page_shows_a_clock_jump_to_admins_who_can_confirm_it(app: App, clock: ShiftedClock) -> None:
    clock.ahead = 10 * DAY
    tidied(app)
    shown = page()
    assert any("went ahead by 10 days" in each.value for each in shown.markdown)
    shown.button(key="confirm-time").click().run()
    assert "time.confirm" in entries(app.services.store)
    assert not any("went ahead" in each.value for each in shown.markdown)


def test_the_command_line_shows_a_clock_jump_and_confirms_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MXM_DATA_DIR", str(tmp_path))
    behind = ShiftedClock()
    behind.ahead = -30 * DAY
    store = Store.open(tmp_path / "mxm.sqlite3", behind)
    with store.write() as tx:
        clock_guard.observe(tx, behind.now())
        clock_guard.observe(tx, behind.now() + 30 * DAY)
    assert cli.main(["time", "show"]) == 0
    assert "went ahead by 30 days" in capsys.readouterr().out
    assert cli.main(["time", "confirm"]) == 0
    assert cli.main(["time", "show"]) == 0
    assert "did not jump" in capsys.readouterr().out
    assert "time.confirm" in entries(store)
    store.close()


def test_a_clock_set_back_deletes_nothing_early_and_ends_the_jump(app: App, clock: ShiftedClock) -> None:
    run = finished(app)
    clock.ahead = 500 * DAY
    tidied(app)
    clock.ahead = 0.0
    tidied(app)
    assert app.services.housekeeping.problems() == []
    assert passwords(app, run)
    clock.ahead = -400 * DAY
    other = finished(app, "other.csv", domain="b.nl")
    tidied(app)
    assert passwords(app, run)
    assert passwords(app, other)
    assert app.services.housekeeping.problems() == []


def test_audit_entries_from_a_clock_far_behind_are_not_treated_as_old(app: App, clock: ShiftedClock) -> None:
    clock.ahead = -2_000 * DAY
    finished(app, "behind.csv")
    clock.ahead = 0.0
    before = entries(app.services.store)
    with app.services.store.write() as tx:
        clock_guard.observe(tx, clock.now())
        clock_guard.confirm(tx, LOCAL, clock.now())
    tidied(app)
    assert [what for what in before if what not in entries(app.services.store)] == []


def test_a_clock_jump_during_a_run_drops_none_of_its_audit_entries(tmp_path: Path, clock: ShiftedClock) -> None:
    store = Store.open(tmp_path / "mxm.sqlite3", clock)
    desk = Desk(store)
    desk.host.open.clear()
    run = desk.runs.start(plan(*rows(6)), "ops", retention_days=7)
    clock.ahead = 500 * DAY
    keeping = Housekeeping(Settings(audit_days=30), store, clock)
    assert keeping.tidy() == 0
    clock.ahead += 4_000
    keeping.tidy()
    desk.host.open.set()
    desk.wait_for(run, "finished")
    keeping.tidy()
    whats = entries(store)
    assert whats.count("mailbox.create") == 6
    assert {"run.start", "run.finished"} <= set(whats)
    desk.runs.shutdown()
    store.close()


def test_the_audit_entries_of_a_run_are_kept_as_long_as_the_last_one(app: App, clock: ShiftedClock) -> None:
    keeping = Housekeeping(Settings(audit_days=30), app.services.store, clock)
    engine = app.services.run_manager
    app.host.down = True
    run = engine.start(plan(*rows(2)), "local", retention_days=7)
    engine.pause(run)
    live_through(app.services.store, 40)
    keeping.tidy()
    app.host.down = False
    engine.resume(run)
    app.ended(run)
    keeping.tidy()
    assert "run.start" in entries(app.services.store)
    live_through(app.services.store, 31)
    keeping.tidy()
    assert "run.start" not in entries(app.services.store)


def test_the_retention_of_a_run_paused_for_long_starts_at_its_end(app: App, clock: ShiftedClock) -> None:
    engine = app.services.run_manager
    app.host.down = True
    run = engine.start(plan(*rows(3)), LOCAL.name, retention_days=3)
    engine.pause(run)
    live_through(app.services.store, 9)
    tidied(app)
    view = engine.view(run)
    assert view is not None
    assert (view.passwords_until or 0) >= clock.now() + 2.9 * DAY
    app.host.down = False
    engine.resume(run)
    app.ended(run)
    tidied(app)
    assert len(passwords(app, run)) == 3
    assert app.services.runs.ending_soon(LOCAL) == ()
    live_through(app.services.store, 1.5)
    assert [each.id for each in app.services.runs.ending_soon(LOCAL)] == [run]
    live_through(app.services.store, 1.6)
    tidied(app)
    assert not passwords(app, run)
    ended = engine.view(run)
    assert ended is not None
    assert ended.status in AT_AN_END


def test_a_list_with_a_future_time_is_read_again(app: App, clock: ShiftedClock) -> None:
    clock.ahead = 500 * DAY
    assert app.ask("GET", "/domains/a.nl/email-accounts").status_code == 200
    clock.ahead = 0.0
    app.have("new@a.nl")
    mailboxes = app.ask("GET", "/domains/a.nl/email-accounts").json()["data"]
    assert [box["username"] for box in mailboxes] == ["new"]


def test_drafts_and_sessions_survive_a_clock_jump(app: App, clock: ShiftedClock) -> None:
    store = app.services.store
    with store.write() as tx:
        kept = drafts.DraftSummary("d", "local", "staff.csv", (), 1, clock.now())
        drafts.keep(tx, store.key, kept, b"", b"")
    tidied(app)
    clock.ahead = 90 * DAY
    assert [draft.id for draft in app.services.drafts.offered(LOCAL)] == ["d"]
    assert services.current() is app.services


def test_the_message_names_the_size_of_the_jump() -> None:
    message = store_problems.clock_jumped(0.0, 21 * DAY, 21 * DAY + 3_600)
    assert "by 21 days" in message
    assert "nothing is forgotten" in message
