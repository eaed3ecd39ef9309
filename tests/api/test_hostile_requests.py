"""Requests that no honest client sends: each is refused in one sentence, and none makes the server fail."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mxlib.api.app import build
from mxlib.services.runs import RunService
from mxlib.web import audit_downloads, downloads
from tests.support.app import GOOD, App, opened

TEXTS = [
    "", " ", "\0", "a\0b", "\r\nX: y", "..", "../..", "/", "\\", "%", "_%" * 100, "'; --", "*", "é", "\u202e",
    "\ufeff", "𝒦",
    "null", "[]", "{}", "true", "²", "１２", "1_0", "+1", "-1", "0", "1.5", "0x10", "nan", "inf", "-Infinity", "1e309",
    "9" * 18, "9" * 19, "9" * 20, "9" * 400, "9" * 5_000, "a" * 300, "a" * 55_000, "a.nl@" * 11_000,
    "xn--" + "a" * 1_000,
    "0001-01-01", "0000-00-00", "2026-02-30", "9999-12-31T23:59:59+14:00", "-0001-01-01T00:00:00",
    "2026-05-03T09:00:00.1+99:99",
]  # fmt: skip
VALUES: list[Any] = [
    *TEXTS, "\ud800", None, True, False, 0, -1, -0.0, 1.5, 2**31, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 10**99,
    1e308,
    [], {}, [[]], [None], [1], ["a"] * 3, {"a": {"b": [1]}}, [[[[[[]]]]]],
]  # fmt: skip
#: Values that each field gets by itself.
HARD = ["a\0b", "\ud800", "9" * 5_000, "a" * 55_000, 10**99, [[]], {"a": 1}]
#: Texts that fit into the address of a request.
PARTS = [text for text in TEXTS if len(quote(text, safe="")) < 60_000]
#: Those of each kind, for a parameter that another operation has too: every text is tried on one of them.
FEW_PARTS = ["", "a\0b", "..", "%", "\u202e", "null", "²", "-1", "1e309", "9" * 20, "a" * 55_000, "2026-02-30"]
#: Most characters of a refusal.
SHOWN = 2_000


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Yield a server with two mailboxes and an ended run."""
    with opened(tmp_path_factory.mktemp("hostile")) as made:
        made.have("nina@a.nl", "kim@a.nl")
        run = made.ask("POST", "/imports", {"default_domain": "a.nl", "rows": [{"username": "max", "password": GOOD}]})
        made.ended(run.json()["data"]["id"])
        made.host.sandbox.account.domains["a.nl"].pop("max", None)
        yield made


