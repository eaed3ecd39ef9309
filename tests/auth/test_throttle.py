"""Whoever guesses has to wait, even across a restart; whoever is guessed at does not."""

from pathlib import Path
from unittest.mock import Mock

import pytest
import sqlalchemy as sa

from mxlib.auth import passwords
from mxlib.auth.sign_in import SOMEBODY, ClientInfo, SignInRefused
from mxlib.auth.throttle import COUNTED_S, KNOWN_S, OF_ADDRESS, OF_NAME, TooManyAttempts
from mxlib.auth.trusted_proxies import household
from tests.support import sign_in as people
from tests.support.sign_in import BOSS, GOOD, ManualClock, SignInApp

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk
HOME, THIEF = "192.0.2.7", "198.51.100.66"


def tried(app: SignInApp, name: str = "kim", address: str = THIEF, password: str = "wrong all over") -> float:
    """The seconds to wait that a try earns; 0 when it was heard."""
    try:
        app.entrance.sign_in_with_password(name, password, ClientInfo(address))
    except SignInRefused:
        return 0.0
    except TooManyAttempts as error:
        return error.seconds
    return 0.0


def comes_in(app: SignInApp, address: str = HOME, name: str = "kim") -> bool:
    try:
        return bool(app.entrance.sign_in_with_password(name, GOOD, ClientInfo(address)))
    except TooManyAttempts:
        return False


def test_a_few_typing_errors_cost_nothing_and_then_the_wait_doubles(app: SignInApp) -> None:
    assert not any(tried(app) for _ in range(10))
    waits = []
    for _ in range(4):
        waits.append(tried(app))
        app.clock.at += waits[-1]
        assert not tried(app)
    assert waits == [1, 2, 4, 8]


def test_the_sentence_says_how_long(app: SignInApp) -> None:
    for _ in range(10):
        tried(app)
    with pytest.raises(TooManyAttempts, match=r"^Too many tries\. Wait 1 s\.$"):
        app.entrance.sign_in_with_password("kim", GOOD, ClientInfo(THIEF))


def test_the_wait_survives_a_restart(tmp_path: Path) -> None:
    clock = ManualClock()
    with people.opened(tmp_path, "kim", clock=clock) as app:
        for _ in range(10):
            tried(app)
    with people.opened(tmp_path, clock=clock) as app:
        assert tried(app)


def test_knocking_while_one_waits_does_not_make_the_wait_longer(app: SignInApp) -> None:
    for _ in range(10):
        tried(app)
    assert {tried(app) for _ in range(50)} == {1}


def test_tries_of_long_ago_are_forgotten(app: SignInApp) -> None:
    for _ in range(10):
        tried(app)
    app.clock.at += COUNTED_S + 1
    assert not any(tried(app) for _ in range(10))


def test_an_address_waits_whatever_names_it_tries(app: SignInApp) -> None:
    assert not any(tried(app, f"name{number}") for number in range(OF_ADDRESS.free))
    assert tried(app, "yet-another")
    assert not tried(app, "yet-another", address=HOME)


def test_a_flood_from_many_addresses_locks_the_owner_out_of_no_place_they_came_in_from_before(app: SignInApp) -> None:
    assert comes_in(app)
    for number in range(2000):
        tried(app, address=f"198.51.{number // 250}.{number % 250}")
        app.clock.at += 0.5
    assert tried(app, address="203.0.113.1")
    assert comes_in(app)


def test_after_a_flood_the_owner_comes_in_from_anywhere_within_a_minute(app: SignInApp) -> None:
    for number in range(2000):
        tried(app, address=f"198.51.{number // 250}.{number % 250}")
        app.clock.at += 0.5
    app.clock.at += 60
    assert comes_in(app, "203.0.113.77")


def test_even_at_home_a_password_can_not_be_guessed_for_long(app: SignInApp) -> None:
    assert comes_in(app)
    heard = 0
    for _ in range(3600):
        heard += not tried(app, address=HOME)
        app.clock.at += 1
    assert heard < 25


def test_guessing_at_a_neighbour_delays_nobody_who_is_at_home(app: SignInApp) -> None:
    app.users.add(BOSS, "jo", GOOD)
    assert comes_in(app)
    for _ in range(20):
        tried(app, "jo", address=HOME)
    assert comes_in(app)


def test_coming_in_oneself_buys_no_guesses_at_others(app: SignInApp) -> None:
    app.users.add(BOSS, "thief", GOOD)
    for number in range(OF_ADDRESS.free):
        tried(app, "kim", address=THIEF)
        if number % 3 == 0:
            comes_in(app, THIEF, "thief")
    assert tried(app, "kim", address=THIEF)


