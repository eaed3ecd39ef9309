"""A server without room for another open file says so in one line a minute, and not in thousands of tracebacks."""

import asyncio
import errno
import logging
import time
from typing import Any

from mxlib.mailboxes import words

log = logging.getLogger(__name__)

#: Seconds between two lines.
SAID_EVERY = 60.0


class OutOfFiles:
    """Handles the errors that a loop meets while it accepts connections; asyncio logs each of them at length."""

    def __init__(self) -> None:
        self._said_at = float("-inf")

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """Handle the errors of `loop`."""
        loop.set_exception_handler(self.handle)

    def handle(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Say of missing room that it is missing, at most once a minute; leave the rest to asyncio."""
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in (errno.EMFILE, errno.ENFILE):
            loop.default_exception_handler(context)
            return
        now = time.monotonic()
        if now - self._said_at >= SAID_EVERY:
            self._said_at = now
            log.error(words.OUT_OF_FILES)
