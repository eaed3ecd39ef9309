"""Downloads: each has its own protected route, is never cached, and always in the audit log."""

from collections.abc import Callable
from urllib.parse import urlencode

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from mxlib import services
from mxlib.api.attachments import attached
from mxlib.auth.account_pages import confirm_address
from mxlib.auth.middleware import ADDRESS, IDENTITY, SESSION
from mxlib.auth.permissions import Caller, Forbidden, NotRecent
from mxlib.core.clients import LANGUAGES
from mxlib.core.handover.letters import Paper
from mxlib.runs.manager import InvalidState
from mxlib.services import StoreUnavailable
from mxlib.services.drafts import DraftUnreadable
from mxlib.services.exports import DELIMITERS, File, NotFound
from mxlib.services.failures import ListUnavailable
from mxlib.services.handover_files import UNMARKED, FileOptions
from mxlib.services.link_letters import UNMAILED

#: Digits of the largest number that the store can hold for certain.
_LONGEST_NUMBER = 18

_SEMICOLON = "semicolon"

#: Choices about a file that outlive a confirmation, and the characters of the longest one.
_CHOICES, _LONGEST_CHOICE = ("delimiter", "paper", "language", "people", "person"), 20

#: Characters of the longest name of a domain.
_LONGEST_NAME = 253


def caller(request: Request) -> Caller:
    """Return the caller that the middleware identified; raises Forbidden for a stranger."""
    name, address, session = (request.headers.get(key.decode(), "") for key in (IDENTITY, ADDRESS, SESSION))
    return services.current().authenticator.caller(name, address, session)


def _answer(make: Callable[[], File], ask: str = "") -> Response:
    """Return the file of `make`, or the sentence of its error with the right status.

    `ask` is the page that asks for a confirmation where the file needs one.
    """
    try:
        return attached(make())
    except NotRecent as error:
        if ask:
            return RedirectResponse(ask, 303, {"Cache-Control": "no-store"})
        return PlainTextResponse(str(error), status_code=403)
    except Forbidden as error:
        return PlainTextResponse(str(error), status_code=403)
    except NotFound as error:
        return PlainTextResponse(str(error), status_code=404)
    except InvalidState as error:
        return PlainTextResponse(str(error), status_code=409)
    except (DraftUnreadable, ListUnavailable, StoreUnavailable) as error:
        return PlainTextResponse(str(error), status_code=503)


def _confirmation(request: Request, back: str) -> str:
    """Return the address of the confirmation before this file, for people only.

    `back` is the page to return to.
    """
    given = {name: value for name in _CHOICES if (value := request.query_params.get(name, "")[:_LONGEST_CHOICE])}
    asks = "text/html" in request.headers.get("accept", "")
    return confirm_address(f"{request.url.path}?{urlencode(given)}".rstrip("?"), back) if asks else ""


def _by_semicolon(request: Request) -> bool:
    """Return whether the cells of a CSV are to be separated by semicolons."""
    return request.query_params.get("delimiter") == _SEMICOLON


def _paper(request: Request) -> Paper:
    """Return the paper of letters; A4 unless Letter is asked for."""
    return Paper.LETTER if request.query_params.get("paper") == Paper.LETTER else Paper.A4


def run_file(request: Request) -> Response:
    """Return a file of a run: results, failed rows, letters, or logins for a password manager.

    Results are .xlsx or .csv, or those of each domain in a .zip.
    """
    app = services.current()
    digits, kind = request.path_params["run"], request.path_params["kind"]
    if len(digits) > _LONGEST_NUMBER:
        return PlainTextResponse("There is no run of such a number.", status_code=404)
    ask = _confirmation(request, f"/jobs?run={int(digits)}")
    return _answer(lambda: app.exports.run_file(caller(request), int(digits), kind, _options(request)), ask)


def _options(request: Request) -> FileOptions:
    """Return what the file is to hold; an unknown choice counts as none."""
    given = request.query_params
    person = given.get("person", "")
    return FileOptions(
        delimiter=DELIMITERS["semicolon" if _by_semicolon(request) else "comma"],
        paper=_paper(request),
        language=language if (language := given.get("language", "")) in LANGUAGES else "",
        only_unmarked=given.get("people") == UNMARKED,
        position=int(person) if person.isascii() and person.isdecimal() and len(person) <= _LONGEST_NUMBER else None,
    )


