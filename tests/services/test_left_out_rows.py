"""Rows that a run leaves out stay in a draft of their own; a run that stops mail starts only when that is agreed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL, Caller
from mxlib.core.import_batch import ImportBatch
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.vocabulary import OnExisting
from mxlib.services.drafts import DraftContent
from mxlib.services.imports import PreparedImport
from mxlib.store import drafts
from tests.support import app as support
from tests.support.app import App

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
