"""Report a lack of file descriptors in one line a minute, without thousands of tracebacks."""

import asyncio
import errno
import logging
import socket
import time
from typing import Any

from mxlib.core.text import store_problems
from mxlib.services import OUT_OF_FILES

log = logging.getLogger(__name__)

#: Seconds between two log lines.
SAID_EVERY = 60.0

#: How many errors of a chain of causes are checked.
_DEEPEST = 10


class OutOfFiles(logging.Filter):
    """Report at most once a minute that file descriptors ran out, and drop the tracebacks.

    The event loop meets it for each connection that waits, and a request for each file that it opens.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said_at = float("-inf")

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        """Handle the errors of `loop`."""
        loop.set_exception_handler(self.handle)

    def watch_logs(self) -> None:
        """Filter what every logger that there is by now writes."""
        loggers = [logging.root, *logging.root.manager.loggerDict.values()]
        for logger in loggers:
            for handler in getattr(logger, "handlers", ()):
                handler.addFilter(self)
        if logging.lastResort is not None:
            logging.lastResort.addFilter(self)

    def handle(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Take an error of `loop`; one that is about something else is left to asyncio."""
        if _is_about_room(context.get("exception")):
            self._say()
        elif not _is_about_closed_listener(context):
            loop.default_exception_handler(context)

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line may be logged: it is not about missing descriptors."""
        error = record.exc_info[1] if record.exc_info else None
        if getattr(record, "store_code", "") != OUT_OF_FILES and not _is_about_room(error):
            return True
        self._say()
        return False

    def _say(self) -> None:
        now = time.monotonic()
        if now - self._said_at >= SAID_EVERY:
            self._said_at = now
            log.error(store_problems.OUT_OF_FILES)


def _is_about_closed_listener(context: dict[str, Any]) -> bool:
    """Return whether the loop tried to listen on a socket that is closed by now.

    For every connection that it could not accept it tries so a second later. A server that stops within that second
    would write thousands of tracebacks, and not be done before it is killed.
    """
    given = getattr(context.get("handle"), "_args", None) or ()
    is_closed = any(isinstance(each, socket.socket) and each.fileno() == -1 for each in given)
    return is_closed and isinstance(context.get("exception"), ValueError)


def _is_about_room(error: BaseException | None) -> bool:
    """Return whether the cause of `error`, or `error` itself, is a lack of file descriptors."""
    for _ in range(_DEEPEST):
        if error is None:
            return False
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            return True
        error = error.__cause__ or error.__context__
    return False
