"""Pages for users with a session: their second factor, and confirming who they are."""

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlencode

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from mxlib.auth.page_templates import template
from mxlib.auth.password_queue import QueueFull
from mxlib.auth.second_factor import CODES
from mxlib.auth.second_factor_steps import ENROLLED, enrollment_form, recovery_codes
from mxlib.auth.sessions import Session
from mxlib.auth.sign_in import Authenticator, SignInRefused
from mxlib.auth.sign_in_pages import (
    CONFIRM,
    CONFIRMED,
    PROVIDER_AGAIN,
    RECOVERY_CODES,
    SECOND_FACTOR,
    form_of,
    form_page,
    local,
    page,
    pending_cookie_name,
    provider_link,
    redirect,
    redirect_to,
    request_context,
    to_sign_in,
    wrong_note,
)
from mxlib.auth.sign_in_steps import StepForm, StepRefused
from mxlib.auth.throttle import TooManyAttempts
from mxlib.core.vocabulary import SecondFactorMode
from mxlib.store.users import UserRecord

_REPLACE = "The app that you set up here replaces the one that you have, and you get new recovery codes."
_CHOOSE = "With a second factor, a stolen password is not enough to sign in."
_NEW_CODES = "These are your new recovery codes. The former ones no longer work."
_REPLACES_CODES = "They replace the ones that you have."
_SIGN_IN_OFF = "Sign-in is off on this server, so there is no account of yours. Add a user on Team and API first."
_NOT_FOR_YOU = (
    "There is nothing to set up: second factors are off here, or yours is that of the provider where you sign in."
)


def routes() -> Sequence[BaseRoute]:
    """Return the routes of these pages."""
    return [
        Route(SECOND_FACTOR, _second_factor, methods=["GET", "POST"]),
        Route(RECOVERY_CODES, _new_codes, methods=["GET", "POST"]),
        Route(f"{RECOVERY_CODES}.txt", _codes_as_text, methods=["POST"]),
        Route(CONFIRM, _confirm, methods=["GET", "POST"]),
        Route(CONFIRMED, _confirmed),
    ]


def confirm_address(next_page: str, back: str = "") -> str:
    """Return the address of the confirmation, which then leads to `next_page`.

    With `back`, `next_page` is a file to download, and `back` the page to return to.
    """
    asked = {"next": next_page} | ({"back": back} if back else {})
    return f"{CONFIRM}?{urlencode(asked)}"


async def _second_factor(request: Request) -> Response:
    """Set up a second factor, or replace it."""
    context = request_context(request.scope)
    session, authenticator = context.session, context.authenticator
    if session is None:
        return _without_session(request)
    if not authenticator.sessions.is_recent(session):
        return redirect_to_confirm(SECOND_FACTOR)
    factors, user = authenticator.second_factors, await run_sync(_user, authenticator, session)
    if user is None:
        return page(request, "Second factor", f"<p>{escape(_NOT_FOR_YOU)}</p>{_home()}", 404)
    wrong = ""
    if request.method == "POST":
        given = await form_of(request)
        try:
            made = await run_sync(factors.enroll, user, session.digest, given.get("code", ""), context.client.address)
        except StepRefused as error:
            wrong = str(error)
        else:
            return _show_codes(request, made, ENROLLED)
    enrollment, state = await run_sync(factors.enrollment, user, session.digest), await run_sync(factors.state, user)
    form = enrollment_form(enrollment, _REPLACE if state else _CHOOSE)
    form = StepForm(form.title, form.fields + _home())
    return form_page(request, form, SECOND_FACTOR, {}, wrong=wrong, status=400 if wrong else 200)


async def _new_codes(request: Request) -> Response:
    """Make new recovery codes and show them once."""
    context = request_context(request.scope)
    session, authenticator = context.session, context.authenticator
    if session is None:
        return _without_session(request)
    if not authenticator.sessions.is_recent(session):
        return redirect_to_confirm(RECOVERY_CODES)
    if request.method != "POST":
        form = StepForm(
            "New recovery codes", f"<p>{_REPLACES_CODES}</p><button>Make new recovery codes</button>{_home()}"
        )
        return form_page(request, form, RECOVERY_CODES, {})
    user = await run_sync(_user, authenticator, session)
    try:
        if user is None:
            raise StepRefused(_NOT_FOR_YOU)
        made = await run_sync(authenticator.second_factors.new_recovery_codes, user, context.client.address)
    except StepRefused as error:
        return page(request, "Recovery codes", f"<p>{escape(str(error))}</p>{_home()}", 404)
    return _show_codes(request, made, _NEW_CODES)


def _show_codes(request: Request, codes: Sequence[str], done: str) -> Response:
    """Return the page that shows new recovery codes."""
    form = StepForm("Recovery codes", recovery_codes(codes, done) + _home())
    return form_page(request, form, f"{RECOVERY_CODES}.txt", {})


