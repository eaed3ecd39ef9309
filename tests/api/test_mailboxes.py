"""Single mailboxes by the HTTP API: created, changed, deleted, and true answers when the host has trouble."""

from pathlib import Path
from typing import Any

import pytest

from mxlib import services
from mxlib.auth.permissions import LOCAL
from mxlib.mxroute import protocol
from mxlib.mxroute.errors import RateLimited, RateLimitWait, Unreachable
from mxlib.services.confirmed_writes import came_at
from mxlib.settings import Settings
from tests.support.app import GOOD, App, StandIn, data, refused, trail
from tests.support.audit_entries import audit_entries

BOXES = "/domains/a.nl/email-accounts"
NINA = {"username": "nina", "password": GOOD}


def test_a_mailbox_is_created_and_returned_with_the_values_of_mxroute(app: App) -> None:
    made = data(app.ask("POST", BOXES, NINA | {"quota": "2 GB", "limit": 500, "recovery_email": "n@x.org"}), 201)
    assert made == {
        "username": "nina", "email": "nina@a.nl", "quota": 2048, "usage": 0.0, "limit": 9600, "sent": 0,
        "suspended": False, "recovery_email": "n@x.org", "has_recovery_email": True, "name": None,
            "locked": None,
        "warnings": ["MXroute will set limit 9600, not 500."],
    }  # fmt: skip
    assert app.host.sandbox.password_of("nina@a.nl") == GOOD
    assert ("mailbox.create", "nina@a.nl", "test (token 1)") in trail(app)


def test_creating_an_existing_mailbox_is_a_conflict(app: App) -> None:
    data(app.ask("POST", BOXES, NINA), 201)
    refused(app.ask("POST", BOXES, NINA), 409, "nina@a.nl already exists.", "username")
    app.have("kim@a.nl")  # MXM does not know of it: the host refuses
    refused(app.ask("POST", BOXES, NINA | {"username": "kim"}), 409, "kim@a.nl already exists.", "username")


def test_changes_made_at_mxroute_meanwhile_are_seen(app: App) -> None:
    data(app.ask("POST", BOXES, NINA), 201)
    app.host.send(protocol.delete_mailbox("a.nl", "nina"))
    data(app.ask("POST", BOXES, NINA), 201)
    app.have("kim@a.nl")
    data(app.ask("PATCH", f"{BOXES}/kim/recovery", {"recovery_email": "kim@example.org"}))


