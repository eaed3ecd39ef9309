"""Page of totals over all domains, and of what waits for the caller."""

import streamlit as st

from mxlib import services
from mxlib.core.text import overview as texts
from mxlib.ui.app import layout
from mxlib.ui.overview import figures, waiting
from mxlib.ui.widgets import flash
from mxlib.ui.widgets.format import escaped

st.title("Overview", anchor=False)
flash.show()
app, caller = services.current(), layout.caller()
found, now = app.overview.figures(caller), app.clock.now()
waiting.show(app.overview.waiting(caller), now)
if found.oldest is None:
    st.info(texts.NO_LIST, icon=":material/sync:")
    layout.stop()
st.caption(escaped(texts.lists_read(found.domains, found.never_read, found.oldest, now)))
figures.show_totals(found)
fullest, clients = st.columns([3, 2]) if found.by_client else (st.container(), None)
with fullest:
    figures.show_fullest(found.totals)
if clients is not None:
    with clients:
        figures.show_clients(found.by_client)
