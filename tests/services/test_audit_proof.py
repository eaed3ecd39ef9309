"""The audit log is checked every night, and admins see the result."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Forbidden
from mxlib.core.vocabulary import AuditAction
from mxlib.services.audit_log import AuditFilter
from mxlib.services.audit_proof import AuditChanged, AuditProof
from mxlib.store import FILE, Store, audit
from tests.support import app as support
from tests.support.app import App
from tests.support.pages import opened as page
from tests.support.threaded_runs import ShiftedClock

DAY = 86_400.0


@pytest.fixture
def clock() -> ShiftedClock:
    """The time of day is always noon, UTC: the nightly check is due at 03:00."""
    clock = ShiftedClock()
    clock.ahead = DAY / 2 - clock.now() % DAY
    return clock


@pytest.fixture
def app(tmp_path: Path, clock: ShiftedClock) -> Iterator[App]:
    with support.opened(tmp_path, clock) as app:
        yield app


def shown_page() -> str:
    tab = page("audit")
    return " ".join(element.value for element in (*tab.error, *tab.caption)).replace("\\", "")


def did(store: Store, who: str = "ops1", address: str = "192.0.2.7") -> None:
    with store.write() as tx:
        audit.record(tx, audit.Actor(who, address=address), AuditAction.EXPORT, at=store.clock.now(), on="a.nl")


def change(folder: Path, number: int = 2) -> None:
    with closing(sqlite3.connect(folder / FILE)) as raw, raw:
        raw.execute("DROP TRIGGER IF EXISTS audit_is_never_changed")
        raw.execute("UPDATE audit SET who = 'nobody' WHERE id = ?", (number,))


def test_the_check_runs_at_the_first_start_and_then_every_night(clock: ShiftedClock) -> None:
    proof = AuditProof(Store.open(":memory:", clock), clock)
    proof.check()
    first = proof.latest(LOCAL)
    assert first
    proof.check()
    assert proof.latest(LOCAL) == first
    clock.ahead += DAY
    proof.check()
    second = proof.latest(LOCAL)
    assert second
    assert second[0] > first[0]
    night = datetime.fromtimestamp(second[0], UTC).replace(hour=3, minute=0, second=1).timestamp() + DAY
    clock.ahead += night - 7_200 - clock.now()
    proof.check()
    assert proof.latest(LOCAL) == second
    clock.ahead += 7_200
    proof.check()
    assert proof.latest(LOCAL) != second


def test_admins_see_the_result_on_the_page_and_in_health(app: App, tmp_path: Path) -> None:
    did(app.services.store)
    did(app.services.store)
    app.services.audit_proof.check()
    assert "entries are intact." in shown_page()
    assert app.services.unwell(LOCAL) == []
    change(tmp_path)
    app.services.audit_proof._verify()
    shown = shown_page()
    assert "The audit log is broken. Entry 2 was changed" in shown
    assert "compare with a backup" in shown
    assert any("Entry 2 was changed" in problem for problem in app.services.unwell(LOCAL))
    assert app.services.unwell(Caller("ops1")) == []
    assert app.services.audit_proof.latest(Caller("ops1")) is None


def test_an_admin_accepts_a_break_which_stays_as_a_remark_until_the_next_one(app: App, tmp_path: Path) -> None:
    store, proof = app.services.store, app.services.audit_proof
    for _ in range(3):
        did(store)
    change(tmp_path)
    proof._verify()
    tab = page("audit")
    tab.button(key="audit-accept").click().run()
    assert not tab.error
    shown = shown_page()
    assert "apart from what an admin accepted, all" in shown
    assert "Entry 2: not as MXM wrote them, accepted by an admin on 20" in shown
    assert app.services.unwell(LOCAL) == []
    proof._verify()
    assert app.services.unwell(LOCAL) == []
    [entry] = app.services.audit_log.entries(LOCAL, AuditFilter(what=AuditAction.AUDIT_ACCEPT)).entries
    assert (entry.on, entry.outcome) == ("audit log", "Entry 2 was changed, or is in another place.")
    change(tmp_path, 1)
    proof._verify()
    assert any("Entry 1 was changed" in problem for problem in app.services.unwell(LOCAL))


def test_the_page_accepts_nothing_that_it_did_not_show(app: App, tmp_path: Path) -> None:
    for _ in range(3):
        did(app.services.store)
    change(tmp_path, 3)
    app.services.audit_proof._verify()
    tab = page("audit")
    change(tmp_path, 1)
    tab.button(key="audit-accept").click().run()
    shown = " ".join(error.value for error in tab.error)
    assert "The audit log changed after the check that you saw" in shown
    assert "Entry 1 was changed" in shown
    assert not app.services.audit_log.entries(LOCAL, AuditFilter(what=AuditAction.AUDIT_ACCEPT)).entries
    tab.button(key="audit-accept").click().run()
    assert not tab.error
    assert app.services.unwell(LOCAL) == []


def test_a_result_that_the_server_did_not_sign_does_not_count(app: App, tmp_path: Path) -> None:
    store, proof = app.services.store, app.services.audit_proof
    proof.check()
    assert proof.latest(LOCAL)
    for value in ("replace(value, 'last', 'first')", "''", "'7'", '\'{"at": 1, "found": {}}\''):
        proof._verify()
        with store.write() as tx:
            tx.exec_driver_sql(f"UPDATE meta SET value = {value} WHERE name = 'audit_checked'")
        assert proof.latest(LOCAL) is None
    proof.check()
    assert proof.latest(LOCAL)


def test_only_an_admin_accepts_and_only_what_the_newest_check_found(app: App, tmp_path: Path) -> None:
    proof = app.services.audit_proof
    did(app.services.store)
    did(app.services.store)
    change(tmp_path)
    proof._verify()
    known = proof.latest(LOCAL)
    assert known
    with pytest.raises(Forbidden):
        proof.accept(Caller("ops1"), known[0])
    with pytest.raises(AuditChanged):
        proof.accept(LOCAL, known[0] - 1)
    assert app.services.unwell(LOCAL) != []
    change(tmp_path, 1)
    with pytest.raises(AuditChanged):
        proof.accept(LOCAL, known[0])
    seen = proof.latest(LOCAL)
    assert seen
    assert any("Entries 1 to 2 were changed" in problem for problem in app.services.unwell(LOCAL))
    proof.accept(LOCAL, seen[0])
    assert app.services.unwell(LOCAL) == []


def test_a_new_server_key_gets_its_chain_at_the_next_round(tmp_path: Path, clock: ShiftedClock) -> None:
    first = Store.open(tmp_path / FILE, clock, "one")
    did(first)
    first.close()
    second = Store.open(tmp_path / FILE, clock, "another", any_key=True)
    proof = AuditProof(second, clock)
    proof.check()
    known = proof.latest(LOCAL)
    assert known
    assert (known[1].broken, known[1].chains, [span.entries for span in known[1].unverified]) == (None, 2, [1])
    [problem, what_to_do] = proof.problems(LOCAL)
    assert problem.startswith("Not all of the audit log can be verified. 1 entry from 1 to 1: of another server key")
    assert "I have seen this" in what_to_do
    proof.accept(LOCAL, known[0])
    proof._verify()
    assert proof.problems(LOCAL) == []
    second.close()


def test_only_admins_see_the_addresses_of_others(app: App) -> None:
    did(app.services.store, "ops1", "192.0.2.7")
    did(app.services.store, "ops2", "192.0.2.8")
    log, viewer = app.services.audit_log, Caller("ops2", domains={"a.nl": frozenset({support.Permission.VIEW})})
    wanted = AuditFilter(what="export")
    assert [entry.address for entry in log.entries(LOCAL, wanted).entries] == ["192.0.2.8", "192.0.2.7"]
    assert [entry.address for entry in log.entries(viewer, wanted).entries] == ["192.0.2.8", ""]
    for make in (log.csv, log.jsonl):
        assert b"192.0.2.7" in b"".join(make(LOCAL, wanted).pieces)
        theirs = b"".join(make(viewer, wanted).pieces)
        assert b"192.0.2.8" in theirs
        assert b"192.0.2.7" not in theirs
    token = app.token(a_nl="view")
    entries = app.ask("GET", "/audit?what=export", token=token).json()["data"]["entries"]
    assert [entry["from"] for entry in entries] == ["", ""]
