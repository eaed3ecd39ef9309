"""Export, edit in a real spreadsheet, import, export again: nothing changes but what was edited."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.files import reader, writer
from mxlib.core.formula_guard import unguard
from mxlib.core.mapping.read_file import apply_mapping
from mxlib.core.vocabulary import OnExisting
from mxlib.sandbox.state import Change
from mxlib.store import stored_columns
from tests.support import app as support
from tests.support import libreoffice as soffice
from tests.support.app import App
from tests.support.libreoffice import csv_filter, saved_as

#: Names that spreadsheets take for something else, although a host accepts them.
AWKWARD = (
    "007", "0049", "00123456", "1e5", "12345e67", "1234567890123456789", "+31612345678", "=cmd", "-minus",
    "1-2", "3-mar", "2026-05-03", "12.05", "1.5", "true", "false", "na", "null", "inf", "o'brien", "12:30", "50%",
)  # fmt: skip
PLAIN = ("info", "joerg.mueller", "a_b", "kim2", "sales-nl")
EMAILS = ("alice@example.net", "+31@example.net", "=x@example.net", "-d@example.net")
CSV_OPENED = "Text - txt - csv (StarCalc):44,34,76,1"
EVERY = [("a.nl", PLAIN), ("b.nl", AWKWARD)]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """a.nl has the plain names, b.nl the awkward ones; quotas and recovery emails of many kinds."""
    with support.opened(tmp_path) as made:
        for domain, names in EVERY:
            for number, name in enumerate(names):
                change = Change("create", domain, name, quota=(1024, 0, 2048, 10240)[number % 4], password="theirs")
                made.host.sandbox.account.apply(change)
                with made.services.store.write() as tx:
                    stored_columns.put(tx, "recovery_email", domain, name, ("", *EMAILS)[number % 5], 0.0)
        yield made


def exported(app: App, domain: str, kind: str) -> bytes:
    app.services.lists.mailboxes(LOCAL, domain, refresh=True)
    return app.services.exports.domain_file(LOCAL, domain, kind).content


def through_libreoffice(data: bytes, kind: str, locale: str = "en-US") -> bytes:
    """The file opened and saved again in the same format, with whatever that does to it."""
    if kind == "xlsx":
        return saved_as(data, "mailboxes.xlsx", soffice.XLSX, locale=locale)
    sign = ";" if locale == "de-DE" else ","
    return saved_as(data, "mailboxes.csv", csv_filter(sign), locale=locale, opened_as=CSV_OPENED)


def cells(data: bytes, name: str) -> list[dict[str, str]]:
    """Every row by the columns of its header, as the reader sees them."""
    sheet = reader.read(data, name)
    width = len(sheet.header)
    rows = (map(unguard, [*sheet.table.row(at), *[""] * width][:width]) for at in range(len(sheet)))
    return [dict(zip(sheet.header, row, strict=True)) for row in rows]


def changes(app: App, data: bytes, name: str, domain: str = "c.nl") -> list[str]:
    """What an import of the file with `Update existing` would change, row by row."""
    batch = app.services.files.batch_from_file(data, name, domain, on_existing=OnExisting.UPDATE)
    validated = app.services.imports.validate(LOCAL, batch)
    assert validated["reasons"].eq("").all(), validated["reasons"].tolist()
    assert set(validated["action"]) == {"update"}
    return list(validated["changes"])


def imported(app: App, data: bytes, kind: str) -> tuple[dict[str, int], list[tuple[str, str, Any]]]:
    """Import it for good, with updates: the counts, and the writes that the host got."""
    before = len(app.host.sent)
    kinds = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
    answer = app.ask(
        "POST",
        "/imports?on_existing=update&generate_passwords=true",
        content=data,
        headers={"Content-Type": kinds[kind]},
    )
    ended_run = app.ended(support.data(answer, 202)["id"])
    counts = {outcome: rows for outcome, rows in ended_run["counts"].items() if rows}
    writes = [(sent.method, sent.path, sent.body) for sent in app.host.sent[before:] if sent.kind == "write"]
    return counts, writes


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(("domain", "names"), EVERY)
def test_an_unchanged_export_changes_nothing(app: App, domain: str, names: tuple[str, ...], kind: str) -> None:
    data = exported(app, domain, kind)
    assert {row["username"] for row in cells(data, f"x.{kind}")} == set(names)
    assert changes(app, data, f"x.{kind}") == ["no change"] * len(names)
    assert imported(app, data, kind) == ({"unchanged": len(names)}, [])


def test_every_row_of_an_export_exists_without_the_choice_to_update(app: App) -> None:
    for domain, _ in EVERY:
        batch = app.services.files.batch_from_file(exported(app, domain, "csv"), "x.csv", "c.nl")
        assert set(app.services.imports.validate(LOCAL, batch)["verdict"]) == {"exists"}


def test_edited_quotas_send_only_their_requests_and_the_next_export_matches(app: App) -> None:
    before = exported(app, "b.nl", "csv")
    edited = before.replace(b"\r\n007,,1024,", b"\r\n007,,4096,").replace(b"\r\n1e5,,10240,", b"\r\n1e5,,0,")
    assert edited.count(b"\r\n007,,4096,") == edited.count(b"\r\n1e5,,0,") == 1
    counts, writes = imported(app, edited, "csv")
    assert counts == {"updated": 2, "unchanged": len(AWKWARD) - 2}
    assert sorted(writes, key=str) == [
        ("PATCH", "/domains/b.nl/email-accounts/007", {"quota": 4096}),
        ("PATCH", "/domains/b.nl/email-accounts/1e5", {"quota": 0}),
    ]
    assert exported(app, "b.nl", "csv") == edited
    assert imported(app, edited, "csv") == ({"unchanged": len(AWKWARD)}, [])


def test_removed_rows_delete_nothing_and_added_rows_create(app: App) -> None:
    lines = exported(app, "a.nl", "csv").split(b"\r\n")
    edited = b"\r\n".join([lines[0], lines[1], b"new.one,,,,,a.nl", b""])
    counts, writes = imported(app, edited, "csv")
    assert counts == {"created": 1, "unchanged": 1}
    assert [(method, path) for method, path, _ in writes] == [("POST", "/domains/a.nl/email-accounts")]
    assert {row["username"] for row in cells(exported(app, "a.nl", "csv"), "x.csv")} == {*PLAIN, "new.one"}


def test_all_domains_make_the_round_trip_in_one_file(app: App) -> None:
    for domain, _ in EVERY:
        app.services.lists.mailboxes(LOCAL, domain, refresh=True)
    data = app.services.exports.all_file(LOCAL, "csv").content
    edited = data.replace(b"\r\n007,,1024,", b"\r\n007,,4096,").replace(b"\r\ninfo,,1024,", b"\r\ninfo,,512,")
    counts, writes = imported(app, edited, "csv")
    assert counts == {"updated": 2, "unchanged": len(AWKWARD) + len(PLAIN) - 2}
    assert {path for _, path, _ in writes} == {
        "/domains/a.nl/email-accounts/info",
        "/domains/b.nl/email-accounts/007",
    }
    for domain, _ in EVERY:
        app.services.lists.mailboxes(LOCAL, domain, refresh=True)
    assert app.services.exports.all_file(LOCAL, "csv").content == edited


@soffice.needed()
@pytest.mark.parametrize("locale", ["en-US", "de-DE"])
def test_a_workbook_saved_by_libreoffice_changes_nothing_with_any_names(app: App, locale: str) -> None:
    for domain, names in EVERY:
        data = exported(app, domain, "xlsx")
        saved = through_libreoffice(data, "xlsx", locale)
        assert saved != data
        assert cells(saved, "x.xlsx") == cells(data, "x.xlsx")
        assert changes(app, saved, "x.xlsx") == ["no change"] * len(names)
        assert imported(app, saved, "xlsx") == ({"unchanged": len(names)}, [])


@soffice.needed()
@pytest.mark.parametrize("locale", ["en-US", "de-DE"])
def test_a_csv_saved_by_libreoffice_changes_nothing_without_number_like_names(app: App, locale: str) -> None:
    saved = through_libreoffice(exported(app, "a.nl", "csv"), "csv", locale)
    assert not saved.startswith(b"\xef\xbb\xbf")
    assert changes(app, saved, "x.csv") == ["no change"] * len(PLAIN)
    assert imported(app, saved, "csv") == ({"unchanged": len(PLAIN)}, [])


@soffice.needed()
def test_losses_of_a_csv_in_libreoffice_show_before_anything_is_created(app: App) -> None:
    """`007` comes back as 7: a mailbox that is not there. It would be a new one, which says so and needs a password."""
    saved = through_libreoffice(exported(app, "b.nl", "csv"), "csv")
    batch = app.services.files.batch_from_file(saved, "x.csv", "c.nl", on_existing=OnExisting.UPDATE)
    validated = app.services.imports.validate(LOCAL, batch)
    lost = validated[~validated["username"].isin(AWKWARD)]
    assert {"7", "49"} <= set(lost["username"])
    assert set(lost["verdict"]) <= {"needs_password", "invalid", "duplicate"}


@soffice.needed()
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_quotas_edited_in_a_spreadsheet_send_only_their_requests(app: App, kind: str) -> None:
    rows = cells(exported(app, "a.nl", kind), f"x.{kind}")
    for row in rows:
        row["quota"] = {"info": "3072", "kim2": "unlimited"}.get(row["username"], row["quota"])
    write = writer.table_csv if kind == "csv" else writer.table_xlsx
    edited = write(list(rows[0]), [list(row.values()) for row in rows])
    counts, writes = imported(app, through_libreoffice(edited, kind), kind)
    assert counts == {"updated": 2, "unchanged": len(PLAIN) - 2}
    assert sorted(writes, key=str) == [
        ("PATCH", "/domains/a.nl/email-accounts/info", {"quota": 3072}),
        ("PATCH", "/domains/a.nl/email-accounts/kim2", {"quota": 0}),
    ]
    after = cells(exported(app, "a.nl", kind), f"x.{kind}")
    assert after == [row | {"quota": "0" if row["quota"] == "unlimited" else row["quota"]} for row in rows]


@soffice.needed()
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_foreign_cell_is_calculated_and_each_is_imported_unchanged(kind: str) -> None:
    awkward = ["=1+2", "+31612", "-2+3", "@home", "\tx", "\t=x", '="x"', "'=1", "＝1+2", "＠home", "=cmd|' /C calc'!A"]
    header, rows = ["username", *awkward], [["alice", *awkward]]
    data = (writer.table_csv if kind == "csv" else writer.table_xlsx)(header, rows)
    sheet = reader.read(through_libreoffice(data, kind), f"x.{kind}")
    assert [unguard(cell) for cell in sheet.table.row(0)] == rows[0]
    assert list(apply_mapping(sheet).cells(0).values()) == awkward


def test_a_results_file_has_unchanged_own_columns(app: App) -> None:
    """Guards go on what others made, come off when it is read, and are never put on a password."""
    content = b'username,password,note,=n\r\nnew.one,=Geheim.2026x,=1+2,"\t=x"\r\n'
    answer = app.ask("POST", "/imports?default_domain=a.nl", content=content, headers={"Content-Type": "text/csv"})
    run = support.data(answer, 202)["id"]
    app.ended(run)
    content = app.services.exports.run_file(LOCAL, run, "results.csv").content
    (row,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert row["password"] == "=Geheim.2026x"
    assert (row["note"], row["\t=n"]) == ("\t=1+2", "\t=x")
