"""Requests to others over real sockets: bounds on time and answer, no redirect, no other address than was checked."""

import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from mxlib.core.outgoing import Answer, SendProblem
from mxlib.outgoing.hosts import Hosts, NotSent
from mxlib.outgoing.request import MAX_URL, Requests
from tests.support.http_host import HttpHost, http_host
from tests.support.mail_server import Certificate

SECRET = "/hook/tajny-klic"


@pytest.fixture
def host() -> Iterator[HttpHost]:
    with http_host() as made:
        yield made


def allowed(*, whole: float = 5.0) -> Requests:
    return Requests(Hosts(frozenset({"127.0.0.1"})), step=0.5, whole=whole)


def problem_of(requests: Requests, url: str) -> SendProblem:
    with pytest.raises(NotSent) as failed:
        requests.send("POST", url, {"X-Key": "tajny-klic"}, b"{}")
    assert failed.value.__cause__ is None
    assert "tajny" not in f"{failed.value!r} {failed.value.args} {failed.value.__context__!r}"
    return failed.value.failure.problem


def test_a_request_arrives_as_it_was_sent(host: HttpHost) -> None:
    answer = allowed().send("POST", host.url("/x?y=1"), {"Content-Type": "text/plain"}, b"hello")
    assert (answer.status, answer.body) == (200, b"{}")
    (request,) = host.received
    assert (request.method, request.path, request.body) == ("POST", "/x?y=1", b"hello")
    assert request.headers["Host"] == f"127.0.0.1:{host.port}"
    assert request.headers["Content-Type"] == "text/plain"


def test_a_redirect_is_not_followed(host: HttpHost) -> None:
    host.answers.append(host.url("/elsewhere"))
    assert allowed().send("GET", host.url("/here"), {}).status == 302
    assert [request.path for request in host.received] == ["/here"]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("stall", SendProblem.TIMEOUT),
        ("drop", SendProblem.UNREADABLE_ANSWER),
        ("flood", SendProblem.UNREADABLE_ANSWER),
    ],
)
def test_an_answer_that_does_not_come_ends_the_request(host: HttpHost, answer: str, problem: SendProblem) -> None:
    host.usual = answer
    assert problem_of(allowed(), host.url(SECRET)) is problem


@pytest.mark.parametrize("answer", ["drip", "trickle"])
def test_an_answer_without_end_ends_with_the_whole_time(host: HttpHost, answer: str) -> None:
    host.usual = answer
    begin = time.monotonic()
    assert problem_of(allowed(whole=1.0), host.url()) is SendProblem.TIMEOUT
    assert time.monotonic() - begin < 5


def test_a_private_address_is_not_connected_to(host: HttpHost, tmp_path: Path) -> None:
    requests = Requests(Hosts())
    assert problem_of(requests, f"https://127.0.0.1:{host.port}/") is SendProblem.PRIVATE_ADDRESS
    assert problem_of(requests, f"https://[::ffff:127.0.0.1]:{host.port}/") is SendProblem.PRIVATE_ADDRESS
    assert problem_of(requests, f"https://localhost:{host.port}/") is SendProblem.PRIVATE_ADDRESS
    assert not host.received


def test_a_name_is_looked_up_once_and_only_that_answer_is_used(host: HttpHost) -> None:
    answers = [["93.184.216.34"], ["127.0.0.1"]]
    asked: list[str] = []

    def rebinding(name: str, _port: int) -> Sequence[str]:
        asked.append(name)
        return answers.pop(0)

    hosts = Hosts(resolve=rebinding)
    assert hosts.addresses("hook.example", host.port) == ["93.184.216.34"]
    assert problem_of(Requests(hosts), f"https://hook.example:{host.port}/") is SendProblem.PRIVATE_ADDRESS
    assert asked == ["hook.example", "hook.example"]
    assert not host.received


def test_the_certificate_is_checked_for_the_name_and_not_for_the_address(tmp_path: Path) -> None:
    certificate = Certificate.make(tmp_path, "hook.example")
    hosts = Hosts(frozenset({"hook.example", "other.example"}), lambda _host, _port: ["127.0.0.1"])
    with http_host(certificate) as host:
        requests = Requests(hosts, certificate.trusting())
        assert requests.send("POST", host.url("/", "hook.example"), {}, b"").status == 200
        assert host.received[0].headers["Host"] == f"hook.example:{host.port}"
        assert problem_of(requests, host.url("/", "other.example")) is SendProblem.CERTIFICATE
        assert problem_of(Requests(hosts), host.url("/", "hook.example")) is SendProblem.CERTIFICATE
        assert len(host.received) == 1


def test_a_host_without_encryption_is_an_own_problem(host: HttpHost) -> None:
    assert problem_of(allowed(), f"https://127.0.0.1:{host.port}/") is SendProblem.TLS_FAILED


def test_the_next_address_of_a_name_is_tried(host: HttpHost) -> None:
    hosts = Hosts(frozenset({"hook.example"}), lambda _host, _port: ["127.0.0.2", "127.0.0.1"])
    assert Requests(hosts).send("GET", host.url("/", "hook.example"), {}).status == 200


def test_nobody_listens() -> None:
    with http_host() as host:
        url = host.url()
    assert problem_of(allowed(), url) is SendProblem.NOT_CONNECTED


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://hook.example/", SendProblem.NOT_ENCRYPTED),
        ("ftp://hook.example/", SendProblem.NOT_AN_ADDRESS),
        ("https:///path", SendProblem.NOT_AN_ADDRESS),
        ("https://user:word@hook.example/", SendProblem.NOT_AN_ADDRESS),
        ("https://hook.example:port/", SendProblem.NOT_AN_ADDRESS),
        ("https://hook.example/a b", SendProblem.NOT_AN_ADDRESS),
        ("https://hook.example/\r\nX: y", SendProblem.NOT_AN_ADDRESS),
        ("https://hook.example/" + "x" * MAX_URL, SendProblem.NOT_AN_ADDRESS),
        ("https://höök.example/", SendProblem.NOT_AN_ADDRESS),
    ],
)
def test_what_is_no_address_is_refused_before_any_look_up(url: str, problem: SendProblem) -> None:
    def never(_host: str, _port: int) -> Sequence[str]:
        raise AssertionError

    assert problem_of(Requests(Hosts(resolve=never)), url) is problem


def test_no_log_has_the_address(host: HttpHost, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    allowed().send("POST", host.url(SECRET), {}, b"{}")
    host.answers.append(500)
    allowed().send("POST", host.url(SECRET), {}, b"{}")
    assert SECRET not in caplog.text


def test_the_repr_of_an_answer_shows_only_its_status() -> None:
    assert repr(Answer(200, (("X-Key", "tajny"),), b"tajny")) == "Answer(status=200)"
