"""From a file to a run: choose it, mend its rows, confirm."""

import streamlit as st

from mxlib import services
from mxlib.auth.permissions import Permission
from mxlib.ui import allowed, changes, confirm, drafts, frame, intake, mapping, preview, preview_table, problems

domain = frame.domain()
with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Import mailboxes", anchor=False, width="stretch")
    if st.button("Email accounts", icon=":material/arrow_back:", type="tertiary", key="to_accounts"):
        frame.go("email_accounts")

if not services.current().lists.may_anywhere(frame.caller(), Permission.IMPORT, unread=True):
    allowed.say(allowed.NO_IMPORT)
    st.stop()
if step := mapping.held():
    mapping.show(step, domain)
    st.stop()
current = preview.held()
if current is None:
    drafts.offer()
    allowed.lacks(frame.caller(), Permission.IMPORT, domain)
    intake.show(domain)
    st.stop()

intake.show_taken(current, domain)
judged = preview_table.show(current)
problems.show(current, judged)
changes.show(current)
confirm.show(current, judged)
