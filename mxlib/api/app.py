"""The HTTP API: FastAPI behind its token middleware, at /api on the dashboard's own server."""

import re
from typing import Any

from fastapi import Depends, FastAPI
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from mxlib.api import openapi as document
from mxlib.api import responses
from mxlib.api.concurrency import ConcurrencyLimit
from mxlib.api.middleware import TokenMiddleware
from mxlib.api.routes import (
    account,
    audit,
    changes,
    clients,
    deletions,
    events,
    imports,
    links,
    mailboxes,
    runs,
    unconfirmed,
    usage,
)

_ABOUT = """Mailboxes of an MXroute account: single ones, and imports with all their results.

Every answer is `{"success": true, "data": …}` or `{"success": false, "error": {"code", "message", "field"?}}`.
Every request carries a token: `Authorization: Bearer mxm_…`. docs/api.md explains it line by line.
"""


class MxmApi(FastAPI):
    """FastAPI with a customised OpenAPI document."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        if not self.openapi_schema:
            self.openapi_schema = document.customise_openapi(super().openapi())
        return self.openapi_schema


def build() -> FastAPI:
    """Build the API without its authentication middleware."""
    api = MxmApi(
        title="MXM",
        version="1",
        description=_ABOUT,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        openapi_tags=document.TAGS,
        generate_unique_id_function=document.name_of,
        dependencies=[Depends(ConcurrencyLimit().slot)],
    )
    responses.install_error_handlers(api)
    for subject in (
        account, clients, mailboxes, deletions, imports, changes, links, unconfirmed, runs, usage, events, audit,
    ):  # fmt: skip
        api.include_router(subject.router)
    return api


class SubtreeMount(Mount):
    """A mount of a path and every path below, those with line breaks too."""

    def __init__(self, path: str, app: ASGIApp) -> None:
        super().__init__(path, app)
        self.path_regex = re.compile(f"^{path}(?:/|$)(?P<path>.*)$", re.DOTALL)


routes: list[BaseRoute] = [SubtreeMount("/api", TokenMiddleware(build()))]
