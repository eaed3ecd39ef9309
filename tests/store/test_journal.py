"""The journal: stored plans, sealed passwords, and recovery."""

from dataclasses import replace
from pathlib import Path

import pytest

from mxlib.clock import SystemClock
from mxlib.core.plans.plan import Plan
from mxlib.core.vocabulary import Action, RunKind
from mxlib.store import Store, journal, own_cells, run_passwords
from tests.support.simulation import Simulation, plan, row, rows


@pytest.fixture
def store(tmp_path: Path):
    opened = Store.open(tmp_path / "mxm.sqlite3", SystemClock())
    yield opened
    opened.close()


def add(store: Store, planned: Plan, **more: object) -> int:
    columns: dict[str, object] = {"operator": "ops", "status": "queued", "at": 10.0, "retention_days": 7}
    with store.write() as tx:
        return journal.add_run(tx, planned, store.key, **columns | more)  # type: ignore[arg-type]


def test_a_plan_is_stored_completely_and_in_order(store: Store) -> None:
    planned = plan(
        row(0, cells={"Name": "Jan", "Dept": "=cmd"}, quota=0, recovery_email="jan@b.nl"),
        row(1, left_out="Not ticked.", quota=None, limit=None, before={"quota": 5}),
        row(7, action=Action.DELETE, password="", generated=False),
    )
    run = add(store, planned)
    with store.read() as tx:
        kept = journal.rows(tx, run)
        record = journal.get_run(tx, run)
    assert [each.position for each in kept] == [0, 1, 7]
    cells = own_cells.unseal(store.key, kept[0].sealed_cells)
    assert list(cells.items()) == [("Name", "Jan"), ("Dept", "=cmd")]
    assert own_cells.unseal(store.key, kept[1].sealed_cells) == {}
    assert (kept[0].quota, kept[0].recovery_email, kept[0].outcome) == (0, "jan@b.nl", "waiting")
    assert (kept[1].quota, kept[1].outcome, kept[1].reason, kept[1].before) == (
        None,
        "skipped",
        "Not ticked.",
        {"quota": 5},
    )
    assert (kept[2].action, kept[2].sealed_password) == ("delete", None)
    assert record is not None
    assert (record.total, record.domains, record.passwords_until) == (3, ["a.nl"], 10.0 + 7 * 86_400)


@pytest.mark.sqlite
def test_no_password_is_in_the_database_in_clear(store: Store, tmp_path: Path) -> None:
    add(store, plan(*(row(n, cells={"Pass": f"Secret-{n}-word", "Name": f"Name{n}"}) for n in range(50))))
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"user49" in content
    assert b"Secret-" not in content
    assert b"Name49" not in content


def test_passwords_come_back_with_the_key(store: Store) -> None:
    run = add(store, plan(*rows(3)))
    with store.read() as tx:
        sealed = {each.position: each.sealed_password or b"" for each in journal.rows(tx, run)}
        opened = run_passwords.opened(tx, store.key, run, sealed)
    assert opened == {n: f"Secret-{n}-word" for n in range(3)}


def test_the_repr_of_a_record_shows_no_secret(store: Store) -> None:
    run = add(store, plan(*rows(1)))
    with store.read() as tx:
        record, kept = journal.get_run(tx, run), journal.get_row(tx, run, 0)
    assert record is not None
    assert repr(record.wrapped_key) not in repr(record)
    assert repr(kept.sealed_password) not in repr(kept)


def test_the_same_start_is_found_again(store: Store) -> None:
    planned = plan(*rows(2))
    run = add(store, planned, idempotency_key="abc")

    def found(operator: str, key: str | None, digest: str) -> int | None:
        with store.read() as tx:
            return journal.find_run(tx, operator=operator, idempotency_key=key, plan_digest=digest)

    assert found("ops", None, planned.digest) == run
    assert found("ops", "abc", "another plan") == run
    assert found("ops2", "abc", "another plan") is None
    assert found("ops", None, "another plan") is None
    with store.write() as tx:
        journal.set_run(tx, run, status="finished")
    assert found("ops", None, planned.digest) is None
    assert found("ops", "abc", "another plan") == run


def test_a_plan_has_one_open_run_and_a_run_one_open_undo(store: Store) -> None:
    planned = plan(*rows(2))
    run = add(store, planned)
    with pytest.raises(journal.AlreadyOpen):
        add(store, planned)
    undo = replace(planned, rows=rows(3), kind=RunKind.UNDO, undo_of=run)
    first = add(store, undo)
    with pytest.raises(journal.AlreadyOpen):
        add(store, replace(undo, rows=rows(4)))
    add(store, replace(undo, rows=rows(5)), retry_of=first)
    with store.write() as tx:
        for ended in (run, first):
            journal.set_run(tx, ended, status="stopped")
    assert add(store, planned) > run
    assert add(store, replace(undo, rows=rows(4))) > first


def test_no_row_stays_sending_after_its_process_died(store: Store) -> None:
    run = add(store, plan(row(0), row(1, action=Action.UPDATE), row(2)))
    with store.write() as tx:
        journal.send(tx, run, 0, 1.0)
        journal.send(tx, run, 1, 1.0)
        journal.mark_unknown(tx, run)
    with store.read() as tx:
        kept = [(each.outcome, each.unanswered, each.tries) for each in journal.rows(tx, run)]
    assert kept == [("settling", True, 1), ("waiting", True, 1), ("waiting", False, 0)]


def test_attempts_list_the_recent_requests_for_the_rate_limits(store: Store) -> None:
    run = add(store, plan(row(0), row(1, action=Action.DELETE)))
    with store.write() as tx:
        journal.send(tx, run, 0, 5.0)
        journal.send(tx, run, 1, 70.0)
        journal.record_read(tx, run, None, 71.0, 72.0, "200")
    with store.read() as tx:
        assert journal.attempts_since(tx, 60.0) == [("write", 70.0), ("read", 71.0)]


def test_a_run_of_five_thousand_rows_is_recovered() -> None:
    here = Simulation()
    here.start(plan(*rows(5000)))
    here.kill()
    assert len(here.engine.states[1].waiting) == 5000
