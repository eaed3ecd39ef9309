"""The kind that a preview shows for a row: its verdict, with ready updates kept separate."""

import pandas as pd

from mxlib.core.findings import FindingCode, bits_of
from mxlib.core.vocabulary import Action, Verdict

#: Kinds of ready rows: those that update an existing mailbox, and those that would change nothing in it.
UPDATE, UNCHANGED = "update", "unchanged"

#: Every kind, in the order in which pages show them.
KINDS = (Verdict.READY.value, UPDATE, UNCHANGED, *(verdict.value for verdict in Verdict if verdict != Verdict.READY))

_NO_CHANGE = bits_of(FindingCode.NO_CHANGE)


def kinds(validated: pd.DataFrame) -> pd.Series:
    """Return the kind of each validated row, one of KINDS."""
    found, ready = validated["verdict"], validated["verdict"] == Verdict.READY
    updates = ready & (validated["action"] == Action.UPDATE)
    if not updates.any():
        return found
    return found.mask(updates, UPDATE).mask(ready & (validated["change_codes"] == _NO_CHANGE), UNCHANGED)
