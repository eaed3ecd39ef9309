"""The entry script of every page. It is alone in its folder, so that Streamlit finds no pages/ next to it."""

from mxlib.ui.app import layout
from mxlib.ui.mailboxes import mailbox_drawer

layout.show(mailbox_drawer.open)
