"""Retention: passwords are kept for the chosen time, and then no file holds them."""

from pathlib import Path

import pytest

from mxlib.runs import results
from mxlib.runs.manager import InvalidState
from mxlib.store import Store, journal
from tests.support.simulation import plan, row, rows
from tests.support.threaded_runs import Desk, ShiftedClock, live_through


@pytest.fixture
def desk(tmp_path: Path):
    store = Store.open(tmp_path / "mxm.sqlite3", ShiftedClock())
    here = Desk(store)
    yield here
    here.host.open.set()
    here.runs.shutdown()
    store.close()


def finished(desk: Desk, days: int = 7) -> int:
    run = desk.runs.start(plan(*rows(40)), "ops", retention_days=days)
    desk.wait_for(run, "finished")
    return run


def secrets_of(desk: Desk, run: int) -> list[bytes]:
    """Return what no file may hold after erasure: the wrapped key and every sealed password."""
    with desk.store.read() as tx:
        record = journal.get_run(tx, run)
        assert record is not None
        assert record.wrapped_key is not None
        return [record.wrapped_key, *(each.sealed_password or b"" for each in journal.rows(tx, run))]


def on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


def shown(desk: Desk, run: int) -> list[str]:
    return results.rows_frame(desk.store, run, with_passwords=True)["password"].tolist()


@pytest.mark.sqlite
def test_handing_over_leaves_nothing_of_the_passwords_in_any_file(desk: Desk, tmp_path: Path) -> None:
    run, other = finished(desk), None
    secrets = secrets_of(desk, run)
    assert all(secret in on_disk(tmp_path) for secret in secrets)
    other = desk.runs.start(plan(*rows(3, domain="b.nl")), "ops", retention_days=7)
    desk.wait_for(other, "finished")
    kept = secrets_of(desk, other)

    desk.runs.handed_over(run)

    left = on_disk(tmp_path)
    assert not any(secret in left for secret in secrets)
    assert all(secret in left for secret in kept)
    assert set(shown(desk, run)) == {""}
    view = desk.view(run)
    assert (view.has_passwords, view.passwords_until) == (False, None)
    assert view.handed_over_at is not None


@pytest.mark.sqlite
def test_nothing_is_left_by_which_a_short_password_could_be_guessed(desk: Desk, tmp_path: Path) -> None:
    planned = plan(row(0, password="Welkom01!"))
    run = desk.runs.start(planned, "ops", retention_days=7)
    desk.wait_for(run, "finished")
    assert planned.digest.encode() in on_disk(tmp_path)
    desk.runs.handed_over(run)
    assert planned.digest.encode() not in on_disk(tmp_path)


def test_an_unfinished_run_keeps_its_passwords(desk: Desk) -> None:
    desk.host.open.clear()
    run = desk.runs.start(plan(*rows(2)), "ops", retention_days=1)
    with pytest.raises(InvalidState, match="still needs its passwords"):
        desk.runs.handed_over(run)
    live_through(desk.store, 2)
    assert desk.runs.purge() == 0
    desk.host.open.set()
    desk.wait_for(run, "finished")
    assert desk.host.sandbox.password_of("user1@a.nl") == "Secret-1-word"


def test_passwords_are_erased_after_the_chosen_retention(desk: Desk, tmp_path: Path) -> None:
    run = finished(desk, days=1)
    secrets = secrets_of(desk, run)
    live_through(desk.store, 0.9)
    assert desk.runs.purge() == 0
    assert shown(desk, run)[0] == "Secret-0-word"
    live_through(desk.store, 0.2)
    assert desk.runs.purge() == 1
    assert not any(secret in on_disk(tmp_path) for secret in secrets)
    assert desk.view(run).handed_over_at is None
    assert desk.runs.purge() == 0


def test_retention_can_be_extended_but_erased_passwords_do_not_come_back(desk: Desk) -> None:
    run = finished(desk, days=1)
    desk.runs.extend(run, 30)
    live_through(desk.store, 29)
    assert desk.runs.purge() == 0
    live_through(desk.store, 2)
    assert desk.runs.purge() == 1
    desk.runs.extend(run, 30)
    assert not desk.view(run).has_passwords


def test_downloading_erases_nothing(desk: Desk) -> None:
    run = finished(desk)
    results.results_csv(desk.store, run)
    assert shown(desk, run)[0] == "Secret-0-word"


def test_handing_over_changes_nothing_else_of_the_run(desk: Desk) -> None:
    run = finished(desk)
    before = results.rows_frame(desk.store, run)
    desk.runs.handed_over(run)
    assert results.rows_frame(desk.store, run).equals(before)
