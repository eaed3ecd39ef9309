"""Downloads: permissions, content, audit entries, and no caching."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pypdfium2
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mxlib.auth.permissions import LOCAL, Caller, Permission
from mxlib.core.clients import ClientDetails
from mxlib.services import Services, build, install
from mxlib.services.exports import RUN_FILES, File
from mxlib.settings import Settings
from mxlib.web import downloads
from mxlib.web.downloads import routes
from tests.support.audit_entries import audit_entries

FILE = (
    b"username,password,recovery_email,domain,note\r\n"
    b"one.new,Geheim.2026x,one@example.org,,=cmd|calc\r\n"
    b"two.new,,,clientb.nl,plain\r\n"
    b"bad name,,,,\r\n"
)
STRANGER = Caller("kim", domains={"clienta.nl": frozenset({Permission.IMPORT, Permission.VIEW})})


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Yield a server in which one run of three rows has finished."""
    folder = tmp_path_factory.mktemp("server")
    built = build(Settings(data_dir=folder, sandbox_window_s=1.0, sandbox_writes=100, sandbox_reads=300))
    install(built)
    built.run_manager.recover()
    batch = built.files.batch_from_file(FILE, "staff.csv", "clienta.nl")
    batch = batch.with_passwords(built.imports.validate(LOCAL, batch))
    ready = built.imports.confirm(LOCAL, batch, before=built.imports.validate(LOCAL, batch))
    run = built.runs.start(LOCAL, ready.plan, days=7)
    while (view := built.runs.get(LOCAL, run)) is None or view.finished_at is None:
        pass
    yield built
    install(None)
    built.close()


@pytest.fixture
def web(services: Services) -> TestClient:
    return TestClient(Starlette(routes=routes))


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_letters_and_logins_hold_the_new_passwords_and_nothing_else(services: Services, web: TestClient) -> None:
    made = {row["address"]: row["password"] for row in rows(web.get("/runs/1/results.csv").content) if row["password"]}
    assert len(made) == 2
    for paper, width in (("A4", 595), ("Letter", 612)):
        answer = web.get(f"/runs/1/letters.pdf?paper={paper}")
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.headers["cache-control"] == "no-store"
        printed = pypdfium2.PdfDocument(answer.content)
        assert round(printed[0].get_size()[0]) == width
        texts = [page.get_textpage().get_text_range() for page in printed]
        assert len(texts) == 2
        for (address, password), text in zip(made.items(), texts, strict=True):
            assert address in text
            assert password in text
    for name, user, password in (
        ("bitwarden.csv", "login_username", "login_password"), ("1password.csv", "Username", "Password"),
    ):  # fmt: skip
        answer = web.get(f"/runs/1/{name}")
        assert "x-mxm-remarks" not in answer.headers
        assert {row[user]: row[password] for row in rows(answer.content)} == made
    with services.store.read() as tx:
        taken = [entry["outcome"] for entry in audit_entries(tx) if entry["what"] == "results.download"]
    assert taken[:4] == ["1password.csv", "bitwarden.csv", "letters.pdf", "letters.pdf"]


def test_results_hold_every_row_in_file_order_with_passwords_of_created_mailboxes(web: TestClient) -> None:
    results = rows(web.get("/runs/1/results.csv").content)
    assert [row["outcome"] for row in results] == ["created", "created", "skipped"]
    assert results[0]["password"] == "Geheim.2026x"
    assert len(results[1]["password"]) >= 16
    assert results[2]["password"] == ""
    assert results[0]["note"].lstrip("\t") == "=cmd|calc"
    assert results[0]["note"].startswith("\t")


def test_results_as_csv_are_separated_as_chosen(web: TestClient) -> None:
    for chosen, delimiter in (("", ","), ("?delimiter=comma", ","), ("?delimiter=semicolon", ";")):
        content = web.get(f"/runs/1/results.csv{chosen}").content.decode("utf-8-sig")
        assert content.startswith(f"name{delimiter}address{delimiter}password{delimiter}recovery_email")
        failed = web.get(f"/runs/1/failed.csv{chosen}").content.decode("utf-8-sig")
        assert failed.splitlines()[0].endswith(f"{delimiter}outcome{delimiter}reason")


def test_results_have_the_formula_warning_as_csv_and_not_as_excel(web: TestClient) -> None:
    for name in ("results", "failed"):
        assert "spreadsheet calculates" in web.get(f"/runs/1/{name}.csv").headers["x-mxm-remarks"]
        book = web.get(f"/runs/1/{name}.xlsx")
        assert "x-mxm-remarks" not in book.headers
        assert (book.headers["cache-control"], book.content[:2]) == ("no-store", b"PK")


def test_results_are_not_cached_and_have_a_file_name(web: TestClient) -> None:
    answer = web.get("/runs/1/results.csv")
    assert answer.headers["cache-control"] == "no-store"
    assert 'filename="results-run-1.csv"' in answer.headers["content-disposition"]


