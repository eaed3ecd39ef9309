"""Hosts that requests may go to: public ones, and those that MXM_NOTIFY_HOSTS names."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.core.outgoing import SendProblem
from mxlib.outgoing.hosts import Hosts, NotSent, is_public, look_up
from mxlib.settings import Settings, SettingsError, named_hosts

PUBLIC = ["93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "2002:808:808::1", "64:ff9b::808:808"]
PRIVATE = [
    "127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "240.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "2002:7f00:1::", "2002:a00:1::1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]  # fmt: skip


def hosts(*found: str, named: str = "") -> Hosts:
    def resolve(_host: str, _port: int) -> Sequence[str]:
        return found

    return Hosts(named_hosts(named), resolve)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_on_the_internet_is_reached(address: str) -> None:
    assert hosts(address).addresses("hook.example", 443) == [str(ip_address(address))]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_in_a_private_network_is_not_reached(address: str) -> None:
    with pytest.raises(NotSent) as refused:
        hosts(address).addresses("hook.example", 443)
    assert refused.value.failure.problem is SendProblem.PRIVATE_ADDRESS


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_as_itself(address: IPv4Address) -> None:
    number = int(address)
    mapped = IPv6Address(0xFFFF << 32 | number)
    translated = IPv6Address((0x64FF9B << 96) | number)
    assert is_public(mapped) == is_public(address)
    if is_public(translated) or is_public(IPv6Address(0x2002 << 112 | number << 80)):
        assert is_public(address)


def test_a_private_address_beside_a_public_one_is_refused() -> None:
    with pytest.raises(NotSent):
        hosts("93.184.216.34", "10.0.0.1").addresses("hook.example", 443)


@pytest.mark.parametrize("spelling", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "[::1]"[1:-1]])
def test_another_spelling_of_this_machine_is_refused(spelling: str) -> None:
    with pytest.raises(NotSent):
        Hosts().addresses(spelling, 80)


def test_a_named_host_is_reached_in_a_private_network() -> None:
    assert hosts("10.0.0.1", named="Hook.Lan").addresses("hook.lan.", 443) == ["10.0.0.1"]
    assert hosts("10.0.0.1", named="hook.lan:8443").addresses("hook.lan", 8443) == ["10.0.0.1"]
    with pytest.raises(NotSent):
        hosts("10.0.0.1", named="hook.lan:8443").addresses("hook.lan", 443)
    with pytest.raises(NotSent):
        hosts("10.0.0.1", named="hook.lan").addresses("other.hook.lan", 443)


def test_a_name_that_is_not_found_is_no_fault_of_ours() -> None:
    with pytest.raises(NotSent) as refused:
        Hosts().addresses("does-not-exist.invalid", 443)
    assert refused.value.failure.problem is SendProblem.UNKNOWN_HOST
    with pytest.raises(NotSent):
        hosts().addresses("hook.example", 443)
    with pytest.raises(NotSent):
        hosts("no address").addresses("hook.example", 443)


def test_this_machine_is_looked_up() -> None:
    assert "127.0.0.1" in look_up("localhost", 80)


@pytest.mark.parametrize(
    ("setting", "names"),
    [
        ("", set()),
        (" ntfy.lan , 10.0.0.5:8080,[fd00::5]:443, [fd00::6]", {"ntfy.lan", "10.0.0.5:8080", "fd00::5:443", "fd00::6"}),
        ("fd00::7", {"fd00::7"}),
    ],
)
def test_hosts_are_named_with_or_without_a_port(setting: str, names: set[str]) -> None:
    assert named_hosts(setting) == names


@pytest.mark.parametrize("part", ["https://ntfy.lan", "ntfy.lan/x", "a b", "host:0", "host:99999", "host:x", "*.lan"])
def test_what_is_no_host_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        named_hosts(f"good.lan,{part}")
    with pytest.raises(SettingsError, match="MXM_NOTIFY_HOSTS"):
        Settings(notify_hosts=part)  # type: ignore[call-arg]
