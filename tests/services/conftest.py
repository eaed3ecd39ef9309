"""Fixtures of the tests in this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.app import App, opened
from tests.support.threaded_runs import ShiftedClock


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """Yield a server whose account has a.nl, b.nl and c.nl, all empty."""
    with opened(tmp_path) as made:
        yield made


@pytest.fixture
def clock() -> ShiftedClock:
    """Return a clock that a test moves."""
    return ShiftedClock()
