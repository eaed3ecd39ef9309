"""The OpenAPI document, adapted for people and for client generators."""

from typing import Any

from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from mxlib.api.schemas.common import Failure

#: The groups of operations, with their descriptions.
TAGS = [
    {"name": "account", "description": "Who asks, and what the whole account has."},
    {"name": "clients", "description": "Clients of the agency, and which domains are theirs."},
    {"name": "mailboxes", "description": "The mailboxes of a domain, all of them or one by one."},
    {"name": "imports", "description": "Rows or a file, judged without a trace or started as a run."},
    {"name": "changes", "description": "Many mailboxes at once, by their addresses."},
    {"name": "links", "description": "Links by which people set the password of their mailbox."},
    {"name": "unconfirmed", "description": "Changes of one mailbox that got no answer from MXroute."},
    {"name": "runs", "description": "The state of runs, their results, and how to pause, resume and stop them."},
    {"name": "usage", "description": "What the domains used, by the day."},
    {"name": "events", "description": "What was full, sent too much, paused or failed, and how it was notified."},
    {"name": "audit", "description": "Who did what to what, when and from where."},
]

_SCHEMA = "#/components/schemas/{model}"
#: Refers to the schema of a failure, which `customise_openapi` adds.
FAILURE = _SCHEMA.format(model="Failure")

_DONE = {"200": "Done; the response shows", "201": "Made; the answer is the mailbox", "202": "A run has been started"}


def name_of(route: APIRoute) -> str:
    """Return the operation id: `mailboxes_create`."""
    return f"{route.tags[0]}_{route.name}"


def customise_openapi(document: dict[str, Any]) -> dict[str, Any]:
    """Adapt the framework's `document` to our responses: its 422 for validation is a 400 here."""
    for operations in document["paths"].values():
        for operation in operations.values():
            answers = operation["responses"]
            validation_error = answers.get("422", {}).get("content", {}).get("application/json", {})
            if validation_error.get("schema", {}).get("$ref", "").endswith("/HTTPValidationError"):
                del answers["422"]
            operation["summary"] = operation["description"].partition("\n")[0].partition(". ")[0].removesuffix(".")
            for status in _DONE.keys() & answers.keys():
                if answers[status]["description"] == "Successful Response":
                    answers[status]["description"] = _DONE[status]
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    failure = TypeAdapter(Failure).json_schema(ref_template=_SCHEMA, mode="serialization")
    schemas |= {**failure.pop("$defs"), "Failure": failure}
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document