def test_many_tries_at_once_are_counted_before_they_are_heard(app: SignInApp) -> None:
    for _ in range(30):
        try:
            app.entrance.throttle.enter("kim", THIEF)
        except TooManyAttempts:
            break
    assert tried(app)


def test_what_was_typed_as_a_name_is_nowhere_unless_it_is_one(app: SignInApp) -> None:
    tried(app, "My-Secret-Passw0rd")
    tried(app, "KIM")
    assert [entry for entry in app.trail() if entry[0] == "sign_in.refused"] == [
        ("sign_in.refused", SOMEBODY, "", "unknown name"),
        ("sign_in.refused", "kim", "kim", "wrong password"),
    ]
    assert b"My-Secret-Passw0rd" not in app.kept()
    assert b"my-secret-passw0rd" not in app.kept()


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


def test_addresses_of_one_64_wait_together_and_are_one_home(app: SignInApp) -> None:
    for number in range(OF_ADDRESS.free):
        assert not tried(app, f"name{number}", address=V6.format(number))
    assert tried(app, "another", address=V6.format(99))
    assert not tried(app, "another", address="2001:db8:0:8::1")
    app.clock.at += COUNTED_S + 1
    assert comes_in(app, V6.format(1))
    for number in range(OF_NAME.free + 1):
        tried(app, address=f"198.51.100.{number}")
    assert not comes_in(app, "203.0.113.1")
    assert comes_in(app, V6.format(2))


@pytest.mark.parametrize("name", ["kim", "nobody"])
def test_variants_of_a_name_count_together_whether_anybody_has_it_or_not(app: SignInApp, name: str) -> None:
    kelvin = name.replace("k", "\u212a")
    variants = [name.upper(), f"  {name}", f"{name}\t", f"\u2003{name}\u00a0", kelvin, kelvin.title(), name]
    for number in range(OF_NAME.free):
        assert not tried(app, variants[number % len(variants)], address=f"198.51.100.{number}")
    assert all(tried(app, variant, address="203.0.113.5") == 1 for variant in variants)


def test_the_throttle_is_asked_before_a_turn_to_hash_and_writes_nothing_for_a_refused_try(
    app: SignInApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(OF_ADDRESS.free):
        tried(app)
    monkeypatch.setattr(app.entrance.strangers, "slot", None)
    monkeypatch.setattr(app.store, "write", None)
    assert tried(app) == 1


def test_a_restart_and_another_process_know_where_people_came_in_from(tmp_path: Path) -> None:
    clock = ManualClock()
    with people.opened(tmp_path, "kim", clock=clock) as app:
        assert comes_in(app, HOME)
        with people.opened(tmp_path, clock=clock) as other:
            assert other.entrance.password_queue(HOME) is other.entrance.at_home
            assert other.entrance.password_queue(THIEF) is other.entrance.strangers
            assert comes_in(app, "203.0.113.9")
            tried(other)
            assert other.entrance.password_queue("203.0.113.9") is other.entrance.at_home
            clock.at += KNOWN_S + 1
            assert other.entrance.password_queue(HOME) is other.entrance.strangers


@pytest.mark.parametrize("waits", [False, True])
def test_a_name_that_somebody_has_costs_the_same_work_as_one_that_nobody_has(
    app: SignInApp, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    def work(name: str, address: str) -> list[str]:
        """Hashes made and checked, and statements sent to the store, for one try right after a start."""
        done: list[str] = []
        passwords._nobodys.cache_clear()
        hasher = passwords._hasher
        with monkeypatch.context() as patch:
            patch.setattr(passwords, "_hasher", Mock(wraps=hasher))
            engine = app.store._engine
            listener = lambda _c, _s, statement, *_: done.append(statement.split("(")[0][:40])  # noqa: E731
            sa.event.listen(engine, "before_cursor_execute", listener)
            assert bool(tried(app, name, address)) is waits
            sa.event.remove(engine, "before_cursor_execute", listener)
            return done + [call[0] for call in passwords._hasher.mock_calls]  # type: ignore[attr-defined]

    assert comes_in(app)
    if waits:
        for number in range(OF_NAME.free):
            tried(app, "kim", f"203.0.113.{number}")
            tried(app, "nobody", f"203.0.113.1{number}")
    assert work("kim", "198.51.100.1") == work("nobody", "198.51.100.2")
