"""The HTTP API: FastAPI behind its door, at /api on the dashboard's own server."""

import re
from typing import Any

from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from mxlib.api import account, audit, changes, envelope, imports, mailboxes, runs
from mxlib.api.door import Door

_ABOUT = """Mailboxes of an MXroute account: single ones, and imports with all their results.

Every answer is `{"success": true, "data": …}` or `{"success": false, "error": {"code", "message", "field"?}}`.
"""


class Api(FastAPI):
    """FastAPI, whose document tells of our refusals and not of its own."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document; what the framework would answer with 422 is a 400 here."""
        if not self.openapi_schema:
            document = super().openapi()
            for operations in document["paths"].values():
                for operation in operations.values():
                    told = operation["responses"].get("422", {}).get("content", {}).get("application/json", {})
                    if told.get("schema", {}).get("$ref", "").endswith("/HTTPValidationError"):
                        del operation["responses"]["422"]
            for unused in ("HTTPValidationError", "ValidationError"):
                document["components"]["schemas"].pop(unused, None)
        return super().openapi()


def build() -> FastAPI:
    """The API, without its door."""
    api = Api(
        title="MXM",
        version="1",
        description=_ABOUT,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    envelope.wear(api)
    for subject in (account, mailboxes, imports, changes, runs, audit):
        api.include_router(subject.router)
    return api


class _Whole(Mount):
    """A mount that takes its path itself and every one below, those with a line break in them too."""

    def __init__(self, path: str, app: ASGIApp) -> None:
        super().__init__(path, app)
        self.path_regex = re.compile(f"^{path}(?:/|$)(?P<path>.*)$", re.DOTALL)


routes: list[BaseRoute] = [_Whole("/api", Door(build()))]
