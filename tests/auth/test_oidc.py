"""Sign-in with OpenID Connect, against a real provider process and through the real guard."""

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
from mxlib.auth.sessions import Sessions
from mxlib.auth.sign_in import Authenticator, ClientInfo
from mxlib.auth.users import Users
from mxlib.settings import Settings, SettingsError
from mxlib.store import FILE, Store, audit
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
    """A guarded server whose people sign in at the provider."""

    def __init__(self, store: Store, provider: Provider, **settings: Any) -> None:
        self.store, self.provider = store, provider
        self.settings = Settings(**{**provider.settings, **settings})
        sessions = Sessions(store, store.clock, self.settings)
        self.users = Users(store, store.clock, provider=True, woken=sessions.wake)
        self.entrance = Authenticator(store, store.clock, self.settings, self.users, sessions, sandbox=True)
        provider.tell(redirects=[RETURN])

    def browser(self, address: str = HERE) -> "Browser":
        """A browser that has never been here."""
        asgi = Starlette(
            routes=[Route("/{path:path}", _who)],
            middleware=[Middleware(AccessMiddleware, settings=self.settings, authenticator=lambda: self.entrance)],
        )
        return Browser(TestClient(asgi, base_url=address, follow_redirects=False), self.provider)

    def trail(self) -> list[tuple[str, str, str]]:
        """The audit trail, oldest first: what, on what, with which outcome."""
        with self.store.read() as tx:
            return [(e["what"], e["on"], e["outcome"]) for e in reversed(audit.entries(tx))]

    def subject(self, name: str = ANN) -> str | None:
        user = self.users.find(name)
        return user.subject if user else None


class Browser:
    """A browser in front of the server, with the steps that its owner takes."""

    def __init__(self, client: TestClient, provider: Provider) -> None:
        self.client, self.provider = client, provider

    def get(self, address: str, **more: Any) -> Any:
        return self.client.get(address, headers=WITHOUT_SCRIPT, **more)

    def leaves(self, wanted: str = "/") -> str:
        """Press the link on the sign-in page; the address of the provider's page."""
        answer = self.get(f"{sign_in_pages.PROVIDER}?{urlencode({'next': wanted})}")
        assert answer.status_code == 302, answer.text
        return str(answer.headers["Location"])

    def comes_back_with(self, subject: str | None = "ann", wanted: str = "/") -> str:
        """Say yes at the provider's page; the address that the browser is sent back to."""
        return self.provider.agrees(self.leaves(wanted), subject)

    def signs_in(self, subject: str | None = "ann", wanted: str = "/") -> Any:
        """The whole way; what the return is answered."""
        return self.get(self.comes_back_with(subject, wanted))

    def who(self) -> str | None:
        """Who the server takes this browser for."""
        answer = self.get("/seen")
        return str(answer.json()["user"]) if answer.status_code == 200 else None


def refused(answer: Any, why: str, status: int = 403) -> None:
    """The sign-in page with this sentence, and no session."""
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


# The way in.


def test_whom_the_provider_vouches_for_lands_on_the_page_that_was_asked_for(app: App, browser: Browser) -> None:
    answer = browser.signs_in(wanted="/runs?run=3")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/runs?run=3")
    assert browser.who() == ANN
    assert app.trail()[-1] == ("sign_in", ANN, "by the provider")
    assert app.subject() == f"{app.provider.url}|ann"


def test_the_sign_in_page_leads_to_the_provider_and_keeps_where_one_wanted_to_be(browser: Browser) -> None:
    turned_away = browser.get("/runs?run=3")
    shown = browser.get(turned_away.headers["Location"]).text
    assert 'class="provider" href="/sign-in/oidc?next=%2Fruns%3Frun%3D3"' in shown


def test_the_provider_is_asked_with_pkce_a_state_a_nonce_and_no_more_than_the_email(browser: Browser) -> None:
    asked = {name: values[0] for name, values in parse_qs(urlsplit(browser.leaves()).query).items()}
    assert (asked["scope"], asked["response_type"], asked["redirect_uri"]) == ("openid email", "code", RETURN)
    assert asked["code_challenge_method"] == "S256"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 20


