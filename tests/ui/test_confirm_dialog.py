"""The footer of the preview, the dialog before a run, and the rows that the run leaves out."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.text import file_problems
from tests.support import app as support
from tests.support.app import App
from tests.support.pages import opened, plain, preview

FILE = (
    b"username,password,quota,domain\r\n"
    b"nina.berg,Geheim.2026x,2048,\r\n"
    b"jan jansen,Geheim.2026x,1024,\r\n"
    b"tess.groen,Geheim.2026x,512,b.nl\r\n"
    b"nina.berg,Geheim.2026x,,\r\n"
)
UPDATES = b"username,quota\r\ninfo,500\r\nroom,500\r\n"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with support.opened(tmp_path) as made:
        made.have("info@a.nl", "room@a.nl", "desk@b.nl")
        boxes = made.host.sandbox.account.domains["a.nl"]
        boxes["info"] = replace(boxes["info"], usage=900.0)
        yield made


def pressed(tab: AppTest, key: str) -> AppTest:
    tab.button(key=key).click().run()
    assert not tab.exception
    return tab


def said(tab: AppTest) -> str:
    return plain("\n".join(str(each.value) for each in [*tab.markdown, *tab.caption, *tab.warning, *tab.error]))


def import_page() -> AppTest:
    return opened("import_mailboxes", domain="a.nl")


def test_the_footer_counts_what_is_ready_and_what_is_not(app: App) -> None:
    tab = preview(import_page(), FILE)
    assert "**2 ready** · 2 not" in said(tab)
    assert tab.button(key="create").label == "Create 2 mailboxes"


def test_the_dialog_shows_figures_and_each_domain(app: App) -> None:
    tab = pressed(preview(import_page(), FILE), "create")
    assert [(metric.label, metric.value) for metric in tab.metric] == [
        ("New", "2"),
        ("Changed", "0"),
        ("Not included", "2"),
        ("Time", "1 minute"),
    ]
    table = tab.dataframe[-1].value
    assert table.to_dict("records") == [
        {"Domain": "a.nl", "Now": 2, "New": 1, "After": 3},
        {"Domain": "b.nl", "Now": 1, "New": 1, "After": 2},
    ]
    assert "1 row has errors and 1 is a duplicate. They stay in a draft, to fix after the run." in said(tab)
    assert tab.button(key="start").label == "Create 2 mailboxes"
    assert tab.segmented_control(key="retention").label == "Keep MXM's copy of the passwords for"


def test_what_stops_mail_needs_a_tick(app: App) -> None:
    tab = preview(import_page(), UPDATES)
    assert "All 2 exist: update them?" in said(tab)
    pressed(pressed(tab, "show_update"), "create")
    assert "1 mailbox would stop receiving mail: it holds more than its new quota." in said(tab)
    assert tab.button(key="start").disabled
    tab.checkbox(key="stops_mail").check().run()
    assert not tab.button(key="start").disabled
    pressed(tab, "start")
    (run,) = app.services.runs.all(LOCAL)
    assert app.ended(run.id)["counts"]["updated"] == 2


def test_notices_to_former_recovery_emails_are_counted_and_can_be_left_out(app: App) -> None:
    app.services.self_service.switch(LOCAL, "a.nl", on=True)
    for name in ("info", "room"):
        app.services.mailboxes.set_stored(LOCAL, "a.nl", name, "recovery_email", f"{name}@mail.example")
    content = b"username,recovery_email\r\ninfo,new@mail.example\r\nroom,new@mail.example\r\n"
    tab = pressed(pressed(preview(import_page(), content), "show_update"), "create")
    counted = "2 people get a mail at the former recovery emails, as self-service reset is on there."
    assert counted in [plain(each.value) for each in tab.info]
    tab.checkbox(key="leave_notices_out").check().run()
    pressed(tab, "start")
    (run,) = app.services.runs.all(LOCAL)
    app.ended(run.id)
    assert app.services.self_service.work().mails == 0


def test_the_rows_left_out_are_offered_on_the_card_and_the_import_page(app: App) -> None:
    tab = pressed(pressed(preview(import_page(), FILE), "create"), "start")
    (run,) = app.services.runs.all(LOCAL)
    app.ended(run.id)
    tab = import_page()
    assert f"2 rows left out of run {run.id}." in said(tab)
    card = opened("jobs", run=str(run.id))
    assert card.button(key="fix_left_out").label == "Fix the 2 rows left out"
    pressed(card, "fix_left_out")
    assert list(card.session_state["preview"].editor.draft.rows["username"]) == ["jan jansen", "nina.berg"]


def test_a_fault_of_the_server_is_not_shown_as_one_of_the_rows(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = pressed(preview(import_page(), FILE), "create")

    def fault(*_: object) -> None:
        raise InvalidBody("rows", "rows: the first one is bad.")

    monkeypatch.setattr(app.services.drafts, "replace_at_start", fault)
    tab.button(key="start").click().run()
    assert tab.exception
    assert "the first one is bad" not in said(tab)
    assert app.services.runs.all(LOCAL) == ()


def test_people_can_set_their_own_passwords_and_links_are_then_the_next_step(app: App) -> None:
    rows = b"username,recovery_email\r\nlena.vos,lena@out.example\r\n"
    tab = pressed(preview(import_page(), rows, generate=True), "create")
    tab.checkbox(key="set_by_owners").check().run()
    pressed(tab, "start")
    (view,) = app.services.runs.all(LOCAL)
    app.ended(view.id)
    ended = app.services.runs.get(LOCAL, view.id)
    assert ended is not None
    assert (ended.set_by_owners, ended.has_passwords) == (1, False)
    tab = opened("jobs", run=str(view.id))
    assert tab.button(key="send_links").proto.type == "primary"
    assert file_problems.CSV_CALCULATES_CELLS in said(tab)
    assert "passwords included" not in said(tab)
