"""Pending sign-ins: no session before the last step, and no rights meanwhile."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

from mxlib.auth.sign_in import PENDING_ENDED
from mxlib.auth.sign_in_steps import PENDING_S, PendingSignIn, StepForm, StepRefused
from mxlib.store import Tx, sessions
from mxlib.store.users import UserRecord
from tests.support import sign_in as people
from tests.support.sign_in import BOSS, GOOD, LIVE, ORIGIN, OTHER, SignInApp, sign_in

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk
PENDING, SESSION = "mxm-pending", "mxm-session"


class Riddle:
    """A step that is passed by typing one word."""

    def __init__(self, name: str, word: str) -> None:
        self.name, self._word = name, word

    def is_needed(self, _tx: Tx, _user: UserRecord, passed: Sequence[str]) -> bool:
        return self.name not in passed

    def form(self, pending: PendingSignIn) -> StepForm:
        return StepForm(f"The {self.name} of {pending.user.name}", '<input name="word"><button>Go on</button>')

    def take(self, _pending: PendingSignIn, given: Mapping[str, str], _address: str) -> None:
        if given.get("word") != self._word:
            raise StepRefused(f"This is not the {self.name}.")


@pytest.fixture
def stepped(app: SignInApp) -> SignInApp:
    app.entrance.pending.steps[:] = [Riddle("riddle", "red"), Riddle("oath", "blue")]
    return app


def take(browser: TestClient, step: str, word: str, wanted: str = "/", **headers: str) -> Any:
    """Send the form of a step."""
    form = {"step": step, "word": word, "next": wanted}
    return browser.post("/sign-in/step", data=form, headers=ORIGIN | headers)


def title(answer: Any) -> str:
    found = re.search("<h1>([^<]*)</h1>", answer.text)
    return found[1] if found else ""


def test_the_right_password_leads_to_the_first_step_and_opens_nothing(stepped: SignInApp) -> None:
    browser = stepped.browser()
    answer = sign_in(browser, "kim", GOOD, "/runs?run=3")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in/step?next=%2Fruns%3Frun%3D3")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{PENDING}=")
    assert {"HttpOnly", "SameSite=strict", "Max-Age=600"} <= set(cookie.split("; "))
    assert SESSION not in browser.cookies
    assert browser.get("/page").status_code == 401
    with pytest.raises(WebSocketDenialResponse), browser.websocket_connect(LIVE):
        pass
    assert [entry[0] for entry in stepped.trail() if entry[0].startswith("sign_in")] == []
    assert title(browser.get("/sign-in/step")) == "The riddle of kim"


def test_the_id_of_a_pending_sign_in_is_no_session_and_is_not_stored(stepped: SignInApp) -> None:
    browser = stepped.browser()
    sign_in(browser, "kim", GOOD)
    pending_id = browser.cookies[PENDING]
    assert pending_id.encode() not in stepped.kept()
    browser.cookies.set(SESSION, pending_id)
    assert browser.get("/page").status_code == 401


def test_the_session_begins_after_the_last_step(stepped: SignInApp) -> None:
    browser = stepped.browser()
    sign_in(browser, "kim", GOOD, "/page")
    first = take(browser, "riddle", "red", "/page")
    assert (first.status_code, first.headers["location"]) == (303, "/sign-in/step?next=%2Fpage")
    assert SESSION not in browser.cookies
    last = take(browser, "oath", "blue", "/page")
    assert (last.status_code, last.headers["location"]) == (303, "/page")
    assert last.headers["cache-control"] == "no-store"
    assert PENDING not in browser.cookies
    assert browser.get("/page").status_code == 200
    assert stepped.trail()[-1] == ("sign_in", "kim", "kim", "by password")


def test_a_wrong_answer_and_the_form_of_another_step_pass_nothing(stepped: SignInApp) -> None:
    browser = stepped.browser()
    sign_in(browser, "kim", GOOD)
    wrong = take(browser, "riddle", "green")
    assert wrong.status_code == 400
    assert "This is not the riddle." in wrong.text
    take(browser, "oath", "blue")
    assert title(browser.get("/sign-in/step")) == "The riddle of kim"
    assert SESSION not in browser.cookies


def test_a_pending_sign_in_ends_after_ten_minutes(stepped: SignInApp) -> None:
    browser = stepped.browser()
    sign_in(browser, "kim", GOOD)
    stepped.clock.at += PENDING_S + 1
    answer = take(browser, "riddle", "red")
    assert answer.status_code == 401
    assert PENDING_ENDED in answer.text


@pytest.mark.parametrize("act", ["password", "disable", "sign out"])
def test_what_ends_the_sessions_of_a_user_ends_a_pending_sign_in(stepped: SignInApp, act: str) -> None:
    stepped.users.add(BOSS, "lee", OTHER, admin=True)
    kim = stepped.users.find("kim")
    assert kim is not None
    browser = stepped.browser()
    sign_in(browser, "kim", GOOD)
    if act == "password":
        stepped.users.set_password(BOSS, kim.id, OTHER)
    elif act == "disable":
        stepped.users.disable(BOSS, kim.id)
    else:
        with stepped.store.write() as tx:
            sessions.end_all(tx, kim.id)
    assert take(browser, "riddle", "red").status_code == 401


def test_a_step_is_taken_only_from_a_page_of_this_server(stepped: SignInApp) -> None:
    browser = stepped.browser()
    sign_in(browser, "kim", GOOD)
    form = {"step": "riddle", "word": "red"}
    assert browser.post("/sign-in/step", data=form).status_code == 403
    assert browser.post("/sign-in/step", data=form, headers={"Origin": "https://evil.example"}).status_code == 403
    assert title(browser.get("/sign-in/step")) == "The riddle of kim"


def test_without_a_pending_sign_in_the_step_shows_the_sign_in_page(stepped: SignInApp) -> None:
    answer = stepped.browser().get("/sign-in/step?next=/page")
    assert answer.status_code == 401
    assert title(answer) == "Sign in to MXM"
    assert 'name="next" value="/page"' in answer.text
    assert take(stepped.browser(), "riddle", "red").status_code == 401


def test_the_same_last_step_sent_twice_begins_one_session(stepped: SignInApp) -> None:
    stepped.entrance.pending.steps.pop()
    browser = stepped.browser()
    sign_in(browser, "kim", GOOD)
    copy = stepped.browser()
    copy.cookies.set(PENDING, browser.cookies[PENDING])
    assert take(browser, "riddle", "red").status_code == 303
    assert take(copy, "riddle", "red").status_code == 401
    assert SESSION not in copy.cookies


def test_a_step_sent_twice_leads_to_the_next_one(stepped: SignInApp) -> None:
    browser = stepped.browser()
    sign_in(browser, "kim", GOOD)
    for _ in range(2):
        assert take(browser, "riddle", "red").headers["location"] == "/sign-in/step"
    assert title(browser.get("/sign-in/step")) == "The oath of kim"


def test_another_sign_in_replaces_the_session_of_the_browser(stepped: SignInApp) -> None:
    stepped.entrance.pending.steps.clear()
    browser = stepped.signed_in()
    before = browser.cookies[SESSION]
    stepped.entrance.pending.steps.append(Riddle("riddle", "red"))
    sign_in(browser, "kim", GOOD)
    assert stepped.sessions.find(before), "the last one stays until the new sign-in is complete"
    take(browser, "riddle", "red")
    assert stepped.sessions.find(before) is None
    assert stepped.sessions.find(browser.cookies[SESSION])