def test_an_address_of_the_list_becomes_an_admin_at_the_first_sign_in(store: Store, provider: Provider) -> None:
    app = App(store, provider, oidc_admins="other@agency.example, BOSS@agency.example")
    provider.knows("b", email="bOSS@agency.example")
    browser = app.browser()
    browser.signs_in("b")
    assert browser.who() == "boss@agency.example"
    user = app.users.find("boss@agency.example")
    assert user
    assert (user.admin, user.has_password, user.created_by) == (True, False, "MXM_OIDC_ADMINS")
    assert ("user.add", "boss@agency.example", "admin") in app.trail()


def test_a_listed_address_that_can_be_no_name_is_nobody_known(store: Store, provider: Provider) -> None:
    app = App(store, provider, oidc_admins="o&m@agency.example")
    provider.knows("b", email="o&m@agency.example")
    refused(app.browser().signs_in("b"), "o&amp;m@agency.example is not known here")


def test_the_list_of_admins_changes_nothing_for_users_that_are_there(store: Store, provider: Provider) -> None:
    app = App(store, provider, oidc_admins=ANN)
    app.users.add(LOCAL, "root", "correct horse battery", admin=True)
    app.users.add(LOCAL, ANN)
    provider.knows("ann", email=ANN)
    browser = app.browser()
    browser.signs_in()
    assert browser.who() == ANN
    user = app.users.find(ANN)
    assert user
    assert not user.admin


def test_a_provider_that_never_says_whether_an_address_is_verified_vouches_for_it(browser: Browser) -> None:
    browser.provider.knows("ann", email=ANN)
    browser.signs_in()
    assert browser.who() == ANN


def test_the_client_may_have_to_post_its_secret(app: App, browser: Browser) -> None:
    app.provider.tell(fault="post_only", redirects=[RETURN], method="client_secret_post")
    browser.signs_in()
    assert browser.who() == ANN
    token = next(one for one in app.provider.seen() if one["path"] == "/oauth2/token")
    assert (token["authorization"], token["form"]["client_secret"]) == ("", SECRET)


def test_who_is_signed_in_already_goes_on_without_the_provider(browser: Browser) -> None:
    browser.signs_in()
    answer = browser.get("/sign-in/oidc?next=/runs")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/runs")


def test_a_new_sign_in_ends_the_browsers_last_session(app: App, browser: Browser) -> None:
    back = browser.comes_back_with()
    user = app.users.find(ANN)
    assert user
    first = app.entrance.sign_in_with_provider(user, ClientInfo("127.0.0.1"))
    browser.client.cookies.set(sign_in_pages.cookie_name(False), first, domain="127.0.0.1")
    assert browser.who() == ANN
    assert browser.get(back).cookies[sign_in_pages.cookie_name(False)] != first
    assert app.entrance.sessions.find(first) is None


# Who does not get in.


def test_somebody_unknown_is_told_whom_to_ask_and_the_trail_keeps_it(app: App, browser: Browser) -> None:
    app.provider.knows("eve", email="eve@agency.example", email_verified=True)
    refused(browser.signs_in("eve"), "eve@agency.example is not known here: ask an admin of this MXM to add you")
    assert app.trail()[-1] == ("sign_in.refused", "eve@agency.example", "unknown address")
    assert app.users.find("eve@agency.example") is None
    assert browser.who() is None


def test_an_account_with_the_address_of_another_is_refused_for_good(app: App, browser: Browser) -> None:
    browser.signs_in()
    app.provider.knows("eve", email=ANN, email_verified=True)
    other = app.browser()
    refused(other.signs_in("eve"), f"In this MXM {ANN} is another account's: ask an admin to press Forget")
    assert app.trail()[-1] == ("sign_in.refused", ANN, "another account at the provider")
    assert (browser.who(), other.who()) == (ANN, None)
    assert app.subject() == f"{app.provider.url}|ann"


def test_one_account_at_the_provider_is_one_user_here(app: App, browser: Browser) -> None:
    browser.signs_in()
    app.users.add(LOCAL, "ann.new@agency.example")
    app.provider.knows("ann", email="ann.new@agency.example")
    refused(app.browser().signs_in(), f"In this MXM your account at the provider is {ANN}'s: ask an admin")


