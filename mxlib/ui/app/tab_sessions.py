"""Sessions of tabs as Streamlit keeps them: those of closed tabs give back what they hold open."""

import asyncio
import logging
from typing import Any

from streamlit import runtime

#: Seconds between two sweeps.
SWEEP_EVERY = 5.0

_LOGGER = "streamlit.runtime.app_session"


async def sweep_for_ever() -> None:
    """Sweep again and again; runs on the server's own event loop, as Streamlit's sessions do."""
    logging.getLogger(_LOGGER).addFilter(_is_no_replacement)
    while True:
        await asyncio.sleep(SWEEP_EVERY)
        if runtime.exists():
            sweep(runtime.get_instance())


def sweep(running: Any) -> int:
    """Drop abandoned sessions, and close the event loops of waiting ones. Returns how many were closed.

    Each session has an event loop for its scripts: three descriptors, kept for two minutes after its tab was closed,
    and longer while no other tab comes. A session whose tab returns creates a new loop.
    """
    storage = running._session_mgr._session_storage
    storage._cache.expire()
    closed = 0
    for info in storage.list():
        loop = info.session._script_event_loop
        if info.session._scriptrunner is None and not loop.is_running() and not loop.is_closed():
            loop.close()
            closed += 1
    return closed


def _is_no_replacement(record: logging.LogRecord) -> bool:
    """Return whether a log line is about something other than a replaced event loop."""
    return "script event loop is closed" not in str(record.msg)
