"""The end of a session, and changed rights, reach the open tabs of another process within moments."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.auth.sessions import Session, Sessions
from mxlib.auth.users import Users
from mxlib.settings import Settings
from mxlib.store import Store, sessions
from mxlib.store.signals import Listener, Signal
from tests.support.threaded_runs import ShiftedClock

GOOD = "correct horse battery"


class Process:
    """Users and sessions of one process, and its signals."""

    def __init__(self, path: Path) -> None:
        clock = ShiftedClock()
        self.store = Store.open(path, clock)
        self.sessions = Sessions(self.store, clock, Settings(data_dir=path.parent))
        self.users = Users(self.store, clock, woken=self.sessions.wake)
        self.listener = Listener(self.store, {Signal.SESSIONS: self.sessions.wake_all})
        self.listener.start()

    def close(self) -> None:
        self.listener.close()
        self.store.close()


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Process, Process]]:
    first, second = Process(tmp_path / "mxm.sqlite3"), Process(tmp_path / "mxm.sqlite3")
    yield first, second
    second.close()
    first.close()


def begun(process: Process) -> Session:
    process.users.first_admin("boss", GOOD)
    process.users.add(LOCAL, "kim", GOOD)
    with process.store.write() as tx:
        name = process.sessions.start(tx, 2, "192.0.2.7", "a browser")
    session = process.sessions.find(name)
    assert session is not None
    return session


def woken(process: Process, session: Session, act: Callable[[], object]) -> Session | None:
    """Return the session once its connection in that process was woken by an act of another."""

    async def listen() -> None:
        with process.sessions.watch(session.digest) as event:
            for _ in range(40):  # signals of the start are over
                event.clear()
                await asyncio.sleep(0.02)
            event.clear()
            await asyncio.to_thread(act)
            await asyncio.wait_for(event.wait(), 20)

    asyncio.run(listen())
    return process.sessions.is_alive(session)


def test_a_sign_out_closes_the_tabs_of_another_process(two: tuple[Process, Process]) -> None:
    here, there = two
    session = begun(here)

    def sign_out() -> None:
        with here.store.write() as tx:
            sessions.end(tx, session.digest)

    assert woken(there, session, sign_out) is None


def test_changed_rights_and_a_disabled_user_reach_the_tabs_of_another_process(two: tuple[Process, Process]) -> None:
    here, there = two
    session = begun(here)
    now = woken(there, session, lambda: here.users.change(LOCAL, 2, permissions={"a.nl": ["view"]}))
    assert now is not None
    assert now.rights != session.rights
    assert woken(there, session, lambda: here.users.disable(LOCAL, 2)) is None


def test_a_lost_connection_is_made_again_and_everything_looked_at(
    two: tuple[Process, Process], database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = two
    session = begun(here)
    if database != "postgresql":
        pytest.skip("A file has no connection to lose.")

    def lose_it_and_end() -> None:
        with here.store.write() as tx:
            sessions.end(tx, session.digest)
            query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%'"
            assert tx.exec_driver_sql(query).scalar()

    assert woken(there, session, lose_it_and_end) is None