def test_an_account_that_an_admin_forgot_makes_room_for_the_next_and_is_signed_out(app: App, browser: Browser) -> None:
    browser.signs_in()
    user = app.users.find(ANN)
    assert user
    app.users.unlink(LOCAL, user.id)
    assert browser.who() is None
    app.provider.knows("ann2", email=ANN)
    browser.signs_in("ann2")
    assert browser.who() == ANN
    assert app.subject() == f"{app.provider.url}|ann2"
    noted = [entry for entry in app.trail() if entry[0] in ("user.link", "user.unlink")]
    linked = ("user.link", ANN, app.provider.url)
    assert noted == [linked, ("user.unlink", ANN, ""), linked]


def test_a_disabled_user_is_refused_and_nothing_changes(app: App, browser: Browser) -> None:
    user = app.users.find(ANN)
    assert user
    app.users.add(LOCAL, "root", "correct horse battery", admin=True)
    app.users.disable(LOCAL, user.id)
    refused(browser.signs_in(), "is disabled. Ask an admin.")
    assert app.trail()[-1] == ("sign_in.refused", ANN, "disabled")
    assert app.subject() is None


@pytest.mark.parametrize("verified", [False, "false", 0, "yes"])
def test_an_address_that_is_not_verified_is_refused(browser: Browser, verified: Any) -> None:
    browser.provider.knows("ann", email=ANN, email_verified=verified)
    refused(browser.signs_in(), f"The provider has not verified {ANN}")


@pytest.mark.parametrize(
    "claims",
    [{}, {"email": ""}, {"email": "ann"}, {"email": ["a@b.nl"]}, {"email": "a@b.nl\r\nx"}, {"email": "ä@b.nl"}],
)
def test_without_an_address_nobody_gets_in(browser: Browser, claims: dict[str, Any]) -> None:
    browser.provider.knows("ann", **claims)
    refused(browser.signs_in(), oidc_client.NO_EMAIL)


def test_no_at_the_providers_page_leads_back_to_the_sign_in_page(browser: Browser) -> None:
    answer = browser.signs_in(None, wanted="/runs")
    refused(answer, oidc_client.CANCELLED)
    assert "next=%2Fruns" in answer.text


# What proves nothing.


@pytest.mark.parametrize(
    "fault",
    [
        "wrong_nonce", "no_nonce", "wrong_audience", "borrowed_audience", "wrong_issuer", "expired", "unsigned",
        "signed_by_another", "signed_with_the_secret", "no_id_token", "no_subject",
    ],
)  # fmt: skip
def test_an_id_token_that_does_not_hold_lets_nobody_in(app: App, browser: Browser, fault: str) -> None:
    app.provider.tell(fault=fault)
    refused(browser.signs_in(), oidc_client.UNPROVEN)
    assert browser.who() is None
    assert app.subject() is None


def _altered(address: str, **query: str | None) -> str:
    now = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()} | query
    return f"{RETURN}?{urlencode({name: value for name, value in now.items() if value is not None})}"


@pytest.mark.parametrize("query", [{"state": "guessed"}, {"state": None}, {"code": None}, {"code": "guessed"}])
def test_a_return_with_another_state_or_code_lets_nobody_in(browser: Browser, query: dict[str, str | None]) -> None:
    refused(browser.get(_altered(browser.comes_back_with(), **query)), oidc_client.STALE)
    assert browser.who() is None


def test_a_return_that_somebody_else_began_is_not_ours(app: App, browser: Browser) -> None:
    refused(app.browser().get(browser.comes_back_with()), oidc_client.STALE)


def test_a_return_that_was_not_ours_leaves_the_one_that_is_alone(browser: Browser) -> None:
    mine = browser.comes_back_with()
    refused(browser.get(f"{RETURN}?state=theirs&error=access_denied"), oidc_client.CANCELLED)
    refused(browser.get(f"{RETURN}?state=theirs&code=theirs"), oidc_client.STALE)
    browser.get(mine)
    assert browser.who() == ANN


