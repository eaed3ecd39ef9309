"""Confirming who you are: which acts need it, which callers are exempt, and how it is done."""

from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

import pyotp
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from mxlib.auth.permissions import LOCAL, Caller, Forbidden, NotRecent, Permission
from mxlib.auth.second_factor import STEP_S
from mxlib.auth.sessions import RECENT_S, Session
from mxlib.auth.sign_in import ClientInfo
from mxlib.core.plans.changes import Deletion, LaterDeletion, NewPassword
from mxlib.sandbox.faults import Schedule
from mxlib.services.access import WayToConfirm
from mxlib.services.drafts import DraftContent
from mxlib.store import sessions
from mxlib.web import downloads
from tests.support import app as support
from tests.support import sign_in as people
from tests.support.app import App
from tests.support.sign_in import GOOD, ORIGIN, OTHER, PROVIDER, ManualClock, SignInApp
from tests.support.threaded_runs import until

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk
ADDRESS = "10.0.0.1"
MANY, FEW = 11, 10
NAMES = (f"user{number}" for number in count())


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Yield a server with the admin kim, and lee, who has a second factor."""
    with support.opened(tmp_path, **PROVIDER) as opened:
        opened.services.users.add(LOCAL, "kim", GOOD, admin=True)
        lee = opened.services.users.add(LOCAL, "lee", GOOD)
        factors, found = opened.services.authenticator.second_factors, opened.services.users.find("lee")
        assert found is not None
        secret = factors.enrollment(found, b"x").secret
        factors.enroll(found, b"x", pyotp.TOTP(secret).now(), ADDRESS)
        assert lee == found.id
        yield opened


def caller(app: App, kind: str, *, recent: bool) -> Caller:
    """Return kim, signed in by password or at the provider, or an admin's token."""
    if kind == "token":
        return app.services.tokens.caller(app.admin)
    session = signed_in(app, kind)
    if not recent:
        age(app, session)
    return app.services.authenticator.caller("kim", ADDRESS, session.known_as)


def signed_in(app: App, kind: str = "password") -> Session:
    authenticator, client = app.services.authenticator, ClientInfo(ADDRESS)
    kim = authenticator.users.find("kim")
    assert kim is not None
    begun = (
        authenticator.sign_in_with_password("kim", GOOD, client)
        if kind == "password"
        else authenticator.sign_in_with_provider(kim, client, signed_in_at=app.services.clock.now())
    )
    session = authenticator.sessions.find(begun)
    assert session is not None
    return session


def age(app: App, session: Session) -> None:
    with app.services.store.write() as tx:
        sessions.prove(tx, session.digest, app.services.clock.now() - RECENT_S - 1)


def imported(app: App, many: int) -> int:
    """Return the run that created so many mailboxes, none of which existed."""
    rows = [{"username": name, "domain": "a.nl", "password": support.GOOD} for name in islice(NAMES, many)]
    answer = app.ask("POST", "/imports", {"rows": rows})
    run = int(support.data(answer, 202)["id"])
    app.ended(run)
    return run


def addresses(app: App, run: int) -> list[str]:
    return [row.address for row, _ in app.services.runs.results(LOCAL, run)]


def lee(app: App) -> int:
    found = app.services.users.find("lee")
    assert found is not None
    return found.id


def deletes(app: App, by: Caller, many: int) -> None:
    proposed = app.services.changes.plan(by, addresses(app, imported(app, many)), Deletion())
    app.services.changes.carry_out(by, proposed, days=7, typed=str(many))


def deletes_later(app: App, by: Caller, many: int) -> None:
    change = LaterDeletion(app.services.clock.now() + 86_400)
    proposed = app.services.changes.plan(by, addresses(app, imported(app, many)), change)
    app.services.changes.carry_out(by, proposed, days=7, typed=str(many))


def undoes(app: App, by: Caller, many: int) -> None:
    app.services.undo.start(by, imported(app, many), many)


