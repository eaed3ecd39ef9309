"""Chat services by Apprise: a closed list, and every request of theirs sent as guarded as our own.

Apprise knows 130 services, each with options of its own: some read files, follow redirects or skip the certificate. So
six plugins are taken by name, addresses have no options, and the plugins get our requests instead of the library that
they import: Apprise writes the message, MXM sends it.
"""

import importlib
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mxlib.core.channels import ChatService
from mxlib.core.outgoing import Answer, SendFailure, SendProblem, failure_of
from mxlib.outgoing.hosts import NotSent
from mxlib.outgoing.request import MAX_URL, Requests

#: The module and the class of each service in Apprise.
_PLUGINS: Mapping[ChatService, tuple[str, str]] = {
    ChatService.SLACK: ("slack", "NotifySlack"),
    ChatService.TEAMS: ("workflows", "NotifyWorkflows"),
    ChatService.DISCORD: ("discord", "NotifyDiscord"),
    ChatService.TELEGRAM: ("telegram", "NotifyTelegram"),
    ChatService.NTFY: ("ntfy", "NotifyNtfy"),
    ChatService.PUSHOVER: ("pushover", "NotifyPushover"),
}

#: Schemas of Apprise's own addresses.
_SCHEMAS: Mapping[str, ChatService] = {
    "slack": ChatService.SLACK,
    "workflow": ChatService.TEAMS,
    "workflows": ChatService.TEAMS,
    "discord": ChatService.DISCORD,
    "tgram": ChatService.TELEGRAM,
    "ntfy": ChatService.NTFY,
    "ntfys": ChatService.NTFY,
    "pover": ChatService.PUSHOVER,
}

#: Hosts of the addresses that the services themselves show, to paste; a leading dot stands for any name before it.
_NATIVE: Mapping[str, ChatService] = {
    "hooks.slack.com": ChatService.SLACK,
    "discord.com": ChatService.DISCORD,
    "discordapp.com": ChatService.DISCORD,
    "ntfy.sh": ChatService.NTFY,
    ".logic.azure.com": ChatService.TEAMS,
    ".api.powerplatform.com": ChatService.TEAMS,
}

#: Options of the addresses that Teams shows; no other address may have any.
_TEAMS_OPTIONS = frozenset({"api-version", "sp", "sv", "sig"})

#: Characters of a title and a text that every service takes.
MAX_TITLE, MAX_TEXT = 200, 1_900


class NotAService(Exception):
    """An address is of no known service, or has options or several recipients.

    Nothing of it is here.
    """


class _Sending(threading.local):
    """The guarded requests of this thread, and the failures that its plugin met."""

    requests: Requests | None = None
    failures: list[SendFailure] = []  # noqa: RUF012 - replaced before each use


_sending = _Sending()


