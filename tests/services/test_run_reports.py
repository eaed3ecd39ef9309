"""Reports of a run: the same on the page, by the API and in the files, even when the disk is full."""

import csv
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mxlib.api.app import routes
from mxlib.auth.permissions import LOCAL, Caller, Forbidden, Permission
from mxlib.core.text import store_problems
from mxlib.core.vocabulary import AT_AN_END
from mxlib.runs.run_view import RunView
from mxlib.sandbox import NAMED, Rule, Schedule
from mxlib.services import Services, build, install
from mxlib.settings import Settings
from mxlib.store import StoreUnavailable
from mxlib.ui.app import status
from mxlib.web import downloads
from tests.support.audit_entries import audit_entries
from tests.support.pages import opened
from tests.support.threaded_runs import ShiftedClock, until

FILE = (
    b"username,password,limit,domain\r\n"
    b"one,Geheim.2026x,9600,clienta.nl\r\n"
    b"two,Geheim.2026y,500,clientb.nl\r\n"
    b"full,Geheim.2026z,,clienta.nl\r\n"
    b"lost,Geheim.2026w,,clienta.nl\r\n"
    b"bad name,Geheim.2026v,,clienta.nl\r\n"
    b"one,Geheim.2026u,,clienta.nl\r\n"
    b"nowhere,Geheim.2026t,,not-ours.example\r\n"
)


@pytest.fixture
def services(tmp_path: Path, clock: ShiftedClock) -> Iterator[Services]:
    """The services on a fresh stand-in whose minute is one second."""
    settings = Settings(data_dir=tmp_path, sandbox_window_s=1.0, sandbox_writes=200, sandbox_reads=400)
    built = build(settings, clock)
    install(built)
    built.run_manager.recover()
    yield built
    install(None)
    built.close()


def ended(services: Services, file: bytes = FILE) -> RunView:
    """A run of that file at its end."""
    batch = services.files.batch_from_file(file, "staff.csv", "clienta.nl")
    ready = services.imports.confirm(LOCAL, batch, before=services.imports.validate(LOCAL, batch))
    run = services.runs.start(LOCAL, ready.plan, days=7)
    until(lambda: view(services, run).status in AT_AN_END)
    return view(services, run)


def view(services: Services, run: int) -> RunView:
    found = services.runs.get(LOCAL, run)
    assert found is not None
    return found


def mixed(services: Services) -> RunView:
    """A run some of whose rows are made, some fail, and some are left out."""
    assert services.sandbox is not None
    services.sandbox.sandbox.schedule = Schedule.of(
        Rule(NAMED["plan_full"], address="full@clienta.nl"), Rule(NAMED["lost_after"], address="lost@clienta.nl")
    )
    return ended(services)


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_page_api_and_files_show_the_same_numbers(services: Services) -> None:
    run = mixed(services)
    counts = {outcome.value: number for outcome, number in run.counts.items() if number}
    assert counts == {"created": 3, "failed": 1, "skipped": 3}
    assert (run.total, run.differences) == (7, 1)

    web = TestClient(Starlette(routes=[*downloads.routes, *routes]), base_url="http://127.0.0.1")
    token = {"Authorization": f"Bearer {services.tokens.create(LOCAL, 'test', admin=True)}"}
    api = web.get(f"/api/imports/{run.id}", headers=token).json()["data"]
    assert {outcome: number for outcome, number in api["counts"].items() if number} == counts
    assert api["total"] == 7
    listed = web.get(f"/api/imports/{run.id}/results", headers=token).json()["data"]["rows"]

    rows = table(web.get(f"/runs/{run.id}/results.csv").content)
    assert Counter(row["outcome"] for row in rows) == Counter(row["outcome"] for row in listed) == counts
    for one, other in zip(rows, listed, strict=True):
        assert (one["line"], one["outcome"], one["reason"], one["password"]) == (
            str(other["line"]), other["outcome"], other["message"], other["password"] or "",
        )  # fmt: skip
    packed = zipfile.ZipFile(io.BytesIO(web.get(f"/runs/{run.id}/results.zip").content))
    apart = [row for name in packed.namelist() if name.endswith(".csv") for row in table(packed.read(name))]
    assert Counter(row["outcome"] for row in apart) == counts
    failed = table(web.get(f"/runs/{run.id}/failed.csv").content)
    assert len(failed) == run.total - run.done

    tab = opened("jobs", run=str(run.id))
    said = " ".join(each.value for each in (*tab.warning, *tab.success, *tab.markdown)).replace("\\", "")
    assert "3 mailboxes created. 3 rows skipped. 1 row failed." in said
    assert "1 differs" in said
    shown = opened("jobs").dataframe[0].value.iloc[0]
    assert shown["Result"] == "3 mailboxes created. 3 rows skipped. 1 row failed."