def disabled(app: App, *, admin: bool) -> int:
    """Return jo, who is disabled and has an account at the provider."""
    if found := app.services.users.find("jo"):
        return found.id
    number = app.services.users.add(LOCAL, "jo", OTHER, admin=admin)
    app.services.users.link(number, "https://id.example|jo")
    app.services.users.disable(LOCAL, number)
    return number


def draft(app: App, many: int) -> str:
    """Return a draft of so many rows with passwords."""
    lines = "".join(f"{name},{support.GOOD}\r\n" for name in islice(NAMES, many))
    batch = app.services.files.batch_from_file(f"username,password\r\n{lines}".encode(), "staff.csv", "a.nl")
    number = app.services.drafts.new()
    app.services.drafts.keep(LOCAL, number, DraftContent(batch))
    return number


Act = Callable[[App, Caller], object]

PEOPLE_AND_TOKENS: dict[str, Act] = {
    "add an admin": lambda app, by: app.services.access.add(by, "jo", OTHER, admin=True, given={}),
    "add a user with a password": lambda app, by: app.services.access.add_with_password(
        by, "jo", admin=False, given={}
    ),
    "make an admin": lambda app, by: app.services.access.allow(by, lee(app), admin=True, given={}),
    "make a token": lambda app, by: app.services.access.create_token(
        by, "ci", admin=False, given={"a.nl": [Permission.VIEW]}, days=1
    ),
    "set another's password": lambda app, by: app.services.access.new_password(by, lee(app)),
    "reset another's second factor": lambda app, by: app.services.access.reset_second_factor(by, lee(app)),
    "enable an admin": lambda app, by: app.services.access.enable(by, disabled(app, admin=True)),
    "forget the provider account of an admin": lambda app, by: app.services.access.unlink(
        by, disabled(app, admin=True)
    ),
}
RUNS: dict[str, Act] = {
    **{
        f"take {kind}": lambda app, by, kind=kind: app.services.exports.run_file(by, imported(app, 2), kind)
        for kind in (
            "results.csv",
            "results.zip",
            "failed.xlsx",
            "letters.pdf",
            "mail-merge.xlsx",
            "clients.zip",
            "bitwarden.csv",
            "1password.csv",
        )
    },
    "take the message for one person": lambda app, by: app.services.handover.message(by, imported(app, 1), 0),
    "take results as JSON": lambda app, by: app.services.runs.results(by, imported(app, 2)),
    "take a draft with 11 passwords": lambda app, by: app.services.drafts.file(by, draft(app, MANY), "csv"),
    "delete 11 mailboxes": lambda app, by: deletes(app, by, MANY),
    "delete 11 mailboxes later": lambda app, by: deletes_later(app, by, MANY),
    "undo that deletes 11 mailboxes": lambda app, by: undoes(app, by, MANY),
}
NEVER: dict[str, Act] = {
    "delete 10 mailboxes": lambda app, by: deletes(app, by, FEW),
    "delete 10 mailboxes later": lambda app, by: deletes_later(app, by, FEW),
    "undo that deletes 10 mailboxes": lambda app, by: undoes(app, by, FEW),
    "take a draft with 10 passwords": lambda app, by: app.services.drafts.file(by, draft(app, FEW), "csv"),
    "reset the password of one mailbox": lambda app, by: one_password(app, by),
    "take rights from a user": lambda app, by: app.services.access.allow(by, lee(app), admin=False, given={}),
    "add a user of the provider": lambda app, by: app.services.access.add(by, "jo", None, admin=False, given={}),
    "enable a user": lambda app, by: app.services.access.enable(by, disabled(app, admin=False)),
    "forget the provider account of a user": lambda app, by: app.services.access.unlink(by, disabled(app, admin=False)),
}


