"""The preview on its page: rows in view, bulk tools, and fixing a row without the grid."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL
from mxlib.core.files.reader import FileRefused
from mxlib.core.schema import MASK
from mxlib.services.drafts import DraftService, DraftTakenOver
from tests.support import app as support
from tests.support.app import App
from tests.support.pages import grid_key, opened, preview, statuses

FILE = (
    b"username,password,quota,limit,recovery_email,domain\r\n"
    b"Zoe.Berg ,Geheim.2026x,2048,,zoe@example.org,\r\n"
    b"jan jansen,Geheim.2026x,1024,,,\r\n"
    b"anna,,512,500,,\r\n"
    b"zoe.berg,Geheim.2026x,,,,\r\n"
    b"there,Geheim.2026x,,,,b.nl\r\n"
)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A server over the pure stand-in, with a.nl, b.nl and c.nl, and there@b.nl in it."""
    with support.opened(tmp_path) as made:
        made.have("there@b.nl")
        yield made


@pytest.fixture
def tab(app: App) -> AppTest:
    """A tab with the preview of FILE."""
    return preview(opened("import_mailboxes", domain="a.nl"), FILE)


def names(tab: AppTest) -> list[str]:
    return [str(name) for name in tab.data_editor[0].value["username"]]


def column(tab: AppTest, name: str) -> list[Any]:
    return list(tab.data_editor[0].value[name])


def typed(tab: AppTest, rows: dict[int, dict[str, Any]]) -> None:
    """Type into the grid, as the browser would report it."""
    tab.session_state[grid_key(tab)] = {"edited_rows": rows, "added_rows": [], "deleted_rows": []}
    tab.run()
    assert not tab.exception


def press(tab: AppTest, key: str) -> None:
    tab.button(key=key).click().run()
    assert not tab.exception


def choose(tab: AppTest, kind: str) -> None:
    tab.segmented_control(key="rows_filter").set_value(kind).run()
    assert not tab.exception


def search(tab: AppTest, text: str) -> None:
    tab.text_input(key="search").set_value(text).run()


def bulk(tab: AppTest, tool: str, **said: str) -> None:
    tab.selectbox(key="bulk_tool").set_value(tool).run()
    for key, value in said.items():
        tab.text_input(key=f"bulk_{key}").set_value(value).run()
    press(tab, "bulk_apply")


def written(tab: AppTest) -> str:
    return "\n".join(str(mark.value).replace("\\", "") for mark in [*tab.markdown, *tab.caption, *tab.error])


def test_a_search_and_a_filter_hold_together(tab: AppTest) -> None:
    search(tab, "berg")
    choose(tab, "duplicate")
    assert statuses(tab) == ["Duplicate"]
    assert "1 of 5 rows." in written(tab)


def test_a_fixed_row_stays_in_view_until_the_filter_is_applied_again(tab: AppTest) -> None:
    search(tab, "jansen")
    typed(tab, {0: {"username": "gerrit"}})
    assert statuses(tab) == ["Ready"]
    assert "1 of 5 rows, 1 fixed." in written(tab)
    tab.toggle(key="reveal").set_value(True).run()
    press(tab, "add")
    assert len(names(tab)) == 2
    assert names(tab)[1] == "gerrit"
    press(tab, "again")
    assert not tab.data_editor
    assert "No rows match." in tab.info[0].value


def test_each_bulk_tool_does_what_its_boxes_say_and_can_be_undone(tab: AppTest) -> None:
    tools: tuple[tuple[str, dict[str, str], str, str], ...] = (
        ("Set domain", {"value": "c.nl"}, "domain", "c.nl"),
        ("Set quota (MB)", {"value": "4 GB"}, "quota", "4 GB"),
        ("Set daily limit", {"value": "9600"}, "limit", "9600"),
        ("Prefix or suffix usernames", {"before": "x.", "after": ".y"}, "username", "x.jan jansen.y"),
        ("Replace text", {"old": " ", "new": "-"}, "username", "x.jan-jansen.y"),
    )
    choose(tab, "invalid")
    for tool, said, name, becomes in tools:
        bulk(tab, tool, **said)
        assert column(tab, name) == [becomes]
        assert "1 row changed." in written(tab)
    press(tab, "undo")
    assert names(tab) == ["x.jan jansen.y"]
    press(tab, "redo")
    assert names(tab) == ["x.jan-jansen.y"]
    tab.selectbox(key="bulk_tool").set_value("Generate passwords").run()
    tab.checkbox(key="bulk_overwrite").check().run()
    press(tab, "bulk_apply")
    assert list(tab.session_state["preview"].editor.draft.rows["generated"]) == [False, True, False, False, False]
    assert column(tab, "password") == [MASK]


def test_rows_of_a_kind_are_left_out_included_again_or_deleted(tab: AppTest) -> None:
    assert statuses(tab) == ["Ready", "Error", "Needs password", "Duplicate", "Already exists"]
    tab.selectbox(key="bulk_tool").set_value("Exclude rows").run()
    press(tab, "bulk_apply")
    assert statuses(tab) == ["Ready", "Excluded", "Needs password", "Excluded", "Excluded"]
    tab.selectbox(key="bulk_tool").set_value("Set quota (MB)").run()
    tab.radio(key="bulk_for").set_value("ticked").run()
    bulk(tab, "Set quota (MB)", value="7000")
    assert column(tab, "quota") == ["7000", "1024", "7000", "", ""]
    bulk(tab, "Include rows")
    assert statuses(tab) == ["Ready", "Error", "Needs password", "Duplicate", "Already exists"]
    typed(tab, {at: {"ticked": False} for at in range(5)})
    bulk(tab, "Delete excluded rows")
    assert "There is no row left. Undo" in tab.info[0].value