def test_the_next_visit_shows_the_result_of_a_run_once(services: Services) -> None:
    run = mixed(services)
    tab = opened()
    assert any(f"Run {run.id}" in each.value and "mailboxes created" in each.value for each in tab.markdown)
    tab.button(key=f"banner-show-{run.id}").click().run()
    assert not tab.exception
    opened("jobs", run=str(run.id))
    assert not any("mailboxes created" in each.value for each in opened().markdown)


def test_the_title_of_the_tab_shows_the_progress_of_a_run(services: Services) -> None:
    assert services.sandbox is not None
    assert status.title("Jobs") == "Jobs · MXM"
    services.sandbox.sandbox.schedule = Schedule.of(Rule(NAMED["stalled"], on="write", first=3, count=None))
    batch = services.files.batch_from_file(FILE, "staff.csv", "clienta.nl")
    validated = services.imports.validate(LOCAL, batch)
    run = services.runs.start(LOCAL, services.imports.confirm(LOCAL, batch, before=validated).plan, days=7)
    until(lambda: view(services, run).decided == 5)
    until(lambda: status.title("Jobs").startswith("5/7 "))
    services.sandbox.stop()  # the stalled requests end, so that closing need not wait for them


def operator(*domains: str) -> Caller:
    """Who may import into these domains and nothing else."""
    return Caller("kim", domains={domain: frozenset({Permission.IMPORT}) for domain in domains})


def test_a_user_with_import_in_all_its_domains_sees_a_run_and_may_take_it_over(services: Services) -> None:
    run = mixed(services).id
    kim = operator("clienta.nl")
    assert services.runs.get(kim, run) is None
    assert services.runs.all(kim) == ()
    with pytest.raises(Forbidden):
        services.runs.take_over(kim, run)

    kim = operator("clienta.nl", "clientb.nl")
    assert services.runs.get(kim, run) is not None
    assert not any(password for _, password in services.runs.results(kim, run))
    with pytest.raises(Forbidden, match="Take the run over first"):
        services.runs.file(kim, run, "results.csv")
    services.runs.take_over(kim, run)
    assert b"Geheim.2026x" in services.runs.file(kim, run, "results.csv")
    with services.store.read() as tx:
        entries = [(entry["who"], entry["what"]) for entry in audit_entries(tx, run=run)]
    assert ("kim", "run.take_over") in entries
    assert ("kim", "results.download") in entries


def test_the_operator_is_warned_two_days_before_passwords_are_erased(services: Services, clock: ShiftedClock) -> None:
    run = ended(services)
    assert services.runs.ending_soon(LOCAL) == ()
    clock.ahead = 5.1 * 86_400
    assert [each.id for each in services.runs.ending_soon(LOCAL)] == [run.id]
    assert services.runs.ending_soon(operator("clienta.nl", "clientb.nl")) == ()
    said = [each.value for each in opened().warning]
    assert any(f"run {run.id}" in each.lower() and "password" in each for each in said), said
    services.runs.extend(LOCAL, run.id, 7)
    assert services.runs.ending_soon(LOCAL) == ()


class TestTheDiskIsFull:
    @pytest.fixture
    def run(self, services: Services, monkeypatch: pytest.MonkeyPatch) -> int:
        run = ended(services).id
        services.lists.mailboxes(LOCAL, "clienta.nl")

        @contextmanager
        def write() -> Iterator[None]:
            raise StoreUnavailable(store_problems.DISK_FULL)
            yield

        monkeypatch.setattr(services.store, "write", write)
        yield run
        monkeypatch.undo()

    @pytest.mark.parametrize("page", ["email_accounts", "import_mailboxes", "jobs"])
    def test_every_page_still_opens(self, services: Services, run: int, page: str) -> None:
        tab = opened(page, run=str(run), domain="clienta.nl")
        assert not any("fault" in each.value for each in tab.error)

    def test_a_list_that_cannot_be_stored_is_reported_as_old(self, services: Services, run: int) -> None:
        listed = services.lists.mailboxes(LOCAL, "clienta.nl", refresh=True)
        assert store_problems.DISK_FULL in listed.problem
        assert not listed.frame.empty

    def test_a_download_that_cannot_be_recorded_says_why(self, services: Services, run: int) -> None:
        answer = TestClient(Starlette(routes=downloads.routes)).get(f"/runs/{run}/results.csv")
        assert (answer.status_code, answer.text) == (503, store_problems.DISK_FULL)
