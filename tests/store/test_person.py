"""What is held of a person can be handed out and erased; the audit log still verifies."""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine.default import DefaultDialect

from mxlib import cli, services
from mxlib.auth.permissions import LOCAL, Permission
from mxlib.core.clients import ClientDetails
from mxlib.core.import_batch import ImportBatch
from mxlib.core.schema import make_rows
from mxlib.core.vocabulary import ERASED, AuditAction, CallerKind, OnExisting
from mxlib.runs.retry import InvalidState
from mxlib.services.audit_log import AuditFilter
from mxlib.services.drafts import DraftContent
from mxlib.store import (
    StoreUnavailable,
    audit,
    audit_check,
    drafts,
    erasure,
    journal,
    person,
    person_erasure,
    run_notes,
    stored_columns,
)
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


def test_erasure_leaves_nothing_in_any_file_and_the_log_holds(app: App, tmp_path: Path, database: str) -> None:
    run = lived(app)
    disable(app)
    for text in (b"nina.berg", PRIVATE.encode(), NAME.encode()):
        assert text in on_disk(tmp_path) or database == "postgresql"
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
        tx.exec_driver_sql(f"UPDATE run_row SET outcome = 'failed' WHERE username = '{ERASED}'")
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


# What a bare name finds.


def words_of_others(app: App) -> None:
    """Let a disabled user `admin` have acted, and others write that word in every text."""
    store, now = app.services.store, app.services.clock.now()
    rows = (row(0, username="admin", recovery_email="admin@mail.example", name="The admin"),)
    run = app.services.run_manager.start(plan(*rows, name="admin accounts.csv"), "boss", retention_days=7)
    app.ended(run)
    app.services.users.add(LOCAL, "boss", "kettle-orbit-Walnut-73", admin=True, permissions={})
    app.services.users.add(LOCAL, "admin", "pencil-Harbor-91-mosaic", admin=True, permissions={})
    found = app.services.users.find("admin")
    assert found
    app.services.tokens.create(LOCAL, "admin sync", admin=True, domains={}, days=7)
    app.services.clients.add(LOCAL, ClientDetails("Client A", ("a.nl",), notes="Ask their admin first."))
    with store.write() as tx:
        admin, boss = audit.Actor("admin", address="192.0.2.99"), audit.Actor("boss")
        audit.record(tx, admin, AuditAction.EXPORT, at=now, on="a.nl", outcome="2 mailboxes")
        audit.record(tx, admin, AuditAction.SIGN_IN, at=now, on="admin", outcome="by password")
        audit.record(tx, boss, AuditAction.CLIENT_ADD, at=now, on="admin", outcome="named so")
        audit.record(tx, boss, AuditAction.PERSON_EXPORT, at=now, on="admin")
        audit.record(tx, boss, AuditAction.USER_ADD, at=now, on="kim", outcome="admin", detail={"role": "admin"})
        audit.record(tx, boss, AuditAction.TOKEN_HAND_OVER, at=now, on="x (token 9)", outcome="from admin to boss")
        engine = audit.Actor("admin", CallerKind.ENGINE)
        audit.record(tx, engine, AuditAction.AUDIT_DOWNLOAD, at=now, on="audit log", outcome="the admin asked")
    app.services.users.disable(LOCAL, found.id)


def test_a_bare_name_is_found_only_where_a_field_has_nothing_but_a_user(app: App) -> None:
    words_of_others(app)
    store = app.services.store
    before = {entry.id: entry for entry in app.services.audit_log.entries(LOCAL, AuditFilter(), most=1_000).entries}
    held = person.held(store, "admin")
    assert held["user"]["name"] == "admin"
    assert (held["rows_of_runs"], held["runs_that_name"], held["tokens_that_name"]) == ([], [], [])
    assert held["clients_that_name"] == []
    done = person_erasure.erase(store, "admin", LOCAL)
    assert done.user
    after = {entry.id: entry for entry in app.services.audit_log.entries(LOCAL, AuditFilter(), most=1_000).entries}
    changed = {(before[number].what, before[number].who) for number in before if before[number] != after[number]}
    assert changed == {
        ("export", "admin"), ("sign_in", "admin"), ("user.add", LOCAL.name), ("user.disable", LOCAL.name),
        ("token.hand_over", "boss"), ("person.export", "boss"),
    }  # fmt: skip
    for number, entry in before.items():
        if entry.who == "admin" and entry.kind == CallerKind.OPERATOR:
            assert (after[number].who, after[number].address) == (ERASED, ERASED)
            assert after[number].on == (ERASED if entry.on == "admin" else entry.on)
    assert [entry.outcome for entry in after.values() if entry.what == "export"] == ["2 mailboxes"]
    assert app.services.clients.list_all(LOCAL)[0].details.notes == "Ask their admin first."
    with store.read() as tx:
        [stored] = journal.rows(tx, 1)
        assert (stored.username, stored.recovery_email) == ("admin", "admin@mail.example")
        assert tx.exec_driver_sql("SELECT file_name FROM run").scalar() == "admin accounts.csv"
        assert tx.exec_driver_sql("SELECT name FROM token ORDER BY id DESC").scalar() == "admin sync"
    assert audit_check.verify(store).intact


