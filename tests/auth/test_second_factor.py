"""The second factor: enrolled at the next sign-in, asked for at each one, replaced when the phone is lost."""

import base64
import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from mxlib import cli
from mxlib.auth.passwords import InvalidPassword
from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.auth.second_factor import (
    ALPHABET,
    KEY_CHANGED,
    STEP_S,
    WRONG_CODE,
    WRONG_RECOVERY_CODE,
    _as_code,
    _plain,
)
from mxlib.auth.sessions import RECENT_S
from mxlib.auth.sign_in_steps import PENDING_S, StepRefused
from mxlib.core.vocabulary import CallerKind, SecondFactorMode
from mxlib.services.housekeeping import Housekeeping
from mxlib.store import StoreUnavailable, sessions, tables
from mxlib.store.encryption import ServerKey
from mxlib.store.pending_sign_ins import NOT_COMPLETED
from mxlib.store.users import UserRecord
from tests.support import sign_in as people
from tests.support.audit_entries import audit_entries
from tests.support.sign_in import BOSS, GOOD, ORIGIN, OTHER, SignInApp, opened, sign_in

pytestmark = pytest.mark.usefixtures("brisk")
brisk = people.brisk
SESSION = "mxm-session"

#: What secrets and recovery codes of earlier releases derived from, by the hash of names.
SEEDS = ("second factor", *(f"recovery code {number}" for number in range(10)))


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[SignInApp]:
    """Yield a server that requires a second factor of its user kim."""
    with opened(tmp_path, "kim", second_factor="required") as made:
        yield made


def user(app: SignInApp, name: str = "kim") -> UserRecord:
    found = app.users.find(name)
    assert found is not None
    return found


def secret_of(answer: Any) -> str:
    """Return the key that a page shows for typing."""
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", answer.text)
    assert found, answer.text
    return found[1].replace(" ", "")


def codes_of(answer: Any) -> list[str]:
    """Return the recovery codes that a page shows."""
    found = re.search(r'<pre class="codes"[^>]*>([^<]*)</pre>', answer.text)
    assert found, answer.text
    return found[1].split()


def code(app: SignInApp, secret: str, drift: int = 0) -> str:
    return pyotp.TOTP(secret).at(int(app.clock.at) + drift)


def take(browser: TestClient, step: str, typed: str) -> Any:
    return browser.post("/sign-in/step", data={"step": step, "code": typed, "next": "/page"}, headers=ORIGIN)


def enroll(app: SignInApp, name: str = "kim") -> tuple[str, list[str]]:
    """Enroll a user at a sign-in; return the secret and the recovery codes. The next code is a fresh one."""
    browser = app.browser()
    assert sign_in(browser, name, GOOD, "/page").headers["location"] == "/sign-in/step?next=%2Fpage"
    secret = secret_of(browser.get("/sign-in/step"))
    codes = enroll_in(browser, code(app, secret))
    take(browser, "recovery codes", "")
    app.clock.at += STEP_S
    return secret, codes


def enroll_in(browser: TestClient, typed: str) -> list[str]:
    """Send the code of the app; return the recovery codes, which the next step shows."""
    assert take(browser, "enroll", typed).headers["location"] == "/sign-in/step?next=%2Fpage"
    return codes_of(browser.get("/sign-in/step"))


# Which users need one.


@pytest.mark.parametrize(
    ("setting", "sandbox", "mode"),
    [("", True, "optional"), ("", False, "required"), ("required", True, "required"), ("off", False, "off")],
)
def test_it_is_required_with_a_real_account_unless_set_otherwise(
    tmp_path: Path, setting: str, sandbox: bool, mode: str
) -> None:
    account = {} if sandbox else {"server": "x.example", "user": "x", "api_key": "x"}
    with opened(tmp_path, second_factor=setting, **account) as app:
        assert app.entrance.second_factors.mode == SecondFactorMode(mode)


def test_it_is_required_of_those_who_may_change_mailboxes(strict: SignInApp) -> None:
    for name, rights in {
        "viewer": "view",
        "exporter": "export",
        "helper": "support",
        "importer": "import",
        "deleter": "delete",
    }.items():
        strict.users.add(BOSS, name, GOOD, permissions={"a.nl": {Permission(rights)}})
    factors = strict.entrance.second_factors
    everybody = ("kim", "viewer", "exporter", "helper", "importer", "deleter")
    needed = {name for name in everybody if factors.is_required(user(strict, name))}
    assert needed == {"kim", "helper", "importer", "deleter"}


