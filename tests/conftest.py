"""What holds for every test: no real account in sight, and no way off this machine."""

import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import settings

from tests import shortcuts

# How long an example takes hangs on what else the machine does; speed is measured by script/bench.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(autouse=True, scope="session")
def no_account_of_whoever_runs_the_tests() -> Iterator[None]:
    """Forget every setting of the shell that started the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("MX_", "MXM_", "MXROUTE_", "STREAMLIT_")):
                patch.delenv(name)
        yield


@pytest.fixture(autouse=True, scope="session")
def no_cost_twice(no_account_of_whoever_runs_the_tests: None) -> Iterator[None]:
    """Pay once for what many tests need and none is about."""
    with shortcuts.taken():
        yield


@pytest.fixture(autouse=True, scope="session")
def nothing_but_loopback() -> Iterator[None]:
    """Fail at once when a test would talk to another machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _local(address[0]):
            pytest.fail(f"A test tried to reach {address[0]}.")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


def _local(host: str) -> bool:
    return host == "localhost" or ip_address(host).is_loopback
