"""Routes of sign-in with OpenID Connect: to the provider's page, and back from it."""

from collections.abc import Sequence
from contextlib import suppress

from anyio.to_thread import run_sync
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mxlib.auth import account_pages, sign_in_pages
from mxlib.auth.oidc_client import AGAIN_S, STALE, Provider, ProviderIdentity, ProviderUnavailable
from mxlib.auth.passwords import InvalidPassword
from mxlib.auth.permissions import Caller
from mxlib.auth.sign_in import LEEWAY_S, SignInRefused
from mxlib.auth.sign_in_pages import RequestContext, request_context
from mxlib.clock import Clock
from mxlib.core.vocabulary import CallerKind
from mxlib.settings import Settings
from mxlib.store import StoreUnavailable
from mxlib.store.users import UserRecord

#: Cookie with what the return is checked against.
COOKIE = "mxm-oidc"

NOT_AGAIN = "The provider did not ask you to sign in once more: ask its administrator to put auth_time in the ID token."

#: Key of what the return of a confirmation is checked against: the name of the session.
_AGAIN = "again"

#: Seconds that a person may take at the provider's page.
AWAY_S = 600


def ways(settings: Settings, clock: Clock) -> Sequence[BaseRoute]:
    """Return the routes to the provider and back; none without a provider."""
    if not settings.oidc_issuer:
        return []
    oidc, session = OidcRoutes(settings, Provider(settings, clock)), [Middleware(_Session)]
    return [
        Route(sign_in_pages.PROVIDER, oidc.begin, methods=["GET"], middleware=session),
        Route(sign_in_pages.PROVIDER_AGAIN, oidc.begin_again, methods=["GET"], middleware=session),
        Route(sign_in_pages.RETURN, oidc.callback, methods=["GET"], middleware=session),
    ]


class _Session:
    """Starlette's session, for its three routes alone: Streamlit has its own in the same place.

    Its cookie is signed with a key that is the same after a restart, so a person who is at the provider meanwhile can
    still sign in.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = request_context(scope)
        session = SessionMiddleware(
            self._app,
            context.authenticator.key,
            session_cookie=COOKIE,
            path=sign_in_pages.PROVIDER,
            max_age=AWAY_S,
            same_site="lax",
            https_only=context.secure,
        )
        await session(scope, receive, send)


class OidcRoutes:
    """The routes of a visit to the provider."""

    def __init__(self, settings: Settings, provider: Provider) -> None:
        self._settings, self._provider = settings, provider

    async def begin(self, request: Request) -> Response:
        """Send the browser to the provider; `?next=` is the page to show afterwards."""
        context, next_page = request_context(request.scope), sign_in_pages.local(request.query_params.get("next", "/"))
        if context.session:
            return RedirectResponse(next_page, 303, {"Cache-Control": "no-store"})
        try:
            answer = await self._provider.authorization_redirect(request, self._back_to(request, context))
        except SignInRefused as error:
            return _refused(request, error, next_page)
        request.session["next"] = next_page
        request.session.pop(_AGAIN, None)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    async def begin_again(self, request: Request) -> Response:
        """Send a session's user to the provider, to confirm who they are."""
        context, next_page = request_context(request.scope), sign_in_pages.local(request.query_params.get("next", "/"))
        if context.session is None:
            return RedirectResponse(sign_in_pages.SIGN_IN, 303, {"Cache-Control": "no-store"})
        try:
            answer = await self._provider.authorization_redirect(request, self._back_to(request, context), again=True)
        except SignInRefused as error:
            return account_pages.refuse_confirmation(request, str(error), next_page)
        request.session.update({"next": next_page, _AGAIN: context.session.known_as})
        answer.headers["Cache-Control"] = "no-store"
        return answer

    async def callback(self, request: Request) -> Response:
        """Sign in the person whom the provider identifies, if they are known here.

        The state of a sign-in is good for one return.
        """
        next_page = str(request.session.get("next", "/"))
        begun_here = await self._provider.expects(request)
        again = str(request.session.get(_AGAIN, "")) if begun_here else ""
        try:
            identity = await self._provider.identify(request)
            if again:
                await run_sync(self._confirm, identity, request_context(request.scope), again)
                return sign_in_pages.redirect(next_page)
            session_id = await run_sync(self._let_in, identity, request_context(request.scope))
        except (SignInRefused, StoreUnavailable) as error:
            if again:
                return account_pages.refuse_confirmation(request, str(error), next_page)
            return _refused(request, error, next_page)
        finally:
            if begun_here:
                request.session.clear()
        return sign_in_pages.start_session(request, session_id, next_page)

    def _confirm(self, identity: ProviderIdentity, context: RequestContext, again: str) -> None:
        """Accept a fresh sign-in at the provider, which confirms who a user is."""
        authenticator, session = context.authenticator, context.session
        if session is None or session.known_as != again:
            raise SignInRefused(STALE)
        user = authenticator.users.of_subject(identity.subject)
        if user is None or user.id != session.user:
            raise SignInRefused(f"At the provider you are not {session.name}. Sign in there as that person.")
        at = authenticator.moment_at_provider(identity.signed_in_at)
        if at is None or authenticator.clock.now() - at > AGAIN_S + LEEWAY_S:
            raise SignInRefused(NOT_AGAIN)
        authenticator.prove(session, context.client.address, "at the provider", at=at)

    def _let_in(self, identity: ProviderIdentity, context: RequestContext) -> str:
        return context.authenticator.sign_in_with_provider(
            self._known(identity, context), context.client, context.session, signed_in_at=identity.signed_in_at
        )

    def _known(self, identity: ProviderIdentity, context: RequestContext) -> UserRecord:
        """Return the user with that identity.

        The provider account is theirs from the first time on.
        """
        authenticator, email = context.authenticator, identity.email
        user = authenticator.users.find(email)
        if user is None and email in self._settings.admins_of_provider:
            listed = Caller("MXM_OIDC_ADMINS", admin=True, kind=CallerKind.ENGINE, address=context.client.address)
            with suppress(
                InvalidPassword
            ):  # added meanwhile by a second tab; or no valid user name, so the user stays unknown
                authenticator.users.add(listed, email, admin=True)
            user = authenticator.users.find(email)
        if user is None:
            authenticator.refused(email, context.client, "unknown address")
            raise SignInRefused(f"{email} is not known here: ask an admin of this MXM to add you on Team and API.")
        if user.disabled_at is None:  # else the authenticator refuses, and nothing changes
            try:
                authenticator.users.link(user.id, identity.subject, context.client.address)
            except InvalidPassword:
                authenticator.refused(email, context.client, "another account at the provider")
                holder = authenticator.users.of_subject(identity.subject)
                owner = (
                    f"your account at the provider is {holder.name}'s" if holder else f"{email} is another account's"
                )
                raise SignInRefused(
                    f"In this MXM {owner}: ask an admin to press Forget provider account on Team and API."
                ) from None
        return user

    def _back_to(self, request: Request, context: RequestContext) -> str:
        """Return the redirect URI; the middleware passed only requests addressed to this server."""
        here = f"{'https' if context.secure else 'http'}://{request.url.netloc}"
        return (self._settings.public_url.rstrip("/") or here) + sign_in_pages.RETURN


def _refused(request: Request, error: Exception, next_page: str) -> Response:
    status = 503 if isinstance(error, ProviderUnavailable | StoreUnavailable) else 403
    return sign_in_pages.ask(request, wrong=str(error), next_page=next_page, status=status)