def one_password(app: App, by: Caller) -> None:
    proposed = app.services.changes.plan(by, addresses(app, imported(app, 1)), NewPassword())
    assert app.services.changes.carry_out(by, proposed, days=7).password


@pytest.mark.parametrize("kind", ["password", "provider"])
@pytest.mark.parametrize("act", [*PEOPLE_AND_TOKENS, *RUNS])
def test_a_person_confirms_who_they_are_before_these_acts(app: App, act: str, kind: str) -> None:
    do = (PEOPLE_AND_TOKENS | RUNS)[act]
    with pytest.raises(NotRecent):
        do(app, caller(app, kind, recent=False))
    assert "permission.refused" not in [what for what, _, _ in support.trail(app)]
    do(app, caller(app, kind, recent=True))


@pytest.mark.parametrize("kind", ["password", "provider"])
@pytest.mark.parametrize("act", NEVER)
def test_daily_work_needs_no_confirmation(app: App, act: str, kind: str) -> None:
    NEVER[act](app, caller(app, kind, recent=False))


@pytest.mark.parametrize("act", RUNS)
def test_a_token_never_confirms(app: App, act: str) -> None:
    RUNS[act](app, caller(app, "token", recent=False))


@pytest.mark.parametrize("act", PEOPLE_AND_TOKENS)
def test_a_token_may_not_do_the_rest_at_all(app: App, act: str) -> None:
    with pytest.raises(Forbidden) as refused:
        PEOPLE_AND_TOKENS[act](app, caller(app, "token", recent=False))
    assert not isinstance(refused.value, NotRecent)


def test_results_without_passwords_need_no_confirmation(app: App) -> None:
    run, by = imported(app, 2), caller(app, "password", recent=False)
    app.services.runs.handed_over(by, run)
    assert app.services.exports.run_file(by, run, "results.csv").content


@pytest.mark.parametrize(("many", "asked"), [(MANY, True), (FEW, False)])
def test_a_retry_needs_a_confirmation_by_the_deletions_that_are_left(app: App, many: int, asked: bool) -> None:
    proposed = app.services.changes.plan(LOCAL, addresses(app, imported(app, many)), Deletion())
    app.host.goes_wrong("unauthorized", count=None)
    run = app.services.changes.carry_out(LOCAL, proposed, days=7, typed=str(many)).run or 0
    until(lambda: app.services.runs.get(LOCAL, run).status == "paused")  # type: ignore[union-attr]
    app.services.runs.stop(LOCAL, run)
    app.ended(run)
    app.host.sandbox.schedule = Schedule()
    if asked:
        with pytest.raises(NotRecent):
            app.services.runs.retry(caller(app, "password", recent=False), run)
    else:
        assert app.services.runs.retry(caller(app, "password", recent=False), run) > run


def test_the_caller_of_an_open_page_confirms_again_after_fifteen_minutes(app: App) -> None:
    session = signed_in(app)
    by = app.services.authenticator.caller("kim", ADDRESS, session.known_as)
    app.services.access.new_password(by, lee(app))
    age(app, session)
    with pytest.raises(NotRecent):
        app.services.access.new_password(by, lee(app))


def test_the_link_of_a_draft_leads_through_the_confirmation(app: App) -> None:
    number, web = draft(app, MANY), TestClient(Starlette(routes=downloads.routes), follow_redirects=False)
    session = signed_in(app)
    age(app, session)
    headers = {"x-mx-user": "kim", "x-mx-session": session.known_as}
    page = web.get(f"/drafts/{number}.csv", headers={**headers, "accept": "text/html"})
    assert page.headers["location"] == f"/sign-in/confirm?next=%2Fdrafts%2F{number}.csv&back=%2Fimport"
    assert web.get(f"/drafts/{number}.csv", headers=headers).status_code == 403
    assert "draft.download" not in [what for what, _, _ in support.trail(app)]


# Confirming.


