"""The throttle: guesses have to wait, even after a restart; the owner of the name does not."""

from pathlib import Path
from unittest.mock import Mock

import pytest
import sqlalchemy as sa

from mxlib.auth import passwords
from mxlib.auth.sign_in import UNKNOWN_NAME, ClientInfo, SignInRefused
from mxlib.auth.throttle import COUNTED_S, KNOWN_S, OF_ADDRESS, OF_NAME, TooManyAttempts
from mxlib.auth.trusted_proxies import household
from tests.support import sign_in as people
from tests.support.sign_in import GOOD, ManualClock, SignInApp

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk
HOME, ATTACKER = "192.0.2.7", "198.51.100.66"
#: Tries, one each half second: the wait of a name is at its longest long before the last.
FLOOD = 400


def try_sign_in(app: SignInApp, name: str = "kim", address: str = ATTACKER, password: str = "wrong all over") -> float:
    """Try a sign-in; return the seconds to wait, 0 when the password was checked."""
    try:
        app.entrance.sign_in_with_password(name, password, ClientInfo(address))
    except SignInRefused:
        return 0.0
    except TooManyAttempts as error:
        return error.seconds
    return 0.0


def signs_in(app: SignInApp, address: str = HOME, name: str = "kim") -> bool:
    try:
        return bool(app.entrance.sign_in_with_password(name, GOOD, ClientInfo(address)))
    except TooManyAttempts:
        return False


def test_a_few_errors_are_free_and_then_the_wait_doubles(app: SignInApp) -> None:
    assert not any(try_sign_in(app) for _ in range(10))
    waits = []
    for _ in range(4):
        waits.append(try_sign_in(app))
        app.clock.at += waits[-1]
        assert not try_sign_in(app)
    assert waits == [1, 2, 4, 8]


def test_the_sentence_names_the_wait(app: SignInApp) -> None:
    for _ in range(10):
        try_sign_in(app)
    with pytest.raises(TooManyAttempts, match=r"^Too many tries\. Wait 1 s\.$"):
        app.entrance.sign_in_with_password("kim", GOOD, ClientInfo(ATTACKER))


def test_the_wait_survives_a_restart(tmp_path: Path) -> None:
    clock = ManualClock()
    with people.opened(tmp_path, "kim", clock=clock) as app:
        for _ in range(10):
            try_sign_in(app)
    with people.opened(tmp_path, clock=clock) as app:
        assert try_sign_in(app)


def test_trying_during_the_wait_does_not_lengthen_it(app: SignInApp) -> None:
    for _ in range(10):
        try_sign_in(app)
    assert {try_sign_in(app) for _ in range(50)} == {1}


def test_old_tries_are_forgotten(app: SignInApp) -> None:
    for _ in range(10):
        try_sign_in(app)
    app.clock.at += COUNTED_S + 1
    assert not any(try_sign_in(app) for _ in range(10))


def test_an_address_waits_for_any_name(app: SignInApp) -> None:
    assert not any(try_sign_in(app, f"name{number}") for number in range(OF_ADDRESS.free))
    assert try_sign_in(app, "yet-another")
    assert not try_sign_in(app, "yet-another", address=HOME)


def test_a_flood_from_many_addresses_does_not_block_known_addresses(app: SignInApp) -> None:
    assert signs_in(app)
    for number in range(FLOOD):
        try_sign_in(app, address=f"198.51.{number // 250}.{number % 250}")
        app.clock.at += 0.5
    assert try_sign_in(app, address="203.0.113.1")
    assert signs_in(app)


def test_a_minute_after_a_flood_the_owner_signs_in_from_anywhere(app: SignInApp) -> None:
    for number in range(FLOOD):
        try_sign_in(app, address=f"198.51.{number // 250}.{number % 250}")
        app.clock.at += 0.5
    app.clock.at += 60
    assert signs_in(app, "203.0.113.77")


def test_guesses_from_a_known_address_are_limited_too(app: SignInApp) -> None:
    assert signs_in(app)
    heard = 0
    for _ in range(720):  # for an hour
        heard += not try_sign_in(app, address=HOME)
        app.clock.at += 5
    assert heard < 25


def test_guesses_at_another_user_do_not_delay_a_known_address(app: SignInApp) -> None:
    app.add_user("jo")
    assert signs_in(app)
    for _ in range(20):
        try_sign_in(app, "jo", address=HOME)
    assert signs_in(app)


