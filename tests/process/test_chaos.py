"""A short run of script/chaos: a real server process is killed, and the host gives wrong answers."""

import pytest

from script import chaos


@pytest.mark.parametrize("name", ["kills", "liar", "denier", "feigner"])
def test_every_row_is_created_once_and_recorded_correctly(name: str) -> None:
    counts = chaos.trouble(name, rows=20, times=1)
    assert counts.is_well, str(counts)
