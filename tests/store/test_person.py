"""What is held of a person can be handed out and erased; the audit log still verifies."""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mxlib import cli, services
from mxlib.auth.permissions import LOCAL, Permission
from mxlib.core.import_batch import ImportBatch
from mxlib.core.schema import make_rows
from mxlib.core.vocabulary import ERASED, AuditAction, OnExisting
from mxlib.runs.retry import InvalidState
from mxlib.services.audit_log import AuditFilter
from mxlib.services.drafts import DraftContent
from mxlib.store import audit, audit_check, drafts, erasure, journal, person, person_erasure, stored_columns
from mxlib.store.drafts import DraftSummary
from mxlib.store.person_erasure import Erased
from tests.support import app as support
from tests.support.app import App
from tests.support.pages import opened as page
from tests.support.simulation import plan, row
from tests.support.threaded_runs import ShiftedClock

NINA, PRIVATE = "nina.berg@a.nl", "nina.private@mail.example"
NAME = "Nina van den Berg"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with support.opened(tmp_path, ShiftedClock()) as app:
        yield app


def lived(app: App) -> int:
    """Let Nina have a mailbox by a run, an account here, and a change by hand; return the run."""
    store, now = app.services.store, app.services.clock.now()
    rows = (
        row(0, username="nina.berg", recovery_email=PRIVATE, name=NAME),
        row(1, username="tess", recovery_email=NINA),
    )
    run = app.services.run_manager.start(plan(*rows), "boss", retention_days=7)
    app.ended(run)
    app.services.users.add(LOCAL, "boss", "kettle-orbit-Walnut-73", admin=True, permissions={})
    app.services.users.add(LOCAL, NINA, "pencil-Harbor-91-mosaic", admin=False, permissions={"a.nl": {Permission.VIEW}})
    with store.write() as tx:
        stored_columns.put(tx, "name", "a.nl", "nina.berg", NAME, now)
        stored_columns.put(tx, "recovery_email", "a.nl", "nina.berg", PRIVATE, now)
        nina = audit.Actor(NINA, address="192.0.2.99")
        audit.record(tx, nina, AuditAction.SIGN_IN, at=now, on=NINA, outcome="by password")
        audit.record(tx, audit.Actor("boss"), AuditAction.NAME_SET, at=now, on=NINA, detail={"name": NAME})
        audit.record(
            tx, audit.Actor("boss"), AuditAction.AUDIT_DOWNLOAD, at=now, on="audit log", outcome=f"(address {NINA})"
        )
        audit.record(tx, audit.Actor("boss"), AuditAction.EXPORT, at=now, on="a.nl", outcome="2 mailboxes")
    return run


def disable(app: App) -> None:
    found = app.services.users.find(NINA)
    assert found
    app.services.users.disable(LOCAL, found.id)


def erase(app: App) -> Erased:
    done = person_erasure.erase(app.services.store, NINA, LOCAL)
    assert erasure.finish(app.services.store)
    return done


def on_disk(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("mxm.sqlite3*"))


def test_everything_that_is_held_is_handed_out(app: App) -> None:
    run = lived(app)
    held = json.loads(json.dumps(person.held(app.services.store, NINA)))
    assert held["mailbox"]["recovery_email"] == PRIVATE
    assert held["mailbox"]["name"] == NAME
    assert [(each["run"], each["mailbox"]) for each in held["rows_of_runs"]] == [(run, NINA), (run, "tess@a.nl")]
    assert held["rows_of_runs"][0]["requests"][0]["kind"]
    assert held["user"]["name"] == NINA
    assert "password_hash" not in held["user"]
    assert "session" in held["user"]["sign_in_data"]
    assert {each["what"] for each in held["audit_entries"]} == {
        "mailbox.create", "user.add", "sign_in", "name.set", "audit.download",
    }  # fmt: skip
    assert "Secret" not in json.dumps(held)


def test_erasure_leaves_nothing_in_any_file_and_the_log_holds(app: App, tmp_path: Path) -> None:
    run = lived(app)
    disable(app)
    for text in (b"nina.berg", PRIVATE.encode(), NAME.encode()):
        assert text in on_disk(tmp_path)
    before = audit_check.verify(app.services.store)
    done = erase(app)
    assert (done.rows, done.user) == (2, True)
    assert done.values >= 2
    left = on_disk(tmp_path)
    for text in (b"nina.berg", PRIVATE.encode(), NAME.encode(), b"192.0.2.99"):
        assert text not in left
    found = audit_check.verify(app.services.store)
    assert (found.broken, found.entries) == (None, before.entries + 1)
    assert found.erased == done.entries
    entries = app.services.audit_log.entries(LOCAL, AuditFilter(), most=1_000).entries
    assert not [entry for entry in entries if NINA in (entry.on, entry.who) or NINA in entry.outcome]
    assert [entry.outcome for entry in entries if entry.what == "export"] == ["2 mailboxes"]
    assert {entry.who for entry in entries if entry.what == "name.set"} == {"boss"}
    assert {entry.on for entry in entries if entry.what == "sign_in"} == {ERASED}
    with app.services.store.read() as tx:
        assert [each.username for each in journal.rows(tx, run)] == [ERASED, "tess"]
    for make in (app.services.audit_log.csv, app.services.audit_log.jsonl):
        assert NINA.encode() not in b"".join(make(LOCAL, AuditFilter()).pieces)


