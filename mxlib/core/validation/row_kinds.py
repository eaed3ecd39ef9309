"""What a preview calls a row: its verdict; of the rows that are ready, those that update are told apart."""

import pandas as pd

from mxlib.core.findings import FindingCode, bits_of
from mxlib.core.vocabulary import Action, Verdict

#: Rows that are ready: what they change of a mailbox that exists, and what is so already.
UPDATE, UNCHANGED = "update", "unchanged"

#: Every kind, in the order in which they are told.
KINDS = (Verdict.READY.value, UPDATE, UNCHANGED, *(verdict.value for verdict in Verdict if verdict != Verdict.READY))

_NO_CHANGE = bits_of(FindingCode.NO_CHANGE)


def kinds(judged: pd.DataFrame) -> pd.Series:
    """The kind of each row of judged ones: one of KINDS."""
    ready = judged["verdict"] == Verdict.READY
    told = judged["verdict"].mask(ready & (judged["action"] == Action.UPDATE), UPDATE)
    return told.mask(ready & (judged["change_codes"] == _NO_CHANGE), UNCHANGED)
