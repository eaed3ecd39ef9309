"""Chat services: six and no other, without options, and every request as guarded as our own."""

import json
import logging
import time
from collections.abc import Iterator, Mapping

import pytest
import requests as library

from mxlib.core.channels import ChatService
from mxlib.core.outgoing import Answer, SendFailure, SendProblem
from mxlib.outgoing import chat
from mxlib.outgoing.chat import NotAService
from mxlib.outgoing.hosts import Hosts
from mxlib.outgoing.request import Requests
from tests.support.http_host import HttpHost, http_host

TEAMS = (
    "https://prod-1.westeurope.logic.azure.com:443/workflows/643e69f83c8944438d68119179a10a64/triggers/manual/paths/"
    "invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=KODuebWbDGYFr0z0eu6Rj8aUKz7108W3wrNJZxFE5A"
)
#: An address of each service as people paste it, and the host that a message goes to.
ADDRESSES = {
    "https://hooks.slack.com/services/T12345678/B12345678/abcdefghijklmnopqrstuvwx": (
        ChatService.SLACK, "hooks.slack.com",
    ),
    TEAMS: (ChatService.TEAMS, "prod-1.westeurope.logic.azure.com"),
    f"https://discord.com/api/webhooks/123456789012345678/{'a' * 68}": (ChatService.DISCORD, "discord.com"),
    f"discord://123456789012345678/{'a' * 68}": (ChatService.DISCORD, "discord.com"),
    "tgram://123456789:abcdefg_hijklmnop/12315544/": (ChatService.TELEGRAM, "api.telegram.org"),
    "https://ntfy.sh/topic": (ChatService.NTFY, "ntfy.sh"),
    "ntfy://topic": (ChatService.NTFY, "ntfy.sh"),
    "ntfys://ntfy.agency.example/topic": (ChatService.NTFY, "ntfy.agency.example"),
    f"pover://{'u' * 30}@{'t' * 30}": (ChatService.PUSHOVER, "api.pushover.net"),
}  # fmt: skip


class Sent(Requests):
    """Requests that a test reads instead of sending."""

    def __init__(self) -> None:
        super().__init__(Hosts())
        self.urls: list[str] = []
        self.bodies: list[bytes] = []

    def send(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None) -> Answer:
        self.check(url)
        self.urls.append(url)
        self.bodies.append(content or b"")
        return Answer(200, (), b"ok")


@pytest.fixture
def host() -> Iterator[HttpHost]:
    with http_host() as made:
        yield made


class Busy(Sent):
    """Discord, when it wants nothing more for hours."""

    def send(self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None) -> Answer:
        super().send(method, url, headers, content)
        told = (("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", str(int(time.time()) + 9_000)))
        return Answer(429, told, b"{}")


def named(*names: str) -> Requests:
    return Requests(Hosts(frozenset(names)), step=0.5)


@pytest.mark.parametrize("url", ADDRESSES)
def test_a_message_goes_to_its_service_and_says_what_we_said(url: str) -> None:
    service, host = ADDRESSES[url]
    sent = Sent()
    assert chat.check(url) is service
    assert chat.send(sent, url, "Full", "nina@a.nl is full.") is None
    assert [address.split("/")[2].partition(":")[0] for address in sent.urls] == [host]
    assert b"is full" in sent.bodies[0].replace(b"+", b" ")


def test_the_host_of_an_own_server_may_be_shown_and_no_key() -> None:
    assert chat.host_of("ntfys://token@ntfy.agency.example/topic") == "ntfy.agency.example"
    assert chat.host_of("ntfy://topic") == ""
    assert chat.host_of(f"discord://123456789012345678/{'a' * 68}") == ""
    assert chat.host_of(TEAMS) == "prod-1.westeurope.logic.azure.com"


