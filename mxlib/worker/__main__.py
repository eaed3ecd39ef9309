"""The worker process, `python -m mxlib.worker`: run one job after another.

It ends with the server, or after some time without a job. Its requests come from the server and its answers from here:
nobody else can write either. It has no sockets, no database, no settings and no keys.
"""

import os
import pickle
import resource
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from mxlib.worker import frames

#: Seconds without a job after which it ends; the next job starts another one.
_IDLE = 600.0


def main() -> None:
    """Serve jobs from standard input."""
    asked = os.fdopen(os.dup(0), "rb", buffering=0)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # nothing that prints may print into an answer
    os.nice(5)  # pages come first
    _load()
    size = _size()
    while select.select([asked], [], [], _IDLE)[0]:
        try:
            work, arguments, named, seconds, memory = pickle.loads(frames.take(asked))  # noqa: S301 - the server's own
        except EOFError:
            return
        _bound(seconds, size + memory if size else 0)
        answer = _answer(work, arguments, named)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _send(answers, answer)


def _load() -> None:
    """Import what every job needs, before memory is counted."""
    import mxlib.core.mapping.fallbacks
    import mxlib.core.validation.rules  # noqa: F401


def _bound(seconds: float, size: int) -> None:
    """Let this process end by itself when a job takes longer, and limit its memory."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    if size:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (size, hard))


def _answer(work: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> tuple[str, Any]:
    """Run a job and return its result.

    Of a fault only type and place, since its text may hold secrets.
    """
    try:
        return "done", work(*arguments, **named)
    except MemoryError:
        return "memory", None
    except Exception as error:
        if type(error).__module__.startswith("mxlib."):
            return "raised", error.with_traceback(None)
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "?"
        return "fault", f"{type(error).__name__} at {where}"


def _send(answers: BinaryIO, answer: tuple[str, Any]) -> None:
    try:
        content = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        content = pickle.dumps(("memory", None))
    frames.put(answers, content)


def _size() -> int:
    """Return the bytes of address space that this process has now.

    0 where that is not known.
    """
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(0)
