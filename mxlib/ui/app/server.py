"""Routes, lifespan and middleware for Streamlit's server, as app.py needs them."""

import asyncio
import gc
import logging
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio.to_thread
import pyarrow as pa
import streamlit as st
import uvicorn
import uvicorn.config
from google.protobuf.message import DecodeError
from pydantic import ValidationError
from starlette.middleware import Middleware
from streamlit.proto.BackMsg_pb2 import BackMsg
from uvicorn.protocols.http.h11_impl import H11Protocol

from mxlib import services, web
from mxlib.auth import request_checks
from mxlib.auth.middleware import AccessMiddleware
from mxlib.auth.startup_checks import check_exposure, ensure_first_admin
from mxlib.auth.tab_limit import TabLimit
from mxlib.clock import SystemClock, show_times_of
from mxlib.settings import Settings, SettingsError
from mxlib.ui.app import log_json, log_masks, lost_fragments, tab_sessions, tabs, uploads
from mxlib.ui.app.file_limits import OutOfFiles
from mxlib.ui.app.log_limits import RepeatLimit
from mxlib.web import portal
from mxlib.web.stopping import StoppingServer

#: Seconds for what the browser still receives after the server has drained, and for what then still works.
_CLOSE_WITHIN_S, _CLOSE_SERVICES_WITHIN_S = 4, 1.0

#: Bytes of a page's message besides pasted rows, whose characters take two bytes at most on average.
_AROUND = 4 * 2**20


log = logging.getLogger(__name__)


def _settings() -> Settings:
    """Return the settings; print a sentence and exit with status 2 when they cannot work."""
    try:
        settings = Settings()
        if settings.zone_is_set:
            show_times_of(settings.timezone)
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        way_in = ensure_first_admin(settings, SystemClock())
        check_exposure(settings, st.get_option("server.address"), way_in=way_in)
    except (SettingsError, services.StoreUnavailable) as error:
        why = str(error)
    except ValidationError as error:
        why = " ".join(f"{problem['loc'][0]}: {problem['msg']}." for problem in error.errors())
    except OSError as error:
        why = f"MXM_DATA_DIR: {error.filename} cannot be made ({error.strerror})."
    else:
        return settings
    why = f"MXM does not start: {why}"
    why = log_json.line(why, logging.CRITICAL) if log_json.is_wanted() else why
    print(why, file=sys.stderr)  # noqa: T201 - the terminal is where it is read
    raise SystemExit(2)


def _hear_the_true_peer() -> None:
    """Keep uvicorn from accepting X-Forwarded-* from any local program; the middleware knows the trusted proxies.

    Streamlit has no setting for it, and builds uvicorn's configuration before it imports this module; the wrapping
    comes after.
    """
    vars(uvicorn.config)["ProxyHeadersMiddleware"] = lambda app, trusted_hosts: app


