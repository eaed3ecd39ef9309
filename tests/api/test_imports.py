"""The HTTP API: previews, imports, and the runs that they start."""

import csv
import io
import logging
from typing import Any

import pytest

from mxlib.store import audit
from tests.support.app import GOOD, App, data, refused, trail

BOXES = "/domains/a.nl/email-accounts"
NINA = {"username": "nina", "password": GOOD}


def preview(app: App, body: Any, **more: Any) -> Any:
    return data(app.ask("POST", "/email-accounts/import/preview", body, **more))


def test_a_preview_has_the_shape_that_scripts_know(app: App) -> None:
    app.have("kim@a.nl")
    told = preview(app, {"default_domain": "a.nl", "rows": [
        {"username": "nina", "password": GOOD, "quota": "", "limit": None, "line": 2},
        {"email": "tess@b.nl", "password": "", "line": 3},
        {"mailbox": "Nina@a.nl", "password": GOOD, "quota": 512, "line": 4},
        {"address": "kim", "password": GOOD, "recovery_email": "k@x.org", "line": 5},
        {"username": "jan jansen", "quota": "lots", "line": 6},
    ]})  # fmt: skip
    assert told["summary"] == {
        "total": 5, "valid": 1, "invalid": 4, "needs_password": 1, "already_exists": 1, "duplicate_in_csv": 1
    }  # fmt: skip
    assert told["rows"][0] == {
        "line": 2, "domain": "a.nl", "username": "nina", "password": GOOD, "recovery_email": None, "name": None,
        "quota": 1024, "limit": 9600, "valid": True, "needs_password": False, "already_exists": False,
        "duplicate_in_csv": False, "errors": [], "verdict": "ready", "warnings": [], "findings": [],
    }  # fmt: skip
    assert [row["verdict"] for row in told["rows"]] == ["ready", "needs_password", "duplicate", "exists", "invalid"]
    assert [row["line"] for row in told["rows"]] == [2, 3, 4, 5, 6]
    assert [(row["needs_password"], row["already_exists"], row["duplicate_in_csv"]) for row in told["rows"]] == [
        (False, False, False), (True, False, False), (False, False, True), (False, True, False), (True, False, False)
    ]  # fmt: skip
    assert told["rows"][1]["errors"] == []
    assert len(told["rows"][4]["errors"]) == 2
    assert told["rows"][4]["quota"] is None
    assert (told["rows"][3]["recovery_email"], told["rows"][2]["quota"]) == ("k@x.org", 512)


def test_what_the_sender_knows_of_a_domain_is_believed_in_a_preview_and_not_in_an_import(app: App) -> None:
    app.have("kim@a.nl")
    rows = [{"username": name, "password": GOOD} for name in ("kim", "nina")]
    body = {"default_domain": "a.nl", "existing_by_domain": {"A.nl": ["nina"]}, "rows": rows}
    assert [row["already_exists"] for row in preview(app, body)["rows"]] == [False, True]
    assert not [sent for sent in app.host.sent if sent.kind == "read" and sent.path.endswith("/email-accounts")]
    run = app.ended(data(app.ask("POST", "/imports", body), 202)["id"])["id"]
    results = data(app.ask("GET", f"/imports/{run}/results"))["rows"]
    assert [row["outcome"] for row in results] == ["skipped", "created"]


def test_a_preview_of_another_domain_says_first_which_permission_is_missing(app: App) -> None:
    token = app.token(a_nl="import", c_nl="view")
    rows = [{"username": "nina", "password": "x", "domain": name} for name in ("a.nl", "b.nl", "c.nl", "gmail.com")]
    told = preview(app, {"rows": rows}, token=token)["rows"]
    assert [row["errors"][0] for row in told[1:]] == [
        f"You have no permission to import into {name}." for name in ("b.nl", "c.nl", "gmail.com")
    ]
    assert not any("permission" in error for error in told[0]["errors"])
    assert not any("on this MXroute account" in error for row in told for error in row["errors"])


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
    told = data(answer)
    assert [(row["line"], row["username"], row["verdict"]) for row in told["rows"]] == [
        (2, "nina", "ready"), (3, "kim", "needs_password")
    ]  # fmt: skip
    assert told["rows"][0]["quota"] == 2048


@pytest.mark.parametrize(
    ("charset", "body"),
    [
        ("windows-1250", "username,password,note\nnina,Geheim.2026ł,\n".encode("cp1250")),
        ("UTF-16LE", "username,password,note\nnina,Geheim.2026ł,\n".encode("utf-16-le")),
        ('"utf-8"', "username,password,note\nnina,Geheim.2026ł,\n".encode()),
    ],
)
def test_a_file_is_read_in_the_charset_that_its_sender_names(app: App, charset: str, body: bytes) -> None:
    path, kind = "/email-accounts/import/preview?default_domain=a.nl", {"Content-Type": f"text/csv; charset={charset}"}
    assert data(app.ask("POST", path, content=body, headers=kind))["rows"][0]["password"] == "Geheim.2026ł"
    kind["Content-Type"] = "text/csv; charset=klingon"
    refused(app.ask("POST", path, content=body, headers=kind), 415, "charset=klingon is not read here.")