def service_of(url: str) -> ChatService:
    """Return the service of an address; raises NotAService."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").lower()
        options = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True, max_num_fields=20)}
    except ValueError:
        raise NotAService from None
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or parts.fragment:
        raise NotAService
    if parts.scheme == "https":
        found = next((service for name, service in _NATIVE.items() if _is_host(host, name)), None)
    else:
        found = _SCHEMAS.get(parts.scheme)
    if found is None or (options and not (found is ChatService.TEAMS and options <= _TEAMS_OPTIONS)):
        raise NotAService
    return found


def host_of(url: str) -> str:
    """Return the host that an address names; blank for a service with a fixed one."""
    parts = urlsplit(url.strip())
    service = service_of(url)
    if (
        parts.scheme == "https"
        or service is ChatService.TEAMS
        or (service is ChatService.NTFY and parts.path.strip("/"))
    ):
        return (parts.hostname or "").lower()
    return ""


def check(url: str) -> ChatService:
    """Return the service of an address that its plugin can read; raises NotAService."""
    service = service_of(url)
    _plugin(service, url)
    return service


def send(requests: Requests, url: str, title: str, text: str) -> SendFailure | None:
    """Send a message; return what went wrong."""
    try:
        plugin = _plugin(service_of(url), url)
    except NotAService:
        return SendFailure(SendProblem.NOT_AN_ADDRESS)
    with _using(requests) as failures:
        body = text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"
        try:
            arrived = bool(plugin.notify(body=body, title=title[:MAX_TITLE], notify_type="info"))
        except Exception:  # whatever a plugin raises may hold the address
            arrived = False
    if arrived:
        return None
    return failures[-1] if failures else SendFailure(SendProblem.UNREADABLE_ANSWER)


@contextmanager
def _using(requests: Requests) -> Iterator[list[SendFailure]]:
    _sending.requests, _sending.failures = requests, []
    try:
        yield _sending.failures
    finally:
        _sending.requests, _sending.failures = None, []


def _is_host(host: str, name: str) -> bool:
    return host.endswith(name) if name.startswith(".") else host == name


def _plugin(service: ChatService, url: str) -> Any:
    """Return a plugin for an address; raises NotAService where it cannot be read."""
    kind, asset = _loaded(service)
    try:
        url = url.strip()
        found = kind.parse_native_url(url) if url.startswith("https:") else kind.parse_url(url)
        plugin = kind(**{**found, "asset": asset}) if found else None
    except Exception:  # Apprise raises what it likes, with the address in it
        plugin = None
    # Were there several recipients, one that fails would let the others get the message at each further try.
    if plugin is None or len(plugin) > 1:
        raise NotAService
    plugin.throttle = _no_wait  # an answer may ask it to wait for hours, and other deliveries with it
    plugin.include_image = False
    return plugin


def _no_wait(*_arguments: Any, **_more: Any) -> None:
    """Wait for nothing: a delivery that fails is tried again later."""


@cache
def _loaded(service: ChatService) -> tuple[Any, Any]:
    """Return the plugin's class and what all plugins share. Apprise is slow to import, and few servers need it."""
    import requests as library
    from apprise import AppriseAsset
    from apprise.common import PersistentStoreMode

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # what it logs may hold addresses
    module, name = _PLUGINS[service]
    plugin = importlib.import_module(f"apprise.plugins.{module}")
    plugin.requests = SimpleNamespace(  # type: ignore[attr-defined]
        post=lambda url, **more: _send("POST", url, **more),
        get=lambda url, **more: _send("GET", url, **more),
        request=lambda method, url, **more: _send(method, url, **more),
        codes=library.codes, RequestException=library.RequestException,
    )  # fmt: skip
    asset = AppriseAsset(
        app_id="MXM", app_desc="MXM", app_url="", image_url_mask="", image_url_logo="", http_redirects=False,
        storage_mode=PersistentStoreMode.MEMORY, secure_logging=True,
    )  # fmt: skip
    return getattr(plugin, name), asset


def _send(method: str, url: str, **more: Any) -> Any:
    """Send what a plugin wrote, by the guarded requests of this thread."""
    import requests as library

    if _sending.requests is None:
        raise library.RequestException("A plugin sends nothing by itself.")
    kept = {name: more[name] for name in ("data", "json", "headers", "auth", "params") if more.get(name) is not None}
    prepared = library.Request(method, url, **kept).prepare()
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    if body is not None and not isinstance(body, bytes):  # a stream, which no message needs
        raise library.RequestException("A plugin sends no streams.")
    own = {"host", "content-length", "user-agent", "accept-encoding", "connection"}
    headers = {name: str(value) for name, value in prepared.headers.items() if name.lower() not in own}
    try:
        answer = _sending.requests.send(method, prepared.url or "", headers, body)
    except NotSent as error:
        _sending.failures.append(error.failure)
        raise library.RequestException(error.failure.problem.value) from None
    if (failure := failure_of(answer)) is not None:
        _sending.failures.append(failure)
    return _as_response(answer)


def _as_response(answer: Answer) -> Any:
    import requests as library

    response = library.Response()
    response.status_code, response._content, response.encoding = answer.status, answer.body, "utf-8"
    response.headers.update(dict(answer.headers))
    return response
