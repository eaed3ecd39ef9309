"""Costs that no test measures, paid once per process or not at all: disks, new tables, compiled statements, hashes.

`taken` shortens only what the collected tests have imported, so that pure tests import nothing for it.
"""

import contextlib
import os
import re
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

#: A folder in memory, and bytes of memory that have to be free for it: passed tests leave no files.
_MEMORY, _ROOM = Path("/dev/shm"), 4 * 2**30


def keep_files_in_memory() -> None:
    """Make temporary folders in memory, where no commit waits for a disk; a TMPDIR that is set stays.

    For processes that tests start as well. A store forces its file to disk there as anywhere.
    """
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK) or not Path("/proc/meminfo").exists():
        return
    found = re.search(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text())
    free = min(shutil.disk_usage(_MEMORY).free, int(found[1]) * 1024 if found else 0)
    if free >= _ROOM:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


@contextlib.contextmanager
def taken() -> Iterator[None]:
    """Take every shortcut inside the block."""
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        if "mxlib.store" in sys.modules:
            _new_stores_are_copies(patch)
            _stores_share_compiled_statements(patch)
        if "mxlib.auth.passwords" in sys.modules:
            _passwords_are_hashed_at_once(patch)
            _passwords_are_judged_once(patch)
        _certificates_are_read_once(patch)
        if "starlette.testclient" in sys.modules:
            _test_clients_share_an_event_loop(patch, stack)
        if "streamlit.testing.v1" in sys.modules:
            _packages_are_scanned_once(patch)
            _runs_of_a_page_are_awaited(patch)
        yield


def _new_stores_are_copies(patch: pytest.MonkeyPatch) -> None:
    """Fill a store without tables from a dump of a migrated one; an older store migrates as ever.

    Which schema is the oldest that runs is read from all migrations once, not for every store.
    """
    from mxlib.store import migrations

    upgrade = migrations.upgrade

    def fill(tx: Any) -> None:
        if tx.dialect.name != "sqlite" or tx.exec_driver_sql("SELECT 1 FROM sqlite_master").first() is not None:
            upgrade(tx)
            return
        cursor = tx.connection.cursor()  # the library's own way to execute costs as much again
        for statement in _tables(upgrade):
            cursor.execute(statement)

    patch.setattr(migrations, "upgrade", fill)
    patch.setattr(migrations, "oldest_that_runs", cache(migrations.oldest_that_runs))


@cache
def _tables(upgrade: Any) -> list[str]:
    """Return the statements that create a migrated store without rows."""
    from mxlib.store.sqlite import make_pool

    with TemporaryDirectory() as folder:
        file = str(Path(folder) / "store")
        engine = make_pool(file)
        with engine.begin() as tx:
            upgrade(tx)
        engine.dispose()
        with contextlib.closing(sqlite3.connect(file)) as made:
            return list(made.iterdump())[1:-1]  # without its own BEGIN and COMMIT


def _stores_share_compiled_statements(patch: pytest.MonkeyPatch) -> None:
    """Keep compiled statements for the whole process, not for each engine with a dialect of its own."""
    import sqlalchemy
    from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite as Dialect
    from sqlalchemy.util import LRUCache

    compiled: Any = LRUCache(2_000)
    create_engine = sqlalchemy.create_engine

    def share(*args: Any, **options: Any) -> Any:
        engine = create_engine(*args, **options)
        engine._compiled_cache = compiled
        return engine

    patch.setattr(sqlalchemy, "create_engine", share)
    patch.setattr(Dialect, "__eq__", lambda self, other: type(self) is type(other), raising=False)
    patch.setattr(Dialect, "__hash__", lambda self: hash(type(self)), raising=False)


def _passwords_are_hashed_at_once(patch: pytest.MonkeyPatch) -> None:
    """Hash passwords with the least that argon2 takes."""
    from argon2 import PasswordHasher

    from mxlib.auth import passwords

    patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def _passwords_are_judged_once(patch: pytest.MonkeyPatch) -> None:
    """Estimate the strength of a password once, though many tests add a user who has it."""
    from mxlib.core import password_strength

    judge = cache(password_strength.estimate)
    patch.setattr(password_strength, "estimate", lambda password, known: judge(password, tuple(known)))


def _certificates_are_read_once(patch: pytest.MonkeyPatch) -> None:
    """Read the certificates of the machine once, not for every client, whether it needs them or not."""
    for name in ("httpx", "httpx2"):
        if transports := sys.modules.get(f"{name}._transports.default"):
            patch.setattr(transports, "create_ssl_context", cache(transports.create_ssl_context))


def _test_clients_share_an_event_loop(patch: pytest.MonkeyPatch, stack: contextlib.ExitStack) -> None:
    """Keep one event loop and its threads for all requests, where each would start its own."""
    from anyio.from_thread import start_blocking_portal
    from starlette.testclient import TestClient

    portal = stack.enter_context(start_blocking_portal())
    patch.setattr(TestClient, "_portal_factory", lambda _self: contextlib.nullcontext(portal))


def _packages_are_scanned_once(patch: pytest.MonkeyPatch) -> None:
    """Scan the installed packages for components once, not for every AppTest."""
    from streamlit.components.v2 import manifest_scanner

    patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))


def _runs_of_a_page_are_awaited(patch: pytest.MonkeyPatch) -> None:
    """Wait for the end of a page's run, instead of looking for it a thousand times a second."""
    from streamlit.testing.v1 import local_script_runner

    look = local_script_runner.require_widgets_deltas

    def wait(runner: Any, timeout: float = 3) -> None:
        runner._script_thread.join(timeout)
        look(runner, timeout)

    patch.setattr(local_script_runner, "require_widgets_deltas", wait)
