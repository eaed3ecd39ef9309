"""Webhooks: the headers of Standard Webhooks, checked by another computation of the signature."""

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.core.outgoing import SendFailure, SendProblem
from mxlib.outgoing import webhook
from mxlib.outgoing.hosts import Hosts
from mxlib.outgoing.request import Requests
from tests.support.http_host import HttpHost, Received, http_host
from tests.support.mail_server import Certificate

NOW = 1_800_000_000.7


@pytest.fixture
def host() -> Iterator[HttpHost]:
    with http_host() as made:
        yield made


def send(host: HttpHost, secret: str, body: bytes = b'{"a": 1}', now: float = NOW) -> SendFailure | None:
    requests = Requests(Hosts(frozenset({"127.0.0.1"})), step=0.5)
    return webhook.send(requests, host.url("/hook"), secret, "msg_1", now, body)


def verified(request: Received, secret: str) -> bool:
    """Return whether a receiver accepts a request, by the text of the standard."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), request.body])
    key = b64decode(secret.split("_", 1)[1])
    expected = b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{expected}" in headers["webhook-signature"].split()


def test_a_receiver_can_verify_each_request(host: HttpHost) -> None:
    secret = webhook.new_secret()
    assert send(host, secret, json.dumps({"text": "é"}).encode()) is None
    (request,) = host.received
    assert verified(request, secret)
    assert not verified(request, webhook.new_secret())
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["webhook-timestamp"] == "1800000000"


def test_the_example_of_the_standard_has_its_signature() -> None:
    """The values that its documents and libraries test with."""
    found = webhook.signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_further_try_has_the_same_id_and_a_new_time(host: HttpHost) -> None:
    secret = webhook.new_secret()
    host.answers += [500]
    assert send(host, secret) == SendFailure(SendProblem.ANSWERED, 500)
    assert send(host, secret, now=NOW + 30) is None
    first, second = host.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == "msg_1"
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert verified(second, secret)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (410, SendFailure(SendProblem.GONE, 410)),
        (404, SendFailure(SendProblem.ANSWERED, 404)),
        ("/elsewhere", SendFailure(SendProblem.REDIRECTED, 302)),
        ("http://169.254.169.254/latest/meta-data", SendFailure(SendProblem.REDIRECTED, 302)),
        ("stall", SendFailure(SendProblem.TIMEOUT)),
        ("drop", SendFailure(SendProblem.UNREADABLE_ANSWER)),
        ("flood", SendFailure(SendProblem.UNREADABLE_ANSWER)),
    ],
)
def test_each_answer_that_is_not_good_has_its_reason(host: HttpHost, answer: int | str, failure: SendFailure) -> None:
    host.answers.append(answer)
    assert send(host, webhook.new_secret()) == failure
    assert len(host.received) == 1


def test_a_redirect_to_a_private_address_leads_nowhere(host: HttpHost) -> None:
    with http_host() as inside:
        host.answers.append(inside.url("/private"))
        assert send(host, webhook.new_secret()) == SendFailure(SendProblem.REDIRECTED, 302)
        assert not inside.received


def test_nothing_is_sent_to_a_host_whose_certificate_nobody_trusts(tmp_path: Path) -> None:
    with http_host(Certificate.make(tmp_path, "hook.example")) as host:
        requests = Requests(Hosts(frozenset({"hook.example"}), lambda _host, _port: ["127.0.0.1"]), step=0.5)
        url = host.url("/hook", "hook.example")
        failed = webhook.send(requests, url, webhook.new_secret(), "msg_1", NOW, b"{}")
        assert failed == SendFailure(SendProblem.CERTIFICATE)
        assert not host.received


def test_a_secret_is_long_and_never_twice_the_same() -> None:
    secrets = {webhook.new_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert all(len(b64decode(each.removeprefix("whsec_"))) == 32 for each in secrets)
