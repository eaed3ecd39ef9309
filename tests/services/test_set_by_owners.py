"""Imports whose people set their own passwords: nobody ever sees the first ones, and links follow."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.import_batch import ImportBatch
from mxlib.core.notes import NoteCode
from mxlib.core.schema import make_rows
from mxlib.core.text import reasons
from mxlib.core.vocabulary import Outcome
from mxlib.runs.run_view import RunView
from mxlib.sandbox.faults import Answer, Effect, Fault, Rule, Schedule
from mxlib.store import FILE, journal
from tests.support.app import GOOD, App, opened
from tests.support.links import LinkDesk
from tests.support.simulation import plan, row
from tests.support.threaded_runs import ShiftedClock, until


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock) as made:
        yield made


def ended(app: App, run: int) -> RunView:
    until(lambda: (view := app.services.runs.get(LOCAL, run)) is not None and view.finished_at is not None)
    view = app.services.runs.get(LOCAL, run)
    assert view is not None
    return view


def imported(app: App) -> RunView:
    """Import nina with a generated password, and tess with one of the file."""
    cells = {
        "username": ["nina", "tess"],
        "password": ["", GOOD],
        "recovery_email": ["n@mail.example", "t@mail.example"],
    }
    batch = ImportBatch(make_rows(cells), "a.nl", generate=True)
    imports = app.services.imports
    batch = batch.with_passwords(imports.validate(LOCAL, batch))
    ready = imports.confirm(LOCAL, batch, before=imports.validate(LOCAL, batch))
    return ended(app, imports.carry_out(LOCAL, ready, days=7, set_by_owners=True))


def test_nobody_sees_a_password_that_its_owner_sets(app: App, tmp_path: Path) -> None:
    view = imported(app)
    made = str(app.host.sandbox.account.domains["a.nl"]["nina"].password)
    assert len(made) >= 16
    assert app.host.sandbox.account.domains["a.nl"]["tess"].password == GOOD
    assert view.counts == {Outcome.CREATED: 2}
    assert view.set_by_owners == 1
    assert "Nobody knows the first password of 1 new mailbox" in view.status_text
    with app.services.store.read() as tx:
        nina, tess = journal.rows(tx, view.id)
    assert (nina.sealed_password, nina.set_by_owner, tess.set_by_owner) == (None, True, False)
    assert [each.owner.address for each in app.services.handover.people(LOCAL, view.id)] == ["tess@a.nl"]
    shown = {found.address: password for found, password in app.services.runs.results(LOCAL, view.id)}
    assert shown == {"nina@a.nl": "", "tess@a.nl": GOOD}
    file = app.services.runs.file(LOCAL, view.id, "results.csv").decode()
    assert file.count(reasons.SET_BY_OWNER) == 1
    assert reasons.OTHER_PASSWORD not in file
    assert made not in file
    assert not any(made.encode() in each.read_bytes() for each in tmp_path.glob(f"{FILE}*"))


def test_the_people_of_such_an_import_get_links_and_set_theirs(app: App) -> None:
    view = imported(app)
    desk = LinkDesk(app)
    desk.look()
    planned = app.services.link_plans.plan(LOCAL, run=view.id)
    assert [each.address for each in planned.people] == ["nina@a.nl", "tess@a.nl"]
    run = app.services.link_plans.start(LOCAL, planned)
    desk.send()
    assert desk.use(desk.token("n@mail.example")).done
    for number in (run, view.id):
        assert app.services.sent_links.board(LOCAL, number).text == "1 set theirs, 1 not yet"
    assert [each.address for each in app.services.link_plans.plan(LOCAL, run=run).people] == ["tess@a.nl"]


def test_a_retry_makes_another_password_that_nobody_sees(app: App) -> None:
    app.host.sandbox.schedule = Schedule.of(Rule(Fault(Answer.NO, Effect.NEVER), on="write"))
    view = ended(app, app.services.runs.start(LOCAL, plan(row(0, username="nina")).set_by_owners(), days=7))
    assert view.counts == {Outcome.FAILED: 1}
    again = ended(app, app.services.runs.retry(LOCAL, view.id))
    assert (again.counts, again.set_by_owners) == ({Outcome.CREATED: 1}, 1)
    assert [note.code for note in again.notes] == [NoteCode.SET_BY_OWNERS]
    assert len(str(app.host.sandbox.account.domains["a.nl"]["nina"].password)) >= 16
