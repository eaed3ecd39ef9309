"""Server processes forked from one that has imported the packages, on an empty database: a start costs a sixth.

What is imported there reads no setting and starts no thread; `app.py` and the pages are imported after the fork, as
`streamlit run` does it.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Any

PACKAGES = (
    "streamlit.web.cli",
    "streamlit.web.bootstrap",
    "streamlit.web.server.starlette",
    "mxlib.api.app",
    "mxlib.services.container",
    "mxlib.web",
)


class WarmProcess:
    """A forked process, by the methods of `subprocess.Popen` that tests use."""

    def __init__(self, process: BaseProcess, log: Path) -> None:
        self._process = process
        self._log = log
        self.pid = process.pid or 0

    def output(self) -> str:
        """Return everything that it has printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def poll(self) -> int | None:
        """Return the exit status; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the exit status."""
        self._process.join(timeout)
        status = self._process.exitcode
        if status is None:
            raise subprocess.TimeoutExpired(f"a forked server ({self.pid})", timeout or 0.0)
        return status

    def terminate(self) -> None:
        """End it as a service manager would."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()


def start(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> WarmProcess:
    """Start `python -m` with these arguments in `folder`; what it prints is written to `log`."""
    process = _context().Process(target=_run, args=(list(arguments), folder, dict(environment), log), daemon=True)
    with _no_main_module():
        process.start()
    return WarmProcess(process, log)


@contextmanager
def _no_main_module() -> Iterator[None]:
    """Hide the main module: a page that AppTest ran leaves itself there, and a new process would run it again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def prepare(data: Path) -> None:
    """Give a data folder the empty database that a first start would make there."""
    from tests.support.app import empty_store

    data.mkdir(mode=0o700, parents=True)
    for name, content in empty_store().items():
        (data / name).write_bytes(content)
        (data / name).chmod(0o600)


@cache
def _context() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, *PACKAGES])
    return context


def _run(arguments: list[str], folder: Path, environment: dict[str, str], log: Path) -> None:
    """Become the program that `python -m` would start."""
    said, nothing = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, said), (2, said)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = arguments
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
