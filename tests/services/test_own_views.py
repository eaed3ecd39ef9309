"""Saved views: own ones only, in bounds, and for people who may view something."""

import pytest

from mxlib.auth.permissions import Caller, Forbidden, Permission
from mxlib.core.mailbox_filter import MailboxFilter, MailboxState
from mxlib.core.saved_views import MAX_VIEWS, InvalidView
from tests.support.app import App
from tests.support.audit_entries import audit_entries

KIM, JO = (Caller(name, domains={"a.nl": frozenset({Permission.VIEW})}) for name in ("kim", "jo"))
FULL = MailboxFilter(states=(MailboxState.OVER_QUOTA,))


def names(app: App, caller: Caller) -> list[str]:
    return [view.name for view in app.services.saved_views.list_own(caller)]


def test_a_person_has_views_of_their_own_by_name(app: App) -> None:
    views = app.services.saved_views
    views.save(KIM, "Full", FULL)
    views.save(KIM, "clients", MailboxFilter(clients=(1,)))
    views.save(JO, "Full", MailboxFilter(text="jo"))
    assert (names(app, KIM), names(app, JO)) == (["clients", "Full"], ["Full"])
    assert views.list_own(KIM)[1].filter == FULL


def test_a_view_of_the_same_name_is_replaced_whatever_its_case(app: App) -> None:
    views = app.services.saved_views
    views.save(KIM, "Full", MailboxFilter())
    views.save(KIM, "FULL", FULL)
    assert [(view.name, view.filter) for view in views.list_own(KIM)] == [("FULL", FULL)]


def test_a_view_is_renamed_but_not_over_another_one(app: App) -> None:
    views = app.services.saved_views
    views.save(KIM, "Full", FULL)
    views.save(KIM, "Others", MailboxFilter())
    views.rename(KIM, "full", "FULL ones")
    assert names(app, KIM) == ["FULL ones", "Others"]
    with pytest.raises(InvalidView, match="a view Others already"):
        views.rename(KIM, "FULL ones", "others")
    with pytest.raises(InvalidView, match="no view Gone"):
        views.rename(KIM, "Gone", "Here")


def test_only_the_own_view_is_deleted(app: App) -> None:
    views = app.services.saved_views
    views.save(KIM, "Full", FULL)
    views.save(JO, "Full", FULL)
    views.delete(KIM, "full")
    assert (names(app, KIM), names(app, JO)) == ([], ["Full"])
    with pytest.raises(InvalidView, match="no view full"):
        views.delete(KIM, "full")


def test_only_the_own_view_is_renamed(app: App) -> None:
    views = app.services.saved_views
    views.save(KIM, "Full", FULL)
    views.save(JO, "Full", FULL)
    views.rename(KIM, "Full", "Mine")
    assert (names(app, KIM), names(app, JO)) == (["Mine"], ["Full"])


def test_one_view_too_many_is_refused_and_a_replaced_one_is_not(app: App) -> None:
    views = app.services.saved_views
    for number in range(MAX_VIEWS):
        views.save(KIM, f"view {number}", FULL)
    views.save(KIM, "view 3", MailboxFilter())
    with pytest.raises(InvalidView, match="Delete one first"):
        views.save(KIM, "one more", FULL)


def test_who_may_view_nothing_keeps_no_view(app: App) -> None:
    views, nobody = app.services.saved_views, Caller("lee")
    for act in (
        lambda: views.save(nobody, "x", FULL),
        lambda: views.rename(nobody, "x", "y"),
        lambda: views.delete(nobody, "x"),
    ):
        with pytest.raises(Forbidden, match="permission to view"):
            act()


def test_views_leave_no_trace_in_the_audit_log(app: App) -> None:
    app.services.saved_views.save(KIM, "Full", FULL)
    app.services.saved_views.delete(KIM, "Full")
    with app.services.store.read() as tx:
        assert not [entry for entry in audit_entries(tx) if entry["who"] == "kim"]
