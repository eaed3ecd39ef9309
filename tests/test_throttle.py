"""Whoever guesses has to wait, even across a restart; whoever is guessed at does not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.entrance import SOMEBODY, Refused, Visitor
from mxlib.auth.throttle import COUNTED_S, OF_ADDRESS, TooMany
from tests import people
from tests.people import BOSS, GOOD, Hands, House

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
        house.entrance.with_password(name, password, Visitor(address))
    except Refused:
        return 0.0
    except TooMany as error:
        return error.seconds
    return 0.0


def comes_in(house: House, address: str = HOME, name: str = "kim") -> bool:
    try:
        return bool(house.entrance.with_password(name, GOOD, Visitor(address)))
    except TooMany:
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
    with pytest.raises(TooMany, match=r"^Too many tries\. Wait 1 s\.$"):
        house.entrance.with_password("kim", GOOD, Visitor(THIEF))


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
        except TooMany:
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
