"""Page of the outbox: mails that wait, left or were refused."""

import streamlit as st

from mxlib.ui.admin import outbox
from mxlib.ui.app import layout
from mxlib.ui.widgets import flash

st.title("Outbox", anchor=False)
if not layout.caller().admin:
    st.markdown("Only admins see the outbox. Ask an admin.")
    layout.stop()
flash.show()
outbox.show()
