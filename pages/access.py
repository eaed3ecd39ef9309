"""Page of users, permissions and tokens."""

import streamlit as st

from mxlib import services
from mxlib.ui.admin import own_account, users
from mxlib.ui.admin import tokens as access_tokens
from mxlib.ui.app import layout

st.title("Team and API", anchor=False)
app, caller = services.current(), layout.caller()
own = app.access.own(caller)
if not app.access.sign_in_required():
    own_account.say_not_in_force()
if own is not None and not caller.admin:
    own_account.show_own(own)
if not caller.admin:
    layout.stop()
people, tokens, *you = st.tabs(["People", "Tokens", *(["You"] if own else [])])
with people:
    users.show()
with tokens:
    access_tokens.show()
for tab in you:
    with tab:
        if own is not None:
            own_account.show_own(own)