def test_parameters_that_are_for_files_are_not_left_out_without_a_word(app: App) -> None:
    refused(app.ask("POST", "/imports?generate_passwords=true", {"rows": [NINA]}), 400, "stands in the body")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "The file is empty."),
        (b"name,phone\r\nJan,1\r\n", "No column for usernames or addresses. Found: name, phone."),
        (b"user,username,password\r\na,b,c\r\n", "Both 'user' and 'username' hold usernames."),
        (b'username,password\r\njan,"Abc\r\n', "staff.csv: a quote opens in line 2 and never closes."),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_the_words_of_the_page(app: App, body: bytes, told: str) -> None:
    headers = {"Content-Type": "text/csv"}
    refused(app.ask("POST", "/email-accounts/import/preview?file=staff.csv", content=body, headers=headers), 400, told)


def test_a_domain_is_not_taken_for_missing_while_mxroute_never_told_its_domains(app: App) -> None:
    app.host.down = True
    body = {"default_domain": "a.nl", "rows": [NINA]}
    row = preview(app, body)["rows"][0]
    assert (row["verdict"], row["errors"]) == ("ready", [])
    assert row["warnings"][0].startswith("Could not check a.nl")
    answer = app.ask("POST", "/imports", body, headers={"Idempotency-Key": "k1"})
    refused(answer, 503, "a.nl could not be read from MXroute just now. Start waits for MXroute")
    assert data(app.ask("GET", "/imports")) == []


def test_more_rows_than_an_import_takes_are_refused(app: App) -> None:
    refused(app.ask("POST", "/imports", {"rows": [{}] * 10_001}), 400, "10,001 rows; the limit is 10,000.", "rows")


def test_ten_thousand_rows_are_judged_in_one_request(app: App) -> None:
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


def test_an_import_makes_what_is_ready_and_accounts_for_every_row(app: App) -> None:
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
        "message": "made; quota and limit as asked", "code": "as_asked", "password": GOOD, "quota": 1024,
        "limit": 9600, "recovery_email": "n@x.org", "name": None, "host": {"quota": 1024, "limit": 9600},
        "action": "create", "before": None,
    }  # fmt: skip
    assert app.host.sandbox.password_of("tess@a.nl") == rows[1]["password"]
    assert [(row["verdict"], row["outcome"], row["code"], row["password"], row["host"]) for row in rows[2:]] == [
        ("invalid", "skipped", "invalid", None, None), ("duplicate", "skipped", "duplicate", None, None)
    ]  # fmt: skip

    told = app.ask("GET", f"/imports/{run['id']}/results.csv")
    table = list(csv.DictReader(io.StringIO(told.content.decode("utf-8-sig"))))
    assert [row["outcome"] for row in table] == [row["outcome"] for row in rows]
    assert (table[0]["phone"], table[0]["password"]) == ("31", GOOD)
    assert told.headers["Cache-Control"] == "no-store"


def test_an_import_may_be_a_file(app: App) -> None:
    answer = app.ask(
        "POST", "/imports?default_domain=a.nl&generate_passwords=true&file=staff.csv",
        content=b"username,password,quota\r\nnina,,2048\r\n", headers={"Content-Type": "text/csv"},
    )  # fmt: skip
    run = data(answer, 202)
    assert run["file"] == "staff.csv"
    assert app.ended(run["id"])["counts"]["created"] == 1


def test_an_import_of_which_nothing_is_ready_ends_with_every_reason(app: App) -> None:
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


def test_a_request_that_was_refused_does_not_use_up_its_key(app: App) -> None:
    data(app.ask("GET", "/domains"))
    app.host.down = True
    refused(start(app, NINA, key="k1"), 503, "Start waits for MXroute")
    app.host.down = False
    app.services.lists._outcomes.clear()  # a minute later
    data(start(app, NINA, {"username": "kim"}, key="k1"), 202)


def test_an_import_into_domains_of_others_only_is_forbidden(app: App) -> None:
    token = app.token(a_nl="view", b_nl="import")
    refused(start(app, NINA, token=token), 403, "You have no permission to import into a.nl.")
    run = data(start(app, NINA, {"address": "kim@b.nl", "password": GOOD}, token=token), 202)
    assert app.ended(run["id"])["counts"]["created"] == 1
    assert not app.host.has("nina@a.nl")


