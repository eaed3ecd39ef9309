"""Selected mailboxes behind links: the same in every process, for some days."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.services.exports import ExportService, NotFound
from mxlib.store import StoreUnavailable
from mxlib.store.selections import KEPT_S
from tests.support.app import App, opened
from tests.support.threaded_runs import ShiftedClock, live_through


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with opened(tmp_path, clock) as made:
        made.have("kim@a.nl")
        yield made


def test_a_selection_works_in_another_process_and_after_a_restart(app: App) -> None:
    number = app.services.exports.keep_selection(LOCAL, ["kim@a.nl"])
    services = app.services
    other = ExportService(services.store, services.lists, services.runs, services.clock)
    assert other.selection_file(LOCAL, number, "csv").content
    assert other.keep_selection(LOCAL, ["kim@a.nl"]) == number


def test_a_selection_is_forgotten_some_days_after_it_was_shown(app: App) -> None:
    exports = app.services.exports
    number = exports.keep_selection(LOCAL, ["kim@a.nl"])
    live_through(app.services.store, KEPT_S / 86_400 - 0.01)
    assert exports.keep_selection(LOCAL, ["kim@a.nl"]) == number
    live_through(app.services.store, KEPT_S / 86_400 - 0.01)
    assert exports.selection_file(LOCAL, number, "csv")
    live_through(app.services.store, 0.02)
    with pytest.raises(NotFound, match="Select the mailboxes again"):
        exports.selection_file(LOCAL, number, "csv")
    live_through(app.services.store, 1)
    app.services.housekeeping.tidy()
    with app.services.store.read() as tx:
        assert not tx.exec_driver_sql("SELECT id FROM selection").all()


def test_a_selection_that_cannot_be_stored_fails_at_its_link_only(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses() -> Any:
        raise StoreUnavailable("The disk is full.", "DISK_FULL")

    with monkeypatch.context() as full:
        full.setattr(app.services.store, "write", refuses)
        number = app.services.exports.keep_selection(LOCAL, ["kim@a.nl"])
    with pytest.raises(NotFound):
        app.services.exports.selection_file(LOCAL, number, "csv")
