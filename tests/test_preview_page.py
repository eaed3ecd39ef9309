"""The preview on its page: what is in view, what the tools do to it, and how a row is mended without the grid."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from mxlib.core.schema import MASK
from mxlib.services.drafts import DraftService, DraftTakenOver
from tests import house as houses
from tests.house import House
from tests.test_pages import grid_key, opened, preview, statuses

FILE = (
    b"username,password,quota,limit,recovery_email,domain\r\n"
    b"Zoe.Berg ,Geheim.2026x,2048,,zoe@example.org,\r\n"
    b"jan jansen,Geheim.2026x,1024,,,\r\n"
    b"anna,,512,500,,\r\n"
    b"zoe.berg,Geheim.2026x,,,,\r\n"
    b"there,Geheim.2026x,,,,b.nl\r\n"
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house over the pure stand-in, with a.nl, b.nl and c.nl, and there@b.nl in it."""
    with houses.opened(tmp_path) as opened_house:
        opened_house.have("there@b.nl")
        yield opened_house


@pytest.fixture
def tab(house: House) -> AppTest:
    """A tab with the preview of FILE."""
    return preview(opened("import_mailboxes", domain="a.nl"), FILE)


def names(tab: AppTest) -> list[str]:
    return [str(name) for name in tab.data_editor[0].value["username"]]


def column(tab: AppTest, name: str) -> list[Any]:
    return list(tab.data_editor[0].value[name])


def typed(tab: AppTest, rows: dict[int, dict[str, Any]]) -> None:
    """Type into the grid, as the browser would tell it."""
    tab.session_state[grid_key(tab)] = {"edited_rows": rows, "added_rows": [], "deleted_rows": []}
    tab.run()
    assert not tab.exception


def press(tab: AppTest, key: str) -> None:
    tab.button(key=key).click().run()
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


def test_all_verdicts_are_there(tab: AppTest) -> None:
    assert statuses(tab) == ["Ready", "Invalid", "Needs password", "Duplicate", "Already exists"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("BERG", ["zoe.berg", "zoe.berg"]),
        ("@b.nl", ["there"]),
        ("example.org", ["zoe.berg"]),
        ("has a space", ["jan jansen"]),
    ],
)
def test_a_search_narrows_the_rows_by_address_recovery_email_or_reason(
    tab: AppTest, text: str, found: list[str]
) -> None:
    search(tab, text)
    assert names(tab) == found
    press(tab, "all_rows")
    assert len(names(tab)) == 5


def test_a_search_and_a_badge_hold_together(tab: AppTest) -> None:
    search(tab, "berg")
    press(tab, "badge-duplicate")
    assert statuses(tab) == ["Duplicate"]
    assert "1 row of 5, **Duplicate** with 'berg'" in written(tab)


def test_a_row_mended_so_that_it_no_longer_matches_stays_until_the_filter_is_applied_again(tab: AppTest) -> None:
    search(tab, "jansen")
    typed(tab, {0: {"username": "gerrit"}})
    assert statuses(tab) == ["Ready"]
    assert "1 of them matches no more, and stays until you filter again." in written(tab)
    tab.toggle(key="reveal").set_value(True).run()
    press(tab, "add")
    assert len(names(tab)) == 2
    assert names(tab)[1] == "gerrit"
    press(tab, "again")
    assert not tab.data_editor
    assert "No row is so." in tab.info[0].value


def test_rows_are_sorted_by_line_again_after_they_were_added_deleted_and_undone(tab: AppTest, house: House) -> None:
    tab.selectbox(key="order").set_value("problems").run()
    assert statuses(tab) == ["Invalid", "Duplicate", "Needs password", "Already exists", "Ready"]
    tab.selectbox(key="order").set_value("address").run()
    assert names(tab) == ["anna", "jan jansen", "zoe.berg", "zoe.berg", "there"]
    tab.selectbox(key="order").set_value("line").run()
    press(tab, "add")
    tab.selectbox(key="bulk_tool").set_value("Leave out rows").run()
    press(tab, "bulk_apply")
    bulk(tab, "Delete rows that are left out")
    assert column(tab, "line") == [2, 4]
    press(tab, "undo")
    press(tab, "undo")
    assert [line if line > 0 else 0 for line in tab.data_editor[0].value["line"].fillna(0)] == [0, 2, 3, 4, 5, 6]


def test_a_mended_row_keeps_its_place_while_problems_come_first(tab: AppTest) -> None:
    tab.selectbox(key="order").set_value("problems").run()
    typed(tab, {0: {"username": "jan.jansen"}})
    press(tab, "add")
    assert names(tab)[1] == "jan.jansen"
    assert statuses(tab)[1] == "Ready"


