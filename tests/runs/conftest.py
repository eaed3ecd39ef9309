"""Fixtures of the tests in this folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.threaded_runs import ShiftedClock

if TYPE_CHECKING:
    from tests.support.app import App


@pytest.fixture
def app(tmp_path: Path) -> "Iterator[App]":
    """Yield a server whose account has a.nl, b.nl and c.nl, all empty."""
    from tests.support.app import opened  # most tests of the engine do without it

    with opened(tmp_path) as made:
        yield made


@pytest.fixture
def clock() -> ShiftedClock:
    """Return a clock that a test moves."""
    return ShiftedClock()
