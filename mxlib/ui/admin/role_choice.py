"""The roles of a person: chosen for every domain, for clients and for single domains; *Other* opens the ticks."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

import pandas as pd
import streamlit as st

from mxlib.auth import roles
from mxlib.auth.permissions import EVERY_DOMAIN, Permission
from mxlib.auth.roles import PERMISSIONS, Role
from mxlib.services.access import Grants, UserRecord, grants
from mxlib.ui.admin import permissions
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

_NOTHING, _OTHER = "No access", "Other"
_LABELS = {role.capitalize(): role for role in Role}
_MEANINGS = (
    "Viewer: see mailboxes and the audit log. Helpdesk: also reset passwords, lock, change names, recovery emails, and "
    "quotas up to the client's largest quota. Manager: also create, import, export and delete. Client admin: a manager "
    "who belongs to the client, and sees neither account storage, nor runs of others, nor notes. Other: single "
    "permissions, with which a client admin still belongs to the client."
)
_CLIENTS_ONLY = "A client admin belongs to a client: choose it for a client or for single domains."
_ROW, _MOST_ROWS = 33, 8
#: Places that are named before the rest is counted.
_NAMED = 3


@dataclass
class Choice:
    """Roles that are being chosen, with their keys in the order shown."""

    given: dict[str, set[Permission]]
    client_admin: set[str]
    other: set[str] = field(default_factory=set)
    shown: list[str] = field(default_factory=list)
    generation: int = 0
    note: str = ""

    def role(self, key: str) -> str:
        """Return the label of the role that is chosen there."""
        if key in self.other:
            return _OTHER
        rights = self.given.get(key)
        if not rights:
            return _NOTHING
        role = roles.role_of(key, rights, self.client_admin)
        return role.capitalize() if role else _OTHER

    def choose(self, key: str, label: str | None) -> bool:
        """Choose a role there; return whether it can be given."""
        role = _LABELS.get(label or "")
        if role is not None and not roles.can_be_given(role, key):
            return False
        (self.other.add if label == _OTHER else self.other.discard)(key)
        if label != _OTHER:  # single permissions do not make a client admin a person of the agency
            (self.client_admin.add if role is Role.CLIENT_ADMIN else self.client_admin.discard)(key)
            self.given[key] = set(PERMISSIONS[role]) if role else set()
        return True


@dataclass(frozen=True, slots=True)
class Chosen:
    """The choice: an admin, or permissions by key, and the keys of a client admin."""

    admin: bool
    given: Grants
    client_admin: frozenset[str] = frozenset()

    def rights(self) -> "Rights":
        """Return the choice as arguments of the service."""
        return Rights(admin=self.admin, given=self.given, client_admin=self.client_admin)


class Rights(TypedDict):
    """Named arguments of the service."""

    admin: bool
    given: Grants
    client_admin: frozenset[str]


def begin(
    key: str, given: Mapping[str, Iterable[str]] | None = None, client_admin: Collection[str] = (), *,
    admin: bool = False,
) -> None:  # fmt: skip
    """Start choosing again, from the permissions that are granted now."""
    held = {place: set(rights) for place, rights in grants(given or {}).items()}
    st.session_state[key] = Choice(held, set(client_admin))
    st.session_state[f"{key}-admin"] = admin
    st.session_state[f"{key}-find"] = ""


def ask(key: str, places: Mapping[str, str]) -> Chosen:
    """Draw the admin switch and the roles; `places` are labels by key."""
    choice: Choice = st.session_state[key]
    if st.toggle(permissions.ADMIN, key=f"{key}-admin"):
        return Chosen(True, {})
    _grid(key, choice, places)
    if ticked := [place for place in places if choice.role(place) == _OTHER]:
        _ticks(key, choice, ticked, places)
    st.caption(_MEANINGS)
    given = grants(choice.given)
    return Chosen(False, given, frozenset(choice.client_admin & given.keys()))


def _grid(key: str, choice: Choice, places: Mapping[str, str]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        query = st.text_input(
            "Role in every domain, for clients and in single domains", key=f"{key}-find",
            placeholder="Find a client or domain", icon=":material/search:", live=True, width="stretch",
        )  # fmt: skip
        shown = [place for place, label in places.items() if query.strip().lower() in label.lower()]
        for role in (Role.VIEWER, Role.HELPDESK, Role.MANAGER):
            st.button(
                f"{role.capitalize()}: all", key=f"{key}-all-{role}", disabled=not query.strip() or not shown,
                on_click=act(_choose_all, choice, shown, role),
                help=f"Make them {role} in everything that the search shows." if query.strip() else "Search first.",
            )  # fmt: skip
    if shown != choice.shown:
        choice.shown, choice.generation = shown, choice.generation + 1
    if not shown:
        st.caption(f"No client or domain holds '{escaped(query.strip())}'.")
        return
    grid = f"{key}-roles-{choice.generation}"
    st.data_editor(
        pd.DataFrame({"place": [places[each] for each in shown], "role": [choice.role(each) for each in shown]}),
        key=grid, hide_index=True, num_rows="fixed", disabled=["place"], on_change=act(_fold, choice, grid),
        height=min(len(shown), _MOST_ROWS) * _ROW + _ROW + 3, row_height=_ROW,
        column_config={
            "place": st.column_config.TextColumn("Where", pinned=True),
            "role": st.column_config.SelectboxColumn("Role", options=[_NOTHING, *_LABELS, _OTHER], required=True),
        },
    )  # fmt: skip
    if choice.note:
        st.warning(escaped(choice.note), icon=":material/info:")


def _ticks(key: str, choice: Choice, ticked: list[str], places: Mapping[str, str]) -> None:
    asked = permissions.Asked(choice.given, ticked)
    grid = f"{key}-ticks-{choice.generation}-{len(ticked)}-{hash(tuple(ticked))}"
    st.data_editor(
        pd.DataFrame(
            {"place": [places[each] for each in ticked]}
            | {right.value: [right in choice.given.get(each, ()) for each in ticked] for right in Permission}
        ),
        key=grid, hide_index=True, num_rows="fixed", disabled=["place"], on_change=act(_tick, choice, asked, grid),
        height=min(len(ticked), _MOST_ROWS) * _ROW + _ROW + 3, row_height=_ROW,
        column_config={"place": st.column_config.TextColumn("Other: single permissions", pinned=True)}
        | {right.value: st.column_config.CheckboxColumn(right.capitalize(), width=76) for right in Permission},
    )  # fmt: skip


def _tick(choice: Choice, asked: permissions.Asked, grid: str) -> None:
    choice.other |= set(asked.shown)
    if permissions.take_ticks(asked, st.session_state[grid]["edited_rows"]):
        choice.generation += 1  # the grid shows other ticks


def _fold(choice: Choice, grid: str) -> None:
    take_roles(choice, st.session_state[grid]["edited_rows"])


def take_roles(choice: Choice, edits: Mapping[Any, Mapping[str, Any]]) -> None:
    """Apply the edits of the grid, by row, except roles that cannot be given there."""
    choice.note = ""
    for row, changes in edits.items():
        if "role" in changes and not choice.choose(choice.shown[int(row)], changes["role"]):
            choice.note, choice.generation = _CLIENTS_ONLY, choice.generation + 1


def _choose_all(choice: Choice, shown: list[str], role: Role) -> None:
    for place in shown:
        if place != EVERY_DOMAIN:
            choice.choose(place, role.capitalize())
    choice.generation += 1


def describe(user: UserRecord, clients: Mapping[int, str]) -> str:
    """Describe what a user may do; places with the same role are named together."""
    return roles.describe(user.admin, user.permissions, user.client_admin, clients, most=_NAMED)


def explain(user: UserRecord, clients: Mapping[int, str]) -> None:
    """Describe what a user may do; list it where the sentence only counts."""
    st.markdown(f"{escaped(describe(user, clients))}.")
    if user.admin or len(user.permissions) <= _NAMED:
        return
    with st.expander(f"All {len(user.permissions):,}"):
        held = grants(user.permissions)
        choice = Choice({key: set(rights) for key, rights in held.items()}, set(user.client_admin))
        order = sorted(held)
        st.dataframe(
            {"Where": [roles.place(key, clients) for key in order], "Role": [choice.role(key) for key in order],
             "May": [", ".join(right for right in Permission if right in held[key]).capitalize() for key in order]},
            hide_index=True, height=min(len(order), _MOST_ROWS) * _ROW + _ROW + 3, row_height=_ROW,
            alt="Roles by client and domain",
        )  # fmt: skip
