"""The menu of saved views of Email accounts, and its dialogs."""

import streamlit as st

from mxlib import services
from mxlib.core.mailbox_filter import MailboxFilter
from mxlib.core.saved_views import MAX_NAME_LENGTH, SavedView, key_of
from mxlib.core.text import saved_views as texts
from mxlib.ui.app import layout
from mxlib.ui.widgets import dialogs, flash
from mxlib.ui.widgets.format import escaped

_SAVE, _EDIT, _ALL, _VIEW = "save", "edit", "all", "view-"


def offer(chosen: MailboxFilter) -> None:
    """Show the menu of the caller's views; `chosen` is the filter that it saves."""
    own = services.current().saved_views.list_own(layout.caller())
    shown = next((view.name for view in own if view.filter == chosen), "")
    labels = {
        _ALL: texts.ALL,
        **{f"{_VIEW}{view.key}": escaped(view.name) for view in own},
        _SAVE: f":material/bookmark_add: {texts.SAVE}",
        **({_EDIT: f":material/edit: {texts.EDIT}"} if own else {}),
    }
    pressed = st.menu_button(
        escaped(texts.menu(shown)),
        list(labels),
        key="saved-views",
        icon=":material/bookmark:",
        type="tertiary",
        format_func=lambda name: labels.get(name, name),
    )
    if pressed == _SAVE:
        _forget()
        _save(chosen, shown)
    elif pressed == _EDIT:
        _forget()
        _edit(shown)
    elif pressed == _ALL:
        layout.navigate("email_accounts")
    elif pressed:
        view = next((view for view in own if f"{_VIEW}{view.key}" == pressed), None)
        layout.navigate("email_accounts", **(view.filter.parameters() if view else {}))


def _forget() -> None:
    for key in ("view-name", "view-chosen", "view-new-name"):
        st.session_state.pop(key, None)


def _described(chosen: MailboxFilter) -> str:
    clients = services.current().clients.list_all(layout.caller())
    return texts.described(chosen, [each.details.name for each in clients if each.id in chosen.clients])


@dialogs.dialog("Save this view", icon=":material/bookmark_add:", forget=_forget)
def _save(chosen: MailboxFilter, shown: str) -> None:
    service = services.current().saved_views
    st.markdown(escaped(_described(chosen)))
    name = st.text_input("Name", shown, key="view-name", max_chars=MAX_NAME_LENGTH, live=True)
    taken = {view.key for view in service.list_own(layout.caller())}
    replaces = key_of(" ".join(name.split())) in taken
    st.caption(texts.OWN)
    if st.button("Replace" if replaces else "Save", type="primary", key="view-save"):
        view = service.save(layout.caller(), name, chosen)
        flash.set_next(texts.saved(view.name, replaced=replaces))
        dialogs.leave()


@dialogs.dialog("Rename or delete a view", icon=":material/bookmark:", forget=_forget)
def _edit(shown: str) -> None:
    service = services.current().saved_views
    own: dict[str, SavedView] = {view.name: view for view in service.list_own(layout.caller())}
    if not own:
        st.info("You have no saved view.", icon=":material/bookmark:")
        return
    names = list(own)
    name = st.selectbox("View", names, names.index(shown) if shown in own else 0, key="view-chosen")
    st.caption(escaped(_described(own[name].filter)))
    new = st.text_input("New name", name, key=f"view-new-name-{own[name].key}", max_chars=MAX_NAME_LENGTH)
    with st.container(horizontal=True):
        if st.button("Rename", type="primary", key="view-rename"):
            service.rename(layout.caller(), name, new)
            _forget()
            dialogs.leave()
        if st.button("Delete", icon=":material/delete:", key="view-delete"):
            service.delete(layout.caller(), name)
            _forget()
            dialogs.leave()