@pytest.mark.parametrize(
    ("cells", "message", "field"),
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
def test_a_new_mailbox_is_validated_by_the_rules_of_the_preview(
    app: App, cells: dict[str, Any], message: str, field: str
) -> None:
    refused(app.ask("POST", BOXES, NINA | cells), 400, message, field)
    assert app.host.writes() == 0


@pytest.mark.parametrize("fault", ["lost_after", "error_after", "html_after", "broken_after"])
def test_a_create_whose_answer_was_lost_is_read_back(app: App, fault: str) -> None:
    app.host.goes_wrong(fault)
    assert data(app.ask("POST", BOXES, NINA | {"recovery_email": "n@x.org"}), 201)["recovery_email"] == "n@x.org"
    assert app.host.writes() == 1


@pytest.mark.parametrize("fault", ["lost_before", "lost_late", "error_before"])
def test_a_create_that_may_still_happen_is_not_repeated_and_stores_no_recovery_email(app: App, fault: str) -> None:
    app.host.goes_wrong(fault)
    answer = app.ask("POST", BOXES, NINA | {"recovery_email": "n@x.org"})
    refused(answer, 503, "nina@a.nl is not there so far. It may still be made: look again in 30 s")
    assert answer.headers["Retry-After"] == "30"
    assert app.host.writes() == 1
    app.have("nina@a.nl")
    assert data(app.ask("GET", f"{BOXES}/nina"))["recovery_email"] is None


def test_a_create_that_cannot_be_read_back_is_reported_as_unknown(app: App) -> None:
    data(app.ask("GET", BOXES))
    app.host.goes_wrong("lost_after", on="any", count=2)
    refused(app.ask("POST", BOXES, NINA), 503, "does not show whether nina@a.nl was made")


def test_a_mailbox_is_created_as_soon_as_mxroute_is_back(app: App) -> None:
    data(app.ask("GET", "/domains"))
    app.host.down = True
    refused(app.ask("POST", BOXES, NINA), 503, "MXroute does not answer.")
    app.host.down = False
    data(app.ask("POST", BOXES, NINA), 201)
    refused(app.ask("POST", BOXES, NINA), 409, "nina@a.nl already exists.", "username")
    data(app.ask("PATCH", f"{BOXES}/nina/recovery", {"recovery_email": "n@x.org"}))


def test_a_create_that_was_never_sent_is_refused(app: App) -> None:
    data(app.ask("GET", BOXES))
    app.host.down = True
    refused(app.ask("POST", BOXES, NINA), 503, "MXroute does not answer.")


def test_time_before_the_service_call_counts_towards_the_longest_wait(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.host.busy = 19.0
    now = app.services.clock.monotonic()
    monkeypatch.setattr(type(app.services.clock), "monotonic", lambda clock: now)
    waited = came_at.set(now - 2.0)
    try:
        with pytest.raises(RateLimitWait):
            app.services.mailboxes.create(LOCAL, "a.nl", NINA)
    finally:
        came_at.reset(waited)
    assert not app.host.has("nina@a.nl")


@pytest.mark.parametrize("path", ["/domains", "/quota", BOXES, f"{BOXES}.csv"])
def test_a_read_that_waits_for_the_rate_limit_answers_429_and_not_503(
    app: App, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    if path.startswith(BOXES):
        app.ask("GET", "/domains")

    def send(_request: Any, **_how: Any) -> Any:
        raise RateLimitWait(33.2)

    monkeypatch.setattr(app.host, "send", send)
    answer = app.ask("GET", path)
    refused(answer, 429, "MXroute's limit is reached. Try again in 34 s.")
    assert answer.json()["error"]["code"] == "RATE_LIMITED"
    assert answer.headers["Retry-After"] == "34"


def test_a_start_that_waits_for_a_list_answers_429(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    app.ask("GET", "/domains")
    usual = app.host.send

    def send(request: Any, **how: Any) -> Any:
        if request.path.endswith("/email-accounts"):
            raise RateLimited(12.0)
        return usual(request, **how)

    monkeypatch.setattr(app.host, "send", send)
    answer = app.ask("POST", "/imports", {"rows": [NINA | {"domain": "a.nl"}]})
    assert answer.status_code == 429, answer.text
    assert answer.json()["error"]["code"] == "RATE_LIMITED"
    assert answer.headers["Retry-After"] == "12"


def test_a_write_with_unknown_outcome_never_answers_429(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = app.host.send

    def send(request: Any, **how: Any) -> Any:
        if request.method == "POST":
            usual(request, **how)
            raise Unreachable()
        if request.path.endswith("/nina"):
            raise RateLimited(12.0)
        return usual(request, **how)

    monkeypatch.setattr(app.host, "send", send)
    answer = app.ask("POST", BOXES, NINA)
    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == "HOST_DOWN"


def test_the_longest_wait_of_a_write_counts_from_the_arrival_of_its_request(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience, send = [], app.host.send

    def noting(request: Any, **how: Any) -> Any:
        if request.kind == "write":
            patience.append(how["patience"])
        return send(request, **how)

    monkeypatch.setattr(app.host, "send", noting)
    data(app.ask("POST", BOXES, NINA), 201)
    assert [0.0 < left < 20.0 for left in patience] == [True]


def test_a_write_that_would_wait_over_twenty_seconds_is_refused_with_retry_after(app: App) -> None:
    app.host.busy = 37.2
    for method, path, body in (
        ("POST", BOXES, NINA), ("PATCH", f"{BOXES}/nina", {"quota": 1}), ("DELETE", f"{BOXES}/nina", None)
    ):  # fmt: skip
        answer = app.ask(method, path, body)
        refused(answer, 429, "MXroute's limit is reached.")
        assert answer.headers["Retry-After"] == "38"
    app.host.busy = 19.0
    data(app.ask("POST", BOXES, NINA), 201)


def test_a_write_beyond_the_rate_limit_is_refused_at_once(tmp_path: Path) -> None:
    built = services.build(Settings(data_dir=tmp_path, sandbox_writes=3, sandbox_window_s=1e9))
    services.install(built)
    try:
        real, path = App(built, StandIn()), "/domains/clienta.nl/email-accounts"
        answers = [real.ask("POST", path, NINA | {"username": f"nina{number}"}) for number in range(4)]
    finally:
        services.install(None)
        built.close()
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
    assert int(answers[-1].headers["Retry-After"]) > 20


@pytest.mark.parametrize(
    ("fault", "status", "message"),
    [
        ("unauthorized", 503, "MXroute refused the API key. Correct MX_API_KEY and restart."),
        ("plan_full", 422, "MXroute: "),
        ("rate_limited", 429, "MXroute's limit is reached."),
    ],
)
def test_a_refusal_by_mxroute_has_its_own_status_and_sentence(app: App, fault: str, status: int, message: str) -> None:
    app.host.goes_wrong(fault)
    refused(app.ask("POST", BOXES, NINA | {"recovery_email": "n@x.org"}), status, message)
    assert data(app.ask("GET", f"{BOXES}?refresh=true")) == []


def test_a_changed_mailbox_is_returned_with_the_values_of_mxroute(app: App) -> None:
    app.have("nina@a.nl")
    assert data(app.ask("PATCH", f"{BOXES}/Nina", {"quota": "3 GB"}))["quota"] == 3072
    assert data(app.ask("GET", BOXES))[0]["quota"] == 3072
    data(app.ask("PATCH", f"{BOXES}/nina", {"password": "Anders.2027y", "quota": None, "limit": ""}))
    assert app.host.sandbox.password_of("nina@a.nl") == "Anders.2027y"
    assert [(what, on) for what, on, _ in trail(app) if what != "token.create"] == [("mailbox.update", "nina@a.nl")] * 2
    data(app.ask("PATCH", f"{BOXES}/nina", {"password": "Anders.2027y", "quota": 5, "limit": 100}))
    with app.services.store.read() as tx:
        assert audit_entries(tx)[0]["outcome"] == "password changed; quota 3072 → 5; limit 100 asked for"


@pytest.mark.parametrize(
    ("cells", "message", "field"),
    [
        ({}, "Nothing to change", ""),
        ({"quota": " ", "limit": None, "password": "••••••••"}, "Nothing to change", ""),
        ({"quota": 5, "recovery_email": "n@x.org"}, "not known here; known are password, quota", "recovery_email"),
        ({"quota": "lots"}, "Quota 'lots': write 1024 or 1 GB.", "quota"),
        ({"password": "short"}, "The password needs", "password"),
        ({"limit": 500}, "MXroute: Password is required", "password"),
    ],
)
def test_a_change_is_validated_too(app: App, cells: dict[str, Any], message: str, field: str) -> None:
    app.have("nina@a.nl")
    answer = app.ask("PATCH", f"{BOXES}/nina", cells)
    refused(answer, 400, message, field)
    assert "exist" not in answer.json()["error"]["message"]
    assert app.host.writes() == (2 if message.startswith("MXroute") else 1)


def test_a_change_or_deletion_without_an_answer_is_sent_again(app: App) -> None:
    app.have("nina@a.nl")
    app.host.goes_wrong("lost_after")
    assert data(app.ask("PATCH", f"{BOXES}/nina", {"quota": 2048}))["quota"] == 2048
    app.host.goes_wrong("lost_after")
    assert data(app.ask("DELETE", f"{BOXES}/nina")) == {"email": "nina@a.nl"}
    assert not app.host.has("nina@a.nl")
    assert app.host.writes() == 5


def test_a_change_or_deletion_that_gets_no_answer_twice_is_read_back(app: App) -> None:
    app.have("nina@a.nl")
    app.host.goes_wrong("html_after", count=2)
    assert data(app.ask("PATCH", f"{BOXES}/nina", {"quota": 2048}))["quota"] == 2048
    app.host.goes_wrong("html_after", count=2)
    refused(app.ask("PATCH", f"{BOXES}/nina", {"quota": 2048, "password": GOOD}), 503, "is not known")
    app.host.goes_wrong("html_after", count=2)
    assert data(app.ask("DELETE", f"{BOXES}/nina")) == {"email": "nina@a.nl"}


def test_a_change_that_gets_no_answer_twice_is_reported_as_unknown(app: App) -> None:
    app.have("nina@a.nl")
    app.host.goes_wrong("lost_before", count=2)
    refused(app.ask("PATCH", f"{BOXES}/nina", {"quota": 2048}), 503, "Sending it again does no harm.")


def test_reading_changing_or_deleting_a_missing_mailbox_is_not_found(app: App) -> None:
    for method, path, body in (
        ("GET", "", None), ("PATCH", "", {"quota": 1}), ("DELETE", "", None),
        ("PATCH", "/recovery", {"recovery_email": "n@x.org"}),
    ):  # fmt: skip
        refused(app.ask(method, f"{BOXES}/nobody{path}", body), 404, "There is no mailbox nobody@a.nl.")


@pytest.mark.parametrize("user", ["%2e%2e", "%2e", "..%2fb.nl", "a%20b", "%00", "%3fx", "%23", "%25"])
def test_no_username_reaches_another_path_of_the_host(app: App, user: str) -> None:
    data(app.ask("GET", "/domains"))
    before = len(app.host.sent)
    assert app.ask("DELETE", f"{BOXES}/{user}").status_code in (404, 405)
    assert len(app.host.sent) == before


def test_the_sentence_and_retry_after_say_the_same_wait(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise RateLimited(17.2)

    data(app.ask("GET", BOXES))
    monkeypatch.setattr(app.host, "send", full)
    answer = app.ask("GET", f"{BOXES}/nina")
    refused(answer, 429, "Try again in 18 s.")
    assert answer.headers["Retry-After"] == "18"


def test_a_host_without_an_answer_is_503_and_not_500(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object, **__: object) -> None:
        raise Unreachable("MXroute does not answer.")

    data(app.ask("GET", BOXES))
    monkeypatch.setattr(app.host, "send", silent)
    answer = app.ask("GET", f"{BOXES}/nina")
    refused(answer, 503, "MXroute does not answer.")
    assert answer.headers["Retry-After"] == "60"
    refused(app.ask("DELETE", f"{BOXES}/nina"), 503, "is not known")
