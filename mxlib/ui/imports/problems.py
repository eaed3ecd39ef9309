"""The problems of a preview: groups with their fixes above the rows, and a plain list below them.

The list is for keyboards, screen readers and long sentences.
"""

from typing import Any

import pandas as pd
import streamlit as st

from mxlib.core.editing.editor import Editor
from mxlib.core.fixes.apply import AppliedFix
from mxlib.core.fixes.groups import FixGroup, FixKind
from mxlib.core.format import count
from mxlib.core.text import fixes as texts
from mxlib.core.text import labels
from mxlib.core.validation.row_kinds import kinds
from mxlib.core.vocabulary import Verdict
from mxlib.ui.imports import parts, row_form
from mxlib.ui.imports.editor import OpenDraft, change, validated
from mxlib.ui.widgets.format import escaped, verbatim

_MOST = 200

#: Groups in view; the others are behind a button.
_MOST_GROUPS = 6
#: Fixes that were applied, and can be undone by themselves.
_MOST_DONE = 6
_EVERY = "every_group"
_LIST = "problems"


def show_groups(held: OpenDraft) -> None:
    """Show the problems in groups, each with its fixes, and the fixes that were applied."""
    editor, rows = held.editor, validated(held)
    unsure = editor.excluded_namesakes(rows.table)
    found = [*([unsure] if unsure else []), *rows.groups]
    done = editor.standing_fixes()[-_MOST_DONE:]
    every = bool(st.session_state.get(_EVERY)) and len(found) > _MOST_GROUPS
    with st.container(key="fixes", gap="xsmall"):
        # Two next to each other by the style sheet, so that the rows below stay in view: fewer elements than columns.
        with st.container(key="fix-groups"):
            for group in found if every else found[:_MOST_GROUPS]:
                _group(editor, group)
        if len(found) > _MOST_GROUPS:
            label = "Show fewer problems" if every else f"{len(found) - _MOST_GROUPS} more"
            st.button(label, key="more_groups", type="tertiary", icon=":material/expand_more:",
                      on_click=change(editor, _toggle))  # fmt: skip
        if done:
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key="fixed"):
                for number, (fix, standing) in enumerate(done):
                    _done(editor, fix, standing, number)


def _toggle() -> None:
    st.session_state[_EVERY] = not st.session_state.get(_EVERY)


def _group(editor: Editor, group: FixGroup) -> None:
    """Show one problem: what is wrong, what it becomes, and a button for each fix."""
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
        st.markdown(_sentence(group), width="stretch")
        for number, kind in enumerate(group.fixes):
            st.button(
                texts.label(group, kind),
                key=f"fix-{group.problem}.{kind}",
                type="tertiary" if number else "secondary",
                on_click=change(editor, editor.fix, group, kind),
            )


def _sentence(group: FixGroup) -> str:
    """Return the sentence of a group, with examples as they are."""
    samples = ", ".join(map(verbatim, group.samples)) + ", …" * group.more
    suggested = group.fixes[0] is FixKind.SUGGESTED
    becomes = " ".join(filter(None, [texts.advice(group), samples if suggested else ""]))
    whose = f" ({samples})" if samples and not suggested else ""
    return f"**{escaped(texts.problem(group))}**{whose}" + (f" → {becomes}" if becomes else "")


def _done(editor: Editor, fix: AppliedFix, standing: int, number: int) -> None:
    """Show what a fix has done, and its undo."""
    last = editor.is_last_step(fix)
    st.markdown(f":material/check: {escaped(texts.done(fix, standing))}", width="content")
    st.button(
        "Undo", key=f"unfix-{number}", type="tertiary", help=texts.undoing(fix, standing, last=last),
        on_click=change(editor, editor.undo_fix, fix),
    )  # fmt: skip


def show(held: OpenDraft) -> None:
    """List ticked rows that have an error or a warning, in file order. Any of them can be opened in a form."""
    parts.draw("preview-problems", held, lambda: _list(held), lambda: _list_look(held))


def _list_look(held: OpenDraft) -> object:
    """Return whether there is anything to list; nothing is alike while the list is open."""
    return object() if st.session_state.get(_LIST) else bool(_flagged(held).any())


def _flagged(held: OpenDraft) -> pd.Series:
    table = validated(held).table
    return table["ticked"] & ((table["verdict"] != Verdict.READY) | (table["warnings"] != ""))


def _list(held: OpenDraft) -> None:
    flagged = _flagged(held)
    if not flagged.any():
        return
    # With the count in its label it would be another expander, and closed, after every row that is fixed.
    with st.expander("Problems, as a list", key=_LIST, icon=":material/list:", on_change="rerun") as box:
        if not box.open:
            return
        table = validated(held).table[flagged]
        rows = table.assign(kind=kinds(table))
        st.markdown(f"**{count(len(rows), 'row')} to look at.**")
        st.markdown("\n".join(_line(row) for row in rows.head(_MOST).itertuples()))
        if len(rows) > _MOST:
            st.caption(f"{len(rows) - _MOST:,} more; fix these first, or filter the table by a badge.")
        row_form.show(held.editor, rows.head(_MOST))


def _line(row: Any) -> str:
    where, _, name = row_form.place(row).partition(", ")
    who = f", {escaped(name)}" if name else ""
    return f"- **{where}**{who}: {labels.kind(row.kind)}. {escaped(row_form.said(row.reasons, row.warnings))}"
