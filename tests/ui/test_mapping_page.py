"""The step that asks what columns hold: when it appears, what it asks, and the effect of the answers."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
import xlsxwriter
from streamlit.testing.v1 import AppTest

from mxlib.auth.permissions import LOCAL
from mxlib.core.files.errors import Unread
from mxlib.core.files.reader import FileRefused
from mxlib.core.mapping.read_file import ReadFile
from mxlib.core.mapping.secret_cells import masked_header
from mxlib.core.schema import MASK
from mxlib.services.files import MappingQuestion
from tests.support.app import App
from tests.support.mapping_page import UNKNOWN, asks, column, done, named, say, text_of
from tests.support.pages import opened, preview, statuses
from tests.support.preset_rows import GOOGLE, GOOGLE_ROW

NAMES = (
    "Voornaam;Tussenvoegsel;Achternaam;Wachtwoord\r\n"
    "Jan;van der;Berg;Geheim.2026x\r\n"
    "Jörg;;Müller;\r\n"
    "Jan;van der;Berg;\r\n"
    "王;;伟;\r\n"
).encode()
CONFLICT = b"user,username,Phone\r\njan,j.jansen,123\r\nkim,k.groen,456\r\n"


def imported(content: bytes, name: str = "staff.csv", *, generate: bool = False) -> AppTest:
    """A tab that took in a file."""
    return preview(opened("import_mailboxes", domain="a.nl"), content, name, generate=generate)


def pasted(text: str) -> AppTest:
    tab = opened("import_mailboxes", domain="a.nl")
    tab.text_area(key="pasted").set_value(text).run()
    tab.button(key="preview_import").click().run()
    assert not tab.exception
    return tab


def read(app: App, content: bytes, name: str = "staff.csv") -> ReadFile | MappingQuestion:
    """What becomes of a file before any page is drawn."""
    files = app.services.files
    try:
        return files.read(LOCAL, content, name, "a.nl")
    except Unread:
        raise
    except FileRefused as refused:
        return files.read_otherwise(LOCAL, content, name, refused, "a.nl")


def answered(app: App, question: ReadFile | MappingQuestion, *meanings: str) -> ReadFile:
    """The file of a question, answered by its guess or by these meanings."""
    assert isinstance(question, MappingQuestion)
    answer = replace(question.answer, meanings=meanings) if meanings else question.answer
    assert not answer.trouble(question.sheet.header)
    return app.services.files.answered(LOCAL, question.sheet, answer, "a.nl")


def usernames(file: ReadFile | MappingQuestion) -> list[str]:
    """The usernames of a file that needs no step."""
    assert isinstance(file, ReadFile)
    return list(file.rows["username"])


@pytest.mark.parametrize("header", [b"username,password", b"E-Mail Address,Quota (MB)"])
def test_recognised_headers_need_no_step(app: App, header: bytes) -> None:
    assert usernames(read(app, header + b"\r\nnina@a.nl,1024\r\n")) == ["nina@a.nl"]


def test_an_export_of_another_system_needs_no_step_and_is_named(app: App) -> None:
    tab = imported(f"{GOOGLE}\r\n{GOOGLE_ROW}".encode())
    assert not asks(tab)
    assert column(tab, "recovery_email") == ["anna@home.example"]
    assert "Read as a Google Workspace users export." in text_of(tab)


def test_unknown_columns_need_an_answer_before_the_preview(app: App) -> None:
    tab = imported(UNKNOWN)
    assert asks(tab)
    assert "We found no usernames or addresses." in text_of(tab)
    assert "`boss`" in text_of(tab)
    assert tab.button(key="map_done").disabled
    say(tab, 0, "who")
    assert not tab.button(key="map_done").disabled
    assert column(done(tab), "username") == ["nina"]


def test_the_choice_for_a_column_is_named_as_its_header_reads(app: App) -> None:
    """Screen readers get the label of a hidden name as it stands, without markdown."""
    tab = imported(b"E-mail_boss (old),![x](y)\nnina,1\n")
    labels = [choice.label for choice in tab.selectbox if choice.label.startswith("Column for")]
    assert labels[:4] == [
        "Column for Username or address",
        "Column for First name",
        "Column for Last name",
        "Column for Password",
    ]


def test_two_columns_with_one_meaning_are_asked_without_a_suggestion(app: App) -> None:
    tab = imported(CONFLICT)
    question = tab.radio(key=named(tab, "pick-username"))
    assert question.label == "2 columns could hold the usernames. Which one does?"
    assert question.value is None
    assert question.proto.captions == ["`jan` `kim`", "`j.jansen` `k.groen`"]
    assert tab.button(key="map_done").disabled
    question.set_value(1).run()
    assert column(done(tab), "username") == ["j.jansen", "k.groen"]


def test_one_meaning_for_two_columns_is_reported(app: App) -> None:
    question = read(app, UNKNOWN)
    assert isinstance(question, MappingQuestion)
    answer = replace(question.answer, meanings=("username", "username"))
    assert answer.trouble(question.sheet.header) == "Both 'wie' and 'wat' hold usernames. Remove or ignore one."


def test_an_answer_is_remembered_for_that_set_of_headers_whatever_their_order(app: App) -> None:
    done(say(imported(UNKNOWN), 0, "who"))
    tab = imported(b"WAT ,wie\r\nboss,tess\r\n")
    assert not asks(tab)
    assert column(tab, "username") == ["tess"]
    assert "Columns read as answered on" in text_of(tab)


def test_another_set_of_headers_is_asked_again_and_the_answer_holds_no_header(app: App) -> None:
    answered(app, read(app, b"wie,Geheim.2026x\r\nnina,boss\r\n"), "username", "ignore")
    assert isinstance(read(app, b"wie,Geheim.2026x,hoe\r\nnina,boss,x\r\n"), MappingQuestion)
    assert usernames(read(app, b"wie,Geheim.2026x\r\ntess,boss\r\n")) == ["tess"]
    with app.services.store.read() as tx:
        kept = tx.exec_driver_sql("SELECT digest, answer FROM mapping_answer").all()
    assert len(kept) == 1
    assert "Geheim" not in str(kept)


def test_usernames_are_made_of_names_and_numbered(app: App) -> None:
    tab = imported(NAMES, generate=True)
    assert list(tab.table[0].value["Username"]) == ["jan.vanderberg", "jorg.muller", "jan.vanderberg2", "*to be typed*"]
    assert "1 name occurs twice; the second gets a 2. 1 name makes no username" in text_of(tab)
    done(tab)
    assert column(tab, "username") == ["jan.vanderberg", "jorg.muller", "jan.vanderberg2", ""]
    assert statuses(tab) == ["Ready", "Ready", "Ready", "Error"]


@pytest.mark.parametrize("private", ["E-Mail privat", "Kontakt"])
def test_an_address_that_some_rows_lack_is_not_suggested_as_the_mailbox(app: App, private: str) -> None:
    question = read(app, f"Vorname;Nachname;{private}\r\nNina;Berg;n@home.example\r\nTess;Groen;\r\n".encode())
    assert usernames(answered(app, question)) == ["nina.berg", "tess.groen"]


def test_pattern_particles_and_umlauts_are_chosen_over_a_live_sample(app: App) -> None:
    tab = imported(NAMES)
    tab.selectbox(key=named(tab, "pattern")).set_value("flast").run()
    tab.button_group(key=named(tab, "particles")).set_value("dropped").run()
    tab.button_group(key=named(tab, "spelled")).set_value(True).run()
    assert list(tab.table[0].value["Username"])[:3] == ["jberg", "jmueller", "jberg2"]
    assert column(done(tab), "username") == ["jberg", "jmueller", "jberg2", ""]


def test_an_existing_mailbox_is_the_same_person_until_the_operator_says_otherwise(app: App) -> None:
    app.have("jan.vanderberg@a.nl", "jorg.muller@a.nl")
    tab = imported(NAMES, generate=True)
    question = tab.multiselect(key=named(tab, "others"))
    assert question.label.startswith("2 of these mailboxes exist already")
    question.set_value(["jan.vanderberg@a.nl"]).run()
    done(tab)
    assert column(tab, "username") == ["jan.vanderberg2", "jorg.muller", "jan.vanderberg3", ""]
    assert statuses(tab) == ["Ready", "Already exists", "Ready", "Error"]


def test_no_password_of_the_file_is_on_the_page_before_the_preview(app: App) -> None:
    tab = imported(NAMES)
    assert "Geheim" not in text_of(tab)
    assert MASK in text_of(tab)


def test_another_way_to_read_the_file_can_be_asked_for_and_left_again(app: App) -> None:
    tab = imported(b"username,quota\r\nnina,1024\r\n")
    tab.button(key="change_reading").click().run()
    assert asks(tab)
    tab.button(key="map_back").click().run()
    assert column(tab, "quota") == ["1024"]
    tab.button(key="change_reading").click().run()
    say(tab, 1, "limit")
    done(tab)
    assert "quota" not in tab.data_editor[0].value
    assert column(tab, "limit") == ["1024"]


def test_an_overridden_encoding_is_seen_at_once_in_the_sample(app: App) -> None:
    tab = imported("naam,login\r\nŁukasz,lukasz\r\n".encode("cp1250"))
    tab.button(key="change_reading").click().run()
    assert list(tab.dataframe[0].value["naam"]) == ["Łukasz"]
    tab.selectbox(key=named(tab, "encoding")).set_value("windows-1252").run()
    assert list(tab.dataframe[0].value["naam"]) == ["£ukasz"]


def test_an_encoding_that_does_not_fit_is_refused_and_changes_nothing(app: App) -> None:
    tab = imported("login,naam\r\njorg,Jörg\r\n".encode("cp1252"))
    tab.button(key="change_reading").click().run()
    tab.selectbox(key=named(tab, "encoding")).set_value("utf-8").run()
    assert "does not read as UTF\\-8" in tab.error[0].value
    assert tab.selectbox(key=named(tab, "encoding")).value == "windows-1252"
    assert list(tab.dataframe[0].value["naam"]) == ["Jörg"]


def test_another_header_row_is_taken_with_its_line_numbers(app: App) -> None:
    tab = imported(b"wie,wat\r\nnaam,functie\r\nnina,boss\r\n")
    tab.selectbox(key=named(tab, "header_line")).set_value(2).run()
    assert list(tab.dataframe[-1].value.index) == [3]
    say(tab, 0, "who")
    assert column(done(tab), "line") == ["3"]


def test_a_table_without_a_header_is_seen_as_one_and_not_remembered(app: App) -> None:
    content = b"Nina Berg,nina@a.nl\r\nTess Groen,tess@a.nl\r\n"
    tab = imported(content)
    assert tab.selectbox(key=named(tab, "header_line")).value == 0
    assert column(done(tab), "username") == ["nina@a.nl", "tess@a.nl"]
    assert asks(imported(content))


def test_names_and_passwords_without_a_header_lose_no_row_and_show_no_password(app: App) -> None:
    for tab in (imported(b"nina\tGeheim.2026x\ntess\tGeheim.2026y\n"), pasted("nina@a.nl\tGeheim.2026x\n")):
        assert asks(tab)
        assert tab.selectbox(key=named(tab, "header_line")).value == 0
        assert "Geheim" not in text_of(tab)
        assert column(done(tab), "username")[0] in ("nina", "nina@a.nl")
        assert tab.session_state["preview"].editor.latest.rows["password"].str.startswith("Geheim").all()


@pytest.mark.parametrize("pasted_in", [False, True], ids=["file", "pasted"])
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nina\tGeheim.2026x\ntess\tGeheim.2026y\n", ["nina", "tess"]),
        ("nina\tGeheim.2026x\n", ["nina"]),
        ("nina@a.nl\tGeheim.2026x\n", ["nina@a.nl"]),
        ("nina@a.nl,Geheim.2026x\ntess@a.nl,Geheim.2026y\n", ["nina@a.nl", "tess@a.nl"]),
    ],
    ids=["usernames", "one username", "one address", "addresses"],
)
def test_no_row_without_a_header_is_taken_for_one(app: App, text: str, found: list[str], pasted_in: bool) -> None:
    question = read(app, app.services.files.pasted(text) if pasted_in else text.encode())
    assert isinstance(question, MappingQuestion)
    assert question.sheet.options.header_line == 0
    rows = answered(app, question).rows
    assert rows["username"].tolist() == found
    assert rows["password"].str.startswith("Geheim").all()


def test_a_header_that_looks_like_a_password_is_a_header_over_cells_that_do_not(app: App) -> None:
    question = read(app, b"wie,MobilePhone1\r\nnina,020\r\n")
    assert isinstance(question, MappingQuestion)
    assert question.sheet.options.header_line == 1
    assert masked_header(question.sheet.header[1]) == "MobilePhone1"


def test_another_sheet_of_a_workbook_is_taken(app: App) -> None:
    kept = BytesIO()
    with xlsxwriter.Workbook(kept, {"in_memory": True}) as book:
        for sheet, name in (("Old", "nina"), ("New", "tess")):
            page = book.add_worksheet(sheet)
            page.write_column(0, 0, ["username", name])
    tab = imported(kept.getvalue(), "staff.xlsx")
    assert column(tab, "username") == ["nina"]
    tab.button(key="change_reading").click().run()
    tab.selectbox(key=named(tab, "sheet")).set_value("New").run()
    assert column(done(tab), "username") == ["tess"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("username\tquota\nnina\t1024\ntess\t\n", ["nina", "tess"]),
        ("nina@a.nl\ntess@a.nl\n", ["nina@a.nl", "tess@a.nl"]),
        ("nina@a.nl; Tess Groen <tess@a.nl>,kim@a.nl", ["nina@a.nl", "tess@a.nl", "kim@a.nl"]),
        ('"Groen, Tess" <tess@a.nl>;', ["tess@a.nl"]),
    ],
    ids=["tabs", "list", "one line", "mail program"],
)
def test_pasted_rows_are_read_as_a_file_is(app: App, text: str, found: list[str]) -> None:
    assert usernames(read(app, app.services.files.pasted(text))) == found


def test_pasted_rows_with_unknown_columns_are_asked_about(app: App) -> None:
    tab = pasted("wie\twat\nnina\tboss\n")
    assert column(done(say(tab, 0, "who")), "username") == ["nina"]


def test_neither_or_both_of_file_and_paste_is_said(app: App) -> None:
    tab = pasted("")
    assert "Choose a file of up to 10 MB or paste rows first." in text_of(tab)
    tab.text_area(key="pasted").set_value("nina@a.nl").run()
    preview(tab, b"username\r\ntess\r\n")
    assert "Here are a file and pasted rows. Remove one of them." in text_of(tab)


def test_another_file_can_be_chosen_instead(app: App) -> None:
    tab = imported(UNKNOWN)
    tab.button(key="map_discard").click().run()
    assert tab.file_uploader
    assert not asks(tab)


def test_the_step_survives_a_visit_to_another_page(app: App) -> None:
    tab = say(imported(UNKNOWN), 0, "who")
    pages = Path(__file__).parents[2] / "pages"
    tab.switch_page(str(pages / "jobs.py")).run()
    tab.switch_page(str(pages / "import_mailboxes.py")).run()
    assert column(done(tab), "username") == ["nina"]


BROKEN = "username,password,note\nnina,Geheim.2026x,a\n" + "".join(f"user{at},,b\n" for at in range(9))
TITLE = '"Mailboxes of May\nusername,quota\nnina,1024\n'


def test_a_file_with_an_open_quote_gets_a_proposal_for_the_line_at_fault(app: App) -> None:
    tab = imported(f'{BROKEN}tess,"Geheim.2026y,c\nkim,,d\n'.encode())
    assert asks(tab)
    assert "a quote opens in line 12 and never closes. Read as below, it is a table" in text_of(tab).replace("\\", "")
    assert "We found no usernames" not in text_of(tab)
    assert 12 in list(tab.dataframe[0].value.index)
    assert "Geheim" not in text_of(tab)
    assert tab.selectbox(key=named(tab, "quoted")).value is False
    assert column(done(tab), "username")[-2:] == ["tess", "kim"]


def test_a_quote_that_opens_in_the_title_gets_a_proposal(app: App) -> None:
    question = read(app, TITLE.encode())
    assert isinstance(question, MappingQuestion)
    assert question.sheet.options.header_line == 2
    assert answered(app, question).rows["quota"].tolist() == ["1024"]


def test_an_undetectable_encoding_gets_a_proposal_that_fits(app: App) -> None:
    question = read(app, "username,quota\nzoë,1024\n".encode("utf-16-be"))
    assert isinstance(question, MappingQuestion)
    assert question.sheet.options.encoding == "utf-16-be"
    assert "holds NUL bytes" in question.refusal
    assert usernames(answered(app, question)) == ["zoë"]


def test_a_workbook_whose_sheet_has_no_rows_is_proposed_with_another_one(app: App) -> None:
    kept = BytesIO()
    with xlsxwriter.Workbook(kept, {"in_memory": True}) as book:
        book.add_worksheet("Form").write_row(0, 0, ["username", "password"])
        people = book.add_worksheet("People")
        people.write_column(0, 0, ["wie", "nina", "tess"])
    question = read(app, kept.getvalue(), "staff.xlsx")
    assert isinstance(question, MappingQuestion)
    assert "The file has a header and no rows." in question.refusal
    assert question.sheet.options.sheet == "People"
    assert usernames(answered(app, question, "username")) == ["nina", "tess"]


def test_a_file_that_no_way_of_reading_helps_is_refused_at_once(app: App) -> None:
    for content in (b"", b"\x89PNG\r\n\x1a\n....", b"username,password\n", b"username\nal\0ice\n"):
        with pytest.raises(FileRefused):
            read(app, content)
    tab = imported(b"username,password\n")
    assert not asks(tab)
    assert tab.error


def test_a_proposal_that_is_changed_for_the_worse_says_so_and_stays(app: App) -> None:
    tab = imported(TITLE.encode())
    tab.selectbox(key=named(tab, "encoding")).set_value("windows-1250").run()
    assert "a quote opens in line 1 and never closes" in tab.error[0].value
    assert tab.selectbox(key=named(tab, "encoding")).value == "utf-8"
    assert column(done(tab), "username") == ["nina"]


STAFF = (
    "Nachname;Vorname;Abteilung;E-Mail (Büro);E-Mail (privat);Speicher (MB);Speicherkarte;Startcode\r\n"
    "Maas;Ida;IT;ida@a.nl;ida@web.de;2 GB;64 GB;Kroket-2026a\r\n"
    "Berg;Otto;IT;otto@a.nl;otto@gmx.de;1 GB;32 GB;Stoomboot-77x\r\n"
).encode()


def chosen(tab: AppTest) -> dict[str, str]:
    """Which column of the file fills each of ours, as the page shows it."""
    selects = [each for each in tab.selectbox if each.label.startswith("Column for ")]
    return {each.label.removeprefix("Column for "): each.format_func(each.value) for each in selects}


def test_the_mapping_goes_from_our_columns_to_those_of_the_file(app: App) -> None:
    tab = imported(b"Benutzer;Kennwort;Ort\r\nnina;Geheim.2026x;Ede\r\n")
    assert chosen(tab) == {
        "Username or address": "Benutzer", "Password": "Kennwort", "Quota (MB)": "Not in the file",
        "Daily send limit": "Not in the file", "Recovery email": "Not in the file", "Full name": "Not in the file",
        "Domain": "Not in the file",
    }  # fmt: skip
    assert "1 other column is not imported, and comes back in the results, passwords apart: Ort `Ede`." in text_of(tab)
    say(tab, 2, "domain")
    say(tab, 2, "name")
    assert (chosen(tab)["Domain"], chosen(tab)["Full name"]) == ("Not in the file", "Ort")


def test_after_the_answer_the_private_address_is_proposed_and_it_is_shown(app: App) -> None:
    tab = imported(STAFF)
    assert tab.button(key="map_done").disabled
    assert chosen(tab)["Recovery email"] == "Not in the file"
    tab.radio(key=named(tab, "pick-address")).set_value(3).run()
    assert chosen(tab) == {
        "First name": "Vorname", "Last name": "Nachname", "Password": "Not in the file",
        "Quota (MB)": "Speicher (MB)", "Daily send limit": "Not in the file", "Recovery email": "E-Mail (privat)",
        "Full name": "Not in the file: first and last name", "Domain": "Not in the file",
    }  # fmt: skip
    assert "`ida@web.de` `otto@gmx.de` :blue-badge[:material/lightbulb: Proposed: holds email addresses]" in text_of(
        tab
    )
    assert "Kroket" not in text_of(tab)
    say(tab, -1, "recovery_email")
    tab.radio(key=named(tab, "pick-address")).set_value(4).run()
    tab.radio(key=named(tab, "pick-address")).set_value(3).run()
    assert chosen(tab)["Recovery email"] == "Not in the file"  # a person has decided that
    assert any("E\\-Mail \\(privat\\)" in warning.value for warning in tab.warning)


def test_a_column_that_looks_like_something_is_marked_and_used_by_its_button(app: App) -> None:
    tab = imported(STAFF)
    tab.radio(key=named(tab, "pick-address")).set_value(3).run()
    marked = [warning.value for warning in tab.warning]
    assert marked == [f"**Startcode** is not imported, and looks like passwords: `{MASK}` `{MASK}`"]
    tab.button(key=named(tab, "use-7")).click().run()
    assert not tab.warning
    assert chosen(tab)["Password"] == "Startcode"
    done(tab)
    assert tab.session_state["preview"].editor.latest.rows["password"].tolist() == ["Kroket-2026a", "Stoomboot-77x"]
    assert column(tab, "quota") == ["2 GB", "1 GB"]
    assert column(tab, "recovery_email") == ["ida@web.de", "otto@gmx.de"]
    assert column(tab, "name") == ["Ida Maas", "Otto Berg"]


@pytest.mark.parametrize("unit", ["Speicher (GB)", "Quota [GB]", "Speicher in GB"])
def test_the_unit_of_a_header_holds_for_bare_numbers(app: App, unit: str) -> None:
    question = read(app, f"Benutzer;{unit}\r\nnina;2\r\ntess;500 MB\r\n".encode())
    assert answered(app, question).rows["quota"].tolist() == ["2048", "500 MB"]


def test_recognised_headers_are_asked_about_only_where_a_column_would_be_lost(app: App) -> None:
    assert isinstance(read(app, b"username,wat\r\nnina,Kroket-2026a\r\ntess,Stoomboot-77x\r\n"), MappingQuestion)
    assert isinstance(read(app, b"username,Speicher\r\nnina,2 GB\r\n"), MappingQuestion)
    for rest in (b"Ort\r\nnina,Ede\r\n", b"Nummer\r\nnina,1024\r\n", b"Confirm,password\r\nnina,A.2026xyz,A.2026xyz"):
        assert usernames(read(app, b"username," + rest)) == ["nina"]


def test_first_and_last_names_are_asked_for_when_there_are_two(app: App) -> None:
    tab = imported(b"Benutzer,a,b\r\nnina,Nina,Berg\r\n")
    assert "First name" not in chosen(tab)
    say(tab, -2, "name")
    say(tab, 1, "first_name")
    assert column(done(say(tab, 2, "last_name")), "name") == ["Nina Berg"]


def test_headers_that_are_alike_get_numbers(app: App) -> None:
    tab = imported(b"wie,x,x\r\nnina,1,2 GB\r\n")
    options = tab.selectbox(key=named(tab, "target-quota")).options
    assert options == ["Not in the file", "wie", "x (2)", "x (3)"]


def test_a_refused_file_stays_refused_until_another_one_is_chosen(app: App) -> None:
    tab = imported(b"username,password\n")
    tab.checkbox(key="generate_first").check().run()
    assert len(tab.error) == 1
    assert column(preview(tab, b"username\r\nnina\r\n"), "username") == ["nina"]
