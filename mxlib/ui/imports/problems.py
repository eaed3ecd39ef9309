"""The problems as a plain list, for keyboards, screen readers and long sentences."""

from typing import Any

import pandas as pd
import streamlit as st

from mxlib.core.editing.editor import Editor
from mxlib.core.format import count
from mxlib.core.text import labels
from mxlib.core.validation.row_kinds import kinds
from mxlib.core.vocabulary import Verdict
from mxlib.ui.imports import row_form
from mxlib.ui.widgets.format import escaped

_MOST = 200


def show(editor: Editor, validated: pd.DataFrame) -> None:
    """List ticked rows that have an error or a warning, in file order. Any of them can be opened in a form."""
    flagged = validated["ticked"] & ((validated["verdict"] != Verdict.READY) | (validated["warnings"] != ""))
    rows = validated[flagged].assign(kind=kinds(validated[flagged]))
    if rows.empty:
        return
    # With the count in its label it would be another expander, and closed, after every row that is fixed.
    with st.expander("What to fix, as a list", key="problems", icon=":material/list:", on_change="rerun") as box:
        if not box.open:
            return
        st.markdown(f"**{count(len(rows), 'row')} to look at.**")
        st.markdown("\n".join(_line(row) for row in rows.head(_MOST).itertuples()))
        if len(rows) > _MOST:
            st.caption(f"{len(rows) - _MOST:,} more; fix these first, or filter the table by a badge.")
        row_form.show(editor, rows.head(_MOST))


def _line(row: Any) -> str:
    where, _, name = row_form.place(row).partition(", ")
    who = f", {escaped(name)}" if name else ""
    return f"- **{where}**{who}: {labels.kind(row.kind)}. {escaped(row_form.said(row.reasons, row.warnings))}"
