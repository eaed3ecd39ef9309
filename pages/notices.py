"""Page of notices: what is open, what happened, what is snoozed, and when and to whom notices go out."""

import streamlit as st

from mxlib.ui.app import layout
from mxlib.ui.notices import channels, choices, event_tables, snoozes
from mxlib.ui.widgets import flash

st.title("Notices", anchor=False)
with st.container():  # blank or not, so that the chosen tab stays
    flash.show()
admin = layout.caller().admin
names = ["Open", "What happened", "Snoozed", "Mails to me", *(["When notices go out", "Channels"] if admin else [])]
is_open, happened, snoozed, mails, *more = st.tabs(names)
with is_open:
    event_tables.show_open()
with happened:
    event_tables.show_history()
with snoozed:
    snoozes.show()
with mails:
    choices.show_mails()
for tab, show in zip(more, (choices.show_preferences, channels.show), strict=False):
    with tab:
        show()
