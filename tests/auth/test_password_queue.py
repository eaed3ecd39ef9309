"""A flood of strangers at the sign-in: bounded, and kept from whoever came in here before."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from mxlib.auth import passwords
from mxlib.auth.password_queue import PasswordQueue, QueueFull
from mxlib.auth.sign_in import ClientInfo, SignInRefused
from mxlib.auth.throttle import OF_NAME, TooManyAttempts
from tests.support import sign_in as people
from tests.support.sign_in import GOOD, SignInApp, sign_in
from tests.support.threaded_runs import until

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk
HOME = "192.0.2.7"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[SignInApp]:
    with people.opened(tmp_path, "kim") as opened:
        opened.entrance.sign_in_with_password("kim", GOOD, ClientInfo(HOME))
        yield opened


class Hashing:
    """Passwords of strangers take until they are let go of; `password` is one of theirs."""

    password = "of a stranger"

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go_on = threading.Event()
        self._holds = passwords.verify_password
        monkeypatch.setattr(passwords, "verify_password", self._slow)

    def _slow(self, password: str, kept: str | None) -> bool:
        if password == self.password:
            assert self.go_on.wait(10)
        return self._holds(password, kept)


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hashing]:
    made = Hashing(monkeypatch)
    yield made
    made.go_on.set()


def knock(app: SignInApp, number: int) -> str:
    """What a stranger hears, each at an address and under a name of their own."""
    try:
        app.entrance.sign_in_with_password(f"name{number}", Hashing.password, ClientInfo(f"198.51.100.{number}"))
    except (SignInRefused, QueueFull, TooManyAttempts) as error:
        return type(error).__name__
    return "came in"


def test_a_hundred_strangers_keep_nobody_waiting_who_came_in_from_here_before(app: SignInApp, hashing: Hashing) -> None:
    places = app.entrance.strangers.places
    with ThreadPoolExecutor(100) as strangers:
        heard = [strangers.submit(knock, app, number) for number in range(100)]
        until(lambda: sum(each.done() for each in heard) == 100 - places - 1)
        assert app.entrance.sign_in_with_password(
            "kim", GOOD, ClientInfo(HOME)
        )  # while a stranger's password is being hashed
        hashing.go_on.set()
        told = [each.result() for each in heard]
    assert sorted(set(told)) == ["QueueFull", "SignInRefused"]
    assert told.count("SignInRefused") == places + 1


def test_who_is_turned_away_was_not_counted_as_a_try(app: SignInApp, hashing: Hashing) -> None:
    with ThreadPoolExecutor(20) as strangers:
        waiting = [strangers.submit(knock, app, number) for number in range(app.entrance.strangers.places + 1)]
        until(lambda: app.entrance.strangers.waiting() == app.entrance.strangers.places)
        assert {knock(app, 99) for _ in range(50)} == {"QueueFull"}
        hashing.go_on.set()
        assert {each.result() for each in waiting} == {"SignInRefused"}
        assert knock(app, 99) == "SignInRefused"


def test_a_name_that_has_to_wait_takes_no_place(app: SignInApp, hashing: Hashing) -> None:
    for number in range(OF_NAME.free):
        with pytest.raises(SignInRefused):
            app.entrance.sign_in_with_password("kim", "wrong all over", ClientInfo(f"203.0.113.{number}"))
    with ThreadPoolExecutor(20) as strangers:
        waiting = [strangers.submit(knock, app, number) for number in range(app.entrance.strangers.places + 1)]
        until(lambda: app.entrance.strangers.waiting() == app.entrance.strangers.places)
        with pytest.raises(TooManyAttempts):
            app.entrance.sign_in_with_password("kim", GOOD, ClientInfo("203.0.113.99"))
        hashing.go_on.set()
        assert {each.result() for each in waiting} == {"SignInRefused"}


@pytest.mark.parametrize("name", ["kim", "nobody"])
def test_a_full_queue_is_said_in_one_sentence_with_when_to_come_again(
    app: SignInApp, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def full(_address: str, _refused: int) -> None:
        raise QueueFull

    monkeypatch.setattr(app.entrance.strangers, "_enter", full)
    answer = sign_in(app.browser(), name, GOOD)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "Too many sign-ins at once. Wait 5 s and try again." in answer.text


class Visits:
    """Threads that wait in a lane; `order` is who had a turn."""

    def __init__(self, lane: PasswordQueue) -> None:
        self.lane, self.order = lane, list[str]()
        self._threads = ThreadPoolExecutor(30)
        self._go_on = threading.Event()

    def come(self, address: str, refused: int = 0) -> "Future[bool]":
        before = self.lane.waiting()
        visit = self._threads.submit(self._visit, address, refused)
        until(lambda: visit.done() or self.lane.waiting() > before or self.order == [address])
        return visit

    def _visit(self, address: str, refused: int) -> bool:
        try:
            with self.lane.slot(address, refused):
                self.order.append(address)
                assert self._go_on.wait(10)
        except QueueFull:
            return False
        return True

    def end(self) -> None:
        self._go_on.set()
        self._threads.shutdown()


def test_who_was_refused_least_goes_first_and_who_was_refused_most_makes_room() -> None:
    visits = Visits(PasswordQueue(places=3, per_address=1))
    visits.come("now")
    guessers = [visits.come(f"guesser{refused}", refused) for refused in (3, 9, 5)]
    assert visits.come("as bad", 9).result() is False
    until(lambda: visits.lane.waiting() == 3)
    newcomer = visits._threads.submit(visits._visit, "newcomer", 0)
    until(guessers[1].done)
    visits.end()
    assert newcomer.result() is True
    assert [each.result() for each in guessers] == [True, False, True]
    assert visits.order == ["now", "newcomer", "guesser3", "guesser5"]


def test_who_was_turned_away_and_knocks_again_gives_way_to_somebody_new() -> None:
    lane = PasswordQueue(places=1, per_address=1)
    lane._enter("now", 0)
    lane._enter("first", 0)
    with pytest.raises(QueueFull):
        lane._enter("knocking", 0)
    lane._leave()
    knocking = lane._enter("knocking", 0)
    assert (lane.waiting(), knocking.turned_away) == (1, False)
    newcomer = lane._enter("newcomer", 0)
    assert (lane.waiting(), knocking.turned_away, newcomer.turned_away) == (1, True, False)


def test_one_address_holds_no_more_than_its_places() -> None:
    visits = Visits(PasswordQueue(places=10, per_address=2))
    first, second, third = (visits.come("one") for _ in range(3))
    other = visits.come("other")
    assert third.result() is False
    visits.end()
    assert [each.result() for each in (first, second, other)] == [True, True, True]
    assert visits.lane.waiting() == 0


def test_who_is_passed_by_others_for_too_long_is_turned_away() -> None:
    lane = PasswordQueue(places=1, per_address=1, patience=0.01)
    with lane.slot("now", 0), pytest.raises(QueueFull), lane.slot("other", 0):
        pass
    assert lane.waiting() == 0
    with lane.slot("other", 0):
        pass


def test_a_fault_while_hashing_gives_the_turn_back() -> None:
    lane = PasswordQueue(places=1, per_address=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), lane.slot("one", 0):
            raise ZeroDivisionError
