"""Nightly backups by an injected time: when they are made, checked, thinned out and reported; and Continue."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.clock import SystemClock
from mxlib.core.background_tasks import TaskCode, TaskResult
from mxlib.core.format import moment
from mxlib.core.text import backups
from mxlib.services.backups import Backups
from mxlib.store import FILE, Store, backup, clock_guard, hold
from mxlib.store.backup_record import BackupRecord
from mxlib.web import health
from tests.support.app import App, opened, refused, trail
from tests.support.backups import PASSPHRASE, derive_fast
from tests.support.pages import opened as page
from tests.support.threaded_runs import until

DAY = 86_400.0
KIM = Caller("kim", domains={"a.nl": frozenset({Permission.VIEW})})


class CalendarClock(SystemClock):
    """A clock that shows the moment that a test sets."""

    at = datetime(2026, 11, 2, 12, tzinfo=UTC)

    def now(self) -> float:
        return self.at.timestamp()


@pytest.fixture
def clock() -> CalendarClock:
    return CalendarClock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups"


@pytest.fixture
def app(tmp_path: Path, folder: Path, clock: CalendarClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    derive_fast(monkeypatch)
    monkeypatch.setattr(Backups, "nightly", nightly := lambda _: None)
    (tmp_path / "data").mkdir()
    with opened(tmp_path / "data", clock, backup_dir=str(folder), backup_passphrase=PASSPHRASE) as made:
        monkeypatch.undo()
        derive_fast(monkeypatch)
        assert Backups.nightly is not nightly
        yield made


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def named(app: App, *times: str) -> list[str]:
    """Return the names of this server's backups of these times."""
    return [f"mxm-{time}Z-{backup.mark_of(app.services.store)}.backup" for time in times]


def passes(app: App, clock: CalendarClock, **time: float) -> None:
    """Let time pass as for a running server, which observes the clock more than once a day."""
    until = clock.at + timedelta(**time)
    while clock.at < until:
        clock.at = min(until, clock.at + timedelta(hours=12))
        with app.services.store.write() as tx:
            clock_guard.observe(tx, clock.now())


def test_a_backup_is_made_once_a_night_from_two_o_clock(app: App, clock: CalendarClock, folder: Path) -> None:
    backups = app.services.backups
    backups.nightly()
    assert names(folder) == named(app, "2026-11-02T12-00-00")
    for hours in (1, 6, 6.9):  # up to 01:54
        clock.at = datetime(2026, 11, 2, 12, tzinfo=UTC) + timedelta(hours=hours * 2)
        backups.nightly()
    assert len(names(folder)) == 1
    clock.at = datetime(2026, 11, 3, 2, 1, tzinfo=UTC)
    backups.nightly()
    backups.nightly()
    assert names(folder) == named(app, "2026-11-02T12-00-00", "2026-11-03T02-01-00")
    assert [what for what, *_ in trail(app)].count("backup.make") == 2
    assert (folder / names(folder)[0]).stat().st_mode & 0o777 == 0o600


def test_a_nightly_backup_can_be_restored(app: App, folder: Path, tmp_path: Path) -> None:
    app.token(admin=True)
    app.services.backups.nightly()
    [name] = names(folder)
    backup.restore(folder / name, tmp_path / "new", PASSPHRASE, SystemClock(), LOCAL)
    store = Store.open(tmp_path / "new" / FILE, SystemClock())
    with store.read() as tx:
        assert tx.exec_driver_sql("SELECT count(*) FROM token").scalar() == 2
    store.close()


def test_without_a_folder_none_is_made_and_nothing_is_reported(tmp_path: Path) -> None:
    with opened(tmp_path) as app:
        app.services.backups.nightly()
        assert app.services.backups.problems() == []
        assert health._details(app.services, LOCAL)["backup"] is None


