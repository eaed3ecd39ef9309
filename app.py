"""The application for `streamlit run app.py`, which needs it as a literal here."""

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