def test_passwords_are_told_to_the_token_that_started_the_run_and_to_admins(app: App) -> None:
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


def test_a_run_of_nothing_is_seen_by_nobody_else(app: App) -> None:
    mine, other = app.token(a_nl="import"), app.token(b_nl="import")
    run = data(start(app, {"username": "nina"}, token=mine), 202)["id"]
    refused(app.ask("GET", f"/imports/{run}/results", token=other), 404, "There is no run")


def test_a_run_is_paused_resumed_and_stopped(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        app.services.rate_limiter, "try_acquire", lambda kind: 1.0 if kind == "write" else 0.0
    )  # its turn never comes
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


def test_a_run_at_its_end_is_steered_no_more(app: App) -> None:
    run = data(start(app, NINA), 202)["id"]
    app.ended(run)
    for what in ("pause", "resume", "stop"):
        refused(app.ask("POST", f"/imports/{run}/{what}"), 409, f"Run {run} has finished; ")
    assert not [what for what, _, _ in trail(app) if what in ("run.pause", "run.resume", "run.stop")]


def test_a_key_that_is_blank_is_none_and_says_so(app: App) -> None:
    refused(start(app, NINA, key=" "), 400, "it is blank", "Idempotency-Key")


def test_passwords_handed_over_are_gone(app: App) -> None:
    run = data(start(app, NINA), 202)["id"]
    app.ended(run)
    for _ in range(2):
        data(app.ask("POST", f"/imports/{run}/handed-over"))
    assert [what for what, _, _ in trail(app)].count("run.handed_over") == 1
    assert data(app.ask("GET", f"/imports/{run}/results"))["rows"][0]["password"] is None


def test_rows_that_were_not_attempted_are_tried_again_in_a_run_of_their_own(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(
            app.services.rate_limiter, "try_acquire", lambda kind: 1.0 if kind == "write" else 0.0
        )  # no turn comes
        first = data(start(app, NINA), 202)["id"]
        refused(app.ask("POST", f"/imports/{first}/retry"), 409, "The run is not at its end yet.")
        app.ask("POST", f"/imports/{first}/stop")
        app.ended(first)
    second = data(app.ask("POST", f"/imports/{first}/retry"), 202)["id"]
    assert app.ended(second)["counts"]["created"] == 1
    assert app.host.sandbox.password_of("nina@a.nl") == GOOD
    refused(app.ask("POST", f"/imports/{second}/retry"), 409, "No row of this run failed.")


def test_a_run_that_was_taken_over_tells_its_passwords_to_its_new_operator(app: App) -> None:
    first, second = app.token(a_nl="import"), app.token(a_nl="import")
    run = data(start(app, NINA, token=first, key="k1"), 202)["id"]
    app.ended(run)
    assert data(app.ask("POST", f"/imports/{run}/take-over", token=second))["operator"] == "test (token 3)"
    rows = {token: data(app.ask("GET", f"/imports/{run}/results", token=token))["rows"] for token in (first, second)}
    assert (rows[first][0]["password"], rows[second][0]["password"]) == (None, GOOD)
    assert data(start(app, NINA, token=first, key="k1"), 202)["id"] == run  # its key stays its own


def test_nobody_steers_what_they_may_not_import_into(app: App) -> None:
    run = data(start(app, NINA), 202)["id"]
    for what in ("pause", "resume", "stop", "handed-over"):
        refused(app.ask("POST", f"/imports/{run}/{what}", token=app.token(b_nl="import view")), 404, "no run")


def test_no_password_and_no_token_is_in_the_log_or_the_audit_trail(app: App, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        app.ask("POST", BOXES, NINA)
        app.ask("PATCH", f"{BOXES}/nina", {"password": "Anders.2027y"})
        app.ended(data(start(app, {"username": "kim", "password": GOOD}), 202)["id"])
        app.host.goes_wrong("broken_before")
        app.ask("POST", BOXES, {"username": "max", "password": GOOD})
    with app.services.store.read() as tx:
        told = caplog.text + str(audit.entries(tx))
    assert not [secret for secret in (GOOD, "Anders.2027y", app.admin) if secret in told]


def test_a_default_domain_that_is_none_is_not_repeated_in_every_row(app: App) -> None:
    long, path = "a." * 5_000, "/email-accounts/import/preview"
    told = "default_domain: over 300 characters, which no domain has."
    refused(app.ask("POST", path, {"default_domain": long, "rows": [NINA]}), 400, told, "default_domain")
    csv = {"content": b"username\njan\n", "headers": {"Content-Type": "text/csv"}}
    refused(app.ask("POST", f"{path}?default_domain={long}", **csv), 400, told, "default_domain")
