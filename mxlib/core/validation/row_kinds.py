"""What a preview calls a row: its verdict; of the rows that are ready, those that update are told apart."""

import pandas as pd

from mxlib.core.text import findings
from mxlib.core.vocabulary import Action, Verdict

#: Rows that are ready: what they change of a mailbox that exists, and what is so already.
UPDATE, UNCHANGED = "update", "unchanged"

#: Every kind, in the order in which they are told.
KINDS = (Verdict.READY.value, UPDATE, UNCHANGED, *(verdict.value for verdict in Verdict if verdict != Verdict.READY))


def kinds(judged: pd.DataFrame) -> pd.Series:
    """The kind of each row of judged ones: one of KINDS."""
    ready = judged["verdict"] == Verdict.READY
    told = judged["verdict"].mask(ready & (judged["action"] == Action.UPDATE), UPDATE)
    return told.mask(ready & (judged["changes"] == findings.NO_CHANGE), UNCHANGED)
