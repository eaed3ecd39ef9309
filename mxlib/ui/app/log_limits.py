"""Lines of the log that anyone outside can cause: the same one is written a few times a minute, and then counted."""

import logging
import time
from collections.abc import Callable

#: Times that the same line is written in a window of so many seconds.
MOST, WINDOW_S = 3, 60.0

#: Different lines that are counted at once.
_LINES = 200


class RepeatLimit(logging.Filter):
    """A limit of a few repeated log lines a minute. The next line says how many were dropped."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._seen: dict[str, tuple[float, int]] = {}  # since when, and how often, by line

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is written; errors with a traceback always are."""
        if record.exc_info:
            return True
        line, now = str(record.msg), self._monotonic()
        since, times = self._seen.get(line, (now, 0))
        if now - since >= WINDOW_S:
            if times > MOST:
                record.msg = f"{line} ({times - MOST} more like it were left out)"
            since, times = now, 0
        if line not in self._seen and len(self._seen) >= _LINES:
            self._seen.clear()
        self._seen[line] = since, times + 1
        return times < MOST