async def _codes_as_text(request: Request) -> Response:
    """Return the recovery codes that the page sends along as a text file."""
    context = request_context(request.scope)
    user = await run_sync(_someone, request)
    codes = (await form_of(request)).get("codes", "").split()[:CODES]
    factors = context.authenticator.second_factors
    if user is None or not await run_sync(factors.are_recovery_codes, user, codes):
        return page(
            request,
            "Recovery codes",
            f"<p>These are not your recovery codes any longer. Make new ones on Team and API.</p>{_home()}",
            403,
        )
    text = "\r\n".join((f"MXM recovery codes of {user.name}", "Each signs you in once.", "", *codes, ""))
    disposition = 'attachment; filename="mxm-recovery-codes.txt"'
    return Response(
        text, media_type="text/plain", headers={"Cache-Control": "no-store", "Content-Disposition": disposition}
    )


async def _confirm(request: Request) -> Response:
    """Ask for the password, and a code, or lead to the provider."""
    context, posted = request_context(request.scope), request.method == "POST"
    session, authenticator = context.session, context.authenticator
    given: Mapping[str, str] = await form_of(request) if posted else request.query_params
    next_page, back = local(given.get("next", "/")), local(given.get("back", "/")) if given.get("back") else ""
    if session is None:
        return _without_session(request)
    if authenticator.sessions.is_recent(session):
        return redirect(_after(next_page, back))
    wrong, status, headers = "", 200, {}
    if posted:
        password, code = given.get("password", ""), given.get("code", "")
        try:
            await run_sync(authenticator.confirm, session, password, code, context.client.address)
            return redirect(_after(next_page, back))
        except (SignInRefused, StepRefused) as error:
            wrong, status = str(error), 401
        except (TooManyAttempts, QueueFull) as error:
            wrong, status, headers = str(error), 429, {"Retry-After": str(error.seconds)}
    if await run_sync(authenticator.confirms_at_provider, session):
        return _at_provider(request, authenticator, next_page, back, wrong)
    code_field = template("confirm_code.html").substitute()
    fields = template("confirm.html").substitute(
        name=escape(session.name), code=code_field if await run_sync(authenticator.asks_for_code, session) else ""
    )
    hidden = {"next": next_page, "back": back}
    return form_page(
        request,
        StepForm("Confirm who you are", fields + _home(back)),
        CONFIRM,
        hidden,
        wrong=wrong,
        status=status,
        headers=headers,
    )


def refuse_confirmation(request: Request, wrong: str, next_page: str) -> Response:
    """Return the page that leads to the provider once more, with the reason."""
    return _at_provider(request, request_context(request.scope).authenticator, next_page, "", wrong)


def _at_provider(request: Request, authenticator: Authenticator, next_page: str, back: str, wrong: str) -> Response:
    link = provider_link(authenticator.settings.oidc_issuer, PROVIDER_AGAIN, _after(next_page, back))
    why = "<p>This needs a sign-in at the provider within the last 15 minutes. Sign in there once more to continue.</p>"
    return page(request, "Confirm who you are", f"{wrong_note(wrong)}{why}{link}{_home(back)}", 403 if wrong else 200)


async def _confirmed(request: Request) -> Response:
    """Say that the confirmation is done; with a file to download, start that."""
    wanted, back = request.query_params.get("next", ""), local(request.query_params.get("back", "/"))
    if not wanted:
        body = '<p role="status">Close this tab, and go on in the tab that you came from.</p>'
        return page(request, "Confirmed", body)
    file = local(wanted)
    body = (
        f'<p role="status">Your download starts. If it does not, <a href="{escape(file)}">start it here</a>.</p>'
        f'<a class="provider" href="{escape(back)}">Go back</a>'
    )
    return page(request, "Confirmed", body, headers={"Refresh": f"0;url={file}"})


def redirect_to_confirm(next_page: str) -> Response:
    """Redirect to the confirmation, which then leads to `next_page`."""
    return redirect_to(confirm_address(next_page))


def _after(next_page: str, back: str) -> str:
    """Return the page after a confirmation: the one that was asked for, or that which starts a download."""
    return f"{CONFIRMED}?{urlencode({'next': next_page, 'back': back})}" if back else next_page


def _without_session(request: Request) -> Response:
    """Lead to the sign-in, or say that this server has none."""
    if request_context(request.scope).authenticator.sign_in_required():
        return to_sign_in(request.scope)
    return page(request, "No own account", f"<p>{_SIGN_IN_OFF}</p>{_home()}", 404)


def _home(back: str = "") -> str:
    """Return the link to the page `back`, or to the own account."""
    return f'<p class="other"><a href="{escape(back or "/team")}">Back to MXM</a></p>'


def _user(authenticator: Authenticator, session: Session) -> UserRecord | None:
    """Return the user of a session, if a second factor is for them."""
    user = authenticator.users.find(session.name)
    off = authenticator.second_factors.mode is SecondFactorMode.OFF
    return user if user and user.has_password and not off else None


def _someone(request: Request) -> UserRecord | None:
    """Return the user of the session or of the pending sign-in."""
    context = request_context(request.scope)
    if context.session is not None:
        return context.authenticator.users.find(context.session.name)
    try:
        pending_id = request.cookies.get(pending_cookie_name(context.secure), "")
        return context.authenticator.find_pending(pending_id).user
    except SignInRefused:
        return None
