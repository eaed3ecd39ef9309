"""Sign-in with OpenID Connect, against a real provider process and through the real middleware."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from mxlib.auth import oidc_client, sign_in_pages
from mxlib.auth.middleware import AccessMiddleware
from mxlib.auth.oidc_routes import COOKIE
from mxlib.auth.permissions import LOCAL
from mxlib.auth.sessions import Session, Sessions
from mxlib.auth.sign_in import Authenticator, ClientInfo
from mxlib.auth.users import Users
from mxlib.settings import Settings, SettingsError
from mxlib.store import FILE, Store, sessions
from tests.support.audit_entries import audit_entries
from tests.support.oidc_provider import CLIENT, SECRET, Provider, one_provider, provider
from tests.support.threaded_runs import ShiftedClock

__all__ = ["one_provider", "provider"]

HERE = "http://127.0.0.1:8501"
RETURN = HERE + sign_in_pages.RETURN
ANN = "ann@agency.example"
WITHOUT_SCRIPT = {"Accept": "text/html"}


async def _who(request: Request) -> Response:
    return JSONResponse({"user": request.headers.get("x-mx-user")})


class App:
    """A server behind the access middleware whose users sign in at the provider."""

    def __init__(self, store: Store, provider: Provider, **settings: Any) -> None:
        self.store, self.provider = store, provider
        self.settings = Settings(**{**provider.settings, **settings})
        opened = Sessions(store, store.clock, self.settings)
        self.users = Users(store, store.clock, provider=True, woken=opened.wake)
        self.authenticator = Authenticator(store, store.clock, self.settings, self.users, opened, sandbox=True)
        provider.configure(redirects=[RETURN])

    def browser(self, address: str = HERE) -> "Browser":
        """Return a browser without cookies."""
        asgi = Starlette(
            routes=[Route("/{path:path}", _who)],
            middleware=[Middleware(AccessMiddleware, settings=self.settings, authenticator=lambda: self.authenticator)],
        )
        return Browser(TestClient(asgi, base_url=address, follow_redirects=False), self.provider)

    def audit_entries(self) -> list[tuple[str, str, str]]:
        """Return action, target and outcome of every audit entry, oldest first."""
        with self.store.read() as tx:
            return [(e["what"], e["on"], e["outcome"]) for e in reversed(audit_entries(tx))]

    def subject(self, name: str = ANN) -> str | None:
        user = self.users.find(name)
        return user.subject if user else None


class Browser:
    """A browser on the server, with the steps of a sign-in."""

    def __init__(self, client: TestClient, provider: Provider) -> None:
        self.client, self.provider = client, provider

    def get(self, address: str, **more: Any) -> Any:
        return self.client.get(address, headers=WITHOUT_SCRIPT, **more)

    def open_provider(self, next_page: str = "/") -> str:
        """Press the link on the sign-in page; return the address of the provider's page."""
        answer = self.get(f"{sign_in_pages.PROVIDER}?{urlencode({'next': next_page})}")
        assert answer.status_code == 302, answer.text
        return str(answer.headers["Location"])

    def agree(self, subject: str | None = "ann", next_page: str = "/") -> str:
        """Agree at the provider's page; return the address that the browser is sent back to."""
        return self.provider.agrees(self.open_provider(next_page), subject)

    def sign_in(self, subject: str | None = "ann", next_page: str = "/") -> Any:
        """Sign in at the provider; return the answer to the return."""
        return self.get(self.agree(subject, next_page))

    def signed_in_name(self) -> str | None:
        """Return the name of the user whom the server sees; None when signed out."""
        answer = self.get("/seen")
        return str(answer.json()["user"]) if answer.status_code == 200 else None


