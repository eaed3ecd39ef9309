"""Messages about an act, shown once on the next page."""

import streamlit as st

from mxlib.ui.widgets import dialogs
from mxlib.ui.widgets.format import escaped

_MESSAGE = "flash_message"


def set_next(sentence: str) -> None:
    """Say this on the page that is drawn next."""
    st.session_state[_MESSAGE] = sentence


def show() -> None:
    """Say what is to be said; an open drawer says it itself."""
    if not dialogs.has_drawer():
        show_here()


def show_here() -> None:
    """Say what is to be said, also while a drawer is open."""
    if sentence := st.session_state.pop(_MESSAGE, ""):
        st.success(escaped(sentence), icon=":material/check:")
