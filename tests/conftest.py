"""What holds for every test: no real account in sight, and no way off this machine."""

import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import settings

from tests.support import shortcuts
from tests.support.hypothesis_profiles import DEV, PROFILE

# How long an example takes hangs on what else the machine does; speed is measured by script/bench.
settings.register_profile("ci", deadline=None)
settings.register_profile("dev", deadline=None, max_examples=DEV)
settings.load_profile(PROFILE)


#: Folders and files whose tests take longest, longest first, so that no worker is left alone with one of them.
LONGEST = (
    "browser", "process", "test_wire", "test_server_process", "test_open_tabs", "test_mapping_page",
    "test_linear", "test_hostile_requests", "test_preview_page", "test_intake_bounds", "test_openapi", "test_oidc",
    "test_secret_cells", "test_permission_matrix", "test_permissions_pages", "test_worker", "test_markdown",
    "test_uploads", "test_spreadsheet_roundtrip", "test_pages", "test_manage_pages", "test_rules_properties",
    "test_run_properties", "test_change_properties", "test_250_rows", "test_run_undo", "test_run", "test_files",
    "test_updates", "test_drafts", "test_throttle", "test_roundtrip_properties", "test_undo", "test_refused_page",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; the others keep their order."""

    def rank(item: pytest.Item) -> int:
        names = {item.path.stem, item.path.parent.name}
        return next((number for number, name in enumerate(LONGEST) if name in names), len(LONGEST))

    items.sort(key=rank)


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
