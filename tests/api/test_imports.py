"""Previews, imports and their runs by the HTTP API."""

import csv
import io
import logging
import zipfile
from typing import Any

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.files import reader
from mxlib.core.vocabulary import AuditAction
from mxlib.store import recovery_changes
from tests.support.app import GOOD, App, data, refused, trail
from tests.support.audit_entries import audit_entries

BOXES = "/domains/a.nl/email-accounts"
NINA = {"username": "nina", "password": GOOD}


def preview(app: App, body: Any, **more: Any) -> Any:
    return data(app.ask("POST", "/email-accounts/import/preview", body, **more))


def test_a_preview_has_its_documented_shape(app: App) -> None:
    app.have("kim@a.nl")
    previewed = preview(app, {"default_domain": "a.nl", "rows": [
        {"username": "nina", "password": GOOD, "quota": "", "limit": None, "line": 2},
        {"email": "tess@b.nl", "password": "", "line": 3},
        {"mailbox": "Nina@a.nl", "password": GOOD, "quota": 512, "line": 4},
        {"address": "kim", "password": GOOD, "recovery_email": "k@x.org", "line": 5},
        {"username": "jan jansen", "quota": "lots", "line": 6},
    ]})  # fmt: skip
    assert previewed["summary"] == {
        "total": 5, "valid": 1, "invalid": 4, "needs_password": 1, "already_exists": 1, "duplicate_in_csv": 1
    }  # fmt: skip
    assert previewed["rows"][0] == {
        "line": 2, "domain": "a.nl", "username": "nina", "password": GOOD, "recovery_email": None, "name": None,
        "quota": 1024, "limit": 9600, "valid": True, "needs_password": False, "already_exists": False,
        "duplicate_in_csv": False, "errors": [], "verdict": "ready", "warnings": [], "findings": [],
    }  # fmt: skip
    assert [row["verdict"] for row in previewed["rows"]] == [
        "ready",
        "needs_password",
        "duplicate",
        "exists",
        "invalid",
    ]
    assert [row["line"] for row in previewed["rows"]] == [2, 3, 4, 5, 6]
    assert [(row["needs_password"], row["already_exists"], row["duplicate_in_csv"]) for row in previewed["rows"]] == [
        (False, False, False), (True, False, False), (False, False, True), (False, True, False), (True, False, False)
    ]  # fmt: skip
    assert previewed["rows"][1]["errors"] == []
    assert len(previewed["rows"][4]["errors"]) == 2
    assert previewed["rows"][4]["quota"] is None
    assert (previewed["rows"][3]["recovery_email"], previewed["rows"][2]["quota"]) == ("k@x.org", 512)


def test_existing_by_domain_is_used_in_a_preview_and_not_in_an_import(app: App) -> None:
    app.have("kim@a.nl")
    rows = [{"username": name, "password": GOOD} for name in ("kim", "nina")]
    body = {"default_domain": "a.nl", "existing_by_domain": {"A.nl": ["nina"]}, "rows": rows}
    assert [row["already_exists"] for row in preview(app, body)["rows"]] == [False, True]
    assert not [sent for sent in app.host.sent if sent.kind == "read" and sent.path.endswith("/email-accounts")]
    run = app.ended(data(app.ask("POST", "/imports", body), 202)["id"])["id"]
    results = data(app.ask("GET", f"/imports/{run}/results"))["rows"]
    assert [row["outcome"] for row in results] == ["skipped", "created"]


