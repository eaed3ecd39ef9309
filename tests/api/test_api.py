"""The HTTP API: authentication, bodies, errors, domains and lists."""

import gzip
import logging
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import pytest
from starlette.types import Message

from mxlib.api import concurrency
from mxlib.api.app import routes
from mxlib.auth.permissions import LOCAL
from mxlib.mxroute.protocol import Request, Response
from mxlib.services.mailboxes import MailboxService
from mxlib.store import StoreUnavailable
from tests.support.app import GOOD, App, data, refused, trail

BOXES = "/domains/a.nl/email-accounts"
NINA = {"username": "nina", "password": GOOD}


# Authentication and bodies.


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Basic bXhtOg=="}, {"Authorization": "Bearer"}, {"Cookie": "session=x"}]
)
def test_the_api_is_refused_without_a_valid_token(app: App, headers: dict[str, str]) -> None:
    answer = app.ask("GET", "/me", token=None, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="MXM"')


def test_a_revoked_token_is_refused_with_the_reason(app: App) -> None:
    token = app.token(a_nl="view")
    app.services.tokens.revoke(LOCAL, 2)
    answer = app.ask("GET", "/me", token=token)
    refused(answer, 401, "This token was revoked.")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_me_returns_the_name_and_permissions_of_the_token(app: App) -> None:
    me = data(app.ask("GET", "/me", token=app.token(a_nl="view import", b_nl="view")))
    assert me == {
        "name": "test (token 2)", "admin": False, "permissions": {"a.nl": ["import", "view"], "b.nl": ["view"]}
    }  # fmt: skip


def test_a_body_over_the_size_limit_is_refused_before_it_is_parsed(app: App) -> None:
    big = b"x" * 10_000_001
    json = {"Content-Type": "application/json"}
    refused(app.ask("POST", "/imports", content=big, headers=json), 413, "10 MB; the limit is 10 MB.")
    in_parts = app.ask(
        "POST", "/imports", content=(big[at : at + 10**6] for at in range(0, len(big), 10**6)), headers=json
    )
    refused(in_parts, 413, "the limit is 10 MB.")
    assert app.ask("POST", "/imports", content=big, headers=json, token=None).status_code == 401


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body is no JSON"),
        (b'{"username": "nina",}', "The body is no JSON (line 1, column 21)."),
        (b'{"quota": NaN}', "The body is no JSON: NaN is no number in it."),
        (b'"\xff"', "The body is no JSON"),
        (b"[" * 200_000, "nested too deeply"),
        (b"1" * 5_000, "The body holds a number that is too large"),
        (b'{"username": 1e400}', "The body holds a number that is too large: 1e400."),
        (b'{"rows": [], "username": "a", "username": "b"}', "The body says username twice in one object."),
        (b'{"password": "Geheim.2026\\ud83d"}', "half of a surrogate pair"),
        (b"[]", "The body must be a JSON object."),
    ],
)
def test_a_body_that_is_not_a_json_object_is_refused_with_one_sentence(app: App, body: bytes, message: str) -> None:
    for path in (BOXES, "/imports", "/email-accounts/import/preview"):
        refused(app.ask("POST", path, content=body, headers={"Content-Type": "application/json"}), 400, message)


def test_a_body_of_another_content_type_is_refused(app: App) -> None:
    for kind in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}):
        refused(app.ask("POST", BOXES, content=b"{}", headers=kind), 415, "Content-Type: application/json.")
        refused(app.ask("POST", "/imports", content=b"{}", headers=kind), 415, "or text/csv or")


