"""Sessions: they end by idle time, age and sign-out, and wake their watchers at once."""

import asyncio
import hashlib
import threading
from pathlib import Path

import pytest

from mxlib.auth.sessions import NOTED_EVERY
from mxlib.auth.sign_in import ClientInfo
from mxlib.store import sessions
from tests.support import sign_in as people
from tests.support.sign_in import BOSS, GOOD, SignInApp

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk
HOUR = 3600.0


def begin(app: SignInApp) -> str:
    return app.entrance.sign_in_with_password("kim", GOOD, ClientInfo("10.0.0.1", "Browser"))


def test_a_session_is_found_by_its_id_and_kept_as_a_hash(app: SignInApp) -> None:
    session_id = begin(app)
    found = app.sessions.find(session_id)
    assert found
    assert found.name == "kim"
    assert len(session_id) >= 43
    assert session_id.encode() not in app.kept()
    assert hashlib.sha256(session_id.encode()).digest() in app.kept()
    assert app.sessions.find(session_id + "x") is None
    assert app.sessions.find("") is None


def test_two_sign_ins_are_two_sessions(app: SignInApp) -> None:
    assert begin(app) != begin(app)


def test_an_unused_session_ends_after_the_idle_hours(app: SignInApp) -> None:
    session_id = begin(app)
    app.clock.at += 7.99 * HOUR
    assert app.sessions.find(session_id)
    app.clock.at += 7.99 * HOUR
    assert app.sessions.find(session_id, used=False)
    app.clock.at += 0.02 * HOUR
    assert app.sessions.find(session_id) is None


def test_a_session_ends_after_its_longest_life_although_used(app: SignInApp) -> None:
    session_id = begin(app)
    for _ in range(23):
        app.clock.at += HOUR
        assert app.sessions.find(session_id)
    app.clock.at += HOUR
    assert app.sessions.find(session_id) is None


def test_checking_whether_a_session_is_alive_does_not_count_as_use(app: SignInApp) -> None:
    session_id = begin(app)
    session = app.sessions.find(session_id)
    assert session
    app.clock.at += 4 * HOUR
    assert app.sessions.is_alive(session)
    app.clock.at += 4 * HOUR
    assert app.sessions.is_alive(session) is None


def test_use_is_stored_once_a_minute(app: SignInApp, monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[float] = []
    monkeypatch.setattr(sessions, "touch", lambda tx, digest, at: notes.append(at))
    session_id = begin(app)
    for _ in range(10):
        app.sessions.find(session_id)
    assert not notes
    app.clock.at += NOTED_EVERY
    app.sessions.find(session_id)
    assert len(notes) == 1


def test_a_session_outlives_a_restart(tmp_path: Path) -> None:
    with people.opened(tmp_path, "kim") as app:
        session_id = begin(app)
    with people.opened(tmp_path) as app:
        assert app.sessions.find(session_id)


def test_expired_sessions_are_deleted_at_the_next_sign_in(app: SignInApp) -> None:
    begin(app)
    app.clock.at += 9 * HOUR
    begin(app)
    with app.store.read() as tx:
        assert len(sessions.end_all(tx, 1)) == 1


def test_signing_in_again_ends_the_earlier_session(app: SignInApp) -> None:
    session_id = begin(app)
    before = app.sessions.find(session_id)
    app.entrance.sign_in_with_password("kim", GOOD, ClientInfo("10.0.0.1"), before)
    assert app.sessions.find(session_id) is None


def test_ending_a_session_wakes_its_watchers_only_from_any_thread(app: SignInApp) -> None:
    session_id, other = begin(app), begin(app)
    session, stays = app.sessions.find(session_id), app.sessions.find(other)
    assert session
    assert stays

    async def listen() -> None:
        with app.sessions.watch(session.digest) as ended, app.sessions.watch(stays.digest) as not_ended:
            threading.Thread(target=app.entrance.sign_out, args=(session, "10.0.0.1")).start()
            await asyncio.wait_for(ended.wait(), 5)
            assert not not_ended.is_set()

    asyncio.run(listen())
    assert app.sessions.find(session_id) is None
    assert app.sessions.find(other)
    assert not app.sessions._open


def test_disabling_a_user_wakes_all_their_sessions(app: SignInApp) -> None:
    jo = app.add_user("jo")
    found = [
        app.sessions.find(app.entrance.sign_in_with_password("jo", GOOD, ClientInfo(address)))
        for address in ("10.0.0.1", "10.0.0.2")
    ]

    async def listen() -> None:
        first, second = found
        assert first
        assert second
        with app.sessions.watch(first.digest) as one, app.sessions.watch(second.digest) as two:
            await asyncio.to_thread(app.users.disable, BOSS, jo)
            await asyncio.wait_for(asyncio.gather(one.wait(), two.wait()), 5)

    asyncio.run(listen())


def test_signing_in_and_out_is_in_the_audit_log(app: SignInApp) -> None:
    session_id = begin(app)
    session = app.sessions.find(session_id)
    assert session
    app.entrance.sign_out(session, "10.0.0.1")
    session = app.sessions.find(begin(app))
    assert session
    app.entrance.sign_out_everywhere(session, "10.0.0.1")
    assert [entry[:2] for entry in app.trail()[1:]] == [
        ("sign_in", "kim"), ("sign_out", "kim"), ("sign_in", "kim"), ("sign_out.everywhere", "kim")
    ]  # fmt: skip
