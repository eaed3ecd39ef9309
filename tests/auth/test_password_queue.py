"""Many unknown clients at the sign-in: limited, and no delay for known addresses."""

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
    """Hashing of `password` that takes until `go_on` is set."""

    password = "of a stranger"

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go_on = threading.Event()
        self._holds = passwords.verify_password
        monkeypatch.setattr(passwords, "verify_password", self._slow)

    def _slow(self, password: str, kept: str | None) -> bool:
        if password == self.password:
            assert self.go_on.wait(60)
        return self._holds(password, kept)


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hashing]:
    made = Hashing(monkeypatch)
    yield made
    made.go_on.set()


def try_sign_in(app: SignInApp, number: int) -> str:
    """Return the outcome of a sign-in by an unknown client with its own name and address."""
    try:
        app.entrance.sign_in_with_password(f"name{number}", Hashing.password, ClientInfo(f"198.51.100.{number}"))
    except (SignInRefused, QueueFull, TooManyAttempts) as error:
        return type(error).__name__
    return "came in"


def test_a_hundred_unknown_clients_do_not_delay_a_known_address(app: SignInApp, hashing: Hashing) -> None:
    places = app.entrance.strangers.places
    with ThreadPoolExecutor(100) as strangers:
        tries = [strangers.submit(try_sign_in, app, number) for number in range(100)]
        until(lambda: sum(each.done() for each in tries) == 100 - places - 1)
        assert app.entrance.sign_in_with_password(
            "kim", GOOD, ClientInfo(HOME)
        )  # while the password of an unknown client is hashed
        hashing.go_on.set()
        outcomes = [each.result() for each in tries]
    assert sorted(set(outcomes)) == ["QueueFull", "SignInRefused"]
    assert outcomes.count("SignInRefused") == places + 1


def test_a_sign_in_refused_by_the_queue_is_not_counted_as_a_try(app: SignInApp, hashing: Hashing) -> None:
    with ThreadPoolExecutor(20) as strangers:
        waiting = [strangers.submit(try_sign_in, app, number) for number in range(app.entrance.strangers.places + 1)]
        until(lambda: app.entrance.strangers.waiting() == app.entrance.strangers.places)
        assert {try_sign_in(app, 99) for _ in range(50)} == {"QueueFull"}
        hashing.go_on.set()
        assert {each.result() for each in waiting} == {"SignInRefused"}
        assert try_sign_in(app, 99) == "SignInRefused"


def test_a_throttled_name_takes_no_place_in_the_queue(app: SignInApp, hashing: Hashing) -> None:
    for number in range(OF_NAME.free):
        with pytest.raises(SignInRefused):
            app.entrance.sign_in_with_password("kim", "wrong all over", ClientInfo(f"203.0.113.{number}"))
    with ThreadPoolExecutor(20) as strangers:
        waiting = [strangers.submit(try_sign_in, app, number) for number in range(app.entrance.strangers.places + 1)]
        until(lambda: app.entrance.strangers.waiting() == app.entrance.strangers.places)
        with pytest.raises(TooManyAttempts):
            app.entrance.sign_in_with_password("kim", GOOD, ClientInfo("203.0.113.99"))
        hashing.go_on.set()
        assert {each.result() for each in waiting} == {"SignInRefused"}


@pytest.mark.parametrize("name", ["kim", "nobody"])
def test_a_full_queue_is_refused_with_one_sentence_and_retry_after(
    app: SignInApp, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def full(_address: str, _refused: int) -> None:
        raise QueueFull

    monkeypatch.setattr(app.entrance.strangers, "_enter", full)
    answer = sign_in(app.browser(), name, GOOD)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "Too many sign-ins at once. Wait 5 s and try again." in answer.text


class Visits:
    """Threads that wait in a queue; `order` has the addresses that got a slot."""

    def __init__(self, queue: PasswordQueue) -> None:
        self.queue, self.order = queue, list[str]()
        self._threads = ThreadPoolExecutor(30)
        self._go_on = threading.Event()

    def arrive(self, address: str, refused: int = 0) -> "Future[bool]":
        before = self.queue.waiting()
        visit = self._threads.submit(self._visit, address, refused)
        until(lambda: visit.done() or self.queue.waiting() > before or self.order == [address])
        return visit

    def _visit(self, address: str, refused: int) -> bool:
        try:
            with self.queue.slot(address, refused):
                self.order.append(address)
                assert self._go_on.wait(60)
        except QueueFull:
            return False
        return True

    def end(self) -> None:
        self._go_on.set()
        self._threads.shutdown()


def test_fewest_refusals_go_first_and_most_refusals_are_dropped() -> None:
    visits = Visits(PasswordQueue(places=3, per_address=1))
    visits.arrive("now")
    guessers = [visits.arrive(f"guesser{refused}", refused) for refused in (3, 9, 5)]
    assert visits.arrive("as bad", 9).result() is False
    until(lambda: visits.queue.waiting() == 3)
    newcomer = visits._threads.submit(visits._visit, "newcomer", 0)
    until(guessers[1].done)
    visits.end()
    assert newcomer.result() is True
    assert [each.result() for each in guessers] == [True, False, True]
    assert visits.order == ["now", "newcomer", "guesser3", "guesser5"]


def test_a_repeated_visitor_is_dropped_for_a_new_one() -> None:
    queue = PasswordQueue(places=1, per_address=1)
    queue._enter("now", 0)
    queue._enter("first", 0)
    with pytest.raises(QueueFull):
        queue._enter("knocking", 0)
    queue._leave()
    repeated = queue._enter("knocking", 0)
    assert (queue.waiting(), repeated.turned_away) == (1, False)
    newcomer = queue._enter("newcomer", 0)
    assert (queue.waiting(), repeated.turned_away, newcomer.turned_away) == (1, True, False)


def test_one_address_holds_only_its_share_of_places() -> None:
    visits = Visits(PasswordQueue(places=10, per_address=2))
    first, second, third = (visits.arrive("one") for _ in range(3))
    other = visits.arrive("other")
    assert third.result() is False
    visits.end()
    assert [each.result() for each in (first, second, other)] == [True, True, True]
    assert visits.queue.waiting() == 0


def test_waiting_too_long_in_the_queue_is_refused() -> None:
    queue = PasswordQueue(places=1, per_address=1, patience=0.01)
    with queue.slot("now", 0), pytest.raises(QueueFull), queue.slot("other", 0):
        pass
    assert queue.waiting() == 0
    with queue.slot("other", 0):
        pass


def test_an_error_while_hashing_frees_the_slot() -> None:
    queue = PasswordQueue(places=1, per_address=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), queue.slot("one", 0):
            raise ZeroDivisionError