@pytest.mark.parametrize(
    ("tool", "said", "name", "becomes"),
    [
        ("Set domain", {"value": "c.nl"}, "domain", "c.nl"),
        ("Set quota (MB)", {"value": "4 GB"}, "quota", "4 GB"),
        ("Set limit a day", {"value": "9600"}, "limit", "9600"),
        ("Prefix or suffix usernames", {"before": "x.", "after": ".y"}, "username", "x.jan jansen.y"),
        ("Replace text", {"old": " ", "new": "."}, "username", "jan.jansen"),
    ],
)
def test_a_bulk_tool_is_about_the_rows_in_view_and_undo_and_redo_are_about_it(
    tab: AppTest, tool: str, said: dict[str, str], name: str, becomes: str
) -> None:
    before = column(tab, name)
    press(tab, "badge-invalid")
    bulk(tab, tool, **said)
    assert column(tab, name) == [becomes]
    assert "1 row changed." in written(tab)
    press(tab, "badge-all")
    assert column(tab, name) == [before[0], becomes, *before[2:]]
    press(tab, "undo")
    assert column(tab, name) == before
    press(tab, "redo")
    assert column(tab, name)[1] == becomes


def test_a_bulk_tool_can_be_kept_to_ticked_rows(tab: AppTest) -> None:
    typed(tab, {0: {"ticked": False}, 1: {"ticked": False}})
    tab.radio(key="bulk_for").set_value("ticked").run()
    bulk(tab, "Set quota (MB)", value="7000")
    assert column(tab, "quota") == ["2048", "1024", "7000", "7000", "7000"]
    assert "3 rows changed." in written(tab)


def test_passwords_are_generated_for_rows_in_view_and_told_by_no_page(tab: AppTest) -> None:
    press(tab, "badge-needs_password")
    bulk(tab, "Generate passwords")
    assert statuses(tab) == ["Ready"]
    assert column(tab, "password") == [MASK]
    press(tab, "undo")
    assert statuses(tab) == ["Needs password"]
    press(tab, "badge-all")
    tab.selectbox(key="bulk_tool").set_value("Generate passwords").run()
    tab.checkbox(key="bulk_anew").check().run()
    press(tab, "bulk_apply")
    rows = tab.session_state["preview"].editor.draft.rows
    assert list(rows["generated"]) == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("kind", "out"),
    [
        ("invalid", "Invalid"),
        ("exists", "Already exists"),
        ("duplicate", "Duplicate"),
        ("needs_password", "Needs password"),
    ],
)
def test_rows_of_each_kind_can_be_left_out_alone_and_taken_back_in(tab: AppTest, kind: str, out: str) -> None:
    before = statuses(tab)
    tab.selectbox(key="bulk_tool").set_value("Leave out rows").run()
    for other in ("invalid", "exists", "duplicate", "needs_password"):
        box = tab.checkbox(key=f"bulk_leave_{other}")
        (box.check if other == kind else box.uncheck)().run()
    press(tab, "bulk_apply")
    assert statuses(tab) == [status if status != out else "Left out" for status in before]
    bulk(tab, "Take rows back in")
    assert statuses(tab) == before


def test_what_a_row_was_in_the_file_is_shown_beside_it_and_as_a_list(tab: AppTest) -> None:
    typed(tab, {1: {"username": "jan.jansen", "password": "Anders.2026x"}})
    tab.toggle(key="show_changes").set_value(True).run()
    was = column(tab, "was")
    assert was[0] == "Username 'Zoe.Berg ' → 'zoe.berg'."
    assert was[1] == "Username 'jan jansen' → 'jan.jansen'. Password changed."
    assert was[2:] == ["", "", ""]


def test_rows_pasted_into_the_preview_are_on_top_and_undo_takes_them_back(tab: AppTest) -> None:
    tab.text_area(key="further").set_value("username\tquota\tdomain\nKim \t1 GB\t\nlou\t\tc.nl\n").run()
    press(tab, "add_further")
    assert names(tab)[:2] == ["kim", "lou"]
    assert column(tab, "domain")[:2] == ["", "c.nl"]
    assert "2 rows added on top, read as Username, Domain and Quota (MB). Undo takes them back." in written(tab)
    assert tab.text_area(key="further").value == ""
    press(tab, "undo")
    assert len(names(tab)) == 5


