"""A short run of script/chaos: a real server process is killed, and the host lies to it meanwhile."""

import pytest

from script import chaos


@pytest.mark.parametrize("name", ["kills", "liar", "denier", "feigner"])
def test_every_row_is_made_once_and_known_as_what_it_is(name: str) -> None:
    counts = chaos.trouble(name, rows=20, times=1)
    assert counts.is_well, str(counts)
