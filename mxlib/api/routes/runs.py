"""Runs: their status, their results, and how to control them."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from mxlib import services
from mxlib.api.attachments import attached
from mxlib.api.concurrency import calls_host
from mxlib.api.dependencies import CSV, PDF, XLSX, ZIP, CurrentCaller, RawBody, Run, body, error_responses, parse_body
from mxlib.api.responses import success
from mxlib.api.schemas import common, runs
from mxlib.api.schemas.requests import MarksRequest, UndoRequest
from mxlib.auth.permissions import Caller
from mxlib.core.handover.letters import Paper
from mxlib.runs.run_view import RunView
from mxlib.services.exports import NotFound
from mxlib.services.handover_files import UNMARKED, FileOptions

router = APIRouter(prefix="/imports", tags=["runs"])


class Whom(StrEnum):
    """The people in a file: all, or those who are not marked as having their password."""

    ALL = "all"
    UNMARKED = UNMARKED


People = Annotated[Whom, Query(description="`unmarked` leaves out those who are marked as having their password")]
LetterLanguage = Annotated[
    Literal["", "en", "nl", "de", "fr", "es"], Query(description="Of letters; blank is that of each client")
]


def _file(kind: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {kind: {"schema": {"type": "string"}}}}, **error_responses(404, 409, 503)}


_ONE = {200: {"model": common.Success[runs.RunShape]}, **error_responses(404, 409, 503)}


@router.get("", responses={200: {"model": common.Success[list[runs.RunShape]]}, **error_responses()})
def every(caller: CurrentCaller) -> Response:
    """List the latest 200 runs that the token may see, newest first."""
    app = services.current()
    return success([runs.run(view, app.clock.now()) for view in app.runs.all(caller)])


@router.get("/{run}", responses={200: {"model": common.Success[runs.RunShape]}, **error_responses(404)})
def one(run: Run, caller: CurrentCaller) -> Response:
    """Return the status of a run."""
    return _status(caller, run)


@router.get("/{run}/results", responses={200: {"model": common.Success[runs.Results]}, **error_responses(404, 503)})
def results(run: Run, caller: CurrentCaller) -> Response:
    """Return the outcome of every row.

    Passwords are for the token that started the run, and for admins.
    """
    view, rows = _seen(caller, run), services.current().runs.results(caller, run)
    return success(runs.results(rows, view.hidden))


@router.get(
    "/{run}/results.xlsx",
    response_class=Response,
    responses={200: {"content": {XLSX: {"schema": {"type": "string"}}}}, **error_responses(404, 503)},
)
def results_xlsx(run: Run, caller: CurrentCaller) -> Response:
    """Return the results as a workbook of text cells.

    For the token that started the run, and for admins.
    """
    return attached(services.current().exports.run_file(caller, run, "results.xlsx"))


@router.get(
    "/{run}/results.csv",
    response_class=Response,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}, **error_responses(404, 503)},
)
def results_csv(run: Run, caller: CurrentCaller) -> Response:
    """Return the results as a CSV for programs.

    A spreadsheet calculates cells that start with =, +, - or @.
    """
    return attached(services.current().exports.run_file(caller, run, "results.csv", FileOptions(for_programs=True)))


@router.get("/{run}/letters.pdf", response_class=Response, responses=_file(PDF))
def letters(
    run: Run, caller: CurrentCaller, people: People = Whom.ALL, language: LetterLanguage = "", paper: Paper = Paper.A4
) -> Response:
    """Return a letter for each mailbox with a new password, one page each.

    For the token that started the run, and for admins.
    """
    return _handed(run, caller, "letters.pdf", people, language, paper)


@router.get("/{run}/mail-merge.xlsx", response_class=Response, responses=_file(XLSX))
def mail_merge(run: Run, caller: CurrentCaller, people: People = Whom.ALL) -> Response:
    """Return a workbook for mail merge: a row for each mailbox with a new password."""
    return _handed(run, caller, "mail-merge.xlsx", people)


@router.get("/{run}/clients.zip", response_class=Response, responses=_file(ZIP))
def clients(
    run: Run, caller: CurrentCaller, people: People = Whom.ALL, language: LetterLanguage = "", paper: Paper = Paper.A4
) -> Response:
    """Return the workbook for mail merge and the letters of each client."""
    return _handed(run, caller, "clients.zip", people, language, paper)


@router.get("/{run}/bitwarden.csv", response_class=Response, responses=_file(CSV))
def bitwarden(run: Run, caller: CurrentCaller, people: People = Whom.ALL) -> Response:
    """Return the new passwords as logins that Bitwarden imports."""
    return _handed(run, caller, "bitwarden.csv", people)


@router.get("/{run}/1password.csv", response_class=Response, responses=_file(CSV))
def one_password(run: Run, caller: CurrentCaller, people: People = Whom.ALL) -> Response:
    """Return the new passwords as logins that 1Password imports."""
    return _handed(run, caller, "1password.csv", people)


@router.get("/{run}/marks", responses={200: {"model": common.Success[runs.Marks]}, **error_responses(404, 503)})
def marks(run: Run, caller: CurrentCaller) -> Response:
    """Return who is marked as having the password that this run gave them.

    For the token that started the run, and for admins. The list remains after MXM's copy is erased.
    """
    _seen(caller, run)
    handover = services.current().handover
    return success(runs.marks(handover.progress(caller, run), handover.people(caller, run)))


@router.post(
    "/{run}/marks",
    responses={200: {"model": common.Success[runs.Marked]}, **error_responses(404, 415, 503)},
    openapi_extra=body(MarksRequest),
)
def mark(run: Run, caller: CurrentCaller, request: Request, data: RawBody) -> Response:
    """Mark people as having their password, or take their marks away."""
    app = services.current()
    asked = MarksRequest.parse(parse_body(request, data), max_rows=app.settings.max_rows)
    _seen(caller, run)
    way = asked.way if asked.handed_over else None
    return success(runs.marked(app.handover.mark_addresses(caller, run, asked.addresses, way)))


@router.post("/{run}/pause", responses=_ONE)
def pause(run: Run, caller: CurrentCaller) -> Response:
    """Pause after the requests in flight; the run's domains are free meanwhile."""
    return _control(caller, run, services.current().runs.pause)


