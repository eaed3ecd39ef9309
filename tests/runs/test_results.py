"""Results: every input row, in file order, told truthfully."""

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
    """The rows of a workbook below its header, every one a text."""
    sheet = reader.read(workbook, "results.xlsx", taken=ReadOptions(header_line=1))
    return [[*row, *[""] * (len(sheet.header) - len(row))] for row in (sheet.table.row(at) for at in range(len(sheet)))]


def kinds_of_cells(workbook: bytes) -> set[str]:
    """What the cells of a workbook are, as its XML says; a formula would be `f`."""
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
    told = table(results.results_csv(here.store, run))
    assert [each["line"] for each in told] == ["2", "3", "4", "5"]
    assert [each["outcome"] for each in told] == ["created", "skipped", "failed", "skipped"]
    assert [each["address"] for each in told] == ["user0@a.nl", "user1@a.nl", "user2@b.nl", "jan jansen"]
    assert told[1]["reason"] == "Not ticked."


def test_a_row_keeps_its_own_columns() -> None:
    here, run = finished(*MIXED)
    told = table(results.results_csv(here.store, run))
    assert [each["Name (file)"] for each in told][:2] == ["Jan", "Piet"]
    assert told[2]["Name (file)"].strip() == "=Joris"
    assert list(told[0])[:2] == ["Name (file)", "Pass"]


def test_own_columns_named_like_ours_are_told_apart() -> None:
    here, run = finished(row(0, cells={"Line": "north", "Reason": "new"}))
    (told,) = table(results.results_csv(here.store, run))
    assert (told["Line (file)"], told["line"], told["Reason (file)"]) == ("north", "2", "new")


def test_what_the_host_has_stands_beside_what_was_asked() -> None:
    here, run = finished(*MIXED)
    told = table(results.results_csv(here.store, run))
    assert (told[0]["host_quota"], told[0]["host_limit"]) == ("1024", "9600")
    assert "limit is 9600, not 500 as asked" in told[0]["reason"]
    assert (told[2]["host_quota"], told[2]["host_limit"]) == ("", "")


def test_only_mailboxes_made_show_their_password() -> None:
    here, run = finished(*MIXED)
    told = table(results.results_csv(here.store, run))
    assert [each["password"] for each in told] == ["Secret-0-word", "", "", ""]


def test_a_password_that_looks_like_a_formula_is_not_altered() -> None:
    here, run = finished(row(0, password="=Cmd-1,\"x'"))
    (told,) = table(results.results_csv(here.store, run))
    assert told["password"] == "=Cmd-1,\"x'" == here.sandbox.password_of("user0@a.nl")


@pytest.mark.parametrize("start", "=+-@＝＋－＠")
def test_in_a_workbook_a_password_that_looks_like_a_formula_is_a_text(start: str) -> None:
    here, run = finished(row(0, password=f"{start}Cmd-1x2"), row(1, password="short", cells={"Note": f"{start}1+2"}))
    whole, failed = (make(here.store, run, "xlsx") for make in (results.results_file, results.failed_file))
    assert cells(whole)[0][-1] == f"{start}Cmd-1x2" == here.sandbox.password_of("user0@a.nl")
    assert cells(whole)[1][0] == f"\t{start}1+2"
    assert kinds_of_cells(whole) == kinds_of_cells(failed) == {"s"}
    assert table(results.results_csv(here.store, run))[0]["password"] == f"{start}Cmd-1x2"


def test_failed_rows_of_a_workbook_are_imported_again_as_they_were() -> None:
    here, run = finished(*MIXED)
    told = cells(results.failed_file(here.store, run, "xlsx"))
    assert told == [list(each.values()) for each in table(results.failed_csv(here.store, run))]


def test_the_failed_rows_are_everything_that_is_not_done_in_the_import_format() -> None:
    here, run = finished(*MIXED)
    told = table(results.failed_csv(here.store, run))
    assert list(told[0])[:7] == ["username", "password", "quota", "limit", "recovery_email", "domain", "name"]
    assert [each["username"] for each in told] == ["user1", "user2", "jan jansen"]
    assert [each["outcome"] for each in told] == ["skipped", "failed", "skipped"]
    assert (told[1]["password"], told[1]["recovery_email"], told[1]["domain"]) == ("short", "j@c.nl", "b.nl")
    assert told[1]["reason"].startswith("MXroute: ")
    assert told[2]["quota"] == ""


def test_results_of_a_run_that_goes_on_say_what_is_open() -> None:
    here = Simulation()
    run = here.start(plan(*rows(2)))
    assert {each["reason"] for each in table(results.failed_csv(here.store, run))} == {reasons.NOT_YET}
    assert {each["outcome"] for each in table(results.results_csv(here.store, run))} == {"waiting"}


def test_the_zip_hands_each_domain_its_own_rows_only() -> None:
    here, run = finished(*MIXED, row(4, domain="b.nl"))
    with zipfile.ZipFile(io.BytesIO(results.results_zip(here.store, run))) as packed:
        assert packed.namelist() == [
            f"{name}.{kind}" for name in ("a.nl", "b.nl", "other-rows") for kind in results.KINDS
        ]
        told = {name: table(packed.read(name)) for name in packed.namelist() if name.endswith(".csv")}
        books = {name: cells(packed.read(name)) for name in packed.namelist() if name.endswith(".xlsx")}
    for name, some in told.items():
        assert books[f"{name[:-4]}.xlsx"] == [list(each.values()) for each in some]
    assert {name: [each["line"] for each in some] for name, some in told.items()} == {
        "a.nl.csv": ["2", "3"],
        "b.nl.csv": ["4", "6"],
        "other-rows.csv": ["5"],
    }
    assert b"Secret-0" not in str(told["b.nl.csv"]).encode()


def test_the_frame_says_the_same_and_holds_passwords_only_when_asked() -> None:
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


def test_a_settled_row_has_its_password_too() -> None:
    here, run = finished(*rows(1), rules=(Rule(NAMED["lost_after"]),))
    (told,) = table(results.results_csv(here.store, run))
    assert told["password"] == here.sandbox.password_of("user0@a.nl")


def test_with_another_server_key_the_results_say_so_and_are_there() -> None:
    here, run = finished(row(0, cells={"Name": "Jan"}))
    here.store.key = ServerKey.make("another")
    (told,) = table(results.results_csv(here.store, run))
    assert (told["outcome"], told["password"]) == ("created", messages.UNREADABLE)
    assert told[results.OWN] == messages.OWN_UNREADABLE


def test_a_second_try_takes_the_own_columns_along() -> None:
    here, run = finished(row(0, password="short", cells={"Dept": "IT"}))
    with here.store.write() as tx:
        second = retry.retry(tx, here.store.key, run, Actor("ops"), here.clock.now())
    (told,) = table(results.results_csv(here.store, second))
    assert told["Dept"] == "IT"