@cache
def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Return every method and path of the API with its operation."""
    return [
        (method.upper(), path, operation)
        for path, methods in build().openapi()["paths"].items()
        for method, operation in methods.items()
    ]


def first_of_each() -> set[tuple[str, str, str]]:
    """Return method, path and name of the first parameter of each name, place and schema."""
    found: dict[str, tuple[str, str, str]] = {}
    for method, path, operation in operations():
        for parameter in operation.get("parameters", ()):
            kind = json.dumps([parameter["name"], parameter["in"], parameter.get("schema")], sort_keys=True)
            found.setdefault(kind, (method, path, parameter["name"]))
    return set(found.values())


FIRST = first_of_each()
EXISTING = {"domain": "a.nl", "user": "nina", "run": "1", "number": "1", "client": "1", "link": "1"}


def check(answer: Any, *asked: object) -> None:
    """Check that the answer is no server error and is in the envelope.

    A refusal must not repeat a long text of the request.
    """
    assert answer.status_code not in (500, 503), (asked, answer.text[:300])
    if answer.headers.get("content-type", "").startswith("application/json"):
        body = answer.json()
        assert isinstance(body["success"], bool), asked
        if not body["success"]:
            assert len(body["error"]["message"]) < SHOWN, (asked, len(body["error"]["message"]))


@pytest.mark.parametrize(("method", "path", "operation"), operations(), ids=lambda each: str(each)[:50])
def test_no_parameter_makes_the_api_fail(app: App, method: str, path: str, operation: dict[str, Any]) -> None:
    filled = path.format_map(EXISTING)
    for parameter in operation.get("parameters", ()):
        name = parameter["name"]
        for text in PARTS if (method, path, name) in FIRST else FEW_PARTS:
            if parameter["in"] == "path":
                asked = path.format_map(EXISTING | {name: quote(text, safe="") or "%20"})
                check(app.ask(method, asked), method, asked[:80])
            elif parameter["in"] == "query":
                check(app.ask(method, f"{filled}?{name}={quote(text, safe='')}"), method, filled, name, text[:40])
            elif text.isprintable() and text.isascii():
                check(app.ask(method, filled, headers={name: text}), method, filled, name, text[:40])


@pytest.mark.parametrize(("method", "path", "operation"), operations(), ids=lambda each: str(each)[:50])
def test_no_body_makes_the_api_fail(app: App, method: str, path: str, operation: dict[str, Any]) -> None:
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    filled = path.format_map(EXISTING)

    def send(body: Any) -> None:
        data = json.dumps(body).encode() if not isinstance(body, bytes) else body
        check(app.ask(method, filled, headers={"Content-Type": "application/json"}, content=data), filled, data[:200])

    if schema is not None:
        kinds = schema.get("oneOf", [schema])
        base: dict[str, Any] = {"addresses": ["nina@a.nl"], "username": "max", "password": GOOD, "dry_run": True}
        base |= {"rows": [{"username": "max"}], "confirm": 1}
        for kind in kinds:
            names = kind.get("properties", {})
            cells = names["rows"]["items"]["properties"] if "rows" in names else {}
            fitting = {name: base[name] for name in base if name in names and name in kind.get("required", names)}
            # A start reads its rows as a preview does, which is quicker to ask.
            for value in VALUES if cells and path.endswith("/preview") else VALUES[::3]:
                send(fitting | dict.fromkeys(names.keys() - fitting.keys(), value))
                if cells and path.endswith("/preview"):
                    send({"default_domain": "a.nl", "rows": [dict.fromkeys(cells, value)]})
            for name in names:
                for value in HARD:
                    send(fitting | {name: value})
        for value in HARD:
            send(value)
        for body in (b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 5_000, b"9" * 100_000, b"\0", b'"\\ud800"'):
            send(body)
    for kind in content.keys() - {"application/json"}:
        for body in (b"", b"\0", b"\xff\xfe\0", b"PK\x03\x04", b"," * 100_000, b'"', b"a\r\n" * 20_000, b"[" * 100_000):
            headers = {"Content-Type": kind}
            check(
                app.ask(method, f"{filled}?default_domain=a.nl", headers=headers, content=body),
                filled,
                kind,
                body[:20],
            )


DASHBOARD = [
    "/runs/{}/results.csv", "/runs/1/{}", "/export/{}", "/export/{}.csv", "/export/selection/{}",
    "/export/selection/{}.csv", "/export/overview/{}", "/export/overview/{}.csv", "/export/overview/days.{}",
    "/export/month/{}", "/export/month/{}.xlsx",
    "/drafts/{}", "/drafts/{}.xlsx", "/audit.csv?address={}", "/audit.csv?who={}", "/audit.jsonl?what={}",
    "/audit.jsonl?run={}", "/audit.csv?since={}", "/audit.jsonl?until={}", "/template.csv?{}=1",
]  # fmt: skip


@pytest.mark.parametrize("path", DASHBOARD)
def test_no_download_address_makes_the_server_fail(app: App, path: str) -> None:
    web = TestClient(Starlette(routes=[*downloads.routes, *audit_downloads.routes]))
    for text in PARTS:
        answer = web.get(path.replace("{}", quote(text, safe="")))
        assert answer.status_code not in (500, 503), (path, text[:40], answer.text[:200])
        if answer.status_code >= 400:
            assert len(answer.text) < SHOWN, (path, text[:40])


def test_a_run_number_out_of_range_finds_no_run(app: App) -> None:
    running: RunService = app.services.runs
    for number in (2**63, -(2**63) - 1, 10**30, 0, -1):
        assert running.get(app.services.tokens.caller(app.admin), number) is None
