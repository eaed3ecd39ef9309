"""What holds for every test: no real account in sight, and no way off this machine."""

import gc
import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from tests.support import hypothesis_profiles, shortcuts

gc.disable()  # until the tests are collected; see `pytest_collection_finish`
hypothesis_profiles.load()  # speed is measured by script/bench
shortcuts.keep_files_in_memory()


#: Folders of the fast lane: pure code, the store and the engine.
FAST = ("core", "mxroute", "store", "runs")

#: Journeys in Chromium, which mostly wait, longest first.
JOURNEYS = (
    "test_accessibility", "test_manage_journey", "test_grid_journey", "test_sign_in_journey", "test_journey",
    "test_overview_journey", "test_access_journey", "test_second_factor_journey", "test_tabs_journey",
    "test_links_journey", "test_update_journey", "test_oidc_journey", "test_manage_down_journey", "test_pages_open",
    "test_mapping_journey", "test_roles_journey", "test_handover_journey", "test_rights_journey", "test_undo_journey",
    "test_notices_journey", "test_fix_journey", "test_draft_journey", "test_files_journey", "test_lock_journey",
    "test_replica_journey",
    "test_caller_journey", "test_sessions_journey", "test_inert_addresses_journey", "test_portal_journey",
)  # fmt: skip

#: Other files that take long, which mostly compute, longest first.
LONGEST = (
    "test_server_process", "test_rules_properties", "test_hostile_requests", "test_open_tabs", "test_killed",
    "test_event_year", "test_role_actions", "test_draining", "test_linear", "test_letters", "test_audit_chain",
    "test_chaos", "test_run_properties", "test_change_properties", "test_mapping_page",
    "test_rights_after_waiting", "test_openapi", "test_secret_cells", "test_markdown", "test_cases_page",
    "test_spreadsheet_roundtrip", "test_preview_page", "test_confirm_identity", "test_permissions_pages", "test_oidc",
    "test_updates", "test_rate_limits", "test_worker", "test_intake_bounds", "test_roundtrip_properties", "test_undo",
    "test_250_rows", "test_files", "test_uploads", "test_bulk_changes", "test_audit_log", "test_fix_groups",
    "test_owners", "test_installed", "test_wire", "test_editor", "test_mailbox_locks", "test_dated_deletions",
    "test_reading_properties", "test_bulk_edit", "test_run_undo", "test_run", "test_descriptors",
)  # fmt: skip


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import files of the fast lane for the other lane only if a test in them is slow."""
    of_fast_lane = collection_path.suffix == ".py" and collection_path.parent.name in FAST
    if config.option.markexpr == "not fast" and of_fast_lane and "mark.slow" not in collection_path.read_text():
        return True
    return None


#: Whether every test that opens its store in its own process does that on PostgreSQL (`script/test --postgres`).
EVERYWHERE = bool(os.environ.get("TEST_POSTGRES"))

#: Files that run on SQLite and on PostgreSQL: those near the store.
ON_BOTH = (
    "test_journal", "test_store", "test_clock_guard", "test_event_store", "test_usage_history", "test_person_search",
    "test_personal_columns", "test_retention", "test_person", "test_wishes", "test_storable_text",
    "test_key_check", "test_session_signals", "test_account_lease",
)  # fmt: skip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of some files on both databases."""
    only = metafunc.definition.get_closest_marker("sqlite") is not None
    if metafunc.definition.path.stem in ON_BOTH or (only and EVERYWHERE):
        names = ["sqlite"] if only else ["postgresql"] if EVERYWHERE else ["sqlite", "postgresql"]
        metafunc.parametrize("database", names, indirect=True, scope="module")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest files first, a journey and another file in turns, so that one waits while another computes.

    Tests in the folders of the fast lane are marked as fast, unless they are slow.
    """
    for item in items:
        if item.path.parent.name in FAST and item.get_closest_marker("slow") is None:
            item.add_marker(pytest.mark.fast)

    def rank(item: pytest.Item) -> float:
        name = item.path.stem
        if name in JOURNEYS:
            return JOURNEYS.index(name)
        return (LONGEST.index(name) if name in LONGEST else len(LONGEST)) + 0.5

    items.sort(key=rank)


def pytest_collection_finish() -> None:
    """Look for garbage again, but not among the tests and modules that stay.

    A third of the computing of a collection went into that, and a tenth of many tests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    gc.enable()


@pytest.fixture(autouse=True, scope="session")
def no_settings_of_the_shell() -> Iterator[None]:
    """Forget every setting of the shell that started the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("MX_", "MXM_", "MXROUTE_", "STREAMLIT_")):
                patch.delenv(name)
        yield


@pytest.fixture(autouse=True, scope="session")
def no_cost_twice(no_settings_of_the_shell: None) -> Iterator[None]:
    """Pay once for what many tests need and none is about."""
    with shortcuts.taken():
        yield


@pytest.fixture(autouse=True, scope="module")
def database(request: pytest.FixtureRequest, no_cost_twice: None) -> Iterator[str]:
    """Open stores on this database."""
    name = getattr(request, "param", "postgresql" if EVERYWHERE else "sqlite")
    if name == "postgresql":
        from tests.support import postgresql

        with postgresql.everywhere():
            yield name
    else:
        yield name


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
