"""Lists that are suddenly empty: trusted only when they stay so, and corrected by the next good list."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import LOCAL
from mxlib.core.vocabulary import Outcome, RunStatus
from mxlib.mxroute import connection_errors
from mxlib.mxroute.errors import MXrouteError, Unauthorized
from mxlib.mxroute.protocol import Mailbox
from mxlib.runs import messages
from mxlib.sandbox.contract import shown
from mxlib.store import journal, mailbox_lists, run_passwords
from tests.support import app as support
from tests.support.app import App, data, refused
from tests.support.deletions import deletion, existing, there
from tests.support.simulation import Simulation, plan, rows
from tests.support.threaded_runs import ShiftedClock

A_DAY = 86_400.0


class Clock(ShiftedClock):
    """A clock that may be put ahead, and what has passed with it."""

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[App]:
    with support.opened(tmp_path, clock) as made:
        made.have("nina@a.nl", "tess@a.nl")
        yield made


def listed(app: App) -> list[str]:
    return list(app.services.lists.mailboxes(LOCAL, "a.nl", refresh=True).frame["username"])


def test_one_empty_list_of_a_domain_is_not_trusted(app: App) -> None:
    assert listed(app) == ["nina", "tess"]
    app.host.goes_wrong("empty_list", "list")
    listed_again = app.services.lists.mailboxes(LOCAL, "a.nl", refresh=True)
    assert messages.none_listed("a.nl") in listed_again.problem
    assert list(listed_again.frame["username"]) == ["nina", "tess"]
    assert listed(app) == ["nina", "tess"]


def test_a_domain_still_empty_a_minute_later_is_trusted(app: App, clock: Clock) -> None:
    assert listed(app) == ["nina", "tess"]
    app.host.goes_wrong("empty_list", "list", count=None)
    clock.ahead = 30.0
    assert listed(app) == ["nina", "tess"]
    clock.ahead = 59.0
    assert listed(app) == ["nina", "tess"]
    clock.ahead = 92.0
    assert listed(app) == []


def test_a_good_list_in_between_begins_the_minute_again(app: App, clock: Clock) -> None:
    listed(app)
    app.host.goes_wrong("empty_list", "list")
    listed(app)
    listed(app)
    clock.ahead = 300.0
    app.host.goes_wrong("empty_list", "list")
    assert listed(app) == ["nina", "tess"]


def test_an_empty_list_of_domains_is_read_again_too(app: App, clock: Clock) -> None:
    before = app.services.lists.domains(LOCAL, refresh=True).names
    app.host.goes_wrong("empty_list", "domains", count=None)
    listed_again = app.services.lists.domains(LOCAL, refresh=True)
    assert (listed_again.names, str(listed_again.problem)) == (before, messages.NO_DOMAINS)
    clock.ahead = 61.0
    assert app.services.lists.domains(LOCAL, refresh=True).names == ()


def test_a_list_empty_from_the_start_is_trusted_at_once(app: App) -> None:
    listed_again = app.services.lists.mailboxes(LOCAL, "b.nl", refresh=True)
    assert (len(listed_again.frame), listed_again.problem) == (0, "")


def test_mailboxes_are_not_new_again_after_a_false_empty_list() -> None:
    here = Simulation()
    existing(here, "user0", "user1", "user2")
    run = here.start(plan(deletion(0), deletion(1, usage=0.0)))
    here.engine.pause(run, "Lunch.")
    good = [Mailbox.from_data(shown(box, "a.nl")) for box in here.sandbox.account.domains["a.nl"].values()]
    for boxes in ([], good):
        here.clock.passed += 120
        with here.store.write() as tx:
            mailbox_lists.keep_mailboxes(tx, "a.nl", boxes, here.clock.now())
    here.engine.resume(run)
    here.run()
    assert here.outcomes(run) == ["deleted", "deleted"]
    assert there(here) == ["user2"]


class TestAStoppedRunThatIsNotSettled:
    def held(self, app: App) -> int:
        """A stopped run, one row of which may exist."""
        store = app.services.store
        with store.write() as tx:
            run = journal.add_run(
                tx, plan(*rows(2)), store.key, operator="ops", status=RunStatus.STOPPED, at=1_000.0, retention_days=1
            )
            journal.set_row(tx, run, 0, outcome=Outcome.SETTLING, unanswered=True)
            journal.set_row(tx, run, 1, outcome=Outcome.CREATED)
            journal.set_run(tx, run, finished_at=1_000.0, passwords_until=1_000.0 + A_DAY)
        return run

    def test_it_can_be_neither_handed_over_nor_undone(self, app: App) -> None:
        run = self.held(app)
        listed_again = messages.not_settled(1)
        refused(app.ask("POST", f"/imports/{run}/handed-over"), 409, listed_again)
        refused(app.ask("GET", f"/imports/{run}/undo"), 409, listed_again)

    def test_its_passwords_are_kept_beyond_retention_until_it_is_read_back(self, app: App) -> None:
        run = self.held(app)
        with app.services.store.write() as tx:
            assert run not in run_passwords.due(tx, 1_000.0 + 9 * A_DAY)
            journal.set_row(tx, run, 0, outcome=Outcome.CREATED)
            assert run in run_passwords.due(tx, 1_000.0 + 9 * A_DAY)

    def test_it_can_be_handed_over_once_it_is_read_back(self, app: App) -> None:
        run = self.held(app)
        with app.services.store.write() as tx:
            journal.set_row(tx, run, 0, outcome=Outcome.CREATED)
        data(app.ask("POST", f"/imports/{run}/handed-over"))


def test_a_corrected_key_is_seen_within_seconds_though_a_silent_host_is_left_alone(
    app: App, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = app.host.send
    for error, seconds in ((Unauthorized("UNAUTHORIZED", "", status=401), 5), (connection_errors.late(30.0), 60)):
        monkeypatch.setattr(app.host, "send", _raising(error))
        assert str(error) in app.services.lists.mailboxes(LOCAL, "b.nl").problem
        monkeypatch.setattr(app.host, "send", send)
        clock.ahead += seconds - 1
        assert str(error) in app.services.lists.mailboxes(LOCAL, "b.nl").problem
        clock.ahead += 2
        assert app.services.lists.mailboxes(LOCAL, "b.nl").problem == ""
        clock.ahead += 301


def _raising(error: MXrouteError) -> Callable[..., None]:
    def send(*_request: object, **_how: object) -> None:
        raise error

    return send
