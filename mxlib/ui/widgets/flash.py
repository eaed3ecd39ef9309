"""Messages about an act, shown once on the next page."""

import streamlit as st

from mxlib.ui.widgets.format import escaped

_TOLD = "told"


def set_next(sentence: str) -> None:
    """Say this on the page that is drawn next."""
    st.session_state[_TOLD] = sentence


def show() -> None:
    """Say what is to be said."""
    if sentence := st.session_state.pop(_TOLD, ""):
        st.success(escaped(sentence), icon=":material/check:")
