"""Fixtures of the tests in this folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sign_in import SignInApp, opened


@pytest.fixture
def app(tmp_path: Path) -> Iterator[SignInApp]:
    """Yield a server with one user, kim, who is an admin."""
    with opened(tmp_path, "kim") as made:
        yield made