def test_old_backups_are_thinned_out_and_other_files_stay(app: App, clock: CalendarClock, folder: Path) -> None:
    others = {"mxm-2020-01-01T02-00-00Z-0123abcd.backup", "mxm-2020-01-01T02-00-00Z.backup", "mxm-by-hand.backup"}
    for name in others:
        (folder / name).write_text("of another server, of an earlier release, by hand")
    for day in (5, 8, 9, 20, 21, 800):
        at = clock.at - timedelta(days=day)
        [name] = named(app, f"{at:%Y-%m-%dT%H-%M-%S}")
        (folder / name).write_text("old")
    app.services.backups.nightly()
    kept = named(app, "2026-10-13T12-00-00", "2026-10-25T12-00-00", "2026-10-28T12-00-00", "2026-11-02T12-00-00")
    assert set(names(folder)) == {*kept, *others}  # 13 October is the last of its week


def test_two_servers_with_one_folder_keep_their_own_backups(
    app: App, clock: CalendarClock, folder: Path, tmp_path: Path
) -> None:
    other = Store.open(tmp_path / "other" / FILE, clock)
    assert backup.mark_of(other) != backup.mark_of(app.services.store)
    theirs = Backups(app.services.settings, other, clock, lambda: None)
    for _ in range(12):
        app.services.backups.nightly()
        theirs.nightly()
        passes(app, clock, days=1)
    per_server = [sum(backup.mark_of(store) in name for name in names(folder)) for store in (app.services.store, other)]
    assert per_server[0] == per_server[1] > 7
    other.close()


def test_nothing_is_thinned_out_while_the_clock_may_be_wrong(app: App, clock: CalendarClock, folder: Path) -> None:
    app.services.backups.nightly()
    clock.at += timedelta(days=500)
    app.services.backups.nightly()
    assert len(names(folder)) == 2


def test_a_failure_is_reported_and_tried_again_within_an_hour(app: App, clock: CalendarClock, folder: Path) -> None:
    backups = app.services.backups
    backups.nightly()
    passes(app, clock, days=1)
    folder.rename(folder.with_name("elsewhere"))
    assert backups.nightly() == TaskResult(TaskCode.FAILED, again_at=clock.now() + 3_600)
    [problem] = backups.problems()
    assert problem.startswith("The last nightly backup failed. The backup cannot be written to ")
    assert problem.endswith(f" MXM tries again after {moment(clock.now() + 3_600, clock.now())}.")
    assert problem in app.services.unwell(LOCAL)
    assert problem not in app.services.unwell(KIM)
    assert health._details(app.services, LOCAL)["backup"] == {"age_seconds": DAY, "failed": True}
    assert health._details(app.services, replace(KIM, external=True))["backup"] is None
    passes(app, clock, minutes=50)
    assert backups.nightly().failed, "asked for sooner, it is tried and goes on being reported"
    folder.with_name("elsewhere").rename(folder)
    backups.nightly()
    assert backups.problems() == []
    assert health._details(app.services, LOCAL)["backup"] == {"age_seconds": 0.0, "failed": False}