@router.post("/{run}/resume", responses=_ONE)
def resume(run: Run, caller: CurrentCaller) -> Response:
    """Continue from where the run paused, once its domains were read again."""
    return _control(caller, run, services.current().runs.resume)


@router.post("/{run}/stop", responses=_ONE)
def stop(run: Run, caller: CurrentCaller) -> Response:
    """Stop after the requests in flight; the rest is not attempted."""
    return _control(caller, run, services.current().runs.stop)


@router.post("/{run}/handed-over", responses=_ONE)
def handed_over(run: Run, caller: CurrentCaller) -> Response:
    """Forget the passwords for good: they have reached their owners."""
    return _control(caller, run, services.current().runs.handed_over)


@router.post(
    "/{run}/retry",
    status_code=202,
    responses={202: {"model": common.Success[runs.RunShape]}, **error_responses(404, 409, 503)},
)
def retry(run: Run, caller: CurrentCaller) -> Response:
    """Start a run of the rows that failed or were not attempted.

    They get the same passwords.
    """
    _seen(caller, run)
    return _status(caller, services.current().runs.retry(caller, run), 202)


@router.get(
    "/{run}/undo", responses={200: {"model": common.Success[runs.UndoShape]}, **error_responses(404, 409, 429, 503)}
)
@calls_host
def what_undo_does(run: Run, caller: CurrentCaller) -> Response:
    """Return what an undo of this run would delete, restore and keep, and why."""
    _seen(caller, run)
    return success(runs.undo(services.current().undo.look(caller, run)))


@router.post(
    "/{run}/undo",
    status_code=202,
    responses={202: {"model": common.Success[runs.RunShape]}, **error_responses(404, 409, 415, 429, 503)},
    openapi_extra=body(UndoRequest),
)
@calls_host
def undo(run: Run, caller: CurrentCaller, request: Request, data: RawBody) -> Response:
    """Undo this run, by a run of its own.

    A request that is sent twice starts only one.
    """
    confirm = UndoRequest.parse(parse_body(request, data)).confirm
    _seen(caller, run)
    return _status(caller, services.current().undo.start(caller, run, confirm), 202)


@router.post("/{run}/take-over", responses=_ONE)
def take_over(run: Run, caller: CurrentCaller) -> Response:
    """Become the run's operator, who may have its passwords."""
    return _control(caller, run, services.current().runs.take_over)


def _handed(run: int, caller: Caller, kind: str, people: Whom, language: str = "", paper: Paper = Paper.A4) -> Response:
    options = FileOptions(paper=paper, language=language, only_unmarked=people is Whom.UNMARKED)
    return attached(services.current().exports.run_file(caller, run, kind, options))


def _control(caller: Caller, run: int, do: Callable[[Caller, int], None]) -> Response:
    _seen(caller, run)
    do(caller, run)
    return _status(caller, run)


def _status(caller: Caller, run: int, status: int = 200) -> Response:
    return success(runs.run(_seen(caller, run), services.current().clock.now()), status)


def _seen(caller: Caller, run: int) -> RunView:
    """Return the run as the caller may see it; 404 when they may not."""
    view = services.current().runs.get(caller, run)
    if view is None:
        raise NotFound(f"There is no run {run}.")
    return view
