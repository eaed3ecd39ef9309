"""Whoever guesses has to wait, even across a restart; whoever is guessed at does not."""

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest
import sqlalchemy as sa

from mxlib.auth import passwords
from mxlib.auth.sign_in import SOMEBODY, ClientInfo, SignInRefused
from mxlib.auth.throttle import COUNTED_S, KNOWN_S, OF_ADDRESS, OF_NAME, TooManyAttempts
from mxlib.auth.trusted_proxies import household
from tests.support import sign_in as people
from tests.support.sign_in import BOSS, GOOD, Hands, House

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk
HOME, THIEF = "192.0.2.7", "198.51.100.66"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with people.house(tmp_path, "kim") as opened:
        yield opened


def tried(house: House, name: str = "kim", address: str = THIEF, password: str = "wrong all over") -> float:
    """The seconds to wait that a try earns; 0 when it was heard."""
    try:
        house.entrance.sign_in_with_password(name, password, ClientInfo(address))
    except SignInRefused:
        return 0.0
    except TooManyAttempts as error:
        return error.seconds
    return 0.0


def comes_in(house: House, address: str = HOME, name: str = "kim") -> bool:
    try:
        return bool(house.entrance.sign_in_with_password(name, GOOD, ClientInfo(address)))
    except TooManyAttempts:
        return False


def test_a_few_typing_errors_cost_nothing_and_then_the_wait_doubles(house: House) -> None:
    assert not any(tried(house) for _ in range(10))
    waits = []
    for _ in range(4):
        waits.append(tried(house))
        house.clock.at += waits[-1]
        assert not tried(house)
    assert waits == [1, 2, 4, 8]


def test_the_sentence_says_how_long(house: House) -> None:
    for _ in range(10):
        tried(house)
    with pytest.raises(TooManyAttempts, match=r"^Too many tries\. Wait 1 s\.$"):
        house.entrance.sign_in_with_password("kim", GOOD, ClientInfo(THIEF))


def test_the_wait_survives_a_restart(tmp_path: Path) -> None:
    clock = Hands()
    with people.house(tmp_path, "kim", clock=clock) as house:
        for _ in range(10):
            tried(house)
    with people.house(tmp_path, clock=clock) as house:
        assert tried(house)


def test_knocking_while_one_waits_does_not_make_the_wait_longer(house: House) -> None:
    for _ in range(10):
        tried(house)
    assert {tried(house) for _ in range(50)} == {1}


def test_tries_of_long_ago_are_forgotten(house: House) -> None:
    for _ in range(10):
        tried(house)
    house.clock.at += COUNTED_S + 1
    assert not any(tried(house) for _ in range(10))


def test_an_address_waits_whatever_names_it_tries(house: House) -> None:
    assert not any(tried(house, f"name{number}") for number in range(OF_ADDRESS.free))
    assert tried(house, "yet-another")
    assert not tried(house, "yet-another", address=HOME)


def test_a_flood_from_many_addresses_locks_the_owner_out_of_no_place_they_came_in_from_before(house: House) -> None:
    assert comes_in(house)
    for number in range(2000):
        tried(house, address=f"198.51.{number // 250}.{number % 250}")
        house.clock.at += 0.5
    assert tried(house, address="203.0.113.1")
    assert comes_in(house)


def test_after_a_flood_the_owner_comes_in_from_anywhere_within_a_minute(house: House) -> None:
    for number in range(2000):
        tried(house, address=f"198.51.{number // 250}.{number % 250}")
        house.clock.at += 0.5
    house.clock.at += 60
    assert comes_in(house, "203.0.113.77")


def test_even_at_home_a_password_can_not_be_guessed_for_long(house: House) -> None:
    assert comes_in(house)
    heard = 0
    for _ in range(3600):
        heard += not tried(house, address=HOME)
        house.clock.at += 1
    assert heard < 25


def test_guessing_at_a_neighbour_delays_nobody_who_is_at_home(house: House) -> None:
    house.users.add(BOSS, "jo", GOOD)
    assert comes_in(house)
    for _ in range(20):
        tried(house, "jo", address=HOME)
    assert comes_in(house)


def test_coming_in_oneself_buys_no_guesses_at_others(house: House) -> None:
    house.users.add(BOSS, "thief", GOOD)
    for number in range(OF_ADDRESS.free):
        tried(house, "kim", address=THIEF)
        if number % 3 == 0:
            comes_in(house, THIEF, "thief")
    assert tried(house, "kim", address=THIEF)