def refused(answer: Any, why: str, status: int = 403) -> None:
    """Check that the answer is the sign-in page with this sentence, and starts no session."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8"), answer.text
    assert why in answer.text.replace("&#x27;", "'")
    assert sign_in_pages.cookie_name(False) not in answer.headers.get("Set-Cookie", "")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / FILE, ShiftedClock())
    yield store
    store.close()


@pytest.fixture
def app(store: Store, provider: Provider) -> App:
    app = App(store, provider)
    app.users.add(LOCAL, ANN, permissions={"a.nl": ["view"]})
    provider.knows("ann", email="Ann@Agency.example", email_verified=True)
    return app


@pytest.fixture
def browser(app: App) -> Browser:
    return app.browser()


# Sign-ins that work.


def test_a_user_of_the_provider_lands_on_the_requested_page(app: App, browser: Browser) -> None:
    answer = browser.sign_in(next_page="/runs?run=3")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/runs?run=3")
    assert browser.signed_in_name() == ANN
    assert app.audit_entries()[-1] == ("sign_in", ANN, "by the provider")
    assert app.subject() == f"{app.provider.url}|ann"


def test_the_sign_in_page_links_to_the_provider_with_the_requested_page(browser: Browser) -> None:
    redirected = browser.get("/runs?run=3")
    shown = browser.get(redirected.headers["Location"]).text
    assert 'class="provider" href="/sign-in/oidc?next=%2Fruns%3Frun%3D3"' in shown


def test_the_provider_gets_pkce_state_nonce_and_only_the_email_scope(browser: Browser) -> None:
    asked = {name: values[0] for name, values in parse_qs(urlsplit(browser.open_provider()).query).items()}
    assert (asked["scope"], asked["response_type"], asked["redirect_uri"]) == ("openid email", "code", RETURN)
    assert asked["code_challenge_method"] == "S256"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 20


def test_a_listed_address_becomes_an_admin_at_the_first_sign_in(store: Store, provider: Provider) -> None:
    app = App(store, provider, oidc_admins="other@agency.example, BOSS@agency.example")
    provider.knows("b", email="bOSS@agency.example")
    browser = app.browser()
    browser.sign_in("b")
    assert browser.signed_in_name() == "boss@agency.example"
    user = app.users.find("boss@agency.example")
    assert user
    assert (user.admin, user.has_password, user.created_by) == (True, False, "MXM_OIDC_ADMINS")
    assert ("user.add", "boss@agency.example", "admin") in app.audit_entries()


def test_a_listed_address_that_is_not_a_valid_name_is_unknown(store: Store, provider: Provider) -> None:
    app = App(store, provider, oidc_admins="o&m@agency.example")
    provider.knows("b", email="o&m@agency.example")
    refused(app.browser().sign_in("b"), "o&amp;m@agency.example is not known here")


def test_the_list_of_admins_does_not_change_existing_users(store: Store, provider: Provider) -> None:
    app = App(store, provider, oidc_admins=ANN)
    app.users.add(LOCAL, "root", "correct horse battery", admin=True)
    app.users.add(LOCAL, ANN)
    provider.knows("ann", email=ANN)
    browser = app.browser()
    browser.sign_in()
    assert browser.signed_in_name() == ANN
    user = app.users.find(ANN)
    assert user
    assert not user.admin


def test_an_address_without_the_verified_claim_is_accepted(browser: Browser) -> None:
    browser.provider.knows("ann", email=ANN)
    browser.sign_in()
    assert browser.signed_in_name() == ANN


def test_the_client_posts_its_secret_when_the_provider_needs_that(app: App, browser: Browser) -> None:
    app.provider.configure(fault="post_only", redirects=[RETURN], method="client_secret_post")
    browser.sign_in()
    assert browser.signed_in_name() == ANN
    token = next(one for one in app.provider.seen() if one["path"] == "/oauth2/token")
    assert (token["authorization"], token["form"]["client_secret"]) == ("", SECRET)


def test_a_signed_in_user_is_redirected_without_the_provider(browser: Browser) -> None:
    browser.sign_in()
    answer = browser.get("/sign-in/oidc?next=/runs")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/runs")


def test_a_new_sign_in_ends_the_earlier_session_of_the_browser(app: App, browser: Browser) -> None:
    back = browser.agree()
    user = app.users.find(ANN)
    assert user
    first = app.authenticator.sign_in_with_provider(user, ClientInfo("127.0.0.1"))
    browser.client.cookies.set(sign_in_pages.cookie_name(False), first, domain="127.0.0.1")
    assert browser.signed_in_name() == ANN
    assert browser.get(back).cookies[sign_in_pages.cookie_name(False)] != first
    assert app.authenticator.sessions.find(first) is None


# Confirming who acts.


@pytest.mark.parametrize(
    ("fault", "recent"), [("asked_again", True), ("long_ago", False), ("silent_about_it", False), ("ahead", False)]
)
def test_a_sign_in_counts_as_recent_by_what_the_provider_says_of_it(
    app: App, browser: Browser, fault: str, recent: bool
) -> None:
    """Single sign-on asks nothing of a person who is signed in at the provider."""
    app.provider.configure(fault=fault)
    browser.sign_in()
    assert browser.signed_in_name() == ANN
    assert app.authenticator.sessions.is_recent(session_of(app, browser)) is recent
    app.provider.configure(fault="asked_again")
    assert confirm(browser).status_code == 303
    assert app.authenticator.sessions.is_recent(session_of(app, browser))


def test_a_provider_whose_clock_is_a_minute_ahead_signs_in_recently(app: App) -> None:
    user, now = app.users.find(ANN), app.store.clock.now()
    assert user
    begun = app.authenticator.sign_in_with_provider(user, ClientInfo("127.0.0.1"), signed_in_at=now + 50)
    found = app.authenticator.sessions.find(begun)
    assert found
    assert app.authenticator.sessions.is_recent(found)


@pytest.fixture
def aged(app: App, browser: Browser) -> Browser:
    """Return a browser whose user signed in at the provider half an hour ago."""
    browser.sign_in()
    session = session_of(app, browser)
    with app.store.write() as tx:
        sessions.prove(tx, session.digest, app.store.clock.now() - 1800)
    return browser


def session_of(app: App, browser: Browser) -> Session:
    found = app.authenticator.sessions.find(browser.client.cookies[sign_in_pages.cookie_name(False)])
    assert found is not None
    return found


def confirm(browser: Browser, subject: str | None = "ann", next_page: str = "/runs?run=3") -> Any:
    """Go to the provider once more and come back."""
    answer = browser.get(f"{sign_in_pages.PROVIDER_AGAIN}?{urlencode({'next': next_page})}")
    return browser.get(browser.provider.agrees(str(answer.headers["Location"]), subject))


def test_a_confirmation_leads_to_the_provider_which_has_to_ask_again(aged: Browser) -> None:
    page = aged.get("/sign-in/confirm?next=/runs")
    assert 'href="/sign-in/oidc/again?next=%2Fruns"' in page.text
    assert "password" not in page.text
    asked = parse_qs(urlsplit(aged.get("/sign-in/oidc/again?next=/runs").headers["Location"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["300"])


def test_a_fresh_sign_in_at_the_provider_confirms_and_leads_back(app: App, aged: Browser) -> None:
    before = session_of(app, aged)
    assert not app.authenticator.sessions.is_recent(before)
    app.provider.configure(fault="asked_again")
    answer = confirm(aged)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/runs?run=3")
    after = session_of(app, aged)
    assert after.digest == before.digest
    assert app.authenticator.sessions.is_recent(after)
    assert app.audit_entries()[-1] == ("identity.confirm", ANN, "at the provider")


@pytest.mark.parametrize("fault", ["not_asked_again", "silent_about_it"])
def test_a_provider_that_did_not_ask_again_confirms_nothing(app: App, aged: Browser, fault: str) -> None:
    app.provider.configure(fault=fault)
    answer = confirm(aged)
    assert answer.status_code == 403
    assert "did not ask you to sign in once more" in answer.text
    assert not app.authenticator.sessions.is_recent(session_of(app, aged))


def test_another_person_at_the_provider_confirms_nothing(app: App, aged: Browser) -> None:
    app.users.add(LOCAL, "eve@agency.example")
    app.provider.knows("eve", email="eve@agency.example", email_verified=True)
    app.browser().sign_in("eve")
    app.provider.configure(fault="asked_again")
    answer = confirm(aged, "eve")
    assert answer.status_code == 403
    assert "At the provider you are not" in answer.text
    assert aged.signed_in_name() == ANN
    assert not app.authenticator.sessions.is_recent(session_of(app, aged))


def test_a_confirmation_that_was_left_does_not_turn_the_next_sign_in_into_one(app: App, aged: Browser) -> None:
    aged.get("/sign-in/oidc/again?next=/runs")
    aged.client.cookies.delete(sign_in_pages.cookie_name(False))
    assert aged.sign_in().headers["Location"] == "/"
    assert aged.signed_in_name() == ANN


def test_without_a_session_there_is_nothing_to_confirm(browser: Browser) -> None:
    assert browser.get("/sign-in/oidc/again").headers["Location"] == "/sign-in"


# Accounts that are refused.


def test_an_unknown_user_is_referred_to_an_admin_and_recorded(app: App, browser: Browser) -> None:
    app.provider.knows("eve", email="eve@agency.example", email_verified=True)
    refused(browser.sign_in("eve"), "eve@agency.example is not known here: ask an admin of this MXM to add you")
    assert app.audit_entries()[-1] == ("sign_in.refused", "eve@agency.example", "unknown address")
    assert app.users.find("eve@agency.example") is None
    assert browser.signed_in_name() is None


def test_another_account_with_a_linked_address_is_refused(app: App, browser: Browser) -> None:
    browser.sign_in()
    app.provider.knows("eve", email=ANN, email_verified=True)
    other = app.browser()
    refused(other.sign_in("eve"), f"In this MXM {ANN} is another account's: ask an admin to press Forget")
    assert app.audit_entries()[-1] == ("sign_in.refused", ANN, "another account at the provider")
    assert (browser.signed_in_name(), other.signed_in_name()) == (ANN, None)
    assert app.subject() == f"{app.provider.url}|ann"


def test_one_account_at_the_provider_is_only_one_user(app: App, browser: Browser) -> None:
    browser.sign_in()
    app.users.add(LOCAL, "ann.new@agency.example")
    app.provider.knows("ann", email="ann.new@agency.example")
    refused(app.browser().sign_in(), f"In this MXM your account at the provider is {ANN}'s: ask an admin")


def test_an_unlinked_account_is_signed_out_and_another_may_take_its_place(app: App, browser: Browser) -> None:
    browser.sign_in()
    user = app.users.find(ANN)
    assert user
    app.users.unlink(LOCAL, user.id)
    assert browser.signed_in_name() is None
    app.provider.knows("ann2", email=ANN)
    browser.sign_in("ann2")
    assert browser.signed_in_name() == ANN
    assert app.subject() == f"{app.provider.url}|ann2"
    noted = [entry for entry in app.audit_entries() if entry[0] in ("user.link", "user.unlink")]
    linked = ("user.link", ANN, app.provider.url)
    assert noted == [linked, ("user.unlink", ANN, ""), linked]


def test_a_disabled_user_is_refused_and_nothing_changes(app: App, browser: Browser) -> None:
    user = app.users.find(ANN)
    assert user
    app.users.add(LOCAL, "root", "correct horse battery", admin=True)
    app.users.disable(LOCAL, user.id)
    refused(browser.sign_in(), "is disabled. Ask an admin.")
    assert app.audit_entries()[-1] == ("sign_in.refused", ANN, "disabled")
    assert app.subject() is None


@pytest.mark.parametrize("verified", [False, "false", 0, "yes"])
def test_an_address_that_is_not_verified_is_refused(browser: Browser, verified: Any) -> None:
    browser.provider.knows("ann", email=ANN, email_verified=verified)
    refused(browser.sign_in(), f"The provider has not verified {ANN}")


@pytest.mark.parametrize(
    "claims",
    [{}, {"email": ""}, {"email": "ann"}, {"email": ["a@b.nl"]}, {"email": "a@b.nl\r\nx"}, {"email": "ä@b.nl"}],
)
def test_an_account_without_a_valid_address_is_refused(browser: Browser, claims: dict[str, Any]) -> None:
    browser.provider.knows("ann", **claims)
    refused(browser.sign_in(), oidc_client.NO_EMAIL)


def test_cancelling_at_the_provider_leads_back_to_the_sign_in_page(browser: Browser) -> None:
    answer = browser.sign_in(None, next_page="/runs")
    refused(answer, oidc_client.CANCELLED)
    assert "next=%2Fruns" in answer.text


# Invalid proofs.


@pytest.mark.parametrize(
    "fault",
    [
        "wrong_nonce", "no_nonce", "wrong_audience", "borrowed_audience", "wrong_issuer", "expired", "unsigned",
        "signed_by_another", "signed_with_the_secret", "no_id_token", "no_subject",
    ],
)  # fmt: skip
def test_an_invalid_id_token_is_refused(app: App, browser: Browser, fault: str) -> None:
    app.provider.configure(fault=fault)
    refused(browser.sign_in(), oidc_client.UNPROVEN)
    assert browser.signed_in_name() is None
    assert app.subject() is None


def _altered(address: str, **query: str | None) -> str:
    now = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()} | query
    return f"{RETURN}?{urlencode({name: value for name, value in now.items() if value is not None})}"


@pytest.mark.parametrize("query", [{"state": "guessed"}, {"state": None}, {"code": None}, {"code": "guessed"}])
def test_a_return_with_a_wrong_state_or_code_is_refused(browser: Browser, query: dict[str, str | None]) -> None:
    refused(browser.get(_altered(browser.agree(), **query)), oidc_client.STALE)
    assert browser.signed_in_name() is None


def test_a_return_in_another_browser_is_refused(app: App, browser: Browser) -> None:
    refused(app.browser().get(browser.agree()), oidc_client.STALE)


def test_a_foreign_return_does_not_spoil_the_pending_sign_in(browser: Browser) -> None:
    mine = browser.agree()
    refused(browser.get(f"{RETURN}?state=theirs&error=access_denied"), oidc_client.CANCELLED)
    refused(browser.get(f"{RETURN}?state=theirs&code=theirs"), oidc_client.STALE)
    browser.get(mine)
    assert browser.signed_in_name() == ANN


def test_a_return_works_once(app: App, browser: Browser) -> None:
    back = browser.agree()
    kept = browser.client.cookies[COOKIE]
    browser.get(back)
    assert COOKIE not in browser.client.cookies
    refused(browser.get(back), oidc_client.STALE)
    attacker = app.browser()
    attacker.client.cookies.set(COOKIE, kept, domain="127.0.0.1", path=sign_in_pages.PROVIDER)
    refused(attacker.get(back), oidc_client.STALE)
    assert attacker.signed_in_name() is None


def test_a_code_given_to_another_client_is_refused(app: App, browser: Browser) -> None:
    asked = browser.open_provider()
    other_return = app.provider.agrees(asked.replace(CLIENT, "another"), "ann")
    refused(browser.get(other_return), oidc_client.STALE)


def test_a_code_of_another_sign_in_is_refused(app: App, browser: Browser) -> None:
    other = app.browser().agree()
    code = parse_qs(urlsplit(other).query)["code"][0]
    refused(browser.get(_altered(browser.agree(), code=code)), oidc_client.STALE)


def test_a_forged_cookie_is_refused(app: App, browser: Browser) -> None:
    back = browser.agree()
    value = browser.client.cookies[COOKIE]
    browser.client.cookies.clear()
    browser.client.cookies.set(COOKIE, ("A" if value[0] != "A" else "B") + value[1:], domain="127.0.0.1")
    refused(browser.get(back), oidc_client.STALE)


@pytest.mark.parametrize(
    "next_page", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "x"]
)
def test_sign_in_never_redirects_to_another_site(browser: Browser, next_page: str) -> None:
    assert browser.sign_in(next_page=next_page).headers["Location"] == "/"
    again = browser.get(f"{sign_in_pages.PROVIDER}?{urlencode({'next': next_page})}")
    assert (again.status_code, again.headers["Location"]) == (303, "/")


# Trouble of the provider.


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("down", oidc_client.SILENT),
        ("lost", oidc_client.MISCONFIGURED),
        ("another_issuer", oidc_client.MISCONFIGURED),
        ("plain", oidc_client.MISCONFIGURED),
        ("redirects", oidc_client.MISCONFIGURED),
    ],
)
def test_an_unusable_provider_is_explained_on_the_page(app: App, browser: Browser, fault: str, why: str) -> None:
    app.users.add(LOCAL, "kim", "correct horse battery", admin=True)
    app.provider.configure(fault=fault)
    answer = browser.get("/sign-in/oidc?next=/runs")
    refused(answer, why, 503)
    assert 'name="password"' in answer.text
    app.provider.configure(fault="")
    browser.sign_in()
    assert browser.signed_in_name() == ANN


def test_an_unreachable_provider_is_explained_on_the_page(store: Store, provider: Provider) -> None:
    app = App(store, provider, oidc_issuer="http://127.0.0.1:9")
    refused(app.browser().get("/sign-in/oidc"), oidc_client.SILENT, 503)


def test_a_provider_that_goes_down_during_sign_in_is_explained_on_the_page(app: App, browser: Browser) -> None:
    back = browser.agree()
    app.provider.configure(fault="token_down")
    refused(browser.get(back), oidc_client.SILENT, 503)


def test_the_client_secret_is_not_sent_to_a_redirect_target(app: App, browser: Browser) -> None:
    back = browser.agree()
    app.provider.configure(fault="redirects")
    refused(browser.get(back), oidc_client.MISCONFIGURED, 503)
    assert [one["path"] for one in app.provider.seen()][-1] == "/oauth2/token"


def test_a_wrong_client_secret_is_reported_as_a_setting_of_the_admin(store: Store, provider: Provider) -> None:
    app = App(store, provider, oidc_client_secret="wrong")
    refused(app.browser().sign_in(), oidc_client.UNTRUSTED, 503)


def test_changed_keys_of_the_provider_are_fetched_again(app: App, browser: Browser) -> None:
    browser.sign_in()
    app.provider.configure(fault="new_key")
    other = app.browser()
    other.sign_in()
    assert other.signed_in_name() == ANN


def test_the_metadata_of_the_provider_is_cached_for_an_hour(
    store: Store, app: App, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetched() -> int:
        return sum(one["path"] == "/.well-known/openid-configuration" for one in app.provider.seen())

    browser.open_provider()
    browser.open_provider()
    assert fetched() == 1
    later = store.clock.monotonic() + oidc_client.METADATA_MAX_AGE_S
    monkeypatch.setattr(store.clock, "monotonic", lambda: later)
    browser.open_provider()
    assert fetched() == 2


# Cookies and secrets.


def test_the_state_cookie_is_short_lived_and_limited_to_its_routes(browser: Browser) -> None:
    cookie = browser.get(sign_in_pages.PROVIDER).headers["Set-Cookie"].lower()
    assert cookie.startswith(f"{COOKIE}=")
    for part in (f"path={sign_in_pages.PROVIDER}", "max-age=600", "httponly", "samesite=lax"):
        assert part in cookie
    assert "secure" not in cookie


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_with_public_https_the_cookie_is_secure_and_the_return_address_public(
    store: Store, provider: Provider, scheme: str
) -> None:
    public = "https://mxm.agency.example"
    app = App(store, provider, public_url=f"{public}/")
    provider.configure(redirects=[public + sign_in_pages.RETURN])
    answer = app.browser(f"{scheme}://mxm.agency.example").get(sign_in_pages.PROVIDER)
    assert "; secure" in answer.headers["Set-Cookie"]
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["redirect_uri"] == [public + sign_in_pages.RETURN]


def test_a_restart_during_the_visit_to_the_provider_does_not_break_sign_in(
    tmp_path: Path, store: Store, app: App, browser: Browser
) -> None:
    back = browser.agree()
    again = Store.open(tmp_path / FILE, ShiftedClock())
    try:
        restarted = App(again, app.provider).browser()
        restarted.client.cookies = browser.client.cookies
        restarted.get(back)
        assert restarted.signed_in_name() == ANN
    finally:
        again.close()


def test_a_sign_in_that_took_too_long_is_refused(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    back = browser.agree()
    monkeypatch.setattr("itsdangerous.TimestampSigner.get_timestamp", lambda _signer: 2**40)
    refused(browser.get(back), oidc_client.STALE)


@pytest.mark.parametrize("fault", ["", "wrong_nonce", "signed_by_another", "token_down", "redirects", "down"])
def test_no_secret_is_logged_or_stored(
    tmp_path: Path, app: App, browser: Browser, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        back = browser.agree()
        app.provider.configure(fault=fault)
        shown = browser.get(back)
        app.provider.configure(fault="")
    secrets = app.provider.secrets()
    assert len(secrets) > 5
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir()).decode("latin-1")
    # The browser and the consent at the provider are parts of this test, and log their addresses.
    ours = [record for record in caplog.records if record.name.partition(".")[0] not in ("httpx", "httpcore")]
    logged = "\n".join(str(vars(record)) for record in ours if HERE not in record.getMessage())
    assert "provider" in logged or not fault
    for place in (logged, stored, shown.text, repr(app.settings)):
        assert not [secret for secret in secrets if secret in place]


# Settings.

COMPLETE = {"oidc_issuer": "https://id.example", "oidc_client_id": "mxm", "oidc_client_secret": "s"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"oidc_client_id": ""}, "MXM_OIDC_ISSUER is set but MXM_OIDC_CLIENT_ID is not."),
        ({"oidc_client_secret": ""}, "MXM_OIDC_ISSUER is set but MXM_OIDC_CLIENT_SECRET is not."),
        ({"oidc_issuer": ""}, "MXM_OIDC_CLIENT_ID is set but MXM_OIDC_ISSUER is not."),
        ({"oidc_issuer": "http://id.example"}, "MXM_OIDC_ISSUER must start with https://"),
        ({"oidc_issuer": "id.example"}, "MXM_OIDC_ISSUER must start with https://"),
        ({"oidc_issuer": "https://[id"}, "MXM_OIDC_ISSUER must start with https://"),
        ({"oidc_admins": "kim@agency.example, boss"}, "MXM_OIDC_ADMINS: boss is not an email address."),
    ],
)
def test_incomplete_or_unsafe_provider_settings_are_refused(change: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings(**{**COMPLETE, **change})  # type: ignore[arg-type]
    assert message in str(refusal.value)


def test_a_list_of_admins_without_a_provider_is_refused() -> None:
    with pytest.raises(SettingsError, match="MXM_OIDC_ADMINS is set but MXM_OIDC_ISSUER is not"):
        Settings(oidc_admins=ANN)


@pytest.mark.parametrize("issuer", ["https://id.example/", "http://127.0.0.1:9400", "http://localhost:9400/realm"])
def test_complete_provider_settings_are_accepted(issuer: str) -> None:
    assert Settings(**{**COMPLETE, "oidc_issuer": issuer}).oidc_issuer == issuer  # type: ignore[arg-type]


def test_without_a_provider_its_routes_do_not_exist(store: Store, provider: Provider) -> None:
    app = App(store, provider, oidc_issuer="", oidc_client_id="", oidc_client_secret="")
    app.users.add(LOCAL, "root", "correct horse battery", admin=True)
    browser = app.browser()
    assert browser.get("/sign-in").text.count("oidc") == 0
    assert browser.get(sign_in_pages.PROVIDER).status_code == 404
