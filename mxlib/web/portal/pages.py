"""The public pages: set a password, reset one, settings of mail programs, give a recovery email."""

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from math import ceil
from typing import Any, TypeVar, assert_never
from urllib.parse import urlencode

import anyio
import anyio.to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from mxlib.auth.portal_guard import PortalClient, PortalRefusal
from mxlib.auth.portal_throttle import PortalTry
from mxlib.auth.sign_in_pages import form_of
from mxlib.auth.throttle import TooManyAttempts
from mxlib.core import accept_language, addresses, apple_profile, client_setup
from mxlib.core.links import LinkPurpose, OpenedLink, PageState, RecoveryProblem, SetResult
from mxlib.core.password_rules import MIN_LENGTH, OF_PASSWORD, PasswordProblem
from mxlib.core.text import portal as texts
from mxlib.core.text.portal.words import Words
from mxlib.services import StoreUnavailable
from mxlib.web.portal.look import Look, asset
from mxlib.web.portal.portal_services import PortalServices, Sender

log = logging.getLogger(__name__)

T = TypeVar("T")

SETTINGS, PROFILE, RESET = "/mail-settings", "/mail-settings/profile.mobileconfig", "/reset"
PASSWORD, RECOVERY = "/password/", "/recovery/"

#: Tokens as they are made: 32 bytes in URL-safe base64. Nothing else is looked up.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")

#: Signs that mail programs take for part of a link at the end of a sentence.
_AFTER_LINK = ".,;:!?)>]\"'"

#: Characters of the longest address.
_MAX_ADDRESS = 254

#: Threads for pages, those for forms, which may wait for MXroute, and requests that wait for one of either.
_READING, _SENDING, _MOST_WAITING = 4, 12, 60

#: Seconds after which to come back when no thread is free.
_FULL_S = 10.0


class _Full(Exception):
    """More requests wait than can be answered soon."""


