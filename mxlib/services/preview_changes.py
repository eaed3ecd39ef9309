"""What became of a preview since it was last seen."""

import pandas as pd

from mxlib.core.text import confirmations
from mxlib.core.vocabulary import Verdict


def changed_since(before: pd.DataFrame, after: pd.DataFrame) -> tuple[str, ...]:
    """What became of rows that were ready when last seen, since the lists were read anew."""
    was_ready = (before["verdict"] == Verdict.READY) & before["ticked"]
    ready = after["verdict"] == Verdict.READY
    now = after.loc[was_ready & ~ready, "verdict"].value_counts()
    otherwise = was_ready & ready & ((before["changes"] != after["changes"]) | (before["action"] != after["action"]))
    told = [confirmations.changed_meanwhile(int(rows), str(verdict)) for verdict, rows in now.items()]
    if rows := int(otherwise.sum()):
        at = int(otherwise.to_numpy().argmax())
        address = f"{after['clean_username'].iat[at]}@{after['clean_domain'].iat[at]}"
        told.append(
            confirmations.differs_meanwhile(
                rows, address, str(before["changes"].iat[at]), str(after["changes"].iat[at])
            )
        )
    return tuple(told)
