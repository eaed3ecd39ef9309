"""Several processes on one data folder: all of them come up, and one of them sends."""

import multiprocessing
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path
from urllib.request import urlopen

import pytest

from mxlib.auth.startup_checks import ensure_first_admin
from mxlib.clock import SystemClock
from mxlib.settings import Settings
from mxlib.store import Store, audit_check, users
from tests.browser import driver
from tests.support import postgresql
from tests.support.server_processes import Lives, Server, ends, hosting, until

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("process")]


#: Of a database of PostgreSQL, which no server starts without.
SECRET = "a secret key of these tests only"


def start_once(folder: Path, others: Barrier, database: str) -> None:
    """What a first start does to its data folder, or its database, at the same moment as others do."""
    given = {"database_url": database, "secret_key": SECRET} if database else {}
    settings = Settings(data_dir=folder, admin_user="kim", admin_password="correct horse battery", **given)  # type: ignore[arg-type]
    others.wait(90)
    assert ensure_first_admin(settings, SystemClock())


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_simultaneous_first_starts_on_an_empty_database_all_succeed(tmp_path: Path, kind: str) -> None:
    database = postgresql.new_database(empty=True) if kind == "postgresql" else ""
    context = multiprocessing.get_context("fork")
    others = context.Barrier(3)
    starts = [context.Process(target=start_once, args=(tmp_path / "data", others, database)) for _ in range(3)]
    for start in starts:
        start.start()
    for start in starts:
        start.join(60)
    assert [start.exitcode for start in starts] == [0, 0, 0]
    store = Store.configured(tmp_path / "data", database, SystemClock(), SECRET if database else "")
    try:
        with store.read() as tx:
            assert [user.name for user in users.list_users(tx)] == ["kim"]
            made = tx.exec_driver_sql("SELECT count(*) FROM audit WHERE what = 'user.add'").scalar()
            assert made == 1
            chains = tx.exec_driver_sql("SELECT count(*) FROM audit_chain").scalar()
            assert chains == 1
        assert audit_check.verify(store).intact
    finally:
        store.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_servers_that_start_at_once_on_an_empty_database_both_come_up(tmp_path: Path, kind: str) -> None:
    settings = driver.BRISK | {"MXM_ADMIN_USER": "kim", "MXM_ADMIN_PASSWORD": "correct horse battery"}
    data = {"MXM_DATA_DIR": str(tmp_path / "data")}
    if kind == "postgresql":
        data = {"MXM_DATABASE_URL": postgresql.new_database(empty=True), "MXM_SECRET_KEY": SECRET}
    servers = [driver.start(tmp_path / name, settings=settings | data) for name in ("one", "two")]
    try:
        for server in servers:
            server.wait_until_it_serves()
            with urlopen(f"{server.url}/ready", timeout=10) as answer:
                assert answer.status == 200
    finally:
        for server in servers:
            server.stop()
    assert not [server.output() for server in servers if "Traceback" in server.output()]


def test_a_lock_file_that_is_removed_during_a_run_makes_no_second_sender(tmp_path: Path, lives: Lives) -> None:
    with hosting("--window", "2", "--writes", "6", "--latency", "0.06") as host:
        server = Server(tmp_path / "data", host.url, lives)
        asked = server.asked(50)
        first = server.live()
        until(lambda: host.writes() >= 5, first)
        (server.folder / "mxm.lock").unlink()
        second = server.live()
        assert ends(first, 60)[0] == 0
        assert ends(second, 40) == (0, "")
        made = host.ask("log")["made"]
    assert made == {each.address: 1 for each in asked}
    assert server.results() == {each.address: ("created", each.password) for each in asked}


def test_the_runs_of_a_killed_process_pass_to_the_next_at_once(tmp_path: Path, lives: Lives) -> None:
    with hosting("--window", "2", "--writes", "40", "--latency", "0.06") as host:
        server = Server(tmp_path / "data", host.url, lives)
        server.asked(20)
        first = server.live()
        until(lambda: host.writes() >= 5, first)
        first.kill()
        first.wait()
        began = time.monotonic()
        assert ends(server.live(), 40) == (0, "")
        assert time.monotonic() - began < 28
        assert set(host.ask("log")["made"].values()) == {1}