def test_a_body_cut_off_by_a_disconnect_is_ignored(app: App, caplog: pytest.LogCaptureFixture) -> None:
    received = iter(
        [
            {"type": "http.request", "body": b"username,password\nnina,Geh", "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    sent: list[Message] = []

    async def receive() -> Message:
        return next(received)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"authorization", f"Bearer {app.admin}".encode()), (b"content-type", b"text/csv")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/imports",
        "headers": headers,
        "query_string": b"",
        "root_path": "",
    }
    anyio.run(routes[0], scope, receive, send)
    assert (sent, caplog.records, data(app.ask("GET", "/imports"))) == ([], [], [])


def test_a_compressed_body_is_refused_without_decompressing_it(app: App) -> None:
    packed = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
    refused(app.ask("POST", "/imports", content=gzip.compress(b"username"), headers=packed), 415, "Content-Encoding")


def test_unknown_paths_methods_and_parameters_answer_in_the_error_envelope(app: App) -> None:
    for path in ("", "/nowhere", "/domains/a%0Ab/email-accounts/nina/"):
        refused(app.ask("GET", path), 404, "There is nothing at this path; /api/openapi.json lists what there is.")
    answer = app.ask("PUT", "/imports")
    refused(answer, 405, "PUT does nothing here; GET, POST would.")
    assert answer.headers["Allow"] == "GET, POST"
    assert app.ask("PUT", f"{BOXES}/nina").headers["Allow"] == "DELETE, GET, PATCH"
    refused(app.ask("GET", "/imports/seven"), 400, "run: ", "run")
    refused(app.ask("GET", "/imports/9223372036854775808"), 400, "run: ", "run")
    refused(app.ask("GET", f"{BOXES}?refresh=perhaps"), 400, "refresh: ", "refresh")


def test_an_internal_error_shows_no_details_and_logs_no_password(
    app: App, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError(f"with {GOOD} inside")

    monkeypatch.setattr(MailboxService, "create", fails)
    with caplog.at_level(logging.DEBUG):
        refused(app.ask("POST", BOXES, NINA), 500, "A fault of MXM itself")
    assert "RuntimeError at " in caplog.text
    assert GOOD not in caplog.text


def test_an_unwritable_store_answers_503_with_the_reason(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreUnavailable("The disk of this server is full.")

    monkeypatch.setattr(MailboxService, "create", full)
    refused(app.ask("POST", BOXES, NINA), 503, "disk")


def test_no_cors_header_is_sent_and_nothing_is_cached(app: App) -> None:
    answer = app.ask("GET", "/me", headers={"Origin": "https://elsewhere.example"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_openapi_document_needs_a_token_and_loads_nothing_from_elsewhere(app: App) -> None:
    assert app.ask("GET", "/openapi.json", token=None).status_code == 401
    document = app.ask("GET", "/openapi.json").json()
    assert document["servers"] == [{"url": "/api"}]
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert all("security" in operation for path in document["paths"].values() for operation in path.values())
    assert {app.ask("GET", path).status_code for path in ("/docs", "/redoc")} == {404}


def test_the_openapi_document_has_unique_operation_ids_and_readable_summaries(app: App) -> None:
    document = app.ask("GET", "/openapi.json").json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert {"mailboxes_create", "imports_preview", "imports_start", "runs_results"} <= set(names)
    assert {tag for operation in operations for tag in operation["tags"]} == {tag["name"] for tag in document["tags"]}
    for operation in operations:
        assert " " in operation["summary"], operation
        assert not operation["summary"].endswith("."), operation
        assert "Successful Response" not in str(operation)


# Domains and lists.


def test_a_token_sees_its_own_domains(app: App) -> None:
    assert data(app.ask("GET", "/domains")) == ["a.nl", "b.nl", "c.nl"]
    assert data(app.ask("GET", "/domains", token=app.token(b_nl="view", x_nl="view"))) == ["b.nl"]


def test_a_list_has_the_figures_of_mxroute_and_the_recovery_emails(app: App) -> None:
    app.have("kim@a.nl")
    app.ask("POST", BOXES, NINA | {"recovery_email": "Nina@Example.org"})
    answer = app.ask("GET", BOXES)
    assert {box["username"]: (box["recovery_email"], box["has_recovery_email"]) for box in data(answer)} == {
        "kim": (None, False), "nina": ("nina@example.org", True)
    }  # fmt: skip
    assert data(answer)[0].keys() == {
        "username", "email", "quota", "usage", "limit", "sent", "suspended", "recovery_email", "has_recovery_email",
        "name", "locked",
    }  # fmt: skip
    assert "problem" not in answer.json()


def test_a_list_is_cached_until_a_refresh(app: App) -> None:
    data(app.ask("GET", BOXES))
    app.have("kim@a.nl")
    assert data(app.ask("GET", BOXES)) == []
    assert len(data(app.ask("GET", f"{BOXES}?refresh=true"))) == 1


def test_the_last_list_is_returned_with_its_age_while_mxroute_is_down(app: App) -> None:
    data(app.ask("GET", BOXES))
    app.host.down = True
    answer = app.ask("GET", f"{BOXES}?refresh=true")
    assert data(answer) == []
    assert "This is the list of" in answer.json()["problem"]
    refused(app.ask("GET", "/domains/b.nl/email-accounts"), 503, "MXroute does not answer.")


def test_without_mxroute_and_a_cached_list_the_answer_is_503(app: App) -> None:
    app.host.down = True
    for path in ("/domains", BOXES, f"{BOXES}.csv"):
        refused(app.ask("GET", path), 503, "MXroute does not answer.")


def test_a_domain_of_another_account_is_not_found(app: App) -> None:
    for path in (
        "/domains/gmail.com/email-accounts",
        "/domains/gmail.com/email-accounts.csv",
        "/domains/%00/email-accounts",
    ):
        assert app.ask("GET", path).status_code == 404
    assert app.host.writes() == 0


def test_a_domain_may_be_written_in_unicode_and_any_case(app: App) -> None:
    app.host.sandbox.account.domains["xn--caf-dma.nl"] = {}
    made = app.ask("POST", "/domains/Café.nl/email-accounts", NINA | {"domain": "café.nl"})
    assert data(made, 201)["email"] == "nina@xn--caf-dma.nl"
    path = "/domains/Caf%C3%89.nl/email-accounts"
    assert "nina" in app.ask("GET", f"{path}.csv").text
    assert [one["what"] for one in data(app.ask("GET", f"{path}/nina/history"))["events"]] == ["Created"]
    assert (
        data(app.ask("PATCH", f"{path}/nina/recovery", {"recovery_email": "n@x.org"}))["email"] == "nina@xn--caf-dma.nl"
    )
    assert data(app.ask("DELETE", f"{path}/nina")) == {"email": "nina@xn--caf-dma.nl"}


def test_the_export_is_the_same_as_on_the_page(app: App) -> None:
    app.ask("POST", BOXES, NINA | {"recovery_email": "nina@example.org"})
    answer = app.ask("GET", f"{BOXES}.csv")
    assert answer.content.decode("utf-8-sig") == (
        "username,password,quota,limit,recovery_email,domain,name\r\nnina,,1024,9600,nina@example.org,a.nl,\r\n"
    )
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "mailboxes-a.nl-" in answer.headers["Content-Disposition"]
    assert ("export", "a.nl", "test (token 1)") in trail(app)


def test_sixty_slow_reads_do_not_delay_requests_that_need_no_host(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, open_ = app.host.send, threading.Event()
    at_host = threading.Semaphore(0)

    def slow(request: Request, **more: Any) -> Response:
        at_host.release()
        open_.wait(20.0)
        return usual(request, **more)

    app.ask("GET", "/domains")
    monkeypatch.setattr(app.host, "send", slow)
    with app.client:  # one loop, and so one pool of threads, for all of them
        paths = [f"/domains/a.nl/email-accounts/user{number}" for number in range(60)]
        with ThreadPoolExecutor(60) as threads:
            asked = [threads.submit(app.ask, "GET", path) for path in paths]
            for _ in range(concurrency.MAX_AT_HOST):
                assert at_host.acquire(timeout=10.0)
            began = time.monotonic()
            assert app.ask("GET", "/me").status_code == 200
            assert time.monotonic() - began < 5.0
            open_.set()
        statuses = Counter(each.result().status_code for each in asked)
        assert statuses == {404: 60}


def test_a_request_that_waits_too_long_for_the_host_is_refused_with_retry_after(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, open_, at_host = app.host.send, threading.Event(), threading.Semaphore(0)

    def slow(request: Request, **more: Any) -> Response:
        at_host.release()
        open_.wait(20.0)
        return usual(request, **more)

    app.ask("GET", "/domains")
    monkeypatch.setattr(app.host, "send", slow)
    monkeypatch.setattr(concurrency, "MAX_WAIT_S", 0.05)
    with app.client, ThreadPoolExecutor(concurrency.MAX_AT_HOST) as threads:
        paths = [f"/domains/a.nl/email-accounts/user{number}" for number in range(concurrency.MAX_AT_HOST)]
        asked = [threads.submit(app.ask, "GET", path) for path in paths]
        for _ in paths:
            assert at_host.acquire(timeout=10.0)
        refused = app.ask("GET", "/domains/a.nl/email-accounts/late")
        open_.set()
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert {each.result().status_code for each in asked} == {404}


def test_too_many_waiting_requests_are_refused_with_retry_after(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "MAX_AT_HOST", 0)
    monkeypatch.setattr(concurrency, "MAX_WAITING", 0)
    refused = app.ask("GET", "/domains")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert "Try again in 5 s" in refused.json()["error"]["message"]
    assert app.ask("GET", "/me").status_code == 200