def test_a_return_counts_once(app: App, browser: Browser) -> None:
    back = browser.comes_back_with()
    kept = browser.client.cookies[COOKIE]
    browser.get(back)
    assert COOKIE not in browser.client.cookies
    refused(browser.get(back), oidc_client.STALE)
    thief = app.browser()
    thief.client.cookies.set(COOKIE, kept, domain="127.0.0.1", path=sign_in_pages.PROVIDER)
    refused(thief.get(back), oidc_client.STALE)
    assert thief.who() is None


def test_a_code_that_was_given_to_another_client_is_worth_nothing(app: App, browser: Browser) -> None:
    asked = browser.leaves()
    theirs = app.provider.agrees(asked.replace(CLIENT, "another"), "ann")
    refused(browser.get(theirs), oidc_client.STALE)


def test_a_code_of_another_sign_in_does_not_fit_the_verifier(app: App, browser: Browser) -> None:
    other = app.browser().comes_back_with()
    code = parse_qs(urlsplit(other).query)["code"][0]
    refused(browser.get(_altered(browser.comes_back_with(), code=code)), oidc_client.STALE)


def test_a_forged_cookie_counts_for_nothing(app: App, browser: Browser) -> None:
    back = browser.comes_back_with()
    value = browser.client.cookies[COOKIE]
    browser.client.cookies.clear()
    browser.client.cookies.set(COOKIE, ("A" if value[0] != "A" else "B") + value[1:], domain="127.0.0.1")
    refused(browser.get(back), oidc_client.STALE)


@pytest.mark.parametrize(
    "wanted", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "x"]
)
def test_nobody_is_led_elsewhere_after_the_sign_in(browser: Browser, wanted: str) -> None:
    assert browser.signs_in(wanted=wanted).headers["Location"] == "/"
    again = browser.get(f"{sign_in_pages.PROVIDER}?{urlencode({'next': wanted})}")
    assert (again.status_code, again.headers["Location"]) == (303, "/")


# The provider has its troubles.


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
def test_a_provider_that_can_not_be_used_is_a_sentence_on_the_page(
    app: App, browser: Browser, fault: str, why: str
) -> None:
    app.users.add(LOCAL, "kim", "correct horse battery", admin=True)
    app.provider.tell(fault=fault)
    answer = browser.get("/sign-in/oidc?next=/runs")
    refused(answer, why, 503)
    assert 'name="password"' in answer.text
    app.provider.tell(fault="")
    browser.signs_in()
    assert browser.who() == ANN


def test_a_provider_that_is_not_there_is_a_sentence_on_the_page(store: Store, provider: Provider) -> None:
    app = App(store, provider, oidc_issuer="http://127.0.0.1:9")
    refused(app.browser().get("/sign-in/oidc"), oidc_client.SILENT, 503)


def test_a_provider_that_goes_down_meanwhile_is_a_sentence_on_the_page(app: App, browser: Browser) -> None:
    back = browser.comes_back_with()
    app.provider.tell(fault="token_down")
    refused(browser.get(back), oidc_client.SILENT, 503)


def test_the_secret_goes_nowhere_else(app: App, browser: Browser) -> None:
    back = browser.comes_back_with()
    app.provider.tell(fault="redirects")
    refused(browser.get(back), oidc_client.MISCONFIGURED, 503)
    assert [one["path"] for one in app.provider.seen()][-1] == "/oauth2/token"


def test_a_wrong_secret_is_said_to_be_the_admins_affair(store: Store, provider: Provider) -> None:
    app = App(store, provider, oidc_client_secret="wrong")
    refused(app.browser().signs_in(), oidc_client.UNTRUSTED, 503)


def test_keys_that_the_provider_changed_are_fetched_again(app: App, browser: Browser) -> None:
    browser.signs_in()
    app.provider.tell(fault="new_key")
    other = app.browser()
    other.signs_in()
    assert other.who() == ANN