def test_pasted_rows_without_a_header_are_read_as_the_file_is(tab: AppTest) -> None:
    tab.text_area(key="further").set_value("kim\tGeheim.2026x\t77\n").run()
    press(tab, "add_further")
    assert (names(tab)[0], column(tab, "quota")[0], statuses(tab)[0]) == ("kim", "77", "Ready")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b,c,d,e,f,g\n", "7 columns without a header. Put a line above that names them"),
        ('username,password\njan,"open\n', "a quote opens in line 2 and never closes"),
        ("password\nGeheim.2026x\n", "No column for usernames or addresses."),
        ("user,username\na,b\n", "Both 'user' and 'username' hold usernames."),
        ("username\n", "The file has a header and no rows."),
    ],
)
def test_pasted_rows_that_are_no_table_are_refused_in_one_sentence_and_stay_in_the_box(
    tab: AppTest, text: str, told: str
) -> None:
    tab.text_area(key="further").set_value(text).run()
    press(tab, "add_further")
    assert told in written(tab)
    assert len(names(tab)) == 5
    assert tab.text_area(key="further").value == text


def test_no_more_rows_are_pasted_than_one_import_takes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = preview(opened("import_mailboxes", domain="a.nl"), FILE)
    object.__setattr__(house.services.settings, "max_rows", 6)
    tab.text_area(key="further").set_value("kim\nlou\n").run()
    press(tab, "add_further")
    assert "7 rows; the limit is 6. Split the file." in written(tab)


def test_a_mask_pasted_into_a_cell_without_a_password_does_not_stay_there(tab: AppTest) -> None:
    typed(tab, {2: {"password": MASK}})
    assert column(tab, "password")[2] == ""
    assert statuses(tab)[2] == "Needs password"
    assert "A mask is no password" in written(tab)


def test_a_mask_pasted_over_a_password_leaves_the_password(tab: AppTest) -> None:
    typed(tab, {0: {"password": MASK, "quota": "77"}})
    assert tab.session_state["preview"].editor.latest.rows["password"][0] == "Geheim.2026x"
    assert column(tab, "quota")[0] == "77"
    assert "A mask is no password" in written(tab)


def test_a_row_that_comes_to_lack_a_password_gets_one_while_they_are_generated(house: House) -> None:
    tab = preview(
        opened("import_mailboxes", domain="b.nl"), b"username,password\r\nthere,\r\nkim,Geheim.2026x\r\n", generate=True
    )
    assert statuses(tab) == ["Already exists", "Ready"]
    key = grid_key(tab)
    typed(tab, {0: {"username": "here"}})
    assert statuses(tab) == ["Ready", "Ready"]
    assert grid_key(tab) == key
    typed(tab, {0: {"username": "here"}, 1: {"password": None}})
    assert statuses(tab) == ["Ready", "Ready"]
    rows = tab.session_state["preview"].editor.latest.rows
    assert list(rows["generated"]) == [True, True]
    assert rows["password"].str.len().min() >= 16


def test_re_check_says_what_changed_at_the_host_and_when_nothing_did(tab: AppTest, house: House) -> None:
    press(tab, "recheck")
    assert "Read from MXroute again: nothing changed." in written(tab).replace("\\", "")
    house.have("zoe.berg@a.nl")
    press(tab, "recheck")
    assert "Read from MXroute again: 1 row was ready and now is otherwise (Already exists); left out." in written(
        tab
    ).replace("\\", "")
    assert statuses(tab)[0] == "Already exists"
    typed(tab, {1: {"username": "jan"}})
    tab.selectbox(key="order").set_value("address").run()
    assert "Read from MXroute again" not in written(tab).replace("\\", "")


def test_re_check_says_which_domain_could_not_be_read(tab: AppTest, house: House) -> None:
    house.host.down = True
    press(tab, "recheck")
    told = "a.nl and b.nl could not be read from MXroute just now: what is shown is by the list before."
    assert told in written(tab).replace("\\", "")
    assert "nothing changed" not in written(tab).replace("\\", "")


def test_a_table_without_a_row_says_how_to_get_one_back(tab: AppTest) -> None:
    typed(tab, {at: {"ticked": False} for at in range(5)})
    bulk(tab, "Delete rows that are left out")
    assert "There is no row left. Undo" in tab.info[0].value
    press(tab, "undo")
    assert len(names(tab)) == 5


def test_the_download_of_the_mended_file_is_not_offered_while_this_tab_alone_has_it(
    tab: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise DraftTakenOver("kim has taken this draft over.")

    monkeypatch.setattr(DraftService, "keep", full)
    typed(tab, {0: {"username": "x"}})
    assert any("kept in this tab only. kim has" in str(warning.value) for warning in tab.warning)
