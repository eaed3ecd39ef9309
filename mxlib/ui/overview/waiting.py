"""Open work of the caller, each piece with a link to the page for it."""

import streamlit as st

from mxlib import services
from mxlib.core.text import dated_deletions as dated_texts
from mxlib.core.text import overview as texts
from mxlib.runs.run_view import RunView
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
        *((_passwords(run, now), "jobs", {"run": str(run.id)}) for run in waiting.with_passwords[:_MOST]),
        *(
            (f"Deletion of {each.mailbox} asks: {dated_texts.why(each.ask_reason)}.", "jobs", {})
            for each in waiting.deletions
        ),
        *((texts.draft(kept.file_name, kept.rows), "import_mailboxes", {}) for kept in waiting.drafts),
    ]
    number = len(lines) + len(waiting.with_passwords[_MOST:])
    if not lines:
        st.caption(texts.NOTHING_WAITS)
        return
    with st.container(gap="xsmall"):
        for text, name, query in lines[:_MOST]:
            st.page_link(layout.page(name), label=escaped(text), icon=":material/arrow_forward:", query_params=query)
        if number > _MOST:
            st.caption(texts.more(number - _MOST))


def _passwords(run: RunView, now: float) -> str:
    """Return how many people of a run have their password."""
    progress = services.current().handover.progress(layout.caller(), run.id)
    return texts.passwords(run.id, run.title, progress.done, progress.to_have, run.passwords_until or now, now)
