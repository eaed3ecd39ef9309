"""The pages for signing in and out: plain HTML of our own, without scripts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from html import escape
from math import ceil
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from mxlib.auth.page_templates import ASSETS, template
from mxlib.auth.password_queue import PasswordQueue, QueueFull
from mxlib.auth.passwords import InvalidPassword
from mxlib.auth.sessions import Session
from mxlib.auth.sign_in import Authenticator, ClientInfo, SignInRefused
from mxlib.auth.sign_in_steps import PENDING_S, StepForm, StepRefused, StepsLeft
from mxlib.auth.throttle import TooManyAttempts
from mxlib.store import StoreUnavailable

SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
#: The next step of a pending sign-in.
STEP = f"{SIGN_IN}/step"
#: Start of a sign-in at the provider, and the path that the provider sends people back to.
PROVIDER, RETURN = f"{SIGN_IN}/oidc", f"{SIGN_IN}/oidc/callback"
#: For users with a session: their second factor, and confirming who they are.
SECOND_FACTOR, RECOVERY_CODES = f"{SIGN_IN}/second-factor", f"{SIGN_IN}/recovery-codes"
CONFIRM, CONFIRMED, PROVIDER_AGAIN = f"{SIGN_IN}/confirm", f"{SIGN_IN}/confirmed", f"{PROVIDER}/again"

#: Paths that are served without a session.
PUBLIC = frozenset({SIGN_IN, f"{SIGN_IN}/style.css", f"{SIGN_IN}/watch.js", f"{SIGN_IN}/mxm.svg", PROVIDER, RETURN})
#: Paths that this module serves.
OURS = PUBLIC | {
    STEP,
    SECOND_FACTOR,
    RECOVERY_CODES,
    f"{RECOVERY_CODES}.txt",
    CONFIRM,
    CONFIRMED,
    PROVIDER_AGAIN,
    SIGN_OUT,
    f"{SIGN_OUT}/everywhere",
}
#: Those that a sign-in or a confirmation may lead to.
_REACHABLE = {SECOND_FACTOR, RECOVERY_CODES, CONFIRMED}

#: What a browser deletes at sign-out. Our cookies are deleted by name: with `cookies` here, it would also delete those
#: of other hosts of the same domain, such as the sign-in provider's or the agency's webmail's.
CLEARED = '"cache", "storage"'
#: Names of cookies that this server sets.
_OUR_COOKIE = re.compile(r"(?:(?:__Host-)?mxm-|_streamlit)[\w-]*", re.ASCII)

SIGNED_OUT = "You are signed out."
ENDED = "Your session has ended. Sign in to go on."

#: Bytes of a form; a name and a password are far less.
_MOST = 10_000
#: Characters of the longest local address to return to.
_FAR = 2_000
#: Threads of each lane: those that hash and wait, and some that ask whether a try has to wait.
_ASKING = 4
#: Requests that wait for such a thread.
_MOST_WAITING = 200

_ICON = Path(__file__).parents[1] / "ui" / "assets" / "mxm.svg"


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Context of a request that the middleware found: client, https or not, and session.

    `ended`: the browser sent a session, and that is over.
    """

    authenticator: Authenticator
    client: ClientInfo
    secure: bool
    session: Session | None = None
    ended: bool = False


def request_context(scope: Scope) -> RequestContext:
    """Return the context that the middleware found for this request."""
    found = scope["mxm"]
    assert isinstance(found, RequestContext)  # noqa: S101 - the middleware put it there
    return found


def local(path: str) -> str:
    r"""Return `path` if it leads to this server and nowhere else, `/` otherwise.

    Browsers read `//host`, `/\host` and addresses with tabs or line breaks in them as other sites.
    """
    try:
        parts = urlsplit(path)
    except ValueError:
        return "/"
    here = path.startswith("/") and not path.startswith("//") and not parts.scheme and not parts.netloc
    plain = path.isascii() and path.isprintable() and "\\" not in path and " " not in path and len(path) <= _FAR
    return path if here and plain and parts.path not in OURS - _REACHABLE else "/"


