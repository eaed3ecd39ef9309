"""Open work of the caller, each piece with a link to the page for it."""

import streamlit as st

from mxlib.core.text import overview as texts
from mxlib.services.overview import Waiting
from mxlib.ui.app import layout
from mxlib.ui.widgets.format import escaped

#: Lines in the list.
_MOST = 8


def show(waiting: Waiting, now: float) -> None:
    """Show what waits, the most urgent first."""
    with st.container(border=True, height="stretch", key="needs-you"):
        st.header("Needs you", anchor=False)
        _lines(waiting, now)


def _lines(waiting: Waiting, now: float) -> None:
    lines = [
        *((texts.paused(run.id, run.title), "jobs", {"run": str(run.id)}) for run in waiting.paused),
        *(
            (texts.passwords(run.id, run.title, run.passwords_until or now, now), "jobs", {"run": str(run.id)})
            for run in waiting.with_passwords
        ),
        *((f"Deletion of {each.mailbox} asks: {each.why}.", "jobs", {}) for each in waiting.deletions),
        *((texts.draft(kept.file_name, kept.rows), "import_mailboxes", {}) for kept in waiting.drafts),
    ]
    if not lines:
        st.caption(texts.NOTHING_WAITS)
        return
    with st.container(gap="xsmall"):
        for text, name, query in lines[:_MOST]:
            st.page_link(layout.page(name), label=escaped(text), icon=":material/arrow_forward:", query_params=query)
        if len(lines) > _MOST:
            st.caption(texts.more(len(lines) - _MOST))
