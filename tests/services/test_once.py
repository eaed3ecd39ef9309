"""Acts that happen once: keys that expire, one import or draft in two tabs, and undo of a retried run."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.runs.manager import SameImport
from mxlib.services.drafts import DraftChangedElsewhere, DraftContent
from mxlib.services.housekeeping import Housekeeping
from tests.support.app import GOOD, App, data, opened, refused
from tests.support.simulation import plan, rows
from tests.support.threaded_runs import ShiftedClock

FILE = b"username,quota\r\nnina,1024\r\nmax,1024\r\n"
CSV = {"content": FILE, "headers": {"Content-Type": "text/csv"}}
PATH = "/imports?default_domain=a.nl&generate_passwords=true"
KIM = Caller("kim", domains={"a.nl": frozenset({Permission.IMPORT})})
DAY = 86_400.0


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock) as made:
        yield made


def body(*names: str) -> dict[str, Any]:
    return {"default_domain": "a.nl", "rows": [{"username": name, "password": GOOD} for name in names]}


def start(app: App, key: str, *names: str) -> Any:
    return app.ask("POST", "/imports", body(*names), headers={"Idempotency-Key": key})


def later(app: App, clock: ShiftedClock, days: int) -> None:
    """So many days pass, and the clock is known to be right."""
    clock.ahead += days * DAY
    app.services.housekeeping.confirm_time(LOCAL)


def paused(app: App, content: bytes = FILE) -> int:
    """A run of the file that waits in the middle."""
    app.ask("GET", "/domains/a.nl/email-accounts")
    app.host.down = True
    run = int(data(app.ask("POST", PATH, content=content, headers={"Content-Type": "text/csv"}), 202)["id"])
    app.host.down = False
    app.services.run_manager.pause(run)
    return run


class TestKeys:
    def test_an_expired_key_counts_as_new(self, app: App, clock: ShiftedClock) -> None:
        first = data(start(app, "k", "nina"), 202)["id"]
        app.ended(first)
        later(app, clock, 29)
        assert data(start(app, "k", "nina"), 202)["id"] == first
        refused(start(app, "k", "max"), 409, "Idempotency-Key was used")
        later(app, clock, 2)
        second = data(start(app, "k", "max"), 202)["id"]
        assert second != first
        app.ended(second)
        assert app.host.has("max@a.nl")
        assert data(start(app, "k", "max"), 202)["id"] == second
        refused(start(app, "k", "nina"), 409, "Idempotency-Key was used")

    def test_the_clean_up_frees_a_key_and_keeps_its_run(self, app: App, clock: ShiftedClock) -> None:
        here = app.services
        first = data(start(app, "k", "nina"), 202)["id"]
        app.ended(first)
        later(app, clock, 31)
        Housekeeping(here.settings, here.store, clock).tidy()
        second = data(start(app, "k", "max"), 202)["id"]
        assert second != first
        assert here.run_manager.view(first) is not None


class TestTheSameImport:
    def test_a_second_request_with_the_same_file_must_confirm_the_first(self, app: App) -> None:
        first = paused(app)
        answer = app.ask("POST", PATH, **CSV)
        refused(answer, 409, f"Run {first} imports the same rows already.")
        assert answer.json()["error"]["code"] == "SAME_IMPORT"
        assert "?again=true" in answer.json()["error"]["message"]
        assert data(app.ask("POST", f"{PATH}&again=true", **CSV), 202)["id"] != first

    def test_a_second_request_with_the_same_rows_must_confirm_the_first(self, app: App) -> None:
        asked = {"default_domain": "a.nl", "generate_passwords": True, "rows": [{"username": "nina"}]}
        app.ask("GET", "/domains/a.nl/email-accounts")
        app.host.down = True
        first = data(app.ask("POST", "/imports", asked), 202)["id"]
        app.services.run_manager.pause(first)
        app.host.down = False
        refused(app.ask("POST", "/imports", asked), 409, f"Run {first} imports the same rows")
        other = asked | {"rows": [{"username": "max"}]}
        assert data(app.ask("POST", "/imports", other), 202)["id"] != first
        assert data(app.ask("POST", "/imports?again=true", asked), 202)["id"] != first

    def test_a_key_refused_for_the_same_import_can_be_used_to_start_it(self, app: App) -> None:
        paused(app)
        headers = CSV["headers"] | {"Idempotency-Key": "k"}
        assert app.ask("POST", PATH, content=FILE, headers=headers).status_code == 409
        second = data(app.ask("POST", f"{PATH}&again=true", content=FILE, headers=headers), 202)["id"]
        assert data(app.ask("POST", f"{PATH}&again=true", content=FILE, headers=headers), 202)["id"] == second

    def test_another_domain_or_an_ended_run_needs_no_confirmation(self, app: App) -> None:
        paused(app)
        elsewhere = PATH.replace("a.nl", "b.nl")
        assert app.ask("POST", elsewhere, **CSV).status_code == 202
        app.services.run_manager.stop(1)
        app.ended(1)
        assert app.ask("POST", PATH, **CSV).status_code == 202

    def test_a_confirmation_covers_only_the_runs_it_was_about(self, app: App, clock: ShiftedClock) -> None:
        runs, at = app.services.runs, clock.now()
        first = runs.start(LOCAL, plan(*rows(2)), days=7, allowed=(), since=at)
        app.ended(first)
        other = plan(*(replace(row, password=f"Other-{row.position}-word") for row in rows(2)))
        with pytest.raises(SameImport) as asked:
            runs.start(LOCAL, other, days=7, allowed=(), since=at)
        assert asked.value.run == first
        assert runs.start(LOCAL, other, days=7, allowed={first}, since=at) != first


class TestOneDraftInTwoTabs:
    def test_the_second_tab_does_not_overwrite_the_draft_of_the_first(self, app: App) -> None:
        drafts, files = app.services.drafts, app.services.files
        number = drafts.new()
        work = DraftContent(files.batch_from_file(FILE, "staff.csv", "a.nl"), FILE)
        assert drafts.keep(LOCAL, number, work) == 1
        one, two = drafts.open(LOCAL, number), drafts.open(LOCAL, number)
        assert one is not None
        assert two is not None
        fewer = replace(one.batch, rows=one.batch.rows.iloc[:1])
        assert drafts.keep(LOCAL, number, replace(one, batch=fewer)) == 2
        with pytest.raises(DraftChangedElsewhere):
            drafts.keep(LOCAL, number, two)
        drafts.discard(LOCAL, number, own=True, version=two.version)
        back = drafts.open(LOCAL, number)
        assert back is not None
        assert (len(back.batch.rows), back.version) == (1, 2)


class TestUndoOfARetriedRun:
    def retried(self, app: App, who: Caller) -> int:
        app.host.goes_wrong("plan_full", count=1)
        first = app.services.runs.start(KIM, plan(*rows(2)), days=7)
        app.ended(first)
        second = app.services.runs.retry(who, first)
        app.ended(second)
        return second

    def test_who_started_the_import_may_undo_its_retry(self, app: App, clock: ShiftedClock) -> None:
        run = self.retried(app, LOCAL)
        assert app.services.undo.look(KIM, run).typed == 1
        other = replace(KIM, name="lou")
        assert not app.services.runs.may_undo(other, run)
        clock.ahead += DAY + 60.0
        assert not app.services.runs.may_undo(KIM, run)

    def test_who_pressed_retry_may_undo_it(self, app: App) -> None:
        run = self.retried(app, KIM)
        assert app.services.undo.look(KIM, run).typed == 1
