"""The stand-in held to the host's own published description, where that lies beside the project."""

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
    """Every published path with each of its methods."""
    for path, item in PUBLISHED["paths"].items():
        yield from ((method.upper(), path) for method in item if method != "parameters")


def kept(method: str, path: str) -> bool:
    """Whether the stand-in does this, and does not only refuse it."""
    [tag] = PUBLISHED["paths"][path][method.lower()]["tags"]
    return tag in ("Email Accounts", "Quota") or (tag == "Domains" and method == "GET")


def ask(sandbox: Sandbox, method: str, path: str, **parts: str) -> Reply:
    filled = path.format_map(dict.fromkeys(NAMES, "x") | {"domain": DOMAIN, "user": USER} | parts)
    body = json.dumps(BODIES.get((method, path), {})).encode()
    return sandbox.handle(method, filled, KEYS, body, NOW)


def strict(schema: Any, *, closed: bool) -> Any:
    """A published schema as JSON Schema: `nullable` said its way; `closed`: all that is named is there, and no more."""
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


def hold(method: str, path: str, reply: Reply) -> None:
    """Assert that a reply is one that the document, or its table of errors, knows."""
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
def test_every_operation_on_mailboxes_domains_and_quota_succeeds_as_published(method: str, path: str) -> None:
    reply = ask(believable(), method, path)
    assert reply.status < 300
    hold(method, path, reply)


@pytest.mark.parametrize(("method", "path"), list(operations()))
def test_every_published_operation_gets_a_published_answer(method: str, path: str) -> None:
    reply = ask(believable(), method, path)
    hold(method, path, reply)
    assert reply.status in (200, 201, 204, 403, 404)


@pytest.mark.parametrize(("method", "path"), list(operations()))
def test_every_answer_tells_the_limits_as_published(method: str, path: str) -> None:
    budget = {"GET": 100}.get(method, 20)
    reply = ask(believable(), method, path)
    assert reply.headers["x-ratelimit-limit"] == str(budget)
    assert reply.headers["x-ratelimit-remaining"] == str(budget - 1)
    assert NOW < int(reply.headers["x-ratelimit-reset"]) <= NOW + 60


@pytest.mark.parametrize("fault", ["error_before", "rate_limited", "unauthorized", "forbidden", "plan_full"])
@pytest.mark.parametrize(("method", "path"), [each for each in operations() if kept(*each)])
def test_refusals_that_are_told_to_happen_are_published_ones(method: str, path: str, fault: str) -> None:
    sandbox = Sandbox(Account.of(DOMAIN), schedule=Schedule.of(Rule(NAMED[fault], on="any")))
    reply = ask(sandbox, method, path)
    hold(method, path, reply)
    assert reply.status >= 400


@pytest.mark.parametrize(("method", "path"), [each for each in operations() if kept(*each)])
def test_refusals_of_the_contract_itself_are_published_ones(method: str, path: str) -> None:
    unknown = ask(believable(), method, path, domain="other.nl", user="nobody")
    spent = ask(Sandbox(Account.of(DOMAIN), Limits(writes=0, reads=0)), method, path)
    stranger = believable().handle(method, "/domains", {}, b"", NOW)
    assert (spent.status, stranger.status) == (429, 401)
    assert int(spent.headers["retry-after"]) == 60
    assert unknown.status == (404 if "{" in path else 200)
    for reply in (unknown, spent, stranger):
        hold(method, path, reply)


def test_the_standards_of_a_create_are_the_published_ones() -> None:
    sandbox = believable()
    ask(sandbox, "POST", "/domains/{domain}/email-accounts")
    operation = PUBLISHED["paths"]["/domains/{domain}/email-accounts"]["post"]
    fields = operation["requestBody"]["content"]["application/json"]["schema"]["properties"]
    box = sandbox.mailbox(f"new.one@{DOMAIN}")
    assert box is not None
    assert (box.quota, box.limit) == (fields["quota"]["default"], fields["limit"]["default"])


@pytest.mark.parametrize("path", QUOTA)
def test_quota_comes_in_the_envelope_or_bare_as_published(path: str) -> None:
    live, published = believable(), believable()
    published.account.bare_quota = True
    wrapped, bare = ask(live, "GET", path), ask(published, "GET", path)
    assert wrapped.json() == {"success": True, "data": bare.json()}
    for reply in (wrapped, bare):
        hold("GET", path, reply)


@pytest.mark.parametrize("path", QUOTA)
def test_the_check_notices_a_missing_figure_of_quota_in_the_envelope_and_bare(path: str) -> None:
    lacking: dict[str, Any] = {"username": "agency"}
    for payload in ({"success": True, "data": lacking}, lacking):
        with pytest.raises(jsonschema.ValidationError):
            hold("GET", path, Reply(200, {}, json.dumps(payload).encode()))


def test_the_check_itself_notices_a_missing_field() -> None:
    reply = Reply(200, {}, json.dumps({"success": True, "data": [{"username": "info"}]}).encode())
    with pytest.raises(jsonschema.ValidationError):
        hold("GET", "/domains/{domain}/email-accounts", reply)
