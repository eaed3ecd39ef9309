"""Page of texts: what letters, messages and mails say, and in whose name."""

import streamlit as st

from mxlib.ui.admin import texts
from mxlib.ui.app import layout
from mxlib.ui.widgets import flash

st.title("Texts", anchor=False)
if not layout.caller().admin:
    st.markdown("Only admins manage texts. Ask an admin.")
    layout.stop()
flash.show()
texts.show()
