"""Live connections: drawn again as soon as their user may do something else, and closed when their session is over."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.auth import websocket
from mxlib.auth.users import Users
from mxlib.auth.websocket import CLOSED
from mxlib.store import FILE, Store
from tests.support import sign_in as people
from tests.support.sign_in import BOSS, GOOD, LIVE, ORIGIN, House, closed
from tests.support.threaded_runs import until

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with people.house(tmp_path, "boss") as opened:
        opened.users.add(BOSS, "kim", GOOD, permissions={"a.nl": ["view"]})
        yield opened


def number(house: House) -> int:
    kim = house.users.find("kim")
    assert kim
    return kim.id


def test_other_permissions_draw_each_tab_of_that_person_again_at_once(house: House) -> None:
    kim, boss = house.signed_in(), house.signed_in("boss")
    with (
        kim.websocket_connect(f"{LIVE}?tell=tab", headers=ORIGIN) as one,
        kim.websocket_connect(f"{LIVE}?tell=tab", headers=ORIGIN) as two,
        boss.websocket_connect(LIVE, headers=ORIGIN) as other,
    ):
        assert other.receive_text() == "boss"
        tabs = {socket.receive_text() == "kim" and socket.receive_text() for socket in (one, two)}
        house.users.change(BOSS, number(house), permissions={"a.nl": ["view", "import"]})
        until(lambda: set(house.redrawn) == tabs)
        house.users.change(BOSS, number(house), admin=True)
        until(lambda: len(house.redrawn) == 4)
        one.send_text("still there")
        assert one.receive_text() == "still there"
    assert set(house.redrawn) == tabs


def test_the_same_permissions_once_more_draw_nothing(house: House) -> None:
    with house.signed_in().websocket_connect(LIVE, headers=ORIGIN) as socket:
        assert socket.receive_text() == "kim"
        house.users.change(BOSS, number(house), permissions={"a.nl": ["view"]})
        house.users.change(BOSS, number(house), permissions={"b.nl": ["view"]})
        until(lambda: bool(house.redrawn))
    assert len(house.redrawn) == 1


def test_a_tab_whose_script_runs_is_drawn_when_that_is_done(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "TRY_EVERY", 0.01)
    house.busy = True
    with house.signed_in().websocket_connect(LIVE, headers=ORIGIN) as socket:
        assert socket.receive_text() == "kim"
        house.users.change(BOSS, number(house), permissions={})
        until(lambda: len(house.redrawn) > 2)
        house.busy = False
        until(lambda: house.redrawn[-1:] == house.redrawn[:1] and not house.busy)
        seen = len(house.redrawn)
        house.users.change(BOSS, number(house), permissions={"a.nl": ["view"]})
        until(lambda: len(house.redrawn) > seen)


def test_what_another_process_changes_is_seen_within_seconds(house: House) -> None:
    house.sessions.look_every = 0.02
    elsewhere = Users(Store.open(house.settings.data_dir / FILE, house.clock), house.clock)
    with house.signed_in().websocket_connect(LIVE, headers=ORIGIN) as socket:
        assert socket.receive_text() == "kim"
        elsewhere.change(BOSS, number(house), permissions={})
        until(lambda: bool(house.redrawn))


@pytest.mark.parametrize("how", ["disabled", "a new password"])
def test_who_is_disabled_or_gets_a_new_password_is_sent_to_the_sign_in_at_once(house: House, how: str) -> None:
    with house.signed_in().websocket_connect(LIVE, headers=ORIGIN) as socket:
        assert socket.receive_text() == "kim"
        if how == "disabled":
            house.users.disable(BOSS, number(house))
        else:
            house.users.set_password(BOSS, number(house), "quite another password")
        assert closed(socket) == CLOSED
    assert not house.redrawn


def test_nobody_names_their_tab_or_session_themselves(house: House) -> None:
    browser = house.signed_in()
    claims = {"X-Mx-Tab": "mine", "x-mx-session": "00"}
    with browser.websocket_connect(f"{LIVE}?tell=tab", headers={**ORIGIN, **claims}) as socket:
        assert socket.receive_text() == "kim"
        assert socket.receive_text() != "mine"
