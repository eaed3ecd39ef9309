"""Import routes: preview rows, or start a run."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from mxlib import services
from mxlib.api.concurrency import calls_host
from mxlib.api.dependencies import (
    CSV,
    JSON,
    XLSX,
    CurrentCaller,
    Key,
    RawBody,
    body,
    charset_of,
    error_responses,
    kind_of,
    unsupported_media_type,
)
from mxlib.api.responses import success
from mxlib.api.schemas import common, previews, runs
from mxlib.api.schemas.requests import (
    DEFAULT_DOMAIN,
    GENERATE,
    LEAVE_OUT,
    ON_EXISTING,
    SET_BY_OWNERS,
    ImportRequest,
    read_import,
)
from mxlib.core.import_batch import ImportBatch
from mxlib.core.invalid_body import InvalidBody
from mxlib.core.vocabulary import OnExisting
from mxlib.runs.messages import DONE_BY_ANOTHER
from mxlib.runs.retry import InvalidState

router = APIRouter(tags=["imports"])

DefaultDomain = Annotated[str, Query(description=f"{DEFAULT_DOMAIN}; for files only")]
FileName = Annotated[str, Query(max_length=255, description="What the file is called; for files only")]
Generate = Annotated[bool, Query(description=f"{GENERATE}; for files only")]
ByOwners = Annotated[bool, Query(description=f"{SET_BY_OWNERS}; for files only")]
LeaveOut = Annotated[bool, Query(description=f"{LEAVE_OUT}; for files only")]
Again = Annotated[bool, Query(description="Start it though a run of the same file or rows goes on")]
Existing = Annotated[OnExisting, Query(description=f"{ON_EXISTING}; for files only")]


_IN_BODY = "With a JSON body everything is in the body: leave the parameters out."


@router.post(
    "/email-accounts/import/preview",
    responses={200: {"model": common.Success[previews.Preview]}, **error_responses(415)},
    openapi_extra=body(
        ImportRequest, without=["generate_passwords", "set_by_owners", "leave_out_notices"], or_file=True
    ),
)
@calls_host
def preview(
    caller: CurrentCaller,
    request: Request,
    data: RawBody,
    default_domain: DefaultDomain = "",
    file: FileName = "",
    on_existing: Existing = OnExisting.SKIP,
) -> Response:
    """Validate rows as the page does, and send nothing."""
    app = services.current()
    batch = _batch(request, data, default_domain, file, generate=False, on_existing=on_existing)
    validated = app.imports.preview(caller, batch)
    response = previews.preview(validated, updating=batch.updates)
    if batch.source and batch.source.notes:
        response["notes"] = previews.notes(batch.source.notes)
    if warnings := app.imports.capacity_warnings(caller, validated):
        response["warnings"] = list(warnings)
    return success(response)


@router.post(
    "/imports",
    status_code=202,
    responses={202: {"model": common.Success[runs.RunShape]}, **error_responses(409, 415, 429, 503)},
    openapi_extra=body(ImportRequest, without=["existing_by_domain"], or_file=True),
)
@calls_host
def start(
    caller: CurrentCaller,
    request: Request,
    data: RawBody,
    default_domain: DefaultDomain = "",
    file: FileName = "",
    generate_passwords: Generate = False,
    on_existing: Existing = OnExisting.SKIP,
    set_by_owners: ByOwners = False,
    leave_out_notices: LeaveOut = False,
    again: Again = False,
    key: Key = None,
) -> Response:
    """Start a run of all ready rows: it creates and changes mailboxes.

    Every other row is in its results.
    """
    app = services.current()
    batch = _batch(request, data, default_domain, file, generate=generate_passwords, on_existing=on_existing)
    if set_by_owners or leave_out_notices:
        if kind_of(request) == JSON:
            raise InvalidBody("", _IN_BODY)
        batch = replace(batch, set_by_owners=set_by_owners, without_notices=leave_out_notices)
    asked = f"{kind_of(request)}\n{batch.domain}\n{batch.file_name}\n{batch.generate}\n".encode() + data
    if batch.updates:
        asked = b"update\n" + asked
    if batch.set_by_owners or batch.without_notices:
        asked = f"{batch.set_by_owners} {batch.without_notices}\n".encode() + asked
    if encoding := charset_of(request):
        asked = f"{encoding}\n".encode() + asked
    if key is not None and not key.strip():
        raise InvalidBody("Idempotency-Key", "Idempotency-Key: it is blank. Send a key, or no such header.")
    number = app.imports.start(caller, batch, key=(key or "").strip(), request=asked, again=again)
    view = app.runs.get(caller, number)
    if view is None:
        raise InvalidState(DONE_BY_ANOTHER)
    return success(runs.run(view, app.clock.now()), 202)


def _batch(
    request: Request, data: bytes, domain: str, file: str, *, generate: bool, on_existing: OnExisting
) -> ImportBatch:
    """Return the import batch of a body, by its content type."""
    files = services.current().files
    match kind_of(request):
        case "application/json":
            if domain or file or generate or on_existing is not OnExisting.SKIP:
                raise InvalidBody("", _IN_BODY)
            return files.batch_from_json(data, read_import)
        case "text/csv":
            name, encoding = file or "import.csv", charset_of(request)
            return files.batch_from_file(
                data, name, domain, generate=generate, on_existing=on_existing, encoding=encoding
            )
        case kind if kind == XLSX:
            name = file or "import.xlsx"
            return files.batch_from_file(data, name, domain, generate=generate, on_existing=on_existing)
        case _:
            raise unsupported_media_type(JSON, CSV, XLSX)
