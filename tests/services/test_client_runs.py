"""Runs of a client admin next to those of the agency: no number of these is shown."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller
from mxlib.auth.roles import PERMISSIONS, Role
from mxlib.core.vocabulary import RunStatus
from tests.support.app import App, opened
from tests.support.simulation import plan, row
from tests.support.threaded_runs import until

ANNA = Caller("anna", domains={"a.nl": PERMISSIONS[Role.CLIENT_ADMIN]}, external=True)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with opened(tmp_path) as made:
        yield made


def test_an_undo_by_the_agency_has_no_number_for_a_client_admin(app: App) -> None:
    run = app.services.runs.start(ANNA, plan(row(0)), days=7)
    app.ended(run)
    undo = app.services.undo.start(LOCAL, run, 1)
    app.ended(undo)
    seen, whole = app.services.runs.get(ANNA, run), app.services.runs.get(LOCAL, run)
    assert seen is not None
    assert whole is not None
    assert (seen.undone_by, whole.undone_by) == ((), (undo,))


def test_a_queued_run_says_its_turn_and_names_no_other_run(app: App) -> None:
    go = threading.Event()
    app.host.waits = lambda _request: go.wait(60.0)
    first = app.services.runs.start(LOCAL, plan(row(0), row(1)), days=7)
    own = app.services.runs.start(ANNA, plan(row(2), name="own.csv"), days=7)

    def is_queued() -> bool:
        view = app.services.runs.get(ANNA, own)
        return view is not None and view.status is RunStatus.QUEUED

    until(is_queued)
    seen, whole = app.services.runs.get(ANNA, own), app.services.runs.get(LOCAL, own)
    assert seen is not None
    assert whole is not None
    assert (seen.behind, whole.behind) == ((), (first,))
    assert seen.turn_at is not None
    assert seen.status_text.startswith("Another run writes to the same domain.")
    go.set()
    app.ended(own)
