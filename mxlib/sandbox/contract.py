"""The published contract: the host's responses, and the change that a write would make. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mxlib.sandbox import extra_routes
from mxlib.sandbox.replies import Refusal, Reply, as_json
from mxlib.sandbox.request import Request
from mxlib.sandbox.state import HIGHEST_LIMIT, STANDARD_QUOTA, Account, Change, Mailbox

USERNAME = re.compile(r"[a-z0-9](?:[a-z0-9._+-]{0,62}[a-z0-9_+-])?")
PLAN_FULL = "Email account limit reached for your plan"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A response, and the change that it reports; nothing has changed yet."""

    reply: Reply
    change: Change | None = None


def answer(account: Account, request: Request, now: float) -> Outcome:
    """Return the host's response to `request` at `now` (Unix seconds).

    A refusal is a response too.
    """
    try:
        return _answer(account, request, now)
    except Refusal as refusal:
        return Outcome(refusal.reply())


def _answer(account: Account, request: Request, now: float) -> Outcome:
    match request.method, *request.segments:
        case "GET", "domains":
            return _found(list(account.domains))
        case "GET", "domains", domain:
            return _found(extra_routes.domain(account, _domain(account, domain)))
        case "GET", "domains", domain, "email-accounts":
            boxes = account.domains[_domain(account, domain)]
            return _found([shown(boxes[username], domain) for username in sorted(boxes)])
        case "POST", "domains", domain, "email-accounts":
            return _create(account, _domain(account, domain), _body(request))
        case "GET", "domains", domain, "email-accounts", user:
            return _found(shown(_mailbox(account, domain, user), domain))
        case "PATCH", "domains", domain, "email-accounts", user:
            return _update(account, domain.lower(), _mailbox(account, domain, user), _body(request))
        case "DELETE", "domains", domain, "email-accounts", user:
            box = _mailbox(account, domain, user)
            return Outcome(Reply(204), Change("delete", domain.lower(), box.username))
        case "GET", "quota":
            return _quota(account, extra_routes.quota(account, now))
        case "GET", "quota", "email":
            return _quota(account, extra_routes.quota_by_mailbox(account, now))
        case "GET", "domains", domain, *rest if tuple(rest) in extra_routes.OF_A_DOMAIN:
            return _found(extra_routes.OF_A_DOMAIN[tuple(rest)](_domain(account, domain)))
        case "GET", "verification-key":
            return _found(extra_routes.verification_key())
        case _, "reseller", *_:
            raise Refusal("FORBIDDEN", "Requires reseller privileges")
    raise Refusal("NOT_FOUND", "Resource not found")


def shown(box: Mailbox, domain: str) -> dict[str, Any]:
    """Return a mailbox in the form of the host's responses."""
    return {
        "username": box.username,
        "email": f"{box.username}@{domain.lower()}",
        "quota": box.quota,
        "usage": box.usage,
        "limit": box.limit,
        "sent": box.sent,
        "suspended": box.suspended,
    }


def _found(data: Any) -> Outcome:
    return Outcome(as_json(200, {"success": True, "data": data}))


def _quota(account: Account, data: Any) -> Outcome:
    """Return figures of storage.

    They are in the envelope as the live service sends them, or bare as published.
    """
    return Outcome(as_json(200, data)) if account.bare_quota else _found(data)


def _done(status: int, change: Change) -> Outcome:
    # The live service answers a write without data; the created mailbox has to be read back.
    return Outcome(as_json(status, {"success": True}), change)


def _domain(account: Account, domain: str) -> str:
    if domain.lower() not in account.domains:
        raise Refusal("NOT_FOUND", "Domain not found")
    return domain.lower()


def _mailbox(account: Account, domain: str, user: str) -> Mailbox:
    box = account.domains[_domain(account, domain)].get(user.lower())
    if box is None:
        raise Refusal("NOT_FOUND", "Email account not found")
    return box


def _body(request: Request) -> Mapping[str, Any]:
    if request.fields is None:
        raise Refusal("VALIDATION_ERROR", "Request body must be a JSON object")
    return request.fields


def _create(account: Account, domain: str, body: Mapping[str, Any]) -> Outcome:
    username = body.get("username")
    if not isinstance(username, str) or not USERNAME.fullmatch(username.lower()):
        raise Refusal("VALIDATION_ERROR", "Invalid username", "username")
    password = _password(account, body.get("password"))
    quota = _number(body, "quota", STANDARD_QUOTA)
    _number(body, "limit", HIGHEST_LIMIT, HIGHEST_LIMIT)  # checked, then ignored: the live service does the same
    if username.lower() in account.domains[domain]:
        raise Refusal("CONFLICT", "Email account already exists")
    if account.full():
        raise Refusal("BUSINESS_ERROR", PLAN_FULL)
    return _done(201, Change("create", domain, username.lower(), quota, password=password))


def _update(account: Account, domain: str, box: Mailbox, body: Mapping[str, Any]) -> Outcome:
    if not body.keys() & {"password", "quota", "limit"}:
        raise Refusal("VALIDATION_ERROR", "Nothing to update")
    quota = _number(body, "quota", box.quota)
    limit = _number(body, "limit", box.limit, HIGHEST_LIMIT)
    if "password" not in body:
        if "limit" in body:
            raise Refusal("VALIDATION_ERROR", "Password is required", "password")
        return _done(200, Change("update", domain, box.username, quota))
    password = _password(account, body["password"])
    return _done(
        200, Change("update", domain, box.username, quota, limit if account.limit_sticks() else None, password=password)
    )


def _password(account: Account, password: Any) -> str:
    if not isinstance(password, str) or len(password) < 8:
        raise Refusal("VALIDATION_ERROR", "Password must be at least 8 characters", "password")
    if not all(re.search(some, password) for some in ("[A-Z]", "[a-z]", "[0-9]")):
        said = "Password must contain at least one uppercase letter, one lowercase letter, and one number"
        raise Refusal("VALIDATION_ERROR", said, "password")
    if account.special_character and password.isalnum():
        raise Refusal("VALIDATION_ERROR", "Password must contain at least one special character", "password")
    return password


def _number(body: Mapping[str, Any], name: str, default: int, highest: int | None = None) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Refusal("VALIDATION_ERROR", f"{name.capitalize()} must be a whole number, 0 or more", name)
    if highest is not None and value > highest:
        raise Refusal("VALIDATION_ERROR", f"{name.capitalize()} must be at most {highest}", name)
    return value
