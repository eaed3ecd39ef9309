"""The launcher: `streamlit run app.py` finds this literal application and serves it."""

import streamlit as st

from mxlib.ui import launch

app = st.App(
    "mxlib/ui/shell/main.py",
    routes=launch.routes,
    lifespan=launch.lifespan,
    middleware=launch.middleware,
    on_script_error=launch.say_it_failed,
)
