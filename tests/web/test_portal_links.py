"""The public pages over the real links and the sandbox: what the host has after each answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from mxlib import services
from mxlib.auth.middleware import AccessMiddleware
from mxlib.web import portal
from tests.support import app as support
from tests.support.app import App
from tests.support.links import NEW, LinkDesk

HERE = "http://127.0.0.1:8501"
PRIVATE = "nina@mail.example"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with support.opened(tmp_path) as opened:
        services.install(opened.services)
        yield opened
        services.install(None)


@pytest.fixture
def desk(app: App) -> LinkDesk:
    return LinkDesk(app)


@pytest.fixture
def browser(app: App) -> TestClient:
    middleware = Middleware(
        AccessMiddleware,
        settings=app.services.settings,
        authenticator=lambda: app.services.authenticator,
        portal=portal.app,
    )
    return TestClient(Starlette(middleware=[middleware]), base_url=HERE, headers={"Origin": HERE})


def mailed(desk: LinkDesk) -> str:
    """Return the path of the link that nina was mailed."""
    desk.have(nina=PRIVATE)
    desk.start("nina@a.nl")
    desk.send()
    return f"/password/{desk.token(PRIVATE)}"


def typed(password: str = NEW) -> dict[str, str]:
    return {"password": password, "password_again": password}


def test_a_password_is_at_the_host_once_the_page_says_so(app: App, desk: LinkDesk, browser: TestClient) -> None:
    path = mailed(desk)
    assert browser.head(path).status_code == browser.get(path).status_code == 200
    answer = browser.post(path, data=typed())
    assert (answer.status_code, answer.url.path) == (200, path)
    assert "Your password is set" in answer.text
    assert desk.password("nina@a.nl") == NEW
    assert "Your password is set" in browser.post(path, data=typed("Winter.in.Gent.10")).text
    assert desk.password("nina@a.nl") == NEW


def test_while_the_host_is_silent_or_busy_the_link_lives(app: App, desk: LinkDesk, browser: TestClient) -> None:
    path = mailed(desk)
    before = desk.password("nina@a.nl")
    app.host.busy = 1_000.0
    assert browser.post(path, data=typed()).status_code == 503
    app.host.busy, app.host.down = 0.0, True
    down = browser.post(path, data=typed())
    assert down.status_code == 503
    assert "The mail server cannot be reached" in down.text
    assert desk.password("nina@a.nl") == before
    app.host.down = False
    assert "Your password is set" in browser.post(path, data=typed()).text
    assert desk.password("nina@a.nl") == NEW


def test_a_password_of_names_never_reaches_the_host(app: App, desk: LinkDesk, browser: TestClient) -> None:
    path, writes = mailed(desk), app.host.writes()
    answer = browser.post(path, data=typed("Nina.2026-a.nl"))
    assert answer.status_code == 400
    assert app.host.writes() == writes


def test_a_reset_is_refused_for_all_until_an_admin_turns_it_on(app: App, browser: TestClient) -> None:
    assert "Passwords cannot be reset on this page." in browser.get("/reset").text