def test_where_it_is_optional_only_those_who_have_one_are_asked(app: SignInApp) -> None:
    assert sign_in(app.browser(), "kim", GOOD).headers["location"] == "/"
    browser = app.signed_in()
    secret = secret_of(browser.get("/sign-in/second-factor"))
    browser.post("/sign-in/second-factor", data={"code": code(app, secret)}, headers=ORIGIN)
    assert sign_in(app.browser(), "kim", GOOD).headers["location"] == "/sign-in/step"


def test_off_asks_nobody_even_those_who_have_one(tmp_path: Path) -> None:
    with opened(tmp_path, "kim", second_factor="required") as app:
        enroll(app)
    with opened(tmp_path, second_factor="off") as app:
        assert sign_in(app.browser(), "kim", GOOD).headers["location"] == "/"
        assert app.signed_in().get("/sign-in/second-factor").status_code == 404


# Enrollment.


def test_the_next_sign_in_enrolls_and_shows_recovery_codes_once(strict: SignInApp) -> None:
    browser = strict.browser()
    sign_in(browser, "kim", GOOD, "/page")
    page = browser.get("/sign-in/step")
    secret = secret_of(page)
    assert "<svg" in page.text
    assert "style=" not in page.text
    assert secret_of(browser.get("/sign-in/step")) == secret, "a page that is drawn again must not want another scan"
    assert SESSION not in browser.cookies
    codes = enroll_in(browser, code(strict, secret))
    assert len(set(codes)) == 10
    assert all(set(each) <= {*ALPHABET, "-"} and len(each) == 19 for each in codes)
    assert not set("01ilo") & set(ALPHABET)
    assert SESSION not in browser.cookies
    assert take(browser, "recovery codes", "").headers["location"] == "/page"
    assert browser.get("/page").status_code == 200
    assert browser.get("/sign-in/step").status_code == 401
    assert [entry[0] for entry in strict.trail()[-2:]] == ["second_factor.enroll", "sign_in"]
    assert strict.trail()[-1][3] == "by password and code"


def test_a_wrong_first_code_enrolls_nothing(strict: SignInApp) -> None:
    browser = strict.browser()
    sign_in(browser, "kim", GOOD)
    secret = secret_of(browser.get("/sign-in/step"))
    answer = take(browser, "enroll", "000000")
    assert answer.status_code == 400
    assert secret_of(answer) == secret
    assert strict.entrance.second_factors.state(user(strict)) is None
    assert SESSION not in browser.cookies


def test_two_browsers_that_enroll_at_once_get_different_secrets_and_the_first_counts(strict: SignInApp) -> None:
    first, second = strict.browser(), strict.browser()
    for browser in (first, second):
        sign_in(browser, "kim", GOOD)
    mine, other = (secret_of(browser.get("/sign-in/step")) for browser in (first, second))
    assert mine != other
    take(first, "enroll", code(strict, mine))
    take(second, "enroll", code(strict, other))
    assert SESSION not in second.cookies
    assert 'name="code"' in second.get("/sign-in/step").text
    assert "<svg" not in second.get("/sign-in/step").text


def test_the_button_of_the_enrollment_pressed_twice_shows_the_same_codes(strict: SignInApp) -> None:
    browser = strict.browser()
    sign_in(browser, "kim", GOOD)
    typed = code(strict, secret_of(browser.get("/sign-in/step")))
    codes = enroll_in(browser, typed)
    assert enroll_in(browser, typed) == codes
    take(browser, "recovery codes", "")
    another = strict.browser()
    sign_in(another, "kim", GOOD)
    take(another, "code", codes[0])
    assert SESSION in another.cookies


def test_the_button_pressed_twice_in_a_session_shows_the_same_codes(app: SignInApp) -> None:
    browser = app.signed_in()
    form = {"code": code(app, secret_of(browser.get("/sign-in/second-factor")))}
    first, second = (browser.post("/sign-in/second-factor", data=form, headers=ORIGIN) for _ in range(2))
    assert codes_of(second) == codes_of(first)
    assert [entry[0] for entry in app.trail()].count("second_factor.enroll") == 1
    stranger = app.browser()
    sign_in(stranger, "kim", GOOD)
    take(stranger, "code", codes_of(first)[0])
    again = browser.post("/sign-in/second-factor", data=form, headers=ORIGIN)
    assert again.status_code == 400, "codes that are no longer whole are not shown"
    wrong = stranger.post("/sign-in/second-factor", data=form, headers=ORIGIN)
    assert wrong.status_code == 400, "another session sees no codes"


