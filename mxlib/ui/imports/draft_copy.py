"""The copy of a preview that the store keeps: it outlives the tab, and knows of other tabs."""

from mxlib import services
from mxlib.services.drafts import DraftChangedElsewhere, DraftContent, DraftTakenOver
from mxlib.services.runs import REFUSALS
from mxlib.ui.app import layout
from mxlib.ui.imports.editor import OpenDraft


def keep(held: OpenDraft) -> None:
    """Keep the edits in the store, so that they outlive this tab."""
    editor = held.editor
    latest, about = editor.latest, (editor.domain, editor.on_existing)
    if latest is held.kept and about == held.kept_as:
        return
    work = DraftContent(editor.batch, held.content, held.version, held.begun_by)
    try:
        held.version = services.current().drafts.keep(layout.caller(), held.number, work)
    except DraftChangedElsewhere as refusal:
        held.conflict, held.not_kept = True, str(refusal)
    except (*REFUSALS, DraftTakenOver) as refusal:
        held.not_kept = f"What you fix is kept in this tab only. {refusal}"
    else:
        held.kept, held.kept_as, held.not_kept, held.conflict = latest, about, "", False


def keep_as_own(held: OpenDraft) -> None:
    """Continue with this tab's rows as a new draft; the other tab keeps its own."""
    held.number, held.version, held.kept = services.current().drafts.new(), 0, None
    keep(held)
