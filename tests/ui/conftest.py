"""Fixtures of the tests in this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mxlib.services import Services, build, install
from mxlib.settings import Settings
from tests.support.app import App, opened
from tests.support.pages import just_signed_in


@pytest.fixture(autouse=True)
def _just_signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a page of these tests, which has no session, for one of a person who has just signed in."""
    just_signed_in(monkeypatch)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Yield a server whose account has a.nl, b.nl and c.nl, all empty."""
    with opened(tmp_path) as made:
        yield made


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    """Yield services on a fresh sandbox whose minute is one second."""
    built = build(Settings(data_dir=tmp_path, sandbox_window_s=1.0, sandbox_writes=200, sandbox_reads=400))
    install(built)
    built.run_manager.recover()
    yield built
    install(None)
    built.close()
