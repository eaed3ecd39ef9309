"""Client routes: list, add, change and delete clients."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from mxlib import services
from mxlib.api.dependencies import CurrentCaller, RawBody, body, error_responses, parse_body
from mxlib.api.responses import success
from mxlib.api.schemas import clients, common
from mxlib.api.schemas.clients import ClientChangeRequest, ClientRequest

router = APIRouter(tags=["clients"])

Number = Annotated[int, Path(ge=1, lt=2**63, description="The number of a client")]


@router.get("/clients", responses={200: {"model": common.Success[list[clients.ClientShape]]}, **error_responses()})
def list_all(caller: CurrentCaller) -> Response:
    """List the clients that have a domain which the token may view.

    A domain that belongs to no client is its own client, and not listed here.
    """
    return success([clients.client(found) for found in services.current().clients.list_all(caller)])


@router.post(
    "/clients",
    status_code=201,
    responses={
        201: {"model": common.Success[clients.ClientShape], "description": "Added; the response is the client"},
        **error_responses(409, 415),
    },
    openapi_extra=body(ClientRequest),
)
def add(caller: CurrentCaller, request: Request, data: RawBody) -> Response:
    """Add a client with its domains; for admins."""
    service = services.current().clients
    asked = ClientRequest.parse(parse_body(request, data))
    return success(clients.client(service.get(caller, service.add(caller, asked.details()))), 201)


@router.get(
    "/clients/{client}", responses={200: {"model": common.Success[clients.ClientShape]}, **error_responses(404)}
)
def get(caller: CurrentCaller, client: Number) -> Response:
    """Return one client."""
    return success(clients.client(services.current().clients.get(caller, client)))


@router.patch(
    "/clients/{client}",
    responses={200: {"model": common.Success[clients.ClientShape]}, **error_responses(404, 409, 415)},
    openapi_extra=body(ClientChangeRequest),
)
def change(caller: CurrentCaller, request: Request, client: Number, data: RawBody) -> Response:
    """Change a client; for admins.

    What the body does not name stays as it is. With `version`, a client that has changed since is refused.
    """
    asked = ClientChangeRequest.parse(parse_body(request, data))
    changed = services.current().clients.change(caller, client, asked.details, version=asked.version)
    return success(clients.client(changed))


@router.delete(
    "/clients/{client}", responses={200: {"model": common.Success[clients.ClientShape]}, **error_responses(404)}
)
def delete(caller: CurrentCaller, client: Number) -> Response:
    """Delete a client; for admins.

    Its domains and their mailboxes stay, each domain as its own client. The response is the client as it was.
    """
    return success(clients.client(services.current().clients.delete(caller, client)))