@pytest.mark.parametrize(
    "url",
    [
        "", "slack", "json://hook.example/x", "xml://hook.example", "mailto://a:b@example.com", "file:///etc/passwd",
        "syslog://", "exec://x", "https://hook.example/x", "https://discord.com.evil.example/api/webhooks/1/2",
        "https://evil.example/?x=discord.com", "https://logic.azure.com/workflows/x", "http://hooks.slack.com/services/a",
        "ntfy://topic?attach=file:///etc/passwd", "ntfys://h/t?verify=no", "ntfy://t?redirect=yes", "ntfy://t?format=x",
        f"{TEAMS}&template=/etc/passwd", f"discord://1/{'a' * 68}?template=/etc/passwd", "ntfy://t?+X-Header=1",
        "ntfy://topic#x", "ntfy://to\npic", "ntfy://tópic", "ntfy://" + "t" * 3_000, "workflows://h/w/s/?x=1",
        "https://discord.com/somewhere/else", "tgram://nothing", "https://[", "apprise://host/token", "form://h",
        "ntfy://ntfy.agency.example/one/two", "tgram://123456789:abcdefg_hijklmnop/12315544/12315545/",
    ],
)  # fmt: skip
def test_every_other_address_and_every_option_is_refused(url: str) -> None:
    with pytest.raises(NotAService) as refused:
        chat.check(url)
    assert not str(refused.value)
    assert chat.send(Sent(), url, "T", "B") == SendFailure(SendProblem.NOT_AN_ADDRESS)


def test_a_real_message_arrives_at_an_own_ntfy(host: HttpHost) -> None:
    assert chat.send(named("127.0.0.1"), f"ntfy://127.0.0.1:{host.port}/alerts", "Full", "é is full.") is None
    (request,) = host.received
    assert json.loads(request.body) == {"topic": "alerts", "title": "Full", "message": "é is full."}


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (500, SendFailure(SendProblem.ANSWERED, 500)),
        (403, SendFailure(SendProblem.ANSWERED, 403)),
        (410, SendFailure(SendProblem.GONE, 410)),
        ("/elsewhere", SendFailure(SendProblem.REDIRECTED, 302)),
        ("stall", SendFailure(SendProblem.TIMEOUT)),
        ("flood", SendFailure(SendProblem.UNREADABLE_ANSWER)),
    ],
)
def test_a_service_that_fails_has_its_reason_and_no_redirect_is_followed(
    host: HttpHost, answer: int | str, failure: SendFailure
) -> None:
    host.answers.append(answer)
    assert chat.send(named("127.0.0.1"), f"ntfy://127.0.0.1:{host.port}/alerts", "T", "B") == failure
    assert len(host.received) == 1


@pytest.mark.parametrize("address", ["ntfys://127.0.0.1:{}/t", "ntfys://localhost:{}/t", "ntfys://[::1]:{}/t"])
def test_no_private_host_is_reached_unless_it_is_named(host: HttpHost, address: str) -> None:
    found = chat.send(named(), address.format(host.port), "T", "B")
    assert found == SendFailure(SendProblem.PRIVATE_ADDRESS)
    assert chat.send(named(), f"ntfy://127.0.0.1:{host.port}/t", "T", "B") == SendFailure(SendProblem.NOT_ENCRYPTED)
    assert not host.received


def test_a_plugin_sends_nothing_by_itself() -> None:
    plugin = chat._plugin(ChatService.NTFY, "ntfy://topic")
    assert not plugin.notify(body="B", title="T")


def test_no_log_has_an_address(host: HttpHost, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)
    host.answers += [500]
    for _ in range(2):
        chat.send(named("127.0.0.1"), f"ntfy://user:tajne-heslo@127.0.0.1:{host.port}/tajna-tema", "T", "B")
    assert "tajn" not in caplog.text
    assert logging.getLogger("apprise").level > logging.CRITICAL


def test_the_library_itself_is_left_as_it_is() -> None:
    chat.check("ntfy://topic")
    assert library.post.__module__ == "requests.api"


def test_no_answer_of_a_service_lets_a_plugin_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    busy = Busy()
    found = chat.send(busy, f"discord://123456789012345678/{'a' * 68}", "MXM", "text")
    assert found == SendFailure(SendProblem.ANSWERED, 429)
    assert (waits, len(busy.urls)) == ([], 2)
