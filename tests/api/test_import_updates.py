"""Existing mailboxes updated by the API: previewed, run, told, and true when they come round again."""

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
    """Four mailboxes of one domain, one with a recovery email; no request was counted yet."""
    with opened(tmp_path) as built:
        built.have("kim@a.nl", "nina@a.nl", "omar@a.nl", "tess@a.nl")
        data(built.ask("PATCH", "/domains/a.nl/email-accounts/kim/recovery", {"recovery_email": "kim@home.nl"}))
        built.host.sent.clear()
        yield built


def preview(app: App, *rows: dict[str, Any], **more: Any) -> Any:
    body = {"default_domain": "a.nl", "on_existing": "update", "rows": list(rows), **more}
    return data(app.ask("POST", PREVIEW, body))


def run(app: App, content: bytes, **query: str) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Import a file as an update: the counts that are not zero, and the results."""
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
    """The writes that the host was asked for: where, and what."""
    sent = [request for request in app.host.sent if request.kind == "write"]
    assert {request.method for request in sent} <= {"PATCH"}
    return [(request.path.rpartition("/")[2], dict(request.body or {})) for request in sent]


def test_results_tell_of_a_limit_that_could_not_be_asked_for(app: App) -> None:
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


def test_a_run_that_asks_nothing_of_the_host_tells_of_such_a_limit_too(app: App) -> None:
    _, (nina,) = run(app, b"username,limit,recovery_email\nnina,500,n@home.nl\n")
    assert nina["message"] == (
        "recovery email set; limit 500 was not asked for: it changes only together with a password"
    )
    assert patches(app) == []


def test_a_preview_tells_what_each_row_would_do(app: App) -> None:
    told = preview(
        app,
        {"username": "kim", "quota": 2048, "recovery_email": "-"},
        {"username": "nina", "quota": 1024},
        {"username": "omar", "quota": "lots"},
        {"username": "lena", "password": GOOD},
        {"username": "piet"},
        {"username": "tess", "limit": 500},
    )
    assert [(row["action"], row["changes"]) for row in told["rows"]] == [
        ("update", ["quota 1024 → 2048", "recovery email removed"]),
        ("update", []),
        (None, []),
        ("create", []),
        (None, []),
        ("update", []),
    ]
    assert [row["valid"] for row in told["rows"]] == [True, True, False, True, False, True]
    assert (told["summary"]["valid"], told["summary"]["updated"], told["summary"]["unchanged"]) == (4, 1, 2)
    assert told["rows"][5]["warnings"] == [
        "MXroute keeps limit 9600, not 500: it changes one only together with a password."
    ]
    assert [told["rows"][0][name] for name in ("quota", "limit", "recovery_email")] == [2048, 9600, None]
    assert app.host.writes() == 0


def test_an_update_looks_at_what_there_is_whatever_the_sender_says(app: App) -> None:
    told = preview(app, {"username": "kim", "quota": 2048}, existing_by_domain={"a.nl": []})
    assert told["rows"][0]["changes"] == ["quota 1024 → 2048"]


def test_a_preview_without_updates_has_the_shape_that_scripts_know(app: App) -> None:
    told = preview(app, {"username": "kim"}, on_existing="skip")
    assert not {"action", "changes"} & told["rows"][0].keys()
    assert not {"updated", "unchanged"} & told["summary"].keys()
    assert told == preview(app, {"username": "kim"}, on_existing=None)


@pytest.mark.parametrize("value", ["replace", "UPDATE", "", 1, True, ["update"], {}])
def test_another_choice_is_refused(app: App, value: Any) -> None:
    body = {"rows": [], "on_existing": value}
    for path in (PREVIEW, "/imports"):
        refused(app.ask("POST", path, body), 400, "on_existing: write skip or update.", "on_existing")


def test_another_choice_beside_a_file_is_refused(app: App) -> None:
    answer = app.ask("POST", f"{PREVIEW}?on_existing=replace", content=b"username\r\nkim\r\n", headers=CSV)
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == "on_existing"


def test_an_export_that_comes_back_unchanged_asks_nothing_of_the_host(app: App) -> None:
    before = export(app)
    counts, rows = run(app, written(before))
    assert counts == {"unchanged": 4}
    assert {row["message"] for row in rows} == {"no change"}
    assert patches(app) == []
    assert export(app) == before


def test_edited_cells_become_exactly_those_patches_and_the_next_export_is_the_edited_file(app: App) -> None:
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


def test_a_row_with_a_password_replaces_it_and_generation_does_not(app: App) -> None:
    content = b"username,password\r\nkim,Nieuw.2026x\r\nnina,\r\nlena,\r\n"
    counts, rows = run(app, content, generate_passwords="true")
    assert counts == {"created": 1, "updated": 1, "unchanged": 1}
    there = app.host.sandbox
    assert (there.password_of("kim@a.nl"), there.password_of("nina@a.nl")) == ("Nieuw.2026x", GOOD)
    assert there.password_of("lena@a.nl") == rows[2]["password"]
    assert rows[1]["password"] is None


def test_mailboxes_that_are_not_in_the_file_stay(app: App) -> None:
    before = {row["username"]: row for row in export(app)}
    run(app, b"username,quota\r\nkim,2048\r\n")
    after = {row["username"]: row for row in export(app)}
    assert after.pop("kim") == before.pop("kim") | {"quota": "2048"}
    assert after == before


def test_without_the_choice_what_exists_is_skipped(app: App) -> None:
    counts, rows = run(app, b"username,quota\r\nkim,2048\r\n", on_existing="skip")
    assert counts == {"skipped": 1}
    assert rows[0]["message"].endswith("To change it, choose Existing mailboxes: update.")
    assert patches(app) == []


def test_rows_that_failed_come_back_in_the_import_format_with_their_blanks(app: App) -> None:
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


def test_rows_that_failed_are_tried_again_as_updates(app: App) -> None:
    app.host.goes_wrong("plan_full", count=1)
    counts, _ = run(app, b"username,quota\r\nkim,2048\r\n")
    assert counts == {"failed": 1}
    number = data(app.ask("GET", "/imports"))[0]["id"]
    again = data(app.ask("POST", f"/imports/{number}/retry"), 202)
    assert app.ended(again["id"])["counts"]["updated"] == 1
    assert patches(app) == [("kim", {"quota": 2048})] * 2


def test_one_key_is_one_request_whatever_becomes_of_existing_mailboxes(app: App) -> None:
    headers = CSV | {"Idempotency-Key": "k"}
    path = "/imports?default_domain=a.nl&on_existing="
    first = data(app.ask("POST", f"{path}update", content=b"username\r\nkim\r\n", headers=headers), 202)
    assert (
        data(app.ask("POST", f"{path}update", content=b"username\r\nkim\r\n", headers=headers), 202)["id"]
        == first["id"]
    )
    refused(app.ask("POST", f"{path}skip", content=b"username\r\nkim\r\n", headers=headers), 409, "Idempotency-Key")


def test_what_somebody_changed_since_the_list_was_read_is_what_counts(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
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
