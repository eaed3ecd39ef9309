"""Fixtures of the tests in this folder."""

from collections.abc import Iterator

import pytest

from tests.support.server_processes import Lives


@pytest.fixture
def lives() -> Iterator[Lives]:
    """The processes that a test starts; none outlives it."""
    started: Lives = []
    yield started
    for life in started:
        life.kill()
        life.wait()
