"""Files that are refused, on the page: one sentence says why, in plain words, and the way on is there."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.support import app as support
from tests.support.app import App
from tests.support.pages import opened, preview

FILES = Path(__file__).parents[1] / "files"


def said(tab: AppTest) -> str:
    """What the page says in boxes, as it reads."""
    boxes = [*tab.error, *tab.warning, *tab.radio]
    return "\n".join(str(getattr(box, "label", "") or "") + str(box.value) for box in boxes).replace("\\", "")


def taken_in(name: str, content: bytes) -> AppTest:
    return preview(opened("import_mailboxes", domain="a.nl"), content, name)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("staff.csv", b"", "The file is empty."),
        ("staff.csv", b" \r\n\t\r\n", "The file is empty."),
        ("staff.csv", b"username,password\r\n", "The file has a header and no rows."),
        ("staff.csv", b"name,phone\r\n", "We found no usernames or addresses. The columns are: name, phone."),
        ("photo.csv", b"\x89PNG\r\n\x1a\n" + bytes(200), "This is a picture, not a table: a CSV or .xlsx is needed."),
        ("page.csv", b"<!doctype html><html>", "This is a web page, not a table: a CSV or .xlsx is needed."),
        ("staff.csv", b"%PDF-1.7\n", "This is a PDF, not a table: a CSV or .xlsx is needed."),
        ("staff.csv", b"u" * 12_400_000, "12.4 MB; the limit is 10 MB."),
        ("staff.csv", b"username\r\n" + b"u\r\n" * 10_001, "10,001 rows; the limit is 10,000. Split the file."),
    ],
)
def test_a_file_that_is_not_a_table_is_refused_and_the_page_stays_usable(
    app: App, name: str, content: bytes, message: str
) -> None:
    tab = taken_in(name, content)
    assert message in said(tab)
    assert tab.file_uploader
    assert not tab.data_editor


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("old.xls", "This is an old Excel workbook (.xls): save it as .xlsx or CSV."),
        ("locked.xlsx", "This workbook is locked with a password: save it without one, or as CSV."),
        ("truncated.xlsx", "is damaged, or no workbook at all."),
        ("binary.csv", "not a table: a CSV or .xlsx is needed."),
    ],
)
def test_a_real_file_of_another_kind_is_refused_with_what_to_do(app: App, file: str, message: str) -> None:
    # The browser lets no other ending through; files are renamed, though.
    tab = taken_in(file.replace(".xls", ".csv") if file.endswith(".xls") else file, (FILES / file).read_bytes())
    assert message in said(tab)
    assert tab.file_uploader


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'username,password\r\njan,"Abc\r\nkim,x\r\n', "staff.csv: a quote opens in line 2 and never closes."),
        (b"wie,wat\r\nnina,boss\r\n", "We found no usernames or addresses."),
        (b"user,username\r\njan,j.jansen\r\n", "2 columns could hold the usernames. Which one does?"),
    ],
)
def test_what_a_person_can_answer_is_asked_instead_of_refused(app: App, content: bytes, message: str) -> None:
    tab = taken_in("staff.csv", content)
    assert message in said(tab)
    assert any(button.key == "map_done" for button in tab.button)
    assert not tab.data_editor


def test_a_refused_file_leaves_no_draft_and_the_next_one_is_taken(app: App) -> None:
    tab = taken_in("staff.csv", b"")
    assert not app.services.drafts.offered(support.LOCAL)
    tab = preview(tab, b"username\r\nkim\r\n")
    assert list(tab.data_editor[0].value["username"]) == ["kim"]


def test_neither_a_file_nor_rows_or_both_is_said(app: App) -> None:
    tab = opened("import_mailboxes", domain="a.nl")
    tab.button(key="preview_import").click().run()
    assert "Choose a file of up to 10 MB or paste rows first." in said(tab)
    tab.text_area(key="pasted").set_value("kim\n").run()
    assert "Here are a file and pasted rows. Remove one of them." in said(preview(tab, b"username\r\nkim\r\n"))
