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
from mxlib.ui.imports import row_form
from mxlib.ui.imports.editor import change
from mxlib.ui.widgets.format import escaped, verbatim

_MOST = 200

#: Groups in view; the others are behind a button.
_MOST_GROUPS = 6
#: Fixes that were applied, and can be undone by themselves.
_MOST_DONE = 6
_EVERY = "every_group"


def show_groups(editor: Editor, validated: pd.DataFrame, found: list[FixGroup]) -> None:
    """Show the problems in groups, each with its fixes, and the fixes that were applied."""
    unsure = editor.excluded_namesakes(validated)
    found = [*([unsure] if unsure else []), *found]
    done = editor.standing_fixes()[-_MOST_DONE:]
    every = bool(st.session_state.get(_EVERY)) and len(found) > _MOST_GROUPS
    with st.container(key="fixes", gap="xsmall"):
        shown = found if every else found[:_MOST_GROUPS]
        # Two next to each other, so that the rows below stay in view.
        for at in range(0, len(shown), 2):
            for place, group in zip(st.columns(2, gap="medium"), shown[at : at + 2], strict=False):
                with place:
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


def show(editor: Editor, validated: pd.DataFrame) -> None:
    """List ticked rows that have an error or a warning, in file order. Any of them can be opened in a form."""
    flagged = validated["ticked"] & ((validated["verdict"] != Verdict.READY) | (validated["warnings"] != ""))
    if not flagged.any():
        return
    # With the count in its label it would be another expander, and closed, after every row that is fixed.
    with st.expander("Problems, as a list", key="problems", icon=":material/list:", on_change="rerun") as box:
        if not box.open:
            return
        rows = validated[flagged].assign(kind=kinds(validated[flagged]))
        st.markdown(f"**{count(len(rows), 'row')} to look at.**")
        st.markdown("\n".join(_line(row) for row in rows.head(_MOST).itertuples()))
        if len(rows) > _MOST:
            st.caption(f"{len(rows) - _MOST:,} more; fix these first, or filter the table by a badge.")
        row_form.show(editor, rows.head(_MOST))


def _line(row: Any) -> str:
    where, _, name = row_form.place(row).partition(", ")
    who = f", {escaped(name)}" if name else ""
    return f"- **{where}**{who}: {labels.kind(row.kind)}. {escaped(row_form.said(row.reasons, row.warnings))}"