def test_both_forms_of_an_international_domain_are_one_person(app: App, command: Any) -> None:
    store, now = app.services.store, app.services.clock.now()
    ascii_form, shown = "nina@xn--mnchen-3ya.example", "nina@münchen.example"
    with store.write() as tx:
        stored_columns.put(tx, "recovery_email", "a.nl", "nina", ascii_form, now)
        audit.record(tx, audit.Actor("boss"), AuditAction.EXPORT, at=now, on="a.nl", outcome=f"for {shown.upper()}")
        detail = {"to": f"Nina <{shown}>"}
        audit.record(tx, audit.Actor("boss"), AuditAction.EXPORT, at=now, on="a.nl", detail=detail)
    for typed in (shown, ascii_form, "Nina@MÜNCHEN.example"):
        status, out, _ = command("export", typed)
        held = json.loads(out)
        assert (status, held["address"]) == (0, ascii_form)
        assert held["recovery_email_of"] == ["nina@a.nl"]
        assert len([each for each in held["audit_entries"] if each["what"] == "export"]) == 2
    status, out, _ = command("erase", shown, typed=shown)
    assert status == 0
    status, out, problem = command("export", ascii_form)
    held = json.loads(out)
    assert (held["recovery_email_of"], held["audit_entries"]) == ([], [])
    assert "Nothing names this address." in problem


def test_a_subject_that_nothing_names_is_said_to_be_unknown(app: App, command: Any) -> None:
    lived(app)
    assert command("erase", "nobody@a.nl", "--yes") == (0, "Nothing names this address.\n", "")
    status, out, problem = command("export", "nobody@a.nl")
    assert (status, json.loads(out)["audit_entries"], problem) == (0, [], "Nothing names this address.\n")
    status, out, problem = command("export", NINA)
    assert (status, problem) == (0, "")


@pytest.mark.parametrize("stopped", [KeyboardInterrupt(), StoreUnavailable("The disk is full.")])
@pytest.mark.parametrize("step", [1, 2])
def test_an_erasure_that_stops_on_its_way_says_so_and_goes_on(
    app: App, command: Any, monkeypatch: pytest.MonkeyPatch, stopped: BaseException, step: int
) -> None:
    lived(app)
    disable(app)
    real, steps = person_erasure._must_not_sign_in, []

    def stops(tx: Any, address: str) -> None:
        steps.append(address)
        if len(steps) == step + 1:  # the first one is before any step
            raise stopped
        real(tx, address)

    with monkeypatch.context() as patch:
        patch.setattr(person_erasure, "_must_not_sign_in", stops)
        status, out, problem = command("erase", NINA, "--yes")
    assert (status, out) == (2, "")
    assert ("Run the same command again to finish it" in problem) is (step > 1)
    assert ("Nothing was changed" in problem) is (step == 1 and isinstance(stopped, KeyboardInterrupt))
    assert command("erase", NINA, "--yes")[0] == 0
    assert not person.is_known(person.held(app.services.store, NINA))


def test_what_takes_long_to_open_is_read_outside_of_writes(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    lived(app)
    disable(app)
    batch = ImportBatch(make_rows({"username": ["nina.berg"]}), "a.nl", OnExisting.SKIP, False, None)
    app.services.drafts.keep(LOCAL, "d", DraftContent(batch))
    held = []

    def watched(real: Any) -> Any:
        def call(*given: Any) -> Any:
            held.append((real.__name__, app.services.store.database.alone.locked()))
            return real(*given)

        return call

    monkeypatch.setattr(drafts, "content", watched(drafts.content))
    monkeypatch.setattr(run_notes, "unseal", watched(run_notes.unseal))
    done = erase(app)
    assert ("draft", f"a draft of {LOCAL.name}") in done.stays
    assert ("content", False) in held
    assert ("content", True) not in held


@pytest.mark.parametrize(("statement", "left"), [("COMMIT", 0), ("UPDATE", 1)])
def test_an_interruption_within_a_statement_leaves_whole_steps(
    app: App, command: Any, monkeypatch: pytest.MonkeyPatch, statement: str, left: int
) -> None:
    """SQLAlchemy then closes the connection, so that nothing is left to roll back."""
    store, now = app.services.store, app.services.clock.now()
    with store.write() as tx:
        audit.record(tx, audit.Actor("boss"), AuditAction.NAME_SET, at=now, on=NINA, outcome="set")
    execute, erase_entries, armed = DefaultDialect.do_execute, person_erasure._erase_entries, []

    def interrupted(dialect: Any, cursor: Any, sql: str, *given: Any) -> None:
        execute(dialect, cursor, sql, *given)
        if armed and sql.startswith(statement):
            raise KeyboardInterrupt

    def arm(*given: Any) -> None:
        armed.append(True)
        erase_entries(*given)

    with monkeypatch.context() as patch:
        patch.setattr(DefaultDialect, "do_execute", interrupted)
        patch.setattr(person_erasure, "_erase_entries", arm)
        status, _, problem = command("erase", NINA, "--yes")
    assert status == 2
    assert ("Run the same command again" in problem) is (statement == "COMMIT")
    assert ("Nothing was changed" in problem) is (statement == "UPDATE")
    assert len(person.held(store, NINA)["audit_entries"]) == left
    assert audit_check.verify(store).intact
