"""How it stands with a run, in the words that page, API and banner share."""

from mxlib.core.text import labels, run_status
from mxlib.core.vocabulary import RunStatus
from mxlib.runs.run_view import RunView


def title(view: RunView) -> str:
    """What a run is about."""
    return labels.run_title(view.kind, view.file_name, view.total, view.undo_of)


def progress(view: RunView) -> str:
    """How far it is, by outcome, and when it will be done."""
    return run_status.running(_figures(view), view.total, view.eta_at)


def state(view: RunView) -> str:
    """What it waits for, why it paused or what came of it; blank when it simply goes on."""
    match view.status:
        case RunStatus.PAUSED:
            return run_status.paused(view.open, view.paused_reason)
        case RunStatus.FINISHED | RunStatus.STOPPED:
            told = run_status.finished(
                _figures(view),
                view.total,
                checked_at=view.checked_at,
                differences=view.differences,
                difference=view.difference,
                readable_until=view.passwords_until,
                downloaded=view.downloaded_at is not None,
                handed_over=view.handed_over_at is not None,
                locked=view.locked,
                erasing=view.erasing,
            )
            return f"{told} {view.note}".strip()
        case RunStatus.QUEUED:
            return run_status.queued(view.open, view.behind)
        case RunStatus.STOPPING:
            return "Stopping: what is in flight finishes first."
        case _ if view.silent_since is not None:
            return run_status.host_silent(view.silent_since, view.next_try_seconds, view.open)
        case _ if view.waiting_seconds >= 1:
            return run_status.waiting(view.waiting_seconds)
        case _:
            return ""


def _figures(view: RunView) -> dict[str, int]:
    return {outcome.value: rows for outcome, rows in view.counts.items()}