def to_sign_in(scope: Scope) -> Response:
    """Redirect a page request to the sign-in, which returns to that page afterwards."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    asked = raw.partition(b"?")[0] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    next_page = local(asked.decode("latin-1"))
    return redirect_to(SIGN_IN + ("" if next_page == "/" else "?" + urlencode({"next": next_page})))


def cookie_name(secure: bool) -> str:
    """Return the name of the session's cookie.

    Browsers accept the https one from this host alone.
    """
    return "__Host-mxm-session" if secure else "mxm-session"


def pending_cookie_name(secure: bool) -> str:
    """Return the name of the cookie of a pending sign-in."""
    return "__Host-mxm-pending" if secure else "mxm-pending"


def start_session(request: Request, session_id: str, next_page: str) -> Response:
    """Set the cookie of a session in place of a pending sign-in; redirect to `next_page`."""
    context, answer = request_context(request.scope), redirect_to(local(next_page))
    answer.set_cookie(
        cookie_name(context.secure),
        session_id,
        max_age=ceil(context.authenticator.sessions.longest),
        path="/",
        secure=context.secure,
        httponly=True,
        samesite="lax",
    )
    if pending_cookie_name(context.secure) in request.cookies:
        answer.delete_cookie(
            pending_cookie_name(context.secure), path="/", secure=context.secure, httponly=True, samesite="strict"
        )
    return answer


def ask(
    request: Request,
    *,
    wrong: str = "",
    message: str = "",
    status: int = 200,
    name: str = "",
    next_page: str = "/",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the sign-in page with an error in `wrong`, or a plain message."""
    authenticator = request_context(request.scope).authenticator
    note = wrong_note(wrong)
    note += f'<p class="note" role="status">{escape(message)}</p>' if message else ""
    ways = []
    if not authenticator.settings.oidc_issuer or authenticator.users.any_has_password():
        ways.append(_with_password(name, next_page))
    if authenticator.settings.oidc_issuer:
        ways.append(provider_link(authenticator.settings.oidc_issuer, PROVIDER, local(next_page)))
    return page(request, "Sign in to MXM", note + '<p class="or">or</p>'.join(ways), status, headers)


def _with_password(name: str, next_page: str) -> str:
    return template("sign_in_password.html").substitute(
        next=escape(local(next_page)),
        name=escape(name),
        focus_name="" if name else "autofocus",
        focus_password="autofocus" if name else "",
    )


def provider_link(issuer: str, path: str, next_page: str) -> str:
    """Return the link to the sign-in provider by `path`; afterwards comes `next_page`."""
    start = escape(f"{path}?{urlencode({'next': next_page})}")
    return f'<a class="provider" href="{start}">Sign in with {escape(urlsplit(issuer).hostname or issuer)}</a>'


def wrong_note(wrong: str) -> str:
    """Return the HTML of an error, blank without one."""
    return f'<p class="wrong" role="alert">{escape(wrong)}</p>' if wrong else ""


async def _sign_in(request: Request) -> Response:
    context = request_context(request.scope)
    next_page = request.query_params.get("next", "/")
    posted = request.method == "POST"  # in a session too: another tab may have signed another user in meanwhile
    if not context.authenticator.sign_in_required() or (context.session and not posted):
        return redirect_to(local(next_page))
    if not posted:
        message = SIGNED_OUT if "out" in request.query_params else ENDED if context.ended else ""
        return ask(request, message=message, next_page=next_page)
    form = await form_of(request)
    name, password, next_page = (form.get(field, "") for field in ("name", "password", "next"))
    if not name.strip() or not password:
        return ask(request, wrong="Type your name and your password.", status=400, name=name, next_page=next_page)
    try:
        limiter = _threads(context.authenticator.password_queue(context.client.address))
        if limiter.statistics().tasks_waiting >= _MOST_WAITING:
            raise QueueFull
        session_id = await anyio.to_thread.run_sync(
            context.authenticator.sign_in_with_password,
            name,
            password,
            context.client,
            context.session,
            limiter=limiter,
        )
    except StepsLeft as error:
        return _begin_steps(request, error.pending_id, next_page)
    except SignInRefused as error:
        return ask(request, wrong=str(error), status=401, name=name, next_page=next_page)
    except TooManyAttempts as error:
        again = {"Retry-After": str(error.seconds)}
        return ask(request, wrong=str(error), status=429, name=name, next_page=next_page, headers=again)
    except QueueFull as error:
        again = {"Retry-After": str(error.seconds)}
        return ask(request, wrong=str(error), status=503, name=name, next_page=next_page, headers=again)
    except StoreUnavailable as error:
        return ask(request, wrong=str(error), status=503, name=name, next_page=next_page)
    return start_session(request, session_id, next_page)


def _begin_steps(request: Request, pending_id: str, next_page: str) -> Response:
    """Set the cookie of a pending sign-in, and redirect to its next step."""
    context, answer = request_context(request.scope), _to_step(next_page)
    answer.set_cookie(
        pending_cookie_name(context.secure),
        pending_id,
        max_age=ceil(PENDING_S),
        path="/",
        secure=context.secure,
        httponly=True,
        samesite="strict",
    )
    return answer


