"""Results: every input row, in file order, with its true outcome."""

import csv
import io
import re
import zipfile

import pytest

from mxlib.core.files import reader
from mxlib.core.files.sheet import ReadOptions
from mxlib.core.text import reasons
from mxlib.runs import messages, results, retry
from mxlib.sandbox.faults import NAMED, Rule
from mxlib.store.audit import Actor
from mxlib.store.encryption import ServerKey
from tests.support.simulation import Simulation, plan, row, rows


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def cells(workbook: bytes) -> list[list[str]]:
    """Return the rows of a workbook below its header, every cell as text."""
    sheet = reader.read(workbook, "results.xlsx", options=ReadOptions(header_line=1))
    return [[*row, *[""] * (len(sheet.header) - len(row))] for row in (sheet.table.row(at) for at in range(len(sheet)))]


def kinds_of_cells(workbook: bytes) -> set[str]:
    """Return the cell types in the XML of a workbook; a formula would be `f`."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as packed:
        sheets = b"".join(packed.read(name) for name in packed.namelist() if name.startswith("xl/worksheets/sheet"))
    assert b"<f>" not in sheets
    return set(re.findall(r'<c [^>]*?t="(\w+)"', sheets.decode()))


def finished(*planned, rules: tuple[Rule, ...] = ()) -> tuple[Simulation, int]:
    here = Simulation(*rules)
    run = here.start(plan(*planned))
    here.run()
    return here, run


MIXED = (
    row(0, cells={"Name": "Jan", "Pass": ""}, limit=500),
    row(1, left_out="Not ticked.", cells={"Name": "Piet", "Pass": ""}),
    row(2, domain="b.nl", password="short", cells={"Name": "=Joris", "Pass": ""}, recovery_email="j@c.nl"),
    row(3, "jan jansen", "", left_out="'jan jansen' has a space; try jan.jansen.", quota=None, limit=None),
)


def test_every_input_row_is_there_in_file_order() -> None:
    here, run = finished(*MIXED)
    reported = table(results.results_csv(here.store, run))
    assert [each["line"] for each in reported] == ["2", "3", "4", "5"]
    assert [each["outcome"] for each in reported] == ["created", "skipped", "failed", "skipped"]
    assert [each["address"] for each in reported] == ["user0@a.nl", "user1@a.nl", "user2@b.nl", "jan jansen"]
    assert reported[1]["reason"] == "Not ticked."


def test_a_row_keeps_its_own_columns() -> None:
    here, run = finished(*MIXED)
    reported = table(results.results_csv(here.store, run))
    assert [each["Name (file)"] for each in reported][:2] == ["Jan", "Piet"]
    assert reported[2]["Name (file)"].strip() == "=Joris"
    assert list(reported[0])[:2] == ["Name (file)", "Pass"]


def test_own_columns_with_the_name_of_a_result_column_get_a_suffix() -> None:
    here, run = finished(row(0, cells={"Line": "north", "Reason": "new"}))
    (reported,) = table(results.results_csv(here.store, run))
    assert (reported["Line (file)"], reported["line"], reported["Reason (file)"]) == ("north", "2", "new")


def test_results_show_the_values_of_the_host_next_to_those_asked_for() -> None:
    here, run = finished(*MIXED)
    reported = table(results.results_csv(here.store, run))
    assert (reported[0]["host_quota"], reported[0]["host_limit"]) == ("1024", "9600")
    assert "limit is 9600, not 500 as asked" in reported[0]["reason"]
    assert (reported[2]["host_quota"], reported[2]["host_limit"]) == ("", "")


def test_only_created_mailboxes_show_their_password() -> None:
    here, run = finished(*MIXED)
    reported = table(results.results_csv(here.store, run))
    assert [each["password"] for each in reported] == ["Secret-0-word", "", "", ""]


def test_a_password_that_looks_like_a_formula_is_not_altered() -> None:
    here, run = finished(row(0, password="=Cmd-1,\"x'"))
    (reported,) = table(results.results_csv(here.store, run))
    assert reported["password"] == "=Cmd-1,\"x'" == here.sandbox.password_of("user0@a.nl")


@pytest.mark.parametrize("start", "=+-@＝＋－＠")
def test_a_password_that_looks_like_a_formula_is_text_in_a_workbook(start: str) -> None:
    here, run = finished(row(0, password=f"{start}Cmd-1x2"), row(1, password="short", cells={"Note": f"{start}1+2"}))
    whole, failed = (make(here.store, run, "xlsx") for make in (results.results_file, results.failed_file))
    assert cells(whole)[0][8] == f"{start}Cmd-1x2" == here.sandbox.password_of("user0@a.nl")
    assert cells(whole)[1][0] == f"\t{start}1+2"
    assert kinds_of_cells(whole) == kinds_of_cells(failed) == {"s"}
    assert table(results.results_csv(here.store, run))[0]["password"] == f"{start}Cmd-1x2"


BY_PROGRAMS = [
    "line", "address", "name", "outcome", "reason", "host_quota", "host_limit", "password", "recovery_email", "quota",
    "limit", "server", "imap_port", "smtp_port",
]  # fmt: skip


def test_a_csv_for_programs_keeps_the_order_of_its_columns_and_new_ones_come_last() -> None:
    here, run = finished(row(0, cells={"Dept": "IT", "quota": "big"}, recovery_email="j@c.nl"))
    (reported,) = table(results.results_csv(here.store, run))
    assert list(reported) == ["Dept", "quota", *(name if name != "quota" else "quota (MXM)" for name in BY_PROGRAMS)]
    assert (reported["quota"], reported["quota (MXM)"], reported["recovery_email"]) == ("big", "1024", "j@c.nl")


def test_results_for_people_start_with_what_is_handed_over_and_end_with_their_own_columns() -> None:
    here, run = finished(row(0, cells={"Dept": "IT", "Server": "old"}), row(1, left_out="Not ticked."))
    layout = results.Layout("mail.example.net", delimiter=";")
    content = results.results_file(here.store, run, "csv", layout=layout).decode("utf-8-sig")
    assert content.splitlines()[0] == (
        "name;address;password;recovery_email;quota;host_quota;limit;host_limit;server;imap_port;smtp_port;outcome;"
        "reason;line;Dept;Server (file)"
    )
    made, skipped = csv.DictReader(io.StringIO(content, newline=""), delimiter=";")
    assert (made["server"], made["imap_port"], made["smtp_port"]) == ("mail.example.net", "993", "465")
    assert (skipped["server"], skipped["imap_port"], skipped["password"]) == ("", "", "")
    assert cells(results.results_file(here.store, run, "xlsx", layout=layout))[0] == list(made.values())


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_cell_with_the_delimiter_or_a_formula_is_safe_for_people(delimiter: str) -> None:
    here, run = finished(row(0, password='=a;b,c"1X', cells={"Note": "=1;2,3"}))
    content = results.results_file(here.store, run, "csv", layout=results.Layout("m", delimiter=delimiter))
    (made,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter)
    assert (made["password"], made["Note"]) == ('=a;b,c"1X', "\t=1;2,3")


def test_failed_rows_in_a_workbook_equal_those_in_the_csv() -> None:
    here, run = finished(*MIXED)
    reported = cells(results.failed_file(here.store, run, "xlsx"))
    assert reported == [list(each.values()) for each in table(results.failed_csv(here.store, run))]


def test_the_failed_rows_file_has_every_row_not_done_in_the_import_format() -> None:
    here, run = finished(*MIXED)
    reported = table(results.failed_csv(here.store, run))
    assert list(reported[0])[:7] == ["username", "password", "quota", "limit", "recovery_email", "domain", "name"]
    assert [each["username"] for each in reported] == ["user1", "user2", "jan jansen"]
    assert [each["outcome"] for each in reported] == ["skipped", "failed", "skipped"]
    assert (reported[1]["password"], reported[1]["recovery_email"], reported[1]["domain"]) == (
        "short",
        "j@c.nl",
        "b.nl",
    )
    assert reported[1]["reason"].startswith("MXroute: ")
    assert reported[2]["quota"] == ""


def test_results_of_an_unfinished_run_show_the_open_rows() -> None:
    here = Simulation()
    run = here.start(plan(*rows(2)))
    assert {each["reason"] for each in table(results.failed_csv(here.store, run))} == {reasons.NOT_YET}
    assert {each["outcome"] for each in table(results.results_csv(here.store, run))} == {"waiting"}


def test_the_zip_has_a_file_of_its_own_rows_for_each_domain() -> None:
    here, run = finished(*MIXED, row(4, domain="b.nl"))
    with zipfile.ZipFile(io.BytesIO(results.results_zip(here.store, run))) as packed:
        assert packed.namelist() == [
            f"{name}.{kind}" for name in ("a.nl", "b.nl", "other-rows") for kind in results.KINDS
        ]
        reported = {name: table(packed.read(name)) for name in packed.namelist() if name.endswith(".csv")}
        books = {name: cells(packed.read(name)) for name in packed.namelist() if name.endswith(".xlsx")}
    for name, some in reported.items():
        assert books[f"{name[:-4]}.xlsx"] == [list(each.values()) for each in some]
    assert {name: [each["line"] for each in some] for name, some in reported.items()} == {
        "a.nl.csv": ["2", "3"],
        "b.nl.csv": ["4", "6"],
        "other-rows.csv": ["5"],
    }
    assert b"Secret-0" not in str(reported["b.nl.csv"]).encode()


def test_the_frame_has_the_same_rows_and_passwords_only_on_request() -> None:
    here, run = finished(*MIXED)
    frame = results.rows_frame(here.store, run)
    assert "password" not in frame.columns
    assert frame["outcome"].tolist() == ["created", "skipped", "failed", "skipped"]
    assert frame["host_limit"].tolist()[0] == 9600
    assert frame["quota"].isna().tolist() == [False, False, False, True]
    assert results.rows_frame(here.store, run, with_passwords=True)["password"].tolist() == [
        "Secret-0-word",
        "",
        "",
        "",
    ]


def test_a_row_that_was_read_back_has_its_password_too() -> None:
    here, run = finished(*rows(1), rules=(Rule(NAMED["lost_after"]),))
    (reported,) = table(results.results_csv(here.store, run))
    assert reported["password"] == here.sandbox.password_of("user0@a.nl")


def test_results_without_the_right_server_key_say_so_in_their_cells() -> None:
    here, run = finished(row(0, cells={"Name": "Jan"}))
    here.store.key = ServerKey.make("another")
    (reported,) = table(results.results_csv(here.store, run))
    assert (reported["outcome"], reported["password"]) == ("created", messages.UNREADABLE)
    assert reported[results.OWN] == messages.OWN_UNREADABLE


def test_a_retry_keeps_the_own_columns() -> None:
    here, run = finished(row(0, password="short", cells={"Dept": "IT"}))
    with here.store.write() as tx:
        second = retry.retry(tx, here.store.key, run, Actor("ops"), here.clock.now())
    (reported,) = table(results.results_csv(here.store, second))
    assert reported["Dept"] == "IT"