def test_an_erased_row_is_neither_undone_nor_tried_again(app: App) -> None:
    run = lived(app)
    disable(app)
    erase(app)
    planned = app.services.undo.look(LOCAL, run)
    assert [each.row.username for each in planned.steps if not each.why] == ["tess"]
    with app.services.store.write() as tx:
        tx.exec_driver_sql("UPDATE run_row SET outcome = 'failed' WHERE username = ?", (ERASED,))
    with pytest.raises(InvalidState, match="No row of this run failed"):
        app.services.runs.retry(LOCAL, run)


def test_the_page_shows_erased_entries(app: App) -> None:
    store, now = app.services.store, app.services.clock.now()
    with store.write() as tx:
        audit.record(tx, audit.Actor("boss"), AuditAction.MAILBOX_CREATE, at=now, on=NINA, outcome="made")
    erase(app)
    tab = page("audit")
    assert not tab.exception
    assert ERASED in set(tab.dataframe[0].value["on"])


def test_what_is_under_way_stays_and_is_named(app: App) -> None:
    lived(app)
    disable(app)
    with app.services.store.write() as tx:
        summary = DraftSummary("d", "boss", "staff.csv", ("a.nl",), 3, app.services.clock.now())
        drafts.keep(tx, app.services.store.key, summary, zlib.compress(f"address\n{NINA}\n".encode()), b"")
        tx.exec_driver_sql("UPDATE run SET status = 'paused'")
    done = erase(app)
    assert ("draft", "staff.csv of boss") in done.stays
    assert ("run", "1") in done.stays
    assert done.rows == 0


def test_the_rows_of_drafts_are_handed_out_without_passwords_and_the_draft_is_named(app: App) -> None:
    rows = make_rows(
        {
            "username": ["nina.berg", "tess", "otto"],
            "recovery_email": [PRIVATE, NINA, "other.nina.berg@a.nl"],
            "password": ["Secret.2026x"] * 3,
        }
    )
    batch = ImportBatch(rows, "a.nl", OnExisting.SKIP, False, None)
    app.services.drafts.keep(LOCAL, "d", DraftContent(batch))
    [draft] = person.held(app.services.store, NINA)["drafts"]
    assert [row["username"] for row in draft["rows"]] == ["nina.berg", "tess"]
    assert "Secret" not in json.dumps(draft)
    assert ("draft", f"a draft of {LOCAL.name}") in erase(app).stays
    assert person.held(app.services.store, "otto@b.nl")["drafts"] == []


@pytest.fixture
def command(app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Any:
    monkeypatch.setenv("MXM_DATA_DIR", str(tmp_path))

    def run(*words: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("builtins.input", lambda _asked: typed)
        status = cli.main(["person", *words])
        return (status, *capsys.readouterr())

    return run


def test_the_command_line_exports_and_erases(app: App, command: Any) -> None:
    lived(app)
    status, out, _ = command("export", "Nina.Berg@a.nl")
    assert (status, json.loads(out)["mailbox"]["name"]) == (0, NAME)
    status, _, problem = command("erase", NINA, "--yes")
    assert (status, "may still sign in" in problem) == (2, True)
    disable(app)
    status, _, problem = command("erase", NINA, typed="tess@a.nl")
    assert (status, "Nothing was erased" in problem) == (2, True)
    status, out, _ = command("erase", NINA, typed=NINA)
    assert status == 0
    assert "audit entries" in out
    assert "Backups made before still hold it" in out
    entry = services.current().audit_log.entries(LOCAL, AuditFilter(what=AuditAction.PERSON_ERASE)).entries[0]
    assert NINA not in f"{entry.on}{entry.outcome}{entry.detail}"
    status, out, _ = command("export", NINA)
    held = json.loads(out)
    assert held["rows_of_runs"] == []
    assert held["user"] is None
    entry = services.current().audit_log.entries(LOCAL, AuditFilter(what=AuditAction.PERSON_EXPORT)).entries[0]
    assert entry.on == "a person"