def test_a_preview_of_another_domain_reports_the_missing_permission_first(app: App) -> None:
    token = app.token(a_nl="import", c_nl="view")
    rows = [{"username": "nina", "password": "x", "domain": name} for name in ("a.nl", "b.nl", "c.nl", "gmail.com")]
    previewed = preview(app, {"rows": rows}, token=token)["rows"]
    assert [row["errors"][0] for row in previewed[1:]] == [
        f"You have no permission to import into {name}. Ask an admin for it." for name in ("b.nl", "c.nl", "gmail.com")
    ]
    assert not any("permission" in error for error in previewed[0]["errors"])
    assert not any("on this MXroute account" in error for row in previewed for error in row["errors"])


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/csv", "username;password;quota\r\nnina;Geheim.2026x;2048\r\nkim;;\r\n".encode("utf-16")),
        ("text/csv; charset=utf-8", b"E-Mail [Required],Password,Quota (GB)\nnina@a.nl,Geheim.2026x,2\nkim@a.nl,,\n"),
    ],
)  # fmt: skip
def test_a_file_is_read_as_on_the_page(app: App, kind: str, body: bytes) -> None:
    answer = app.ask(
        "POST", "/email-accounts/import/preview?default_domain=a.nl", content=body, headers={"Content-Type": kind}
    )
    previewed = data(answer)
    assert [(row["line"], row["username"], row["verdict"]) for row in previewed["rows"]] == [
        (2, "nina", "ready"), (3, "kim", "needs_password")
    ]  # fmt: skip
    assert previewed["rows"][0]["quota"] == 2048


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("windows-1250", "username,password,note\nnina,Geheim.2026ł,\n".encode("cp1250")),
        ("UTF-16LE", "username,password,note\nnina,Geheim.2026ł,\n".encode("utf-16-le")),
        ('"utf-8"', "username,password,note\nnina,Geheim.2026ł,\n".encode()),
    ],
)
def test_a_file_is_read_in_the_charset_of_its_content_type(app: App, charset: str, body: bytes) -> None:
    path, kind = "/email-accounts/import/preview?default_domain=a.nl", {"Content-Type": f"text/csv; charset={charset}"}
    assert data(app.ask("POST", path, content=body, headers=kind))["rows"][0]["password"] == "Geheim.2026ł"
    kind["Content-Type"] = "text/csv; charset=klingon"
    refused(app.ask("POST", path, content=body, headers=kind), 415, "charset=klingon is not read here.")


def test_query_parameters_for_files_are_refused_with_a_json_body(app: App) -> None:
    refused(app.ask("POST", "/imports?generate_passwords=true", {"rows": [NINA]}), 400, "is in the body")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The file is empty."),
        (b"name,phone\r\nJan,1\r\n", "We found no usernames or addresses. The columns are: name, phone."),
        (b"user,username,password\r\na,b,c\r\n", "Both 'user' and 'username' hold usernames."),
        (b'username,password\r\njan,"Abc\r\n', "staff.csv: a quote opens in line 2 and never closes."),
    ],
)
def test_a_file_that_is_not_a_table_is_refused_with_the_sentence_of_the_page(
    app: App, body: bytes, message: str
) -> None:
    headers = {"Content-Type": "text/csv"}
    refused(
        app.ask("POST", "/email-accounts/import/preview?file=staff.csv", content=body, headers=headers), 400, message
    )


def test_a_domain_is_not_called_missing_while_the_list_of_domains_was_never_read(app: App) -> None:
    app.host.down = True
    body = {"default_domain": "a.nl", "rows": [NINA]}
    row = preview(app, body)["rows"][0]
    assert (row["verdict"], row["errors"]) == ("ready", [])
    assert row["warnings"][0].startswith("Could not check a.nl")
    answer = app.ask("POST", "/imports", body, headers={"Idempotency-Key": "k1"})
    refused(answer, 503, "a.nl could not be read from MXroute just now. The start waits for MXroute")
    assert data(app.ask("GET", "/imports")) == []


def test_more_rows_than_the_limit_are_refused(app: App) -> None:
    refused(app.ask("POST", "/imports", {"rows": [{}] * 10_001}), 400, "10,001 rows; the limit is 10,000.", "rows")


def test_ten_thousand_rows_are_validated_in_one_request(app: App) -> None:
    rows = [
        {"username": f"user{n}", "password": GOOD, "quota": 1024, "recovery_email": f"u{n}@example.org", "line": n}
        for n in range(1, 10_001)
    ]
    body = {"default_domain": "a.nl", "rows": rows}
    assert preview(app, body)["summary"]["valid"] == 10_000


# Imports and runs.


