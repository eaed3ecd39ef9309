"""The step between a file and its preview: what each column holds, and how the file is read.

It comes only when that is not known already, or when the operator asks for it.
"""

from collections.abc import Collection

import streamlit as st

from mxlib import services
from mxlib.core.files.errors import Unread
from mxlib.core.files.reader import FileRefused
from mxlib.core.format import count, day
from mxlib.core.mapping.choices import CHOICES
from mxlib.core.mapping.mapping import IGNORE, notes_of_reading
from mxlib.core.mapping.read_file import ReadFile
from mxlib.core.text import file_problems
from mxlib.services.files import MappingQuestion, Offer
from mxlib.ui.app import layout
from mxlib.ui.imports import editor, header_choice, mapping_columns, mapping_encoding, mapping_usernames, notes
from mxlib.ui.imports.mapping_state import Step, Upload
from mxlib.ui.widgets import progress
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

_LOOK = "Read as below, it is a table. Check that this is right, or choose another way to read it."


def held() -> Step | None:
    """Return this tab's mapping step, if one is open."""
    found: Step | None = st.session_state.get("mapping")
    return found


def take_in(upload: Upload, domain: str) -> None:
    """Open the preview of a file, or ask what its columns mean; raises FileRefused."""
    mappings = services.current().files
    found: ReadFile | MappingQuestion
    try:
        found = mappings.read(layout.caller(), upload.data, upload.name, domain)
    except Unread:
        raise
    except FileRefused as refused:
        found = mappings.read_otherwise(layout.caller(), upload.data, upload.name, refused, domain)
    if isinstance(found, MappingQuestion):
        _begin(upload, found, domain, asked=False)
    else:
        _open_preview(upload, found, domain)


def offer(held: editor.OpenDraft) -> None:
    """Show the button that leads here from a preview whose file is still available."""
    reading = held.editor.file
    if reading is None:
        return

    def change() -> None:
        domain = held.editor.domain
        question = services.current().files.question_of(layout.caller(), reading, domain)
        _begin(Upload(held.content, reading.sheet.name, held.editor.generate), question, domain, asked=True)

    st.button("File settings", icon=":material/tune:", key="change_reading", on_click=act(change))


def show(step: Step, domain: str) -> None:
    """Ask, and go on to the preview when all is answered."""
    step.domain = domain
    _heading(step)
    header_choice.ask(step)
    mapping_columns.ask(step)
    others: Collection[str] = ()
    if step.answer.makes_usernames:
        with st.container(border=True, key="mapping-names"):
            step.answer, others = mapping_usernames.ask(step, domain)
    is_open = step.asked or bool(step.misread or step.refusal)
    with st.expander("File settings", icon=":material/tune:", expanded=is_open):
        mapping_encoding.ask(step)
    trouble = step.answer.trouble(step.sheet.header)
    if _footer(step, trouble):
        _finish(step, domain, others)


def _open_preview(upload: Upload, file: ReadFile, domain: str) -> None:
    content = upload.content(file, domain)
    progress.refresh(content.batch)
    editor.open_preview(content)


def _begin(upload: Upload, question: MappingQuestion, domain: str, *, asked: bool) -> None:
    generation = st.session_state.get("mapping_generation", 0) + 1_000
    st.session_state["mapping_generation"] = generation
    step = Step(upload, question, question.answer, asked, generation, misread=question.refusal, line=question.line)
    step.asks_header, step.domain = question.sheet.unsure, domain
    st.session_state["mapping"] = step


def _end() -> None:
    st.session_state.pop("mapping", None)


def _discard() -> None:
    _end()
    editor.discard()


def _heading(step: Step) -> None:
    sheet = step.sheet
    st.markdown(f"**{escaped(sheet.name)}** · {count(len(sheet), 'row')} · {escaped(sheet.options.describe())}")
    notes.show(notes_of_reading(sheet))
    if step.refusal:
        st.error(escaped(step.refusal), icon=":material/block:")
    if step.misread:
        st.error(f"{escaped(step.misread)} {_LOOK}", icon=":material/block:")
    if step.question.offer:
        _offer(step, step.question.offer)
    recognised = step.question.recognised or not step.question.answer.trouble(sheet.header)
    if step.asked or step.question.conflicts or recognised:
        return
    found = step.question.answer
    if found.makes_usernames:
        message = "We found no usernames or addresses: they can be made of the names, as shown below."
    else:
        message = f"{file_problems.no_address_column(())} Choose it below."
    st.warning(escaped(message), icon=":material/help:")


def _offer(step: Step, offer: Offer) -> None:
    """Offer the column choices of another user for such a file; nothing is applied automatically."""
    who, now = offer.by or "Another user", services.current().clock.now()
    said = ", ".join(
        f"{step.name(at)} = {CHOICES[meaning]}" for at, meaning in enumerate(offer.answer.meanings) if meaning != IGNORE
    )
    with st.container(border=True, key="mapping-offer"):
        st.markdown(
            f"**{escaped(who)}** answered for such a file on {day(offer.at, now)}: {escaped(said)}. "
            "Is that right for yours, too?"
        )
        st.button(
            f"Fill in the answer of {escaped(who)}", icon=":material/group:", key=step.key("offer"),
            on_click=step.take, args=(offer.answer,),
        )  # fmt: skip


def _footer(step: Step, trouble: str) -> bool:
    """Show the buttons onward and back; return whether to continue."""
    with st.container(horizontal=True, vertical_alignment="center", key="import-footer"):
        go_on = st.button(
            "Preview import", type="primary", icon=":material/table_view:", key="map_done", disabled=bool(trouble)
        )
        if step.asked:
            st.button("Back to the preview", icon=":material/arrow_back:", key="map_back", on_click=act(_end))
        st.button("Choose another file", icon=":material/close:", key="map_discard", on_click=act(_discard))
        if trouble:
            st.markdown(f":material/arrow_upward: {escaped(trouble)}")
        elif step.asked:
            st.caption("The file is read again: what was fixed in the preview is lost.")
    return go_on


def _finish(step: Step, domain: str, others: Collection[str]) -> None:
    app = services.current()
    with st.spinner("Checking with MXroute…", show_time=True):
        reading = app.files.answered(layout.caller(), step.sheet, step.answer, domain, others=others)
        _open_preview(step.upload, reading, domain)
    _end()
    st.rerun()
