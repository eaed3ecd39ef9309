"""Page of the audit log: who did what, on what, when."""

import streamlit as st

from mxlib import services
from mxlib.ui.admin import audit
from mxlib.ui.app import layout

st.title("Audit log", anchor=False)
app, caller = services.current(), layout.caller()
kept = f"Entries are kept {app.settings.audit_days} days, and nobody can change them."
if caller.admin:
    st.caption(f"Everything that was done, by whom and when. {kept}")
else:
    st.caption(f"What was done to the domains that you may view, and what you did yourself. {kept}")
audit.show_check()
audit.show(audit.asked())
