"""Requests to the host and its responses, read from files written after its documentation."""

import json
from pathlib import Path

import pytest
import yaml

from mxlib.mxroute import errors, protocol
from mxlib.mxroute.protocol import Mailbox, Request, Response, parse_response
from mxlib.mxroute.rate_headers import RateLimitHeaders

ANSWERS = Path(__file__).parents[1] / "answers"
DOCUMENT = Path(__file__).parents[3] / "shared/facts/mxroute-openapi.yaml"
NOW = 1_800_000_000.0
PASSWORD = "Geheim-w00rd"
READ = protocol.list_domains()
CREATE = protocol.create_mailbox("a.nl", "jan", PASSWORD, 1024, 9600)
RATES = {"x-ratelimit-limit": "20", "x-ratelimit-remaining": "7", "x-ratelimit-reset": "1800000034"}


def answer(name: str, request: Request = READ, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return the parsed response that a file holds."""
    body = (ANSWERS / name).read_bytes() if name else b""
    return protocol.parse_response(request, status, headers or {}, body, NOW)


def error(name: str, status: int, request: Request = READ, headers: dict[str, str] | None = None) -> Exception:
    """Return the error that a response in a file raises."""
    with pytest.raises(errors.MXrouteError) as caught:
        answer(name, request, status, headers)
    return caught.value


# Requests.


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        (READ, ("GET", "/domains", None)),
        (protocol.domain("a.nl"), ("GET", "/domains/a.nl", None)),
        (protocol.list_mailboxes("a.nl"), ("GET", "/domains/a.nl/email-accounts", None)),
        (protocol.read_mailbox("a.nl", "jan"), ("GET", "/domains/a.nl/email-accounts/jan", None)),
        (protocol.delete_mailbox("a.nl", "jan"), ("DELETE", "/domains/a.nl/email-accounts/jan", None)),
        (protocol.account_quota(), ("GET", "/quota", None)),
        (protocol.email_quota(), ("GET", "/quota/email", None)),
        (
            CREATE,
            (
                "POST",
                "/domains/a.nl/email-accounts",
                {"username": "jan", "password": PASSWORD, "quota": 1024, "limit": 9600},
            ),
        ),
        (
            protocol.create_mailbox("a.nl", "jan", PASSWORD),
            ("POST", "/domains/a.nl/email-accounts", {"username": "jan", "password": PASSWORD}),
        ),
        (
            protocol.update_mailbox("a.nl", "jan", quota=0),
            ("PATCH", "/domains/a.nl/email-accounts/jan", {"quota": 0}),
        ),
    ],
)
def test_each_request_matches_the_documentation_of_the_host(request_: Request, asked: tuple[str, str, object]) -> None:
    assert (request_.method, request_.path, request_.body) == asked


@pytest.mark.skipif(not DOCUMENT.exists(), reason="the host's description is not at hand")
def test_each_request_is_in_the_openapi_document_of_the_host() -> None:
    paths = yaml.safe_load(DOCUMENT.read_text())["paths"]
    one = "/domains/{domain}/email-accounts/{user}"
    for request, path in (
        (READ, "/domains"),
        (protocol.domain("d"), "/domains/{domain}"),
        (protocol.list_mailboxes("d"), "/domains/{domain}/email-accounts"),
        (protocol.create_mailbox("d", "u", "p"), "/domains/{domain}/email-accounts"),
        (protocol.read_mailbox("d", "u"), one),
        (protocol.update_mailbox("d", "u", quota=1), one),
        (protocol.delete_mailbox("d", "u"), one),
        (protocol.account_quota(), "/quota"),
        (protocol.email_quota(), "/quota/email"),
    ):
        assert request.path == path.replace("{domain}", "d").replace("{user}", "u")
        assert request.method.lower() in paths[path]


@pytest.mark.parametrize(
    ("username", "encoded"),
    [("a/b", "a%2Fb"), ("a+b", "a%2Bb"), ("a b", "a%20b"), ("a?b#c", "a%3Fb%23c"), ("é", "%C3%A9"), ("50%", "50%25")],
)
def test_a_username_stays_one_path_segment_whatever_it_holds(username: str, encoded: str) -> None:
    assert protocol.delete_mailbox("a.nl", username).path == f"/domains/a.nl/email-accounts/{encoded}"


@pytest.mark.parametrize("username", ["", ".", ".."])
def test_a_username_that_changes_the_path_is_refused(username: str) -> None:
    with pytest.raises(ValueError, match="No path"):
        protocol.delete_mailbox("a.nl", username)


def test_requests_are_classified_as_reads_and_writes() -> None:
    kinds = [
        each.kind
        for each in (READ, CREATE, protocol.update_mailbox("d", "u", quota=1), protocol.delete_mailbox("d", "u"))
    ]
    assert kinds == ["read", "write", "write", "write"]


def test_no_repr_of_a_request_shows_the_password() -> None:
    update = protocol.update_mailbox("a.nl", "jan", password=PASSWORD, limit=500)
    for request in (CREATE, update):
        assert PASSWORD not in f"{request!r} {request} {[request]}"
        assert "jan" in repr(request)


# Successful responses.


def test_domains_are_read_as_names() -> None:
    assert answer("domains.json").data == ["example.com", "mydomain.org"]


@pytest.mark.parametrize("name", ["domain.json", "domain-pointers-as-object.json"])
def test_pointers_are_read_from_a_list_or_an_object(name: str) -> None:
    assert protocol.pointers(answer(name, protocol.domain("a.nl")).data) == ("alias.com", "alias.nl")


@pytest.mark.parametrize("data", [None, {}, {"pointers": None}, []])
def test_a_domain_without_pointers_has_none(data: object) -> None:
    assert protocol.pointers(data) == ()


def test_mailboxes_are_read_whatever_type_their_figures_have() -> None:
    assert [
        Mailbox.from_data(data) for data in answer("mailboxes.json", protocol.list_mailboxes("example.com")).data
    ] == [
        Mailbox("your_mailbox", "your_mailbox@example.com", 1024, 256.5, 9600, 42, suspended=False),
        Mailbox("info", "info@example.com", 0, 3.0, 9600, 0, suspended=True, unknown=("sent",)),
        Mailbox("bare", "bare@example.com", 0, 0.0, 9600, 0, suspended=False, unknown=("usage", "sent")),
    ]


@pytest.mark.parametrize("figure", ["quota", "limit"])
@pytest.mark.parametrize("given", [..., None, "", "-", "nan", "inf", "lots", "1" * 99, [], {}, True, -1, 0.5, 1e300])
def test_a_mailbox_without_a_readable_quota_or_limit_is_an_error_never_0(figure: str, given: object) -> None:
    box = {"username": "jan", "email": "jan@a.nl", "quota": 1024, "usage": 1, "limit": 9600, "sent": 0, figure: given}
    if given is ...:
        del box[figure]
    for request, data in ((protocol.list_mailboxes("a.nl"), [box]), (protocol.read_mailbox("a.nl", "jan"), box)):
        with pytest.raises(errors.UnexpectedData, match=f"gives no readable {figure}"):
            parse_response(request, 200, {}, json.dumps({"success": True, "data": data}).encode(), 0)


@pytest.mark.parametrize(("name", "status"), [("created.json", 201), ("updated.json", 200), ("", 201), ("", 204)])
def test_a_successful_write_needs_no_data(name: str, status: int) -> None:
    assert answer(name, CREATE, status) == Response(status, None)


@pytest.mark.parametrize("name", ["account-quota.json", "email-quota.json"])
def test_quota_is_read_with_and_without_the_envelope(name: str) -> None:
    bare = (ANSWERS / name).read_bytes()
    for body in (bare, b'{"success": true, "data": %s}' % bare):
        for asked in (protocol.account_quota(), protocol.email_quota()):
            assert protocol.parse_response(asked, 200, {}, body, NOW).data == json.loads(bare)


@pytest.mark.parametrize("request_", [protocol.account_quota(), protocol.email_quota()])
def test_an_error_in_the_envelope_is_an_error_for_quota_too(request_: Request) -> None:
    refused = b'{"success": false, "error": {"code": "SERVER_ERROR", "message": "Not now"}}'
    with pytest.raises(errors.RequestRefused, match="Not now"):
        protocol.parse_response(request_, 200, {}, refused, NOW)
    with pytest.raises(errors.InvalidResponse):
        protocol.parse_response(request_, 200, {}, b'{"success": "yes", "total_used": 5}', NOW)


def test_rate_limit_headers_are_read_by_the_clock_of_the_host() -> None:
    date = {"date": "Fri, 15 Jan 2027 08:00:04 GMT"}
    dated = answer("domains.json", headers=RATES | date).rate_headers
    assert dated == RateLimitHeaders(7, 20, 1_800_000_034, 1_800_000_004.0, by_host=True)
    assert dated.resets_in == 30.0
    undated = answer("domains.json", headers=RATES).rate_headers
    assert undated == RateLimitHeaders(7, 20, 1_800_000_034, NOW, by_host=False)


@pytest.mark.parametrize("remaining", ["", "many", "-3", "²", "1" * 40])
def test_invalid_rate_limit_headers_are_ignored(remaining: str) -> None:
    assert answer("domains.json", headers=RATES | {"x-ratelimit-remaining": remaining}).rate_headers is None


# Refusals.


@pytest.mark.parametrize(
    ("name", "status", "kind", "code", "sentence"),
    [
        (
            "invalid.json",
            400,
            errors.InvalidRequest,
            "VALIDATION_ERROR",
            "MXroute: Password must contain at least one number",
        ),
        ("not-found.json", 404, errors.NotFound, "NOT_FOUND", "MXroute: Resource not found"),
        ("conflict.json", 409, errors.Conflict, "CONFLICT", "MXroute: Resource already exists"),
        ("business.json", 422, errors.PlanLimitReached, "BUSINESS_ERROR", "MXroute: limit of accounts reached"),
        (
            "invalid.json",
            418,
            errors.RequestRefused,
            "VALIDATION_ERROR",
            "MXroute: Password must contain at least one number",
        ),
        (
            "invalid.json",
            200,
            errors.RequestRefused,
            "VALIDATION_ERROR",
            "MXroute: Password must contain at least one number",
        ),
    ],
)
def test_a_refusal_keeps_the_words_of_the_host(
    name: str, status: int, kind: type[errors.RequestRefused], code: str, sentence: str
) -> None:
    caught = error(name, status, CREATE, RATES)
    assert type(caught) is kind
    assert (caught.code, caught.status, str(caught)) == (code, status, sentence)
    assert caught.field == {"invalid.json": "password", "conflict.json": "username"}.get(name, "")
    assert caught.rate_headers
    assert caught.rate_headers.remaining == 7


def test_a_permission_error_keeps_the_words_of_the_host() -> None:
    caught = error("forbidden.json", 403)
    assert isinstance(caught, errors.PermissionDenied)
    assert str(caught) == "MXroute does not allow this: Insufficient permissions"


@pytest.mark.parametrize(("name", "status"), [("unauthorized.json", 401), ("", 401)])
def test_a_refused_key_is_reported_with_the_fix(name: str, status: int) -> None:
    caught = error(name, status)
    assert isinstance(caught, errors.Unauthorized)
    assert str(caught) == "MXroute refused the API key. Correct MX_API_KEY and restart."


def test_a_password_that_the_host_repeats_is_masked() -> None:
    body = f'{{"success": false, "error": {{"code": "VALIDATION_ERROR", "message": "Bad: {PASSWORD}"}}}}'.encode()
    with pytest.raises(errors.InvalidRequest, match="Bad: ••••"):
        protocol.parse_response(CREATE, 400, {}, body, NOW)


def test_the_words_of_the_host_are_cut_to_one_short_line() -> None:
    body = b'{"success": false, "error": {"message": "a\\n\\tb' + b" long" * 500 + b'"}}'
    with pytest.raises(errors.InvalidRequest) as caught:
        protocol.parse_response(READ, 400, {}, body, NOW)
    assert caught.value.message.startswith("a b long")
    assert len(caught.value.message) == 300


@pytest.mark.parametrize("name", ["rate-limited.json", "bad-gateway.html", ""])
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "34"}, 34.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:34 GMT"}, 34.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:05:34 GMT", "date": "Fri, 15 Jan 2027 08:05:00 GMT"}, 34.0),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-4"}, None),
        ({}, None),
    ],
)
def test_the_retry_after_of_a_429_is_read_as_seconds_or_as_a_date(
    name: str, headers: dict[str, str], seconds: float | None
) -> None:
    refused = error(name, 429, CREATE, headers)
    assert isinstance(refused, errors.RateLimited)
    assert refused.retry_after == seconds


# Unreadable responses.


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("server-error.json", 500),
        ("bad-gateway.html", 502),
        ("bad-gateway.html", 200),
        ("bad-gateway.html", 403),
        ("bad-gateway.html", 404),
        ("broken.json", 200),
        ("broken.json", 201),
        ("account-quota.json", 200),
        ("", 200),
        ("domains.json", 302),
    ],
)
def test_an_unreadable_response_is_an_invalid_response_not_a_refusal(name: str, status: int) -> None:
    caught = error(name, status)
    assert isinstance(caught, errors.InvalidResponse)
    assert caught.status == status
    assert str(caught).endswith(".")


def test_a_web_page_as_response_is_reported_as_such() -> None:
    assert str(error("bad-gateway.html", 200)) == "MXroute answered with a web page (status 200)."


@pytest.mark.parametrize("body", [b"[]", b"null", b"3", b'"x"', b'{"success": "yes"}', b"\xff\xfe", b"[" * 100_000])
def test_any_unexpected_body_is_an_invalid_response(body: bytes) -> None:
    with pytest.raises(errors.InvalidResponse):
        protocol.parse_response(READ, 200, {}, body, NOW)
