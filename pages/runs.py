"""Page of runs: the selected one, and the list."""

import streamlit as st

from mxlib.ui.runs import card, list

st.title("Runs", anchor=False)
chosen = list.chosen()
if chosen is not None:
    card.show(chosen)
list.show(chosen)
