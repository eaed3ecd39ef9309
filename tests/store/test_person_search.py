"""A person is found by the whole address or name, and never by a part of another one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxlib.auth.permissions import LOCAL
from mxlib.clock import SystemClock
from mxlib.core.vocabulary import ERASED, AuditAction
from mxlib.store import FILE, Store, audit, person_erasure
from mxlib.store.person_search import is_named, is_who, is_within, without
from tests.support.audit_entries import audit_entries


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / FILE, SystemClock())
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "text",
    [
        "an@a.nl", "An@A.nl", "<an@a.nl>", "to an@a.nl.", "(address an@a.nl)", "an@a.nl, tess@a.nl", '"an@a.nl"',
        "jan@a.nl and an@a.nl", "an@a.nl's mailbox", "3 rows of an@a.nl.csv", "mailto:an@a.nl", "an@a.nl: view",
    ],
)  # fmt: skip
def test_an_address_is_named(text: str) -> None:
    assert is_named(text, "an@a.nl")


@pytest.mark.parametrize(
    "text",
    [
        "", "jan@a.nl", "j.an@a.nl", "j-an@a.nl", "j_an@a.nl", "j+an@a.nl", "än@a.nl", "an@a.nl.example", "an@a.nlx",
        "an@a.nl-b.example", "an@a", "an at a.nl",
    ],
)  # fmt: skip
def test_another_address_is_not_taken_for_it(text: str) -> None:
    assert not is_named(text, "an@a.nl")


@pytest.mark.parametrize("text", ["kim", "Kim pressed Pause. Resume to go on.", "by kim", "kim's draft", "kimberly"])
def test_a_user_without_an_address_is_named_in_no_text(text: str) -> None:
    """Such a name may be an ordinary word, as `admin` is; fields for users are compared as a whole."""
    assert not is_named(text, "kim")


@pytest.mark.parametrize(("who", "same"), [("kim", True), ("Kim", True), ("kimberly", False), ("kim@a.nl", False)])
def test_who_acted_is_compared_as_a_whole(who: str, same: bool) -> None:
    assert is_who(who, "kim") is same


@given(before=st.text(max_size=6), after=st.text(max_size=6))
def test_an_address_is_found_in_any_text(before: str, after: str) -> None:
    assert is_named(f"{before} an@a.nl {after}", "an@a.nl")


def test_values_of_json_are_searched_and_replaced_one_by_one() -> None:
    value = {"to": ["an@a.nl", "jan@a.nl"], "n": 3, "deep": {"x": "line\nan@a.nl"}, "none": None}
    assert is_within(value, "an@a.nl")
    left = without(value, "an@a.nl", ERASED)
    assert left == {"to": [ERASED, "jan@a.nl"], "n": 3, "deep": {"x": ERASED}, "none": None}
    assert not is_within(left, "an@a.nl")


@pytest.mark.parametrize(("address", "other"), [("an@a.nl", "jan@a.nl"), ("kim", "kimberly")])
def test_entries_about_others_stay(store: Store, address: str, other: str) -> None:
    with store.write() as tx:
        for on in (address, other):
            detail = {"name": f"of {on}"}
            audit.record(tx, audit.Actor("boss"), AuditAction.AUDIT_DOWNLOAD, at=1.0, outcome=f"({on})", detail=detail)
            audit.record(tx, audit.Actor(on), AuditAction.EXPORT, at=1.0, on="a.nl", outcome="2 mailboxes")
    done = person_erasure.erase(store, address, LOCAL)
    with store.read() as tx:
        theirs = audit_entries(tx)[1:]
    # A name that is no address is erased where it acted; an address also in the texts of others.
    named = "@" in address
    assert done.entries == 1 + named
    assert [(e["who"], e["outcome"], e["detail"]) for e in theirs] == [
        (other, "2 mailboxes", None), ("boss", f"({other})", {"name": f"of {other}"}),
        (ERASED, "2 mailboxes", None),
        ("boss", ERASED, None) if named else ("boss", f"({address})", {"name": f"of {address}"}),
    ]  # fmt: skip
