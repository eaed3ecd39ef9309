"""Passwords that another person made: replaced at the first use, and of no use after seven days."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from mxlib.auth.passwords import TEMPORARY_DAYS, InvalidPassword
from mxlib.auth.permissions import LOCAL, Caller
from mxlib.auth.sign_in_steps import PENDING_S
from mxlib.core.vocabulary import CallerKind
from tests.support import sign_in as people
from tests.support.sign_in import BOSS, GOOD, ORIGIN, OTHER, SignInApp, sign_in

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk

HTML = {"Accept": "text/html,*/*"}
NEW = "lantern under seven hills"
DAYS = 86_400.0


@pytest.fixture
def jo(app: SignInApp) -> int:
    """Add jo, whose password an admin made."""
    return app.users.add(BOSS, "jo", GOOD, permissions={"a.nl": ["view"]})


def choose(browser: TestClient, new: str, again: str | None = None) -> Any:
    """Send the form for a new password."""
    form = {"step": "new password", "new": new, "again": new if again is None else again, "next": "/runs"}
    return browser.post("/sign-in/step", data=form, headers=ORIGIN)


def sentence(answer: Any) -> str:
    found = re.search('role="alert">([^<]*)<', answer.text)
    return found[1] if found else ""


@pytest.mark.usefixtures("jo")
def test_a_password_that_an_admin_made_is_replaced_at_its_first_use(app: SignInApp) -> None:
    browser = app.browser()
    assert sign_in(browser, "jo", GOOD, "/runs").headers["location"] == "/sign-in/step?next=%2Fruns"
    page = browser.get("/sign-in/step", headers=HTML).text
    assert "<h1>Choose your password</h1>" in page
    assert "Another person made your password." in page
    assert browser.get("/seen").status_code == 401
    answer = choose(browser, NEW)
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs")
    assert browser.get("/seen").json()["x-mx-user"] == "jo"
    assert app.signed_in("jo", NEW).get("/seen").status_code == 200
    assert sign_in(app.browser(), "jo", GOOD).status_code == 401
    assert app.trail()[-4:-2] == [("password.set", "jo", "jo", ""), ("sign_in", "jo", "jo", "by password")]


@pytest.mark.usefixtures("jo")
@pytest.mark.parametrize(
    ("new", "again", "message"),
    [
        (NEW, OTHER, "The two passwords differ."),
        (GOOD, None, "This is the password that you were given. Choose another."),
        ("Summer2026!!", None, "The password is easy to guess: it holds a common password"),
        ("short", None, "The password has 5 characters; 12 are needed."),
        ("", None, "The password has 0 characters"),
    ],
)
def test_an_invalid_new_password_is_refused_and_opens_nothing(
    app: SignInApp, new: str, again: str | None, message: str
) -> None:
    browser = app.browser()
    sign_in(browser, "jo", GOOD)
    answer = choose(browser, new, again)
    assert answer.status_code == 400
    assert sentence(answer).startswith(message)
    assert browser.get("/seen").status_code == 401
    assert choose(browser, NEW).status_code == 303


@pytest.mark.usefixtures("jo")
def test_the_new_password_ends_every_other_sign_in_of_that_user(app: SignInApp) -> None:
    browser, other = app.browser(), app.browser()
    for each in (browser, other):
        sign_in(each, "jo", GOOD)
    assert choose(browser, NEW).status_code == 303
    assert choose(other, OTHER).status_code == 401
    assert app.users.verify("jo", NEW)


def test_a_pending_sign_in_cannot_replace_a_password_that_changed_meanwhile(app: SignInApp, jo: int) -> None:
    user = app.users.find("jo")
    assert user
    app.clock.at += 1.0
    app.users.set_password(BOSS, jo, OTHER)
    with pytest.raises(InvalidPassword, match="changed meanwhile"):
        app.users.replace_temporary_password(user, NEW, "127.0.0.1", keep=b"")
    assert app.users.verify("jo", OTHER)


@pytest.mark.usefixtures("jo")
def test_a_password_that_an_admin_made_ends_after_seven_days_and_the_page_says_who_helps(app: SignInApp) -> None:
    app.clock.at += TEMPORARY_DAYS * DAYS - 1.0
    assert sign_in(app.browser(), "jo", GOOD).status_code == 303
    app.clock.at += 1.0
    answer = sign_in(app.browser(), "jo", GOOD)
    assert answer.status_code == 401
    assert sentence(answer).startswith("This password ended on ")
    assert "within 7 days. Ask an admin for a new one." in sentence(answer)
    assert sentence(sign_in(app.browser(), "jo", OTHER)) == "The name or the password is not right."
    assert ("sign_in.refused", "jo", "jo", "password ended") in app.trail()


def test_another_password_of_an_admin_lasts_seven_days_again(app: SignInApp, jo: int) -> None:
    app.clock.at += 8 * DAYS
    app.users.set_password(BOSS, jo, OTHER)
    browser = app.browser()
    sign_in(browser, "jo", OTHER)
    assert choose(browser, NEW).status_code == 303
    app.clock.at += 800 * DAYS
    assert app.signed_in("jo", NEW)


def test_a_sign_in_that_takes_too_long_changes_nothing(app: SignInApp, jo: int) -> None:
    browser = app.browser()
    sign_in(browser, "jo", GOOD)
    app.clock.at += PENDING_S + 1.0
    assert choose(browser, NEW).status_code == 401
    app.users.disable(BOSS, jo)
    assert not app.users.verify("jo", NEW)


@pytest.mark.parametrize(
    ("by", "lasting"),
    [
        (BOSS, False),
        (Caller("root (script/mxm)", admin=True), False),
        (LOCAL, False),
        (Caller("MXM", admin=True, kind=CallerKind.ENGINE), True),
    ],
    ids=["an admin", "the command line", "the local operator", "the environment"],
)
def test_only_owners_make_lasting_passwords(app: SignInApp, by: Caller, lasting: bool) -> None:
    app.users.add(by, "new", GOOD)
    user = app.users.find("new")
    assert user
    assert (user.password_ends_at is None) == lasting


def test_the_first_user_makes_their_own_password(app: SignInApp) -> None:
    user = app.users.find("kim")
    assert user
    assert user.password_ends_at is None


def test_changing_ones_own_password_makes_it_last(app: SignInApp, jo: int) -> None:
    app.users.change_own_password(Caller("jo"), GOOD, OTHER)
    user = app.users.find("jo")
    assert user
    assert user.id == jo
    assert user.password_ends_at is None
