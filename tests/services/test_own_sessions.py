"""One's own sessions: listed, ended one by one or all but this one, and those of nobody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth.permissions import Caller, Forbidden
from mxlib.auth.sign_in import ClientInfo
from mxlib.auth.tokens import digest
from mxlib.core.vocabulary import CallerKind
from mxlib.services.own_sessions import OwnSessions
from tests.support import sign_in as people
from tests.support.sign_in import GOOD, SignInApp

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk

KIM, JO = Caller("kim", admin=True), Caller("jo")
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[SignInApp]:
    with people.opened(tmp_path, "kim", "jo") as made:
        yield made


@pytest.fixture
def own(app: SignInApp) -> OwnSessions:
    return OwnSessions(app.store, app.clock, app.users, app.sessions)


def start(app: SignInApp, name: str, address: str = "10.0.0.1", agent: str = "") -> str:
    """Sign in; return the name of the session."""
    return digest(app.entrance.sign_in_with_password(name, GOOD, ClientInfo(address, agent))).hex()


def alive(app: SignInApp, *names: str) -> list[bool]:
    return [app.sessions.named(name) is not None for name in names]


def test_ones_own_sessions_are_listed_with_this_one_first(app: SignInApp, own: OwnSessions) -> None:
    start(app, "jo")
    here = start(app, "kim", "10.0.0.1", FIREFOX)
    app.clock.at += 3600.0
    there = start(app, "kim", "203.0.113.9")
    listed = own.list_all(KIM, here)
    assert [each.name for each in listed] == [here, there]
    assert [(each.browser, each.address, each.used_at, each.here) for each in listed] == [
        ("Firefox on Windows", "10.0.0.1", app.clock.at - 3600.0, True),
        ("Unknown browser", "203.0.113.9", app.clock.at, False),
    ]
    assert here not in repr(listed)


def test_sessions_that_are_over_are_not_listed(app: SignInApp, own: OwnSessions) -> None:
    start(app, "kim")
    app.clock.at += app.settings.session_idle_hours * 3600.0 + 1.0
    here = start(app, "kim")
    assert [each.name for each in own.list_all(KIM, here)] == [here]


def test_one_session_is_ended_and_recorded(app: SignInApp, own: OwnSessions) -> None:
    here, there, third = (start(app, "kim", agent=FIREFOX) for _ in range(3))
    own.sign_out(KIM, there)
    assert alive(app, here, there, third) == [True, False, True]
    assert app.trail()[-1] == ("sign_out.elsewhere", "kim", "kim", "Firefox on Windows")


def test_all_others_are_ended_and_recorded_once(app: SignInApp, own: OwnSessions) -> None:
    here, there, third, jos = (start(app, name) for name in ("kim", "kim", "kim", "jo"))
    own.sign_out_elsewhere(KIM, here)
    assert alive(app, here, there, third, jos) == [True, False, False, True]
    assert app.trail()[-1] == ("sign_out.elsewhere", "kim", "kim", "2 browsers")
    before = app.trail()
    own.sign_out_elsewhere(KIM, here)
    assert app.trail() == before


@pytest.mark.parametrize("name", ["", "00", "no digest"])
def test_the_session_of_another_user_or_of_nobody_is_not_ended(app: SignInApp, own: OwnSessions, name: str) -> None:
    kims = start(app, "kim")
    before = app.trail()
    for session in (name, kims):
        own.sign_out(JO, session)
    assert alive(app, kims) == [True]
    assert app.trail() == before


@pytest.mark.parametrize(
    "caller", [Caller("kim", admin=True, kind=CallerKind.TOKEN), Caller("operator", admin=True)], ids=["token", "local"]
)
def test_a_caller_who_is_not_signed_in_has_no_sessions(own: OwnSessions, caller: Caller) -> None:
    with pytest.raises(Forbidden):
        own.list_all(caller, "")
    with pytest.raises(Forbidden):
        own.sign_out_elsewhere(caller, "")


def test_a_session_knows_the_sign_in_before_it_and_the_refused_ones_since(app: SignInApp, own: OwnSessions) -> None:
    first = start(app, "kim", "10.0.0.7")
    assert own.sign_in_before(KIM, first) is None
    at = app.clock.at
    app.clock.at += 60.0
    for _ in range(2):
        people.sign_in(app.browser(), "Kim ", "wrong all over")
    people.sign_in(app.browser(), "nobody", "wrong all over")
    people.sign_in(app.browser(), "jo", "wrong all over")
    second = start(app, "kim", "10.0.0.8")
    third = start(app, "kim", "10.0.0.9")
    before = own.sign_in_before(KIM, second)
    assert before
    assert (before.at, before.address, before.refused) == (at, "10.0.0.7", 2)
    latest = own.sign_in_before(KIM, third)
    assert latest
    assert (latest.address, latest.refused) == ("10.0.0.8", 0)
    assert own.sign_in_before(JO, third) is None
    assert own.sign_in_before(KIM, "") is None
