"""The HTTP API: who comes in, and what it does with domains and single mailboxes."""

import gzip
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from starlette.types import Message

from mxlib import services
from mxlib.api.app import routes
from mxlib.auth.permissions import LOCAL
from mxlib.mxroute import messages
from mxlib.mxroute.errors import Busy, RateLimited, Unreachable
from mxlib.services.by_hand import came_at
from mxlib.services.mailboxes import Mailboxes
from mxlib.settings import Settings
from mxlib.store import Unwritable, audit
from tests.house import GOOD, House, StandIn, data, opened, refused, trail

BOXES = "/domains/a.nl/email-accounts"
NINA = {"username": "nina", "password": GOOD}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A server whose account has a.nl, b.nl and c.nl, all empty."""
    with opened(tmp_path) as made:
        yield made


# Who comes in, and with how much.


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Basic bXhtOg=="}, {"Authorization": "Bearer"}, {"Cookie": "session=x"}]
)
def test_nothing_but_a_token_lets_anybody_in(house: House, headers: dict[str, str]) -> None:
    answer = house.ask("GET", "/me", token=None, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="MXM"')


def test_a_token_that_works_no_more_says_why(house: House) -> None:
    token = house.token(a_nl="view")
    house.services.tokens.revoke(LOCAL, 2)
    answer = house.ask("GET", "/me", token=token)
    refused(answer, 401, "This token was revoked.")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_is_told_who_it_is(house: House) -> None:
    told = data(house.ask("GET", "/me", token=house.token(a_nl="view import", b_nl="view")))
    assert told == {
        "name": "test (token 2)", "admin": False, "permissions": {"a.nl": ["import", "view"], "b.nl": ["view"]}
    }  # fmt: skip


def test_a_body_over_the_limit_is_refused_before_anything_reads_it(house: House) -> None:
    big = b"x" * 10_000_001
    json = {"Content-Type": "application/json"}
    refused(house.ask("POST", "/imports", content=big, headers=json), 413, "10 MB; the limit is 10 MB.")
    in_parts = house.ask(
        "POST", "/imports", content=(big[at : at + 10**6] for at in range(0, len(big), 10**6)), headers=json
    )
    refused(in_parts, 413, "the limit is 10 MB.")
    assert house.ask("POST", "/imports", content=big, headers=json, token=None).status_code == 401


@pytest.mark.parametrize(
    ("body", "told"),
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
def test_a_body_that_is_no_json_object_is_refused_in_one_sentence(house: House, body: bytes, told: str) -> None:
    for path in (BOXES, "/imports", "/email-accounts/import/preview"):
        refused(house.ask("POST", path, content=body, headers={"Content-Type": "application/json"}), 400, told)


def test_a_body_of_another_kind_is_refused(house: House) -> None:
    for kind in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}):
        refused(house.ask("POST", BOXES, content=b"{}", headers=kind), 415, "Content-Type: application/json.")
        refused(house.ask("POST", "/imports", content=b"{}", headers=kind), 415, "or text/csv or")


def test_half_a_body_is_none(house: House, caplog: pytest.LogCaptureFixture) -> None:
    heard = iter(
        [
            {"type": "http.request", "body": b"username,password\nnina,Geh", "more_body": True},
            {"type": "http.disconnect"},
        ]
    )
    said: list[Message] = []

    async def receive() -> Message:
        return next(heard)

    async def send(message: Message) -> None:
        said.append(message)

    headers = [(b"authorization", f"Bearer {house.admin}".encode()), (b"content-type", b"text/csv")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/imports",
        "headers": headers,
        "query_string": b"",
        "root_path": "",
    }
    anyio.run(routes[0], scope, receive, send)
    assert (said, caplog.records, data(house.ask("GET", "/imports"))) == ([], [], [])


def test_a_packed_body_is_refused_unopened(house: House) -> None:
    packed = {"Content-Type": "text/csv", "Content-Encoding": "gzip"}
    refused(house.ask("POST", "/imports", content=gzip.compress(b"username"), headers=packed), 415, "Content-Encoding")


def test_what_is_not_there_wears_the_envelope_too(house: House) -> None:
    for path in ("", "/nowhere", "/domains/a%0Ab/email-accounts/nina/"):
        refused(house.ask("GET", path), 404, "There is nothing at this path; /api/openapi.json lists what there is.")
    answer = house.ask("PUT", "/imports")
    refused(answer, 405, "PUT does nothing here; GET, POST would.")
    assert answer.headers["Allow"] == "GET, POST"
    assert house.ask("PUT", f"{BOXES}/nina").headers["Allow"] == "DELETE, GET, PATCH"
    refused(house.ask("GET", "/imports/seven"), 400, "run: ", "run")
    refused(house.ask("GET", "/imports/9223372036854775808"), 400, "run: ", "run")
    refused(house.ask("GET", f"{BOXES}?refresh=perhaps"), 400, "refresh: ", "refresh")


def test_a_fault_of_ours_tells_nothing_of_itself(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError(f"with {GOOD} inside")

    monkeypatch.setattr(Mailboxes, "create", fails)
    with caplog.at_level(logging.DEBUG):
        refused(house.ask("POST", BOXES, NINA), 500, "A fault of MXM itself")
    assert "RuntimeError at " in caplog.text
    assert GOOD not in caplog.text


def test_a_store_that_can_not_be_written_is_said(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise Unwritable("The disk of this server is full.")

    monkeypatch.setattr(Mailboxes, "create", full)
    refused(house.ask("POST", BOXES, NINA), 503, "disk")


def test_what_was_done_and_can_not_be_noted_is_said_to_be_done(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.ask("GET", BOXES)  # the list is fresh, so that the create needs no read before it

    @contextmanager
    def full() -> Iterator[None]:
        raise Unwritable("The disk of this server is full.")
        yield

    monkeypatch.setattr(house.services.store, "write", full)
    refused(house.ask("POST", BOXES, NINA), 503, "MXroute did it, but that can not be noted here. The disk")
    assert house.host.has("nina@a.nl")


def test_no_other_site_is_let_in_and_nothing_is_cached(house: House) -> None:
    answer = house.ask("GET", "/me", headers={"Origin": "https://elsewhere.example"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_document_is_behind_the_door_and_calls_nobody(house: House) -> None:
    assert house.ask("GET", "/openapi.json", token=None).status_code == 401
    document = house.ask("GET", "/openapi.json").json()
    assert document["servers"] == [{"url": "/api"}]
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert all("security" in operation for path in document["paths"].values() for operation in path.values())
    assert {house.ask("GET", path).status_code for path in ("/docs", "/redoc")} == {404}


def test_the_document_has_names_that_a_client_can_wear_and_sentences_that_people_read(house: House) -> None:
    document = house.ask("GET", "/openapi.json").json()
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


def test_a_token_sees_its_own_domains(house: House) -> None:
    assert data(house.ask("GET", "/domains")) == ["a.nl", "b.nl", "c.nl"]
    assert data(house.ask("GET", "/domains", token=house.token(b_nl="view", x_nl="view"))) == ["b.nl"]


def test_a_list_has_what_mxroute_has_and_the_recovery_emails(house: House) -> None:
    house.have("kim@a.nl")
    house.ask("POST", BOXES, NINA | {"recovery_email": "Nina@Example.org"})
    answer = house.ask("GET", BOXES)
    assert {box["username"]: (box["recovery_email"], box["has_recovery_email"]) for box in data(answer)} == {
        "kim": (None, False), "nina": ("nina@example.org", True)
    }  # fmt: skip
    assert data(answer)[0].keys() == {
        "username", "email", "quota", "usage", "limit", "sent", "suspended", "recovery_email", "has_recovery_email"
    }  # fmt: skip
    assert "problem" not in answer.json()


def test_a_list_is_kept_until_a_refresh(house: House) -> None:
    data(house.ask("GET", BOXES))
    house.have("kim@a.nl")
    assert data(house.ask("GET", BOXES)) == []
    assert len(data(house.ask("GET", f"{BOXES}?refresh=true"))) == 1


def test_the_last_list_is_told_with_its_age_while_mxroute_is_down(house: House) -> None:
    data(house.ask("GET", BOXES))
    house.host.down = True
    answer = house.ask("GET", f"{BOXES}?refresh=true")
    assert data(answer) == []
    assert "This is the list of" in answer.json()["problem"]
    refused(house.ask("GET", "/domains/b.nl/email-accounts"), 503, "MXroute does not answer.")


def test_without_mxroute_and_without_a_list_there_is_none(house: House) -> None:
    house.host.down = True
    for path in ("/domains", BOXES, f"{BOXES}.csv"):
        refused(house.ask("GET", path), 503, "MXroute does not answer.")


def test_a_domain_of_others_is_not_there(house: House) -> None:
    for path in (
        "/domains/gmail.com/email-accounts",
        "/domains/gmail.com/email-accounts.csv",
        "/domains/%00/email-accounts",
    ):
        assert house.ask("GET", path).status_code == 404
    assert house.host.writes() == 0


def test_a_domain_may_be_written_as_its_people_write_it(house: House) -> None:
    house.host.sandbox.account.domains["xn--caf-dma.nl"] = {}
    made = house.ask("POST", "/domains/Café.nl/email-accounts", NINA | {"domain": "café.nl"})
    assert data(made, 201)["email"] == "nina@xn--caf-dma.nl"
    path = "/domains/Caf%C3%89.nl/email-accounts"
    assert "nina" in house.ask("GET", f"{path}.csv").text
    assert [one["what"] for one in data(house.ask("GET", f"{path}/nina/history"))["events"]] == ["Created"]
    assert (
        data(house.ask("PATCH", f"{path}/nina/recovery", {"recovery_email": "n@x.org"}))["email"]
        == "nina@xn--caf-dma.nl"
    )
    assert data(house.ask("DELETE", f"{path}/nina")) == {"email": "nina@xn--caf-dma.nl"}


def test_the_export_is_the_one_of_the_page(house: House) -> None:
    house.ask("POST", BOXES, NINA | {"recovery_email": "nina@example.org"})
    answer = house.ask("GET", f"{BOXES}.csv")
    assert answer.content.decode("utf-8-sig") == (
        "username,password,quota,limit,recovery_email,domain\r\nnina,,1024,9600,nina@example.org,a.nl\r\n"
    )
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "mailboxes-a.nl-" in answer.headers["Content-Disposition"]
    assert ("export", "a.nl", "test (token 1)") in trail(house)


# One mailbox.


def test_a_mailbox_is_made_and_told_as_mxroute_has_it(house: House) -> None:
    made = data(house.ask("POST", BOXES, NINA | {"quota": "2 GB", "limit": 500, "recovery_email": "n@x.org"}), 201)
    assert made == {
        "username": "nina", "email": "nina@a.nl", "quota": 2048, "usage": 0.0, "limit": 9600, "sent": 0,
        "suspended": False, "recovery_email": "n@x.org", "has_recovery_email": True,
        "warnings": ["MXroute will set limit 9600, not 500."],
    }  # fmt: skip
    assert house.host.sandbox.password_of("nina@a.nl") == GOOD
    assert ("mailbox.create", "nina@a.nl", "test (token 1)") in trail(house)


def test_a_mailbox_that_is_there_is_not_made_again(house: House) -> None:
    data(house.ask("POST", BOXES, NINA), 201)
    refused(house.ask("POST", BOXES, NINA), 409, "nina@a.nl already exists.", "username")
    house.have("kim@a.nl")  # behind our back: the host says so itself
    refused(house.ask("POST", BOXES, NINA | {"username": "kim"}), 409, "kim@a.nl already exists.", "username")


def test_what_others_did_meanwhile_is_seen(house: House) -> None:
    data(house.ask("POST", BOXES, NINA), 201)
    house.host.send(messages.delete_mailbox("a.nl", "nina"))
    data(house.ask("POST", BOXES, NINA), 201)
    house.have("kim@a.nl")
    data(house.ask("PATCH", f"{BOXES}/kim/recovery", {"recovery_email": "kim@example.org"}))


@pytest.mark.parametrize(
    ("cells", "told", "field"),
    [
        ({"username": "ni na"}, "'ni na' has a space; try ni.na.", "username"),
        ({"username": None}, "No username", "username"),
        ({"username": "nina@b.nl"}, "The address says b.nl, the domain column a.nl. Keep one.", "username"),
        ({"password": "short"}, "The password needs", "password"),
        ({"password": ""}, "A new mailbox needs a password.", "password"),
        ({"password": "••••••••"}, "A new mailbox needs a password.", "password"),
        ({"qouta": 5}, "qouta is not known here; known are username,", "qouta"),
        ({"domain": "b.nl"}, "domain: this is about a.nl.", "domain"),
        ({"quota": "1.024"}, "Quota '1.024': write 1024 or 1 GB.", "quota"),
        ({"limit": 9601}, "Limit: 0 to 9600.", "limit"),
        ({"recovery_email": "nina@a.nl"}, "The recovery email is this mailbox; use another.", "recovery_email"),
        ({"quota": [1]}, "quota: write text or a number.", "quota"),
        ({"username": "-", "quota": -1}, "Quota '-1'", "username"),
    ],
)  # fmt: skip
def test_a_mailbox_is_held_to_the_rules_of_the_preview(
    house: House, cells: dict[str, Any], told: str, field: str
) -> None:
    refused(house.ask("POST", BOXES, NINA | cells), 400, told, field)
    assert house.host.writes() == 0


@pytest.mark.parametrize("fault", ["lost_after", "error_after", "html_after", "broken_after"])
def test_a_create_whose_answer_was_lost_is_settled_by_reading_back(house: House, fault: str) -> None:
    house.host.goes_wrong(fault)
    assert data(house.ask("POST", BOXES, NINA | {"recovery_email": "n@x.org"}), 201)["recovery_email"] == "n@x.org"
    assert house.host.writes() == 1


@pytest.mark.parametrize("fault", ["lost_before", "lost_late", "error_before"])
def test_a_create_that_may_still_happen_is_never_sent_again_and_keeps_no_recovery_email(
    house: House, fault: str
) -> None:
    house.host.goes_wrong(fault)
    answer = house.ask("POST", BOXES, NINA | {"recovery_email": "n@x.org"})
    refused(answer, 503, "nina@a.nl is not there so far. It may still be made: look again in 30 s")
    assert answer.headers["Retry-After"] == "30"
    assert house.host.writes() == 1
    house.have("nina@a.nl")
    assert data(house.ask("GET", f"{BOXES}/nina"))["recovery_email"] is None


def test_a_create_that_can_not_be_read_back_is_told_as_it_is(house: House) -> None:
    data(house.ask("GET", BOXES))
    house.host.goes_wrong("lost_after", on="any", count=2)
    refused(house.ask("POST", BOXES, NINA), 503, "nor does it tell whether nina@a.nl was made")


def test_a_mailbox_is_made_as_soon_as_mxroute_is_back_though_its_domain_is_not_read_again_yet(house: House) -> None:
    data(house.ask("GET", "/domains"))
    house.host.down = True
    refused(house.ask("POST", BOXES, NINA), 503, "MXroute does not answer.")
    house.host.down = False
    data(house.ask("POST", BOXES, NINA), 201)
    refused(house.ask("POST", BOXES, NINA), 409, "nina@a.nl already exists.", "username")
    data(house.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery_email": "n@x.org"}))


def test_a_create_that_never_left_is_simply_refused(house: House) -> None:
    data(house.ask("GET", BOXES))
    house.host.down = True
    refused(house.ask("POST", BOXES, NINA), 503, "MXroute does not answer.")


def test_the_time_that_a_write_waited_for_its_turn_counts_as_patience(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.host.busy = 19.0
    now = house.services.clock.monotonic()
    monkeypatch.setattr(type(house.services.clock), "monotonic", lambda clock: now)
    waited = came_at.set(now - 2.0)
    try:
        with pytest.raises(Busy):
            house.services.mailboxes.create(LOCAL, "a.nl", NINA)
    finally:
        came_at.reset(waited)
    assert not house.host.has("nina@a.nl")


def test_the_patience_of_a_write_begins_when_its_request_comes_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience, send = [], house.host.send

    def noting(request: Any, **how: Any) -> Any:
        if request.kind == "write":
            patience.append(how["patience"])
        return send(request, **how)

    monkeypatch.setattr(house.host, "send", noting)
    data(house.ask("POST", BOXES, NINA), 201)
    assert [0.0 < left < 20.0 for left in patience] == [True]


def test_a_write_that_would_wait_over_twenty_seconds_is_told_when_to_come_again(house: House) -> None:
    house.host.busy = 37.2
    for method, path, body in (
        ("POST", BOXES, NINA), ("PATCH", f"{BOXES}/nina", {"quota": 1}), ("DELETE", f"{BOXES}/nina", None)
    ):  # fmt: skip
        answer = house.ask(method, path, body)
        refused(answer, 429, "MXroute's limit is reached.")
        assert answer.headers["Retry-After"] == "38"
    house.host.busy = 19.0
    data(house.ask("POST", BOXES, NINA), 201)


def test_beyond_the_limit_of_a_real_window_the_answer_comes_at_once(tmp_path: Path) -> None:
    built = services.build(Settings(data_dir=tmp_path, sandbox_writes=3, sandbox_window_s=1e9))
    services.install(built)
    try:
        real, path = House(built, StandIn()), "/domains/clienta.nl/email-accounts"
        answers = [real.ask("POST", path, NINA | {"username": f"nina{number}"}) for number in range(4)]
    finally:
        services.install(None)
        built.close()
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert int(answers[-1].headers["Retry-After"]) > 20


@pytest.mark.parametrize(
    ("fault", "status", "told"),
    [
        ("unauthorized", 503, "MXroute refused the API key. Correct MX_API_KEY and restart."),
        ("plan_full", 422, "MXroute: "),
        ("rate_limited", 429, "MXroute's limit is reached."),
    ],
)
def test_what_mxroute_refuses_is_told_as_what_it_is_to_the_caller(
    house: House, fault: str, status: int, told: str
) -> None:
    house.host.goes_wrong(fault)
    refused(house.ask("POST", BOXES, NINA | {"recovery_email": "n@x.org"}), status, told)
    assert data(house.ask("GET", f"{BOXES}?refresh=true")) == []


def test_what_a_mailbox_becomes_is_what_mxroute_made_of_it(house: House) -> None:
    house.have("nina@a.nl")
    assert data(house.ask("PATCH", f"{BOXES}/Nina", {"quota": "3 GB"}))["quota"] == 3072
    assert data(house.ask("GET", BOXES))[0]["quota"] == 3072
    data(house.ask("PATCH", f"{BOXES}/nina", {"password": "Anders.2027y", "quota": None, "limit": ""}))
    assert house.host.sandbox.password_of("nina@a.nl") == "Anders.2027y"
    assert [(what, on) for what, on, _ in trail(house) if what != "token.create"] == [
        ("mailbox.update", "nina@a.nl")
    ] * 2
    data(house.ask("PATCH", f"{BOXES}/nina", {"password": "Anders.2027y", "quota": 5, "limit": 100}))
    with house.services.store.read() as tx:
        assert audit.entries(tx)[0]["outcome"] == "password changed; quota 3072 → 5; limit 100 asked for"


@pytest.mark.parametrize(
    ("cells", "told", "field"),
    [
        ({}, "Nothing to change", ""),
        ({"quota": " ", "limit": None, "password": "••••••••"}, "Nothing to change", ""),
        ({"quota": 5, "recovery_email": "n@x.org"}, "not known here; known are password, quota", "recovery_email"),
        ({"quota": "lots"}, "Quota 'lots': write 1024 or 1 GB.", "quota"),
        ({"password": "short"}, "The password needs", "password"),
        ({"limit": 500}, "MXroute: Password is required", "password"),
    ],
)
def test_a_change_is_held_to_the_rules_too(house: House, cells: dict[str, Any], told: str, field: str) -> None:
    house.have("nina@a.nl")
    answer = house.ask("PATCH", f"{BOXES}/nina", cells)
    refused(answer, 400, told, field)
    assert "exist" not in answer.json()["error"]["message"]
    assert house.host.writes() == (2 if told.startswith("MXroute") else 1)


def test_a_change_or_deletion_without_an_answer_is_sent_again(house: House) -> None:
    house.have("nina@a.nl")
    house.host.goes_wrong("lost_after")
    assert data(house.ask("PATCH", f"{BOXES}/nina", {"quota": 2048}))["quota"] == 2048
    house.host.goes_wrong("lost_after")
    assert data(house.ask("DELETE", f"{BOXES}/nina")) == {"email": "nina@a.nl"}
    assert not house.host.has("nina@a.nl")
    assert house.host.writes() == 5


def test_a_change_or_deletion_that_never_gets_an_answer_is_read_back(house: House) -> None:
    house.have("nina@a.nl")
    house.host.goes_wrong("html_after", count=2)
    assert data(house.ask("PATCH", f"{BOXES}/nina", {"quota": 2048}))["quota"] == 2048
    house.host.goes_wrong("html_after", count=2)
    refused(house.ask("PATCH", f"{BOXES}/nina", {"quota": 2048, "password": GOOD}), 503, "is not known")
    house.host.goes_wrong("html_after", count=2)
    assert data(house.ask("DELETE", f"{BOXES}/nina")) == {"email": "nina@a.nl"}


def test_a_change_that_never_gets_an_answer_is_told_as_uncertain(house: House) -> None:
    house.have("nina@a.nl")
    house.host.goes_wrong("lost_before", count=2)
    refused(house.ask("PATCH", f"{BOXES}/nina", {"quota": 2048}), 503, "Sending it again does no harm.")


def test_a_mailbox_that_is_not_there_can_be_neither_read_nor_changed_nor_deleted(house: House) -> None:
    for method, path, body in (
        ("GET", "", None), ("PATCH", "", {"quota": 1}), ("DELETE", "", None),
        ("PATCH", "/recovery", {"recovery_email": "n@x.org"}),
    ):  # fmt: skip
        refused(house.ask(method, f"{BOXES}/nobody{path}", body), 404, "There is no mailbox nobody@a.nl.")


@pytest.mark.parametrize("user", ["%2e%2e", "%2e", "..%2fb.nl", "a%20b", "%00", "%3fx", "%23", "%25"])
def test_no_username_leads_to_another_place_at_the_host(house: House, user: str) -> None:
    data(house.ask("GET", "/domains"))
    before = len(house.host.sent)
    assert house.ask("DELETE", f"{BOXES}/{user}").status_code in (404, 405)
    assert len(house.host.sent) == before


def test_a_deleted_mailbox_leaves_no_recovery_email_behind(house: House) -> None:
    house.ask("POST", BOXES, NINA | {"recovery_email": "n@x.org"})
    data(house.ask("DELETE", f"{BOXES}/nina"))
    assert data(house.ask("POST", BOXES, NINA), 201)["recovery_email"] is None


def test_a_mailbox_that_was_deleted_elsewhere_leaves_none_to_its_namesake(house: House) -> None:
    house.ask("POST", BOXES, NINA | {"recovery_email": "n@x.org"})
    house.host.send(messages.delete_mailbox("a.nl", "nina"))
    assert data(house.ask("GET", f"{BOXES}?refresh=true")) == []
    assert data(house.ask("POST", BOXES, NINA), 201)["recovery_email"] is None


def test_a_recovery_email_is_kept_judged_and_forgotten(house: House) -> None:
    house.have("nina@a.nl")
    told = data(house.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery_email": " N@X.org "}))
    assert told == {"email": "nina@a.nl", "recovery_email": "n@x.org", "has_recovery_email": True}
    refused(house.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery_email": "x"}), 400, "no address", "recovery_email")
    assert data(house.ask("GET", BOXES))[0]["recovery_email"] == "n@x.org"
    refused(house.ask("PATCH", f"{BOXES}/nina/recovery", {}), 400, "or null to forget", "recovery_email")
    refused(house.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery": ""}), 400, "recovery is not known", "recovery")
    assert data(house.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery_email": None}))["recovery_email"] is None
    assert [what for what, _, _ in trail(house)].count("recovery.set") == 2


def test_the_wait_that_is_told_is_the_one_of_the_header(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise RateLimited(17.2)

    data(house.ask("GET", BOXES))
    monkeypatch.setattr(house.host, "send", full)
    answer = house.ask("GET", f"{BOXES}/nina")
    refused(answer, 429, "Try again in 18 s.")
    assert answer.headers["Retry-After"] == "18"


def test_a_silent_host_is_no_fault_of_ours(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object, **__: object) -> None:
        raise Unreachable("MXroute does not answer.")

    data(house.ask("GET", BOXES))
    monkeypatch.setattr(house.host, "send", silent)
    answer = house.ask("GET", f"{BOXES}/nina")
    refused(answer, 503, "MXroute does not answer.")
    assert answer.headers["Retry-After"] == "60"
    refused(house.ask("DELETE", f"{BOXES}/nina"), 503, "is not known")
