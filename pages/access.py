"""Who gets in, and what they may do."""

import streamlit as st

from mxlib import services
from mxlib.ui.admin import own_account as access
from mxlib.ui.admin import tokens as access_tokens
from mxlib.ui.admin import users as access_people
from mxlib.ui.app import layout as frame

st.title("Access", anchor=False)
house, caller = services.current(), frame.caller()
own = house.access.own(caller)
if not house.access.in_force():
    access.say_not_in_force()
if own is not None and not caller.admin:
    access.show_own(own)
if not caller.admin:
    frame.stop()
people, tokens, *you = st.tabs(["People", "Tokens", *(["You"] if own else [])])
with people:
    access_people.show()
with tokens:
    access_tokens.show()
for tab in you:
    with tab:
        if own is not None:
            access.show_own(own)