def test_the_providers_description_is_believed_for_an_hour(
    store: Store, app: App, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetched() -> int:
        return sum(one["path"] == "/.well-known/openid-configuration" for one in app.provider.seen())

    browser.leaves()
    browser.leaves()
    assert fetched() == 1
    later = store.clock.monotonic() + oidc_client.METADATA_MAX_AGE_S
    monkeypatch.setattr(store.clock, "monotonic", lambda: later)
    browser.leaves()
    assert fetched() == 2


# What is kept meanwhile, and what is told.


def test_the_cookie_between_is_for_these_routes_alone_and_short(browser: Browser) -> None:
    told = browser.get(sign_in_pages.PROVIDER).headers["Set-Cookie"].lower()
    assert told.startswith(f"{COOKIE}=")
    for part in (f"path={sign_in_pages.PROVIDER}", "max-age=600", "httponly", "samesite=lax"):
        assert part in told
    assert "secure" not in told


@pytest.mark.parametrize("heard", ["https", "http"])
def test_behind_https_the_cookie_is_secure_and_the_return_is_to_the_public_address(
    store: Store, provider: Provider, heard: str
) -> None:
    public = "https://mxm.agency.example"
    app = App(store, provider, public_url=f"{public}/")
    provider.tell(redirects=[public + sign_in_pages.RETURN])
    answer = app.browser(f"{heard}://mxm.agency.example").get(sign_in_pages.PROVIDER)
    assert "; secure" in answer.headers["Set-Cookie"]
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["redirect_uri"] == [public + sign_in_pages.RETURN]


def test_who_is_at_the_provider_while_the_server_restarts_gets_in(
    tmp_path: Path, store: Store, app: App, browser: Browser
) -> None:
    back = browser.comes_back_with()
    again = Store.open(tmp_path / FILE, ShiftedClock())
    try:
        restarted = App(again, app.provider).browser()
        restarted.client.cookies = browser.client.cookies
        restarted.get(back)
        assert restarted.who() == ANN
    finally:
        again.close()


def test_a_sign_in_that_was_begun_too_long_ago_is_over(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    back = browser.comes_back_with()
    monkeypatch.setattr("itsdangerous.TimestampSigner.get_timestamp", lambda _signer: 2**40)
    refused(browser.get(back), oidc_client.STALE)


@pytest.mark.parametrize("fault", ["", "wrong_nonce", "signed_by_another", "token_down", "redirects", "down"])
def test_no_secret_is_logged_or_kept(
    tmp_path: Path, app: App, browser: Browser, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        back = browser.comes_back_with()
        app.provider.tell(fault=fault)
        shown = browser.get(back)
        app.provider.tell(fault="")
    secrets = app.provider.secrets()
    assert len(secrets) > 5
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir()).decode("latin-1")
    # The browser and the provider's hands are this test's own, and log where they go.
    ours = [record for record in caplog.records if record.name.partition(".")[0] not in ("httpx", "httpcore")]
    told = "\n".join(str(vars(record)) for record in ours if HERE not in record.getMessage())
    assert "provider" in told or not fault
    for place in (told, kept, shown.text, repr(app.settings)):
        assert not [secret for secret in secrets if secret in place]


# What is set.

WHOLE = {"oidc_issuer": "https://id.example", "oidc_client_id": "mxm", "oidc_client_secret": "s"}


@pytest.mark.parametrize(
    ("change", "said"),
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
def test_half_a_provider_or_an_unsafe_one_is_refused_at_the_start(change: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        Settings(**{**WHOLE, **change})  # type: ignore[arg-type]
    assert said in str(refusal.value)


def test_admins_without_a_provider_are_refused_at_the_start() -> None:
    with pytest.raises(SettingsError, match="MXM_OIDC_ADMINS is set but MXM_OIDC_ISSUER is not"):
        Settings(oidc_admins=ANN)


@pytest.mark.parametrize("issuer", ["https://id.example/", "http://127.0.0.1:9400", "http://localhost:9400/realm"])
def test_a_whole_provider_is_taken(issuer: str) -> None:
    assert Settings(**{**WHOLE, "oidc_issuer": issuer}).oidc_issuer == issuer  # type: ignore[arg-type]


def test_without_a_provider_there_is_no_way_to_one(store: Store, provider: Provider) -> None:
    app = App(store, provider, oidc_issuer="", oidc_client_id="", oidc_client_secret="")
    app.users.add(LOCAL, "root", "correct horse battery", admin=True)
    browser = app.browser()
    assert browser.get("/sign-in").text.count("oidc") == 0
    assert browser.get(sign_in_pages.PROVIDER).status_code == 404