def start(app: App, *rows: dict[str, Any], key: str = "", token: str = "", **more: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return app.ask(
        "POST", "/imports", {"default_domain": "a.nl", "rows": list(rows), **more}, token=token, headers=headers
    )


def test_an_import_creates_the_ready_rows_and_reports_every_row(app: App) -> None:
    answer = start(
        app, NINA | {"phone": "31", "recovery_email": "n@x.org"}, {"username": "tess"}, {"username": "jan jansen"},
        NINA, generate_passwords=True,
    )  # fmt: skip
    run = data(answer, 202)
    assert run.keys() == {
        "id", "kind", "undo_of", "undone_by", "status", "total", "counts", "operator", "file", "created_at",
        "eta_seconds", "paused_reason", "paused_code", "passwords",
    }  # fmt: skip
    assert (run["total"], run["operator"], run["file"], run["paused_reason"]) == (4, "test (token 1)", None, None)
    ended = app.ended(run["id"])
    assert ended["status"] == "finished"
    assert {outcome: number for outcome, number in ended["counts"].items() if number} == {"created": 2, "skipped": 2}
    assert data(app.ask("GET", "/imports")) == [ended]

    rows = data(app.ask("GET", f"/imports/{run['id']}/results"))["rows"]
    assert rows[0] == {
        "line": 1, "domain": "a.nl", "username": "nina", "verdict": "ready", "outcome": "created",
        "message": "Created", "code": "as_asked", "password": GOOD, "quota": 1024,
        "limit": 9600, "recovery_email": "n@x.org", "name": None, "host": {"quota": 1024, "limit": 9600},
        "action": "create", "before": None,
    }  # fmt: skip
    assert app.host.sandbox.password_of("tess@a.nl") == rows[1]["password"]
    assert [(row["verdict"], row["outcome"], row["code"], row["password"], row["host"]) for row in rows[2:]] == [
        ("invalid", "skipped", "invalid", None, None), ("duplicate", "skipped", "duplicate", None, None)
    ]  # fmt: skip

    download = app.ask("GET", f"/imports/{run['id']}/results.csv")
    table = list(csv.DictReader(io.StringIO(download.content.decode("utf-8-sig"))))
    assert [row["outcome"] for row in table] == [row["outcome"] for row in rows]
    assert (table[0]["phone"], table[0]["password"]) == ("31", GOOD)
    assert download.headers["Cache-Control"] == "no-store"


def test_an_import_may_be_a_file(app: App) -> None:
    answer = app.ask(
        "POST", "/imports?default_domain=a.nl&generate_passwords=true&file=staff.csv",
        content=b"username,password,quota\r\nnina,,2048\r\n", headers={"Content-Type": "text/csv"},
    )  # fmt: skip
    run = data(answer, 202)
    assert run["file"] == "staff.csv"
    assert app.ended(run["id"])["counts"]["created"] == 1


@pytest.mark.parametrize("as_file", [False, True])
def test_an_import_may_make_passwords_that_nobody_sees(app: App, as_file: bool) -> None:
    if as_file:
        answer = app.ask(
            "POST", "/imports?default_domain=a.nl&set_by_owners=true",
            content=f"username,password\r\nnina,\r\ntess,{GOOD}\r\n".encode(), headers={"Content-Type": "text/csv"},
        )  # fmt: skip
    else:
        answer = start(app, {"username": "nina"}, {"username": "tess", "password": GOOD}, set_by_owners=True)
    run = app.ended(data(answer, 202)["id"])
    assert run["counts"]["created"] == 2
    rows = data(app.ask("GET", f"/imports/{run['id']}/results"))["rows"]
    assert [row["password"] for row in rows] == [None, GOOD]
    assert len(app.host.sandbox.password_of("nina@a.nl")) >= 16
    assert [note["code"] for note in run["notes"]] == ["set_by_owners"]


@pytest.mark.parametrize("as_file", [False, True])
def test_an_import_may_leave_out_the_mails_to_former_recovery_emails(app: App, as_file: bool) -> None:
    app.have("nina@a.nl", "tess@a.nl")
    app.services.lists.domains(LOCAL, refresh=True)
    app.services.self_service.switch(LOCAL, "a.nl", on=True)

    def change(to: str, username: str, *, quiet: bool) -> None:
        row = {"username": username, "recovery_email": to}
        if as_file:
            path = f"/imports?default_domain=a.nl&on_existing=update&leave_out_notices={str(quiet).lower()}"
            content = f"username,recovery_email\r\n{username},{to}\r\n".encode()
            answer = app.ask("POST", path, content=content, headers={"Content-Type": "text/csv"})
        else:
            answer = start(app, row, on_existing="update", leave_out_notices=quiet)
        app.ended(data(answer, 202)["id"])

    for username, quiet in (("nina", True), ("tess", False)):
        change("old@mail.example", username, quiet=quiet)
        change("new@mail.example", username, quiet=quiet)
    with app.services.store.read() as tx:
        due = [each.address for each in recovery_changes.due(tx, 10)]
    assert due == ["tess@a.nl"]
    assert [on for what, on, _ in trail(app) if what == AuditAction.NOTICES_LEFT_OUT] == ["run 2"]


def test_with_a_json_body_these_choices_stand_in_the_body(app: App) -> None:
    for name in ("set_by_owners", "leave_out_notices"):
        refused(app.ask("POST", f"/imports?{name}=true", {"rows": [NINA]}), 400, "is in the body")
        refused(start(app, NINA, **{name: "yes"}), 400, "write true or false", name)


@pytest.mark.parametrize("name", ["set_by_owners", "leave_out_notices"])
def test_the_same_key_with_another_choice_is_a_conflict(app: App, name: str) -> None:
    path, header = "/imports?default_domain=a.nl", {"Content-Type": "text/csv", "Idempotency-Key": "k1"}
    content = f"username,password\r\nnina,{GOOD}\r\n".encode()
    data(app.ask("POST", path, content=content, headers=header), 202)
    refused(app.ask("POST", f"{path}&{name}=true", content=content, headers=header), 409, "Idempotency-Key")


def test_an_import_without_a_ready_row_skips_every_row(app: App) -> None:
    run = app.ended(data(start(app, {"username": "nina"}), 202)["id"])
    assert run["counts"]["skipped"] == 1
    assert app.host.writes() == 0
    refused(start(app), 400, "rows: there are none to import.", "rows")


def test_the_same_key_starts_one_run_however_often_it_is_sent(app: App) -> None:
    first = data(start(app, NINA, {"username": "tess"}, key="k1", generate_passwords=True), 202)
    app.ended(first["id"])
    app.host.down = True  # the answer needs no host
    again = data(start(app, NINA, {"username": "tess"}, key="k1", generate_passwords=True), 202)
    assert again["id"] == first["id"]
    assert len(data(app.ask("GET", "/imports"))) == 1


def test_the_same_key_with_another_body_is_a_conflict(app: App) -> None:
    data(start(app, NINA, key="k1"), 202)
    refused(start(app, {"username": "kim", "password": GOOD}, key="k1"), 409, "Idempotency-Key was used")
    csv_body = {"content": b"username,password\r\nkim,Geheim.2026x\r\n"}
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "k2"}
    data(app.ask("POST", "/imports?default_domain=a.nl", headers=headers, **csv_body), 202)
    refused(app.ask("POST", "/imports?default_domain=b.nl", headers=headers, **csv_body), 409, "Idempotency-Key")


