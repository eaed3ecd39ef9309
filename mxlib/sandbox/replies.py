"""Replies of the simulated host, as plain values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

STATUS = {
    "VALIDATION_ERROR": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "CONFLICT": 409,
    "BUSINESS_ERROR": 422,
    "RATE_LIMITED": 429,
    "SERVER_ERROR": 500,
}
JSON = {"content-type": "application/json"}
HTML = {"content-type": "text/html; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: bytes to send after `delay` seconds, or, when `dropped`, a closed connection.

    A dropped one sends nothing. `drips`: for those seconds header lines or pieces of a body keep coming, and never end.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    delay: float = 0.0
    dropped: bool = False
    drips: Literal["", "headers", "body"] = ""

    def json(self) -> Any:
        """Return the body, parsed."""
        return json.loads(self.body)


class Refusal(Exception):
    """A refusal: a published code, a sentence, and the field at fault if there is one."""

    def __init__(self, code: str, message: str, at: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.field = code, message, at

    def reply(self) -> Reply:
        """Return the refusal in the published envelope."""
        error = {"code": self.code, "message": self.message} | ({"field": self.field} if self.field else {})
        return as_json(STATUS[self.code], {"success": False, "error": error})


def as_json(status: int, payload: Any) -> Reply:
    """Return a reply with `payload` as its JSON body; a 204 has no body."""
    if status == 204:
        return Reply(204)
    return Reply(status, JSON, json.dumps(payload, separators=(",", ":")).encode())
