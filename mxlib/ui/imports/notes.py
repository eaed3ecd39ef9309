"""The notes about a file: lines above its rows, and above the choice of its columns."""

from collections.abc import Iterable

import streamlit as st

from mxlib.core.notes import Note
from mxlib.core.text.notes import sentence
from mxlib.ui.widgets.format import escaped


def show(found: Iterable[Note]) -> None:
    """Show notes, a line each."""
    with st.container(gap=None, key="notes"):
        for note in found:
            st.caption(escaped(sentence(note)))