def test_the_original_of_a_row_is_shown_next_to_it_and_as_a_list(tab: AppTest) -> None:
    typed(tab, {1: {"username": "jan.jansen", "password": "Anders.2026x"}})
    tab.toggle(key="show_changes").set_value(True).run()
    was = column(tab, "was")
    assert was[0] == "Username 'Zoe.Berg ' → 'zoe.berg'."
    assert was[1] == "Username 'jan jansen' → 'jan.jansen'. Password changed."
    assert was[2:] == ["", "", ""]


def test_rows_pasted_into_the_preview_are_on_top_and_can_be_undone(tab: AppTest) -> None:
    tab.text_area(key="further").set_value("username\tquota\tdomain\nKim \t1 GB\t\nlou\t\tc.nl\n").run()
    press(tab, "add_further")
    assert names(tab)[:2] == ["kim", "lou"]
    assert column(tab, "domain")[:2] == ["", "c.nl"]
    assert "2 rows added on top, read as Username, Domain and Quota (MB). Undo takes them back." in written(tab)
    assert tab.text_area(key="further").value == ""
    press(tab, "undo")
    assert len(names(tab)) == 5


def test_pasted_rows_that_cannot_be_added_are_refused_and_stay_in_the_box(tab: AppTest, app: App) -> None:
    for text, message in (
        ("password\nGeheim.2026x\n", "We found no usernames or addresses."),
        ("kim\nlou\n", "7 rows; the limit is 6. Split the file."),
    ):
        object.__setattr__(app.services.settings, "max_rows", 6)
        tab.text_area(key="further").set_value(text).run()
        press(tab, "add_further")
        assert message in written(tab)
        assert len(names(tab)) == 5
        assert tab.text_area(key="further").value == text


def test_pasted_rows_without_a_header_are_read_as_the_file_is(app: App) -> None:
    files, file = app.services.files, app.services.files.read_by_header(FILE, "staff.csv")
    rows = files.further(LOCAL, "kim\tGeheim.2026x\t77\n", "a.nl", file).rows
    assert rows[["username", "password", "quota"]].values.tolist() == [["kim", "Geheim.2026x", "77"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,c,d,e,f,g\n", "7 columns without a header. Put a line above that names them"),
        ('username,password\njan,"open\n', "a quote opens in line 2 and never closes"),
        ("user,username\na,b\n", "Both 'user' and 'username' hold usernames."),
        ("username\n", "The file has a header and no rows."),
    ],
)
def test_pasted_rows_that_are_no_table_are_refused_in_one_sentence(app: App, text: str, message: str) -> None:
    file = app.services.files.read_by_header(FILE, "staff.csv")
    with pytest.raises(FileRefused, match=re.escape(message)):
        app.services.files.further(LOCAL, text, "a.nl", file)


def test_a_mask_pasted_into_a_cell_without_a_password_does_not_stay_there(tab: AppTest) -> None:
    typed(tab, {2: {"password": MASK}})
    assert column(tab, "password")[2] == ""
    assert statuses(tab)[2] == "Needs password"
    assert "A mask is no password" in written(tab)


def test_re_check_says_what_changed_at_the_host_and_when_nothing_did(tab: AppTest, app: App) -> None:
    press(tab, "recheck")
    assert "Read from MXroute again: nothing changed." in written(tab).replace("\\", "")
    app.have("zoe.berg@a.nl")
    press(tab, "recheck")
    assert "Read from MXroute again: 1 row was ready and now is otherwise (Already exists); left out." in written(
        tab
    ).replace("\\", "")
    assert statuses(tab)[0] == "Already exists"
    typed(tab, {1: {"username": "jan"}})
    tab.selectbox(key="order").set_value("address").run()
    assert "Read from MXroute again" not in written(tab).replace("\\", "")


def test_re_check_says_which_domain_could_not_be_read(app: App) -> None:
    imports, batch = app.services.imports, app.services.files.batch_from_file(FILE, "staff.csv", "a.nl")
    imports.validate(LOCAL, batch)
    app.host.down = True
    message = "a.nl and b.nl could not be read from MXroute just now: what is shown is by the list before."
    assert imports.recheck(LOCAL, batch) == message


def test_the_corrected_file_is_not_offered_before_the_draft_is_stored(
    tab: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise DraftTakenOver("kim has taken this draft over.")

    monkeypatch.setattr(DraftService, "keep", full)
    typed(tab, {0: {"username": "x"}})
    assert any("kept in this tab only. kim has" in str(warning.value) for warning in tab.warning)


def test_widgets_that_the_browser_drew_again_with_their_defaults_change_nothing(tab: AppTest) -> None:
    """Seen in Chromium: all switches off and no button chosen at once, in the report of one click."""
    tab.toggle(key="generate").set_value(True).run()
    tab.toggle(key="reveal").set_value(True).run()
    tab.text_input(key="search").set_value("nina").run()
    editor = tab.session_state["preview"].editor
    rows = editor.latest.rows
    assert rows["generated"].any()
    for key in ("generate", "reveal", "show_changes"):
        tab.toggle(key=key).set_value(False)
    tab.text_input(key="search").set_value("")
    tab.segmented_control(key="on_existing").set_value(None)
    tab.segmented_control(key="rows_filter").set_value(None)
    tab.run()
    assert not tab.exception
    assert list(editor.latest.rows["password"]) == list(rows["password"])
    assert (tab.toggle(key="generate").value, tab.toggle(key="reveal").value) == (True, True)
    assert (tab.text_input(key="search").value, tab.segmented_control(key="on_existing").value) == ("nina", "skip")
