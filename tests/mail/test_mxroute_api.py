"""Mail by MXroute's SMTP API, and how its answers are judged."""

import json

import httpx
import pytest

from mxlib.core.mails import MailProblem, Refused, SendResult, Sent, TryLater
from mxlib.mail.choice import choose_transport
from mxlib.mail.mxroute_api import MXrouteMailTransport
from mxlib.mail.smtp import SmtpTransport
from mxlib.mail.transport import Catcher, NoServer
from mxlib.settings import MailSecurity, MailServer, Settings
from tests.mail.test_smtp import MESSAGE, PASSWORD

SERVER = MailServer(MailSecurity.API, "tuesday.mxrouting.net", 443, "mxm@agency.example", PASSWORD)


def send(answer: httpx.Response | Exception, seen: list[httpx.Request] | None = None) -> SendResult:
    def host(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        # As a network hands it out: not read yet.
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content))

    return MXrouteMailTransport(SERVER, httpx.MockTransport(host)).send(MESSAGE)


def test_a_mail_goes_as_json_over_https() -> None:
    seen: list[httpx.Request] = []
    good = httpx.Response(200, json={"success": True, "message": "Email sent successfully."})
    assert send(good, seen) == Sent(200, "Email sent successfully.")
    body = json.loads(seen[0].content)
    assert str(seen[0].url) == "https://smtpapi.mxroute.com/"
    assert body.keys() == {"server", "username", "password", "from", "to", "subject", "body"}
    assert (body["from"], body["to"], body["subject"]) == (
        "mxm@agency.example",
        "nina@mail.example",
        "Test mail of MXM",
    )
    assert "<p" in body["body"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(400, json={"success": False, "message": "no such address"}),
         Refused(MailProblem.ANSWERED, 400, "no such address")),
        (httpx.Response(200, json={"success": False, "message": "SMTP failed"}),
         TryLater(MailProblem.ANSWERED, 200, "SMTP failed")),
        (httpx.Response(401, json={"message": f"wrong {PASSWORD}"}),
         TryLater(MailProblem.SIGN_IN_REFUSED, 401, "wrong ••••")),
        (httpx.Response(429, json={"message": "slow down"}), TryLater(MailProblem.NOT_READY, 429, "slow down")),
        (httpx.Response(502, text="<html>"), TryLater(MailProblem.UNREADABLE_ANSWER, 502)),
        (httpx.Response(200, content=b"x" * 50_000), TryLater(MailProblem.UNREADABLE_ANSWER, 200)),
        (httpx.Response(302, headers={"Location": "http://b.example"}), TryLater(MailProblem.UNREADABLE_ANSWER, 302)),
        (httpx.ConnectTimeout("late"), TryLater(MailProblem.TIMEOUT)),
        (httpx.ConnectError("closed"), TryLater(MailProblem.NOT_CONNECTED)),
        (httpx.ReadError("gone"), TryLater(MailProblem.DISCONNECTED)),
    ],
)  # fmt: skip
def test_an_answer_decides_whether_a_mail_is_tried_again(
    answer: httpx.Response | Exception, expected: SendResult
) -> None:
    result = send(answer)
    assert result == expected
    assert PASSWORD not in repr(result)


def test_the_settings_choose_the_way() -> None:
    def chosen(url: str) -> str:
        settings = Settings(smtp_url=url, mail_from="MXM <mxm@agency.example>" if url else "")
        return type(choose_transport(settings, sandbox=False)).__name__

    assert chosen("") == NoServer.__name__
    assert chosen("smtps://mail.example") == chosen("smtp://mail.example:2525") == SmtpTransport.__name__
    assert chosen("mxroute+https://mxm%40a.example:x@tuesday.mxrouting.net") == MXrouteMailTransport.__name__
    assert isinstance(
        choose_transport(Settings(smtp_url="smtps://a.example", mail_from="a@a.nl"), sandbox=True), Catcher
    )
