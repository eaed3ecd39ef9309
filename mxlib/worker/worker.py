"""The server's side of the worker.

There is one process at a time; it is killed at a limit of time or memory, and started again when needed.
"""

import atexit
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from mxlib.core.files.errors import Crowded, TooCostly
from mxlib.worker import frames

P = ParamSpec("P")
T = TypeVar("T")

#: Seconds and bytes that one job may take, and seconds that a process may take to start.
SECONDS, MEMORY, START = 20.0, 1_500_000_000, 30.0

#: Jobs that may wait, and how many seconds each of them may.
MOST_WAITING, PATIENCE = 8, 60.0

_ROOT = Path(__file__).resolve().parents[2]

#: The variables that it gets from this process's environment: paths of Python and its libraries, never a setting.
_PASSED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "SYSTEMROOT",
    "TMPDIR",
)

#: Settings that save address space, since that is limited.
_FRUGAL = {
    "MALLOC_ARENA_MAX": "2",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class Fault(Exception):
    """A fault of this project in the worker; the message has its type and place."""


class Worker:
    """Runs functions of this project in another process, one after the other."""

    def __init__(
        self, *, seconds: float = SECONDS, memory: int = MEMORY, waiting: int = MOST_WAITING, patience: float = PATIENCE
    ) -> None:
        """Set the limits of one job (`seconds`, `memory` in bytes) and of the queue.

        `waiting` is how many jobs may wait, `patience` how many seconds each may.
        """
        self.seconds, self.memory, self._patience = seconds, memory, patience
        self._places = threading.BoundedSemaphore(1 + waiting)
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Return or raise the result of `work`.

        Raises TooCostly at a limit, Crowded when too many wait.
        """
        with self._in_line():
            asked = pickle.dumps((work, arguments, named, self.seconds, self.memory), pickle.HIGHEST_PROTOCOL)
            for process in (self._running(), None):
                answer = self._ask(process or self._started(), asked)
                if answer is not None:
                    break
            else:
                raise TooCostly(self.seconds)
        what, found = answer
        match what:
            case "done":
                return cast(T, found)
            case "raised":
                raise found
            case "fault":
                raise Fault(found)
            case _:
                raise TooCostly(self.seconds)

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    assert pipe is not None  # noqa: S101 - both are pipes
                    pipe.close()

    @property
    def pid(self) -> int | None:
        """Return the id of the process; None while it does not exist."""
        return self._process.pid if self._process else None

    @contextmanager
    def _in_line(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Crowded
        try:
            if not self._turn.acquire(timeout=self._patience):
                raise Crowded
            try:
                yield
            finally:
                self._turn.release()
        finally:
            self._places.release()

    def _running(self) -> "subprocess.Popen[bytes] | None":
        if self._process is not None and self._process.poll() is not None:
            self.close()
        return self._process

    def _started(self) -> "subprocess.Popen[bytes]":
        self.close()
        inherited = {name: os.environ[name] for name in _PASSED if name in os.environ}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mxlib.worker"],
            cwd=_ROOT,
            env=inherited | _FRUGAL,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self._process

    def _ask(self, process: "subprocess.Popen[bytes]", asked: bytes) -> tuple[str, Any] | None:
        """Return the answer of a process; None when it had ended before. At the limit it is killed."""
        pipes = process.stdin, process.stdout
        assert pipes[0] is not None  # noqa: S101 - both are pipes
        assert pipes[1] is not None  # noqa: S101
        late = threading.Timer(self.seconds + START * (self._fresh(process)), process.kill)
        late.daemon = True
        late.start()
        try:
            frames.put(pipes[0], asked)  # type: ignore[arg-type]
            answer: tuple[str, Any] = pickle.loads(frames.take(pipes[1]))  # type: ignore[arg-type]  # noqa: S301 - our own process wrote it
        except (OSError, EOFError):
            idled = process.wait() == 0
            self.close()
            if idled:
                return None
            raise TooCostly(self.seconds) from None
        except BaseException:  # half an answer is in the pipe
            self.close()
            raise
        finally:
            late.cancel()
        return answer

    def _fresh(self, process: "subprocess.Popen[bytes]") -> bool:
        fresh = getattr(process, "fresh", True)
        process.fresh = False  # type: ignore[attr-defined]
        return fresh


@cache
def shared() -> Worker:
    """Return the worker of this process; it ends with the process."""
    worker = Worker()
    atexit.register(worker.close)
    return worker


def run_unless(light: bool, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Run `work` here when it is `light`, else in the worker. So the server stays responsive."""
    return work(*arguments, **named) if light else shared().run(work, *arguments, **named)
