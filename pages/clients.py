"""Page of clients: which domains belong together, and whom to write to."""

import streamlit as st

from mxlib.ui.admin import clients
from mxlib.ui.app import layout
from mxlib.ui.widgets import flash

st.title("Clients", anchor=False)
if not layout.caller().admin:
    st.markdown("Only admins manage clients. Ask an admin.")
    layout.stop()
flash.show()
clients.show()
