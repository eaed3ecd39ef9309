"""A parsed request: what it does, in which domain, to which mailbox."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import unquote

from mxlib.sandbox.limits import Kind, What, kind_of


@dataclass(frozen=True, slots=True)
class Request:
    """One request; its repr shows no body, for there may be a password in it."""

    method: str
    path: str
    segments: tuple[str, ...]
    fields: Mapping[str, Any] | None = field(repr=False)  # None: the body is not a JSON object

    @classmethod
    def read(cls, method: str, path: str, body: bytes) -> Self:
        """Parse a request; `path` is as it came, percent-encoded, with or without a query."""
        bare = path.partition("?")[0]
        segments = tuple(unquote(part) for part in bare.strip("/").split("/"))
        return cls(method.upper(), bare, segments, _fields(body))

    @property
    def kind(self) -> Kind:
        """Return the budget that it spends."""
        return kind_of(self.method)

    @property
    def what(self) -> What:
        """Return what the request does."""
        match self.method, *self.segments:
            case "POST", "domains", _, "email-accounts":
                return "create"
            case "PATCH", "domains", _, "email-accounts", _:
                return "update"
            case "DELETE", "domains", _, "email-accounts", _:
                return "delete"
            case "GET", "domains":
                return "domains"
            case "GET", "domains", _, "email-accounts":
                return "list"
            case "GET", "domains", _, "email-accounts", _:
                return "mailbox"
        return "other"

    @property
    def address(self) -> str:
        """Return the mailbox that it is about, else the domain, else blank."""
        match self.segments:
            case ("domains", domain, "email-accounts", user):
                return f"{user}@{domain}".lower()
            case ("domains", domain, "email-accounts") if self.method == "POST" and self.fields:
                return f"{self.fields.get('username', '')}@{domain}".lower()
            case ("domains", domain, *_):
                return domain.lower()
        return ""


def _fields(body: bytes) -> Mapping[str, Any] | None:
    try:
        data = json.loads(body or b"{}")
    except ValueError:  # not JSON, or not UTF-8
        return None
    return data if isinstance(data, dict) else None
