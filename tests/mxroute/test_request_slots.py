"""A request takes one slot of the rate limit, and gives it back when it does not leave."""

import gzip
from collections.abc import Callable

import httpx
import pytest

from mxlib.clock import SystemClock
from mxlib.mxroute import errors, protocol
from mxlib.mxroute.client import MXrouteClient
from mxlib.mxroute.rate_limiter import RateLimiter
from mxlib.mxroute.rate_limits import RateLimits
from mxlib.settings import Settings

BODY = b'{"success": true, "data": ["a.nl"]}'
CREATE = protocol.create_mailbox("a.nl", "jan", "Geheim-w00rd")


def host_that(answers: Callable[[httpx.Request], httpx.Response]) -> MXrouteClient:
    """Return a client whose requests a function answers."""
    clock = SystemClock()
    settings = Settings(server="s", user="u", api_key="k", api_url="https://api.example", timeout_s=5.0)
    return MXrouteClient(settings, RateLimiter(RateLimits(), clock), clock, httpx.MockTransport(answers))


@pytest.mark.parametrize("error", [ZeroDivisionError(), KeyboardInterrupt()])
def test_a_request_is_not_sent_and_its_slot_is_free_when_its_preparation_fails(error: BaseException) -> None:
    sent: list[httpx.Request] = []

    def answers(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(201, json={"success": True})

    def prepare() -> None:
        raise error

    host = host_that(answers)
    with pytest.raises(type(error)):
        host.send(CREATE, before=prepare)
    assert sent == []
    assert host.wait_seconds("write") == 0.0
    assert host.send(CREATE, patience=0.0).status == 201


def test_a_request_is_prepared_once_its_slot_is_taken_and_before_it_is_sent() -> None:
    order: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        order.append("sent")
        return httpx.Response(201, json={"success": True})

    host = host_that(answers)

    def prepare() -> None:
        with pytest.raises(errors.RateLimitWait):  # the first response may show another limit
            host.send(CREATE, patience=0.0, before=lambda: order.append("prepared twice"))
        order.append("prepared")

    host.send(CREATE, before=prepare)
    assert order == ["prepared", "sent"]


@pytest.mark.parametrize("missing", [1, 8, 20])
def test_a_compressed_response_that_ends_too_early_is_garbled(missing: int) -> None:
    packed = gzip.compress(BODY)

    def answers(request: httpx.Request) -> httpx.Response:
        headers = {"content-encoding": "gzip"}
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(packed[: len(packed) - cut[0]]))

    cut = [0]
    host = host_that(answers)
    assert host.send(protocol.list_domains()).data == ["a.nl"]
    cut[0] = missing
    with pytest.raises(errors.InvalidResponse, match="garbled"):
        host.send(protocol.list_domains())
