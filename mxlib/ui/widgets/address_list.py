"""Long lists of addresses: as many in view as there is room for, and scrolled by keys too."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

#: Pixels of a row, and of the header with the border.
_ROW, _HEADER = 33, 36


def show(addresses: Sequence[str], *, key: str, alt: str, rows: int = 5) -> None:
    """Show addresses in a table, which can have the focus: a text that scrolls cannot."""
    st.dataframe(
        pd.DataFrame({"Address": list(addresses)}),
        hide_index=True,
        height=min(len(addresses), rows) * _ROW + _HEADER,
        key=key,
        alt=alt,
    )