def test_own_sign_ins_do_not_reset_the_count_of_guesses_at_others(app: SignInApp) -> None:
    app.add_user("thief")
    for number in range(OF_ADDRESS.free):
        try_sign_in(app, "kim", address=ATTACKER)
        if number % 3 == 0:
            signs_in(app, ATTACKER, "thief")
    assert try_sign_in(app, "kim", address=ATTACKER)


def test_simultaneous_tries_are_counted_before_the_passwords_are_checked(app: SignInApp) -> None:
    for _ in range(30):
        try:
            app.entrance.throttle.enter("kim", ATTACKER)
        except TooManyAttempts:
            break
    assert try_sign_in(app)


def test_an_unknown_name_is_not_stored_as_it_was_typed(app: SignInApp) -> None:
    try_sign_in(app, "My-Secret-Passw0rd")
    try_sign_in(app, "KIM")
    assert [entry for entry in app.trail() if entry[0] == "sign_in.refused"] == [
        ("sign_in.refused", UNKNOWN_NAME, "", "unknown name"),
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
def test_an_ipv6_address_is_counted_by_its_64_prefix(address: str, counted_as: str) -> None:
    assert household(address) == counted_as


def test_addresses_of_one_64_prefix_count_together(app: SignInApp) -> None:
    for number in range(OF_ADDRESS.free):
        assert not try_sign_in(app, f"name{number}", address=V6.format(number))
    assert try_sign_in(app, "another", address=V6.format(99))
    assert not try_sign_in(app, "another", address="2001:db8:0:8::1")
    app.clock.at += COUNTED_S + 1
    assert signs_in(app, V6.format(1))
    for number in range(OF_NAME.free + 1):
        try_sign_in(app, address=f"198.51.100.{number}")
    assert not signs_in(app, "203.0.113.1")
    assert signs_in(app, V6.format(2))


@pytest.mark.parametrize("name", ["kim", "nobody"])
def test_variants_of_a_name_count_together_for_known_and_unknown_names(app: SignInApp, name: str) -> None:
    kelvin = name.replace("k", "\u212a")
    variants = [name.upper(), f"  {name}", f"{name}\t", f"\u2003{name}\u00a0", kelvin, kelvin.title(), name]
    for number in range(OF_NAME.free):
        assert not try_sign_in(app, variants[number % len(variants)], address=f"198.51.100.{number}")
    assert all(try_sign_in(app, variant, address="203.0.113.5") == 1 for variant in variants)


def test_a_throttled_try_takes_no_hashing_slot_and_writes_nothing(
    app: SignInApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(OF_ADDRESS.free):
        try_sign_in(app)
    monkeypatch.setattr(app.entrance.strangers, "slot", None)
    monkeypatch.setattr(app.store, "write", None)
    assert try_sign_in(app) == 1


def test_known_addresses_survive_a_restart_and_are_shared_between_processes(tmp_path: Path) -> None:
    clock = ManualClock()
    with people.opened(tmp_path, "kim", clock=clock) as app:
        assert signs_in(app, HOME)
        with people.opened(tmp_path, clock=clock) as other:
            assert other.entrance.password_queue(HOME) is other.entrance.at_home
            assert other.entrance.password_queue(ATTACKER) is other.entrance.strangers
            assert signs_in(app, "203.0.113.9")
            try_sign_in(other)
            assert other.entrance.password_queue("203.0.113.9") is other.entrance.at_home
            clock.at += KNOWN_S + 1
            assert other.entrance.password_queue(HOME) is other.entrance.strangers


@pytest.mark.parametrize("waits", [False, True])
def test_known_and_unknown_names_cost_the_same_work(
    app: SignInApp, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    def work(name: str, address: str) -> list[str]:
        """Return the statements and the hash calls of one try right after a start."""
        done: list[str] = []
        passwords._nobodys.cache_clear()
        hasher = passwords._hasher
        with monkeypatch.context() as patch:
            patch.setattr(passwords, "_hasher", Mock(wraps=hasher))
            engine = app.store.database.pool
            listener = lambda _c, _s, statement, *_: done.append(statement.split("(")[0][:40])  # noqa: E731
            sa.event.listen(engine, "before_cursor_execute", listener)
            assert bool(try_sign_in(app, name, address)) is waits
            sa.event.remove(engine, "before_cursor_execute", listener)
            return done + [call[0] for call in passwords._hasher.mock_calls]  # type: ignore[attr-defined]

    assert signs_in(app)
    if waits:
        for number in range(OF_NAME.free):
            try_sign_in(app, "kim", f"203.0.113.{number}")
            try_sign_in(app, "nobody", f"203.0.113.1{number}")
    assert work("kim", "198.51.100.1") == work("nobody", "198.51.100.2")
