"""The address of a request: only a proxy named in the settings is trusted."""

from typing import Any

import pytest

from mxlib.auth.trusted_proxies import TrustedProxies
from mxlib.settings import SettingsError

OURS = "10.0.0.1, 172.16.0.0/12, ::1, 127.0.0.1"


def scope(peer: str, *forwarded: str, proto: tuple[str, ...] = (), scheme: str = "http") -> dict[str, Any]:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    headers += [(b"x-forwarded-proto", value.encode()) for value in proto]
    return {"type": "http", "scheme": scheme, "client": (peer, 1), "headers": headers}


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "address"),
    [
        ("", "127.0.0.1", (), "127.0.0.1"),
        ("", "127.0.0.1", ("203.0.113.9",), "127.0.0.1"),
        (OURS, "203.0.113.5", ("192.0.2.1",), "203.0.113.5"),
        (OURS, "10.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        (OURS, "10.0.0.1", (), "10.0.0.1"),
        (OURS, "10.0.0.1", ("192.0.2.1, 203.0.113.9",), "203.0.113.9"),
        (OURS, "10.0.0.1", ("192.0.2.1", "203.0.113.9"), "203.0.113.9"),
        (OURS, "10.0.0.1", ("192.0.2.1, 203.0.113.9, 172.20.1.1",), "203.0.113.9"),
        (OURS, "10.0.0.1", ("172.20.1.1",), "172.20.1.1"),
        (OURS, "10.0.0.1", ("127.0.0.1, 203.0.113.9",), "203.0.113.9"),
        (OURS, "10.0.0.1", ("203.0.113.9:4711",), "203.0.113.9"),
        (OURS, "10.0.0.1", ("[2001:db8::5]:4711",), "2001:db8::5"),
        (OURS, "10.0.0.1", ("2001:db8::5",), "2001:db8::5"),
        (OURS, "10.0.0.1", ("rubbish",), "10.0.0.1"),
        (OURS, "10.0.0.1", ("203.0.113.9, rubbish",), "10.0.0.1"),
        (OURS, "10.0.0.1", ("",), "10.0.0.1"),
        (OURS, "::ffff:10.0.0.1", ("203.0.113.9",), "203.0.113.9"),
        (OURS, "::1", ("::ffff:203.0.113.9",), "203.0.113.9"),
        (OURS, "testclient", ("203.0.113.9",), "testclient"),
    ],
)
def test_the_address_is_the_last_one_that_is_not_a_trusted_proxy(
    trusted: str, peer: str, forwarded: tuple[str, ...], address: str
) -> None:
    assert TrustedProxies(trusted).address(scope(peer, *forwarded)) == address


@pytest.mark.parametrize(
    ("peer", "proto", "scheme", "secure"),
    [
        ("10.0.0.1", ("https",), "http", True),
        ("10.0.0.1", ("http",), "http", False),
        ("10.0.0.1", ("https, http",), "http", False),
        ("10.0.0.1", (), "http", False),
        ("203.0.113.5", ("https",), "http", False),
        ("203.0.113.5", (), "https", True),
        ("203.0.113.5", (), "wss", True),
    ],
)
def test_https_is_the_scheme_of_the_request_or_of_a_trusted_proxy(
    peer: str, proto: tuple[str, ...], scheme: str, secure: bool
) -> None:
    assert TrustedProxies(OURS).secure(scope(peer, proto=proto, scheme=scheme)) is secure


def test_an_invalid_proxy_address_is_named() -> None:
    with pytest.raises(SettingsError, match="MXM_TRUSTED_PROXIES: my-proxy is neither"):
        TrustedProxies("10.0.0.1, my-proxy")