def test_both_forms_of_a_double_press_at_once_get_the_same_codes(strict: SignInApp) -> None:
    factors, kim = strict.entrance.second_factors, user(strict)
    typed = code(strict, factors.enrollment(kim, b"x").secret)
    assert factors.enroll(kim, b"x", typed, "") == factors.enroll(kim, b"x", typed, "")
    with pytest.raises(StepRefused):
        factors.enroll(kim, b"y", typed, "")
    with pytest.raises(StepRefused):
        factors.enroll(kim, b"x", "000000", "")


def test_the_recovery_codes_can_be_saved_as_text_without_being_in_an_address(strict: SignInApp) -> None:
    browser = strict.browser()
    sign_in(browser, "kim", GOOD)
    take(browser, "enroll", code(strict, secret_of(browser.get("/sign-in/step"))))
    answer = browser.get("/sign-in/step")
    form = re.search(r'name="codes" value="([^"]*)"', answer.text)
    assert form
    saved = browser.post("/sign-in/recovery-codes.txt", data={"codes": html.unescape(form[1])}, headers=ORIGIN)
    assert saved.headers["content-disposition"] == 'attachment; filename="mxm-recovery-codes.txt"'
    assert saved.headers["cache-control"] == "no-store"
    assert set(codes_of(answer)) <= set(saved.text.split())
    other = browser.post("/sign-in/recovery-codes.txt", data={"codes": "<script>"}, headers=ORIGIN)
    assert other.status_code == 403
    stranger = strict.browser().post("/sign-in/recovery-codes.txt", data={"codes": form[1]}, headers=ORIGIN)
    assert stranger.status_code == 403


# Codes.