def _answer_at_once() -> None:
    """Set TCP_NODELAY where the server listens; the sockets that it accepts inherit it.

    asyncio sets it only on sockets that name TCP as their protocol, and Streamlit's does not: each answer on a kept
    connection would wait 40 ms for the acknowledgement of the one before.
    """
    start = uvicorn.Server.startup

    async def startup(server: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
        for listening in sockets or ():
            if listening.family in (socket.AF_INET, socket.AF_INET6):
                listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await start(server, sockets)

    uvicorn.Server.startup = startup  # type: ignore[assignment,method-assign]


def _bound_messages(most: int) -> None:
    """Take no message of `most` bytes or more from an open page: what is typed there stays in memory with its tab.

    Streamlit has one setting for both ways, and what goes to a page may be larger.
    """
    start = uvicorn.Server.startup

    async def startup(server: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
        server.config.ws_max_size = min(server.config.ws_max_size, most)
        await start(server, sockets)

    uvicorn.Server.startup = startup  # type: ignore[assignment,method-assign]


async def _drain(app: services.Services) -> None:
    try:
        await anyio.to_thread.run_sync(app.drain)
    except Exception:
        log.exception("The server stops without waiting for what is in flight")


def _drain_before_closing() -> None:
    """Let what is in flight end before the server closes its connections.

    It still answers meanwhile: `/ready` turns away a proxy at once, and a person who waits for a change sees how it
    ended. uvicorn itself would refuse connections first, and wait for open ones for ever. A second Ctrl+C ends it at
    once.
    """
    stop = uvicorn.Server.shutdown

    async def shutdown(server: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
        server.config.timeout_graceful_shutdown = _CLOSE_WITHIN_S
        if (app := services.opened()) is not None:
            draining = asyncio.create_task(_drain(app))
            while not server.force_exit and not draining.done():
                await asyncio.wait({draining}, timeout=0.1)
        if server.force_exit:
            services.leave_requests_behind()
        await stop(server, sockets)

    uvicorn.Server.shutdown = shutdown  # type: ignore[assignment,method-assign]


def _upgrade_no_bodies() -> None:
    """Treat a request with a body as an ordinary one, whatever upgrade it requests.

    Handed over as a websocket, it would get no response, and hold its connection for ever.
    """
    wants = H11Protocol._should_upgrade

    def should_upgrade(protocol: H11Protocol) -> bool:
        bodies = {b"content-length", b"transfer-encoding"}
        return bodies.isdisjoint(name for name, _ in protocol.headers) and wants(protocol)

    H11Protocol._should_upgrade = should_upgrade  # type: ignore[assignment,method-assign]


def _is_user_activity(message: bytes) -> bool:
    """Return whether a websocket message comes from user activity rather than an automatic rerun."""
    try:
        parsed = BackMsg.FromString(message)
    except DecodeError:
        return False
    return parsed.HasField("rerun_script") and not parsed.rerun_script.is_auto_rerun


def _count_repeated_lines() -> None:
    """Keep what strangers can cause as often as they like from filling the log."""
    limit = RepeatLimit()
    for name in ("uvicorn.error", request_checks.__name__):
        logging.getLogger(name).addFilter(limit)


_hear_the_true_peer()
_answer_at_once()
_drain_before_closing()
_upgrade_no_bodies()
_count_repeated_lines()
log_masks.install()
if log_json.is_wanted():
    log_json.install()
lost_fragments.install()
settings = _settings()
_bound_messages(2 * settings.max_file_mb * 2**20 + _AROUND)
routes = list(web.routes)
middleware = [
    Middleware(
        AccessMiddleware,
        settings=settings,
        authenticator=lambda: services.current().authenticator,
        is_user_activity=_is_user_activity,
        redraw=tabs.redraw,
        upload_store=uploads.StreamlitUploads(),
        portal=portal.app,
    ),
    Middleware(StoppingServer),
    Middleware(TabLimit),
]


def _spare_the_collector() -> None:
    """Take what is there by now out of every later collection: a whole one would hold the interpreter for 0.1 s."""
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
    """Open the services before the first request; close them when the server has drained."""
    # A computing thread releases the interpreter after this many seconds; a response needs it about ten times.
    sys.setswitchinterval(0.001)
    # Arrow's own pool keeps what a long preview once took; the system's gives it back: some 40 MB after 10,000 rows.
    pa.set_memory_pool(pa.system_memory_pool())
    out_of_files = OutOfFiles()
    out_of_files.install(asyncio.get_running_loop())
    out_of_files.watch_logs()
    await anyio.to_thread.run_sync(services.open_services, settings, st.get_option("server.port"))
    _spare_the_collector()
    sweeping = asyncio.create_task(tab_sessions.sweep_for_ever())
    try:
        yield {}
    finally:
        sweeping.cancel()
        if not await anyio.to_thread.run_sync(services.close_services, _CLOSE_SERVICES_WITHIN_S):
            services.leave_requests_behind()