def test_many_tries_at_once_are_counted_before_they_are_heard(house: House) -> None:
    for _ in range(30):
        try:
            house.entrance.throttle.enter("kim", THIEF)
        except TooManyAttempts:
            break
    assert tried(house)


def test_what_was_typed_as_a_name_is_nowhere_unless_it_is_one(house: House) -> None:
    tried(house, "My-Secret-Passw0rd")
    tried(house, "KIM")
    assert [entry for entry in house.trail() if entry[0] == "sign_in.refused"] == [
        ("sign_in.refused", SOMEBODY, "", "unknown name"),
        ("sign_in.refused", "kim", "kim", "wrong password"),
    ]
    assert b"My-Secret-Passw0rd" not in house.kept()
    assert b"my-secret-passw0rd" not in house.kept()


V6 = "2001:db8:0:7:{:x}::1"


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("2001:db8:0:7:aaaa::1", "2001:db8:0:7::/64"),
        ("2001:DB8:0:7::", "2001:db8:0:7::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_ipv6_address_counts_by_its_64(address: str, counted_as: str) -> None:
    assert household(address) == counted_as


def test_addresses_of_one_64_wait_together_and_are_one_home(house: House) -> None:
    for number in range(OF_ADDRESS.free):
        assert not tried(house, f"name{number}", address=V6.format(number))
    assert tried(house, "another", address=V6.format(99))
    assert not tried(house, "another", address="2001:db8:0:8::1")
    house.clock.at += COUNTED_S + 1
    assert comes_in(house, V6.format(1))
    for number in range(OF_NAME.free + 1):
        tried(house, address=f"198.51.100.{number}")
    assert not comes_in(house, "203.0.113.1")
    assert comes_in(house, V6.format(2))


@pytest.mark.parametrize("name", ["kim", "nobody"])
def test_variants_of_a_name_count_together_whether_anybody_has_it_or_not(house: House, name: str) -> None:
    kelvin = name.replace("k", "\u212a")
    variants = [name.upper(), f"  {name}", f"{name}\t", f"\u2003{name}\u00a0", kelvin, kelvin.title(), name]
    for number in range(OF_NAME.free):
        assert not tried(house, variants[number % len(variants)], address=f"198.51.100.{number}")
    assert all(tried(house, variant, address="203.0.113.5") == 1 for variant in variants)


def test_the_throttle_is_asked_before_a_turn_to_hash_and_writes_nothing_for_a_refused_try(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(OF_ADDRESS.free):
        tried(house)
    monkeypatch.setattr(house.entrance.strangers, "slot", None)
    monkeypatch.setattr(house.store, "write", None)
    assert tried(house) == 1


def test_a_restart_and_another_process_know_where_people_came_in_from(tmp_path: Path) -> None:
    clock = Hands()
    with people.house(tmp_path, "kim", clock=clock) as house:
        assert comes_in(house, HOME)
        with people.house(tmp_path, clock=clock) as other:
            assert other.entrance.password_queue(HOME) is other.entrance.at_home
            assert other.entrance.password_queue(THIEF) is other.entrance.strangers
            assert comes_in(house, "203.0.113.9")
            tried(other)
            assert other.entrance.password_queue("203.0.113.9") is other.entrance.at_home
            clock.at += KNOWN_S + 1
            assert other.entrance.password_queue(HOME) is other.entrance.strangers


@pytest.mark.parametrize("waits", [False, True])
def test_a_name_that_somebody_has_costs_the_same_work_as_one_that_nobody_has(
    house: House, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    def work(name: str, address: str) -> list[str]:
        """Hashes made and checked, and statements sent to the store, for one try right after a start."""
        done: list[str] = []
        passwords._nobodys.cache_clear()
        hasher = passwords._hasher
        with monkeypatch.context() as patch:
            patch.setattr(passwords, "_hasher", Mock(wraps=hasher))
            engine = house.store._engine
            listener = lambda _c, _s, statement, *_: done.append(statement.split("(")[0][:40])  # noqa: E731
            sa.event.listen(engine, "before_cursor_execute", listener)
            assert bool(tried(house, name, address)) is waits
            sa.event.remove(engine, "before_cursor_execute", listener)
            return done + [call[0] for call in passwords._hasher.mock_calls]  # type: ignore[attr-defined]

    assert comes_in(house)
    if waits:
        for number in range(OF_NAME.free):
            tried(house, "kim", f"203.0.113.{number}")
            tried(house, "nobody", f"203.0.113.1{number}")
    assert work("kim", "198.51.100.1") == work("nobody", "198.51.100.2")