@pytest.mark.parametrize(("drift", "right"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_phone_may_be_one_step_early_or_late(strict: SignInApp, drift: int, right: bool) -> None:
    secret, _ = enroll(strict)
    strict.clock.at += 10 * STEP_S
    browser = strict.browser()
    sign_in(browser, "kim", GOOD)
    answer = take(browser, "code", code(strict, secret, drift))
    assert (SESSION in browser.cookies) is right
    assert (html.escape(WRONG_CODE) in answer.text) is not right


def test_a_code_works_once_and_none_before_it(strict: SignInApp) -> None:
    secret, _ = enroll(strict)
    typed, earlier = code(strict, secret), code(strict, secret, -STEP_S)
    for given, right in ((typed, True), (typed, False), (earlier, False)):
        browser = strict.browser()
        sign_in(browser, "kim", GOOD)
        take(browser, "code", given)
        assert (SESSION in browser.cookies) is right


def test_a_recovery_code_works_once_in_any_writing(strict: SignInApp) -> None:
    _, codes = enroll(strict)
    for given, right in ((codes[3].upper().replace("-", " "), True), (codes[3], False), (codes[4], True)):
        browser = strict.browser()
        sign_in(browser, "kim", GOOD)
        answer = take(browser, "code", given)
        assert (SESSION in browser.cookies) is right
        assert (WRONG_RECOVERY_CODE in answer.text) is not right
    state = strict.entrance.second_factors.state(user(strict))
    assert state is not None
    assert state.codes_left == 8
    used = [entry for entry in strict.trail() if entry[0] == "second_factor.recovery_code_used"]
    assert used == [("second_factor.recovery_code_used", "kim", "kim", f"{left} left") for left in (9, 8)]


def test_wrong_codes_have_to_wait_longer_and_longer_and_are_recorded(strict: SignInApp) -> None:
    secret, _ = enroll(strict)
    browser = strict.browser()
    sign_in(browser, "kim", GOOD)
    answers = [take(browser, "code", "000000").status_code for _ in range(7)]
    assert answers == [400] * 5 + [429] * 2
    assert take(browser, "code", code(strict, secret)).status_code == 429, "a right code has to wait, too"
    assert sum(entry[0] == "second_factor.refused" for entry in strict.trail()) == 5
    waits = []
    for _ in range(13):
        answer = take(browser, "code", "000000")
        waits.append(int(answer.headers.get("retry-after", 0)))
        strict.clock.at += waits[-1]
        with strict.store.write() as tx:  # the pending sign-in itself would have ended meanwhile
            tx.exec_driver_sql("UPDATE pending_sign_in SET began_at = ?", (strict.clock.at,))
        take(browser, "code", "000000")
    assert waits[:4] == [1, 2, 4, 8]
    assert max(waits) == waits[-1] == 3600


def test_other_browsers_and_pending_sign_ins_share_the_count(strict: SignInApp) -> None:
    enroll(strict)
    for number in range(5):
        browser = strict.browser(peer=f"203.0.113.{number}")
        sign_in(browser, "kim", GOOD)
        take(browser, "code", "000000")
    assert take(browser, "code", "000000").status_code == 429


# The trace of a stolen password.


def refusals(app: SignInApp) -> list[tuple[str, str]]:
    """Return address and outcome of each refused sign-in in the audit log."""
    with app.store.read() as tx:
        entries = reversed(audit_entries(tx))
        return [(each["address"], each["outcome"]) for each in entries if each["what"] == "sign_in.refused"]


def test_a_wrong_code_counts_as_a_refused_try_of_the_user(strict: SignInApp) -> None:
    secret, _ = enroll(strict)
    browser = strict.browser()
    sign_in(browser, "kim", GOOD)
    for _ in range(2):
        take(browser, "code", "000000")
    assert user(strict).refused_since == 2
    take(browser, "code", code(strict, secret))
    session = strict.sessions.find(browser.cookies[SESSION])
    assert session is not None
    with strict.store.read() as tx:
        record = sessions.find(tx, session.digest)
    assert record is not None
    assert record.before.refused == 2


def test_a_wrong_password_of_a_confirmation_counts_too(app: SignInApp) -> None:
    browser = app.signed_in()
    app.clock.at += RECENT_S + 1
    browser.post("/sign-in/confirm", data={"password": OTHER}, headers=ORIGIN)
    assert user(app).refused_since == 1


def test_a_sign_in_left_without_a_code_is_recorded_once(strict: SignInApp) -> None:
    enroll(strict)
    thief = strict.browser(peer="203.0.113.9")
    sign_in(thief, "kim", GOOD)
    assert refusals(strict) == []
    housekeeping = Housekeeping(strict.settings, strict.store, strict.clock)
    strict.clock.at += PENDING_S + 1
    for _ in range(2):
        housekeeping.tidy()
    assert refusals(strict) == [("203.0.113.9", NOT_COMPLETED)]
    assert user(strict).refused_since == 1


def test_a_sign_in_that_ends_with_the_sessions_of_its_user_is_recorded(strict: SignInApp) -> None:
    enroll(strict)
    thief = strict.browser(peer="203.0.113.9")
    sign_in(thief, "kim", GOOD)
    strict.users.set_password(BOSS, user(strict).id, OTHER)
    assert refusals(strict) == [("203.0.113.9", NOT_COMPLETED)]


def test_a_sign_in_with_the_right_code_leaves_no_refusal(strict: SignInApp) -> None:
    secret, _ = enroll(strict)
    left, browser = strict.browser(), strict.browser()
    sign_in(left, "kim", GOOD)  # the same person's first try, in a tab that was closed
    sign_in(browser, "kim", GOOD)
    take(browser, "code", code(strict, secret))
    other = strict.browser(peer="203.0.113.9")
    sign_in(other, "kim", GOOD)
    strict.clock.at += PENDING_S + 1
    Housekeeping(strict.settings, strict.store, strict.clock).tidy()
    assert refusals(strict) == [("203.0.113.9", NOT_COMPLETED)]


def test_an_enrollment_whose_codes_were_not_read_is_no_refusal(strict: SignInApp) -> None:
    browser = strict.browser()
    sign_in(browser, "kim", GOOD)
    enroll_in(browser, code(strict, secret_of(browser.get("/sign-in/step"))))
    strict.clock.at += PENDING_S + 1
    Housekeeping(strict.settings, strict.store, strict.clock).tidy()
    assert refusals(strict) == []


def test_with_another_server_key_a_recovery_code_still_works(strict: SignInApp) -> None:
    secret, codes = enroll(strict)
    strict.store.key = ServerKey.make("another")
    browser = strict.browser()
    sign_in(browser, "kim", GOOD)
    assert KEY_CHANGED in take(browser, "code", code(strict, secret)).text
    take(browser, "code", codes[0])
    assert SESSION in browser.cookies


# The phone is lost, or replaced.


def test_a_recovery_code_and_then_another_phone(strict: SignInApp) -> None:
    old, codes = enroll(strict)
    browser = strict.browser()
    sign_in(browser, "kim", GOOD)
    take(browser, "code", codes[0])
    page = browser.get("/sign-in/second-factor")
    new = secret_of(page)
    assert new != old
    answer = browser.post("/sign-in/second-factor", data={"code": code(strict, new)}, headers=ORIGIN)
    assert not set(codes_of(answer)) & set(codes)
    strict.clock.at += STEP_S
    for typed, right in ((code(strict, old), False), (codes[1], False), (code(strict, new), True)):
        another = strict.browser()
        sign_in(another, "kim", GOOD)
        take(another, "code", typed)
        assert (SESSION in another.cookies) is right


def test_ones_own_factor_is_changed_only_after_a_recent_proof(strict: SignInApp) -> None:
    secret, _ = enroll(strict)
    browser = strict.browser()
    sign_in(browser, "kim", GOOD)
    take(browser, "code", code(strict, secret))
    strict.clock.at += RECENT_S + 1
    for answer in (
        browser.get("/sign-in/second-factor"),
        browser.post("/sign-in/second-factor", data={"code": "1"}, headers=ORIGIN),
        browser.post("/sign-in/recovery-codes", headers=ORIGIN),
    ):
        assert answer.headers["location"].startswith("/sign-in/confirm?next=")
    form = {"password": GOOD, "code": code(strict, secret), "next": "/sign-in/second-factor"}
    confirmed = browser.post("/sign-in/confirm", data=form, headers=ORIGIN)
    assert confirmed.headers["location"] == "/sign-in/second-factor"
    assert browser.get("/sign-in/second-factor").status_code == 200


def test_new_recovery_codes_replace_the_old_ones(strict: SignInApp) -> None:
    secret, codes = enroll(strict)
    browser = strict.browser()
    sign_in(browser, "kim", GOOD)
    take(browser, "code", code(strict, secret))
    made = codes_of(browser.post("/sign-in/recovery-codes", headers=ORIGIN))
    another = strict.browser()
    sign_in(another, "kim", GOOD)
    take(another, "code", codes[0])
    assert SESSION not in another.cookies
    take(another, "code", made[0])
    assert SESSION in another.cookies
    assert ("second_factor.recovery_codes", "kim", "kim", "") in strict.trail()


def test_another_admin_resets_it_and_the_next_sign_in_enrolls(strict: SignInApp) -> None:
    enroll(strict)
    strict.entrance.second_factors.reset(BOSS, user(strict).id)
    assert strict.trail()[-1][:3] == ("second_factor.reset", "boss", "kim")
    browser = strict.browser()
    sign_in(browser, "kim", GOOD)
    assert "<svg" in browser.get("/sign-in/step").text


def test_a_reset_ends_sessions_and_pending_sign_ins(strict: SignInApp) -> None:
    secret, _ = enroll(strict)
    signed_in, pending = strict.browser(), strict.browser()
    sign_in(signed_in, "kim", GOOD)
    take(signed_in, "code", code(strict, secret))
    sign_in(pending, "kim", GOOD)
    strict.entrance.second_factors.reset(BOSS, user(strict).id)
    assert signed_in.get("/page").status_code == 401
    assert take(pending, "code", "000000").status_code == 401


def test_only_another_admin_resets_it(strict: SignInApp) -> None:
    enroll(strict)
    factors, number = strict.entrance.second_factors, user(strict).id
    with pytest.raises(InvalidPassword, match="your own"):
        factors.reset(strict.users.caller("kim"), number)
    for caller in (Caller("lee"), Caller("nightly (token 1)", admin=True, kind=CallerKind.TOKEN)):
        with pytest.raises(Forbidden):
            factors.reset(caller, number)
    assert factors.state(user(strict)) is not None


# Pages that cannot be shown.


@pytest.mark.parametrize("address", ["/sign-in/second-factor", "/sign-in/recovery-codes", "/sign-in/confirm"])
def test_without_sign_in_there_are_no_pages_of_an_own_account(tmp_path: Path, address: str) -> None:
    with opened(tmp_path) as app:
        answer = app.browser().get(address)
    assert answer.status_code == 404
    assert "Sign-in is off" in answer.text


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/sign-in/second-factor"),
        ("POST", "/sign-in/second-factor"),
        ("POST", "/sign-in/recovery-codes"),
        ("POST", "/sign-in/recovery-codes.txt"),
        ("GET", "/sign-in/confirm"),
        ("POST", "/sign-in/confirm"),
        ("POST", "/sign-out"),
    ],
)
def test_a_page_says_in_one_sentence_that_the_store_cannot_be_used(
    app: SignInApp, monkeypatch: pytest.MonkeyPatch, method: str, address: str
) -> None:
    browser = app.signed_in()
    if address.endswith("confirm"):
        app.clock.at += RECENT_S + 1

    def full(*_: object) -> None:
        raise StoreUnavailable("The disk is full.", "DISK_FULL")

    monkeypatch.setattr(app.store, "read", full)
    monkeypatch.setattr(app.store, "write", full)
    answer = browser.request(method, address, data={"code": "1", "password": GOOD}, headers=ORIGIN)
    assert answer.status_code == 503
    assert "<h1>" in answer.text
    assert "The disk is full." in answer.text