@pytest.fixture
def browsers(tmp_path: Path) -> Iterator[SignInApp]:
    with people.opened(tmp_path, "kim", clock=ManualClock()) as made:
        yield made


def confirm(browser: Any, password: str, code: str = "", wanted: str = "/page") -> Any:
    form = {"password": password, "code": code, "next": wanted}
    return browser.post("/sign-in/confirm", data=form, headers=ORIGIN)


def test_the_password_confirms_for_fifteen_minutes(browsers: SignInApp) -> None:
    browser = browsers.signed_in()
    session = browser.cookies["mxm-session"]

    def recent() -> bool:
        found = browsers.sessions.find(session)
        return found is not None and browsers.sessions.is_recent(found)

    assert recent(), "the sign-in is a proof"
    browsers.clock.at += RECENT_S + 1
    assert not recent()
    wrong = confirm(browser, "not the password")
    assert wrong.status_code == 401
    assert "The password is not right." in wrong.text
    assert not recent()
    assert confirm(browser, GOOD).headers["location"] == "/page"
    assert recent()
    browsers.clock.at += RECENT_S
    assert recent()
    browsers.clock.at += 1
    assert not recent()
    log = [entry[0] for entry in browsers.trail()]
    assert (log.count("identity.refused"), log.count("identity.confirm")) == (1, 1)


def test_who_has_a_second_factor_needs_the_code_as_well(browsers: SignInApp) -> None:
    factors, kim = browsers.entrance.second_factors, browsers.users.find("kim")
    assert kim is not None
    browser = browsers.signed_in()
    totp = pyotp.TOTP(factors.enrollment(kim, b"x").secret)
    factors.enroll(kim, b"x", totp.at(int(browsers.clock.at)), ADDRESS)
    browsers.clock.at += RECENT_S + STEP_S
    assert 'name="code"' in browser.get("/sign-in/confirm").text
    assert confirm(browser, GOOD).status_code == 401
    assert confirm(browser, GOOD, "000000").status_code == 401
    assert confirm(browser, GOOD, totp.at(int(browsers.clock.at))).status_code == 303


def test_guessing_the_password_of_a_confirmation_has_to_wait(browsers: SignInApp) -> None:
    browser = browsers.signed_in()
    browsers.clock.at += RECENT_S + 1
    assert [confirm(browser, f"guess number {number}").status_code for number in range(6)] == [401] * 5 + [429]


def test_a_confirmation_comes_only_from_a_page_of_this_server(browsers: SignInApp) -> None:
    browser = browsers.signed_in()
    browsers.clock.at += RECENT_S + 1
    for headers in ({}, {"Origin": "https://evil.example"}):
        assert browser.post("/sign-in/confirm", data={"password": GOOD}, headers=headers).status_code == 403


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "/sign-out", "/sign-in"])
def test_a_confirmation_leads_to_pages_of_this_server_only(browsers: SignInApp, wanted: str) -> None:
    browser = browsers.signed_in()
    browsers.clock.at += RECENT_S + 1
    assert confirm(browser, GOOD, wanted=wanted).headers["location"] == "/"


def test_without_a_session_a_confirmation_is_the_sign_in(browsers: SignInApp) -> None:
    assert browsers.browser().get("/sign-in/confirm?next=/page").headers["location"] == "/sign-in"
    assert confirm(browsers.browser(), GOOD).headers["location"] == "/sign-in"


def test_a_page_confirms_by_what_its_user_signed_in_with(app: App) -> None:
    access = app.services.access
    session = signed_in(app)
    age(app, session)
    assert access.way_to_confirm(session.known_as) is WayToConfirm.PASSWORD
    by = app.services.authenticator.caller("kim", ADDRESS, session.known_as)
    access.confirm(by, session.known_as, GOOD)
    access.new_password(by, lee(app))
    at_provider = signed_in(app, "provider")
    assert access.way_to_confirm(at_provider.known_as) is WayToConfirm.PROVIDER
