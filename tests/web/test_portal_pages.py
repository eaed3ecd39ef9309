"""The public pages: routes, states, languages, sizes, and what they keep to themselves."""

import logging
import plistlib
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from mxlib.core.clients import LANGUAGES
from mxlib.core.links import LinkPurpose, PageState, SetResult
from mxlib.core.password_rules import PasswordProblem
from mxlib.core.text.portal import WORDS
from mxlib.ui.app import log_masks
from mxlib.web.portal import look
from mxlib.web.portal.portal_services import Sender
from tests.support import portal
from tests.support.portal import ADDRESS, GOOD, OTHER, TOKEN, PortalApp

P = PasswordProblem
PATH = f"/password/{TOKEN}"
RECOVERY = f"/recovery/{TOKEN}"
MOST_BYTES = 20_000


@pytest.fixture
def app(tmp_path: Path) -> PortalApp:
    return portal.make(tmp_path)


def shown(answer: Any) -> str:
    """Return the text of a page as people read it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def setting(app: PortalApp, password: str = GOOD, again: str | None = None, **more: Any) -> Any:
    return app.post(PATH, {"password": password, "password_again": password if again is None else again}, **more)


# Setting a password.


def test_a_living_link_shows_the_address_and_all_rules_before_anything_is_typed(app: PortalApp) -> None:
    app.links.add()
    answer = app.client().get(PATH)
    assert answer.status_code == 200
    text = shown(answer)
    assert all(part in text for part in (ADDRESS, "Agency Example", "support@agency.example"))
    assert all(rule in text for rule in WORDS["en"].all_rules)
    assert "This link works until 29 January 2027." in text


def test_opening_a_page_spends_nothing_and_a_head_does_not_count_as_opened(app: PortalApp) -> None:
    app.links.add()
    client = app.client()
    for _ in range(3):
        assert client.get(PATH).status_code == client.head(PATH).status_code == 200
    assert app.links.opened == [(TOKEN, True), (TOKEN, False)] * 3
    assert app.links.passwords == []
    assert setting(app).status_code == 303


def test_a_good_password_is_set_and_the_settings_follow_without_it(app: PortalApp) -> None:
    app.links.add()
    answer = setting(app)
    assert (answer.status_code, answer.headers["location"]) == (303, PATH)
    assert app.links.passwords == [GOOD]
    page = app.client().get(PATH)
    text = shown(page)
    assert "Your password is set" in text
    assert all(part in text for part in (ADDRESS, "mail.example.com", "993", "465", "995", "SSL/TLS"))
    assert all(step in text for step in WORDS["en"].apple_steps)
    assert GOOD not in page.text
    assert 'type="password"' not in page.text


def test_a_refusal_names_all_problems_and_keeps_nothing_of_the_password(app: PortalApp) -> None:
    app.links.add()
    answer = setting(app, "sannedevries", "Quill-other-8")
    assert answer.status_code == 400
    text = shown(answer)
    for problem in (P.DIFFERENT, P.NO_CAPITAL, P.NO_DIGIT, P.OWN_NAME):
        assert WORDS["en"].problem(problem) in text
    assert not {"sannedevries", "Quill-other-8"} & set(re.findall(r"[\w-]+", answer.text))
    assert answer.text.count('aria-invalid="true"') == 2
    assert 'aria-describedby="wrong rules"' in answer.text
    assert 'role="alert"' in answer.text
    assert app.links.passwords == []


def test_a_body_that_is_no_form_is_answered_as_one_without_a_password(app: PortalApp) -> None:
    app.links.add()
    for content in (b"", b"\xff\xfe", b"&" * 3_000, b"password=%00%ff"):
        headers = {"Origin": portal.PORTAL, "Content-Type": "application/x-www-form-urlencoded"}
        answer = app.client().post(PATH, content=content, headers=headers)
        assert answer.status_code == 400


STATES = [
    (PageState.NOT_YET, 200, "This link does not work yet"),
    (PageState.EXPIRED, 410, "This link has expired"),
    (PageState.SPENT, 200, "Your password is set"),
    (PageState.ENDED, 410, "This link no longer works"),
]


@pytest.mark.parametrize(("state", "status", "title"), STATES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_link_that_does_not_live_says_so_and_whom_to_ask(
    app: PortalApp, state: PageState, status: int, title: str, method: str
) -> None:
    app.links.add(state=state, help="help@client.example")
    answer = app.client().get(PATH) if method == "GET" else setting(app)
    assert answer.status_code == status
    assert f"<h1>{title}</h1>" in answer.text
    assert '<a href="mailto:help@client.example" rel="noreferrer">help@client.example</a>' in answer.text
    assert app.links.passwords == []
    assert ('name="password"' in answer.text) is False


def test_a_link_that_is_over_names_the_reset_only_where_it_is_offered(app: PortalApp) -> None:
    app.links.add(state=PageState.EXPIRED)
    assert 'href="/reset"' in app.client().get(PATH).text
    app.offers_reset = False
    assert 'href="/reset"' not in app.client().get(PATH).text


def test_days_of_a_link_are_written_out(app: PortalApp) -> None:
    app.links.add(state=PageState.NOT_YET, valid_from=1_801_440_000.0)
    assert "Er gilt ab 1. Februar 2027." in shown(app.client(language="de").get(PATH))
    app.links.add(expires_at=app.clock.now() + 59 * 60 + 30)
    assert "Dieser Link gilt noch 59 min." in shown(app.client(language="de").get(PATH))


def test_an_unknown_link_says_how_to_open_it_whole_and_whom_to_ask(app: PortalApp) -> None:
    answer = app.client().get(PATH)
    assert answer.status_code == 404
    assert "This link is not complete" in shown(answer)
    assert "support@agency.example" in shown(answer)


@pytest.mark.parametrize(
    "token", ["", "x", "A" * 42, "A" * 44, "A" * 5_000, "A" * 42 + "ä", "A" * 42 + "%00", "../" * 14, "A" * 42 + "*"]
)
def test_what_cannot_be_a_token_is_never_looked_up(app: PortalApp, token: str) -> None:
    assert app.client().get(f"/password/{token}").status_code == 404
    assert app.links.opened == []


@pytest.mark.parametrize("sign", [".", ",", ")", "%3E"])
def test_a_sign_that_a_mail_program_took_for_part_of_the_link_is_left_out(app: PortalApp, sign: str) -> None:
    app.links.add()
    assert app.client().get(PATH + sign).status_code == 200


def test_without_an_address_for_help_the_page_names_the_person_who_manages_the_mail(app: PortalApp) -> None:
    app.links.add(help="", agency="")
    assert "Ask the person who manages your email." in shown(app.client().get(PATH))


def test_a_web_address_for_help_is_a_link_and_other_text_is_text(app: PortalApp) -> None:
    app.links.add(help="https://help.client.example/mail")
    assert '<a href="https://help.client.example/mail" rel="noreferrer">' in app.client().get(PATH).text
    app.links.add(help='Jo <b onclick="x">, 030 123')
    assert "Jo &lt;b onclick=&#34;x&#34;&gt;, 030 123" in app.client().get(PATH).text
    app.links.add(help="javascript:alert(1)")
    assert "<a href=" not in app.client().get(PATH).text


# What happens at the host.


@pytest.mark.parametrize(
    ("problem", "status", "title", "wait"),
    [
        (P.BUSY, 503, "Please wait a moment", "12"),
        (P.HOST_DOWN, 503, "The mail server cannot be reached", "12"),
        (P.NOT_ANSWERED, 202, "Please try to sign in", None),
    ],
)
def test_the_link_lives_when_the_host_does_not_set_the_password(
    app: PortalApp, problem: P, status: int, title: str, wait: str | None
) -> None:
    app.links.add()
    app.links.answer = SetResult(done=False, problems=(problem,), retry_after=11.2)
    answer = setting(app)
    assert answer.status_code == status
    assert title in shown(answer)
    assert answer.headers.get("retry-after") == wait
    assert GOOD not in answer.text
    assert '<a href="" rel="noreferrer">Choose your password</a>' in answer.text
    app.links.answer = SetResult(done=True, state=PageState.SPENT)
    assert setting(app).status_code == 303


def test_a_password_that_the_host_refused_can_be_replaced_at_once(app: PortalApp) -> None:
    app.links.add()
    app.links.answer = SetResult(done=False, problems=(P.REFUSED,))
    answer = setting(app)
    assert answer.status_code == 400
    assert WORDS["en"].problem(P.REFUSED) in shown(answer)
    assert 'name="password_again"' in answer.text


@pytest.mark.parametrize("result", [SetResult(False, (P.ENDED,)), SetResult(False, state=PageState.ENDED)])
def test_a_link_that_ends_meanwhile_says_so(app: PortalApp, result: SetResult) -> None:
    app.links.add()
    app.links.answer = result
    assert "This link no longer works" in shown(setting(app))


def test_a_link_that_was_used_meanwhile_shows_the_settings(app: PortalApp) -> None:
    app.links.add()
    app.links.answer = SetResult(False, state=PageState.SPENT)
    assert "mail.example.com" in shown(setting(app))


def test_an_error_shows_a_page_that_says_nothing_of_it_and_logs_no_token(
    app: PortalApp, caplog: pytest.LogCaptureFixture
) -> None:
    factory = logging.getLogRecordFactory()
    log_masks.install()
    try:
        app.links.error = RuntimeError(f"it broke at {portal.PORTAL}{PATH}?x")
        answer = app.client().get(PATH)
    finally:
        logging.setLogRecordFactory(factory)
    assert answer.status_code == 500
    assert "it broke" not in answer.text
    assert "it broke at https://password.agency.example/password/…?x" in caplog.text
    assert TOKEN not in caplog.text


# Languages.


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_says_all_rules_and_every_problem(app: PortalApp, language: str) -> None:
    app.links.add()
    words = WORDS[language]
    page = app.client(language=f"{language}-XX,en;q=0.5").get(PATH)
    assert f'<html lang="{language}">' in page.text
    assert page.headers["content-language"] == language
    assert all(rule in shown(page) for rule in words.all_rules)
    for problem in P:
        assert words.problem(problem)
    refused = setting(app, "abc", "abcd", language=language)
    for problem in (P.DIFFERENT, P.TOO_SHORT, P.NO_CAPITAL, P.NO_DIGIT):
        assert words.problem(problem) in shown(refused)


def test_where_the_browser_asks_for_no_language_of_ours_that_of_the_link_is_used(app: PortalApp) -> None:
    app.links.add(language="fr")
    assert app.client(language="pl,cs;q=0.9").get(PATH).headers["content-language"] == "fr"
    assert app.client(language="pl,nl;q=0.1").get(PATH).headers["content-language"] == "nl"
    app.sender = Sender(language="es")
    assert app.client(language="pl").get("/reset").headers["content-language"] == "es"


# Settings and profile.


def test_the_settings_are_shown_for_any_address_and_none(app: PortalApp) -> None:
    client = app.client()
    plain = client.get("/mail-settings")
    assert plain.status_code == 200
    assert "your whole email address" in shown(plain)
    assert "mobileconfig" not in plain.text
    typed = client.get("/mail-settings", params={"address": " Kim@Client.example "})
    assert 'href="/mail-settings/profile.mobileconfig?address=kim%40client.example"' in typed.text
    assert "kim@client.example" in shown(typed)


@pytest.mark.parametrize("address", ["", "kim", "kim@", "<script>@x", "a@b.example\r\nX: y", "x" * 300 + "@b.example"])
def test_what_is_no_address_gets_the_settings_alone(app: PortalApp, address: str) -> None:
    client = app.client()
    assert "mobileconfig" not in client.get("/mail-settings", params={"address": address}).text
    assert client.get("/mail-settings/profile.mobileconfig", params={"address": address}).status_code == 404


def test_the_profile_has_all_settings_and_no_password_and_stays_the_same(app: PortalApp) -> None:
    client = app.client()
    answer = client.get("/mail-settings/profile.mobileconfig", params={"address": ADDRESS})
    assert answer.headers["content-type"] == "application/x-apple-aspen-config"
    assert answer.headers["cache-control"] == "no-store"
    profile = plistlib.loads(answer.content)
    [mail] = profile["PayloadContent"]
    assert profile["PayloadOrganization"] == "Agency Example"
    assert (mail["EmailAddress"], mail["IncomingMailServerUsername"]) == (ADDRESS, ADDRESS)
    assert (mail["IncomingMailServerHostName"], mail["IncomingMailServerPortNumber"]) == ("mail.example.com", 993)
    assert (mail["OutgoingMailServerHostName"], mail["OutgoingMailServerPortNumber"]) == ("mail.example.com", 465)
    assert mail["IncomingMailServerUseSSL"] is mail["OutgoingMailServerUseSSL"] is True
    assert not [key for key in mail if key.endswith("Password") and key != "OutgoingPasswordSameAsIncomingPassword"]
    again = client.get("/mail-settings/profile.mobileconfig", params={"address": ADDRESS})
    assert again.content == answer.content
    other = plistlib.loads(
        client.get("/mail-settings/profile.mobileconfig", params={"address": "kim@client.example"}).content
    )
    ours = {profile["PayloadUUID"], mail["PayloadUUID"], profile["PayloadIdentifier"], mail["PayloadIdentifier"]}
    theirs = {other["PayloadUUID"], other["PayloadContent"][0]["PayloadUUID"], other["PayloadIdentifier"]}
    assert len(ours) == 4
    assert not ours & theirs


# Reset.


def test_a_reset_is_answered_with_the_same_bytes_whatever_is_asked_for(app: PortalApp) -> None:
    given = [ADDRESS, "nobody@unknown.example", "", "x", "<b>@x", "a" * 2_000, "\x00\x01"]
    answers = [app.post("/reset", {"address": each}) for each in given]
    headers = [{k: v for k, v in answer.headers.items() if k != "date"} for answer in answers]
    assert {answer.content for answer in answers} == {answers[0].content}
    assert all(each == headers[0] for each in headers)
    assert {answer.status_code for answer in answers} == {200}
    assert [address for address, _ in app.resets] == given
    assert {network for _, network in app.resets} == {"203.0.113.7"}


def test_who_gets_no_link_reads_what_to_do(app: PortalApp) -> None:
    assert "Nothing came? Ask for help: whom to ask is below." in shown(app.post("/reset", {"address": ADDRESS}))


def test_a_reset_is_asked_for_by_a_form_alone(app: PortalApp) -> None:
    page = app.client().get("/reset", params={"address": ADDRESS})
    assert (page.status_code, app.resets) == (200, [])
    assert 'type="email"' in page.text
    assert ADDRESS not in page.text


def test_where_reset_is_off_everywhere_the_page_says_whom_to_ask_and_nothing_is_stored(app: PortalApp) -> None:
    app.offers_reset = False
    for answer in (app.client().get("/reset"), app.post("/reset", {"address": ADDRESS})):
        assert "Passwords cannot be reset on this page. Questions? Ask support@agency.example" in shown(answer)
        assert "<form" not in answer.text
    assert app.resets == []


# Recovery emails.


def test_a_recovery_email_is_asked_for_checked_and_confirmed_by_a_mail(app: PortalApp) -> None:
    app.links.add(purpose=LinkPurpose.RECOVERY_EMAIL)
    page = app.client().get(RECOVERY)
    assert "Add a recovery email" in shown(page)
    assert ADDRESS in shown(page)
    refused = app.post(RECOVERY, {"address": "no address <b>"})
    assert refused.status_code == 400
    assert WORDS["en"].recovery_invalid in shown(refused)
    assert 'value="no address &lt;b&gt;"' in refused.text
    assert WORDS["en"].recovery_own in shown(app.post(RECOVERY, {"address": ADDRESS}))
    sent = app.post(RECOVERY, {"address": " sanne@private.example "})
    assert "A mail is on its way to sanne@private.example." in shown(sent)
    assert app.links.recovery_emails == ["sanne@private.example"]


def test_a_recovery_email_is_stored_once_its_link_was_confirmed_by_a_press(app: PortalApp) -> None:
    app.links.add(purpose=LinkPurpose.CONFIRM_RECOVERY)
    page = app.client().get(RECOVERY)
    assert f"Links for a new password of {ADDRESS} go to sanne@private.example" in shown(page)
    assert app.links.recovery_emails == []
    assert "Your recovery email is stored" in shown(app.post(RECOVERY, {}))
    assert app.links.recovery_emails == ["confirmed"]


def test_a_link_opens_only_the_page_that_it_is_for(app: PortalApp) -> None:
    app.links.add()
    app.links.add(OTHER, purpose=LinkPurpose.RECOVERY_EMAIL)
    for path in (RECOVERY, f"/password/{OTHER}"):
        for answer in (app.client().get(path), app.post(path, {"password": GOOD, "password_again": GOOD})):
            assert answer.status_code == 404
    assert app.links.passwords == []


# What holds for every page.

EVERY = [
    ("/reset", {}), ("/mail-settings?address=kim@client.example", {}), ("/nowhere", {}), ("/password/short", {}),
    (PATH, {}), (PATH, {"state": PageState.SPENT}), (PATH, {"state": PageState.NOT_YET}),
    (PATH, {"state": PageState.EXPIRED}), (RECOVERY, {"purpose": LinkPurpose.RECOVERY_EMAIL}),
    (RECOVERY, {"purpose": LinkPurpose.CONFIRM_RECOVERY}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "link"), EVERY)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_small_and_asks_browsers_to_keep_and_share_nothing(
    app: PortalApp, path: str, link: dict[str, Any], language: str
) -> None:
    app.links.add(**link)
    answer = app.client(language=language).get(path)
    assert len(answer.content) <= MOST_BYTES
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["content-security-policy"] == look.CONTENT_SECURITY_POLICY
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert "set-cookie" not in answer.headers
    assert TOKEN not in answer.text
    assert not re.findall(r"(?:src|href|action)=\"(?:https?:)?//", answer.text)
    # The address of a page has the token: no request but that of its form shows it to a log as Referer.
    assert not [tag for tag in re.findall(r"<(?:a|link|script) [^>]*>", answer.text) if "referrer" not in tag]
    script = r"<script(?! src=\"/portal/copy.js\" referrerpolicy=\"no-referrer\" defer></script>)"
    assert not re.findall(rf" style=| on\w+=|<style|{script}", answer.text)


@pytest.mark.parametrize(("path", "link"), EVERY)
def test_every_field_has_a_label_and_every_page_one_heading(app: PortalApp, path: str, link: dict[str, Any]) -> None:
    app.links.add(**link)
    text = app.client().get(path).text
    assert text.count("<h1>") == 1
    visible = [field for field in re.findall(r"<input[^>]*>", text) if "hidden" not in field]
    ids = [re.search(r' id="([^"]+)"', field) for field in visible]
    assert all(found and f'<label for="{found[1]}">' in text for found in ids)
    described = " ".join(re.findall(r'aria-describedby="([^"]*)"', text)).split()
    assert all(f'id="{each}"' in text for each in described)


@pytest.mark.parametrize("file", ["style.css", "copy.js", "icon.svg"])
def test_the_files_of_the_pages_are_served_and_small(app: PortalApp, file: str) -> None:
    answer = app.client().get(f"/portal/{file}")
    assert answer.status_code == 200
    assert len(answer.content) < MOST_BYTES
    assert app.client().get("/portal/base.html").status_code == 404


# Limits.


def test_forms_that_are_refused_again_and_again_wait_and_other_networks_do_not(app: PortalApp) -> None:
    app.links.add()
    assert {setting(app, "abc").status_code for _ in range(200)} == {400}
    waits = setting(app, "abc")
    assert (waits.status_code, waits.headers["retry-after"]) == (429, "1")
    assert "Too many tries" in shown(waits)
    assert (setting(app).status_code, app.links.passwords) == (429, [])
    assert setting(app, network="198.51.100.9").status_code == 303
    app.clock.at += 31
    app.links.add()
    assert setting(app).status_code == 303


def test_unknown_links_wait_after_many_tries_also_after_a_restart(app: PortalApp, tmp_path: Path) -> None:
    assert {app.client().get(f"/password/{OTHER}").status_code for _ in range(60)} == {404}
    app.links.add()
    for token in (OTHER, TOKEN):
        assert app.client().get(f"/password/{token}").status_code == 429
    again = portal.make(tmp_path)
    assert again.client().get(f"/password/{OTHER}").status_code == 429
    assert again.client(network="198.51.100.9").get(f"/password/{OTHER}").status_code == 404
    again.clock.at += 61
    assert again.client().get(f"/password/{OTHER}").status_code == 404


def test_a_network_of_ipv6_counts_as_one(app: PortalApp) -> None:
    for number in range(60):
        app.client(network=f"2001:db8::{number:x}").get(f"/password/{OTHER}")
    assert app.client(network="2001:db8::ffff").get(f"/password/{OTHER}").status_code == 429


def test_a_full_queue_is_a_page_and_not_an_error(app: PortalApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mxlib.web.portal.pages._MOST_WAITING", 0)
    answer = app.client().get("/reset")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert "Please wait a moment" in shown(answer)


def test_recovery_emails_that_are_given_again_and_again_wait(app: PortalApp) -> None:
    app.links.add(purpose=LinkPurpose.RECOVERY_EMAIL)
    given = {app.post(RECOVERY, {"address": "sanne@private.example"}).status_code for _ in range(200)}
    assert given == {200}
    assert app.post(RECOVERY, {"address": "sanne@private.example"}).status_code == 429
    assert len(app.links.recovery_emails) == 200


def test_a_recovery_email_is_cut_to_the_longest_address(app: PortalApp) -> None:
    app.links.add(purpose=LinkPurpose.RECOVERY_EMAIL)
    app.post(RECOVERY, {"address": f"sanne@{'x' * 3_000}"})
    assert [len(each) for each in app.links.recovery_emails] == [254]


def test_the_settings_take_no_form(app: PortalApp) -> None:
    for path in ("/mail-settings", "/mail-settings/profile.mobileconfig"):
        assert app.post(f"{path}?address=kim@client.example", {}).status_code == 404
