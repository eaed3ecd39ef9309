"""Sessions: they end when idle, when old and when told, and whatever is open in them learns of it at once."""

import asyncio
import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.sessions import NOTED_EVERY
from mxlib.auth.sign_in import ClientInfo
from mxlib.store import sessions
from tests.support import sign_in as people
from tests.support.sign_in import BOSS, GOOD, House

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk
HOUR = 3600.0


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with people.house(tmp_path, "kim") as opened:
        yield opened


def begin(house: House) -> str:
    return house.entrance.sign_in_with_password("kim", GOOD, ClientInfo("10.0.0.1", "Browser"))


def test_a_session_is_found_by_its_id_and_kept_as_a_hash(house: House) -> None:
    told = begin(house)
    found = house.sessions.find(told)
    assert found
    assert found.name == "kim"
    assert len(told) >= 43
    assert told.encode() not in house.kept()
    assert hashlib.sha256(told.encode()).digest() in house.kept()
    assert house.sessions.find(told + "x") is None
    assert house.sessions.find("") is None


def test_two_sign_ins_are_two_sessions(house: House) -> None:
    assert begin(house) != begin(house)


def test_a_session_that_nobody_uses_ends_after_the_idle_hours(house: House) -> None:
    told = begin(house)
    house.clock.at += 7.99 * HOUR
    assert house.sessions.find(told)
    house.clock.at += 7.99 * HOUR
    assert house.sessions.find(told, used=False)
    house.clock.at += 0.02 * HOUR
    assert house.sessions.find(told) is None


def test_a_session_ends_after_its_hours_however_much_it_is_used(house: House) -> None:
    told = begin(house)
    for _ in range(23):
        house.clock.at += HOUR
        assert house.sessions.find(told)
    house.clock.at += HOUR
    assert house.sessions.find(told) is None


def test_being_looked_at_is_no_use(house: House) -> None:
    told = begin(house)
    session = house.sessions.find(told)
    assert session
    house.clock.at += 4 * HOUR
    assert house.sessions.is_alive(session)
    house.clock.at += 4 * HOUR
    assert house.sessions.is_alive(session) is None


def test_use_is_noted_once_a_minute(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    notes: list[float] = []
    monkeypatch.setattr(sessions, "touch", lambda tx, digest, at: notes.append(at))
    told = begin(house)
    for _ in range(10):
        house.sessions.find(told)
    assert not notes
    house.clock.at += NOTED_EVERY
    house.sessions.find(told)
    assert len(notes) == 1


def test_a_session_outlives_a_restart(tmp_path: Path) -> None:
    with people.house(tmp_path, "kim") as house:
        told = begin(house)
    with people.house(tmp_path) as house:
        assert house.sessions.find(told)


def test_what_ran_out_is_forgotten_at_the_next_sign_in(house: House) -> None:
    begin(house)
    house.clock.at += 9 * HOUR
    begin(house)
    with house.store.read() as tx:
        assert len(sessions.end_all(tx, 1)) == 1


def test_signing_in_again_ends_the_session_of_before(house: House) -> None:
    told = begin(house)
    before = house.sessions.find(told)
    house.entrance.sign_in_with_password("kim", GOOD, ClientInfo("10.0.0.1"), before)
    assert house.sessions.find(told) is None


def test_whoever_listens_is_woken_from_any_thread_and_others_are_not(house: House) -> None:
    told, other = begin(house), begin(house)
    session, stays = house.sessions.find(told), house.sessions.find(other)
    assert session
    assert stays

    async def listen() -> None:
        with house.sessions.watch(session.digest) as ended, house.sessions.watch(stays.digest) as not_ended:
            threading.Thread(target=house.entrance.sign_out, args=(session, "10.0.0.1")).start()
            await asyncio.wait_for(ended.wait(), 5)
            assert not not_ended.is_set()

    asyncio.run(listen())
    assert house.sessions.find(told) is None
    assert house.sessions.find(other)
    assert not house.sessions._open


def test_disabling_somebody_wakes_all_their_sessions(house: House) -> None:
    jo = house.users.add(BOSS, "jo", GOOD)
    found = [
        house.sessions.find(house.entrance.sign_in_with_password("jo", GOOD, ClientInfo(address)))
        for address in ("10.0.0.1", "10.0.0.2")
    ]

    async def listen() -> None:
        first, second = found
        assert first
        assert second
        with house.sessions.watch(first.digest) as one, house.sessions.watch(second.digest) as two:
            await asyncio.to_thread(house.users.disable, BOSS, jo)
            await asyncio.wait_for(asyncio.gather(one.wait(), two.wait()), 5)

    asyncio.run(listen())


def test_signing_in_and_out_is_in_the_trail(house: House) -> None:
    told = begin(house)
    session = house.sessions.find(told)
    assert session
    house.entrance.sign_out(session, "10.0.0.1")
    session = house.sessions.find(begin(house))
    assert session
    house.entrance.sign_out_everywhere(session, "10.0.0.1")
    assert [entry[:2] for entry in house.trail()[1:]] == [
        ("sign_in", "kim"), ("sign_out", "kim"), ("sign_in", "kim"), ("sign_out.everywhere", "kim")
    ]  # fmt: skip
