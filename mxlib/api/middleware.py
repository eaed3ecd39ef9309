"""Token and body size checks of the API: no route runs before both have passed."""

from collections.abc import Iterator

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mxlib import services
from mxlib.api.responses import INVALID_TOKEN, ApiError, error_response, from_waiting_tokens, internal_error
from mxlib.auth.permissions import NO_IMPORT, Caller, Permission
from mxlib.auth.tokens import InvalidToken, TokensWait
from mxlib.core.text import file_problems
from mxlib.services.confirmed_writes import came_at

#: Digits of a length that any body can have.
_DIGITS = 15

#: Bytes of rows that a caller who may import nowhere can have validated; every row is refused in the end.
_A_LOOK = 30_000

#: Where whole files are sent.
_IMPORTS = frozenset({"/imports", "/email-accounts/import/preview"})


class TokenMiddleware:
    """ASGI middleware that requires a bearer token and refuses a body over the limit."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with what is missing."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            caller = await anyio.to_thread.run_sync(_caller, scope)
            headers = Headers(scope=scope)
            most = services.current().settings.max_file_mb * 1_000_000
            if scope["path"].removeprefix(scope.get("root_path", "")) in _IMPORTS:
                most = await anyio.to_thread.run_sync(
                    _most_of_an_import, caller, most, headers.get("content-length", "")
                )
            body = await _body(headers, receive, most)
        except ApiError as problem:
            await error_response(problem)(scope, receive, send)
            return
        if body is None:
            return  # the sender has disconnected, and half a body is useless
        try:
            came_at.set(services.current().clock.monotonic())
            state = {**scope.get("state", {}), "caller": caller}
            await self.app({**scope, "state": state}, _again(body, receive), send)
        except Exception as error:  # answered already, and raised again for the server's log, which must hold no values
            internal_error(error)


def bearer_token(scope: Scope) -> str:
    """Return the bearer token of a request; blank without one or with several."""
    given = Headers(scope=scope).getlist("authorization")
    kind, _, token = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return token.strip() if kind.lower() == "bearer" else ""


def _caller(scope: Scope) -> Caller:
    """Return the caller of the token; cookies are ignored here."""
    token = bearer_token(scope)
    if not token:
        raise ApiError(
            401, "A token is needed: Authorization: Bearer mxm_…", headers={"WWW-Authenticate": 'Bearer realm="MXM"'}
        )
    current = services.current()
    try:
        return current.tokens.caller(token, current.authenticator.proxies.address(scope))
    except InvalidToken as error:
        raise ApiError(401, str(error), headers=INVALID_TOKEN) from None
    except TokensWait as error:
        raise from_waiting_tokens(error) from None


def _most_of_an_import(caller: Caller, most: int, announced: str) -> int:
    """Return the bytes of a file that the caller may send.

    A caller who may import nowhere gets only a small preview.
    """
    if services.current().lists.may_anywhere(caller, Permission.IMPORT, unread=True):
        return most
    if announced.isdecimal() and int(announced[:_DIGITS]) > _A_LOOK:
        services.current().refusals.permission(caller, NO_IMPORT)
        raise ApiError(403, NO_IMPORT)
    return min(most, _A_LOOK)


async def _body(headers: Headers, receive: Receive, most: int) -> list[Message] | None:
    """Read the body unchanged, at most `most` bytes, without a content encoding.

    A compressed body could have any size inside. None when the sender disconnected before its end.
    """
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise ApiError(415, "Send the body as it is, without Content-Encoding.")
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:_DIGITS]) > most:
        raise ApiError(413, file_problems.too_large(int(announced[:_DIGITS]), most))
    messages, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        messages.append(message)
        size += len(message.get("body", b""))
        if size > most:
            raise ApiError(413, file_problems.too_large(size, most))
        if not message.get("more_body"):
            return messages


def _again(messages: list[Message], receive: Receive) -> Receive:
    """Replay the buffered messages, then continue with `receive`."""
    waiting: Iterator[Message] = iter(messages)

    async def again() -> Message:
        return next(waiting, None) or await receive()

    return again