class PortalPages:
    """Answers requests that passed the guard."""

    def __init__(self, services: Callable[[], PortalServices]) -> None:
        """Create it; `services` is called at each request, since they open after the pages."""
        self._find_services = services
        #: The sender of all clients, for the pages of requests that the guard refused.
        self._sender = Sender()
        self._reading, self._sending = anyio.CapacityLimiter(_READING), anyio.CapacityLimiter(_SENDING)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever fails shows a page that says nothing of it."""
        request = Request(scope, receive)
        answer = asset(scope["path"])
        if answer is None:
            answer = await self._answer_safely(request)
        await answer(scope, receive, send)

    def refused(self, scope: Scope, reason: PortalRefusal) -> Response:
        """Return the page of a request that the guard refused."""
        look = self._look(Request(scope))
        words = look.words
        match reason:
            case PortalRefusal.NOT_FOUND:
                return _not_found(look)
            case PortalRefusal.FOREIGN:
                return look.message(words.foreign_title, words.foreign, status=reason.status)
            case _:
                answer = look.message(words.refused_title, words.refused, status=reason.status)
                answer.headers["Connection"] = "close"  # the rest of a body would be read as the next request
                return answer

    async def _answer_safely(self, request: Request) -> Response:
        look = self._look(request)
        words = look.words
        try:
            return await self._answer(request)
        except TooManyAttempts as error:
            text = words.too_many.format(seconds=error.seconds)
            return look.message(words.too_many_title, text, status=429, wait=error.seconds)
        except _Full:
            text = words.busy.format(seconds=int(_FULL_S))
            return look.message(words.busy_title, text, status=503, wait=_FULL_S)
        except ClientDisconnect:
            raise
        except StoreUnavailable:
            return look.message(words.failed_title, words.failed, status=503)
        except Exception:
            log.exception("A public page failed.")
            return look.message(words.failed_title, words.failed, status=500)

    async def _answer(self, request: Request) -> Response:
        path = request.scope["path"]
        if path == SETTINGS and request.method != "POST":
            return await self._settings(request)
        if path == PROFILE and request.method != "POST":
            return await self._profile(request)
        if path == RESET:
            return await self._reset(request)
        for place, show in ((PASSWORD, self._password), (RECOVERY, self._recovery)):
            if path.startswith(place):
                return await show(request, path.removeprefix(place).rstrip(_AFTER_LINK))
        return _not_found(await self._full_look(request))

    # What goes with every page.

    def _look(self, request: Request, sender: Sender | None = None, language: str = "") -> Look:
        sender = sender or self._sender
        chosen = accept_language.choose(request.headers.get("accept-language", ""), language or sender.language)
        return Look(texts.WORDS[chosen], sender, self._find_services().sandbox)

    async def _full_look(self, request: Request, link: OpenedLink | None = None) -> Look:
        """Return the look of a page with its sender: that of a link, or of all clients."""
        if link is not None and link.state is not PageState.UNKNOWN:
            return self._look(request, Sender(link.agency, link.help), link.language)
        self._sender = await self._read(self._find_services().sender)
        return self._look(request, self._sender)

    async def _read(self, work: Callable[..., T], *arguments: Any) -> T:
        return await _in_thread(self._reading, work, *arguments)

    async def _send(self, work: Callable[..., T], *arguments: Any) -> T:
        return await _in_thread(self._sending, work, *arguments)

    async def _open(self, request: Request, token: str) -> OpenedLink:
        """Return the link of a token; unknown ones are counted."""
        services, client = self._find_services(), _client(request)

        def find() -> OpenedLink:
            services.throttle.ask(PortalTry.UNKNOWN_LINK, client.network)
            found = OpenedLink(PageState.UNKNOWN)
            if _TOKEN.fullmatch(token):
                found = services.links.open(token, opened=request.method == "GET")
            if found.state is PageState.UNKNOWN:
                services.throttle.count(PortalTry.UNKNOWN_LINK, client.network)
            return found

        return await self._read(find)

    # Setting a password.

    async def _password(self, request: Request, token: str) -> Response:
        link = await self._open(request, token)
        look = await self._full_look(request, link)
        if not link.purpose.sets_password:
            return await self._dead(look, OpenedLink(PageState.UNKNOWN))
        if link.state is PageState.SPENT:
            return self._settings_page(look, link.address, link.server, done=True)
        if link.state is not PageState.LIVING:
            return await self._dead(look, link)
        if request.method != "POST":
            return self._form(look, link)
        fields, client, services = await form_of(request), _client(request), self._find_services()

        def set_password() -> SetResult:
            services.throttle.ask(PortalTry.REFUSED_FORM, client.network)
            result = services.links.set_password(
                token,
                fields.get("password", ""),
                fields.get("password_again", ""),
                address=client.address,
                network=client.network,
            )
            if not result.done:
                services.throttle.count(PortalTry.REFUSED_FORM, client.network)
            return result

        result = await self._send(set_password)
        if result.done:
            return _to(f"{PASSWORD}{token}")
        return await self._not_set(look, link, result)

    async def _not_set(self, look: Look, link: OpenedLink, result: SetResult) -> Response:
        """Return the page after a password was not set; it keeps nothing of it."""
        words, problems = look.words, result.problems
        wait = ceil(max(1.0, result.retry_after))
        again = ("", words.password_title)
        if result.state is PageState.SPENT:
            return self._settings_page(look, link.address, link.server, done=True)
        if result.state is not PageState.LIVING:
            return await self._dead(look, replace(link, state=result.state))
        if PasswordProblem.ENDED in problems:
            return await self._dead(look, replace(link, state=PageState.ENDED))
        if PasswordProblem.NOT_ANSWERED in problems:
            settings = (f"{SETTINGS}?{urlencode({'address': link.address})}", words.to_settings)
            return look.message(words.not_answered_title, words.not_answered, status=202, links=(again, settings))
        if PasswordProblem.HOST_DOWN in problems:
            return look.message(words.host_down_title, words.host_down, status=503, wait=wait, links=(again,))
        if PasswordProblem.BUSY in problems:
            text = words.busy.format(seconds=wait)
            return look.message(words.busy_title, text, status=503, wait=wait, links=(again,))
        return self._form(look, link, tuple(each for each in problems if each in OF_PASSWORD), status=400)

    def _form(
        self, look: Look, link: OpenedLink, problems: tuple[PasswordProblem, ...] = (), status: int = 200
    ) -> Response:
        words, now = look.words, self._find_services().clock.now()
        return look.page(
            "password.html",
            words.password_title,
            status,
            address=link.address,
            problems=[words.problem(each) for each in problems],
            differs=PasswordProblem.DIFFERENT in problems,
            until=texts.until(words, link.expires_at, now),
            least=MIN_LENGTH,
        )

    async def _dead(self, look: Look, link: OpenedLink) -> Response:
        """Return the page behind a link that sets nothing now."""
        words = look.words
        offered = await self._read(self._find_services().is_reset_offered)
        reset = ((RESET, words.by_reset),) if offered else ()
        match link.state:
            case PageState.NOT_YET:
                text = words.not_yet.format(day=texts.day(words, link.valid_from))
                return look.message(words.not_yet_title, text)
            case PageState.EXPIRED:
                text = words.expired.format(day=texts.day(words, link.expires_at))
                return look.message(words.expired_title, text, words.new_link, status=410, links=reset)
            case PageState.UNKNOWN:
                return look.message(words.unknown_title, words.unknown, status=404)
            case PageState.ENDED | PageState.SPENT | PageState.LIVING:
                return look.message(words.ended_title, words.ended, words.new_link, status=410, links=reset)
            case _:
                assert_never(link.state)

    # Settings of mail programs.

    async def _settings(self, request: Request) -> Response:
        look = await self._full_look(request)
        address = _address(request.query_params.get("address", ""))
        return self._settings_page(look, address, self._find_services().server)

    def _settings_page(self, look: Look, address: str, server: str, *, done: bool = False) -> Response:
        words = look.words
        return look.page(
            "settings.html",
            words.done_title if done else words.settings_title,
            done=done,
            address=address,
            address_field=not done,
            profile=f"{PROFILE}?{urlencode({'address': address})}",
            server=server,
            services=[(_use(words, each.name), each.port) for each in client_setup.SERVICES],
            security=client_setup.SECURITY,
        )

    async def _profile(self, request: Request) -> Response:
        look = await self._full_look(request)
        address = _address(request.query_params.get("address", ""))
        if not address:
            return _not_found(look)
        content = apple_profile.make(address, self._find_services().server, agency=look.sender.agency)
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="{apple_profile.FILE_NAME}"',
            "X-Robots-Tag": "noindex",
        }
        return Response(content, media_type=apple_profile.MEDIA_TYPE, headers=headers)

    # Resetting a password.

    async def _reset(self, request: Request) -> Response:
        look, services = await self._full_look(request), self._find_services()
        words, settings = look.words, ((SETTINGS, look.words.to_settings),)
        if not await self._read(services.is_reset_offered):
            return look.message(words.reset_title, words.reset_off, links=settings)
        if request.method != "POST":
            return look.page(
                "address.html", words.reset_title, address="", intro=words.reset_intro, label=words.address, hint="",
                button=words.reset_button, problem="", value="", links=settings,
            )  # fmt: skip
        fields = await form_of(request)
        await self._send(services.request_reset, fields.get("address", ""), _client(request).network)
        return look.message(words.reset_done_title, words.reset_done, words.reset_nothing, links=settings)

    # Giving a recovery email.

    async def _recovery(self, request: Request, token: str) -> Response:
        link = await self._open(request, token)
        look = await self._full_look(request, link)
        if link.state is not PageState.UNKNOWN and link.purpose.sets_password:
            return await self._dead(look, OpenedLink(PageState.UNKNOWN))
        if link.state is not PageState.LIVING:
            return await self._dead(look, link)
        if link.purpose is LinkPurpose.CONFIRM_RECOVERY:
            return await self._confirm_recovery(request, look, link, token)
        return await self._give_recovery(request, look, link, token)

    async def _give_recovery(self, request: Request, look: Look, link: OpenedLink, token: str) -> Response:
        words, services, client = look.words, self._find_services(), _client(request)

        def form(problem: str = "", value: str = "", status: int = 200) -> Response:
            return look.page(
                "address.html", words.recovery_title, status, address=link.address, intro=words.recovery_intro,
                label=words.recovery_label, hint=words.recovery_hint, button=words.recovery_button, problem=problem,
                value=value, links=(),
            )  # fmt: skip

        if request.method != "POST":
            return form()
        given = (await form_of(request)).get("address", "").strip()[:_MAX_ADDRESS]

        def give() -> RecoveryProblem | None:
            services.throttle.ask(PortalTry.REFUSED_FORM, client.network)
            services.throttle.count(PortalTry.REFUSED_FORM, client.network)  # each one may send a mail
            return services.recovery.give(token, given)

        problem = await self._send(give)
        if problem is None:
            text = words.recovery_sent.format(recovery=addresses.email(given))
            return look.message(words.recovery_sent_title, text)
        if problem is RecoveryProblem.ENDED:
            return await self._dead(look, replace(link, state=PageState.ENDED))
        if problem is RecoveryProblem.NOT_NOW:
            return look.message(words.failed_title, words.failed, status=503)
        sentences = {
            RecoveryProblem.INVALID: words.recovery_invalid,
            RecoveryProblem.OWN_ADDRESS: words.recovery_own,
            RecoveryProblem.ON_THIS_ACCOUNT: words.recovery_here,
        }
        return form(sentences[problem], given, 400)

    async def _confirm_recovery(self, request: Request, look: Look, link: OpenedLink, token: str) -> Response:
        words, services = look.words, self._find_services()
        recovery = await self._read(services.recovery.email, token)
        values = {"address": link.address, "recovery": recovery}
        if request.method != "POST":
            return look.page(
                "confirm.html",
                words.confirm_title,
                text=words.confirm_intro.format(**values),
                button=words.confirm_button,
            )
        client = _client(request)
        stored = await self._send(lambda: services.recovery.confirm(token, address=client.address))
        if not stored:
            return await self._dead(look, replace(link, state=PageState.ENDED))
        return look.message(words.confirmed_title, words.confirmed.format(**values))


async def _in_thread(limiter: anyio.CapacityLimiter, work: Callable[..., T], *arguments: Any) -> T:
    if limiter.statistics().tasks_waiting >= _MOST_WAITING:
        raise _Full
    return await anyio.to_thread.run_sync(work, *arguments, limiter=limiter)


def _client(request: Request) -> PortalClient:
    found = request.scope["mxm.portal"]
    assert isinstance(found, PortalClient)  # noqa: S101 - the guard put it there
    return found


def _address(given: str) -> str:
    """Return an address that was typed as it is written; blank for anything else."""
    if len(given) > _MAX_ADDRESS:
        return ""
    address = addresses.email(given)
    return address if addresses.is_email(address) else ""


def _use(words: Words, service: str) -> str:
    return {"IMAP": words.imap, "SMTP": words.smtp, "POP3": words.pop3}[service]


def _not_found(look: Look) -> Response:
    words = look.words
    return look.message(words.not_found_title, words.not_found, status=404, links=((SETTINGS, words.to_settings),))


def _to(path: str) -> Response:
    return RedirectResponse(path, 303, {"Cache-Control": "no-store"})
