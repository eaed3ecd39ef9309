"""Why no answer came has its own code, also where a start waits for it or a write by hand stays unknown."""

from typing import Any

import pytest

from mxlib.mxroute import connection_errors
from mxlib.mxroute.errors import MXrouteError, Unauthorized, Unreachable
from mxlib.store import StoreUnavailable
from tests.support.app import GOOD, App

BOXES = "/domains/a.nl/email-accounts"
CERTIFICATE = Unreachable("The certificate of api.example is not to be trusted.", sent=False, code="HOST_CERTIFICATE")
NAME = Unreachable("The name api.example cannot be found (DNS).", sent=False, code="HOST_NAME_UNKNOWN")
LATE = connection_errors.late(30.0)
KEY = Unauthorized("UNAUTHORIZED", "", status=401)


def answers(monkeypatch: pytest.MonkeyPatch, app: App, **errors: MXrouteError | StoreUnavailable) -> None:
    """From now on, requests of a kind end with an error; a write reaches nobody."""
    send = app.host.send

    def fails(request: Any, **how: Any) -> Any:
        if error := errors.get(request.kind):
            raise error
        return send(request, **how)

    monkeypatch.setattr(app.host, "send", fails)


def code(answer: Any) -> str:
    assert answer.status_code == 503, answer.text
    return str(answer.json()["error"]["code"])


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (CERTIFICATE, "HOST_CERTIFICATE"),
        (NAME, "HOST_NAME_UNKNOWN"),
        (LATE, "HOST_TIMEOUT"),
        (KEY, "HOST_REFUSED_KEY"),
        (StoreUnavailable("The disk of this server is full.", "DISK_FULL"), "DISK_FULL"),
    ],
)
def test_a_waiting_start_gives_the_code_of_its_reason(
    app: App, monkeypatch: pytest.MonkeyPatch, error: MXrouteError | StoreUnavailable, expected: str
) -> None:
    app.ask("GET", "/domains")
    answers(monkeypatch, app, read=error)
    rows = [{"username": f"u{n}", "password": GOOD, "domain": domain} for n, domain in enumerate(("a.nl", "b.nl"))]
    for method, path, body in (
        ("POST", "/imports", {"rows": rows}),
        ("POST", "/changes", {"delete": True, "addresses": ["u0@a.nl", "u1@b.nl"], "confirm": 2}),
    ):
        answer = app.ask(method, path, body)
        assert code(answer) == expected
        assert str(error) in answer.json()["error"]["message"]


@pytest.mark.parametrize(("read", "expected"), [(None, "HOST_TIMEOUT"), (NAME, "HOST_TIMEOUT"), (LATE, "HOST_TIMEOUT")])
def test_a_create_with_unknown_outcome_gives_the_code_of_its_reason(
    app: App, monkeypatch: pytest.MonkeyPatch, read: MXrouteError | None, expected: str
) -> None:
    app.ask("GET", BOXES)
    answers(monkeypatch, app, write=LATE, **({"read": read} if read else {}))
    assert code(app.ask("POST", BOXES, {"username": "nina", "password": GOOD})) == expected


@pytest.mark.parametrize(("method", "body"), [("PATCH", {"quota": 2048}), ("DELETE", None)])
@pytest.mark.parametrize(
    ("lost", "read", "expected"),
    [
        (LATE, LATE, "HOST_TIMEOUT"),
        (Unreachable(), NAME, "HOST_NAME_UNKNOWN"),
        (Unreachable(), KEY, "HOST_REFUSED_KEY"),
        (Unreachable(), Unreachable(), "HOST_DOWN"),
    ],
)
def test_a_change_with_unknown_outcome_gives_the_code_of_its_reason(
    app: App, monkeypatch: pytest.MonkeyPatch, method: str, body: Any, lost: Any, read: Any, expected: str
) -> None:
    app.have("nina@a.nl")
    app.ask("GET", BOXES)
    answers(monkeypatch, app, write=lost, read=read)
    assert code(app.ask(method, f"{BOXES}/nina", body)) == expected
