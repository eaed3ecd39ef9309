"""Permissions by domain: chosen on a page, and described in a few words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import streamlit as st

from mxlib.auth.permissions import EVERY_DOMAIN, Permission, with_included
from mxlib.auth.roles import place
from mxlib.core.format import listed
from mxlib.services.access import Grants, grants
from mxlib.ui.widgets.actions import act
from mxlib.ui.widgets.format import escaped

ADMIN = "Admin: everything in every domain, and this page"
_MEANINGS = (
    "View: see mailboxes, storage and the audit log. Support: reset passwords, lock, change quota, name and recovery "
    "email; it includes View. Import: create and change mailboxes; it includes View, and allows what Support does. "
    "Export, with View: take lists away. Delete: delete mailboxes."
)
_ROW, _MOST_ROWS = 33, 8
#: Domains that are named before the rest is counted.
_NAMED = 3


@dataclass
class Asked:
    """Permissions that are being chosen: what is ticked so far, and the domains in the order in which they stand."""

    given: dict[str, set[Permission]]
    shown: list[str] = field(default_factory=list)
    generation: int = 0


def begin(key: str, given: Mapping[str, Iterable[str]] | None = None, *, admin: bool = False) -> None:
    """Start choosing again, from the permissions that are granted now."""
    asked = Asked({domain: set(rights) for domain, rights in grants(given or {}).items()})
    st.session_state[key] = asked
    st.session_state[f"{key}-admin"] = admin
    st.session_state[f"{key}-every"] = sorted(asked.given.pop(EVERY_DOMAIN, ()))
    st.session_state[f"{key}-find"] = ""


def ask(key: str, places: Mapping[str, str], *, admin: str = ADMIN) -> tuple[bool, Grants]:
    """Draw the admin switch and the ticks; return the switch and the permissions by place.

    `places` are labels by key: those of clients and domains.
    """
    asked: Asked = st.session_state[key]
    if st.toggle(admin, key=f"{key}-admin"):
        return True, {}
    every = st.pills(
        "All domains, including new ones", list(Permission), selection_mode="multi", key=f"{key}-every",
        format_func=_label, help=_MEANINGS, on_change=act(_include, f"{key}-every"),
    )  # fmt: skip
    columns = [right for right in Permission if right not in every]
    if columns and places:
        _single_places(key, asked, places, columns)
    return False, grants({EVERY_DOMAIN: every, **asked.given})


def _include(key: str) -> None:
    st.session_state[key] = sorted(with_included(st.session_state[key]))


def _single_places(key: str, asked: Asked, places: Mapping[str, str], columns: Sequence[Permission]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        query = st.text_input(
            "For clients and in single domains", key=f"{key}-find", placeholder="Find a client or domain",
            icon=":material/search:", live=True,
            width="stretch",
        )  # fmt: skip
        shown = [each for each, label in places.items() if query.strip().lower() in label.lower()]
        for right in columns:
            every = _all_have(asked, shown, right)
            st.button(
                f"{_label(right)}: {'none' if every else 'all'}", key=f"{key}-all-{right}", disabled=not shown,
                on_click=act(_tick_all, asked, shown, right),
                help=f"{'Untick' if every else 'Tick'} {_label(right)} for all {len(shown):,} in view.",
            )  # fmt: skip
    if shown != asked.shown:
        asked.shown, asked.generation = shown, asked.generation + 1
    if not shown:
        st.caption(f"No client or domain holds '{escaped(query.strip())}'.")
        return
    grid = f"{key}-grid-{asked.generation}-{'-'.join(columns)}"
    st.data_editor(
        pd.DataFrame(
            {"place": [places[each] for each in shown]} | {right.value: _ticked(asked, right) for right in columns}
        ),
        key=grid, hide_index=True, num_rows="fixed", disabled=["place"], on_change=act(_fold, asked, grid),
        height=min(len(shown), _MOST_ROWS) * _ROW + _ROW + 3, row_height=_ROW,
        column_config={"place": st.column_config.TextColumn("Where", pinned=True)}
        | {right.value: st.column_config.CheckboxColumn(_label(right), width=76) for right in columns},
    )  # fmt: skip
    st.caption(_MEANINGS)


def _ticked(asked: Asked, right: Permission) -> list[bool]:
    return [right in asked.given.get(name, ()) for name in asked.shown]


def _fold(asked: Asked, grid: str) -> None:
    if take_ticks(asked, st.session_state[grid]["edited_rows"]):
        asked.generation += 1  # the grid shows other ticks


def take_ticks(asked: Asked, edits: Mapping[Any, Mapping[str, object]]) -> bool:
    """Apply the edits of the grid, by row.

    Returns whether they give more than is ticked: View is included with Import.

    The grid still has the edits, which does no harm: applying a tick twice changes nothing.
    """
    more = False
    for row, changes in edits.items():
        rights = asked.given.setdefault(asked.shown[int(row)], set())
        for right in Permission:
            if right.value in changes:
                (rights.add if changes[right.value] else rights.discard)(right)
        included = with_included(rights) - rights
        rights |= included
        more = more or bool(included)
    return more


def _tick_all(asked: Asked, shown: Sequence[str], right: Permission) -> None:
    """Give every domain in view the permission; when all have it, take it from all."""
    all_have_it = _all_have(asked, shown, right)
    for name in shown:
        rights = asked.given.setdefault(name, set())
        (rights.discard if all_have_it else rights.add)(right)
        rights |= with_included(rights)
    asked.generation += 1


def _all_have(asked: Asked, shown: Sequence[str], right: Permission) -> bool:
    return bool(shown) and all(right in asked.given.get(name, ()) for name in shown)


def explain(admin: bool, given: Mapping[str, Iterable[str]], clients: Mapping[int, str] | None = None) -> None:
    """Describe the permissions in a sentence, and list them where the sentence only counts."""
    sentence = describe(admin, given, clients)
    st.markdown(f"{escaped(sentence)}.")
    if admin or len(given) <= _NAMED:
        return
    with st.expander(f"All {len(given):,}"):
        rights = sorted(grants(given).items())
        st.dataframe(
            {"Where": [place(name, clients) for name, _ in rights],
             "May": [", ".join(right for right in Permission if right in may).capitalize() for _, may in rights]},
            hide_index=True, height=min(len(rights), _MOST_ROWS) * _ROW + _ROW + 3, row_height=_ROW,
            alt="Permissions by client and domain",
        )  # fmt: skip


def describe(admin: bool, given: Mapping[str, Iterable[str]], clients: Mapping[int, str] | None = None) -> str:
    """Describe the permissions; places with the same ones are named together.

    `clients` are names by number.
    """
    if admin:
        return "Admin: everything"
    alike: dict[tuple[Permission, ...], list[str]] = {}
    for domain, rights in grants(given).items():
        kind = tuple(right for right in Permission if right in rights)
        alike.setdefault(kind, []).append(place(domain, clients))
    text = "; ".join(
        f"{', '.join(kind)} in {listed(sorted(names), most=_NAMED, noun='more')}" for kind, names in alike.items()
    )
    return text[:1].upper() + text[1:] or "Nothing yet"


def _label(right: Permission) -> str:
    return right.value.capitalize()
