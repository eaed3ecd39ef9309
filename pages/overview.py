"""Page of figures over all domains, and of what waits for the caller."""

import streamlit as st

from mxlib import services
from mxlib.core.text import overview as texts
from mxlib.services.overview import LINE_DAYS
from mxlib.ui.app import layout
from mxlib.ui.overview import boxes, charts, exports, figures, waiting
from mxlib.ui.widgets import flash
from mxlib.ui.widgets.format import escaped

with st.container(horizontal=True, vertical_alignment="center"):
    st.title("Overview", anchor=False, width="stretch")
    exports.offer()
flash.show()
exports.show_asked()
app, caller = services.current(), layout.caller()
found, now = app.overview.figures(caller), app.clock.now()
waits = app.overview.waiting(caller)
if found.oldest is None:
    waiting.show(waits, now)
    st.info(texts.NO_LIST, icon=":material/sync:")
    layout.stop()
figures.show(found)
left, right = st.columns([3, 2])
with left:
    boxes.show_full_soon(found)
with right:
    charts.show_clients(found.by_client)
left, right = st.columns(2)
with left:
    charts.show_how_full(found.how_full)
with right:
    boxes.show_senders(found)
account = app.overview.account(caller, LINE_DAYS)
if account:
    left, right = st.columns(2)
    with left:
        charts.show_account(account, found.today)
    with right:
        waiting.show(waits, now)
else:
    waiting.show(waits, now)
st.caption(escaped(texts.lists_read(found.domains, found.never_read, found.oldest, now)))
