"""What to fix, as a plain list: the same as in the grid, for a keyboard, a screen reader, or a long sentence."""

from typing import Any

import pandas as pd
import streamlit as st

from mxlib.mailboxes import words
from mxlib.mailboxes.columns import Verdict
from mxlib.mailboxes.kinds import kinds
from mxlib.mailboxes.phrases import count
from mxlib.ui.figures import escaped

_MOST = 200


def show(judged: pd.DataFrame) -> None:
    """The ticked rows that cannot be sent or carry a warning, one line each, in file order."""
    told = judged["ticked"] & ((judged["verdict"] != Verdict.READY) | (judged["warnings"] != ""))
    rows = judged.loc[told]
    if rows.empty:
        return
    with st.expander(
        f"What to fix in {count(len(rows), 'row')}, as a list", icon=":material/list:", on_change="rerun"
    ) as box:
        if not box.open:
            return
        first = rows.head(_MOST)
        st.markdown("\n".join(_line(row) for row in first.assign(kind=kinds(first)).itertuples()))
        if len(rows) > _MOST:
            st.caption(f"{len(rows) - _MOST:,} more; mend these first, or filter the table by a badge.")


def _line(row: Any) -> str:
    place = f"Line {row.line}" if row.line else "Added row"
    said = " ".join(filter(None, (row.reasons, row.warnings))).replace("\n", " ")
    name = f", {escaped(row.username)}" if row.username else ""
    return f"- **{place}**{name}: {words.kind(row.kind)}. {escaped(said)}"