async def _step(request: Request) -> Response:
    """Show the next step of the pending sign-in, or take it."""
    context, posted = request_context(request.scope), request.method == "POST"
    pending_id = request.cookies.get(pending_cookie_name(context.secure), "")
    form = await form_of(request) if posted else {}
    next_page = local(form.get("next", "/") if posted else request.query_params.get("next", "/"))
    authenticator, wrong, status, headers = context.authenticator, "", 200, {}
    try:
        if posted:
            try:
                limiter = _threads(authenticator.password_queue(context.client.address))
                session_id = await anyio.to_thread.run_sync(
                    authenticator.take_step,
                    pending_id,
                    form.get("step", ""),
                    form,
                    context.client,
                    context.session,
                    limiter=limiter,
                )
                return start_session(request, session_id, next_page) if session_id else _to_step(next_page)
            except (StepRefused, InvalidPassword) as error:
                wrong, status = str(error), 400
            except (TooManyAttempts, QueueFull) as error:
                wrong, status, headers = str(error), 429, {"Retry-After": str(error.seconds)}
        pending = await anyio.to_thread.run_sync(authenticator.find_pending, pending_id)
    except SignInRefused as error:
        return ask(request, wrong=str(error) if pending_id else "", status=401, next_page=next_page)
    except StoreUnavailable as error:
        return ask(request, wrong=str(error), status=503, next_page=next_page)
    form_to_fill = pending.step.form(pending)
    hidden = {"step": pending.step.name, "next": next_page}
    return form_page(request, form_to_fill, STEP, hidden, wrong=wrong, status=status, headers=headers)


def _to_step(next_page: str) -> Response:
    next_page = local(next_page)
    return redirect_to(STEP + ("" if next_page == "/" else "?" + urlencode({"next": next_page})))


def form_page(
    request: Request, form: StepForm, action: str, hidden: Mapping[str, str], *, wrong: str = "", status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:  # fmt: skip
    """Return a page with one form, which is sent to `action` with the `hidden` fields."""
    fields = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in hidden.items())
    body = f'{wrong_note(wrong)}<form method="post" action="{action}">{fields}{form.fields}</form>'
    return page(request, form.title, body, status, headers)


def page(
    request: Request, title: str, body: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a page in the style of the sign-in page; `body` is HTML."""
    sandbox = request_context(request.scope).authenticator.sandbox
    badge = '<span class="badge">SANDBOX</span>' if sandbox else ""
    of_tab = title if "MXM" in title else f"{title} · MXM"
    text = template("page.html").substitute(badge=badge, tab=escape(of_tab), title=escape(title), body=body)
    return HTMLResponse(text, status, {"Cache-Control": "no-store", **(headers or {})})


def unavailable(request: Request, error: StoreUnavailable) -> Response:
    """Return a page that says why the store cannot be used."""
    return page(request, "Not available", wrong_note(str(error)), 503)


async def _store_unavailable(request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreUnavailable)  # noqa: S101 - it is registered for this error alone
    return unavailable(request, error)


@lru_cache(maxsize=8)  # the lanes of one server; tests have several, one after another
def _threads(lane: PasswordQueue) -> anyio.CapacityLimiter:
    return anyio.CapacityLimiter(1 + lane.places + _ASKING)


async def _sign_out(request: Request) -> Response:
    context = request_context(request.scope)
    if context.session is None:
        return redirect_to(SIGN_IN)
    if request.method != "POST":
        return page(request, "Sign out", template("sign_out.html").substitute(name=escape(context.session.name)))
    authenticator, everywhere = context.authenticator, request.url.path != SIGN_OUT
    leave = authenticator.sign_out_everywhere if everywhere else authenticator.sign_out
    await anyio.to_thread.run_sync(leave, context.session, context.client.address)
    answer = redirect_to(f"{SIGN_IN}?out")
    answer.headers["Clear-Site-Data"] = CLEARED
    for name in {cookie_name(context.secure), *request.cookies}:
        if _OUR_COOKIE.fullmatch(name):
            answer.delete_cookie(name, path="/", secure=context.secure, httponly=True, samesite="lax")
    return answer


def _style(_request: Request) -> Response:
    return _asset(ASSETS / "style.css", "text/css; charset=utf-8")


def _watch(_request: Request) -> Response:
    return _asset(ASSETS / "watch.js", "text/javascript; charset=utf-8")


def _icon(_request: Request) -> Response:
    return _asset(_ICON, "image/svg+xml")


def build(more: Sequence[BaseRoute] = ()) -> Starlette:
    """Build the application of these pages.

    `more` are the routes of other ways to sign in.
    """
    return Starlette(
        routes=[
            Route(SIGN_IN, _sign_in, methods=["GET", "POST"]),
            Route(f"{SIGN_IN}/style.css", _style),
            Route(f"{SIGN_IN}/watch.js", _watch),
            Route(f"{SIGN_IN}/mxm.svg", _icon),
            Route(STEP, _step, methods=["GET", "POST"]),
            Route(SIGN_OUT, _sign_out, methods=["GET", "POST"]),
            Route(f"{SIGN_OUT}/everywhere", _sign_out, methods=["POST"]),
            *more,
        ],
        exception_handlers={StoreUnavailable: _store_unavailable},
    )


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form.

    None of a body that is too large or not a form.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST:
            return {}
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def redirect(next_page: str) -> Response:
    """Redirect to a page of this server that a request named."""
    return redirect_to(local(next_page))


def redirect_to(address: str) -> Response:
    """Redirect to an address that this server made."""
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})


@cache
def _asset(path: Path, kind: str) -> Response:
    return Response(path.read_bytes(), media_type=kind, headers={"Cache-Control": "public, max-age=3600"})
