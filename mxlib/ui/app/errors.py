"""The text of a page that failed while it was drawn."""

import logging

import streamlit as st

from mxlib.auth.permissions import Forbidden
from mxlib.ui.widgets.format import escaped

log = logging.getLogger("mxlib")


def say_it_failed(error: Exception) -> bool:
    """Show one sentence for a bug, and log its kind and place without values.

    A lost permission is not an error: it is meant to take effect at once.
    """
    if isinstance(error, Forbidden):
        st.error(escaped(str(error)), icon=":material/lock:")
        return True
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "?"
    kind = type(error).__name__
    log.error("A page failed: %s at %s", kind, where, extra={"error": kind, "place": where})
    st.error(
        "This page stopped because of a fault in MXM. Reload it; runs go on in the server, and nothing is lost. "
        f"If it stays, report this: {escaped(type(error).__name__)}, {escaped(where.rsplit('/', 1)[-1])}.",
        icon=":material/error:",
    )
    return True
