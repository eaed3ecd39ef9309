"""Existing mailboxes updated by the API: preview, run, results, and export and import again."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.mxroute import protocol
from mxlib.services import imports
from tests.support.app import GOOD, App, data, opened, refused

CSV = {"Content-Type": "text/csv"}
PREVIEW = "/email-accounts/import/preview"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Yield a server with four mailboxes of one domain, one with a recovery email.

    The requests so far are not counted.
    """
    with opened(tmp_path) as built:
        built.have("kim@a.nl", "nina@a.nl", "omar@a.nl", "tess@a.nl")
        data(built.ask("PATCH", "/domains/a.nl/email-accounts/kim/recovery", {"recovery_email": "kim@home.nl"}))
        built.host.sent.clear()
        yield built


def preview(app: App, *rows: dict[str, Any], **more: Any) -> Any:
    body = {"default_domain": "a.nl", "on_existing": "update", "rows": list(rows), **more}
    return data(app.ask("POST", PREVIEW, body))


def run(app: App, content: bytes, **query: str) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Import a file as an update; return its counts other than zero, and its results."""
    asked = "&".join(
        f"{name}={value}" for name, value in {"default_domain": "a.nl", "on_existing": "update", **query}.items()
    )
    started = data(app.ask("POST", f"/imports?{asked}", content=content, headers=CSV), 202)
    counts = {outcome: number for outcome, number in app.ended(started["id"])["counts"].items() if number}
    return counts, data(app.ask("GET", f"/imports/{started['id']}/results"))["rows"]


def export(app: App) -> list[dict[str, str]]:
    content = app.ask("GET", "/domains/a.nl/email-accounts.csv").content
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def written(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, rows[0].keys())
    table.writeheader()
    table.writerows(rows)
    return text.getvalue().encode()


def patches(app: App) -> list[tuple[str, dict[str, Any]]]:
    """Return username and body of each PATCH that the host got.

    Fails when the host got any other write.
    """
    sent = [request for request in app.host.sent if request.kind == "write"]
    assert {request.method for request in sent} <= {"PATCH"}
    return [(request.path.rpartition("/")[2], dict(request.body or {})) for request in sent]


def test_results_report_a_limit_that_could_not_be_set(app: App) -> None:
    counts, (kim, nina, omar, tess) = run(
        app, b"username,limit,quota,recovery_email\nkim,500,2048,\nnina,500,,n@home.nl\nomar,500,,\ntess,9600,,\n"
    )
    assert counts == {"updated": 2, "unchanged": 2}
    assert kim["message"] == (
        "changed; quota 1024 → 2048 as asked; limit is 9600, not 500 as asked "
        "(it changes only together with a password)"
    )
    assert (kim["limit"], kim["host"]["limit"]) == (500, 9600)
    assert nina["message"] == (
        "limit is 9600, not 500 as asked (it changes only together with a password); recovery email set"
    )
    assert omar["message"] == "no change; limit 500 was not asked for: it changes only together with a password"
    assert tess["message"] == "no change"
    assert patches(app) == [("kim", {"quota": 2048})]


def test_a_run_without_a_write_reports_such_a_limit_too(app: App) -> None:
    _, (nina,) = run(app, b"username,limit,recovery_email\nnina,500,n@home.nl\n")
    assert nina["message"] == (
        "recovery email set; limit 500 was not asked for: it changes only together with a password"
    )
    assert patches(app) == []


def test_a_preview_shows_what_each_row_would_do(app: App) -> None:
    previewed = preview(
        app,
        {"username": "kim", "quota": 2048, "recovery_email": "-"},
        {"username": "nina", "quota": 1024},
        {"username": "omar", "quota": "lots"},
        {"username": "lena", "password": GOOD},
        {"username": "piet"},
        {"username": "tess", "limit": 500},
    )
    assert [(row["action"], row["changes"]) for row in previewed["rows"]] == [
        ("update", ["quota 1024 → 2048", "recovery email removed"]),
        ("update", []),
        (None, []),
        ("create", []),
        (None, []),
        ("update", []),
    ]
    assert [row["valid"] for row in previewed["rows"]] == [True, True, False, True, False, True]
    assert (previewed["summary"]["valid"], previewed["summary"]["updated"], previewed["summary"]["unchanged"]) == (
        4,
        1,
        2,
    )
    assert previewed["rows"][5]["warnings"] == [
        "MXroute keeps limit 9600, not 500: it changes one only together with a password."
    ]
    assert [previewed["rows"][0][name] for name in ("quota", "limit", "recovery_email")] == [2048, 9600, None]
    assert app.host.writes() == 0


def test_an_update_uses_the_real_mailboxes_and_not_those_that_the_client_names(app: App) -> None:
    previewed = preview(app, {"username": "kim", "quota": 2048}, existing_by_domain={"a.nl": []})
    assert previewed["rows"][0]["changes"] == ["quota 1024 → 2048"]


def test_a_preview_without_updates_has_no_update_fields(app: App) -> None:
    previewed = preview(app, {"username": "kim"}, on_existing="skip")
    assert not {"action", "changes"} & previewed["rows"][0].keys()
    assert not {"updated", "unchanged"} & previewed["summary"].keys()
    assert previewed == preview(app, {"username": "kim"}, on_existing=None)


@pytest.mark.parametrize("value", ["replace", "UPDATE", "", 1, True, ["update"], {}])
def test_an_unknown_on_existing_is_refused(app: App, value: Any) -> None:
    body = {"rows": [], "on_existing": value}
    for path in (PREVIEW, "/imports"):
        refused(app.ask("POST", path, body), 400, "on_existing: write skip or update.", "on_existing")


def test_an_unknown_on_existing_with_a_file_is_refused(app: App) -> None:
    answer = app.ask("POST", f"{PREVIEW}?on_existing=replace", content=b"username\r\nkim\r\n", headers=CSV)
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "on_existing"


def test_importing_an_unchanged_export_sends_nothing(app: App) -> None:
    before = export(app)
    counts, rows = run(app, written(before))
    assert counts == {"unchanged": 4}
    assert {row["message"] for row in rows} == {"no change"}
    assert patches(app) == []
    assert export(app) == before


def test_edited_cells_send_only_their_patches_and_the_next_export_matches(app: App) -> None:
    edited = export(app)
    edited[0] |= {"quota": "2048", "recovery_email": "-"}
    edited[1] |= {"quota": "0"}
    edited[2] |= {"recovery_email": "omar@home.nl"}
    counts, rows = run(app, written(edited))
    assert counts == {"updated": 3, "unchanged": 1}
    assert sorted(patches(app)) == [("kim", {"quota": 2048}), ("nina", {"quota": 0})]
    assert [row["outcome"] for row in rows] == ["updated", "updated", "updated", "unchanged"]
    edited[0]["recovery_email"] = ""
    assert export(app) == edited
    assert {app.host.sandbox.password_of(f"{row['username']}@a.nl") for row in edited} == {GOOD}


def test_a_password_in_a_row_replaces_the_old_one_and_generation_does_not(app: App) -> None:
    content = b"username,password\r\nkim,Nieuw.2026x\r\nnina,\r\nlena,\r\n"
    counts, rows = run(app, content, generate_passwords="true")
    assert counts == {"created": 1, "updated": 1, "unchanged": 1}
    there = app.host.sandbox
    assert (there.password_of("kim@a.nl"), there.password_of("nina@a.nl")) == ("Nieuw.2026x", GOOD)
    assert there.password_of("lena@a.nl") == rows[2]["password"]
    assert rows[1]["password"] is None


def test_mailboxes_that_are_not_in_the_file_stay_unchanged(app: App) -> None:
    before = {row["username"]: row for row in export(app)}
    run(app, b"username,quota\r\nkim,2048\r\n")
    after = {row["username"]: row for row in export(app)}
    assert after.pop("kim") == before.pop("kim") | {"quota": "2048"}
    assert after == before


def test_existing_mailboxes_are_skipped_without_on_existing_update(app: App) -> None:
    counts, rows = run(app, b"username,quota\r\nkim,2048\r\n", on_existing="skip")
    assert counts == {"skipped": 1}
    assert rows[0]["message"].endswith("To change it, choose Update existing.")
    assert patches(app) == []


def test_the_file_of_failed_rows_is_in_the_import_format_and_keeps_blanks(app: App) -> None:
    app.host.goes_wrong("plan_full", count=2)
    content = b"username,quota,recovery_email\r\nkim,2048,-\r\nnina,4096,\r\n"
    counts, rows = run(app, content)
    assert counts == {"failed": 2}, rows
    number = data(app.ask("GET", "/imports"))[0]["id"]
    failed = app.services.exports.run_file(LOCAL, number, "failed.csv").content
    table = list(csv.DictReader(io.StringIO(failed.decode("utf-8-sig"), newline="")))
    assert [(row["username"], row["password"], row["quota"], row["limit"]) for row in table] == [
        ("kim", "", "2048", ""),
        ("nina", "", "4096", ""),
    ]
    app.host.sent.clear()
    counts, _ = run(app, failed)
    assert counts == {"updated": 2}
    assert sorted(patches(app)) == [("kim", {"quota": 2048}), ("nina", {"quota": 4096})]
    assert [(row["username"], row["recovery_email"]) for row in export(app)][:2] == [("kim", ""), ("nina", "")]


def test_failed_rows_are_retried_as_updates(app: App) -> None:
    app.host.goes_wrong("plan_full", count=1)
    counts, _ = run(app, b"username,quota\r\nkim,2048\r\n")
    assert counts == {"failed": 1}
    number = data(app.ask("GET", "/imports"))[0]["id"]
    again = data(app.ask("POST", f"/imports/{number}/retry"), 202)
    assert app.ended(again["id"])["counts"]["updated"] == 1
    assert patches(app) == [("kim", {"quota": 2048})] * 2


def test_the_same_key_with_another_on_existing_is_a_conflict(app: App) -> None:
    headers = CSV | {"Idempotency-Key": "k"}
    path = "/imports?default_domain=a.nl&on_existing="
    first = data(app.ask("POST", f"{path}update", content=b"username\r\nkim\r\n", headers=headers), 202)
    assert (
        data(app.ask("POST", f"{path}update", content=b"username\r\nkim\r\n", headers=headers), 202)["id"]
        == first["id"]
    )
    refused(app.ask("POST", f"{path}skip", content=b"username\r\nkim\r\n", headers=headers), 409, "Idempotency-Key")


def test_the_start_uses_changes_made_after_the_list_was_read(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    assert preview(app, {"username": "kim", "quota": 4096})["summary"]["updated"] == 1
    app.host.send(protocol.update_mailbox("a.nl", "kim", quota=4096))
    app.host.sent.clear()
    monkeypatch.setattr(imports, "FRESH_FOR_START", 0.0)
    assert run(app, b"username,quota\r\nkim,4096\r\n")[0] == {"unchanged": 1}
    assert patches(app) == []


def test_an_update_needs_the_permission_to_import(app: App) -> None:
    body = {"default_domain": "a.nl", "on_existing": "update", "rows": [{"username": "kim", "quota": 2048}]}
    refused(app.ask("POST", "/imports", body, token=app.token(a_nl="view export")), 403, "permission to import")
    assert data(app.ask("POST", "/imports", body, token=app.token(a_nl="import")), 202)
