"""Page of runs: the selected one, and the list."""

import streamlit as st

from mxlib.ui.runs import card, dated, list
from mxlib.ui.widgets import flash

st.title("Jobs", anchor=False)
flash.show()
dated.show()
chosen = list.chosen()
if chosen is not None:
    card.show(chosen)
list.show(chosen)
