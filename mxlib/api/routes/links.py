"""Link routes: send links to people, list them, send one again and revoke one."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from mxlib import services
from mxlib.api.dependencies import CurrentCaller, Key, RawBody, body, error_responses, parse_body
from mxlib.api.responses import success
from mxlib.api.schemas import common, links
from mxlib.api.schemas.links import LinkRequest
from mxlib.runs.manager import InvalidState
from mxlib.runs.messages import DONE_BY_ANOTHER

router = APIRouter(tags=["links"])

Number = Annotated[int, Path(ge=1, lt=2**63, description="The number of a link")]
OfRun = Annotated[int | None, Query(ge=1, lt=2**63, description="An import, or a run of links")]

_ONE = {200: {"model": common.Success[links.LinkShape]}, **error_responses(404, 409)}


@router.post(
    "/links",
    status_code=202,
    responses={202: {"model": common.Success[links.LinkRunShape]}, **error_responses(404, 409, 415)},
    openapi_extra=body(LinkRequest),
)
def send(caller: CurrentCaller, request: Request, data: RawBody, key: Key = None) -> Response:
    """Send links by which people set the password of their mailbox, as a run.

    Each goes to the recovery email of the mailbox; no response ever has the link itself.
    """
    app = services.current()
    asked = LinkRequest.parse(parse_body(request, data), max_rows=app.settings.max_rows)
    asked.must_name_people()
    number, refused = app.link_plans.send(
        caller, emails=asked.emails, run=asked.run, options=asked.options, key=(key or "").strip(), request=data
    )
    view = app.runs.get(caller, number)
    if view is None:
        raise InvalidState(DONE_BY_ANOTHER)
    return success(links.link_run(view, app.clock.now(), refused), 202)


@router.get("/links", responses={200: {"model": common.Success[list[links.LinkShape]]}, **error_responses(404)})
def list_all(caller: CurrentCaller, run: OfRun = None) -> Response:
    """List the links of a run, or the newest ones.

    They are of domains where the token may support mailboxes.
    With `run`, the newest link of each mailbox; without it, up to 500 links, the newest first.
    """
    sent_links = services.current().sent_links
    found = sent_links.newest(caller) if run is None else sent_links.board(caller, run).people
    return success([links.link(each) for each in found])


@router.post("/links/{link}/resend", responses=_ONE)
def resend(caller: CurrentCaller, link: Number) -> Response:
    """Send a new link in place of an earlier one, which ends.

    The response is the new one.
    """
    sent_links = services.current().sent_links
    sent_links.resend(caller, link)
    return success(links.link(sent_links.latest(caller, link)))


@router.post("/links/{link}/revoke", responses=_ONE)
def revoke(caller: CurrentCaller, link: Number) -> Response:
    """End a link; one that has ended stays as it is."""
    sent_links = services.current().sent_links
    sent_links.revoke(caller, link)
    return success(links.link(sent_links.get(caller, link)))
