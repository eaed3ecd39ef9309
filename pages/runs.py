"""The run that goes on, and those that went before."""

import streamlit as st

from mxlib.ui.runs import card as run_card
from mxlib.ui.runs import list as run_list

st.title("Runs", anchor=False)
chosen = run_list.chosen()
if chosen is not None:
    run_card.show(chosen)
run_list.show(chosen)
