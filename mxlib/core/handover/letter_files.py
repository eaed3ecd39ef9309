"""Letters in several files, one for each group of people."""

from collections.abc import Mapping, Sequence

from mxlib.core.handover import letters
from mxlib.core.handover.letters import Paper, Recipient
from mxlib.core.handover.stationery import Stationery


def make_each(
    groups: Sequence[Sequence[Recipient]], stationery: Mapping[str, Stationery], paper: Paper
) -> tuple[bytes, ...]:
    """Return the letters of each group as a PDF.

    It is blank where no password of a group can be printed.
    """
    return tuple(
        letters.make(group, stationery, paper).pdf if len(letters.check(group).left_out) < len(group) else b""
        for group in groups
    )
