"""Page of background tasks: what the server does by itself, how that ended, and when it is next."""

import streamlit as st

from mxlib.ui.admin import background_tasks
from mxlib.ui.app import layout
from mxlib.ui.widgets import flash

st.title("Background tasks", anchor=False)
if not layout.caller().admin:
    st.markdown("Only admins see the background tasks. Ask an admin.")
    layout.stop()
st.caption("What the server does by itself. The times are the server's.")
flash.show()
background_tasks.show()
