"""The launcher: `streamlit run app.py` finds this literal application and serves it."""

import streamlit as st

from mxlib.ui.app import errors as faults
from mxlib.ui.app import server as launch

app = st.App(
    "mxlib/ui/shell/main.py",
    routes=launch.routes,
    lifespan=launch.lifespan,
    middleware=launch.middleware,
    on_script_error=faults.say_it_failed,
)
