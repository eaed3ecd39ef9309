"""The evidence report: who gets it, what it says, and what it never holds."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mxlib import web
from mxlib.auth.permissions import EVERY_DOMAIN, LOCAL, Caller, Forbidden, Permission
from mxlib.core.audit_verification import Span, Verification
from mxlib.store import audit_check, second_factors
from tests.support.app import App, opened
from tests.support.audit_entries import audit_entries
from tests.support.sign_in import GOOD

BOSS = Caller("boss", admin=True)
KIM = {"a.nl": [Permission.VIEW, Permission.EXPORT]}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Yield a server with an admin, a user, one who was disabled, and two tokens."""
    with opened(tmp_path) as app:
        access = app.services.access
        access.add(LOCAL, "boss", GOOD, admin=True, given={})
        access.add(BOSS, "kim", GOOD, admin=False, given=KIM)
        gone = access.add(BOSS, "gone", GOOD, admin=False, given={EVERY_DOMAIN: [Permission.DELETE]})
        access.disable(BOSS, gone)
        access.create_token(BOSS, "=1+1", admin=False, given=KIM, days=30)
        yield app


def sheets(app: App) -> dict[str, list[list[str]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(app.services.evidence.workbook(BOSS).content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}  # type: ignore[misc]


def test_only_an_admin_gets_it(app: App) -> None:
    for caller in (app.services.users.caller("kim"), Caller("kim")):
        with pytest.raises(Forbidden, match="Only admins"):
            app.services.evidence.workbook(caller)


def test_it_lists_users_permissions_and_tokens(app: App) -> None:
    book = sheets(app)
    users = {row[0]: dict(zip(book["Users"][0], row, strict=True)) for row in book["Users"][1:]}
    assert users["boss"]["Role"] == "admin"
    assert users["kim"]["Signs in with"] == "password"
    assert users["kim"]["Disabled"] == ""
    assert users["gone"]["Disabled"] != ""
    permissions = book["Permissions"][1:]
    assert ["boss", "user", "all domains", "admin: everything"] in permissions
    assert ["kim", "user", "a.nl", "export, view"] in [
        [*row[:3], ", ".join(sorted(row[3].split(", ")))] for row in permissions
    ]
    assert "gone" not in {row[0] for row in permissions}
    [token] = [row for row in book["Tokens"][1:] if row[0] == "2"]
    assert token[1] == "\t=1+1", "a name that looks like a formula is kept from being one"
    assert token[2] == "yes"
    assert token[4] == "boss"


def test_a_token_never_has_more_permissions_than_its_owner_today(app: App) -> None:
    access, boss = app.services.access, app.services.users.find("boss")
    assert boss is not None
    access.create_token(BOSS, "everything", admin=True, given={}, days=30)
    access.add(BOSS, "other", GOOD, admin=True, given={})
    access.allow(Caller("other", admin=True), boss.id, admin=False, given={"b.nl": [Permission.VIEW]})
    rows = [row for row in sheets(app)["Permissions"][1:] if row[1].startswith("token ")]
    of = {name: [row[2:] for row in rows if row[0] == name] for name in ("everything", "\t=1+1")}
    assert of == {"everything": [["b.nl", "view"]], "\t=1+1": [["no domain", "nothing"]]}


def test_the_summary_counts_what_works(app: App) -> None:
    summary = dict(sheets(app)["Summary"])
    assert summary["Users"] == "2 users, 1 of them admins"
    assert summary["Disabled users"] == "1"
    assert summary["Sign-in"] == "required"
    versions = dict(sheets(app)["Versions"])
    assert versions["streamlit"].split(".")[0] == "1"
    assert versions["Database"].startswith("SQLite 3.")


def test_it_says_who_has_a_second_factor_and_whether_backups_are_made(app: App) -> None:
    boss = app.services.users.find("boss")
    assert boss is not None
    with app.services.store.write() as tx:
        second_factors.enroll(tx, boss.id, b"sealed", app.services.clock.now(), 1)
    book = sheets(app)
    users = {row[0]: dict(zip(book["Users"][0], row, strict=True)) for row in book["Users"][1:]}
    assert users["boss"]["Second factor"].startswith("since 20")
    assert users["kim"]["Second factor"] == "none"
    summary = dict(book["Summary"])
    assert summary["Second factor"].endswith("set up by 1 of 2 users with a password")
    assert dict(book["Settings"])["Second factor"] == "optional"
    assert summary["Newest good backup"] == "no nightly backups are set up"


@pytest.mark.parametrize("portal", ["", "https://password.agency.example"])
def test_it_names_the_address_of_the_public_pages(app: App, monkeypatch: pytest.MonkeyPatch, portal: str) -> None:
    monkeypatch.setattr(
        app.services.evidence, "_settings", app.services.settings.model_copy(update={"portal_url": portal})
    )
    found = dict(sheets(app)["Settings"])
    assert found["Address of the public pages"] == (portal or "that of the dashboard")
    assert found["A link to reset a password ends after"] == "60 minutes"


def test_it_says_whether_the_audit_log_is_intact(app: App) -> None:
    app.services.audit_proof.check()
    book = sheets(app)
    assert dict(book["Summary"])["Audit log verified"].startswith("intact, at ")
    assert dict(book["Audit log"])["Last verified"].endswith(" UTC")


def test_it_names_where_the_audit_log_breaks(app: App) -> None:
    with app.services.store.write() as tx:
        for (name,) in tx.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
            tx.exec_driver_sql(f'DROP TRIGGER "{name}"')
        tx.exec_driver_sql("UPDATE audit SET who = 'nobody' WHERE id = 2")
    found = audit_check.verify(app.services.store)
    with app.services.store.write() as tx:
        audit_check.keep(tx, found, app.services.clock.now())
    assert "BROKEN" in dict(sheets(app)["Summary"])["Audit log verified"]
    assert "Entry 2 was changed" in str(sheets(app)["Audit log"])
    known = app.services.audit_proof.latest(LOCAL)
    assert known
    app.services.audit_proof.accept(LOCAL, known[0])
    state = dict(sheets(app)["Summary"])["Audit log verified"]
    assert state.startswith("intact but for what an admin accepted, at ")
    assert "Entry 2: not as MXM wrote them" in state


def test_it_does_not_call_a_log_intact_that_cannot_be_verified(app: App) -> None:
    span = Span(3, 1, 3)
    with app.services.store.write() as tx:
        audit_check.keep(tx, Verification(unverified=(span,)), app.services.clock.now())
    state = dict(sheets(app)["Summary"])["Audit log verified"]
    assert state.startswith("NOT VERIFIED as a whole, at ")
    assert "intact" not in state.lower()
    assert "3 entries from 1 to 3" in state


def test_it_holds_no_secret(app: App) -> None:
    text = str(sheets(app))
    with app.services.store.read() as tx:
        hashes = [str(row[0]) for row in tx.exec_driver_sql('SELECT password_hash FROM "user"')]
    secrets = [*hashes, GOOD, app.admin]
    assert all(secrets)
    assert not [secret for secret in secrets if secret in text]


def test_taking_it_is_audited(app: App) -> None:
    sheets(app)
    with app.services.store.read() as tx:
        entry = audit_entries(tx)[0]
    assert (entry.who, entry.what, entry.on) == ("boss", "evidence.download", "evidence report")


def test_its_route_saves_a_file_that_is_not_cached(app: App) -> None:
    client = TestClient(Starlette(routes=web.routes), base_url="http://127.0.0.1")
    refused = client.get("/evidence.xlsx")
    assert refused.status_code == 403
    answer = client.get("/evidence.xlsx", headers={"x-mx-user": "boss"})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "evidence-" in answer.headers["content-disposition"]
    assert answer.content.startswith(b"PK")
