"""The launcher: `streamlit run app.py` finds this literal application and serves it."""

import streamlit as st

from mxlib import dashboard
from mxlib.ui.app import errors, server

app = st.App(
    dashboard.ENTRY_PAGE,
    routes=server.routes,
    lifespan=server.lifespan,
    middleware=server.middleware,
    on_script_error=errors.say_it_failed,
)