def link_file(request: Request) -> Response:
    """Return the people of a run of links, and what happened to theirs."""
    digits, kind = request.path_params["run"], request.path_params["kind"]
    if len(digits) > _LONGEST_NUMBER:
        return PlainTextResponse("There is no run of such a number.", status_code=404)
    delimiter = DELIMITERS["semicolon" if _by_semicolon(request) else "comma"]
    return _answer(lambda: services.current().link_files.make(caller(request), int(digits), kind, delimiter=delimiter))


def link_letters(request: Request) -> Response:
    """Return letters with the living links of a run."""
    digits = request.path_params["run"]
    if len(digits) > _LONGEST_NUMBER:
        return PlainTextResponse("There is no run of such a number.", status_code=404)
    only_unmailed = request.query_params.get("people") == UNMAILED
    ask, letters = _confirmation(request, f"/jobs?run={int(digits)}"), services.current().link_letters
    return _answer(
        lambda: letters.make(caller(request), int(digits), _options(request), only_unmailed=only_unmailed), ask
    )


def domain_file(request: Request) -> Response:
    """Return the mailboxes of one domain or of `all`, or the `clients`, as a file."""
    app = services.current()
    domain, _, kind = str(request.path_params["name"]).rpartition(".")
    if len(domain) > _LONGEST_NAME:
        return PlainTextResponse("There is no domain of such a name on this MXroute account.", status_code=404)
    if domain == "all":
        return _answer(lambda: app.exports.all_file(caller(request), kind))
    if domain == "clients":
        return _answer(lambda: app.clients.list_file(caller(request), kind))
    return _answer(lambda: app.exports.domain_file(caller(request), domain, kind))


def overview_file(request: Request) -> Response:
    """Return a table of the Overview, as CSV or Excel."""
    name, _, kind = str(request.path_params["name"]).rpartition(".")
    return _answer(lambda: services.current().usage_exports.table_file(caller(request), name, kind))


def month_file(request: Request) -> Response:
    """Return a month of all clients as Excel."""
    month, _, kind = str(request.path_params["name"]).rpartition(".")
    if kind != "xlsx":
        return PlainTextResponse("A month is an Excel file, such as 2026-11.xlsx.", status_code=404)
    return _answer(lambda: services.current().usage_exports.month_file(caller(request), month))


def selection_file(request: Request) -> Response:
    """Return the export of selected mailboxes, or a list with their use."""
    app = services.current()
    number, _, kind = str(request.path_params["name"]).partition(".")
    return _answer(lambda: app.exports.selection_file(caller(request), number, kind))


def draft_file(request: Request) -> Response:
    """Return the rows of a draft as they are now, as CSV or Excel."""
    app = services.current()
    number, _, kind = str(request.path_params["name"]).rpartition(".")
    return _answer(lambda: app.drafts.file(caller(request), number, kind), _confirmation(request, "/import"))


def sample_letter(request: Request) -> Response:
    """Return a letter for an invented person, with a typed text or the saved one."""
    digits, language = request.path_params["client"], request.path_params["of"]
    if len(digits) > _LONGEST_NUMBER:
        return PlainTextResponse("There is no client of such a number.", status_code=404)

    def make() -> File:
        seen, typed = caller(request), request.query_params.get("typed", "")[:_LONGEST_NAME]
        letter = services.current().text_samples.letter(seen, int(digits), language, typed, _paper(request))
        return File(f"sample-letter-{language}.pdf", letter)

    return _answer(make)


def template(_request: Request) -> Response:
    """Return an empty file with the right header and examples."""
    return _answer(services.current().exports.template)


class _Digits(Convertor[str]):
    """A whole number as it was written.

    No run has a number of thousands of digits, and parsing one to an integer is slow.
    """

    regex = "[0-9]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("digits", _Digits())

routes = [
    Route("/runs/{run:digits}/links.{kind}", link_file, methods=["GET"]),
    Route("/runs/{run:digits}/link-letters.pdf", link_letters, methods=["GET"]),
    Route("/runs/{run:digits}/{kind}", run_file, methods=["GET"]),
    Route("/export/{name}", domain_file, methods=["GET"]),
    Route("/export/overview/{name}", overview_file, methods=["GET"]),
    Route("/export/month/{name}", month_file, methods=["GET"]),
    Route("/export/selection/{name}", selection_file, methods=["GET"]),
    Route("/drafts/{name}", draft_file, methods=["GET"]),
    Route("/texts/{client:digits}/{of}/letter.pdf", sample_letter, methods=["GET"]),
    Route("/template.csv", template, methods=["GET"]),
]
