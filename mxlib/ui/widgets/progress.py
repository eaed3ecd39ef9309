"""Progress of reading many lists, drawn while it goes on."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from mxlib import services
from mxlib.core.import_batch import ImportBatch
from mxlib.core.text import list_ages
from mxlib.services.mailbox_lists import OnProgress
from mxlib.ui.app import session
from mxlib.ui.widgets.format import escaped


@contextmanager
def shown() -> Iterator[OnProgress]:
    """Yield the callback for a reader of lists: a bar that is shown while there is more than one."""
    place = st.empty()

    def on_progress(done: int, total: int, wait: float) -> None:
        if total > 1:
            place.progress(done / total, text=escaped(list_ages.reading_lists(done, total, wait)))

    try:
        yield on_progress
    finally:
        place.empty()


def refresh(batch: ImportBatch) -> None:
    """Read the lists that the validation of a batch needs, in view of the operator."""
    with shown() as on_progress:
        services.current().imports.load(session.caller(), batch, on_progress=on_progress)
