"""Rows that a run leaves out stay in a draft of their own; a run that stops mail starts only when that is agreed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.core.import_batch import ImportBatch
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.vocabulary import Action, OnExisting
from mxlib.services.drafts import DraftContent
from mxlib.services.files import MappingQuestion
from mxlib.services.imports import PreparedImport
from mxlib.store import Tx, drafts
from tests.support import app as support
from tests.support.app import App
from tests.support.audit_entries import audit_entries

FILE = (
    b"Note,username,password,quota,limit,recovery_email,domain\r\n"
    b"first,nina.berg,Geheim.2026x,2048,,nina@example.org,\r\n"
    b"second,jan jansen,Geheim.2026y,1024,,,\r\n"
    b"third,tess.groen,Geheim.2026z,512,,,\r\n"
    b"fourth,nina.berg,Geheim.2026w,,,,\r\n"
    b"fifth,out,Geheim.2026v,,,,\r\n"
)
SENT = {"Geheim.2026x", "Geheim.2026z"}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with support.opened(tmp_path) as made:
        yield made


def begun(app: App, *, unticked: int = 4, content: bytes = FILE) -> tuple[str, DraftContent]:
    """A draft of FILE, kept, with one row excluded."""
    batch = app.services.files.batch_from_file(content, "staff.csv", "a.nl")
    rows = batch.rows.assign(ticked=[at != unticked for at in range(len(batch.rows))])
    number, work = app.services.drafts.new(), DraftContent(ImportBatch(rows, "a.nl", source=batch.source), content)
    version = app.services.drafts.keep(LOCAL, number, work)
    return number, DraftContent(work.batch, content, version)


def prepared(app: App, batch: ImportBatch) -> PreparedImport:
    imports = app.services.imports
    return imports.confirm(LOCAL, batch, before=imports.validate(LOCAL, batch))


def started(app: App, number: str, work: DraftContent, caller: Caller = LOCAL) -> int:
    ready = prepared(app, work.batch)
    also = app.services.drafts.replace_at_start(caller, number, work, ready.plan)
    return app.services.imports.carry_out(caller, ready, days=7, also=also)


def test_after_the_run_the_draft_has_just_the_rows_left_out(app: App) -> None:
    number, work = begun(app)
    run = started(app, number, work)
    app.ended(run)
    kept = app.services.drafts.left_out_of(LOCAL, run)
    assert kept is not None
    assert (kept.run, kept.rows, kept.file_name) == (run, 3, "staff.csv")
    left = app.services.drafts.open(LOCAL, kept.id)
    assert left is not None
    rows = left.batch.rows
    assert rows["username"].tolist() == ["jan jansen", "nina.berg", "out"]
    assert rows["ticked"].tolist() == [True, True, False]
    assert rows["line"].tolist() == [3, 5, 6]
    assert not app.services.drafts.may_go_on(Caller("stranger"), kept.id)


def test_the_rows_left_out_keep_their_own_columns_and_are_as_in_their_file(app: App) -> None:
    number, work = begun(app)
    run = started(app, number, work)
    app.ended(run)
    kept = app.services.drafts.left_out_of(LOCAL, run)
    assert kept is not None
    left = app.services.drafts.open(LOCAL, kept.id)
    assert left is not None
    plan = prepared(app, left.batch).plan
    assert [row.cells for row in plan.rows] == [{"Note": "second"}, {"Note": "fourth"}, {"Note": "fifth"}]
    assert plan.rows[1].left_out.startswith("Already exists.")  # it was sent meanwhile
    assert not any(row.acts for row in plan.rows)


def test_no_password_of_a_sent_row_stays_in_a_draft(app: App) -> None:
    number, work = begun(app)
    app.ended(run := started(app, number, work))
    kept = app.services.drafts.left_out_of(LOCAL, run)
    assert kept is not None
    left = app.services.drafts.open(LOCAL, kept.id)
    assert left is not None
    assert not [password for password in SENT if password.encode() in left.file]
    assert app.services.drafts.open(LOCAL, number) is None


def test_until_its_run_ends_nobody_is_offered_the_rows_left_out(app: App) -> None:
    number, work = begun(app)
    ready = prepared(app, work.batch)
    app.host.down = True
    also = app.services.drafts.replace_at_start(LOCAL, number, work, ready.plan)
    run = app.services.imports.carry_out(LOCAL, ready, days=7, also=also)
    assert app.services.drafts.offered(LOCAL) == ()
    with app.services.store.read() as tx:
        (kept,) = drafts.list_drafts(tx)
    assert kept.run == run
    assert app.services.drafts.open(LOCAL, kept.id) is None


def test_without_a_row_to_fix_the_draft_is_gone(app: App) -> None:
    content = b"username,password\r\nnina.berg,Geheim.2026x\r\nout,Geheim.2026v\r\n"
    number, work = begun(app, unticked=1, content=content)
    app.ended(started(app, number, work))
    assert app.services.drafts.offered(LOCAL) == ()


def test_a_draft_that_another_tab_changed_stays(app: App) -> None:
    number, work = begun(app)
    app.services.drafts.keep(LOCAL, number, work)
    started(app, number, work)
    assert app.services.drafts.open(LOCAL, number) is not None


def full(app: App) -> PreparedImport:
    """An update that sets a quota below what a mailbox holds."""
    app.have("info@a.nl")
    boxes = app.host.sandbox.account.domains["a.nl"]
    boxes["info"] = replace(boxes["info"], usage=900.0)
    content = b"username,quota\r\ninfo,500\r\n"
    batch = app.services.files.batch_from_file(content, "staff.csv", "a.nl", on_existing=OnExisting.UPDATE)
    return prepared(app, batch)


def test_what_stops_mail_is_carried_out_only_when_that_is_agreed(app: App) -> None:
    ready = full(app)
    assert ready.figures.stop_mail == 1
    with pytest.raises(InvalidBody, match="1 mailbox would stop receiving mail") as refused:
        app.services.imports.carry_out(LOCAL, ready, days=7)
    assert refused.value.field == "stops_mail"
    assert app.services.runs.all(LOCAL) == ()
    app.ended(app.services.imports.carry_out(LOCAL, ready, days=7, stops_mail=True))


def test_a_program_needs_no_agreement(app: App) -> None:
    ready = full(app)
    app.ended(app.services.imports.start(LOCAL, ready.batch))


PEOPLE = b"Vorname;Nachname;quota\r\nLena;Vogt;2048\r\nTim;Berg;lots\r\nAda;Smit;512\r\nIvo;Roth;lots\r\n"


def people(app: App, caller: Caller = LOCAL) -> ImportBatch:
    """Return an update by usernames made of names; lena.vogt and tim.berg exist."""
    app.have("lena.vogt@a.nl", "tim.berg@a.nl")
    question = app.services.files.read(caller, PEOPLE, "staff.csv", "a.nl")
    assert isinstance(question, MappingQuestion)
    file = app.services.files.answered(caller, question.sheet, question.answer, "a.nl")
    rows = file.rows.assign(password=["", "", "Geheim.2026x", "Geheim.2026y"])
    return ImportBatch(rows, "a.nl", OnExisting.UPDATE, source=file, made=file.made_usernames)


def updated(ready: PreparedImport) -> list[str]:
    return [row.username for row in ready.plan.rows if row.acts and row.action is Action.UPDATE]


def test_the_mailbox_of_a_namesake_is_not_updated_unless_a_person_says_so(app: App) -> None:
    batch = people(app)
    ready = prepared(app, batch)
    assert updated(ready) == []
    assert ready.plan.rows[0].left_out
    assert any("whose usernames were made of names" in change for change in ready.changes)
    app.ended(app.services.imports.start(LOCAL, batch))
    assert app.host.sandbox.account.domains["a.nl"]["lena.vogt"].quota != 2048


def test_the_answer_is_audited_in_the_transaction_of_the_start(app: App) -> None:
    said = replace(people(app), same_people=frozenset({(0, "lena.vogt@a.nl"), (1, "tim.berg@a.nl")}))
    ready = prepared(app, said)
    assert (updated(ready), ready.same_people) == (["lena.vogt"], 1)  # the other row is not valid

    def refuse(tx: Tx, run: int) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        app.services.imports.carry_out(LOCAL, ready, days=7, also=refuse)
    assert answers(app) == []
    run = app.services.imports.carry_out(LOCAL, ready, days=7)
    assert answers(app) == [("staff.csv", run, "1 mailbox")]
    app.ended(run)
    assert app.host.sandbox.account.domains["a.nl"]["lena.vogt"].quota == 2048


def answers(app: App) -> list[tuple[str, int, str]]:
    with app.services.store.read() as tx:
        entries = audit_entries(tx)
    return [(each["on"], each["run"], each["outcome"]) for each in entries if each["what"] == "import.same_people"]


def test_rows_left_out_still_have_usernames_made_of_names(app: App) -> None:
    batch = people(app)
    number = app.services.drafts.new()
    version = app.services.drafts.keep(LOCAL, number, DraftContent(batch, PEOPLE))
    work = app.services.drafts.open(LOCAL, number)
    assert work is not None
    assert (work.version, work.batch.made) == (version, batch.made)
    run = started(app, number, work)
    app.ended(run)
    kept = app.services.drafts.left_out_of(LOCAL, run)
    assert kept is not None
    left = app.services.drafts.open(LOCAL, kept.id)
    assert left is not None
    assert left.batch.made == {0: "lena.vogt", 1: "tim.berg", 2: "ivo.roth"}
    rows = left.batch.rows.assign(ticked=True, quota="2048")
    assert updated(prepared(app, replace(left.batch, rows=rows))) == []
    said = frozenset({(0, "lena.vogt@a.nl")})
    assert updated(prepared(app, replace(left.batch, rows=rows, same_people=said))) == ["lena.vogt"]


def test_the_answers_are_kept_with_a_draft(app: App) -> None:
    batch = replace(people(app), same_people=frozenset({(0, "lena.vogt@a.nl")}))
    number = app.services.drafts.new()
    app.services.drafts.keep(LOCAL, number, DraftContent(batch, PEOPLE))
    work = app.services.drafts.open(LOCAL, number)
    assert work is not None
    assert (work.batch.made, work.batch.same_people) == (batch.made, batch.same_people)


def test_rows_left_out_of_the_draft_of_another_are_not_of_who_took_it_over(app: App) -> None:
    may = {"a.nl": frozenset({Permission.IMPORT})}
    nina, kim = Caller("nina", domains=may), Caller("kim", domains=may)
    number, work = begun(app)
    with app.services.store.write() as tx:
        drafts.drop(tx, [number])
    app.services.drafts.keep(nina, number, DraftContent(work.batch, FILE))
    taken = app.services.drafts.open(kim, number)
    assert taken is not None
    run = started(app, number, taken, kim)
    app.ended(run)
    assert app.services.drafts.left_out_of(kim, run) is not None
    own = app.services.drafts.new()
    app.services.drafts.keep(kim, own, replace(taken, version=0))
    elsewhere = Caller("kim", domains={"b.nl": frozenset({Permission.IMPORT})})
    assert app.services.drafts.offered(elsewhere) == ()