def test_a_request_for_which_no_session_can_be_read_is_answered_in_its_own_form(
    app: SignInApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = app.signed_in()

    def full(*_: object) -> None:
        raise StoreUnavailable("The disk is full.", "DISK_FULL")

    monkeypatch.setattr(app.store, "read", full)
    page = browser.get("/page", headers={"Accept": "text/html"})
    part = browser.get("/page", headers={"Accept": "*/*"})
    assert (page.status_code, part.status_code) == (503, 503)
    assert "<h1>" in page.text
    assert part.json()["error"] == {"code": "DISK_FULL", "message": "The disk is full."}


# Secrets.


def test_no_secret_or_code_is_stored_or_shown_in_a_repr(strict: SignInApp) -> None:
    secret, codes = enroll(strict)
    kept = strict.kept()
    for hidden in (secret, *codes, *(each.replace("-", "") for each in codes)):
        assert hidden.encode() not in kept
    enrollment = strict.entrance.second_factors.enrollment(user(strict), b"x")
    assert enrollment.secret not in repr(enrollment)
    assert OTHER not in repr(user(strict))
    with strict.store.read() as tx:
        from mxlib.store import second_factors

        record = second_factors.find(tx, user(strict).id)
    assert record is not None
    assert repr(record.sealed_secret) not in repr(record)


def test_no_secret_is_in_an_address_or_a_header(strict: SignInApp) -> None:
    browser = strict.browser()
    answers = [sign_in(browser, "kim", GOOD), page := browser.get("/sign-in/step")]
    secret = secret_of(page)
    answers.append(take(browser, "enroll", code(strict, secret)))
    answers.append(done := browser.get("/sign-in/step"))
    answers.append(take(browser, "recovery codes", ""))
    for answer in answers:
        said = str(answer.url) + str(answer.headers)
        assert not any(hidden in said for hidden in (secret, GOOD, *codes_of(done)))


def test_a_name_that_a_stranger_types_never_hashes_to_a_secret(strict: SignInApp) -> None:
    """The hashes of typed names are stored, and who reads them has to learn no secret and no recovery code."""
    kim, browser = user(strict), b"x"
    secret = base64.b32decode(strict.entrance.second_factors.enrollment(kim, browser).secret)
    codes = strict.entrance.second_factors.enroll(kim, browser, code(strict, base64.b32encode(secret).decode()), "")
    since = strict.clock.at
    typed = [f"{what} of {kim.id} since {at}: {browser.hex()}" for what in SEEDS for at in (0.0, since)]
    for number, name in enumerate(typed):
        sign_in(strict.browser(peer=f"10.0.{number}.1"), name, GOOD)
    with strict.store.read() as tx:
        hashes = [bytes(each) for each in tx.execute(sa.select(tables.sign_in_refused.c.name)).scalars()]
    assert len(set(hashes)) == len(typed)
    assert secret not in [each[: len(secret)] for each in hashes]
    assert not {_plain(each) for each in codes} & {_as_code(each) for each in hashes}


def test_secrets_derive_from_a_key_that_hashes_no_name(strict: SignInApp, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_given: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr(ServerKey, "mark", never)
    factors, kim = strict.entrance.second_factors, user(strict)
    enrollment = factors.enrollment(kim, b"x")
    codes = factors.enroll(kim, b"x", code(strict, enrollment.secret), "")
    assert factors.codes_of_enrollment(kim, b"x") == codes


# The command line.


def test_the_command_line_resets_it(strict: SignInApp, monkeypatch: pytest.MonkeyPatch) -> None:
    enroll(strict)
    monkeypatch.setenv("MXM_DATA_DIR", str(strict.settings.data_dir))
    assert cli.main(["user", "reset-factor", "kim"]) == 0
    assert strict.entrance.second_factors.state(user(strict)) is None
    assert strict.trail()[-1][0] == "second_factor.reset"
    assert strict.trail()[-1][1].endswith("(script/mxm)")
    assert cli.main(["user", "reset-factor", "kim"]) == 2
    assert cli.main(["user", "reset-factor", "nobody"]) == 2
