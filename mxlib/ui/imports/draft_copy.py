"""The copy of a preview that the store keeps: it outlives the tab, and knows of other tabs."""

from mxlib import services
from mxlib.services.drafts import DraftChangedElsewhere, DraftContent, DraftTakenOver
from mxlib.services.runs import REFUSALS
from mxlib.ui.app import layout
from mxlib.ui.imports.editor import EditorState


def keep(preview: EditorState) -> None:
    """Keep what was mended in the store, so that it outlives this tab."""
    about = (preview.domain, preview.on_existing)
    if preview.latest is None or (preview.latest is preview.kept and about == preview.kept_as):
        return
    work = DraftContent(
        preview.latest.rows, preview.domain, preview.generate, preview.reading, preview.file, preview.on_existing,
        preview.version,
    )  # fmt: skip
    try:
        preview.version = services.current().drafts.keep(layout.caller(), preview.number, work)
    except DraftChangedElsewhere as refusal:
        preview.conflict, preview.not_kept = True, str(refusal)
    except (*REFUSALS, DraftTakenOver) as refusal:
        preview.not_kept = f"What you mend is kept in this tab only. {refusal}"
    else:
        preview.kept, preview.kept_as, preview.not_kept, preview.conflict = preview.latest, about, "", False


def keep_as_own(preview: EditorState) -> None:
    """Go on with this tab's rows as a draft of their own; the other tab keeps its draft."""
    preview.number, preview.version, preview.kept = services.current().drafts.new(), 0, None
    keep(preview)
