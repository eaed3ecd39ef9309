"""One row picked in a table, known by what it is: rows that come or go never turn a pick into another one."""

import hashlib
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st


def choose(name: str, table: pd.DataFrame, numbers: Sequence[int], **look: Any) -> int | None:
    """Draw `table`, whose rows are `numbers`; the number of the row that is ticked.

    A tick is a position. So a table with other rows has another key, and starts with the tick where it belongs now.
    """
    digest = hashlib.blake2b(repr(tuple(numbers)).encode(), digest_size=8).hexdigest()
    key, held = f"{name}-{digest}", f"{name}-picked"
    if (state := st.session_state.get(key)) is not None:
        rows = [row for row in state["selection"]["rows"] if row < len(numbers)]
        st.session_state[held] = numbers[rows[0]] if rows else None
    selected: int | None = st.session_state.get(held)
    st.container(key=name).dataframe(
        table,
        hide_index=True,
        key=key,
        on_select="rerun",
        selection_mode="single-row",
        selection_default={"selection": {"rows": [numbers.index(selected)] if selected in numbers else []}},
        **look,
    )
    return selected if selected in numbers else None