def test_a_key_belongs_to_its_caller(app: App) -> None:
    first = data(start(app, NINA, key="k1"), 202)
    app.ended(first["id"])
    other = data(start(app, {"username": "kim", "password": GOOD}, key="k1", token=app.token(a_nl="import")), 202)
    assert other["id"] != first["id"]


def test_a_refused_request_does_not_use_up_its_key(app: App) -> None:
    data(app.ask("GET", "/domains"))
    app.host.down = True
    refused(start(app, NINA, key="k1"), 503, "The start waits for MXroute")
    app.host.down = False
    app.services.lists._outcomes.clear()  # a minute later
    data(start(app, NINA, {"username": "kim"}, key="k1"), 202)


def test_an_import_into_domains_without_permission_only_is_forbidden(app: App) -> None:
    token = app.token(a_nl="view", b_nl="import")
    refused(start(app, NINA, token=token), 403, "You have no permission to import into a.nl. Ask an admin for it.")
    run = data(start(app, NINA, {"address": "kim@b.nl", "password": GOOD}, token=token), 202)
    assert app.ended(run["id"])["counts"]["created"] == 1
    assert not app.host.has("nina@a.nl")


def test_only_the_token_that_started_the_run_and_admins_see_passwords(app: App) -> None:
    mine, colleague, other = app.token(a_nl="import"), app.token(a_nl="import"), app.token(b_nl="import")
    run = data(start(app, NINA, token=mine), 202)["id"]
    app.ended(run)

    def password(token: str) -> Any:
        return data(app.ask("GET", f"/imports/{run}/results", token=token))["rows"][0]["password"]

    assert (password(mine), password(colleague), password(app.admin)) == (GOOD, None, GOOD)
    assert app.ask("GET", f"/imports/{run}/results.csv", token=mine).status_code == 200
    refused(app.ask("GET", f"/imports/{run}/results.csv", token=colleague), 403, "Take the run over first.")
    for path in (f"/imports/{run}", f"/imports/{run}/results", f"/imports/{run}/results.csv"):
        refused(app.ask("GET", path, token=other), 404, f"There is no run {run}.")
    assert data(app.ask("GET", "/imports", token=other)) == []
    assert [what for what, _, _ in trail(app)].count("results.download") == 3


