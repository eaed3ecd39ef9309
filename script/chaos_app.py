"""The dashboard with a host whose rate window lasts two seconds; for script/chaos alone."""

from functools import partial

import streamlit as st

from mxlib.mxroute.rate_limits import RateLimits
from mxlib.services import container

container.RateLimits = partial(RateLimits, window=2.0)  # type: ignore[assignment,misc]

from mxlib.ui.app import server  # noqa: E402 - what it opens takes the rate limits from above

app = st.App("../mxlib/ui/shell/main.py", routes=server.routes, lifespan=server.lifespan, middleware=server.middleware)
