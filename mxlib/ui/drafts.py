"""Drafts that wait to be gone on with."""

from functools import partial

import streamlit as st

from mxlib import services
from mxlib.mailboxes import words
from mxlib.mailboxes.draft import Draft
from mxlib.services.drafts import Kept, Lost
from mxlib.ui import frame, preview
from mxlib.ui.figures import escaped
from mxlib.ui.mapping_step import Source

_MOST = 3


def offer() -> None:
    """The latest drafts of the caller and of those whose domains the caller may import into."""
    house = services.current()
    if refused := st.session_state.pop("draft_refused", ""):
        st.error(refused, icon=":material/lock:")
    for kept in house.drafts.offered(frame.caller())[:_MOST]:
        with st.container(border=True, key=f"draft-{kept.id}"):
            told, on, away = st.columns([7, 2, 2], vertical_alignment="center")
            age = house.clock.now() - kept.changed_at
            said = words.draft(kept.file_name, kept.rows, kept.domains, kept.operator, age)
            told.markdown(f"**A draft is kept.** {escaped(said)}")
            go_on = partial(_go_on, kept)
            on.button("Go on", key=f"go-on-{kept.id}", type="primary", width="stretch", on_click=go_on)
            forget = partial(house.drafts.discard, frame.caller(), kept.id)
            away.button("Discard", key=f"forget-{kept.id}", width="stretch", on_click=forget)


def _go_on(kept: Kept) -> None:
    try:
        work = services.current().drafts.open(frame.caller(), kept.id)
    except Lost as refusal:
        st.session_state["draft_refused"] = str(refusal)
        return
    if work is None:
        return
    if work.reading is not None:
        name, digest = work.reading.sheet.name, work.reading.sheet.digest
        st.session_state["source"] = Source(work.file, name, work.generate, digest)
    draft = Draft(work.rows, work.reading.notes if work.reading else ())
    preview.open_preview(
        draft,
        work.reading,
        work.domain,
        generate=work.generate,
        file=work.file,
        number=kept.id,
        on_existing=work.on_existing,
    )