def test_a_run_without_a_ready_row_is_visible_to_its_operator_only(app: App) -> None:
    mine, other = app.token(a_nl="import"), app.token(b_nl="import")
    run = data(start(app, {"username": "nina"}, token=mine), 202)["id"]
    refused(app.ask("GET", f"/imports/{run}/results", token=other), 404, "There is no run")


def test_a_run_is_paused_resumed_and_stopped(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        app.services.rate_limiter, "try_acquire", lambda kind: 1.0 if kind == "write" else 0.0
    )  # a slot is never free
    run = data(start(app, NINA), 202)["id"]
    paused = data(app.ask("POST", f"/imports/{run}/pause"))
    assert paused["status"] == "paused"
    assert "pressed Pause" in paused["paused_reason"]
    refused(app.ask("POST", f"/imports/{run}/handed-over"), 409, "The run still needs its passwords.")
    assert data(app.ask("POST", f"/imports/{run}/resume"))["paused_reason"] is None
    data(app.ask("POST", f"/imports/{run}/stop"))
    assert app.ended(run)["counts"]["not_attempted"] == 1
    assert data(app.ask("POST", f"/imports/{run}/stop"))["status"] == "stopped"
    for what in ("pause", "resume"):
        refused(app.ask("POST", f"/imports/{run}/{what}"), 409, f"Run {run} was stopped")
    assert [what for what, _, _ in trail(app) if what in ("run.pause", "run.resume", "run.stop")] == [
        "run.pause", "run.resume", "run.stop"
    ]  # fmt: skip
    assert [what for what, _, _ in trail(app) if what.startswith("run.")][:1] == ["run.start"]


def test_a_finished_run_cannot_be_paused_resumed_or_stopped(app: App) -> None:
    run = data(start(app, NINA), 202)["id"]
    app.ended(run)
    for what in ("pause", "resume", "stop"):
        refused(app.ask("POST", f"/imports/{run}/{what}"), 409, f"Run {run} has finished; ")
    assert not [what for what, _, _ in trail(app) if what in ("run.pause", "run.resume", "run.stop")]


def test_a_blank_key_is_refused(app: App) -> None:
    refused(start(app, NINA, key=" "), 400, "it is blank", "Idempotency-Key")


def test_passwords_that_were_handed_over_are_erased(app: App) -> None:
    run = data(start(app, NINA), 202)["id"]
    app.ended(run)
    for _ in range(2):
        data(app.ask("POST", f"/imports/{run}/handed-over"))
    assert [what for what, _, _ in trail(app)].count("run.handed_over") == 1
    assert data(app.ask("GET", f"/imports/{run}/results"))["rows"][0]["password"] is None


