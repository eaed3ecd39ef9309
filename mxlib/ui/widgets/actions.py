"""Callbacks, and how a refusal is shown: one sentence, on a page that keeps what was typed.

A callback runs long after its button was drawn. So it keeps no caller: it asks `layout.caller()` who acts when it
acts.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from mxlib.auth.passwords import InvalidPassword as UnfitPassword
from mxlib.auth.permissions import Forbidden, NotRecent
from mxlib.auth.throttle import TooManyAttempts
from mxlib.runs.manager import InvalidState
from mxlib.services import StoreUnavailable
from mxlib.services.audit_proof import AuditChanged
from mxlib.services.clients import InvalidClient
from mxlib.services.drafts import DraftTakenOver, DraftUnreadable
from mxlib.services.exports import NotFound
from mxlib.services.failures import ListUnavailable
from mxlib.services.mailboxes import InvalidField
from mxlib.services.notices import InvalidChoice
from mxlib.services.outbox import InvalidRecipient
from mxlib.services.saved_views import InvalidView
from mxlib.ui.widgets.format import escaped

#: Errors that may refuse a click; the message of each is one sentence.
REFUSALS = (
    AuditChanged,
    Forbidden,
    InvalidState,
    DraftUnreadable,
    NotFound,
    ListUnavailable,
    DraftTakenOver,
    TooManyAttempts,
    InvalidField,
    InvalidClient,
    InvalidRecipient,
    InvalidView,
    InvalidChoice,
    UnfitPassword,
    StoreUnavailable,
)

_REFUSED = "refused"

#: Key of the callback, with its arguments, that has to be confirmed before it is carried out.
CALLBACK_TO_CONFIRM = "callback-to-confirm"


def act(do: Callable[..., object], *given: Any) -> Callable[[], None]:
    """Return a callback that does this; a refusal appears on the next page drawn."""
    return partial(_act, do, given)


def _act(do: Callable[..., object], given: tuple[Any, ...]) -> None:
    try:
        do(*given)
    except NotRecent:
        st.session_state[CALLBACK_TO_CONFIRM] = (do, given)
    except REFUSALS as refusal:
        refuse(refusal)


def refuse(refusal: Exception) -> None:
    """Let the page that is drawn next say why something was not done."""
    st.session_state[_REFUSED] = str(refusal)


def has_to_say() -> bool:
    """Return whether the last click was refused, or has to be confirmed."""
    return _REFUSED in st.session_state or CALLBACK_TO_CONFIRM in st.session_state


def show_refused() -> None:
    """Say what stood against the last click."""
    notice(st.session_state.pop(_REFUSED, ""))


def notice(refusal: object) -> None:
    """Room for one sentence, blank or not: were there none, what stands below would be drawn as if it were new."""
    place = st.empty()
    if refusal:
        place.error(escaped(str(refusal)), icon=":material/block:")


def say(refusal: object) -> None:
    """Say here why something is not done."""
    st.error(escaped(str(refusal)), icon=":material/block:")


def live(draw: Callable[[], None], *, every: float | None = None, key: str | None = None) -> None:
    """Draw a part that refreshes itself, or is drawn again by its key.

    A caller who lost the permission for it gets the whole page again.
    """

    def part() -> None:
        try:
            draw()
        except REFUSALS as refusal:
            if not draws_a_part():
                raise
            refuse(refusal)
            st.rerun()

    st.fragment(part, run_every=every, key=key)()


def draws_a_part() -> bool:
    """Return whether only a fragment or a dialog is being drawn."""
    context = get_script_run_ctx()
    return context is not None and bool(context.fragment_ids_this_run)