def test_the_zip_has_one_file_a_domain_with_the_passwords_of_that_domain_only(web: TestClient) -> None:
    with zipfile.ZipFile(io.BytesIO(web.get("/runs/1/results.zip").content)) as box:
        files = {name: rows(box.read(name)) for name in box.namelist() if name.endswith(".csv")}
    for name, own in files.items():
        if "clientb" in name:
            assert {row["address"] for row in own} == {"two.new@clientb.nl"}


def test_the_failed_rows_are_in_the_import_format_with_a_reason(web: TestClient, services: Services) -> None:
    content = web.get("/runs/1/failed.csv").content
    failed = rows(content)
    assert [row["username"] for row in failed] == ["bad name"]
    assert "has a space" in failed[0]["reason"]
    assert len(services.files.read_by_header(content, "again.csv").rows) == 1


def test_every_download_of_results_is_in_the_audit_log(web: TestClient, services: Services) -> None:
    before = len([entry for entry in entries(services) if entry["what"] == "results.download"])
    web.get("/runs/1/results.csv")
    after = [entry for entry in entries(services) if entry["what"] == "results.download"]
    assert len(after) == before + 1
    assert after[0]["who"] == LOCAL.name


def entries(services: Services) -> list[dict[str, object]]:
    with services.store.read() as tx:
        return [dict(entry) for entry in audit_entries(tx, most=10_000)]


@pytest.mark.parametrize("path", [f"/runs/1/{name}" for name in RUN_FILES])
def test_only_the_operator_and_admins_get_results_with_passwords(
    web: TestClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(downloads, "caller", lambda request: STRANGER)
    answer = web.get(path)
    assert answer.status_code in {403, 404}
    assert "Geheim" not in answer.text


@pytest.mark.parametrize("path", ["/runs/99/results.csv", "/runs/1/else.csv", "/export/elsewhere.example.csv"])
def test_a_missing_file_is_refused_with_one_sentence(web: TestClient, path: str) -> None:
    answer = web.get(path)
    assert answer.status_code == 404
    assert answer.text.endswith(".")


def test_an_export_has_every_mailbox_with_its_recovery_email_and_no_password(
    web: TestClient, services: Services
) -> None:
    before, answer, after = date.today(), web.get("/export/clienta.nl.csv"), date.today()
    named = [f'filename="mailboxes-clienta.nl-{day}.csv"' for day in (before, after)]
    assert any(name in answer.headers["content-disposition"] for name in named)
    exported = {row["username"]: row for row in rows(answer.content)}
    assert set(exported) == services.lists.usernames("clienta.nl")
    assert exported["one.new"]["recovery_email"] == "one@example.org"
    assert {row["password"] for row in exported.values()} == {""}


def test_an_export_needs_the_permission_to_export(web: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "caller", lambda request: STRANGER)
    answer = web.get("/export/clienta.nl.csv")
    assert answer.status_code == 403
    assert "permission to export" in answer.text


def test_an_export_imported_again_has_nothing_to_create(web: TestClient, services: Services) -> None:
    for kind in ("csv", "xlsx"):
        content = web.get(f"/export/clienta.nl.{kind}").content
        batch = services.files.batch_from_file(content, f"export.{kind}", "clienta.nl")
        validated = services.imports.validate(LOCAL, batch)
        assert set(validated["verdict"]) == {"exists"}


def test_no_file_of_the_data_folder_has_a_password_in_clear(services: Services, tmp_path: Path) -> None:
    kept = b"".join(path.read_bytes() for path in services.settings.data_dir.rglob("*") if path.is_file())
    assert b"Geheim.2026x" not in kept


def test_remarks_with_text_of_the_host_fit_a_header() -> None:
    remarks = ("b.nl: \r\nSet-Cookie: x=1\0", "ü" * 100_000)
    header = downloads.attached(File("x.csv", b"", remarks)).headers["X-MXM-Remarks"]
    assert header.isprintable()
    assert header.isascii()
    assert len(header) <= 2_000


def test_admins_alone_download_the_list_of_clients(
    web: TestClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.clients.add(LOCAL, ClientDetails("Bakker & Co", ("clienta.nl",), notes="=1+1"))
    assert rows(web.get("/export/clients.csv").content)[0]["notes"] == "\t=1+1"
    assert web.get("/export/clients.xlsx").content.startswith(b"PK")
    assert web.get("/export/clients.ods").status_code == 404
    with services.store.read() as tx:
        assert {(entry["on"], entry["outcome"]) for entry in audit_entries(tx)} >= {("clients", "1 client as csv")}

    monkeypatch.setattr(downloads, "caller", lambda request: STRANGER)
    assert web.get("/export/clients.csv").status_code == 403