def test_marks_are_set_listed_and_taken_away_and_outlive_the_passwords(app: App) -> None:
    rows = [{"username": name, "password": GOOD, "name": name.title()} for name in ("kim", "nina")]
    run = app.ended(data(app.ask("POST", "/imports", {"default_domain": "a.nl", "rows": rows}), 202)["id"])["id"]
    path = f"/imports/{run}/marks"
    asked = {"addresses": ["KIM@a.nl", "lee@a.nl"], "way": "letter"}
    assert data(app.ask("POST", path, asked)) == {"changed": 1, "left_out": ["lee@a.nl"]}
    assert data(app.ask("POST", path, asked)) == {"changed": 0, "left_out": ["lee@a.nl"]}
    listed = data(app.ask("GET", path))
    assert (listed["handed_over"], listed["to_have"]) == (1, 2)
    kim, nina = listed["people"]
    assert (kim["email"], kim["name"], kim["handed_over"]["way"]) == ("kim@a.nl", "Kim", "letter")
    assert (nina["handed_over"], nina["taken_at"], nina["changed"]) == (None, None, False)
    merged = app.ask("GET", f"/imports/{run}/mail-merge.xlsx?people=unmarked")
    assert reader.read(merged.content, "mail-merge.xlsx").table.column(0).to_pylist() == ["Nina"]
    assert sorted(zipfile.ZipFile(io.BytesIO(app.ask("GET", f"/imports/{run}/clients.zip").content)).namelist()) == [
        "a.nl-letters.pdf", "a.nl.xlsx",
    ]  # fmt: skip
    data(app.ask("POST", f"/imports/{run}/handed-over"))
    assert [each["handed_over"] is not None for each in data(app.ask("GET", path))["people"]] == [True, False]
    away = {"addresses": ["kim@a.nl", "nina@a.nl"], "handed_over": False}
    assert data(app.ask("POST", path, away)) == {"changed": 1, "left_out": []}
    assert ("run.hand_over_mark", f"run {run}", "test (token 1)") in trail(app)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"addresses": []},
        {"addresses": ["kim@a.nl"], "way": "pigeon"},
        {"addresses": ["kim@a.nl"], "way": "results"},
    ],
)
def test_marks_that_name_nobody_or_no_way_are_refused(app: App, body: Any) -> None:
    run = app.ended(data(app.ask("POST", "/imports", {"default_domain": "a.nl", "rows": [NINA]}), 202)["id"])["id"]
    assert app.ask("POST", f"/imports/{run}/marks", body).status_code == 400
    assert app.ask("GET", f"/imports/{run}/letters.pdf?people=some").status_code == 400
    assert app.ask("GET", f"/imports/{run}/letters.pdf?language=la").status_code == 400


def test_rows_that_were_not_attempted_are_retried_in_a_new_run(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(
            app.services.rate_limiter, "try_acquire", lambda kind: 1.0 if kind == "write" else 0.0
        )  # a slot is never free
        first = data(start(app, NINA), 202)["id"]
        refused(app.ask("POST", f"/imports/{first}/retry"), 409, "The run is not at its end yet.")
        app.ask("POST", f"/imports/{first}/stop")
        app.ended(first)
    second = data(app.ask("POST", f"/imports/{first}/retry"), 202)["id"]
    assert app.ended(second)["counts"]["created"] == 1
    assert app.host.sandbox.password_of("nina@a.nl") == GOOD
    refused(app.ask("POST", f"/imports/{second}/retry"), 409, "No row of this run failed.")


def test_only_the_new_operator_of_a_run_sees_its_passwords(app: App) -> None:
    first, second = app.token(a_nl="import"), app.token(a_nl="import")
    run = data(start(app, NINA, token=first, key="k1"), 202)["id"]
    app.ended(run)
    assert data(app.ask("POST", f"/imports/{run}/take-over", token=second))["operator"] == "test (token 3)"
    rows = {token: data(app.ask("GET", f"/imports/{run}/results", token=token))["rows"] for token in (first, second)}
    assert (rows[first][0]["password"], rows[second][0]["password"]) == (None, GOOD)
    assert data(start(app, NINA, token=first, key="k1"), 202)["id"] == run  # the key still belongs to the first token


def test_a_run_is_not_found_without_permission_to_import_into_its_domain(app: App) -> None:
    run = data(start(app, NINA), 202)["id"]
    for what in ("pause", "resume", "stop", "handed-over"):
        refused(app.ask("POST", f"/imports/{run}/{what}", token=app.token(b_nl="import view")), 404, "no run")


def test_no_password_and_no_token_is_in_the_log_or_the_audit_log(app: App, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        app.ask("POST", BOXES, NINA)
        app.ask("PATCH", f"{BOXES}/nina", {"password": "Anders.2027y"})
        app.ended(data(start(app, {"username": "kim", "password": GOOD}), 202)["id"])
        app.host.goes_wrong("broken_before")
        app.ask("POST", BOXES, {"username": "max", "password": GOOD})
    with app.services.store.read() as tx:
        written = caplog.text + str(audit_entries(tx))
    assert not [secret for secret in (GOOD, "Anders.2027y", app.admin) if secret in written]


def test_an_invalid_default_domain_is_reported_once_and_not_in_every_row(app: App) -> None:
    long, path = "a." * 5_000, "/email-accounts/import/preview"
    message = "default_domain: over 300 characters, which no domain has."
    refused(app.ask("POST", path, {"default_domain": long, "rows": [NINA]}), 400, message, "default_domain")
    csv = {"content": b"username\njan\n", "headers": {"Content-Type": "text/csv"}}
    refused(app.ask("POST", f"{path}?default_domain={long}", **csv), 400, message, "default_domain")
