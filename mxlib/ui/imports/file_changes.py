"""The changes made to the file, as a list, and the corrected file."""

import pandas as pd
import streamlit as st

from mxlib.core.editing.file_diff import FileDiff
from mxlib.core.editing.filters import CHANGED
from mxlib.core.format import count, listed
from mxlib.core.text import file_problems
from mxlib.ui.imports import parts
from mxlib.ui.imports.editor import OpenDraft, change
from mxlib.ui.widgets import links
from mxlib.ui.widgets.format import escaped

_MOST = 200
_KEY = "changes"


def show(held: OpenDraft) -> None:
    """Show an expander; its content costs nothing while it is closed."""
    parts.draw("preview-changes", held, lambda: _changes(held), _look)


def _look() -> object:
    """Return the same while the expander is closed, something new while it is open."""
    return object() if st.session_state.get(_KEY) else None


def _changes(held: OpenDraft) -> None:
    label = "Changes and corrected file"
    with st.expander(label, key=_KEY, icon=":material/difference:", on_change="rerun") as box:
        if not box.open:
            return
        editor = held.editor
        _download(held)
        diff = editor.compare_with_file()
        if diff is None:
            return
        if not diff.any:
            st.markdown("Nothing: every row is as in the file.")
            return
        rows = editor.latest.rows
        st.markdown(_figures(diff))
        positions = [int(at) for at in (diff.changed | diff.added).nonzero()[0]]
        if positions:
            st.button(
                "Show these rows in the table", icon=":material/filter_alt:", key="show_changed",
                on_click=change(editor, editor.filter_by, CHANGED),
            )  # fmt: skip
            st.markdown("\n".join(_lines(rows, diff, positions[:_MOST])))
        if len(positions) > _MOST:
            st.caption(f"{len(positions) - _MOST:,} more: see them in the table.")


def _download(held: OpenDraft) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if held.not_kept:
            st.caption("The corrected file cannot be downloaded while this tab alone has it.")
            return
        for kind, label in (("xlsx", "Corrected file (Excel)"), ("csv", "Corrected file (CSV)")):
            links.download(label, f"/drafts/{held.number}.{kind}", key=f"corrected-{kind}")
        st.caption(
            "All rows as they are now, left-out ones too, with every password in it, generated ones too: keep it safe. "
            f"The download is recorded in the audit log. {file_problems.CSV_CALCULATES}"
        )


def _figures(diff: FileDiff) -> str:
    changed, added, deleted = int(diff.changed.sum()), int(diff.added.sum()), len(diff.lines)
    parts = [f"{count(changed, 'row')} changed"] * bool(changed) + [f"{added:,} added"] * bool(added)
    if deleted:
        lines = listed([f"{line:,}" for line in diff.lines.tolist()], most=12, noun="more")
        parts.append(f"{deleted:,} deleted (line{'s' if deleted > 1 else ''} {lines})")
    return f"**{', '.join(parts)}.**"


def _lines(rows: pd.DataFrame, diff: FileDiff, positions: list[int]) -> list[str]:
    changes = diff.describe(positions)
    lines, names = rows["line"].iloc[positions].tolist(), rows["username"].iloc[positions].tolist()
    return [
        f"- **{f'Line {line}' if line else 'Added row'}**{f', {escaped(name)}' if name else ''}: {escaped(said)}"
        for line, name, said in zip(lines, names, changes, strict=True)
    ]
