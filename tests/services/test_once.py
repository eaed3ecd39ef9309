"""Once means once: keys with an end, the same import in two tabs, one draft in two tabs, and undo of a retried run."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.runs.manager import SameImport
from mxlib.services.drafts import DraftChangedElsewhere, DraftContent
from mxlib.services.housekeeping import Housekeeping
from tests.support.app import GOOD, House, data, opened, refused
from tests.support.simulation import plan, rows
from tests.support.threaded_runs import ShiftedClock

FILE = b"username,quota\r\nnina,1024\r\nmax,1024\r\n"
CSV = {"content": FILE, "headers": {"Content-Type": "text/csv"}}
PATH = "/imports?default_domain=a.nl&generate_passwords=true"
KIM = Caller("kim", domains={"a.nl": frozenset({Permission.IMPORT})})
DAY = 86_400.0


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
def house(tmp_path: Path, clock: ShiftedClock) -> Iterator[House]:
    with opened(tmp_path, clock) as made:
        yield made


def body(*names: str) -> dict[str, Any]:
    return {"default_domain": "a.nl", "rows": [{"username": name, "password": GOOD} for name in names]}


def start(house: House, key: str, *names: str) -> Any:
    return house.ask("POST", "/imports", body(*names), headers={"Idempotency-Key": key})


def later(house: House, clock: ShiftedClock, days: int) -> None:
    """So many days pass, and the clock is known to be right."""
    clock.ahead += days * DAY
    house.services.housekeeping.confirm_time(LOCAL)


def paused(house: House, content: bytes = FILE) -> int:
    """A run of the file that waits in the middle."""
    house.ask("GET", "/domains/a.nl/email-accounts")
    house.host.down = True
    run = int(data(house.ask("POST", PATH, content=content, headers={"Content-Type": "text/csv"}), 202)["id"])
    house.host.down = False
    house.services.run_manager.pause(run)
    return run


class TestKeys:
    def test_a_key_counts_as_new_after_its_end_whatever_comes_with_it(self, house: House, clock: ShiftedClock) -> None:
        first = data(start(house, "k", "nina"), 202)["id"]
        house.ended(first)
        later(house, clock, 29)
        assert data(start(house, "k", "nina"), 202)["id"] == first
        refused(start(house, "k", "max"), 409, "Idempotency-Key was used")
        later(house, clock, 2)
        second = data(start(house, "k", "max"), 202)["id"]
        assert second != first
        house.ended(second)
        assert house.host.has("max@a.nl")
        assert data(start(house, "k", "max"), 202)["id"] == second
        refused(start(house, "k", "nina"), 409, "Idempotency-Key was used")

    def test_the_tidying_frees_a_key_and_keeps_its_run(self, house: House, clock: ShiftedClock) -> None:
        here = house.services
        first = data(start(house, "k", "nina"), 202)["id"]
        house.ended(first)
        later(house, clock, 31)
        Housekeeping(here.settings, here.store, clock).tidy()
        second = data(start(house, "k", "max"), 202)["id"]
        assert second != first
        assert here.run_manager.view(first) is not None


class TestTheSameImport:
    def test_a_second_request_with_the_same_file_is_asked_about_the_first(self, house: House) -> None:
        first = paused(house)
        answer = house.ask("POST", PATH, **CSV)
        refused(answer, 409, f"Run {first} imports the same rows already.")
        assert answer.json()["error"]["code"] == "SAME_IMPORT"
        assert "?again=true" in answer.json()["error"]["message"]
        assert data(house.ask("POST", f"{PATH}&again=true", **CSV), 202)["id"] != first

    def test_the_same_rows_without_a_file_are_asked_about_too(self, house: House) -> None:
        asked = {"default_domain": "a.nl", "generate_passwords": True, "rows": [{"username": "nina"}]}
        house.ask("GET", "/domains/a.nl/email-accounts")
        house.host.down = True
        first = data(house.ask("POST", "/imports", asked), 202)["id"]
        house.services.run_manager.pause(first)
        house.host.down = False
        refused(house.ask("POST", "/imports", asked), 409, f"Run {first} imports the same rows")
        other = asked | {"rows": [{"username": "max"}]}
        assert data(house.ask("POST", "/imports", other), 202)["id"] != first
        assert data(house.ask("POST", "/imports?again=true", asked), 202)["id"] != first

    def test_a_key_that_was_refused_for_the_same_import_can_be_used_to_start_it(self, house: House) -> None:
        paused(house)
        headers = CSV["headers"] | {"Idempotency-Key": "k"}
        assert house.ask("POST", PATH, content=FILE, headers=headers).status_code == 409
        second = data(house.ask("POST", f"{PATH}&again=true", content=FILE, headers=headers), 202)["id"]
        assert data(house.ask("POST", f"{PATH}&again=true", content=FILE, headers=headers), 202)["id"] == second

    def test_another_domain_of_the_same_file_and_an_ended_run_ask_nothing(self, house: House) -> None:
        paused(house)
        elsewhere = PATH.replace("a.nl", "b.nl")
        assert house.ask("POST", elsewhere, **CSV).status_code == 202
        house.services.run_manager.stop(1)
        house.ended(1)
        assert house.ask("POST", PATH, **CSV).status_code == 202

    def test_a_tab_that_asked_already_is_asked_about_runs_that_came_since(
        self, house: House, clock: ShiftedClock
    ) -> None:
        runs, at = house.services.runs, clock.now()
        first = runs.start(LOCAL, plan(*rows(2)), days=7, beside=(), since=at)
        house.ended(first)
        other = plan(*(replace(row, password=f"Other-{row.position}-word") for row in rows(2)))
        with pytest.raises(SameImport) as asked:
            runs.start(LOCAL, other, days=7, beside=(), since=at)
        assert asked.value.run == first
        assert runs.start(LOCAL, other, days=7, beside={first}, since=at) != first


class TestOneDraftInTwoTabs:
    def test_the_second_tab_does_not_overwrite_what_the_first_kept(self, house: House) -> None:
        drafts, files = house.services.drafts, house.services.files
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
    def retried(self, house: House, who: Caller) -> int:
        house.host.goes_wrong("plan_full", count=1)
        first = house.services.runs.start(KIM, plan(*rows(2)), days=7)
        house.ended(first)
        second = house.services.runs.retry(who, first)
        house.ended(second)
        return second

    def test_who_started_the_import_may_undo_its_retry(self, house: House, clock: ShiftedClock) -> None:
        run = self.retried(house, LOCAL)
        assert house.services.undo.look(KIM, run).typed == 1
        other = replace(KIM, name="lou")
        assert not house.services.runs.may_undo(other, run)
        clock.ahead += DAY + 60.0
        assert not house.services.runs.may_undo(KIM, run)

    def test_who_pressed_retry_may_undo_it(self, house: House) -> None:
        run = self.retried(house, KIM)
        assert house.services.undo.look(KIM, run).typed == 1
