"""The sandbox compared with the OpenAPI document of the host, if that file is available."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from mxlib.sandbox import NAMED, Account, Limits, Reply, Rule, Sandbox, Schedule, believable
from mxlib.sandbox.replies import STATUS

DOCUMENT = Path(__file__).parents[3] / "shared/facts/mxroute-openapi.yaml"
if not DOCUMENT.exists():
    pytest.skip("the host's OpenAPI document is not beside the project", allow_module_level=True)

PUBLISHED: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text())
KEYS = {"X-Server": "s.example", "X-Username": "agency", "X-API-Key": "a-key"}
NOW = 1_800_000_000.0
DOMAIN, USER = "clienta.nl", "info"
CHECKER = jsonschema.FormatChecker()
QUOTA = ("/quota", "/quota/email")
NAMES = ("pointer", "alias", "entry", "username", "name")
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/domains/{domain}/email-accounts"): {"username": "new.one", "password": "Secret-word-1"},
    ("PATCH", "/domains/{domain}/email-accounts/{user}"): {"quota": 2048},
}


def operations() -> Iterator[tuple[str, str]]:
    """Yield every documented path with each of its methods."""
    for path, item in PUBLISHED["paths"].items():
        yield from ((method.upper(), path) for method in item if method != "parameters")


def kept(method: str, path: str) -> bool:
    """Return whether the sandbox carries out the operation instead of only refusing it."""
    [tag] = PUBLISHED["paths"][path][method.lower()]["tags"]
    return tag in ("Email Accounts", "Quota") or (tag == "Domains" and method == "GET")


def ask(sandbox: Sandbox, method: str, path: str, **parts: str) -> Reply:
    filled = path.format_map(dict.fromkeys(NAMES, "x") | {"domain": DOMAIN, "user": USER} | parts)
    body = json.dumps(BODIES.get((method, path), {})).encode()
    return sandbox.handle(method, filled, KEYS, body, NOW)


def strict(schema: Any, *, closed: bool) -> Any:
    """Return a documented schema as JSON Schema; `closed` requires exactly the named properties."""
    if isinstance(schema, list):
        return [strict(each, closed=closed) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        found = PUBLISHED
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return strict(found, closed=closed)
    made = {name: strict(value, closed=closed) for name, value in schema.items() if name != "nullable"}
    if closed and isinstance(schema.get("properties"), dict):
        made |= {"required": list(schema["properties"]), "additionalProperties": False}
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") else made


def assert_documented(method: str, path: str, reply: Reply) -> None:
    """Assert that a reply matches the document or its table of errors."""
    documented = PUBLISHED["paths"][path][method.lower()]["responses"]
    if reply.status >= 400:
        schema = strict(PUBLISHED["components"]["schemas"]["ErrorResponse"], closed=True)
        schema["properties"]["error"]["required"] = ["code", "message"]
        jsonschema.validate(reply.json(), schema)
        assert STATUS[reply.json()["error"]["code"]] == reply.status
        assert reply.json()["success"] is False
        return
    assert str(reply.status) in documented
    described = strict(documented[str(reply.status)], closed=True).get("content")
    if described:
        payload = reply.json()
        if path in QUOTA and "success" in payload:  # published bare; the live service wraps it like everything else
            assert (payload.keys(), payload["success"]) == ({"success", "data"}, True)
            payload = payload["data"]
        jsonschema.validate(payload, described["application/json"]["schema"], format_checker=CHECKER)
    else:
        assert not reply.body or reply.json()["success"] is True


@pytest.mark.parametrize(("method", "path"), [each for each in operations() if kept(*each)])
def test_operations_on_mailboxes_domains_and_quota_succeed_as_documented(method: str, path: str) -> None:
    reply = ask(believable(), method, path)
    assert reply.status < 300
    assert_documented(method, path, reply)


@pytest.mark.parametrize(("method", "path"), list(operations()))
def test_every_documented_operation_gets_a_documented_response(method: str, path: str) -> None:
    reply = ask(believable(), method, path)
    assert_documented(method, path, reply)
    assert reply.status in (200, 201, 204, 403, 404)


@pytest.mark.parametrize(("method", "path"), list(operations()))
def test_every_response_has_the_documented_rate_limit_headers(method: str, path: str) -> None:
    budget = {"GET": 100}.get(method, 20)
    reply = ask(believable(), method, path)
    assert reply.headers["x-ratelimit-limit"] == str(budget)
    assert reply.headers["x-ratelimit-remaining"] == str(budget - 1)
    assert NOW < int(reply.headers["x-ratelimit-reset"]) <= NOW + 60


@pytest.mark.parametrize("fault", ["error_before", "rate_limited", "unauthorized", "forbidden", "plan_full"])
@pytest.mark.parametrize(("method", "path"), [each for each in operations() if kept(*each)])
def test_injected_refusals_match_the_documentation(method: str, path: str, fault: str) -> None:
    sandbox = Sandbox(Account.of(DOMAIN), schedule=Schedule.of(Rule(NAMED[fault], on="any")))
    reply = ask(sandbox, method, path)
    assert_documented(method, path, reply)
    assert reply.status >= 400


@pytest.mark.parametrize(("method", "path"), [each for each in operations() if kept(*each)])
def test_refusals_by_the_contract_match_the_documentation(method: str, path: str) -> None:
    unknown = ask(believable(), method, path, domain="other.nl", user="nobody")
    spent = ask(Sandbox(Account.of(DOMAIN), Limits(writes=0, reads=0)), method, path)
    stranger = believable().handle(method, "/domains", {}, b"", NOW)
    assert (spent.status, stranger.status) == (429, 401)
    assert int(spent.headers["retry-after"]) == 60
    assert unknown.status == (404 if "{" in path else 200)
    for reply in (unknown, spent, stranger):
        assert_documented(method, path, reply)


def test_a_create_has_the_documented_defaults() -> None:
    sandbox = believable()
    ask(sandbox, "POST", "/domains/{domain}/email-accounts")
    operation = PUBLISHED["paths"]["/domains/{domain}/email-accounts"]["post"]
    fields = operation["requestBody"]["content"]["application/json"]["schema"]["properties"]
    box = sandbox.mailbox(f"new.one@{DOMAIN}")
    assert box is not None
    assert (box.quota, box.limit) == (fields["quota"]["default"], fields["limit"]["default"])


@pytest.mark.parametrize("path", QUOTA)
def test_quota_is_returned_with_or_without_the_envelope(path: str) -> None:
    live, published = believable(), believable()
    published.account.bare_quota = True
    wrapped, bare = ask(live, "GET", path), ask(published, "GET", path)
    assert wrapped.json() == {"success": True, "data": bare.json()}
    for reply in (wrapped, bare):
        assert_documented("GET", path, reply)


@pytest.mark.parametrize("path", QUOTA)
def test_the_schema_check_finds_a_missing_quota_figure_with_and_without_envelope(path: str) -> None:
    lacking: dict[str, Any] = {"username": "agency"}
    for payload in ({"success": True, "data": lacking}, lacking):
        with pytest.raises(jsonschema.ValidationError):
            assert_documented("GET", path, Reply(200, {}, json.dumps(payload).encode()))


def test_the_schema_check_finds_a_missing_field() -> None:
    reply = Reply(200, {}, json.dumps({"success": True, "data": [{"username": "info"}]}).encode())
    with pytest.raises(jsonschema.ValidationError):
        assert_documented("GET", "/domains/{domain}/email-accounts", reply)
