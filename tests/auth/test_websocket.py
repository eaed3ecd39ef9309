"""Live connections: redrawn when permissions change, and closed when the session ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth import websocket
from mxlib.auth.users import Users
from mxlib.auth.websocket import CLOSED
from mxlib.store import FILE, Store
from tests.support import sign_in as people
from tests.support.sign_in import BOSS, LIVE, ORIGIN, SignInApp, closed
from tests.support.threaded_runs import until

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk


@pytest.fixture
def app(tmp_path: Path) -> Iterator[SignInApp]:
    with people.opened(tmp_path, "boss") as opened:
        opened.add_user("kim", permissions={"a.nl": ["view"]})
        yield opened


def number(app: SignInApp) -> int:
    kim = app.users.find("kim")
    assert kim
    return kim.id


def test_changed_permissions_redraw_every_tab_of_that_user_at_once(app: SignInApp) -> None:
    kim, boss = app.signed_in(), app.signed_in("boss")
    with (
        kim.websocket_connect(f"{LIVE}?tell=tab", headers=ORIGIN) as one,
        kim.websocket_connect(f"{LIVE}?tell=tab", headers=ORIGIN) as two,
        boss.websocket_connect(LIVE, headers=ORIGIN) as other,
    ):
        assert other.receive_text() == "boss"
        tabs = {socket.receive_text() == "kim" and socket.receive_text() for socket in (one, two)}
        app.users.change(BOSS, number(app), permissions={"a.nl": ["view", "import"]})
        until(lambda: set(app.redrawn) == tabs)
        app.users.change(BOSS, number(app), admin=True)
        until(lambda: len(app.redrawn) == 4)
        one.send_text("still there")
        assert one.receive_text() == "still there"
    assert set(app.redrawn) == tabs


def test_unchanged_permissions_redraw_nothing(app: SignInApp) -> None:
    with app.signed_in().websocket_connect(LIVE, headers=ORIGIN) as socket:
        assert socket.receive_text() == "kim"
        app.users.change(BOSS, number(app), permissions={"a.nl": ["view"]})
        app.users.change(BOSS, number(app), permissions={"b.nl": ["view"]})
        until(lambda: bool(app.redrawn))
    assert len(app.redrawn) == 1


def test_a_busy_tab_is_redrawn_when_its_script_is_done(app: SignInApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "TRY_EVERY", 0.01)
    app.busy = True
    with app.signed_in().websocket_connect(LIVE, headers=ORIGIN) as socket:
        assert socket.receive_text() == "kim"
        app.users.change(BOSS, number(app), permissions={})
        until(lambda: len(app.redrawn) > 2)
        app.busy = False
        until(lambda: app.redrawn[-1:] == app.redrawn[:1] and not app.busy)
        seen = len(app.redrawn)
        app.users.change(BOSS, number(app), permissions={"a.nl": ["view"]})
        until(lambda: len(app.redrawn) > seen)


def test_changes_by_another_process_redraw_within_seconds(app: SignInApp) -> None:
    app.sessions.look_every = 0.02
    elsewhere = Users(Store.open(app.settings.data_dir / FILE, app.clock), app.clock)
    with app.signed_in().websocket_connect(LIVE, headers=ORIGIN) as socket:
        assert socket.receive_text() == "kim"
        elsewhere.change(BOSS, number(app), permissions={})
        until(lambda: bool(app.redrawn))


@pytest.mark.parametrize("how", ["disabled", "a new password"])
def test_disabling_or_a_new_password_closes_the_connection_at_once(app: SignInApp, how: str) -> None:
    with app.signed_in().websocket_connect(LIVE, headers=ORIGIN) as socket:
        assert socket.receive_text() == "kim"
        if how == "disabled":
            app.users.disable(BOSS, number(app))
        else:
            app.users.set_password(BOSS, number(app), "quite another password")
        assert closed(socket) == CLOSED
    assert not app.redrawn


def test_tab_and_session_headers_of_a_client_are_ignored(app: SignInApp) -> None:
    browser = app.signed_in()
    claims = {"X-Mx-Tab": "mine", "x-mx-session": "00"}
    with browser.websocket_connect(f"{LIVE}?tell=tab", headers={**ORIGIN, **claims}) as socket:
        assert socket.receive_text() == "kim"
        assert socket.receive_text() != "mine"