def test_a_backup_that_cannot_be_restored_is_removed_and_reported(
    app: App, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal = backup.seal

    def seal_badly(pieces: Iterator[bytes], target: object, passphrase: str) -> None:
        seal([piece[:-1] if len(piece) > 1_000 else piece for piece in pieces], target, passphrase)  # type: ignore[arg-type]

    monkeypatch.setattr(backup, "seal", seal_badly)
    app.services.backups.nightly()
    assert names(folder) == []
    assert "The last nightly backup failed." in app.services.backups.problems()[0]


def test_an_old_newest_backup_is_reported_after_two_days(app: App, clock: CalendarClock) -> None:
    backups = app.services.backups
    passes(app, clock, days=1.9)
    assert backups.problems() == []
    passes(app, clock, days=0.2)
    assert backups.problems() == ["A good nightly backup does not exist. Check MXM_BACKUP_DIR."]
    backups.nightly()
    passes(app, clock, days=2)
    assert backups.problems() == []
    passes(app, clock, minutes=1)
    assert backups.problems() == ["A good nightly backup is 2 days old. Check MXM_BACKUP_DIR."]


def test_what_a_killed_backup_left_is_removed_at_the_start(tmp_path: Path) -> None:
    (tmp_path / ".mxm-backup-left").mkdir()
    (tmp_path / ".mxm-backup-left" / FILE).write_text("plain")
    with opened(tmp_path) as app:
        app.services.task_runner.start()
        until(lambda: not (tmp_path / ".mxm-backup-left").exists())


def test_the_record_of_an_earlier_release_is_read(app: App) -> None:
    stored = '{"good_at": 5.0, "file": "mxm.backup", "size": 7, "failed_at": null, "why": ""}'
    with app.services.store.write() as tx:
        tx.exec_driver_sql("INSERT INTO meta (name, value) VALUES ('backup', ?)", (stored,))
    assert app.services.backups.record() == BackupRecord(5.0, 7)


# After a restore.


@pytest.fixture
def restored(app: App) -> App:
    with app.services.store.write() as tx:
        hold.begin(tx, hold.Hold(app.services.clock.now() - 3 * DAY))
    return app


def test_no_nightly_backup_is_made_before_continue(restored: App, folder: Path) -> None:
    restored.services.backups.nightly()
    assert names(folder) == []
    restored.services.backups.end_hold(LOCAL)
    restored.services.backups.nightly()
    assert len(names(folder)) == 1


def test_only_an_admin_continues(restored: App) -> None:
    with pytest.raises(Forbidden, match="Only admins"):
        restored.services.backups.end_hold(KIM)
    assert restored.services.backups.held() is not None
    restored.services.backups.end_hold(LOCAL)
    restored.services.backups.end_hold(LOCAL)
    assert restored.services.backups.held() is None
    assert [what for what, *_ in trail(restored)].count("backup.continue") == 1


def test_everyone_sees_that_runs_wait(restored: App) -> None:
    said = "This MXM was restored from a backup of 30 Oct. Runs wait until an admin presses Continue."
    assert said in restored.services.unwell(KIM)
    assert restored.services.backups.waits() == [said]


def test_no_token_works_before_continue(restored: App) -> None:
    """One that was revoked after the backup would work again."""
    answer = restored.ask("GET", "/me")
    refused(answer, 503, "Tokens work again when an admin has pressed Continue.")
    assert answer.json()["error"]["code"] == "RESTORED"
    assert restored.ask("GET", "/me", token="mxm_unknown").status_code == 401
    bearer = {"Authorization": f"Bearer {restored.admin}"}
    monitor = TestClient(Starlette(routes=health.routes), base_url="http://127.0.0.1")
    said = {"status": "ok", "code": "RESTORED", "message": backups.TOKENS_WAIT}
    assert monitor.get("/health", headers=bearer).json() == said
    assert monitor.get("/health", headers={"Authorization": "Bearer mxm_unknown"}).json() == {"status": "ok"}
    assert monitor.get("/health").json() == {"status": "ok"}
    restored.services.backups.end_hold(LOCAL)
    assert restored.ask("GET", "/me").status_code == 200


def test_an_admin_is_advised_what_works_again_after_a_restore(restored: App) -> None:
    advice = restored.services.backups.advice()
    for word in ("users who left", "tokens", "sign-in passwords", "recovery codes"):
        assert word in advice


@pytest.mark.parametrize("name", ["email_accounts", "jobs"])
def test_an_admin_continues_on_the_page(name: str, restored: App) -> None:
    shown = page(name)
    assert any("make sure that no other MXM works with this account" in each.value for each in shown.markdown)
    shown.button(key="continue-restored").click().run()
    assert restored.services.backups.held() is None
    assert not any("was restored" in each.value for each in shown.markdown)


def test_others_see_on_the_page_that_runs_wait(restored: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mxlib.ui.app.session.caller", lambda: KIM)
    shown = page("jobs")
    assert restored.services.backups.waits() == [each.value for each in shown.info if "restored" in each.value]
    assert "continue-restored" not in [button.key for button in shown.button]


def test_a_failed_backup_is_on_the_page_of_an_admin(app: App, folder: Path) -> None:
    folder.rmdir()
    app.services.backups.nightly()
    assert any("The last nightly backup failed." in each.value for each in page().warning)


def test_a_backup_without_a_folder_is_not_set_up(tmp_path: Path, clock: CalendarClock) -> None:
    with opened(tmp_path, clock) as bare:
        assert bare.services.backups.nightly() == TaskResult(TaskCode.NOT_SET, {"setting": "MXM_BACKUP_DIR"})
